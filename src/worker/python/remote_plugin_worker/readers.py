"""Arguments that a plugin's hints call tables or pictures: the files that come for them are read. Section 7 of docs/protocol.md."""

from __future__ import annotations

import sys
import typing

from .hint_names import name_of
from .library import attribute
from .tables import ARROW_MAGIC, load_pyarrow
from .type_hints import MAPPINGS, SEQUENCES, Hints

Reader = typing.Callable[[typing.Any], typing.Any]
Readers = typing.Dict[str, Reader]


def find_readers(method: typing.Any) -> Readers:
    """What reads the arguments of a method, by their names."""
    function = _unwrapped(method)
    hints = attribute(function, "__annotations__") or {}
    scope = attribute(function, "__globals__") or {}
    found = {name: _reader(hint, scope) for name, hint in hints.items() if name != "return"}
    return {name: read for name, read in found.items() if read is not None}


def names_of(method: typing.Any) -> typing.Sequence[str]:
    """The names of the arguments that can be given by position."""
    code = attribute(_unwrapped(method), "__code__")
    names = () if code is None else code.co_varnames[: code.co_argcount]
    return names[1:] if hasattr(method, "__self__") else names


def _unwrapped(method: typing.Any) -> typing.Any:
    while hasattr(method, "__wrapped__"):
        method = method.__wrapped__
    return method


def read_arguments(
    readers: Readers,
    names: typing.Sequence[str],
    args: typing.Sequence[typing.Any],
    named: typing.Mapping[str, typing.Any],
) -> typing.Tuple[typing.List[typing.Any], typing.Dict[str, typing.Any]]:
    """The arguments of a call, with what is to be read in the place of paths."""
    values = [readers[name](value) if name in readers else value for name, value in zip(names, args)]
    others = {name: readers[name](value) if name in readers else value for name, value in named.items()}
    return values + list(args[len(values) :]), others


def _reader(hint: typing.Any, scope: typing.Mapping[str, typing.Any]) -> typing.Optional[Reader]:
    try:
        return _reader_of(Hints(gives=False).resolve(hint, scope), scope)
    except Exception:  # a hint that cannot be read says nothing
        return None


def _reader_of(hint: typing.Any, scope: typing.Mapping[str, typing.Any]) -> typing.Optional[Reader]:
    if hasattr(hint, "__metadata__"):  # typing.Annotated
        return _reader(hint.__origin__, scope)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is None:
        return _class_reader(hint) if isinstance(hint, type) else None
    if origin is typing.Union or name_of(origin) == "UnionType":
        return _union_reader(args, scope)
    if (origin in SEQUENCES and args) or (origin is tuple and args[1:] == (Ellipsis,)):
        return _each(_reader(args[0], scope))
    if origin in MAPPINGS and len(args) > 1:
        return _each_value(_reader(args[1], scope))
    return None


def _union_reader(args: typing.Sequence[typing.Any], scope: typing.Mapping[str, typing.Any]) -> typing.Optional[Reader]:
    """A text may be meant for one that takes texts as well."""
    found = [read for read in (_reader(arg, scope) for arg in args) if read is not None]
    takes_text = any(arg is str or hasattr(arg, "__fspath__") for arg in args)
    return found[0] if len(found) == 1 and not takes_text else None


def _each(read: typing.Optional[Reader]) -> typing.Optional[Reader]:
    return None if read is None else lambda value: [read(item) for item in value] if isinstance(value, list) else value


def _each_value(read: typing.Optional[Reader]) -> typing.Optional[Reader]:
    if read is None:
        return None
    return lambda value: {key: read(item) for key, item in value.items()} if isinstance(value, dict) else value


def _class_reader(kind: type) -> typing.Optional[Reader]:
    for library, name, read in READERS:
        if kind is getattr(sys.modules.get(library), name, None):
            return lambda value: read(value) if isinstance(value, str) else value
    return None


def _read_table(path: str) -> typing.Any:
    pyarrow = load_pyarrow()
    opened = pyarrow.ipc.open_file if _is_file_form(path) else pyarrow.ipc.open_stream
    try:
        return opened(pyarrow.memory_map(path)).read_all()
    except Exception as error:  # OSError as well, by where the file is broken
        raise _no_arrow(path, error) from error


def _read_frame(path: str) -> typing.Any:
    return _read_table(path).to_pandas()


def _read_batch(path: str) -> typing.Any:
    table = _read_table(path).combine_chunks()
    batches = table.to_batches()
    return batches[0] if batches else sys.modules["pyarrow"].RecordBatch.from_pylist([], schema=table.schema)


def _read_polars(path: str) -> typing.Any:
    polars = sys.modules["polars"]
    read = polars.read_ipc if _is_file_form(path) else polars.read_ipc_stream
    panic = getattr(polars.exceptions, "PanicException", polars.exceptions.ComputeError)
    with open(path, "rb") as file:  # by its path polars would map it
        try:
            return read(file)
        except (Exception, panic) as error:
            raise _no_arrow(path, error) from error


def _read_picture(path: str) -> typing.Any:
    picture = sys.modules["PIL.Image"].open(path)
    picture.load()  # the file is gone when the call has ended
    return picture


def _is_file_form(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(len(ARROW_MAGIC)) == ARROW_MAGIC


def _no_arrow(path: str, error: BaseException) -> ValueError:
    if _is_file_form(path):
        return ValueError(f'"{path}" is an Arrow file that cannot be read: {type(error).__name__}: {error}')
    return ValueError(f'"{path}" is no Arrow file, as which a table is wanted: {error}')


READERS: typing.Tuple[typing.Tuple[str, str, Reader], ...] = (
    ("pandas", "DataFrame", _read_frame),
    ("pyarrow", "Table", _read_table),
    ("pyarrow", "RecordBatch", _read_batch),
    ("polars", "DataFrame", _read_polars),
    ("PIL.Image", "Image", _read_picture),
)
