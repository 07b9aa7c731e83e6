"""Where connections wait for their next request, and calls for a lane.

A connection whose last request was a question waits at the front, a thread that runs no plugin code. One whose last request was
a call waits for the lanes: an idle lane reads it, runs what it reads, and answers, and no other thread has to be woken. While
all lanes run plugin code the front reads these connections as well, so that a question is answered and a call is in the queue.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque

from .bell import Bell
from .descriptors import DESCRIPTORS
from .fast import Empty, SimpleQueue
from .open_calls import OpenCalls
from .readiness import IS_SHARED, ONCE, READABLE, readiness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Deque, Optional

    from .call import Call
    from .client import Client
    from .connection import Connection


MOST_PAUSES = 5  # ticks with an idle lane after which there are none until the next call
STAY_AWAKE_S = 0.0001  # a client who comes back within this time is worth staying awake for
TAKEN_S = 0.00002  # a look at the sockets takes longer only if another process has had the processor meanwhile
ASLEEP_S = 0.1  # how long nobody stays awake then: it would take time from that process, and save none


class Waiting:
    """Connections that wait for their next request, and calls that wait for a lane."""

    def __init__(self, calls: OpenCalls, lanes: int) -> None:
        self.connections: dict[int, Connection] = {}
        self.front = readiness()
        self.bell = Bell()
        self.at_front: Deque[Connection] = deque()  # that are the front's from now on
        self.watched: Deque[Client] = deque()  # for whom something is held back, or was a moment ago
        self._calls = calls
        self._queue: SimpleQueue[Call] = SimpleQueue()
        self._lanes = readiness() if IS_SHARED else None
        self._lanes_bell = Bell() if IS_SHARED else None
        self._events = READABLE | (ONCE if lanes > 1 else 0)
        self._idle: set[int] = set()
        self._registered = 0
        self._may_stay_awake = lanes == 1 and IS_SHARED and len(os.sched_getaffinity(0)) > 1
        self._stays_awake = False
        self._may_again_at = 0.0
        self._is_lent = False  # whether the front is told of what the lanes would read
        self.is_ticking = False  # whether the front looks from time to time how long the lanes are busy
        self._latest: Optional[Call] = None  # that had begun when it looked last
        self._pauses = 0  # how often it has found an idle lane
        if self._lanes is not None and self._lanes_bell is not None:
            DESCRIPTORS.keep(self._lanes.fileno(), self.front.fileno())  # type: ignore[union-attr]
            self._lanes.register(self._lanes_bell.file, READABLE)
            self.front.register(self._lanes.fileno(), 0)  # type: ignore[union-attr]
        self.front.register(self.bell.file, READABLE)

    def take(self, connection: Optional[Connection]) -> Call:
        """For a lane: the next call, which has begun. First what else has come on the connection that the lane has answered last."""
        while True:
            call = self._next_of(connection) if connection is not None else self._queued() or self._arrived()
            connection = None
            if call is None:
                continue
            if self._calls.begin(call):
                if self._registered > call.connection.is_registered:
                    self._begin_to_tick()
                return call
            if not call.is_queued:  # it was cancelled in this very moment, and its connection is still this lane's
                call.done.wait()
                connection = call.connection
                connection.answered()

    def put(self, call: Call) -> None:
        """Lets a call wait for a lane."""
        if self._enqueue(call):
            self._queue.put(call)
            if self._idle:
                self._ring()

    def _enqueue(self, call: Call) -> bool:
        if self._calls.enqueue(call):
            return True
        call.done.wait()  # it was cancelled in this very moment
        call.connection.answered()
        self.give_to_front(call.connection)
        return False

    def give_to_front(self, connection: Connection) -> None:
        """Lets the front read a connection that this thread has claimed."""
        self.at_front.append(connection)
        self.bell.ring()

    def watch(self, client: Client) -> None:
        """Has the front look after what is held back for a client."""
        self.watched.append(client)
        self.bell.ring()

    def close(self, connection: Connection) -> None:
        """The connection that this thread has claimed has ended."""
        self.front.unregister(connection.file)
        if connection.is_registered and self._lanes is not None:
            self._registered -= 1
            self._lanes.unregister(connection.file)
        self.connections.pop(connection.file, None)
        connection.close()

    def lent(self) -> list[Connection]:
        """For the front: what the lanes would read if one were idle. The caller has claimed it."""
        found = []
        if not self._idle and self._lanes is not None and self._lanes_bell is not None:
            for file, _ in self._lanes.poll(0):
                if file == self._lanes_bell.file:  # a lane was woken by something else, and looks into the queue before it waits again
                    self._lanes_bell.silence()
                connection = self.connections.get(file)
                if connection is not None and self._take_from_lanes(connection):
                    found.append(connection)
        return found

    def tick(self) -> None:
        """For the front: has it told of what comes for the lanes when they are busy with what they were busy with at the last tick."""
        before, self._latest = self._latest, self._calls.latest
        self._pauses = self._pauses + 1 if self._idle else 0
        if self._pauses < MOST_PAUSES and (self._idle or before is not self._latest):
            return
        self.is_ticking = False  # first, for whoever begins a call sees to it that it is true
        if not self._idle:
            self._tell_front()

    def lend_again(self) -> None:
        """For the front, which has been told once."""
        self._is_lent = False
        if not self._idle and self._registered:
            self._tell_front()
        if self._idle and not self._queue.empty():
            self._ring()

    def _next_of(self, connection: Connection) -> Optional[Call]:
        call = connection.next_call()
        if call is None:
            self._let_go(connection)
        return call

    def _queued(self) -> Optional[Call]:
        if self._lanes is None:
            return self._queue.get()
        try:
            call = None if self._queue.empty() else self._queue.get_nowait()
        except Empty:
            return None  # another lane has been faster
        if call is not None and self._idle and not self._queue.empty():
            self._ring()  # whoever rang for that call may have woken nobody but this lane
        return call

    def _arrived(self, wait_s: Optional[float] = None) -> Optional[Call]:
        """Waits for a connection on which something comes, or for the bell; for this many seconds, or for good."""
        assert self._lanes is not None and self._lanes_bell is not None
        lane = threading.get_ident()
        self._idle.add(lane)
        try:
            if self._is_lent:
                self._is_lent = False
                self.front.modify(self._lanes.fileno(), 0)
            events = (self._poll() if wait_s is None else self._lanes.poll(wait_s, 1)) if self._queue.empty() else []
        finally:
            self._idle.discard(lane)
        for file, _ in events:
            if file == self._lanes_bell.file:
                self._lanes_bell.silence()
                return None
            connection = self.connections.get(file)
            if connection is not None and connection.claim():
                connection.read()
                return self._next_of(connection)
        return None

    def _poll(self) -> list[tuple[int, int]]:
        """Waits; awake for a client who comes back at once where another processor is free, for to wake takes longer than a small call."""
        assert self._lanes is not None
        if not self._may_stay_awake:
            return self._lanes.poll(-1, 1)
        begun = now = time.perf_counter()
        while self._stays_awake and now - begun < STAY_AWAKE_S:
            events = self._lanes.poll(0, 1)
            if events:
                return events
            os.sched_yield()  # whoever wants this processor has it
            before, now = now, time.perf_counter()
            if now - before > TAKEN_S:  # and somebody did
                self._stays_awake, self._may_again_at = False, now + ASLEEP_S
        begun = time.perf_counter()
        events = self._lanes.poll(-1, 1)
        now = time.perf_counter()
        self._stays_awake = now - begun < STAY_AWAKE_S and now > self._may_again_at
        return events

    def _let_go(self, connection: Connection) -> None:
        """Lets a connection wait for its next request."""
        if connection.is_over:
            self.close(connection)
        elif connection.asks or self._lanes is None:
            if connection.is_registered:
                self._lanes.modify(connection.file, 0)  # type: ignore[union-attr]
                connection.is_armed = False
            self.give_to_front(connection)
        else:
            connection.release()  # first, for whoever is told of it has to be able to claim it
            if self._events & ONCE or not connection.is_armed:
                self._arm(connection)

    def _arm(self, connection: Connection) -> None:
        assert self._lanes is not None
        if not connection.is_registered:
            connection.is_registered = connection.is_armed = True
            self._registered += 1
            self._lanes.register(connection.file, self._events)
        else:
            connection.is_armed = True
            self._lanes.modify(connection.file, self._events)

    def _take_from_lanes(self, connection: Connection) -> bool:
        assert self._lanes is not None
        if connection.claim():
            connection.is_armed = False
            self._lanes.modify(connection.file, 0)
            return True
        # A lane runs a call of its: what comes behind that has to wait, and must not tell the front again.
        self._lanes.modify(connection.file, 0)
        connection.is_armed = False  # after that, for the lane looks at it when it has let go of the connection
        if connection.claim():  # and has just ended it, when it still thought that it would be told
            connection.release()
            self._arm(connection)
        return False

    def _begin_to_tick(self) -> None:
        """Has the front look after the lanes, when none of them is idle and something may come of another connection than the call's.

        To have it told of that for each call would cost more than most calls.
        """
        if not self.is_ticking and not self._is_lent and not self._idle:
            self.is_ticking = True
            self.bell.ring()

    def _tell_front(self) -> None:
        assert self._lanes is not None
        self._is_lent = True
        self.front.modify(self._lanes.fileno(), READABLE | ONCE)

    def _ring(self) -> None:
        if self._lanes_bell is not None:
            self._lanes_bell.ring()
