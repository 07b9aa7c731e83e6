"""The heads of requests: sections 3 and 11 of docs/protocol.md."""

from __future__ import annotations

from .bare_reply import BareReply
from .call import NO_TRACE
from .client import Client
from .constants import CONNECTION_HEADER, FRAMES_TYPE, MAX_ID, TRACE_HEADERS, UPGRADE_PATH, UPGRADE_PROTOCOL
from .endpoint import Endpoint
from .endpoints import find_endpoint
from .errors import Refusal
from .replies import FramedReply, PlainReply, PlainStreamReply, Reply
from .scratch import Scratch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from .framing import Framing
    from .uploads import Upload


LONGEST = 10**15  # a body with files: what they may have together is for the quota to say
# What the name of a header is made of, and what its value may not hold: others could read one header as two.
TOKEN_CHARACTERS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
NO_LINE_END = frozenset("\0\r\n")


class Request:
    """The head of a request, on either wire."""

    length = "0"  # of the body that follows
    parts = ""  # how long the JSON is in a body with files behind it; empty for any other
    upload: Optional[Upload] = None  # of such a body, while it comes
    call_id: Optional[str] = None  # that the host gave the call
    trace = NO_TRACE  # of which the call is a part
    files = ""  # how files may come in frames
    wants_lines = False  # whether what the call prints is wanted

    def endpoint(self) -> Endpoint:
        """What is asked for."""
        raise NotImplementedError

    def reply(self, client: Client, scratch: Scratch) -> Reply:
        """Makes the reply in the form that was asked for."""
        raise NotImplementedError

    def framing(self) -> Framing:
        """How the end of a body with files is found."""
        raise NotImplementedError

    def upgrades(self) -> bool:
        """Whether the connection is to carry bare frames from here on."""
        return False

    def connection_name(self) -> str:
        """What the host calls this connection when it hears of what was held back on it, empty when it does not hear of that."""
        return ""


class HttpRequest(Request):
    """The head of a request."""

    def __init__(self, head: bytes) -> None:
        line, *fields = head.decode("latin-1").split("\r\n")
        words = line.split(" ")
        if len(words) != 3 or words[2] != "HTTP/1.1":
            raise Refusal(400, "The request is not HTTP/1.1", closes=True)
        self.method, target, _ = words
        self.authority, self.path = self._split(target)
        self.headers: dict[str, str] = {}
        for field in fields:
            name, colon, value = field.partition(":")
            if not colon or not name or not TOKEN_CHARACTERS.issuperset(name) or not NO_LINE_END.isdisjoint(field):
                raise Refusal(400, "The request has a malformed header", closes=True)
            name, value = name.lower(), value.strip(" \t")
            # A repeated header becomes a list, which is no number, no token and no host: nothing has to choose.
            self.headers[name] = self.headers[name] + ", " + value if name in self.headers else value
        self.closes = "close" in self.headers.get("connection", "").lower()
        self.length = self.headers.get("content-length", "0")
        self.parts = self.headers.get("remote-plugin-parts", "")
        self.call_id = self.headers.get("remote-plugin-call")
        self.trace = trace_in(self.headers)
        self.files = files_way(self.headers.get("remote-plugin-files"))
        self.wants_lines = self.headers.get("remote-plugin-logs") == "logs"

    @staticmethod
    def _split(target: str) -> tuple[str, str]:
        authority = ""
        if target[:7].lower() == "http://":
            authority, _, target = target[7:].partition("/")
            target = "/" + target
        return authority, target.partition("?")[0]

    def endpoint(self) -> Endpoint:
        """What is asked for."""
        endpoint = find_endpoint(self.path[1:]) if self.path[:1] == "/" else None
        if endpoint is None:
            raise Refusal(404, "Not Found")
        if self.method != endpoint.verb:
            raise Refusal(405, "Method Not Allowed", extra=f"Allow: {endpoint.verb}\r\n")
        return endpoint

    def upgrades(self) -> bool:
        if self.path != UPGRADE_PATH:
            return False
        if self.method != "GET":
            raise Refusal(405, "Method Not Allowed", extra="Allow: GET\r\n")
        if self.headers.get("upgrade", "").lower() != UPGRADE_PROTOCOL or "upgrade" not in self.headers.get("connection", "").lower():
            raise Refusal(426, "This endpoint only upgrades its connection", extra=f"Upgrade: {UPGRADE_PROTOCOL}\r\n")
        return True

    def demand_length(self) -> None:
        """Refuses a body that does not tell its length. One with files may come in chunks."""
        if "transfer-encoding" in self.headers and not (self.parts and self.headers["transfer-encoding"].lower() == "chunked"):
            raise Refusal(411, "The body has no Content-Length", closes=True)

    def framing(self) -> Framing:
        from .framing import ChunkedFraming, SizedFraming

        if "transfer-encoding" in self.headers:
            return ChunkedFraming()
        if "content-length" not in self.headers:
            raise Refusal(411, "The body has no Content-Length", closes=True)
        return SizedFraming(checked_length(self.length, LONGEST))

    def connection_name(self) -> str:
        return checked_id(self.headers.get(CONNECTION_HEADER), "connection's name")

    def reply(self, client: Client, scratch: Scratch) -> Reply:
        """Makes the reply in the form that was asked for."""
        if FRAMES_TYPE in self.headers.get("accept", "").lower():
            return FramedReply(client, scratch, self.closes, self.files)
        if self.path == "/execute_stream" or self.path.startswith("/stream/"):
            return PlainStreamReply(client, scratch, self.closes)
        return PlainReply(client, scratch, self.closes, 400 if self.path == "/initialize" else 500)


