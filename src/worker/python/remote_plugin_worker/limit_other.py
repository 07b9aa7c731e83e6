"""Limits the memory and the processes of another process: of a Deno worker, which cannot do so itself.

No module imports this one. start.py runs it in the place of main when it is told to.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn

# V8 reserves room for the code of each of its threads, which counts as memory though most of it is never touched. There is one
# thread when this is asked, and a second one follows for the plugin.
THREADS = 2
# What the worker itself may take besides: the runtime's threads and what passes between host and plugin.
OWN_BYTES = 64 * 1024 * 1024
# The runtime's threads that follow: the plugin's, and those that wait for files. It does without more of these.
OWN_TASKS = 8


def main(find_others_by: Callable[[Callable[..., Any]], None]) -> NoReturn:
    """Sets the limits, or ends with what stood in the way of them. 0 stands for none."""
    pid, memory, tasks = (int(number) for number in sys.argv[2:5])
    try:
        if memory:
            _limit_memory(pid, memory)
        if tasks:
            _limit_tasks(pid, tasks)
    except (ImportError, OSError, ValueError, AttributeError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    sys.exit(0)


def _limit_memory(pid: int, most: int) -> None:
    import resource

    from .limits import lower

    lower(pid, resource.RLIMIT_DATA, THREADS * bytes_of(pid) + most + OWN_BYTES)


def _limit_tasks(pid: int, most: int) -> None:
    """A control group that is empty is removed when the next one is made, for nobody is there to see this one's end."""
    from .control_group import make_group
    from .limits import lower_tasks

    limit = len(os.listdir(f"/proc/{pid}/task")) + most + OWN_TASKS
    group = make_group("pids", limit, pid)
    if group is None:
        lower_tasks(pid, most + OWN_TASKS)
    else:
        group.enter(pid)


def bytes_of(pid: int) -> int:
    """What counts against the limit, as it is now."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        line = next(line for line in status if line.startswith("VmData:"))
    return int(line.split()[1]) * 1024
