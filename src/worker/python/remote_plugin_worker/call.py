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

    Body = Dict[str, Any]


class Origin:
    """Where a call came from, and where the lane that has run it finds the next one."""

    is_aside = False

    def fileno(self) -> int:
        """The socket's number."""
        raise NotImplementedError

    def take_call(self) -> Optional[Call]:
        """The next request, if it is a call and here in one piece."""
        raise NotImplementedError

    def step_up(self) -> None:
        """Has its own thread read again."""
        raise NotImplementedError


class Call(Interruptible):
    """A call, from its request to its answer. What the worker asks of the plugin by itself has neither an endpoint nor a reply."""

    def __init__(self, body: Body, endpoint: Optional[Endpoint] = None, reply: Optional[Reply] = None, call_id: str = "") -> None:
        super().__init__()
        self.endpoint = endpoint
        self.body = body
        self.reply = reply
        self.key: object = call_id or self
        self.trace: dict[str, str] = {}
        self.origin: Optional[Origin] = None
        self.running = False
        self.ended = False
        self.progress: Body = {"progress": 0.0, "message": ""}

    def end(self) -> None:
        """The plugin's code has ended, or never will begin."""
        self.ended = True
        self.running = False
        self.body = {}

    def report(self, progress: float, message: str) -> None:
        """Notes the progress and sends it."""
        self.progress["progress"] = progress
        self.progress["message"] = message
        if self.reply is not None and not self.ended and not DESCRIPTORS.is_forked:
            self.run_own(functools.partial(self.reply.progress, progress, message))


CURRENT_CALL: contextvars.ContextVar[Optional[Call]] = contextvars.ContextVar("remote_plugin_call", default=None)
