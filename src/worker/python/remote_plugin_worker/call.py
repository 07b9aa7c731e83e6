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

NO_TRACE: dict[str, str] = {}


class Call(Interruptible):
    """A call, from its request to its answer. What the worker asks of the plugin by itself has neither an endpoint nor a reply."""

    connection: Any = None  # on which it came
    running = False
    ended = False
    is_queued = False  # whether it waits for a lane: then its connection is nobody's
    reported = 0.0
    message = ""

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
        self.reply = reply
        self.key: object = call_id or self
        self.trace = trace

    def progress(self) -> Body:
        """What was reported last."""
        return {"progress": self.reported, "message": self.message}

    def report(self, progress: float, message: str) -> None:
        """Notes the progress and sends it."""
        self.reported, self.message = progress, message
        if self.reply is not None and not self.ended and not DESCRIPTORS.is_forked:
            self.run_own(functools.partial(self.reply.progress, progress, message))


CURRENT_CALL: contextvars.ContextVar[Optional[Call]] = contextvars.ContextVar("remote_plugin_call", default=None)
