"""How the plugin's methods are run: here, or on the event loop when they are coroutines."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterable, Awaitable, Generator

from .call import Call
from .forks import NO_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Mapping, Optional, Sequence

    from .event_loop import EventLoop

NO_MORE = object()
PLAIN = frozenset((dict, list, str, bytes, int, float, bool, type(None)))  # what most methods give, and nobody has to ask about


class Runner:
    """Runs methods for calls. The event loop is made when a method first gives something to await."""

    def __init__(self) -> None:
        self._loop: Optional[EventLoop] = None
        self._lock = threading.Lock()

    def invoke(self, call: Call, method: Callable[..., Any], args: Sequence[Any] = (), named: Mapping[str, Any] = NO_NAMES) -> Any:
        """Calls a method for a call, and waits for what it gives."""
        result = call.run(method, args, named)
        if type(result) not in PLAIN and isinstance(result, Awaitable):
            result = self._event_loop().run(call, result)
        return result

    def items(self, call: Call, source: Any) -> Iterator[Any]:
        """The items that a method's result gives one by one."""
        if isinstance(source, AsyncIterable):
            return self._event_loop().items(call, source)
        return _sync_items(call, source)

    def _event_loop(self) -> EventLoop:
        from .event_loop import EventLoop

        with self._lock:
            if self._loop is None:
                self._loop = EventLoop()
            return self._loop


def _sync_items(call: Call, source: Any) -> Iterator[Any]:
    iterator = call.run(iter, (source,))
    rest = (iterator, NO_MORE)

    def take_rest(item: Any) -> None:
        while item is not NO_MORE:  # what a forked child yields is nobody's
            item = next(*rest)

    try:
        while not call.cancelled:
            item = call.run(next, rest, in_child=take_rest)
            if item is NO_MORE:
                return
            yield item
    finally:
        if isinstance(iterator, Generator):
            call.run(iterator.close)