class BareRequest(Request):
    """The line before the body of a request on an upgraded connection: the endpoint, the body's length, and what HTTP has in headers."""

    def __init__(self, line: bytes) -> None:
        words = line.decode("latin-1").split(" ")
        if len(words) < 2:
            raise Refusal(400, "The request has no length", closes=True)
        self._endpoint, self.length = words[:2]
        fields: dict[str, str] = {}
        for word in words[2:]:
            name, _, fields[name] = word.partition("=")
        self.files = files_way(fields.get("files"))
        self.parts = self.length if "parts" in fields else ""
        self.call_id = fields.get("call")
        self.wants_lines = fields.get("logs") == "logs"
        if "traceparent" in fields:
            self.trace = trace_in(fields)

    def endpoint(self) -> Endpoint:
        """What is asked for."""
        endpoint = find_endpoint(self._endpoint)
        if endpoint is None:
            raise Refusal(404, "Not Found")
        return endpoint

    def framing(self) -> Framing:
        from .framing import OpenFraming

        return OpenFraming()

    def reply(self, client: Client, scratch: Scratch) -> Reply:
        """Makes the reply."""
        return BareReply(client, scratch, False, self.files)


def files_way(given: Optional[str]) -> str:
    """How files in the reply may come; empty when they go inside the JSON."""
    return given if given in ("shared", "parts") else ""


def trace_in(fields: dict[str, str]) -> dict[str, str]:
    """What a request's headers or fields say of the trace of which it is a part."""
    if "traceparent" not in fields:
        return NO_TRACE
    return {name: fields[name] for name in TRACE_HEADERS if name in fields}


def checked_length(text: str, limit: int) -> int:
    """The length of a body."""
    if not (text.isascii() and text.isdecimal()):
        raise Refusal(400, "The length of the body is not a number", closes=True)
    if len(text) > 18 or int(text) > limit:
        raise Refusal(413, f"The body is longer than {limit} bytes", closes=True)
    return int(text)


def checked_id(text: Optional[str], what: str) -> str:
    """An id that the host has chosen, empty when there is none."""
    if text is None:
        return ""
    if not 0 < len(text) <= MAX_ID or not (text.isascii() and text.isprintable()) or " " in text:
        raise Refusal(400, f"The {what} is not 1 to {MAX_ID} visible ASCII characters")
    return text
