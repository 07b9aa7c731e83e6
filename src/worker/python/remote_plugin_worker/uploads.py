"""Requests with files, for a host that shares no folder with this worker: section 7 of docs/protocol.md."""

from __future__ import annotations

import os
import re

from .decoding import decode_object, put_at
from .descriptors import DESCRIPTORS
from .errors import ScratchFull
from .files import Room
from .framing import wrong
from .private_folder import random_name, remove_all
from .scratch import Scratch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

    from .framing import Framing

    Body = Dict[str, Any]

EXTENSION = re.compile(r"(\.[^/\\\0]{1,63})?")
MAX_DIGITS = 15  # of a length


class Inputs:
    """The files of one request, in a folder of their own."""

    def __init__(self, root: str) -> None:
        inputs = os.path.join(root, "in")
        os.makedirs(inputs, 0o700, exist_ok=True)
        self.folder = os.path.join(inputs, "in-" + random_name())
        os.mkdir(self.folder, 0o700)

    def close(self) -> None:
        """Removes them."""
        remove_all(self.folder, set())


class Upload:
    """A body that is JSON and files behind it, as it comes."""

    def __init__(self, framing: Framing, json_length: int, scratch: Scratch) -> None:
        self.body: Body = {}
        self.inputs: Optional[Inputs] = None
        self.is_done = False
        self._framing = framing
        self._scratch = scratch
        self._json = bytearray()
        self._json_length = json_length
        self._files: Optional[Files] = None

    def feed(self, data: bytes) -> bytes:
        """Takes what has come, and gives back what belongs to the next request."""
        rest = data
        while not self.is_done:
            piece, rest = self._framing.cut(rest)
            over = self._take(piece)
            has_all = self._files is not None and self._files.has_all
            if self._framing.is_open:
                self.is_done, rest = has_all, over
            elif over:
                raise wrong("more comes behind them")
            elif self._framing.has_ended:
                if not has_all:
                    raise wrong("the body ended before they did")
                self.is_done = True
            if not rest:
                break
        return rest

    def close(self) -> None:
        """Removes what has come."""
        if self._files is not None:
            self._files.close()
        if self.inputs is not None:
            self.inputs.close()

    def _take(self, piece: bytes) -> bytes:
        if self._files is None:
            missing = self._json_length - len(self._json)
            self._json += piece[:missing]
            piece = piece[missing:]
            if len(self._json) < self._json_length:
                return b""
            self._files = self._open()
        return self._files.feed(piece)

    def _open(self) -> Files:
        labelled = decode_object(self._json)
        self._json = bytearray()
        body, labels = labelled.get("body"), labelled.get("parts")
        if not isinstance(body, dict) or not isinstance(labels, list) or not all(map(_is_label, labels)):
            raise wrong('"body" is not an object, or "parts" not a list of what each part is')
        self.body = body
        self.inputs = Inputs(self._scratch.reserve(sum(label.get("size") or 0 for label in labels)))
        files = Files(self.inputs.folder, labels, self._scratch)
        for label, path in zip(labels, files.paths):
            put_at(body, label["at"], path)
        return files


def _is_label(label: Any) -> bool:
    if not isinstance(label, dict) or not str(label.get("at", "")).startswith("/") or not isinstance(label["at"], str):
        return False
    size, extension = label.get("size"), label.get("extension", "")
    if size is not None and (type(size) is not int or size < 0):
        return False
    return isinstance(extension, str) and EXTENSION.fullmatch(extension) is not None


class Files:
    """Cuts bytes into the files that they are, and writes them."""

    def __init__(self, folder: str, labels: list[Body], scratch: Scratch) -> None:
        self.paths = [os.path.join(folder, f"{at}{label.get('extension', '')}") for at, label in enumerate(labels)]
        self.has_all = False
        self._sizes: list[Optional[int]] = [label.get("size") for label in labels]
        self._room = scratch.room()
        self._at = -1
        self._left: Optional[int] = None  # of the file, or of its block; None where the length of a block comes next
        self._digits = b""
        self._file = -1
        self._go_on()

    def feed(self, data: bytes) -> bytes:
        """Takes what has come, and gives back what stands behind the last file."""
        rest = memoryview(data)
        while rest and not self.has_all:
            rest = self._next_length(rest) if self._left is None else self._write(rest)
        return bytes(rest)

    def close(self) -> None:
        """Writes no more."""
        if self._file >= 0:
            DESCRIPTORS.close(self._file)
            self._file = -1

    def _write(self, data: memoryview) -> memoryview:
        assert self._left is not None
        piece, rest = data[: self._left], data[self._left :]
        self._left -= len(piece)
        DESCRIPTORS.need(self._file)
        with Room(self.paths[self._at]):
            while piece:
                piece = piece[os.write(self._file, piece) :]
        if self._left == 0:
            if self._sizes[self._at] is None:
                self._left = None
            else:
                self._go_on()
        return rest

    def _next_length(self, data: memoryview) -> memoryview:
        text = self._digits + bytes(data[: MAX_DIGITS + 1])
        line, end, _ = text.partition(b"\n")
        if len(line) > MAX_DIGITS or not (line.isdigit() or not (line or end)):
            raise wrong("a block has no length")
        used = len(line) + len(end) - len(self._digits)
        self._digits = b"" if end else line
        if end:
            self._begin_block(int(line))
        return data[used:]

    def _begin_block(self, length: int) -> None:
        if length == 0:
            self._go_on()
            return
        if length > self._room:
            raise ScratchFull("The files of the request do not fit into the worker's scratch quota")
        self._room -= length
        self._left = length

    def _go_on(self) -> None:
        """Opens the next file, behind those that are empty."""
        while True:
            self.close()
            self._at += 1
            self.has_all = self._at == len(self.paths)
            if self.has_all:
                return
            self._file = os.open(self.paths[self._at], os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
            DESCRIPTORS.keep(self._file)
            self._left = self._sizes[self._at]
            if self._left != 0:
                return
