"""What one call hands over as files: section 7 of docs/protocol.md."""

from __future__ import annotations

import io
import os
import sys

from .constants import BYTES_TYPE
from .conversions import is_pure_array
from .errors import UnfitFile
from .files import NPY_TYPE, Room, demand_frame, inline, media_type_of, plain_file, write_all
from .parts import FilePart, MemoryPart, array_views
from .private_folder import PrivateFolder, random_name, remove_all
from .scratch import Scratch, attempt
from .tables import PASSED_ON, cannot_be_written, form_of, has_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    from .parts import Part

    Body = Dict[str, Any]

INLINE_BYTES = 64 * 1024  # up to here base64 in the JSON takes less time than a file, says bench/payload_bench.ts


class Outbox:
    """What one call hands over as files: to a host that shares the scratch folders, inside the JSON to any other."""

    def __init__(self, scratch: Scratch, way: str) -> None:
        self.parts: list[Part] = []  # what goes behind the frame that is being made
        self._scratch = scratch if way and scratch.disk else None
        self._gives_parts = way == "parts" and self._scratch is not None
        self._own: set[str] = set()  # files that nobody but the worker has made, and that go when they have been sent
        self._disk = scratch.disk
        self._folders: dict[str, str] = {}
        self._kept: set[str] = set()
        self._own_folder = ""
        self._private: Optional[PrivateFolder] = None
        self._pending: set[str] = set()
        self._handed_over: set[str] = set()

    def takes(self, value: Any) -> bool:
        """Whether a value is handed over as bytes or as a file."""
        return isinstance(value, (bytes, bytearray, memoryview)) or self._is_array(value) or self._is_file(value) or has_form(value)

    def hand_over(self, value: Any) -> Body:
        """Gives what stands in the value's place."""
        if self._is_array(value):
            return self._hand_over_array(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            view = memoryview(value)
            view = view.cast("B") if view.c_contiguous else memoryview(view.tobytes())
            return self._hand_over_bytes(view)
        if self._is_own_path(value):
            return self._hand_over_file(plain_file(value, "is", self._own_folder))
        if has_form(value):
            return self._hand_over_form(value)
        return self._hand_over_temp_file(value)

    def folder(self) -> str:
        """The call's folder for files that the plugin writes itself."""
        if not self._own_folder:
            if not self._disk:
                self._private = PrivateFolder(_temporary_folder())
            self._own_folder = self._folder_in(self._private.path if self._private else self._disk)
        return self._own_folder

    def keep_folders(self) -> None:
        """For a frame behind which others come: the host removes a folder that it finds empty, and these are still in use."""
        for folder in self._folders.values():
            if folder not in self._kept:
                os.close(os.open(os.path.join(folder, ".open"), os.O_CREAT))
                self._kept.add(folder)

    def is_waiting(self) -> bool:
        """Whether something is handed over by a frame that has not been sent yet."""
        return bool(self._pending)

    def settle(self, delivered: bool) -> None:
        """What was handed over since the last time is the host's, if the host has got it."""
        if self._gives_parts:
            self.parts = []
            for path in self._pending & self._own:
                attempt(os.unlink, path)
        elif delivered:
            self._handed_over |= self._pending
        self._pending.clear()

    def close(self) -> None:
        """Removes what has not been handed over; the rest is the host's."""
        for folder in self._folders.values():
            remove_all(folder, self._handed_over)
        if self._private:
            self._private.close()

    @staticmethod
    def _is_array(value: Any) -> bool:
        numpy = sys.modules.get("numpy")
        if numpy is None or not isinstance(value, getattr(numpy, "ndarray", ())) or not is_pure_array(type(value)):
            return False
        return value.ndim > 0 and not value.dtype.hasobject

    def _is_file(self, value: Any) -> bool:
        return self._is_own_path(value) or hasattr(type(value), "to_temp_file")

    def _is_own_path(self, value: Any) -> bool:
        if not self._own_folder or not isinstance(value, os.PathLike):
            return False
        return (os.path.abspath(os.fsdecode(value)) + os.sep).startswith(self._own_folder + os.sep)

    def _hand_over_bytes(self, view: memoryview) -> Body:
        if self._scratch is None or view.nbytes <= INLINE_BYTES:
            return inline(view, BYTES_TYPE)
        if self._gives_parts:
            return self._part(MemoryPart((view,)), BYTES_TYPE)
        path = self._new_path(view.nbytes, ".bin")
        self._write(path, view.nbytes, lambda file: write_all(file, view))
        return self._reference(path, BYTES_TYPE)

    def _hand_over_array(self, array: Any) -> Body:
        from numpy.lib import format as npy

        if self._scratch is None or array.nbytes <= INLINE_BYTES:
            buffer = io.BytesIO()
            npy.write_array(buffer, array, allow_pickle=False)
            return inline(buffer.getbuffer(), NPY_TYPE)
        views = array_views(array) if self._gives_parts else ()
        if views:
            return self._part(MemoryPart(views), NPY_TYPE)
        path = self._new_path(array.nbytes, ".npy")
        self._write(path, array.nbytes, lambda file: npy.write_array(file, array, allow_pickle=False))
        return self._reference(path, NPY_TYPE)

    def _hand_over_form(self, value: Any) -> Body:
        form = form_of(value)
        try:
            if self._scratch is None or form.size <= INLINE_BYTES:
                buffer = io.BytesIO()
                form.write(buffer)
                return inline(buffer.getbuffer(), form.media_type)
            path = self._new_path(form.size, form.suffix)
            self._write(path, form.size, form.write)
        except PASSED_ON:
            raise
        except Exception as error:
            raise cannot_be_written(value, error) from error
        return self._reference(path, form.media_type)

    def _hand_over_temp_file(self, value: Any) -> Body:
        """Takes over the file that the object has written, wherever it is."""
        written = value.to_temp_file()
        if not isinstance(written, (str, os.PathLike)):
            raise UnfitFile(f'has a "to_temp_file" that gave no path, but a value of type "{type(written).__name__}"')
        from shutil import move

        source = plain_file(written, 'has a "to_temp_file" that gave')
        target = self._new_path(os.stat(source).st_size, os.path.splitext(source)[1])
        with Room(target):
            return self._hand_over_file(move(source, target))

    def _hand_over_file(self, path: str) -> Body:
        media_type = media_type_of(path)
        if path in self._handed_over or (path in self._pending and not self._gives_parts):
            path = self._copy(path)
        if self._scratch is None:
            demand_frame(os.stat(path).st_size)
            with open(path, "rb") as file:
                return inline(memoryview(file.read()), media_type)
        return self._reference(path, media_type)

    def _copy(self, path: str) -> str:
        """A file that has been handed over already is the host's, which may remove it while it keeps this one."""
        target = self._new_path(os.stat(path).st_size, os.path.splitext(path)[1])
        from shutil import copyfile

        with Room(target):
            return str(copyfile(path, target))

    def _reference(self, path: str, media_type: str) -> Body:
        self._pending.add(path)
        if self._gives_parts:
            return self._part(FilePart(path), media_type)
        return {"path": path, "size": os.stat(path).st_size, "media_type": media_type}

    def _part(self, part: Part, media_type: str) -> Body:
        self.parts.append(part)
        return {"part": len(self.parts) - 1, "size": part.size, "media_type": media_type}

    def _new_path(self, size: int, suffix: str) -> str:
        if self._scratch is None:
            return os.path.join(self.folder(), random_name() + suffix)
        path = os.path.join(self._folder_in(self._scratch.reserve(size)), random_name() + suffix)
        self._own.add(path)
        return path

    def _write(self, path: str, size: int, write: Callable[[io.FileIO], None]) -> None:
        """Makes a file: from a spare one, whose pages are there already, or a new one."""
        assert self._scratch is not None
        with Room(path), io.FileIO(path, "r+" if self._scratch.take_spare(size, path) else "x+") as file:
            write(file)
            file.truncate()

    def _folder_in(self, root: str) -> str:
        if root not in self._folders:
            folder = os.path.join(root, "out-" + random_name())
            os.mkdir(folder, 0o700)
            self._folders[root] = folder
        return self._folders[root]


def _temporary_folder() -> str:
    from tempfile import gettempdir

    return gettempdir()
