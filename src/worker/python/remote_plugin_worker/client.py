"""The other side of a connection, for whoever answers it."""

from __future__ import annotations

import functools
import sys
import threading

from .descriptors import DESCRIPTORS, identity
from .fast import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional

    from .shelf import Shelf, Slot

SO_COOKIE = 57  # of Linux; `socket` has no name for it
MAX_JOINED = 64 * 1024  # up to here a copy costs less than a second call of the system
AT_ONCE = getattr(socket, "MSG_DONTWAIT", 0)


class Client:
    """A connection's socket, which only the worker's own code may have closed."""

    def __init__(self, client: socket.socket, shelf: Shelf) -> None:
        self.lock = threading.Lock()  # for whoever sends
        self.name = b""  # of the connection, where the host would hear of what was held back on it
        self.may_wait = True  # for a client who does not read
        self._sent = 0  # bytes since the connection was upgraded
        self._shelf = shelf
        self._socket = client
        self._file = client.fileno()
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
                self._socket.sendall(head)
                self._socket.sendall(body)
        except OSError:
            DESCRIPTORS.need(self._file)
            return False
        self._sent += len(head) + len(body)
        return True

    def take_slot(self) -> Optional[Slot]:
        """A place for frames that are held back, where the host would hear of them when this process ended before they were sent."""
        return self._shelf.take(self.name, self._sent) if self.name else None

    def shut_down(self) -> None:
        """Ends the connection for both sides; whoever reads it finds out."""
        DESCRIPTORS.need(self._file)
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        """Ends the connection for this side."""
        DESCRIPTORS.need(self._file)
        DESCRIPTORS.let_go(self._file)
        self._socket.close()

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
