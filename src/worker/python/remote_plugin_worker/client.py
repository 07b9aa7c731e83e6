"""The other side of a connection, for whoever answers it."""

from __future__ import annotations

import functools
import sys
import threading
import time

from .descriptors import DESCRIPTORS, identity
from .fast import socket
from .spare_memory import LARGE, SpareMemory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional, Sequence

    from .parts import Part
    from .shelf import Shelf, Slot

SO_COOKIE = 57  # of Linux; `socket` has no name for it
MAX_JOINED = 64 * 1024  # up to here a copy costs less than a second call of the system
AT_ONCE = getattr(socket, "MSG_DONTWAIT", 0)
FLOW_S = 0.0003  # frames that follow one another faster than this are sent together, and none is kept for twice as long while they do
FLUSH_S = 0.001  # how often the front looks whether frames follow
PAUSE_S = 0.005  # how long nothing may be held back before the front stops to look: to wake it costs as much as some calls
STALL_S = 0.05  # how long to wait for a reply that is being sent before looking at it again


class Client:
    """A connection's socket, which only the worker's own code may have closed."""

    def __init__(self, client: socket.socket, shelf: Shelf, watch: Callable[[Client], None], spare: SpareMemory) -> None:
        self.lock = threading.Lock()  # for whoever sends
        self.name = b""  # of the connection, where the host would hear of what was held back on it
        self.may_wait = True  # for a client who does not read
        self.is_followed = False  # whether something stands behind the request that is answered: its answer may go with the next one
        self._sent = 0  # bytes since the connection was upgraded
        self._shelf = shelf
        self._watch = watch
        self._spare = spare
        self._socket = client
        self._file = client.fileno()
        self._held: Optional[Slot] = None
        self._held_until = 0.0
        self._last_at = 0.0
        self._is_watched = False
        DESCRIPTORS.keep(self._file)
        self._identify = _identifier(client)
        self._identity = self._identify()

    def send(self, head: bytes, body: bytes) -> bool:
        """Sends both; tells whether that went well."""
        try:
            if self._identify() != self._identity:
                DESCRIPTORS.lose()
            if not self.may_wait:
                self._send_at_once(head + body)
            elif len(body) < MAX_JOINED:
                self._socket.sendall(head + body)
            else:
                if len(body) >= LARGE:
                    self._spare.keep()
                if head:
                    self._socket.sendall(head)
                self._socket.sendall(body)
        except OSError:
            DESCRIPTORS.need(self._file)
            return False
        self._sent += len(head) + len(body)
        return True

    def send_parts(self, parts: Sequence[Part]) -> bool:
        """Sends files behind a frame; tells whether that went well."""
        try:
            for part in parts:
                if self._identify() != self._identity:
                    DESCRIPTORS.lose()
                for piece in part.pieces():
                    self._socket.sendall(piece)
                self._sent += part.size
        except OSError:
            DESCRIPTORS.need(self._file)
            return False
        return True

    def put(self, frame: bytes, may_be_held: bool) -> bool:
        """Sends a frame, or holds it back for the next one: to wake the reader for each of many would cost more than the frames.

        The caller has the lock.
        """
        before, self._last_at = self._last_at, time.perf_counter()
        if may_be_held and self._last_at - before < FLOW_S:
            if self._held is None:
                self._begin_to_hold()
            if self._held is not None and self._last_at < self._held_until and self._held.add(frame):
                return True
        return self._send_with_held(frame)

    def send_held(self) -> None:
        """Sends what is held back; no more follows."""
        if self._held is not None:
            with self.lock:
                self._send_with_held(b"")

    def flush(self) -> float:
        """Sends what is held back, once no frame follows any more; tells in how many seconds to look again, zero for never."""
        if not self.lock.acquire(False):
            return STALL_S  # somebody is sending, and perhaps cannot
        try:
            pause_s = time.perf_counter() - self._last_at
            if pause_s >= FLOW_S:
                self._send_with_held(b"")
            self._is_watched = pause_s < PAUSE_S
            return FLUSH_S if self._is_watched else 0.0
        finally:
            self.lock.release()

    def shut_down(self) -> None:
        """Ends the connection for both sides; whoever reads it finds out."""
        self.send_held()
        DESCRIPTORS.need(self._file)
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        """Ends the connection for this side."""
        self.send_held()
        DESCRIPTORS.need(self._file)
        DESCRIPTORS.let_go(self._file)
        self._socket.close()

    def _begin_to_hold(self) -> None:
        """Finds a place for frames that wait for the next send, or, when that does not come, for the front.

        There is one only where the host would hear of them when this process ended before they were sent.
        """
        if not self.name:
            return
        self._held, self._held_until = self._shelf.take(self.name, self._sent), self._last_at + FLOW_S
        if self._held is not None and not self._is_watched:
            self._is_watched = True
            self._watch(self)

    def _send_with_held(self, frame: bytes) -> bool:
        """Sends what is held back, and this. The shelf has it until it is sent: the process may end here."""
        if self._held is None:
            return self.send(b"", frame) if frame else True
        went_well = self.send(b"", self._held.read() + frame)
        self._held.give_back()
        self._held = None
        return went_well

    def _send_at_once(self, data: bytes) -> None:
        if self._socket.send(data, AT_ONCE) < len(data):
            raise BlockingIOError("The client does not read")


def _identifier(client: socket.socket) -> Callable[[], object]:
    """Makes what tells sockets apart. Linux numbers them, which costs each reply half of what their facts would."""
    ask = functools.partial(client.getsockopt, socket.SOL_SOCKET, SO_COOKIE, 8)
    try:
        return ask if sys.platform == "linux" and ask() else functools.partial(identity, client.fileno())
    except OSError:
        return functools.partial(identity, client.fileno())
