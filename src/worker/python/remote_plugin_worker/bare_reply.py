"""Answers on an upgraded connection: section 11 of docs/protocol.md."""

from __future__ import annotations

from .descriptors import DESCRIPTORS
from .encoding import encode
from .errors import Refusal
from .replies import NO_PARTS, FramedReply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from .parts import Part


class BareReply(FramedReply):
    """Section 11: the frames of section 4, and nothing around them."""

    def refuse(self, refusal: Refusal) -> None:
        self.closes = self.closes or refusal.closes
        self._part(encode({"refused": {"status": refusal.status, "detail": refusal.detail}}) + b"\n", last=True)

    def result(self, value: Any) -> None:
        frame = self._frame("result", value)
        sent = self._part(frame, True, self._take_parts())
        if self._outbox is not None:
            self._settle(sent)

    def _last(self, frame: bytes, parts: Sequence[Part] = NO_PARTS) -> bool:
        return self._part(frame, True, parts)

    def _part(self, data: bytes, last: bool = False, parts: Sequence[Part] = NO_PARTS, may_wait: bool = True) -> bool:
        if not DESCRIPTORS.mark[0]:
            DESCRIPTORS.stay_out()
        client = self._client
        with client.lock:
            if self._ended:
                return False
            # The files of a frame come right behind it.
            is_free = not parts and (self._outbox is None or not self._outbox.is_waiting())
            may_be_held = may_wait and is_free and (client.is_followed if last else self._begun)
            self._begun = True
            self._ended = last
            if not client.put(data, may_be_held) or (parts and not client.send_parts(parts)):
                self.broken = True
            return not self.broken
