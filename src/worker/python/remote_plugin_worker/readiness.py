"""How threads wait for sockets. Linux tells of many at once, and of a client that hangs up."""

from __future__ import annotations

import select

from .fast import socket

READABLE = 0x1  # the numbers of Linux's epoll
HANGS_UP = 0x2000
ONCE = 1 << 30
CHANGES = 1 << 31

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    Readiness = Union[select.epoll, "Selected"]

IS_SHARED = hasattr(select, "epoll")  # whether several threads can wait for the same sockets


def readiness() -> Readiness:
    """Makes what waits for sockets."""
    return select.epoll() if IS_SHARED else Selected()


class Selected:
    """What waits for sockets on other systems: for one thread, which is told of what others change by a socket of its own."""

    def __init__(self) -> None:
        self._files: dict[int, int] = {}

    def register(self, file: int, events: int) -> None:
        """Watches for these events."""
        self._files[file] = events

    modify = register

    def unregister(self, file: int) -> None:
        """Watches no more."""
        self._files.pop(file, None)

    def poll(self, timeout: float = -1, most: int = -1) -> list[tuple[int, int]]:
        """Waits for this many seconds, or for good."""
        files = [file for file, events in list(self._files.items()) if events]
        try:
            ready = select.select(files, [], [], None if timeout < 0 else timeout)[0]
        except (OSError, ValueError):  # one has been closed meanwhile
            return []
        return [event for event in map(self._event, ready) if event[1]]

    def _event(self, file: int) -> tuple[int, int]:
        events = self._files.get(file, 0)
        if events & READABLE or not events:
            return file, events & READABLE
        self._files[file] = 0  # something is there, be it more requests or the end: it tells of neither again
        return file, HANGS_UP if _is_at_end(file) else 0


def _is_at_end(file: int) -> bool:
    peeked: Any = socket.socket(fileno=file)
    try:
        return not peeked.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
    finally:
        peeked.detach()
