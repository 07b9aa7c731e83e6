"""Functions of the host's that the plugin calls: section 13 of docs/protocol.md. This module is late: few calls have functions."""

from __future__ import annotations

import itertools
import sys
import threading

from .cancelling import Flag
from .decoding import restore_types
from .descriptors import DESCRIPTORS
from .errors import BadResult, CallbackError, CallCancelled, Refusal
from .outbox import Outbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    from .replies import Reply
    from .scratch import Scratch

    Body = Dict[str, Any]

MAX_FUNCTIONS = 64
MAX_NAME = 100


class Function:
    """What the plugin gets in the place of a function. Where an event loop runs it gives something to await, and elsewhere it waits."""

    Error = CallbackError

    def __init__(self, callbacks: Callbacks, number: int, name: str) -> None:
        self._callbacks = callbacks
        self._number = number
        self.__name__ = self.__qualname__ = name or "function"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._callbacks.call_host(self, self._number, args, kwargs)

    def __repr__(self) -> str:
        return f"<function {self.__name__} of the host>"


class Pending:
    """A callback that waits for its answer, on a thread."""

    value: Any = None
    error: Optional[BaseException] = None

    def __init__(self) -> None:
        self._answered = Flag()

    def settle(self, value: Any, error: Optional[BaseException]) -> None:
        """Lets it go on."""
        self.value, self.error = value, error
        self._answered.set()

    def result(self) -> Any:
        """Waits for the answer, and gives it."""
        self._answered.wait()
        if self.error is not None:
            raise self.error
        return self.value


class AwaitedPending(Pending):
    """The same in a coroutine: its answer is a future of the loop that runs it."""

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._future = loop.create_future()

    def settle(self, value: Any, error: Optional[BaseException]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._settle_here, value, error)
        except RuntimeError:
            pass  # the loop was closed, and nobody waits any more

    def result(self) -> Any:
        return self._future

    def _settle_here(self, value: Any, error: Optional[BaseException]) -> None:
        if self._future.done():
            return
        if isinstance(error, CallCancelled):
            self._future.cancel()
        elif error is not None:
            self._future.set_exception(error)
        else:
            self._future.set_result(value)


class Callbacks:
    """The functions of one call, and what waits for them."""

    def __init__(self, scratch: Scratch, files: str) -> None:
        self.call: Any = None  # whose functions they are
        self._scratch = scratch
        self._files = files
        self._functions: dict[int, Function] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._pending: dict[int, Pending] = {}
        self._is_over: Optional[Callable[[], BaseException]] = None

    @property
    def is_empty(self) -> bool:
        """Whether the call has no functions."""
        return not self._functions

    def function(self, value: Any, pointer: str) -> Function:
        """Makes the stand-in of what stands in a function's place."""
        number = value.get("function") if isinstance(value, dict) else None
        name = value.get("name", "") if isinstance(value, dict) else None
        if type(number) is not int or not 0 <= number < MAX_FUNCTIONS or not isinstance(name, str):
            raise Refusal(400, f'"types" names "{pointer}", where no function is')
        if number not in self._functions:
            self._functions[number] = Function(self, number, name[:MAX_NAME])
        return self._functions[number]

    def call_host(self, function: Function, number: int, args: tuple[Any, ...], kwargs: Body) -> Any:
        """Has the host run a function."""
        if DESCRIPTORS.is_forked:
            raise CallbackError("ForkedError", f'Cannot call "{function.__name__}" in a forked child: the host knows its parent alone')
        asyncio = sys.modules.get("_asyncio")
        loop = asyncio._get_running_loop() if asyncio is not None else None
        pending = Pending() if loop is None else AwaitedPending(loop)
        key = next(self._ids)
        with self._lock:
            if self._is_over is not None:
                raise self._is_over()
            self._pending[key] = pending
        body = {"id": key, "function": number, "args": args, "kwargs": kwargs}
        try:
            self.call.run_own(lambda: self._send(function, body))
            return pending.result()
        except BaseException:
            self._take(key)
            raise

    def answer(self, key: int, body: Body) -> bool:
        """Takes what a function gave; tells whether anybody waits for that."""
        if body.get("types") is not None:
            restore_types(body, {"file": _bytes_of})
        pending = self._take(key)
        if pending is None:
            return False
        pending.settle(body.get("result"), CallbackError.of(body["error"], key) if "error" in body else None)
        return True

    def cancel(self) -> None:
        """The call is not wanted any more: whoever waits is told at once."""
        self._let_go(lambda: CallCancelled("The call was cancelled"))

    def end(self) -> None:
        """The call has ended."""
        self._let_go(lambda: CallbackError("CallEndedError", "The call that has brought this function has ended"))

    def _let_go(self, why: Callable[[], BaseException]) -> None:
        with self._lock:
            self._is_over = self._is_over or why
            pending, self._pending = self._pending, {}
        for one in pending.values():
            one.settle(None, why())

    def _take(self, key: int) -> Optional[Pending]:
        with self._lock:
            return self._pending.pop(key, None)

    def _send(self, function: Function, body: Body) -> None:
        """Files are handed over by an outbox of its own, for several threads may call at once."""
        reply: Optional[Reply] = self.call.reply
        outbox = Outbox(self._scratch, self._files)
        try:
            if reply is None or not reply.callback(body, outbox):
                raise CallbackError("CallEndedError", f'Cannot call "{function.__name__}": the host is gone, or its call has ended')
        except BadResult as error:
            raise TypeError(f'Cannot call "{function.__name__}": {error}') from None
        finally:
            outbox.close()


def _bytes_of(value: Any, pointer: str) -> bytes:
    from binascii import a2b_base64

    try:
        data = a2b_base64(value["data"])
        if len(data) == value["size"]:
            return data
    except (LookupError, TypeError, ValueError):  # what is no base64 is a ValueError
        pass
    raise Refusal(400, f'"types" names "{pointer}", where no bytes are')
