"""Answers on an upgraded connection: section 11 of docs/protocol.md."""

from __future__ import annotations

import time

from .client import Client
from .descriptors import DESCRIPTORS
from .encoding import encode
from .errors import Refusal
from .replies import FramedReply
from .shelf import Slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional

    from .scratch import Scratch

FLOW_S = 0.0003  # frames that follow one another faster than this are sent together, and none is kept for twice as long while they do
FLUSH_S = 0.001
STALL_S = 0.05  # how long to wait for a reply that is being sent before looking at it again


class BareReply(FramedReply):
    """Section 11: the frames of section 4, and nothing around them."""

    def __init__(self, client: Client, scratch: Scratch, watch: Callable[[BareReply], None], shares: bool = False) -> None:
        super().__init__(client, scratch, shares=shares)
        self._watch = watch
        self._held: Optional[Slot] = None
        self._held_until = 0.0
        self._last_at = 0.0
        self._is_watched = False

    def refuse(self, refusal: Refusal) -> None:
        self.closes = self.closes or refusal.closes
        self._part(encode({"refused": {"status": refusal.status, "detail": refusal.detail}}) + b"\n", last=True)

    def close(self) -> None:
        if self._held is not None:  # the reply has no end
            with self._lock:
                self._send_held()
        super().close()

    def flush(self) -> float:
        """Sends what is held back, once no frame follows any more; tells in how many seconds to look again, zero for never."""
        if not self._lock.acquire(False):
            return STALL_S  # somebody is sending, and perhaps cannot
        try:
            self._is_watched = time.perf_counter() - self._last_at < FLOW_S
            if not self._is_watched:
                self._send_held()
            return FLUSH_S if self._is_watched else 0.0
        finally:
            self._lock.release()

    def _last(self, frame: bytes) -> bool:
        return self._part(frame, last=True)

    def _part(self, data: bytes, last: bool = False) -> bool:
        DESCRIPTORS.stay_out()
        with self._lock:
            if self._ended:
                return False
            self._ended = last
            if last and self._held is None:
                return self._send(b"", data)
            before, self._last_at = self._last_at, time.perf_counter()
            # To wake the reader for each of many frames would cost more than the frames.
            if self._last_at - before < FLOW_S and not last and not self.hands_over():
                if self._held is None:
                    self._begin_to_hold()
                if self._held is not None and self._last_at < self._held_until and self._held.add(data):
                    return True
            return self._send_held(data)

    def _begin_to_hold(self) -> None:
        """Finds a place for frames that wait for the next send, or, when that does not come, for the front."""
        if self.broken:
            return
        self._held, self._held_until = self._client.take_slot(), self._last_at + FLOW_S
        if self._held is not None and not self._is_watched:
            self._is_watched = True
            self._watch(self)

    def _send_held(self, data: bytes = b"") -> bool:
        """Sends what is held back, and this. The shelf has it until it is sent: the process may end here."""
        if self._held is None:
            return self._send(b"", data) if data else not self.broken
        went_well = self._send(b"", self._held.read() + data)
        self._held.give_back()
        self._held = None
        return went_well
