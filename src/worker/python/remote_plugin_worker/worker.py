"""The worker: what it is made of."""

from __future__ import annotations

import threading

from .canceller import Canceller
from .descriptors import DESCRIPTORS
from .endpoints import offer_methods
from .fast import socket
from .front import Front
from .lanes import Lanes
from .open_calls import OpenCalls
from .plugin import Plugin
from .session import Session
from .shelf import Shelf
from .start_line import Start
from .waiting import Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, Optional

    from .batching import Batches
    from .gathering import Gathering


class Worker:
    """All that serves one plugin."""

    def __init__(self, start: Start, shelf: Shelf, listener: socket.socket) -> None:
        calls = OpenCalls()
        self.plugin = plugin = Plugin(start.plugin, calls, offer_methods)
        gathering = _gathering(start, calls)
        self._waiting = gathering or Waiting(calls, start.max_concurrency)
        canceller = Canceller(plugin, calls, self._waiting.give_to_front, start.cancel_grace_s)
        self._session = Session(start, plugin, calls, canceller, self._waiting.watch)
        self._lanes = Lanes(start.max_concurrency, plugin, calls, self._waiting)
        if gathering is not None:
            plugin.batches = True
            self._lanes.batches = _batches(start, plugin, calls, gathering)
        self._shelf = shelf
        self._listener = listener

    def run(self) -> NoReturn:
        """Serves for good."""
        DESCRIPTORS.keep(self._listener.fileno())
        front = Front(self._listener, self._session, self._waiting, self._shelf)
        threading.Thread(target=front.run, name="front", daemon=True).start()
        self._lanes.run()


def _gathering(start: Start, calls: OpenCalls) -> Optional[Gathering]:
    if start.batch is None:
        return None
    from .gathering import Gathering

    return Gathering(calls, start.max_concurrency)


def _batches(start: Start, plugin: Plugin, calls: OpenCalls, gathering: Gathering) -> Batches:
    from .batching import Batches

    return Batches(plugin, calls, gathering, start)
