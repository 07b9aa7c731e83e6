"""Ends for want of memory."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Sequence


class MemoryWatch:
    """Tells whether the system has killed a process for want of memory since this began, where Linux counts that.

    The control group of this process counts its own, or one that was made for its worker; without one the whole system's count
    has to do.
    """

    def __init__(self, root: str = "", groups: Sequence[str] = ()) -> None:
        made = [f"{group}/memory.{name}" for group in groups for name in ("events", "oom_control")]
        self._counters = [path for path in made + self._candidates(root) if self._read(path) is not None][:1]
        self._before = self._total()

    def somebody_was_killed(self) -> bool:
        return self._total() > self._before

    def _total(self) -> int:
        return sum(self._read(path) or 0 for path in self._counters)

    @staticmethod
    def _candidates(root: str) -> list[str]:
        try:
            with open(root + "/proc/self/cgroup", encoding="utf-8") as groups:
                lines = [line.rstrip("\n").split(":", 2) for line in groups]
        except (OSError, ValueError):
            lines = []
        found = []
        for _, controllers, path in lines:
            for place in (path.rstrip("/"), ""):  # a container may see its own group as the root
                if controllers == "":
                    found.append(root + "/sys/fs/cgroup" + place + "/memory.events")
                elif "memory" in controllers.split(","):
                    found.append(root + "/sys/fs/cgroup/memory" + place + "/memory.oom_control")
        return found + [root + "/proc/vmstat"]

    @staticmethod
    def _read(path: str) -> Optional[int]:
        try:
            with open(path, encoding="utf-8") as counts:
                return next((int(line.split()[1]) for line in counts if line.startswith("oom_kill ")), None)
        except (OSError, ValueError, IndexError):
            return None
