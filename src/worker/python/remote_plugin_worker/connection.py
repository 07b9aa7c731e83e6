"""One connection, on either wire: sections 3 and 11 of docs/protocol.md.

It belongs to one thread at a time, which reads it and answers what it reads: to whoever has claimed it.
"""

from __future__ import annotations

import threading
import time

from .bare_reply import BareReply
from .client import Client
from .constants import UPGRADE_PROTOCOL
from .errors import Refusal
from .fast import socket
from .incoming import Incoming
from .replies import PlainReply
from .requests import BareRequest, HttpRequest, checked_length
from .spare_memory import LARGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Union

    from .call import Call
    from .endpoint import Endpoint
    from .replies import Reply
    from .requests import Request
    from .session import Session
    from .shelf import Shelf

STRANGER_TIMEOUT_S = 5.0  # how long a connection may take to show the token for the first time
DRAIN_S = 1.0


class Connection:
    """One client."""

    def __init__(self, session: Session, client: socket.socket, shelf: Shelf) -> None:
        self.file = client.fileno()
        self.client = Client(client, shelf, session.watch, session.spare)
        self.call: Optional[Call] = None  # the last one that was read, until it has been answered
        self.deadline = time.monotonic() + STRANGER_TIMEOUT_S  # zero when there is none
        self.is_over = False
        self.asks = True  # whether the last request was no call: then it is the front's to read
        self.question: Optional[tuple[Endpoint, Union[bytes, bytearray], Reply]] = None  # that is not answered at once
        self.is_at_front = True  # whether the front reads it
        self.is_registered = False  # among those that lanes read
        self.is_armed = False  # whether lanes are told when something comes
        self._session = session
        self._socket = client
        self._incoming = Incoming(client)
        self._claim = threading.Lock()
        self._upgraded = False
        self._request: Optional[Request] = None  # whose body has not come yet
        self.claim()

    def claim(self) -> bool:
        """Makes it this thread's, unless it is another's."""
        return self._claim.acquire(False)

    def release(self) -> None:
        """From here on whoever claims it has it."""
        self._claim.release()

    def read(self) -> None:
        """Reads what is there."""
        if not self._incoming.read():
            self.is_over = True
        elif self._is_drained():
            self._incoming.forget()

    def next_call(self) -> Optional[Call]:
        """The next call that is here as a whole. Questions before it are answered; None when more has to come, or nothing will."""
        while self.call is None and self._incoming.has_more and self.question is None and not self.is_over and self.deadline >= 0:
            try:
                if self._upgraded and self._request is None and self._open_plain_call():
                    break
                request = self._request or self._read_head()
                if request is None or not self._answer(request):
                    break
            except Refusal as refusal:
                self._refuse(refusal)
            except OSError:
                self.is_over = True
        if self.call is None:
            self.client.send_held()
        elif self.is_over:
            self._session.abandon(self.call)
        return self.call

    def answered(self) -> None:
        """The call has been answered."""
        call, self.call = self.call, None
        reply = None if call is None else call.made_reply
        if reply is not None and (reply.closes or reply.broken):
            self.is_over = True

    def make_reply(self, is_over: bool = False) -> BareReply:
        """Makes the answer to a call on the upgraded connection of a host that shares its folders."""
        return BareReply(self.client, self._session.scratch, files="shared", ended=is_over)

    def close(self) -> None:
        """Ends the connection for this side."""
        self.is_over = True
        self._drop_upload()
        self.client.close()

    def _open_plain_call(self) -> bool:
        """Makes the open call of a request as most are, if that is what comes next."""
        plain = self._incoming.take_plain(self._session.max_body_bytes, self._session.plain)
        if plain is None:
            return False
        self.client.is_followed = self._incoming.has_more
        self.asks = False
        self.call = self._session.open_plain_call(*plain, self)
        return True

    def _read_head(self) -> Optional[Request]:
        if self._upgraded:
            line = self._incoming.take_until(b"\n")
            return None if line is None else BareRequest(line)
        head: Optional[bytes] = b""
        while head == b"":  # empty lines before a request are nothing
            head = self._incoming.take_until(b"\r\n\r\n")
            head = head if head is None else head.lstrip(b"\r\n")
        return None if head is None else self._admitted(HttpRequest(head))

    def _admitted(self, request: HttpRequest) -> HttpRequest:
        self._session.admit(request)
        self.deadline = 0.0
        request.demand_length()
        length = checked_length(request.parts or request.length, self._session.max_body_bytes)
        if length and "100-continue" in request.headers.get("expect", "").lower():
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return request

    def _answer(self, request: Request) -> bool:
        """Answers a request, or makes it the open call; tells whether that was here as a whole."""
        incoming = self._incoming
        length = checked_length(request.parts or request.length, self._session.max_body_bytes)
        if length >= LARGE:
            self._session.spare.keep()
        body = self._take_upload(request) if request.parts else incoming.take(length)
        if body is None:
            self._request = request
            return False
        self._request = None
        if not self._upgraded and request.upgrades():
            self._upgrade(request.connection_name())
            return True
        self.client.is_followed = incoming.has_more
        reply = request.reply(self.client, self._session.scratch)
        try:
            endpoint = request.endpoint()
            self.asks = not endpoint.is_call
            if endpoint.is_call:
                self.call = self._session.open_call(request, endpoint, body, reply)
                self.call.connection = self
            else:
                self._take_question(endpoint, body, reply)
        except Refusal as refusal:
            if request.upload is not None:
                request.upload.close()
            self._refuse(refusal, reply)
        return True

    def _take_upload(self, request: Request) -> Optional[bytes]:
        """Takes what is here of a body with files; None when that is not all."""
        self._request, upload = request, request.upload
        if upload is None:
            upload = request.upload = self._session.open_upload(request)
        try:
            self._incoming.give_back(upload.feed(self._incoming.take_all()))
        except Refusal as refusal:
            refusal.closes = True  # where the next request begins is not known
            raise
        except OSError as error:
            raise Refusal(507, str(error), closes=True) from error
        return b"" if upload.is_done else None

    def _take_question(self, endpoint: Endpoint, body: Union[bytes, bytearray], reply: Reply) -> None:
        """Answers a question, if that does not take long."""
        if self._session.is_quick(endpoint):
            self.client.may_wait = False  # others wait for this thread, and what it says here is short
            try:
                self._session.answer(endpoint, body, reply)
            finally:
                self.client.may_wait = True
            self._told(reply)
        else:
            self.question = (endpoint, body, reply)

    def answer_question(self) -> None:
        """Answers what could not be answered at once."""
        assert self.question is not None
        endpoint, body, reply = self.question
        try:
            self._session.answer(endpoint, body, reply)
        except Refusal as refusal:
            self._refuse(refusal, reply)
        except OSError:
            self.is_over = True
        self._told(reply)
        self.question = None

    def _told(self, reply: Reply) -> None:
        if reply.closes or reply.broken:
            self.is_over = True

    def _refuse(self, refusal: Refusal, reply: Optional[Reply] = None) -> None:
        self._drop_upload()
        reply = reply or self._plain_reply()
        reply.refuse(refusal)
        self._told(reply)
        if refusal.closes and not reply.broken:
            self._drain()

    def _drop_upload(self) -> None:
        """Nobody wants the files that have come in part."""
        request, self._request = self._request, None
        if request is not None and request.upload is not None:
            request.upload.close()

    def _plain_reply(self) -> Reply:
        session = self._session
        return BareReply(self.client, session.scratch) if self._upgraded else PlainReply(self.client, session.scratch)

    def _drain(self) -> None:
        """Reads on for a moment: closing over unread bytes would make TCP take the refusal back."""
        self.is_over, self.asks = False, True
        self._incoming.forget()
        self.client.send_held()
        self._socket.shutdown(socket.SHUT_WR)
        self.deadline = -(time.monotonic() + DRAIN_S)

    def _is_drained(self) -> bool:
        return self.deadline < 0

    def _upgrade(self, name: str) -> None:
        self._upgraded = True
        self.client.name = name.encode("ascii")
        lines = ("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: " + UPGRADE_PROTOCOL, "", "")
        self._socket.sendall("\r\n".join(lines).encode("ascii"))
