"""Answers to requests, sections 4 and 5 of docs/protocol.md."""

from __future__ import annotations

from .client import Client
from .constants import FRAMES_TYPE, MAX_CALLBACK, MAX_FRAME, PARTS_MARK
from .descriptors import DESCRIPTORS
from .encoding import encode
from .errors import BadResult, Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Sequence

    from .outbox import Outbox
    from .parts import Part
    from .scratch import Scratch

    Body = Dict[str, Any]

NO_PARTS: Sequence[Part] = ()
HEADS = {kind: b'{"%b":' % kind.encode("ascii") for kind in ("callback", "chunk", "error", "result")}
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    411: "Length Required",
    413: "Content Too Large",
    426: "Upgrade Required",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    507: "Insufficient Storage",
}


class Reply:
    """The answer to one request. Its parts may come from several threads; what comes after the last one is dropped."""

    content_type = "application/json"
    frames = False
    broken = False
    _outbox: Optional[Outbox] = None
    _begun = False

    def __init__(self, client: Client, scratch: Scratch, closes: bool = False, files: str = "", ended: bool = False) -> None:
        self.closes = closes
        self._ended = ended
        self._scratch = scratch
        self._files = files  # how files may come: "shared" in the scratch folders, or as "parts" behind frames
        self._client = client

    def outbox(self) -> Outbox:
        """What the call hands over as files. It is made when it is first asked for: few calls hand anything over."""
        if self._outbox is None:
            from .outbox import Outbox

            self._outbox = Outbox(self._scratch, self._files)
        return self._outbox

    def progress(self, progress: float, message: str) -> None:
        """Sends a progress frame where there are frames."""

    def line(self, told: Body) -> None:
        """Sends a line that the call has printed, where there are frames."""

    def chunk(self, value: Any) -> None:
        """Sends one item of a stream."""
        raise NotImplementedError

    def callback(self, value: Body, outbox: Outbox) -> bool:
        """Sends what a function of the host's is called with; tells whether that went well."""
        raise NotImplementedError

    def result(self, value: Any) -> None:
        """Ends the reply well."""
        self._whole(200, encode(value))

    def error(self, body: Body) -> None:
        """Ends the reply with an error."""
        raise NotImplementedError

    def refuse(self, refusal: Refusal) -> None:
        """Turns the request down."""
        self.closes = self.closes or refusal.closes
        self.content_type = "application/json"
        self._whole(refusal.status, encode({"detail": refusal.detail}), refusal.extra)

    def close(self) -> None:
        """Nothing more comes. A reply without its end, and one that was to be the last, end the connection."""
        if self._outbox is not None:
            self._outbox.close()
        if self.closes or not self._ended:
            self._client.shut_down()

    def _settle(self, delivered: bool) -> None:
        if self._outbox is not None:
            self._outbox.settle(delivered)

    def _whole(self, status: int, body: bytes, extra: str = "", parts: Sequence[Part] = NO_PARTS) -> bool:
        DESCRIPTORS.stay_out()
        with self._client.lock:
            if self._ended:
                return False
            self._ended = True
            length = len(body) + sum(part.size for part in parts)
            return self._send(self._head(status, f"Content-Length: {length}\r\n{extra}"), body, parts)

    def _part(self, data: bytes, last: bool = False, parts: Sequence[Part] = NO_PARTS, may_wait: bool = True) -> bool:
        DESCRIPTORS.stay_out()
        with self._client.lock:
            if self._ended:
                return False
            head = b"" if self._begun else self._head(200, "Transfer-Encoding: chunked\r\n")
            self._begun, self._ended = True, last
            end = b"0\r\n\r\n" if last else b""
            if parts:
                size = len(data) + sum(part.size for part in parts)
                return self._send(head, b"%x\r\n%b" % (size, data), parts) and self._send(b"", b"\r\n" + end)
            chunk = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
            return self._send(head, chunk + end)

    def _head(self, status: int, framing: str) -> bytes:
        close = "Connection: close\r\n" if self.closes else ""
        line = f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {self.content_type}\r\n"
        return (line + framing + close + "\r\n").encode("latin-1")

    def _send(self, head: bytes, body: bytes, parts: Sequence[Part] = NO_PARTS) -> bool:
        self.broken = self.broken or not self._client.send(head, body) or bool(parts and not self._client.send_parts(parts))
        return not self.broken


