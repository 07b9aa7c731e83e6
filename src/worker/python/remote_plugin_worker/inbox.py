"""The calls that wait for a lane."""

from __future__ import annotations

import os
import select
import time

from .call import Call, Origin
from .descriptors import DESCRIPTORS
from .fast import SimpleQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

BRISK_S = 0.0001  # a caller who comes back within this time is worth staying awake for


class Inbox:
    """The calls that wait for a lane, first come, first served."""

    reads = False

    def __init__(self) -> None:
        self._calls: SimpleQueue[Call] = SimpleQueue()

    def put(self, call: Call) -> None:
        """Adds a call."""
        self._calls.put(call)

    def get(self) -> Call:
        """Waits for a call."""
        return self._calls.get()

    def served(self, call: Call) -> None:
        """The call has ended."""


class ReadingInbox(Inbox):
    """The inbox of a worker whose only lane is the main thread, which then can read requests by itself.

    A request that one thread reads for another costs two changes of threads, more than all the rest of a small call. So the
    connection whose call came last is the main thread's guest: the thread of that connection stands aside, and the main
    thread waits for both, the inbox and the guest's next request. As soon as a call comes by another way the guest is seen
    out, and its own thread reads again: what waits while the main thread runs plugin code is always read by somebody.
    """

    reads = True

    def __init__(self) -> None:
        super().__init__()
        self._guest: Optional[Origin] = None
        self._guest_file = -1
        self._ring, self._bell = _bell()
        self._ready = select.epoll()
        self._ready.register(self._bell, select.EPOLLIN)
        DESCRIPTORS.keep(self._ring, self._bell, self._ready.fileno())
        self._is_brisk = False

    @staticmethod
    def is_possible() -> bool:
        """Whether the system can tell a client that hangs up from one that sends more."""
        return hasattr(select, "epoll") and hasattr(select, "POLLRDHUP")

    def put(self, call: Call) -> None:
        super().put(call)
        if self._guest is not None:
            _ring(self._ring)

    def get(self) -> Call:
        while self._guest is not None:
            if any(file == self._bell for file, _ in self._wait()):
                break
            call = self._guest.take_call()
            if call is not None:
                return call
            self._see_out()
        self._see_out()
        return super().get()

    def _wait(self) -> list[tuple[int, int]]:
        """Waits for the bell or the guest; awake for a guest who comes back at once, for to wake takes longer than a small call."""
        end = time.perf_counter() + BRISK_S
        while self._is_brisk and time.perf_counter() < end:
            events = self._ready.poll(0)
            if events:
                return events
            os.sched_yield()  # whoever wants this processor has it
        begun = time.perf_counter()
        events = self._ready.poll()
        self._is_brisk = time.perf_counter() - begun < BRISK_S
        return events

    def served(self, call: Call) -> None:
        """Keeps the call's connection as the guest, when that has nobody else to read it and nothing else waits."""
        connection = call.origin
        assert connection is not None
        if not connection.is_aside:  # its own thread reads again, for the call was cancelled while it waited
            if connection is self._guest:
                self._see_out()
            return
        if connection is self._guest:
            return
        _silence(self._bell)
        self._guest, self._guest_file = connection, connection.fileno()
        self._ready.register(self._guest_file, select.EPOLLIN)
        if not self._calls.empty():  # whoever puts a call in rings when there is a guest, so that none can slip through
            self._see_out()

    def _see_out(self) -> None:
        guest, self._guest = self._guest, None
        if guest is not None:
            try:
                self._ready.unregister(self._guest_file)
            except OSError:
                pass  # the connection has been closed meanwhile
            guest.step_up()


def _bell() -> tuple[int, int]:
    """A pipe that wakes who waits for its second end: gives the end to ring with, and the other."""
    bell, ring = os.pipe()
    for end in (bell, ring):
        os.set_blocking(end, False)
    return ring, bell


def _ring(ring: int) -> None:
    try:
        DESCRIPTORS.write(ring, b"!")
    except BlockingIOError:
        pass  # it rings already, and loudly


def _silence(bell: int) -> None:
    try:
        os.read(bell, 65536)
    except BlockingIOError:
        pass  # it does not ring
