"""Coroutines and asynchronous generators of the plugin's."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
import threading
from collections.abc import AsyncIterable, Awaitable, Coroutine, Generator

from .call import Call
from .cancelling import AwaitedTask
from .fast import SimpleQueue
from .forks import run_plugin_code
from .logs import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, NoReturn, Optional, Tuple

    Outcome = Tuple[Optional[asyncio.Future[None]], Any, Optional[BaseException]]


class Steps:
    """Awaits for a call, which runs each step: an interruption hits plugin code and never the loop's."""

    def __init__(self, call: Call, awaitable: Awaitable[Any]) -> None:
        self._call = call
        self._coroutine = self._wait(awaitable)

    @staticmethod
    async def _wait(awaitable: Awaitable[Any]) -> Any:
        return await awaitable

    def __await__(self) -> Generator[Any, Any, Any]:
        step = functools.partial(self._coroutine.send, None)
        while True:
            try:
                future = self._call.run(step, in_child=_refuse_to_wait)
            except StopIteration as end:
                return end.value
            try:
                step = functools.partial(self._coroutine.send, (yield future))
            except BaseException as error:  # what the loop throws in is for the coroutine
                step = functools.partial(self._coroutine.throw, error)


def _refuse_to_wait(_: object) -> NoReturn:
    raise RuntimeError("A forked child cannot await: the event loop is its parent's")


class EventLoop:
    """The one asyncio loop, on a thread of its own, so that what a plugin starts in one call lives on in the next."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        if hasattr(os, "register_at_fork"):  # a child that went on with it would take its parent's events
            os.register_at_fork(after_in_child=self._loop.stop)
        threading.Thread(target=self._run, name="event-loop", daemon=True).start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        while True:
            try:
                run_plugin_code(self._loop.run_forever)
            except BaseException as error:  # sys.exit() in a callback of the plugin's
                log(f"the event loop was stopped, and goes on: {error!r}")

    def run(self, call: Call, awaitable: Awaitable[Any]) -> Any:
        """Waits for an awaitable."""
        outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self._start(call, awaitable, outcomes)
        _, value, error = outcomes.get()
        if error is not None:
            raise error
        return value

    def items(self, call: Call, source: AsyncIterable[Any]) -> Iterator[Any]:
        """Gives the items one by one; the source goes on when the next one is asked for. One task runs it all."""
        outcomes: SimpleQueue[Outcome] = SimpleQueue()
        task = self._start(call, self._pump(source, outcomes), outcomes)
        ended = False
        try:
            while True:
                gate, value, error = outcomes.get()
                if gate is None:
                    ended = True
                    if error is not None:
                        raise error
                    return
                yield value
                self._loop.call_soon_threadsafe(_open_gate, gate)
        finally:
            if not ended:
                task.cancel()
                while outcomes.get()[0] is not None:
                    pass

    def _start(self, call: Call, awaitable: Awaitable[Any], outcomes: SimpleQueue[Outcome]) -> LoopTask:
        started = LoopTask(self._loop)

        def begin() -> None:
            call.attach(started)
            started.begin(self._guard(call, awaitable), end)
            if call.cancelled:
                started.cancel_here()

        def end(task: asyncio.Task[Any]) -> None:
            call.attach(None)
            started.end()
            if not task.cancelled():
                outcomes.put((None, *task.result()))
                return
            if isinstance(awaitable, Coroutine):  # it was cancelled before its first step
                awaitable.close()
            outcomes.put((None, None, asyncio.CancelledError()))

        self._loop.call_soon_threadsafe(begin, context=contextvars.copy_context())
        return started

    @staticmethod
    async def _guard(call: Call, awaitable: Awaitable[Any]) -> tuple[Any, Optional[BaseException]]:
        try:
            return await Steps(call, awaitable), None
        except BaseException as error:  # also SystemExit, which would end the loop
            return None, error

    async def _pump(self, source: AsyncIterable[Any], outcomes: SimpleQueue[Outcome]) -> None:
        try:
            async for item in source:
                gate: asyncio.Future[None] = self._loop.create_future()
                outcomes.put((gate, item, None))
                await gate
        finally:
            close = getattr(source, "aclose", None)
            if close is not None:
                await close()


class LoopTask(AwaitedTask):
    """The task of one call."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._task: Optional[asyncio.Task[Any]] = None

    def begin(self, coroutine: Coroutine[Any, Any, Any], end: Callable[[asyncio.Task[Any]], None]) -> None:
        """For the loop's thread."""
        self._task = self._loop.create_task(coroutine)
        self._task.add_done_callback(end)

    def end(self) -> None:
        """For the loop's thread."""
        self._task = None

    def cancel(self) -> None:
        self.is_asked = True
        self._loop.call_soon_threadsafe(self.cancel_here)

    def cancel_here(self) -> None:
        """For the loop's thread."""
        self.is_asked = False
        if self._task is not None:
            self._task.cancel()


def _open_gate(gate: asyncio.Future[None]) -> None:
    if not gate.done():
        gate.set_result(None)
