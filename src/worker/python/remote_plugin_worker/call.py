"""One call: plugin code that runs, or waits to run, for one reply."""

from __future__ import annotations

import contextvars
import functools

from .cancelling import Interruptible
from .descriptors import DESCRIPTORS
from .endpoint import Endpoint
from .replies import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

    from .callbacks import Callbacks
    from .uploads import Inputs

    Body = Dict[str, Any]

NO_TRACE: dict[str, str] = {}


class Call(Interruptible):
    """A call, from its request to its answer. What the worker asks of the plugin by itself has neither an endpoint nor a reply."""

    connection: Any = None  # on which it came
    inputs: Optional[Inputs] = None  # the files that have come with it
    callbacks: Optional[Callbacks] = None  # the functions that have come with it
    made_reply: Optional[Reply] = None
    lines: Any = None  # what it prints, where its host wants that
    running = False
    ended = False
    is_queued = False  # whether it waits for a lane: then its connection is nobody's
    batch: Optional[Call] = None  # with which it runs
    is_given_up = False  # whether it was cancelled, and so answered, before its batch has ended
    reported = 0.0
    message = ""
    _is_answered = False

    def __init__(
        self,
        body: Body,
        endpoint: Optional[Endpoint] = None,
        reply: Optional[Reply] = None,
        call_id: str = "",
        trace: dict[str, str] = NO_TRACE,
    ) -> None:
        self.endpoint = endpoint
        self.body = body
        if reply is not None:
            self.made_reply = reply
        self.key: object = call_id or self
        self.trace = trace

    @property
    def reply(self) -> Optional[Reply]:
        """The answer. Most calls need nothing but its last frame, so that it is made when it is first asked for."""
        if self.made_reply is None and self.connection is not None:
            if DESCRIPTORS.is_forked:  # another thread may have had the lock at the fork
                self.made_reply = self.connection.make_reply(is_over=True)
                return self.made_reply
            with self.connection.client.lock:
                if self.made_reply is None:
                    self.made_reply = self.connection.make_reply(self._is_answered)
        return self.made_reply

    def member(self, item: int) -> Call:
        """The call of an item, of those that run together."""
        raise TypeError("item is for execute_batch(): it says which of its items is meant")

    def answer(self, frame: bytes) -> bool:
        """Sends a last frame before which there was none; tells whether that is so."""
        if not DESCRIPTORS.mark[0]:
            DESCRIPTORS.stay_out()
        client = self.connection.client
        with client.lock:
            if self.made_reply is not None:
                return False
            self._is_answered = True
            if not client.put(frame, client.is_followed):
                self.connection.is_over = True
        return True

    def progress(self) -> Body:
        """What was reported last."""
        return {"progress": self.reported, "message": self.message}

    def report(self, progress: float, message: str) -> None:
        """Notes the progress and sends it."""
        self.reported, self.message = progress, message
        if not self.ended and not DESCRIPTORS.is_forked:
            self.run_own(functools.partial(self._send, progress, message))

    def ask(self) -> None:
        if self.callbacks is not None:
            self.callbacks.cancel()
        super().ask()

    def tell(self, line: Body) -> None:
        """Sends a line that it has printed."""
        if not self.ended and not DESCRIPTORS.is_forked:
            self.run_own(functools.partial(self._send_line, line))

    def _send_line(self, line: Body) -> None:
        reply = self.reply
        if reply is not None:
            reply.line(line)

    def _send(self, progress: float, message: str) -> None:
        reply = self.reply
        if reply is not None:
            reply.progress(progress, message)


CURRENT_CALL: contextvars.ContextVar[Optional[Call]] = contextvars.ContextVar("remote_plugin_call", default=None)
