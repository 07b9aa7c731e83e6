"""Frames that are held back."""

from __future__ import annotations

import mmap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Union

    Body = Dict[str, Any]

SHELF_SLOTS = 32  # with more replies than this that hold frames back at once, further ones do not
SLOT_BYTES = 8192
SLOT_HEAD = 24


class Shelf:
    """Frames that are held back, in memory that the supervisor shares, which tells the host of them when this process has ended.

    A slot begins with three numbers: how many bytes of the connection were sent before, how long the connection's name is, and
    how many bytes of frames lie there. The last one is written last, for the process may end between any two instructions.
    """

    def __init__(self) -> None:
        self._free = list(range(SHELF_SLOTS))
        self._use(mmap.mmap(-1, SHELF_SLOTS * SLOT_BYTES))

    def _use(self, memory: Union[mmap.mmap, bytearray]) -> None:
        self.bytes = memory
        self.numbers = memoryview(memory).cast("Q")

    def take(self, connection: bytes, sent: int) -> Optional[Slot]:
        """A slot for the frames of a connection on which this many bytes have been sent; None when there is no free one."""
        try:
            return Slot(self, self._free.pop(), connection, sent)
        except IndexError:
            return None

    def put_back(self, slot: int) -> None:
        """Makes a slot free for the next one."""
        self._free.append(slot)

    def leave(self) -> None:
        """For a forked child, which has nothing to tell the host: what it writes here from now on nobody sees."""
        self._use(bytearray(SHELF_SLOTS * SLOT_BYTES))

    def list_held(self) -> list[Body]:
        """What lies here, as the farewell tells it."""
        found = []
        for start in range(0, SHELF_SLOTS * SLOT_BYTES, SLOT_BYTES):
            sent, name_bytes, frame_bytes = self.numbers[start // 8 : start // 8 + 3]
            if frame_bytes:
                name, data = start + SLOT_HEAD, start + SLOT_HEAD + name_bytes
                texts = (self.bytes[name:data], self.bytes[data : data + frame_bytes])
                connection, frames = (bytes(text).decode("utf-8", "replace") for text in texts)
                found.append({"connection": connection, "at": sent, "frames": frames})
        return found


class Slot:
    """The frames of one reply that are held back."""

    __slots__ = ("_shelf", "_number", "_length", "_first", "_filled", "_end")

    def __init__(self, shelf: Shelf, number: int, connection: bytes, sent: int) -> None:
        start = number * SLOT_BYTES
        self._shelf = shelf
        self._number = number
        self._length = start // 8 + 2
        self._first = self._filled = start + SLOT_HEAD + len(connection)
        self._end = start + SLOT_BYTES
        shelf.numbers[start // 8], shelf.numbers[start // 8 + 1] = sent, len(connection)
        shelf.bytes[start + SLOT_HEAD : self._first] = connection

    def add(self, frame: bytes) -> bool:
        """Keeps a frame, if it has room here."""
        end = self._filled + len(frame)
        if end > self._end:
            return False
        self._shelf.bytes[self._filled : end] = frame
        self._filled = end
        self._shelf.numbers[self._length] = end - self._first
        return True

    def read(self) -> bytes:
        """All frames that are kept."""
        return self._shelf.bytes[self._first : self._filled]

    def give_back(self) -> None:
        """They have been sent."""
        self._shelf.numbers[self._length] = 0
        self._shelf.put_back(self._number)
