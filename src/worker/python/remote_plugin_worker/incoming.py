"""What has come on a connection and is not answered yet: cut into heads and bodies as it comes, without waiting."""

from __future__ import annotations

from .client import AT_ONCE
from .constants import MAX_HEAD, MAX_ID
from .decoding import read_plain_body
from .errors import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Union

    from .endpoint import Endpoint
    from .fast import socket

    Body = Dict[str, Any]

MOST_DIGITS = 5  # of the length of a body that is read with the bytes around it
CALL = "call="
CALL_LENGTH = len(CALL)
PIECE = 64 * 1024
MOST_AT_ONCE = 4 * 1024 * 1024  # bytes of a body that are read before others have their turn


class Incoming:
    """The bytes of one connection."""

    def __init__(self, client: socket.socket) -> None:
        self._socket = client
        self._bytes = b""
        self._at = 0
        self._body: Optional[bytearray] = None  # one that has come in part
        self._filled = 0
        self.has_more = False  # whether something is here that was not looked at, or may have become whole

    def read(self) -> bool:
        """Reads what is there; tells whether more can come."""
        try:
            if self._body is not None:
                return self._fill(memoryview(self._body))
            data = self._socket.recv(PIECE, AT_ONCE)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._bytes = self._bytes[self._at :] + data if self._at < len(self._bytes) else data
        self._at = 0
        self.has_more = len(data) > 0
        return self.has_more

    def _fill(self, body: memoryview) -> bool:
        self.has_more = True
        most = min(len(body), self._filled + MOST_AT_ONCE)
        while self._filled < most and self.has_more:
            count = self._socket.recv_into(body[self._filled :], 0, AT_ONCE)
            self._filled += count
            self.has_more = count > 0
        return self.has_more

    def take_until(self, mark: bytes) -> Optional[bytes]:
        """What stands before a mark; None when that is not here yet."""
        end = self._bytes.find(mark, self._at)
        if (end if end >= 0 else len(self._bytes)) - self._at > MAX_HEAD:
            raise Refusal(431, "The request line and headers are too long", closes=True)
        if end < 0:
            return None
        text = self._bytes[self._at : end]
        self._at = end + len(mark)
        return text

    def take_plain(self, limit: int, endpoints: dict[str, Endpoint]) -> Optional[tuple[Endpoint, str, Body]]:
        """A request as most are, as its endpoint, its id and its body; None when what comes next is not here as a whole, or is another one.

        All that stands here was found out by splitting it in the way of any request, and takes a fraction of the time.
        """
        data, at = self._bytes, self._at
        end = data.find(b"\n", at)
        if end < 0:
            return None
        try:
            name, digits, call, files = data[at:end].decode("ascii").split(" ")
        except ValueError:
            return None
        endpoint = endpoints.get(name)
        if endpoint is None or files != "files=shared" or not digits.isdecimal() or len(digits) > MOST_DIGITS:
            return None
        if call[:CALL_LENGTH] != CALL or not CALL_LENGTH < len(call) <= CALL_LENGTH + MAX_ID or not call.isprintable():
            return None
        length = int(digits)
        stop = end + 1 + length
        if stop > len(data) or length > limit:
            return None
        body = read_plain_body(data[end + 1 : stop])
        if body is None:
            return None
        self._at, self.has_more = stop, stop < len(data)
        return endpoint, call[CALL_LENGTH:], body

    def take(self, length: int) -> Union[bytes, bytearray, None]:
        """The next bytes, as many as these; None when they are not all here."""
        if self._body is None:
            end, has = self._at + length, len(self._bytes)
            self.has_more = end < has
            if end <= has:
                data = self._bytes[self._at : end]
                self._at = end
                return data
            self._body, self._filled = bytearray(length), len(self._bytes) - self._at
            self._body[: self._filled] = self._bytes[self._at :]
            self._bytes, self._at = b"", 0
        if self._filled < length:
            return None
        body, self._body, self.has_more = self._body, None, False
        return body

    def take_all(self) -> bytes:
        """All that is here."""
        data = self._bytes[self._at :]
        self._bytes, self._at, self.has_more = b"", 0, False
        return data

    def give_back(self, data: bytes) -> None:
        """Takes back what belongs to the next request."""
        self._bytes, self._at, self.has_more = data, 0, len(data) > 0

    def forget(self) -> None:
        """Throws away what is here."""
        self.has_more = False
        self._bytes, self._at, self._body = b"", 0, None
