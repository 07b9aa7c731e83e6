"""The calls that have no end yet."""

from __future__ import annotations

import threading

from .call import Call
from .descriptors import DESCRIPTORS
from .errors import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    from .batch import Batch

    Body = Dict[str, Any]


NOTHING: Body = {}  # what a call that has ended was given


class OpenCalls:
    """The calls that run, and those that wait for a lane."""

    def __init__(self) -> None:
        self.latest = Call({})  # that has begun
        self._lock = threading.Lock()
        self._open: dict[object, Call] = {}
        self._finished = 0

    def open(self, call: Call) -> None:
        """From here on a call can be cancelled."""
        if self._open.setdefault(call.key, call) is not call:  # one step, which needs no lock
            DESCRIPTORS.check()  # a client whose connection the plugin has closed may ask once more, on another one
            raise Refusal(409, f'A call with the id "{call.key}" is still open')

    def has(self, key: object) -> bool:
        """Whether a call waits or runs."""
        with self._lock:
            return key in self._open

    def get(self, key: object) -> Optional[Call]:
        """The call that is open under an id."""
        return self._open.get(key)

    def begin(self, call: Call) -> bool:
        """The call is to run; tells whether it still may."""
        with self._lock:
            if call.ended:
                return False  # it was cancelled while it waited
            call.running = True
            self.latest = call
            return True

    def enqueue(self, call: Call) -> bool:
        """The call is to wait for a lane; tells whether it still may."""
        with self._lock:
            call.is_queued = not call.ended
            return call.is_queued

    def join(self, call: Call, batch: Batch) -> bool:
        """The call is to run with others; tells whether it still may."""
        with self._lock:
            if call.ended or call.cancelled:
                return False
            call.batch = batch
            call.running = True
            batch.calls.append(call)
            self.latest = call
            return True

    def begin_batch(self, batch: Batch) -> bool:
        """The batch is to run, without the calls that were cancelled meanwhile; tells whether any is left."""
        with self._lock:
            batch.calls = [call for call in batch.calls if not call.ended]
            batch.bodies = [call.body for call in batch.calls]
            batch.running = bool(batch.calls)
            return batch.running

    def progress(self) -> Body:
        """That of the call that began last."""
        return self.latest.progress()

    def close(self, call: Call) -> bool:
        """The plugin's code has ended; tells whether the call had not, as one that was cancelled in a batch has."""
        with self._lock:
            return not call.ended and self._close(call)

    def cancel(self, wanted: Callable[[Call], bool]) -> tuple[bool, list[Call], list[Call]]:
        """Marks the calls that are wanted. Gives whether there was any, which of them are closed now, and what has to be stopped.

        Closed are those that waited, and those of a batch, which goes on for as long as somebody wants something of it.
        """
        with self._lock:
            found = [call for call in list(self._open.values()) if wanted(call)]
            fresh = [call for call in found if not call.cancelled]
            for call in fresh:
                call.cancelled = True
            alone = [call for call in fresh if call.running and call.batch is None]
            batches = {call.batch for call in fresh if call.batch is not None}
            closed = [call for call in fresh if not call.running or call.batch is not None]
            for call in closed:
                call.is_given_up = call.batch is not None
                self._close(call)
            return bool(found), closed, alone + [batch for batch in batches if batch.running and batch.cancelled]

    def counts(self) -> tuple[int, int, int]:
        """How many calls run, wait, and have ended."""
        with self._lock:
            running = sum(call.running for call in list(self._open.values()))
            return running, len(self._open) - running, self._finished

    def only_running(self) -> Optional[Call]:
        """What runs, a call or a batch, if it is one alone."""
        if DESCRIPTORS.is_forked:
            return None  # there is one, but it is the parent's
        with self._lock:
            running = {call.batch or call for call in list(self._open.values()) if call.running}
        return running.pop() if len(running) == 1 else None

    def _close(self, call: Call) -> bool:
        """The plugin's code has ended, or never will begin."""
        call.ended = True
        call.running = False
        call.body = NOTHING
        del self._open[call.key]
        self._finished += 1
        return True
