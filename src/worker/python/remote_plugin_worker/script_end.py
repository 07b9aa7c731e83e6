"""The end of a forked child, as Python ends a script."""

from __future__ import annotations

import atexit
import os
import sys
import threading

from .tracebacks import plugins_part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn, Optional


def end_as_script(error: Optional[BaseException] = None) -> NoReturn:
    """Ends a forked child as Python ends a script, which can only be done by hand: below are the frames of its parent."""
    code = 1
    try:
        code = _exit_code(error)
    finally:
        for end in (threading._shutdown, atexit._run_exitfuncs, flush_of(sys.stdout), flush_of(sys.stderr)):  # type: ignore[attr-defined]
            try:
                end()
            except BaseException:
                pass  # what can be told has been, by whom it concerns
        os._exit(code)


def _exit_code(error: Optional[BaseException]) -> int:
    """Says what is to be said of an exception that nobody has caught; gives the exit code."""
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xFF
        print(error.code, file=sys.stderr)
        return 1
    if error is None or isinstance(error, StopIteration):  # by which a coroutine returns
        return 0
    sys.excepthook(type(error), error.with_traceback(plugins_part(error)), error.__traceback__)
    return 1


def flush_of(stream: Any) -> Callable[[], None]:
    return getattr(stream, "flush", lambda: None)
