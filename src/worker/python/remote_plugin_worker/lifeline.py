"""The worker's own end when its supervisor is gone."""

from __future__ import annotations

import os
import select

from .descriptors import DESCRIPTORS
from .fast import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

WATCH_S = 1.0  # what closes one descriptor of the worker's is noticed within this time, whatever else happens


def hold_lifeline(lifeline: int, watch: Optional[Watch]) -> None:
    """Ends this process, and on POSIX its group, when the other end of the lifeline closes."""
    try:
        if watch is not None:
            watch.wait()
        while os.read(lifeline, 65536):
            pass
    except OSError:
        pass
    if os.name == "posix":
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


class Watch:
    """Waits for the lifeline, and looks after the worker's descriptors meanwhile.

    Who waits for one end of a pipe is woken by the kernel in the moment in which the other end is closed. So a pipe of its
    own tells at once of a range that is closed, and a look a second tells of a single one, whatever runs for how long.
    """

    def __init__(self, lifeline: int) -> None:
        self._lifeline = lifeline
        self._tripwire, held = os.pipe()
        DESCRIPTORS.keep(lifeline, self._tripwire, held)

    def wait(self) -> None:
        """Comes back when the lifeline has something to tell."""
        files = [self._lifeline, self._tripwire]
        while True:
            try:
                ready = select.select(files, [], [], WATCH_S)[0]  # poll() needs a process that may open as many files
            except OSError:
                DESCRIPTORS.check()
                raise
            DESCRIPTORS.check()
            if self._lifeline in ready:
                return


def arm_lifeline(lifeline: int) -> None:
    """Has Linux itself kill the group when the supervisor is gone: the thread cannot while C code holds the GIL."""
    try:
        import fcntl

        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    except (ImportError, AttributeError, OSError):
        pass  # not Linux
