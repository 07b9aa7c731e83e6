"""Batches: open calls of `execute` that one run of the plugin's `execute_batch` answers. Section 3 of docs/protocol.md."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import AsyncGenerator, Generator

from .batch import Batch
from .call import CURRENT_CALL, Call
from .descriptors import DESCRIPTORS
from .endpoints import ENDPOINTS
from .errors import BadResult
from .forks import NO_NAMES
from .gathering import Gathering
from .logs import log
from .open_calls import OpenCalls
from .plugin import Plugin
from .script_end import end_as_script
from .tracebacks import traceback_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Sequence

    from .cancelling import SignalTarget
    from .connection import Connection
    from .start_line import Start

    Body = Dict[str, Any]
    Answer = Callable[[Call, Any, Optional[BaseException]], None]

METHOD = "execute_batch"
EXECUTE, STREAM = ENDPOINTS["execute"], ENDPOINTS["execute_stream"]


class Batches:
    """Gathers calls, has the plugin answer them together, and gives each its own answer."""

    def __init__(self, plugin: Plugin, calls: OpenCalls, gathering: Gathering, start: Start) -> None:
        self._plugin = plugin
        self._calls = calls
        self._gathering = gathering
        assert start.batch is not None
        self._most = start.batch["max_size"]
        self._wait_s = start.batch["max_wait_ms"] / 1000
        self._signature: Any = None
        self._turn = threading.Lock()  # one lane gathers at a time: two would share what comes, in smaller batches

    def joins(self, call: Call) -> bool:
        """Whether a call is one of those that are gathered."""
        if self._plugin.failure is not None:
            return False
        return call.endpoint is EXECUTE or (call.endpoint is STREAM and self._plugin.instance.method("execute_stream") is None)

    def take(self, last: Optional[Connection], target: SignalTarget, answer: Answer) -> Call:
        """For a lane that has answered a call on a connection: runs batches until a call comes that runs alone, which has begun."""
        if last is not None:
            self._gathering.go_on(last)
        while True:
            with self._turn:
                call = self._gathering.take(None)
                if not self.joins(call):
                    return call
                batch, taken = self._gather(call)
            self._serve(batch, taken, target, answer)

    def _gather(self, first: Call) -> tuple[Batch, list[Call]]:
        """Takes further calls, until the batch is full, time is over, or another kind of call comes, which is next then."""
        batch = Batch(first)
        taken = [first]
        is_open = self._calls.join(first, batch)
        until = time.monotonic() + self._wait_s
        while is_open and len(batch.calls) < self._most:
            call = self._gathering.take_by(until)
            if call is None:
                break
            if not self.joins(call):
                self._gathering.put_back(call)
                break
            if self._calls.join(call, batch):
                taken.append(call)
            else:
                self._gathering.pass_over(call)
        return batch, taken

    def _serve(self, batch: Batch, taken: list[Call], target: SignalTarget, answer: Answer) -> None:
        try:
            if self._calls.begin_batch(batch):
                target.code = batch
                self._gathering.lend()
                self._run(batch, answer)
        finally:
            for call in taken:
                try:
                    self._settle(call, answer)
                except Exception as failure:  # the others would be lost with it
                    DESCRIPTORS.check()
                    log("a call was lost\n" + traceback_of(failure))
            batch.finish()

    def _run(self, batch: Batch, answer: Answer) -> None:
        CURRENT_CALL.set(batch)
        error: Optional[BaseException] = None
        results: Sequence[Any] = ()
        try:
            batch.calls, items = self._items(batch, answer)
            results = self._plugin.perform_batch(batch, lambda: self._results(batch, items)) if items else ()
        except BaseException as raised:  # also SystemExit, as of a call
            error = raised
        if not DESCRIPTORS.mark[0]:
            end_as_script(error)
        for number, call in enumerate(batch.calls):
            result = results[number] if error is None else error
            if isinstance(result, BaseException):
                self._end(call, None, result, answer)
            else:
                self._end(call, result, None, answer)

    def _end(self, call: Call, value: Any, error: Optional[BaseException], answer: Answer) -> None:
        """Gives one call its answer, unless it was cancelled, and has one."""
        if not self._calls.close(call):
            return
        if error is None and call.endpoint is STREAM:
            assert call.reply is not None
            try:
                call.reply.chunk(value)
                value = None
            except BaseException as failure:
                error = failure
        answer(call, value, error)

    def _settle(self, call: Call, answer: Answer) -> None:
        """Lets go of a call, and of its connection unless it was cancelled: whoever did that has it."""
        if call.inputs is not None:
            call.inputs.close()
        if self._calls.close(call):  # what has kept the batch from its run was thrown, and is in the log
            answer(call, None, RuntimeError("The batch was lost; the worker's log says why"))
        if call.is_given_up:
            return
        if call.made_reply is not None:
            call.made_reply.close()
        call.finish()
        call.connection.answered()
        self._gathering.go_on(call.connection)

    def _items(self, batch: Batch, answer: Answer) -> tuple[list[Call], list[Any]]:
        """What the plugin is given. A call whose arguments do not fit fails alone."""
        fitting, items = [], []
        for call, body in zip(batch.calls, batch.bodies):
            try:
                items.append(self._item(batch, body))
                fitting.append(call)
            except Exception as error:
                self._end(call, None, error, answer)
        return fitting, items

    def _item(self, batch: Batch, body: Body) -> Any:
        args, kwargs = body.get("args") or (), body.get("kwargs") or NO_NAMES
        plugin = self._plugin
        execute = plugin.instance.method("execute")
        if execute is None:
            if args:
                raise TypeError(f"{METHOD}() takes the arguments of each call by their names; {len(args)} were given by position")
            return dict(kwargs)
        if self._signature is None:
            self._signature = _signature_of(execute)
        try:
            named = dict(self._signature.bind(*args, **kwargs).arguments)
        except TypeError as error:
            raise TypeError(f"execute(): {error}") from None
        others = [name for name, parameter in self._signature.parameters.items() if parameter.kind is parameter.VAR_KEYWORD]
        for name in others:
            named.update(named.pop(name, {}))
        read = plugin.reader("execute", execute)
        return named if read is None else batch.run(read, ((), named))[1]

    def _results(self, batch: Batch, items: list[Any]) -> Sequence[Any]:
        plugin = self._plugin
        given = plugin.invoke(batch, plugin.need(METHOD), (items,))
        if isinstance(given, (Generator, AsyncGenerator)):
            given = list(plugin.items(batch, given))
        if isinstance(given, getattr(sys.modules.get("numpy"), "ndarray", ())) and given.ndim:
            given = list(given)  # its rows
        if not isinstance(given, (list, tuple)):
            raise BadResult(f'{METHOD}() gave a value of type "{type(given).__name__}"; wanted is a list with an answer for each item')
        if len(given) != len(items):
            raise BadResult(f"{METHOD}() gave {len(given)} answers to {len(items)} items; wanted is one for each, in their order")
        return given


def _signature_of(method: Callable[..., Any]) -> Any:
    """What a method takes; anything where that is not known, as of one in C."""
    import inspect

    try:
        return inspect.signature(method)
    except (TypeError, ValueError):
        return inspect.signature(lambda **named: None)