class FramedReply(Reply):
    """Section 4: one JSON object a line, the last one a result or an error."""

    content_type = FRAMES_TYPE
    frames = True

    def progress(self, progress: float, message: str) -> None:
        self._part(encode({"progress": progress, "message": message}) + b"\n")

    def line(self, told: Body) -> None:
        self._part(encode({"log": told}) + b"\n")

    def chunk(self, value: Any) -> None:
        frame = self._frame("chunk", value)
        if self._outbox is not None:
            self._outbox.keep_folders()
        self._settle(self._part(frame, False, self._take_parts()))

    def callback(self, value: Body, outbox: Outbox) -> bool:
        frame = make_frame("callback", value, lambda: outbox)
        if len(frame) > MAX_CALLBACK:
            raise BadResult(f"The callback is longer than {MAX_CALLBACK} bytes as JSON; give a large value as bytes")
        data = with_parts(frame, outbox.parts) if outbox.parts else frame
        sent = self._part(data, False, outbox.parts, may_wait=False)
        outbox.settle(sent)
        return sent

    def result(self, value: Any) -> None:
        frame = self._frame("result", value)
        sent = self._last(frame, self._take_parts())
        if self._outbox is not None:
            self._settle(sent)

    def error(self, body: Body) -> None:
        self._last(self._frame("error", body))

    def _last(self, frame: bytes, parts: Sequence[Part] = NO_PARTS) -> bool:
        return self._part(frame, True, parts) if self._begun else self._whole(200, frame, "", parts)

    def _take_parts(self) -> Sequence[Part]:
        """The files that go behind the frame."""
        return NO_PARTS if self._outbox is None else self._outbox.parts

    def _frame(self, kind: str, value: Any) -> bytes:
        if self._outbox is not None:
            self._outbox.parts = []
        frame, parts = make_frame(kind, value, self.outbox), self._take_parts()
        return with_parts(frame, parts) if parts else frame


def make_frame(kind: str, value: Any, outbox: Callable[[], Outbox]) -> bytes:
    """The line of a frame."""
    types: Body = {}
    text = encode(value, kind, types, outbox)
    data = b"".join((HEADS[kind], text, b',"types":%b}\n' % encode(types) if types else b"}\n"))
    if len(data) > MAX_FRAME:
        raise BadResult(f"The {kind} is longer than {MAX_FRAME} bytes as JSON; return a large value as a file")
    return data


def with_parts(frame: bytes, parts: Sequence[Part]) -> bytes:
    """The same with the sizes of the files that go behind it."""
    return b"".join((PARTS_MARK, frame[:-2], b',"parts":%b}\n' % encode([part.size for part in parts])))


class PlainReply(Reply):
    """Section 5: the bare value."""

    def __init__(self, client: Client, scratch: Scratch, closes: bool = False, error_status: int = 500) -> None:
        super().__init__(client, scratch, closes)
        self._error_status = error_status

    def error(self, body: Body) -> None:
        status = 409 if body["code"] == "cancelled" else self._error_status
        self._whole(status, encode({"detail": body["message"], "_job_error": body}))


class PlainStreamReply(Reply):
    """Section 5, for /execute_stream: a line an item."""

    content_type = "application/x-ndjson"

    def chunk(self, value: Any) -> None:
        self._part(encode(value, "chunk") + b"\n")

    def result(self, value: Any) -> None:
        self._part(b"", last=True)

    def error(self, body: Body) -> None:
        self._part(encode({"_job_error": body}) + b"\n", last=True)
