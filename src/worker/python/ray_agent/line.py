"""What the host hears, on one connection after the other."""

from __future__ import annotations

import collections
import socket
import struct
import threading
import time

from .sockets import encoded, hang_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Deque, Dict, Optional, Tuple

    Message = Dict[str, Any]

SEND_S = 5  # how long a network may take nothing before the host has to come back
KEPT_BYTES = 1 << 20  # of what was printed while no host listened


class Line:
    """The connection that counts, and what has to be said on the next one."""

    def __init__(self, lease_s: float, greeting: Message) -> None:
        self._lease_s = lease_s
        self._facts = greeting
        self._lock = threading.Lock()
        self._holder: Optional[socket.socket] = None
        self._kept: Deque[Tuple[int, bytes]] = collections.deque()
        self._kept_bytes = 0
        self._count = 0
        self._deadline = 0.0
        self.is_done = threading.Event()
        self.heard()

    def heard(self) -> None:
        self._deadline = time.monotonic() + self._lease_s

    @property
    def left_s(self) -> float:
        """How long the host may be silent yet."""
        return max(0.0, self._deadline - time.monotonic())

    def hold(self, host: socket.socket, received: int) -> None:
        """Takes a connection in the place of the one before, on which somebody may be waiting to write."""
        before = self._holder
        if before is not None:
            hang_up(before)
        host.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_S, 0))
        with self._lock:
            self._holder = host
            self.heard()
            missed = [data for n, data in self._kept if n > received]
            self._write(encoded(dict(self._facts, first=self._count - len(missed) + 1)) + b"".join(missed))

    def release(self, host: socket.socket) -> None:
        with self._lock:
            if self._holder is host:
                self._holder = None

    def say(self, message: Message) -> None:
        with self._lock:
            self._write(encoded(message))

    def establish(self, fact: str, value: object) -> None:
        """Says what a host that comes back is told again."""
        with self._lock:
            self._facts[fact] = value
            self._write(encoded({fact: value}))

    def forward(self, stream: str, text: str) -> None:
        """Sends on what the worker printed, and keeps the last of it until the host has it."""
        with self._lock:
            self._count += 1
            data = encoded({"n": self._count, stream: text})
            self._kept.append((self._count, data))
            self._kept_bytes += len(data)
            while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
                self._kept_bytes -= len(self._kept.popleft()[1])
            self._write(data)

    def received(self, count: int) -> None:
        with self._lock:
            while self._kept and self._kept[0][0] <= count:
                self._kept_bytes -= len(self._kept.popleft()[1])

    def _write(self, data: bytes) -> None:
        if self._holder is None:
            return
        try:
            self._holder.sendall(data)
        except OSError:
            hang_up(self._holder)  # a part of a line may have been sent
            self._holder = None
