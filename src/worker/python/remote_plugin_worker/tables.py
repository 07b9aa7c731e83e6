"""Tables and pictures, which travel as files: section 7 of docs/protocol.md.

Nothing is imported to recognize them: a value of such a class can only exist when its library is loaded.
"""

from __future__ import annotations

import io
import os
import sys

from .errors import UnfitFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Callable, Optional

ARROW_TYPE = "application/vnd.apache.arrow.file"
ARROW_MAGIC = b"ARROW1"
PASSED_ON = (UnfitFile, OSError, MemoryError)  # what says all, or is not the value's fault


class Form:
    """A value as a file: about how long that is, and what writes it."""

    def __init__(
        self,
        size: int,
        write: Callable[[Any], Any],
        suffix: str = ".arrow",
        media_type: str = ARROW_TYPE,
    ) -> None:
        self.size = size
        self.write = write
        self.suffix = suffix
        self.media_type = media_type


def has_form(value: Any) -> bool:
    """Whether a value is a table or a picture."""
    kind = type(value)
    if kind not in _makers:
        _makers[kind] = _find_maker(kind)
    return _makers[kind] is not None


def form_of(value: Any) -> Form:
    """A table or a picture as a file."""
    make = _makers[type(value)]
    assert make is not None
    try:
        return make(value)
    except ImportError as error:
        raise UnfitFile(f'is of type "{type(value).__name__}", and {error}') from None
    except PASSED_ON:
        raise
    except Exception as error:  # each library has its own
        raise cannot_be_written(value, error) from error


def cannot_be_written(value: Any, error: Exception) -> UnfitFile:
    """What a library says of a value that its format cannot hold."""
    kind = type(value)
    what = "a PNG file" if kind.__module__.startswith("PIL.") else "an Arrow file"
    return UnfitFile(f'is of type "{kind.__name__}" and cannot be written as {what}: {type(error).__name__}: {error}')


def load_pyarrow() -> Any:
    """pyarrow, which a plugin need not have imported itself: pandas does that only where it finds it."""
    try:
        return sys.modules.get("pyarrow") or __import__("pyarrow")
    except ImportError:
        how = f'Install it in the plugin\'s environment: "{sys.executable} -m pip install pyarrow"'
        raise ImportError(f"a table of pandas travels as an Arrow file, which takes pyarrow. {how}") from None


def _frame_form(frame: Any) -> Form:
    return _table_form(load_pyarrow().Table.from_pandas(frame))


def _batch_form(batch: Any) -> Form:
    return _table_form(sys.modules["pyarrow"].Table.from_batches([batch]))


def _table_form(table: Any) -> Form:
    whole = table.unify_dictionaries()  # a file has one for each column

    def write(file: BinaryIO) -> None:
        with sys.modules["pyarrow"].ipc.new_file(file, whole.schema) as writer:
            writer.write_table(whole)

    return Form(whole.nbytes, write)


def _polars_form(frame: Any) -> Form:
    levels = getattr(sys.modules["polars"], "CompatLevel", None)  # others than the newest readers know only the oldest types
    options = {} if levels is None else {"compat_level": levels.oldest()}

    def write(file: BinaryIO) -> None:
        if not isinstance(file, io.FileIO):
            frame.write_ipc(file, **options)
            return
        frame.write_ipc(file.name, **options)
        file.seek(0, os.SEEK_END)

    return Form(frame.estimated_size(), write)


def _picture_form(picture: Any) -> Form:
    frames = getattr(picture, "n_frames", 1)
    if frames > 1:
        advice = "Save it in self.scratch_folder(), and return its Path"
        raise UnfitFile(f"is a picture of {frames} frames, and a PNG file has one. {advice}")
    buffer = io.BytesIO()
    # It says how a photograph is turned, and Pillow leaves it out. In what was made of an opened picture it may not be true any more.
    exif = picture.info.get("exif") if picture.format else None
    try:
        picture.save(buffer, "PNG", exif=exif)
    except OSError as error:
        advice = 'Return its convert("RGB"), or its numbers as a numpy array'
        raise UnfitFile(f'is a picture of the mode "{picture.mode}" that cannot be written as PNG: {error}. {advice}') from error
    data = buffer.getbuffer()
    return Form(data.nbytes, lambda file: file.write(data), ".png", "image/png")


def _refuse_derived(value: Any) -> Form:
    kind = type(value)
    base = next(base for base in kind.__mro__ if _is_known(base))
    advice = f"Return {base.__module__.partition('.')[0]}.{base.__name__}() of it, and beside it what it says besides"
    raise UnfitFile(f'is of type "{kind.__name__}", which may say more than the {base.__name__} that it is derived from. {advice}')


# Each with a member that it is used by: what has only the name, or is too old, is no table here.
KINDS: tuple[tuple[str, str, str, Callable[[Any], Form]], ...] = (
    ("pandas", "DataFrame", "columns", _frame_form),
    ("pyarrow", "Table", "unify_dictionaries", _table_form),
    ("pyarrow", "RecordBatch", "schema", _batch_form),
    ("polars", "DataFrame", "write_ipc", _polars_form),
    ("PIL.Image", "Image", "save", _picture_form),
)
_makers: dict[type, Optional[Callable[[Any], Form]]] = {}


def _find_maker(kind: type) -> Optional[Callable[[Any], Form]]:
    for library, name, member, make in KINDS:
        base = getattr(sys.modules.get(library), name, None)
        if isinstance(base, type) and issubclass(kind, base) and hasattr(base, member):
            return make if _top(kind.__module__) == _top(library) else _refuse_derived
    return None


def _is_known(kind: type) -> bool:
    return any(kind is getattr(sys.modules.get(library), name, None) for library, name, *_ in KINDS)


def _top(module: str) -> str:
    return module.partition(".")[0]
