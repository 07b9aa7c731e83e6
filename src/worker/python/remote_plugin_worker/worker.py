"""The worker: it listens, and gives each connection a thread."""

from __future__ import annotations

import threading
import time

from .connection import Connection
from .descriptors import DESCRIPTORS
from .errors import BadStart
from .fast import socket
from .lanes import Lanes
from .listening import accept, listen_tcp, listen_unix
from .session import Session
from .shelf import Shelf
from .start_line import Start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, NoReturn

    Body = Dict[str, Any]

MAX_CONNECTIONS = 512


class Worker:
    """The listener, and the connections that it has accepted."""

    def __init__(self, start: Start, shelf: Shelf) -> None:
        self._lanes = Lanes(start)
        self._session = Session(start, self._lanes)
        self._shelf = shelf
        self._connections: set[Connection] = set()
        self._start = start

    def listen(self) -> Body:
        """Binds; gives the address for the hello line."""
        unix, tcp = self._start.unix, self._start.tcp
        try:
            if unix:
                self._listener = listen_unix(unix)
                return {"unix": unix}
            self._listener = listen_tcp(tcp)
        except (OSError, AttributeError) as error:
            raise BadStart(f'Cannot listen at "{unix or tcp}": {error}') from error
        pattern = "[{}]:{}" if ":" in tcp else "{}:{}"
        return {"tcp": pattern.format(tcp, self._listener.getsockname()[1])}

    def run(self) -> NoReturn:
        """Serves for good."""
        DESCRIPTORS.keep(self._listener.fileno())
        threading.Thread(target=self._accept_all, name="accept", daemon=True).start()
        self._lanes.run()

    def _accept_all(self) -> NoReturn:
        while True:
            DESCRIPTORS.check()
            try:
                client = accept(self._listener)
            except OSError:
                time.sleep(0.05)  # no file descriptor is free: one will be
                continue
            if len(self._connections) >= MAX_CONNECTIONS:
                client.close()
                continue
            self._meet(client)

    def _meet(self, client: socket.socket) -> None:
        connection = Connection(self._session, client, self._connections, self._shelf)
        self._connections.add(connection)
        try:
            if not self._start.unix:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=connection.serve, name="connection", daemon=True).start()
        except (OSError, RuntimeError):  # the client is gone, or the system has no thread left
            connection.close()
