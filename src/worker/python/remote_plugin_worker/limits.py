"""How much a worker and all that it starts may take: memory, and processes.

A control group holds all of them together, where this user may make one. The limits of the system's hold each process for itself,
and let Python raise a MemoryError before the kernel has to end somebody. There are both where both are possible.
"""

from __future__ import annotations

import os
import sys

from .control_group import ControlGroup, make_group
from .errors import CannotBind
from .start_line import Start

# The worker's own, in addition to what the plugin may take: its interpreter with the stacks of its threads, and these but for the lanes.
OWN_BYTES = 64 * 1024 * 1024
OWN_TASKS = 3

NOT_FOR_ROOT = "the system limits the processes of all users but root, and no control group can be made"


class Limits:
    """The limits of one worker."""

    def __init__(self, start: Start) -> None:
        if sys.platform != "linux":
            raise CannotBind(f"the system {sys.platform} has no limits for memory and processes that this worker knows")
        self._memory = start.max_memory and start.max_memory + OWN_BYTES
        self._tasks = start.max_processes and start.max_processes + OWN_TASKS + start.max_concurrency
        made = (make_group(kind, limit, os.getpid()) for kind, limit in (("memory", self._memory), ("pids", self._tasks)) if limit)
        self.groups: list[ControlGroup] = [group for group in made if group is not None]
        if self._tasks and os.geteuid() == 0 and not any(group.kind == "pids" for group in self.groups):
            self.remove()
            raise CannotBind(NOT_FOR_ROOT)

    def put_in_force(self) -> None:
        """For the worker, before it runs any code of the plugin's."""
        import resource

        try:
            for group in self.groups:
                group.enter(os.getpid())
            if self._memory:
                lower(0, resource.RLIMIT_DATA, self._memory)
            if self._tasks and not any(group.kind == "pids" for group in self.groups):
                lower_tasks(0, self._tasks)
        except (OSError, ValueError) as error:
            raise CannotBind(f"the system refused the limits: {error}") from error

    def remove(self) -> None:
        """For the supervisor, when nobody is left who is held."""
        for group in self.groups:
            group.remove()


def lower(pid: int, kind: int, limit: int) -> None:
    """Sets a limit of a process, this one as 0, that nobody raises again; a lower one stays."""
    import resource

    hard = resource.prlimit(pid, kind)[1]
    limit = limit if hard == resource.RLIM_INFINITY else min(hard, limit)
    resource.prlimit(pid, kind, (limit, limit))


def lower_tasks(pid: int, more: int) -> None:
    """Lets a process and what it starts have so many processes and threads more than its user has now."""
    import resource

    if os.geteuid() == 0:
        raise OSError(NOT_FOR_ROOT)
    lower(pid, resource.RLIMIT_NPROC, more + _tasks_of_user())


def _tasks_of_user() -> int:
    """How many processes and threads this user has: the system's limit is for all of them together."""
    return sum(_tasks_of(name) for name in os.listdir("/proc") if name.isdigit())


def _tasks_of(pid: str) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task")) if os.stat(f"/proc/{pid}").st_uid == os.getuid() else 0
    except OSError:
        return 0  # it has ended
