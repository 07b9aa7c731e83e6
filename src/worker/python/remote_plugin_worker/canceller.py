"""Who is asked to cancel calls."""

from __future__ import annotations

from collections import OrderedDict

from .call import Call
from .cancelling import climb
from .error_bodies import cancelled_body
from .open_calls import OpenCalls
from .plugin import Plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

MOST_AHEAD = 1024  # ids of calls that are cancelled before they have come


class Canceller:
    """Cancels calls: those that wait at once, those that run rung after rung, and those that have not come yet when they do."""

    def __init__(self, plugin: Plugin, calls: OpenCalls, give_to_front: Callable[[Any], None], grace_s: float) -> None:
        self._plugin = plugin
        self._calls = calls
        self._give_to_front = give_to_front
        self._grace_s = grace_s
        self.ahead: OrderedDict[str, None] = OrderedDict()  # the ids of calls that are cancelled before they have come

    def cancel(self, wanted: Callable[[Call], bool]) -> bool:
        """Cancels the open calls that are wanted; tells whether there was any."""
        found, closed, running = self._calls.cancel(wanted)
        for call in closed:
            self._answer(call)
        if running:
            climb(running, self._plugin.ask_to_stop, self._grace_s)
        return found

    def cancel_ahead(self, call_id: str) -> None:
        """Cancels a call; also one that is on its way behind another, and has not been read yet."""
        self.ahead[call_id] = None  # first, for it may be read in this very moment
        if len(self.ahead) > MOST_AHEAD:
            self.ahead.popitem(last=False)
        if self.cancel(lambda call: call.key == call_id):
            self.ahead.pop(call_id, None)

    def cancel_behind(self, call_id: str, first: str) -> bool:
        """Cancels a call that comes behind another one, if that is open still: nothing behind it can have begun."""
        self.ahead[call_id] = None  # first, for the other one may end in this very moment
        if len(self.ahead) > MOST_AHEAD:
            self.ahead.popitem(last=False)
        return self._calls.has(first) or self.ahead.pop(call_id, self) is self

    def abandon(self, abandoned: Call) -> None:
        """Cancels a call whose client is gone."""
        self.cancel(lambda call: call is abandoned)

    def is_cancelled(self, call_id: str) -> bool:
        """Whether a call that has just been opened was cancelled before it came."""
        return call_id in self.ahead and self.ahead.pop(call_id, self) is None

    def _answer(self, call: Call) -> None:
        assert call.reply is not None
        call.reply.error(cancelled_body(self._plugin.name))
        call.reply.close()
        if call.callbacks is not None:
            call.callbacks.end()  # in a batch the plugin may wait for one of them, and goes on for the others
        if call.inputs is not None and not call.is_given_up:
            call.inputs.close()
        call.finish()
        if call.is_queued or call.is_given_up:
            call.connection.answered()
            self._give_to_front(call.connection)
