"""What calls print, told to hosts that want it: the lines of section 4 of docs/protocol.md."""

from __future__ import annotations

import sys
import threading
import time

from .call import CURRENT_CALL
from .conversions import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict

    from .call import Call

TAG, TAG_END = "\x1e", "\x1f"
MAX_LINE = 64 * 1024  # characters; what is longer is told in pieces

_is_taken = False


def follow(call: Call) -> None:
    """Has what a call prints told in its reply, besides going to the log."""
    global _is_taken
    if not _is_taken:
        _is_taken = True
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:  # whoever holds the stream already shall tell as well, so that it stays the same one
                stream.write = _telling(stream.write)  # type: ignore[method-assign]
    call.lines = Lines(call)


def _telling(write: Callable[[str], int]) -> Callable[[str], int]:
    def tell(text: str) -> int:
        call = CURRENT_CALL.get()
        if call is None or call.lines is None or not isinstance(text, str) or text[:1] == TAG:
            return write(text)
        return call.lines.write(text, write)

    return tell


class Lines:
    """What one call prints. Any code of the call may print, in several threads and tasks."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._tag = TAG + to_json({"call_id": call.key} if isinstance(call.key, str) else {}) + TAG_END
        self._begun: Dict[Callable[[str], int], str] = {}  # by the stream, of a line that has no end yet
        self._lock = threading.Lock()

    def write(self, text: str, write: Callable[[str], int]) -> int:
        """Takes what is printed to a stream, whose own `write` is given."""
        with self._lock:
            *lines, rest = (self._begun.get(write, "") + text).split("\n")
            if len(rest) > MAX_LINE:
                lines.append(rest)
                rest = ""
            self._begun[write] = rest
        for line in lines:
            self._tell(line, write)
        return len(text)

    def send(self, line: str, level: str = "") -> None:
        """Tells a line that is in the log already."""
        now = time.time()
        told: Dict[str, Any] = {"time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + ".%03dZ" % (now % 1 * 1000)}
        told.update(stream="stderr", text=line[:MAX_LINE])  # where it arrives, whichever it was printed to
        if level:
            told["level"] = level
        self._call.tell(told)

    def end(self) -> None:
        """Tells what has no end of a line."""
        with self._lock:
            rest, self._begun = self._begun, {}
        for write, line in rest.items():
            if line:
                self._tell(line, write)

    def _tell(self, line: str, write: Callable[[str], int]) -> None:
        self.send(line)  # first: whoever reads the log may take it that the host has been told
        write(self._tag + line + "\n")
