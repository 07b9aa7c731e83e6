"""Files that go behind a frame: section 7 of docs/protocol.md."""

from __future__ import annotations

import errno
import io
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Sequence

PIECE = 1024 * 1024


class Part:
    """The bytes of one file."""

    size = 0

    def pieces(self) -> Iterator[memoryview]:
        """All of them, one piece after the other."""
        raise NotImplementedError


class MemoryPart(Part):
    """Bytes that the plugin has given."""

    def __init__(self, views: Sequence[memoryview]) -> None:
        self._views = views
        self.size = sum(view.nbytes for view in views)

    def pieces(self) -> Iterator[memoryview]:
        return iter(self._views)


class FilePart(Part):
    """A file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.size = os.stat(path).st_size

    def pieces(self) -> Iterator[memoryview]:
        left = self.size
        memory = memoryview(bytearray(min(PIECE, left)))
        with io.FileIO(self._path) as file:
            while left:
                count = file.readinto(memory[:left])
                if not count:
                    raise OSError(errno.EIO, "The file was cut while it was sent", self._path)
                left -= count
                yield memory[:count]


def array_views(array: Any) -> Sequence[memoryview]:
    """An array as the bytes of a `.npy` file, without a copy; none where they do not lie in one piece."""
    from numpy.lib import format as npy

    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        return ()
    header = io.BytesIO()
    try:
        npy.write_array_header_1_0(header, npy.header_data_from_array_1_0(array))
    except ValueError:  # a header that only later versions of the format have room for
        return ()
    in_order = array if array.flags.c_contiguous else array.T
    return header.getbuffer(), memoryview(in_order.reshape(-1).view("u1"))
