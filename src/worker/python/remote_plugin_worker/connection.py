"""One connection, on either wire: sections 3 and 11 of docs/protocol.md."""

from __future__ import annotations

import time

from .aside import Aside
from .bare_reply import BareReply
from .call import Call, Origin
from .client import Client
from .constants import MAX_HEAD, UPGRADE_PROTOCOL
from .errors import Refusal
from .fast import socket
from .logs import log
from .replies import PlainReply, Reply
from .requests import BareRequest, HttpRequest, Request
from .session import Session
from .shelf import Shelf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

MAX_ASIDE = 64  # standing aside takes two more file descriptors, which are the plugin's as well
STRANGER_TIMEOUT_S = 5.0  # how long a connection may take to show the token for the first time
DRAIN_S = 1.0


class Connection(Origin):
    """One client, on a thread of its own."""

    def __init__(self, session: Session, client: socket.socket, connections: set[Connection], shelf: Shelf) -> None:
        self._session = session
        self._connections = connections
        self._socket = client
        self._client = Client(client)
        self._aside = Aside(self._client, shelf)
        self._buffer = bytearray()
        self._known = False
        self._upgraded = False
        self._hung_up = False
        self._deadline = time.monotonic() + STRANGER_TIMEOUT_S
        self._call: Optional[Call] = None

    @property
    def is_aside(self) -> bool:  # type: ignore[override]
        """Whether its own thread leaves it to the main thread to read."""
        return self._aside.is_taken

    def fileno(self) -> int:
        return self._client.fileno()

    def step_up(self) -> None:
        self._aside.step_up()

    def serve(self) -> None:
        """Answers one request after the other, until one side has had enough."""
        try:
            while self._turn():
                pass
        except OSError:
            pass  # the client is gone
        except Exception as error:
            log(f"a connection failed: {error!r}")
        finally:
            self._abandon_call()
            if self._call is not None:
                self._call.done.wait()  # only then may the file descriptor become another connection's
            self._aside.close()
            self.close()

    def close(self) -> None:
        """Ends the connection for this side."""
        self._client.close()
        self._connections.discard(self)

    def take_call(self) -> Optional[Call]:
        """For the main thread: the next request, if it is a call and here in one piece; what else comes is for this one's own thread."""
        try:
            data = self._socket.recv(MAX_HEAD)
            head, end, text = data.partition(b"\n" if self._upgraded else b"\r\n\r\n")
            request = BareRequest(head) if self._upgraded else self._admitted(head)
            is_whole = end and len(text) == request.body_length(self._session.max_body_bytes) and not self._buffer
            if is_whole and request.endpoint().is_call:
                self._call = self._session.open_call(request, text, self._reply_to(request))
                self._call.origin = self
                if self._hung_up:
                    self._abandon_call()
                return self._call
        except OSError:
            data = b""
        except Refusal:
            pass
        self._buffer += data
        return None

    def _turn(self) -> bool:
        scratch = self._session.scratch
        reply: Reply = BareReply(self._client, scratch, self._aside) if self._upgraded else PlainReply(self._client, scratch)
        aside = False
        try:
            request = self._read_bare_request() if self._upgraded else self._read_request()
            if request is None:
                return False
            body = self._read_body(request.body_length(self._session.max_body_bytes))
            if isinstance(request, HttpRequest) and request.upgrades():
                return self._upgrade(request.connection_name())
            reply = self._reply_to(request)
            aside = self._aside.is_taken = self._may_stand_aside(request)
            self._call = self._session.answer(request, body, reply)
            if self._call is not None:
                self._call.origin = self
                self._session.lanes.inbox.put(self._call)
        except Refusal as refusal:
            reply.refuse(refusal)
            if refusal.closes:
                self._drain()
        if aside and self._call is not None:
            self._aside.wait(self._hang_up, self._flush)
        else:
            self._aside.is_taken = False
        return self._call is not None or not reply.closes

    def _reply_to(self, request: Request) -> Reply:
        return request.reply(self._client, self._aside, self._session.scratch)

    def _may_stand_aside(self, request: Request) -> bool:
        """Whether the main thread can read what comes after this request."""
        if self._buffer or not self._session.lanes.inbox.reads or not request.endpoint().is_call:
            return False
        return self._aside.is_possible(may_open=len(self._connections) <= MAX_ASIDE)

    def _hang_up(self) -> None:
        self._hung_up = True
        self._abandon_call()

    def _flush(self) -> bool:
        call = self._call
        return call is not None and isinstance(call.reply, BareReply) and call.reply.flush()

    def _abandon_call(self) -> None:
        abandoned = self._call
        if abandoned is not None:
            self._session.lanes.cancel(lambda call: call is abandoned)

    def _upgrade(self, name: str) -> bool:
        self._upgraded = True
        self._aside.name = name.encode("ascii")
        lines = ("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: " + UPGRADE_PROTOCOL, "", "")
        self._socket.sendall("\r\n".join(lines).encode("ascii"))
        return True

    def _welcome(self) -> None:
        if not self._known:
            self._known = True
            self._socket.settimeout(None)

    def _read_request(self) -> Optional[HttpRequest]:
        head = b""
        while not head:  # empty lines before a request are nothing
            line = self._read_until(b"\r\n\r\n")
            if line is None:
                return None
            head = line.lstrip(b"\r\n")
        request = self._admitted(head)
        self._welcome()
        length = request.body_length(self._session.max_body_bytes)
        if length and "100-continue" in request.headers.get("expect", "").lower():
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return request

    def _admitted(self, head: bytes) -> HttpRequest:
        request = HttpRequest(head)
        self._session.admit(request)
        return request

    def _read_bare_request(self) -> Optional[BareRequest]:
        line = self._read_until(b"\n")
        return None if line is None else BareRequest(line)

    def _read_until(self, mark: bytes) -> Optional[bytes]:
        """Reads what stands before a mark, and the mark. None when the client hangs up instead."""
        if self._call is not None and self._buffer:
            self._let_go()
        seen = 0
        while True:
            end = self._buffer.find(mark, seen)
            if max(end, len(self._buffer) if end < 0 else 0) > MAX_HEAD:
                raise Refusal(431, "The request line and headers are too long", closes=True)
            if end >= 0:
                text = bytes(self._buffer[:end])
                del self._buffer[: end + len(mark)]
                return text
            seen = max(0, len(self._buffer) - len(mark) + 1)
            if not self._fill():
                return None

    def _fill(self) -> bool:
        """Reads what comes. While a call is open this is also how its client's death is noticed."""
        if not self._known:  # byte after byte must not make it longer
            self._socket.settimeout(max(0.001, self._deadline - time.monotonic()))
        data = self._socket.recv(MAX_HEAD)
        self._buffer += data
        if data and self._call is not None:
            self._let_go()
        return bool(data)

    def _let_go(self) -> None:
        """The next request is here: it has to wait for the reply before it."""
        assert self._call is not None
        self._call.done.wait()
        self._call = None

    def _read_body(self, length: int) -> bytearray:
        body = bytearray(length)
        filled = min(length, len(self._buffer))
        body[:filled] = self._buffer[:filled]
        del self._buffer[:filled]
        view = memoryview(body)
        while filled < length:
            count = self._socket.recv_into(view[filled:])
            if count == 0:
                raise ConnectionError("The client hung up within a body")
            filled += count
        return body

    def _drain(self) -> None:
        """Reads on for a moment: closing over unread bytes would make TCP take the refusal back."""
        self._socket.shutdown(socket.SHUT_WR)
        self._socket.settimeout(DRAIN_S)
        deadline = time.monotonic() + DRAIN_S
        while time.monotonic() < deadline and self._socket.recv(MAX_HEAD):
            pass
