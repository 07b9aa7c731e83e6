"""Children that a plugin forks."""

from __future__ import annotations

import atexit
import os
import sys

from .descriptors import DESCRIPTORS
from .library import LIBRARY
from .script_end import end_as_script, flush_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, NoReturn, Optional, Sequence

NO_NAMES: dict[str, Any] = {}


class StandardStreams:
    """What a child needs to print: another thread may be printing at its fork, and would keep the streams' locks for ever."""

    def __init__(self) -> None:
        self._parents: list[Any] = []  # they must not end, for they would wait for their locks

    def flush(self) -> None:
        """For the parent right before a fork: what it has printed is not the child's to print again."""
        for stream in (sys.__stdout__, sys.__stderr__):
            try:
                flush_of(stream)()
            except Exception:
                pass  # the plugin has closed it

    def renew(self) -> None:
        """For a child right after its fork."""
        for number, name in ((1, "stdout"), (2, "stderr")):
            former = getattr(sys, f"__{name}__")
            if former is None or former.closed:
                continue
            try:
                fresh = open(number, "w", 1, former.encoding, former.errors, closefd=False)
            except OSError:
                continue  # the plugin has closed what was below
            self._parents.append(former)
            for place in (f"__{name}__", name):
                if getattr(sys, place) is former:
                    setattr(sys, place, fresh)


def prepare_for_forks() -> None:
    """From here on the children that a plugin forks are processes like those of a script."""
    DESCRIPTORS.watch_forks()
    streams = StandardStreams()
    os.register_at_fork(before=streams.flush, after_in_child=streams.renew)
    os.register_at_fork(after_in_child=LIBRARY.renew)
    # What the parent has registered for its end is its own: `multiprocessing`, say, ends the processes of its pools then.
    os.register_at_fork(after_in_child=atexit._clear)


def run_plugin_code(
    code: Callable[..., Any],
    args: Sequence[Any] = (),
    named: Mapping[str, Any] = NO_NAMES,
    in_child: Optional[Callable[[Any], None]] = None,
) -> Any:
    """Runs code of the plugin's. Only its own process comes back: a child that it forks goes on with `in_child`, and ends."""
    try:
        value = code(*args, **named)
    except BaseException as error:
        if DESCRIPTORS.is_forked:
            end_as_script(error)
        raise
    if not DESCRIPTORS.mark[0]:
        end_child(value, in_child)
    return value


def end_child(value: Any, in_child: Optional[Callable[[Any], None]]) -> NoReturn:
    """Ends a forked child whose plugin code has come back with a value."""
    error: Optional[BaseException] = None
    try:
        if in_child is not None:
            in_child(value)
    except BaseException as raised:
        error = raised
    end_as_script(error)
