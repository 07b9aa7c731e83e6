"""How the end of a body with files is found, which is read as it comes: sections 3 and 7 of docs/protocol.md."""

from __future__ import annotations

from .conversions import to_json
from .errors import Refusal

MAX_LINE = 1024


def wrong(what: str) -> Refusal:
    return Refusal(400, f"The body's parts are wrong: {what}", closes=True)


class Framing:
    """What is around a body."""

    is_open = False  # whether the body says itself where it ends
    has_ended = False

    def cut(self, data: bytes) -> tuple[bytes, bytes]:
        """The next piece of the body, and what is to be looked at after that."""
        raise NotImplementedError


class OpenFraming(Framing):
    """The body of a request on an upgraded connection: its files say themselves where it ends."""

    is_open = True
    has_ended = True

    def cut(self, data: bytes) -> tuple[bytes, bytes]:
        return data, b""


class SizedFraming(Framing):
    """A body with a Content-Length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.has_ended = length == 0

    def cut(self, data: bytes) -> tuple[bytes, bytes]:
        piece, rest = data[: self._left], data[self._left :]
        self._left -= len(piece)
        self.has_ended = self._left == 0
        return piece, rest


class ChunkedFraming(Framing):
    """A body in chunks. Lines behind the last one say nothing here."""

    def __init__(self) -> None:
        self.has_ended = False
        self._left = 0
        self._line = b""
        self._is_behind = False  # whether the line's end behind a chunk comes next
        self._is_last = False  # whether the last chunk has come

    def cut(self, data: bytes) -> tuple[bytes, bytes]:
        if self._left:
            piece, rest = data[: self._left], data[self._left :]
            self._left -= len(piece)
            self._is_behind = self._left == 0
            return piece, rest
        line, end, rest = data.partition(b"\n")
        self._line += line
        if len(self._line) > MAX_LINE:
            raise wrong("a chunk has no length")
        if end:
            text, self._line = self._line.strip(), b""
            self._take_line(text)
        return b"", rest

    def _take_line(self, line: bytes) -> None:
        if self._is_behind and not line:
            self._is_behind = False
        elif self._is_last:
            self.has_ended = not line
        else:
            try:
                self._left = int(line.partition(b";")[0], 16)
            except ValueError:
                self._left = -1
            if self._left < 0 or self._is_behind:
                raise wrong(f"a chunk has no length, but {to_json(line.decode('latin-1'))}")
            self._is_last = self._left == 0
