"""Single files that are handed over, and what stands for bytes inside the JSON."""

from __future__ import annotations

import errno
import io
import os
import stat
from binascii import b2a_base64

from .constants import BYTES_TYPE, MAX_FRAME
from .errors import ScratchFull, UnfitFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Union

    Body = Dict[str, Any]

# No system moves more than 2 GiB less a page at once, and some refuse more.
MOST_AT_ONCE = 1 << 30

NPY_TYPE = "application/x-npy"


class Room:
    """Tells of a file system that is full while something is written to a path."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ScratchFull(f'The file system of "{os.path.dirname(self._path)}" is full') from error


def plain_file(given: Union[str, os.PathLike[str]], who: str, folder: str = "") -> str:
    """The path of a file that the host takes: a plain one with one name, to which no link in the folder leads."""
    path = os.path.abspath(os.fsdecode(given))
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        raise UnfitFile(f"{who} a path that is no text, {path!a}; only a file whose name is UTF-8 can be handed over") from None
    try:
        facts = os.lstat(path)
        kind = KINDS_OF_FILES.get(stat.S_IFMT(facts.st_mode), "something else than a file")
        if kind == "a file" and folder and _is_behind_link(path, folder):
            kind = "a file behind a link"
        if kind == "a file" and facts.st_nlink != 1:
            kind = f"a file with {facts.st_nlink} names"
        if kind == "a file":
            if stat.S_IMODE(facts.st_mode) != 0o600:
                os.chmod(path, 0o600)
            os.close(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC))
            return path
    except (OSError, ValueError) as error:
        raise UnfitFile(f'{who} the path "{path}", which cannot be opened: {error}') from None
    raise UnfitFile(f'{who} the path of {kind}, "{path}"; only a plain file can be handed over')


def _is_behind_link(path: str, folder: str) -> bool:
    """Whether a link in the folder leads to the path; nothing in it does to what lies there itself."""
    if os.path.dirname(path) == folder:
        return False
    return os.path.realpath(path) != os.path.join(os.path.realpath(folder), os.path.relpath(path, folder))


# What the type bits of a mode stand for.
KINDS_OF_FILES = {
    0o100000: "a file",
    0o040000: "a folder",
    0o120000: "a link",
    0o010000: "a fifo",
    0o140000: "a socket",
    0o020000: "a device",
    0o060000: "a device",
}


def write_all(file: io.FileIO, view: memoryview) -> None:
    while view:
        view = view[file.write(view[:MOST_AT_ONCE]) :]


def demand_frame(size: int) -> None:
    if size > MAX_FRAME // 4 * 3:
        raise UnfitFile(f"has {size} bytes, more than a frame carries; only a host that shares the worker's folders gets as many")


def inline(data: memoryview, media_type: str) -> Body:
    demand_frame(data.nbytes)
    return {"data": b2a_base64(data, newline=False).decode("ascii"), "size": data.nbytes, "media_type": media_type}


MEDIA_TYPES: dict[str, str] = {}  # by extension; `deno task embed` puts the table of src/protocol/media_types.ts here


def media_type_of(path: str) -> str:
    from mimetypes import guess_type

    guessed = MEDIA_TYPES.get(os.path.splitext(path)[1].lower()) or guess_type(path)[0]
    return guessed or BYTES_TYPE
