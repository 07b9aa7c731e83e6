"""Control groups of Linux, of the first version and of the second: for what a worker and all that it starts take together."""

from __future__ import annotations

import os

from .scratch import attempt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Optional

ROOT = "/sys/fs/cgroup"
NAME = "remote-plugin-{}"
# Where a limit is written, and what has to be written besides: memory is no limit while it can be moved to the disk.
FILES = {"memory": ("memory.max", "memory.limit_in_bytes"), "pids": ("pids.max",)}
FILES_OF_SWAP = {"memory.swap.max": 0, "memory.memsw.limit_in_bytes": None}


class ControlGroup:
    """One group, of one kind of limit."""

    def __init__(self, kind: str, path: str) -> None:
        self.kind = kind
        self.path = path

    def limit(self, limit: int) -> bool:
        """Sets its limit. A group that has no place for one is none of this kind."""
        place = next((name for name in FILES[self.kind] if os.path.exists(os.path.join(self.path, name))), "")
        if not place:
            return False
        self._write(place, limit)
        for name, value in FILES_OF_SWAP.items() if self.kind == "memory" else ():
            if os.path.exists(os.path.join(self.path, name)):
                self._write(name, limit if value is None else value)
        return True

    def enter(self, pid: int) -> None:
        """Moves a process into the group, with all its threads. What it starts from now on is there from its beginning."""
        self._write("cgroup.procs", pid)

    def remove(self) -> None:
        """Removes the group, when it is empty."""
        attempt(os.rmdir, self.path)

    def _write(self, name: str, value: int) -> None:
        with open(os.path.join(self.path, name), "w", encoding="ascii") as file:
            file.write(str(value))


def make_group(kind: str, limit: int, of: int) -> Optional[ControlGroup]:
    """Makes a group for a process, below that of this one or beside it; None where this user may not."""
    for folder in _folders(kind):
        _remove_left(folder)
        group = ControlGroup(kind, os.path.join(folder, NAME.format(of)))
        is_new = not os.path.exists(group.path)  # in the second version one group is for all kinds of limits
        try:
            os.makedirs(group.path, exist_ok=True)
            if group.limit(limit):
                return group
        except OSError:
            pass
        if is_new:
            group.remove()
    return None


def _folders(kind: str) -> Iterator[str]:
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as groups:
            lines = [line.rstrip("\n").split(":", 2) for line in groups]
    except (OSError, ValueError):
        return
    for _, controllers, path in lines:
        if controllers == "" or kind in controllers.split(","):
            top = ROOT + ("/" + kind if controllers else "")
            own = top + path.rstrip("/")
            own = own if os.path.isdir(own) else top  # a container may see its own group as the root
            yield own
            yield os.path.dirname(own)  # a group of the second version that has processes has no groups with limits below it


def _remove_left(folder: str) -> None:
    """Removes groups of processes that are gone. One that has processes cannot be removed."""
    prefix = NAME.format("")
    try:
        left = [name for name in os.listdir(folder) if name.startswith(prefix) and not os.path.exists("/proc/" + name[len(prefix) :])]
    except OSError:
        return
    for name in left:
        attempt(os.rmdir, os.path.join(folder, name))
