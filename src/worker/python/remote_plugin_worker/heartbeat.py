"""Progress that tells of nothing but the time."""

from __future__ import annotations

import threading
import time

from .call import Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


class Heartbeat:
    """Reports the seconds that have gone by, again and again, until the code in its `with` has ended."""

    def __init__(self, call: Call, begin: Callable[[], None], interval: float) -> None:
        self._call = call
        self._begin = begin
        self._interval = interval
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._begin()
        self._thread.start()

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        began, told, base = time.monotonic(), "", ""
        while not self._over.wait(self._interval):
            message = self._call.message
            if message != told:
                base = message  # the plugin has said something new
            told = "{} ({:.1f}s)".format(base, time.monotonic() - began).lstrip()
            self._call.report(self._call.reported, told)
