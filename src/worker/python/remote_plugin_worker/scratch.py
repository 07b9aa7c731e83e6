"""The folders for files that the host shares with this worker: section 7 of docs/protocol.md."""

from __future__ import annotations

import os
import stat

from .constants import KNOWS_USERS
from .errors import ScratchFull
from .fast import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

SPARE_BYTES = 1024 * 1024  # from here on writing into a file's old pages is worth asking for one
SPARE_INPUTS, SPARE_RESULTS = "spare-in", "spare-out"


class Scratch:
    """The folders for files that the host shares with this worker."""

    def __init__(self, disk: str, memory: str, quota: int) -> None:
        self.disk = disk
        self.memory = memory
        self._quota = quota

    def roots(self) -> list[str]:
        """The folders, the preferred one first."""
        return [root for root in (self.memory, self.disk) if root]

    def holds(self, path: str) -> bool:
        """Whether a path lies in one of the folders, as it is written."""
        return os.path.normpath(path) == path and any(path.startswith(root + os.sep) for root in self.roots())

    def reserve(self, size: int) -> str:
        """Gives the folder for a file of this size: memory, when the file fits into half of what is free there."""
        if self._quota and self._used() + size > self._quota:
            self._drop_spares()
            used = self._used()
            if used + size > self._quota:
                raise ScratchFull(f"{size} bytes do not fit into the scratch quota of {self._quota}, of which {used} are in use")
        return self.memory if self.memory and size <= _free_bytes(self.memory) // 2 else self.disk

    def room(self) -> float:
        """How many bytes more there may be."""
        return self._quota - self._used() if self._quota else float("inf")

    def take_spare(self, size: int, path: str) -> bool:
        """Moves a file that the host has laid aside to a path beside it, if one is near that size and surely nobody's any more."""
        if not KNOWS_USERS or size < SPARE_BYTES:
            return False
        spares = _sizes_in(os.path.join(os.path.dirname(os.path.dirname(path)), SPARE_RESULTS))
        for spare_size, spare in sorted(spares, key=lambda found: abs(found[0] - size)):
            if spare_size > 2 * size:
                continue
            try:
                os.rename(spare, path)  # so that it is nobody else's, and cannot be opened by its old name
            except FileNotFoundError:
                continue
            if not is_in_use(path):
                return True
            attempt(os.unlink, path)  # whoever has it keeps it
        return False

    def _used(self) -> int:
        return sum(_folder_bytes(root) for root in self.roots())

    def _drop_spares(self) -> None:
        for root in self.roots():
            for _, spare in _sizes_in(os.path.join(root, SPARE_RESULTS)) + _sizes_in(os.path.join(root, SPARE_INPUTS)):
                attempt(os.unlink, spare)


def is_in_use(path: str) -> bool:
    """Whether anybody has a file open or mapped, or it has another name: the kernel gives no write lease on what others have open."""
    import fcntl

    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return True  # no plain file, or none at all
    try:
        facts = os.fstat(file)
        if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
            return True
        # Should somebody open it at this very moment, the signal that tells of it must be one that ends nobody.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False
    except OSError:
        return True
    finally:
        os.close(file)


def _sizes_in(folder: str) -> list[tuple[int, str]]:
    """The files of a folder that may be missing, and that others empty at any time."""
    found = []
    try:
        for entry in os.scandir(folder):
            found.append((entry.stat(follow_symlinks=False).st_size, entry.path))
    except FileNotFoundError:
        pass
    return found


def _free_bytes(folder: str) -> int:
    stats = os.statvfs(folder)
    return stats.f_bavail * stats.f_frsize


def _folder_bytes(folder: str) -> int:
    total = 0
    try:
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                total += _folder_bytes(entry.path)
            else:
                total += entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        pass  # the host has just removed it
    return total


def attempt(action: Callable[[str], None], path: str) -> None:
    try:
        action(path)
    except OSError:
        pass
