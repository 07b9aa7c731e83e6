"""From the start line to the first call: sections 1 and 2 of docs/protocol.md."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading

from .constants import OLDEST_PYTHON, VERSION
from .error_bodies import describe
from .errors import BadStart, CannotBind
from .forks import prepare_for_forks
from .library import LIBRARY
from .lifeline import Watch, arm_lifeline, hold_lifeline
from .listening import listen
from .shelf import Shelf
from .start_line import Start, read_start_line, say, take_stdout
from .supervisor import fork_worker
from .worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, NoReturn

    from .bounds import Bounds
    from .foreign import ForeignWorker
    from .limits import Limits

    Body = Dict[str, Any]


def main(find_others_by: Callable[[Callable[..., Any]], None]) -> NoReturn:
    """Starts the worker; what stands in the way of that is said in the place of the hello line."""
    find_others_by(LIBRARY.import_module)
    hello = take_stdout()
    try:
        if sys.version_info < OLDEST_PYTHON:
            raise BadStart(f"This is Python {sys.version.split()[0]}; the worker needs 3.8 or later")
        start = Start(read_start_line())
        bounds = _bounds(start, hello) if start.bounds is not None else None
        foreign = _foreign_worker(start) if start.foreign else None
        limits = _limits(start) if start.max_memory or start.max_processes else None
        shelf = Shelf()
        if os.name == "posix":
            lifeline = fork_worker(hello, start, shelf, limits)
            if limits is not None:
                limits.put_in_force()
            if foreign is not None:
                arm_lifeline(lifeline)
                foreign.become(hello, lifeline)
        elif foreign is not None:
            raise BadStart("A worker of the plugin's own environment cannot be run on this system")
        else:
            lifeline = os.dup(0)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        faulthandler.enable()
        listener, address = listen(start.unix, start.tcp)
        told: Body = {"address": address, "pid": os.getpid(), "worker": "python/" + VERSION, "features": start.features}
        if bounds is not None:
            told.update(bounds.put_in_force())
    except (BadStart, OSError) as error:
        say(hello, {"error": describe(error, "", "bounds" if isinstance(error, CannotBind) else "bad_start")})
        sys.exit(1)
    say(hello, told)
    worker = Worker(start, shelf, listener)  # while the host connects
    if bounds is not None:
        worker.plugin.advise = bounds.watch()  # it binds nobody, so that the host need not wait for it
    watch = None
    if os.name == "posix":
        watch = Watch(lifeline)
        prepare_for_forks()
    threading.Thread(target=hold_lifeline, args=(lifeline, watch), name="lifeline", daemon=True).start()
    if os.name == "posix":
        arm_lifeline(lifeline)
    worker.run()


def _foreign_worker(start: Start) -> ForeignWorker:
    from .foreign import ForeignWorker

    return ForeignWorker(start)


def _bounds(start: Start, hello: int) -> Bounds:
    from .bounds import Bounds

    return Bounds(start, hello)


def _limits(start: Start) -> Limits:
    from .limits import Limits

    return Limits(start)
