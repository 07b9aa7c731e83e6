"""Limits the memory of another process: of a Deno worker, which cannot do so itself.

No module imports this one. start.py runs it in the place of main when it is told to.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn

# V8 reserves room for the code of each of its threads, which counts as memory though most of it is never touched. There is one
# thread when this is asked, and a second one follows for the plugin.
THREADS = 2
# What the worker itself may take besides: the runtime's threads and what passes between host and plugin.
OWN_BYTES = 64 * 1024 * 1024


def main(find_others_by: Callable[[Callable[..., Any]], None]) -> NoReturn:
    """Sets the limit, or ends with what stood in the way of it."""
    pid, most = int(sys.argv[2]), int(sys.argv[3])
    try:
        import resource

        limit = THREADS * bytes_of(pid) + most + OWN_BYTES
        hard = resource.prlimit(pid, resource.RLIMIT_DATA)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(hard, limit)
        resource.prlimit(pid, resource.RLIMIT_DATA, (limit, limit))
    except (ImportError, OSError, ValueError, AttributeError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    sys.exit(0)


def bytes_of(pid: int) -> int:
    """What counts against the limit, as it is now."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        line = next(line for line in status if line.startswith("VmData:"))
    return int(line.split()[1]) * 1024
