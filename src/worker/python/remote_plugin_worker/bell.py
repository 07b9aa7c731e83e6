"""What wakes a thread that waits for sockets."""

from __future__ import annotations

import os

from .descriptors import DESCRIPTORS


class Bell:
    """What wakes a thread that waits for sockets."""

    def __init__(self) -> None:
        self.file, self._ring = os.pipe() if os.name == "posix" else self._sockets()
        DESCRIPTORS.keep(self.file, self._ring)
        if os.name == "posix":
            for end in (self.file, self._ring):
                os.set_blocking(end, False)

    def ring(self) -> None:
        """Wakes it."""
        try:
            self._write(b"!")
        except BlockingIOError:
            pass  # it rings already, and loudly

    def silence(self) -> None:
        """For who was woken."""
        try:
            self._read(65536)
        except BlockingIOError:
            pass  # it does not ring

    def _write(self, data: bytes) -> None:
        DESCRIPTORS.write(self._ring, data)

    def _read(self, most: int) -> None:
        os.read(self.file, most)

    def _sockets(self) -> tuple[int, int]:
        """Windows waits for nothing else than sockets."""
        import socket

        ends = socket.socketpair()
        for end in ends:
            end.setblocking(False)
        self._read, self._write = ends[0].recv, ends[1].send  # type: ignore[method-assign]
        return ends[0].fileno(), ends[1].fileno()
