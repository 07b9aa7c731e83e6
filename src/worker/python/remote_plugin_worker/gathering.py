"""Where calls wait that a lane gathers, to run them together."""

from __future__ import annotations

import time
from collections import deque

from .open_calls import OpenCalls
from .readiness import ONCE
from .waiting import Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Deque, Optional

    from .call import Call
    from .connection import Connection

LONGEST_S = 86_400.0  # what every wait takes


class Gathering(Waiting):
    """Lets a lane take calls while it has some already, each on a connection of its own."""

    def __init__(self, calls: OpenCalls, lanes: int) -> None:
        super().__init__(calls, lanes)
        self._first: Deque[Call] = deque()  # before those in the queue
        self._events |= ONCE  # a connection that a lane has is not told of again while the lane waits for others

    def take_by(self, until: float) -> Optional[Call]:
        """A further call, which has not begun; None when none has come by then."""
        while True:
            wait_s = min(max(0.0, until - time.monotonic()), LONGEST_S)
            call = self._queued_within(wait_s) if self._lanes is None else self._queued() or self._arrived(wait_s)
            if call is not None or not wait_s:
                return call

    def pass_over(self, call: Call) -> None:
        """A call that was taken has been cancelled before it began."""
        if not call.is_queued:  # otherwise whoever has cancelled it has its connection
            call.done.wait()
            call.connection.answered()
            self.go_on(call.connection)

    def go_on(self, connection: Connection) -> None:
        """One of several calls has been answered: what else has come on its connection waits its turn."""
        call = self._next_of(connection)
        if call is not None:
            self.put(call)

    def put_back(self, call: Call) -> None:
        """Lets a call that was taken too early wait before all others."""
        if self._enqueue(call):
            self._first.append(call)
            if self._idle:
                self._ring()

    def lend(self) -> None:
        """A lane begins with several calls: the front reads meanwhile what comes."""
        if self._registered:
            self._begin_to_tick()

    def _queued(self) -> Optional[Call]:
        try:
            return self._first.popleft()
        except IndexError:
            return super()._queued()

    def _queued_within(self, wait_s: float) -> Optional[Call]:
        from .fast import Empty

        try:
            return self._first.popleft() if self._first else self._queue.get(timeout=wait_s)
        except Empty:
            return None
