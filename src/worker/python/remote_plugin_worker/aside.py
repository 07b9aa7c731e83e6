"""How the thread of a connection stands aside while the main thread reads in its place."""

from __future__ import annotations

import os
import select
import threading
import time

from .client import Client
from .descriptors import DESCRIPTORS
from .shelf import Shelf, Slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

STEP_UP = b"!"
FLUSH = b"f"
FLUSH_MS = 1


class Aside:
    """What a connection's own thread waits for meanwhile: to read again, a client that hangs up, and what is held back."""

    def __init__(self, client: Client, shelf: Shelf) -> None:
        self.is_taken = False  # whether the connection's own thread leaves it to the main thread to read
        self.name = b""  # of the connection, where the host would hear of what was held back on it
        self._client = client
        self._shelf = shelf
        self._lock = threading.Lock()
        self._pipe: tuple[int, ...] = ()

    def is_possible(self, may_open: bool) -> bool:
        """Makes what is needed, if that may be; tells whether it is there."""
        if self._pipe or not may_open:
            return bool(self._pipe)
        try:
            self._pipe = os.pipe()
        except OSError:
            return False  # no file descriptor is free
        DESCRIPTORS.keep(*self._pipe)
        return True

    def step_up(self) -> None:
        """Has the connection's own thread read again."""
        with self._lock:
            if self.is_taken:
                self.is_taken = False
                DESCRIPTORS.write(self._pipe[1], STEP_UP)

    def take_slot(self) -> Optional[Slot]:
        """A place for frames that are held back, where the host would hear of them when this process ended before they were sent."""
        return self._shelf.take(self.name, self._client.sent) if self.name else None

    def ask_to_flush(self) -> None:
        """Has the connection's own thread look after what the reply holds back."""
        DESCRIPTORS.write(self._pipe[1], FLUSH)

    def wait(self, hang_up: Callable[[], None], flush: Callable[[], bool]) -> None:
        """Waits until the connection's own thread is to read again."""
        events = select.poll()
        events.register(self._pipe[0], select.POLLIN)
        events.register(self._client, select.POLLRDHUP)
        holds = False
        while True:
            ready = self._poll(events, holds)
            if any(file == self._pipe[0] for file, _ in ready):
                if os.read(self._pipe[0], 1) == STEP_UP:
                    return
                holds = True
            elif ready:
                events.unregister(self._client)
                hang_up()
            else:
                holds = flush()

    def close(self) -> None:
        """The connection has ended."""
        DESCRIPTORS.close(*self._pipe)

    def _poll(self, events: Any, holds: bool) -> list[tuple[int, int]]:
        try:
            polled: list[tuple[int, int]] = events.poll(FLUSH_MS if holds else None)
            return polled
        except OSError:  # the plugin lets its process open no file any more, and the system looks at no more of them at a time
            if not holds:
                return [(self._pipe[0], select.POLLIN)]  # which is waited for by who reads it
            time.sleep(FLUSH_MS / 1000)
            return []
