"""Values that JSON does not know to such that it does."""

from __future__ import annotations

import os
import sys

from .errors import Unsendable
from .json_text import json_encoder
from .library import LIBRARY
from .original import own_wires

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, NoReturn, Optional

    Body = Dict[str, Any]


def _duration(value: Any) -> str:
    """A timedelta as ISO 8601 has it, in seconds: a day is not always 24 hours."""
    sign, value = ("-", -value) if value.days < 0 else ("", value)
    fraction = f".{value.microseconds:06d}" if value.microseconds else ""
    nanoseconds = getattr(value, "nanoseconds", 0)  # of one of pandas'
    if nanoseconds:
        fraction = f".{value.microseconds * 1000 + nanoseconds:09d}"
    return f"{sign}PT{value.days * 86400 + value.seconds}{fraction}S"


# A value of one of these classes can only exist when its module is loaded, so none of them has to be imported.
CONVERSIONS: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("enum", "Enum", lambda value: value.value),
    ("datetime", "date", lambda value: value.isoformat()),  # a datetime is a date
    ("datetime", "time", lambda value: value.isoformat()),
    ("datetime", "timedelta", _duration),
    ("pathlib", "PurePath", str),
    ("uuid", "UUID", str),
    ("decimal", "Decimal", str),
)


def _dataclass_to_dict(value: Any) -> Body:
    # Not by `dataclasses.fields`: a plugin may have a module of this name, which tells its own from class variables alone.
    fields = type(value).__dataclass_fields__.values()
    return {field.name: getattr(value, field.name) for field in fields if repr(field._field_type) == "_FIELD"}


def _attrs_to_dict(value: Any) -> Body:
    return {field.name: getattr(value, field.name) for field in type(value).__attrs_attrs__}


def _struct_to_dict(value: Any) -> Body:
    return {name: getattr(value, name) for name in type(value).__struct_fields__}


# How classes are told that say what their fields are, and how one of them gives them.
RECORDS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("__attrs_attrs__", _attrs_to_dict),
    ("__struct_fields__", _struct_to_dict),  # msgspec
    ("model_dump", lambda value: value.model_dump()),  # pydantic
    ("__fields_set__", lambda value: value.dict()),  # its first version
)


def _wire_type_to_dict(value: Any) -> Any:
    """What the original sends as `{"__wire__": kind, "data": ...}` is its data; the kind means something in Python alone."""
    for wire in own_wires():
        encoded = wire.wire_encode(value)
        if encoded is not value:
            return encoded["data"]
    return _dataclass_to_dict(value)


def _array_to_list(value: Any) -> Any:
    plain = value.tolist()
    return refuse(value) if type(plain) is type(value) else plain


def _find_numpy_converter(kind: type, numpy: Any) -> Optional[Callable[[Any], Any]]:
    """For numpy's own classes, whose `tolist()` drops units and names, and for those derived from its arrays."""
    if issubclass(kind, numpy.ndarray):
        return _numpy_array if is_pure_array(kind) else _refuse_array
    for name, convert in (("datetime64", str), ("timedelta64", _numpy_duration), ("void", _numpy_record)):
        if issubclass(kind, getattr(numpy, name)):
            return convert
    return None


def is_pure_array(kind: type) -> bool:
    """Whether an array of this class has nothing besides its elements: no mask, no unit."""
    module = kind.__module__
    return module.partition(".")[0] == "numpy" and not module.startswith("numpy.ma")


def _numpy_array(value: Any) -> Any:
    if value.dtype.kind not in "mMV":
        return _array_to_list(value)
    return list(value) if value.ndim else value[()]  # its elements are looked at one by one


def _numpy_record(value: Any) -> Any:
    names = value.dtype.names
    return value.tobytes() if names is None else {name: value[name] for name in names}


ISO_UNITS = {"Y": "P{}Y", "M": "P{}M", "W": "P{}W", "D": "P{}D", "h": "PT{}H", "m": "PT{}M", "s": "PT{}S"}
DECIMALS = {"ms": 3, "us": 6, "ns": 9, "ps": 12, "fs": 15, "as": 18}


def _numpy_duration(value: Any) -> str:
    """A timedelta64 as ISO 8601 has it, in its own unit."""
    unit, size = sys.modules["numpy"].datetime_data(value.dtype)
    if str(value) == "NaT":
        return "NaT"
    count = int(value.astype("int64")) * size
    sign = "-" if count < 0 else ""
    if unit in ISO_UNITS:
        return sign + ISO_UNITS[unit].format(abs(count))
    if unit not in DECIMALS:
        raise Unsendable('is of type "timedelta64" and has no unit')
    seconds, rest = divmod(abs(count), 10 ** DECIMALS[unit])
    return f"{sign}PT{seconds}.{rest:0{DECIMALS[unit]}d}S"


def refuse(value: Any) -> NoReturn:
    raise Unsendable(f'is of type "{type(value).__name__}", which JSON cannot carry')


def _refuse_array(value: Any) -> NoReturn:
    advice = "Return numpy.asarray() of it, and beside it what it says besides: a mask, a unit"
    raise Unsendable(f'is of type "{type(value).__name__}", which says more than its numbers. {advice}')


# Libraries of tables.
TABLE_LIBRARIES = ("pandas", "polars", "pyarrow")


def _refuse_table(value: Any) -> NoReturn:
    advice = (
        "Return what it holds by its tolist(), to_dict() or str(), or as a numpy array, "
        "or write it to a file in self.scratch_folder(), for example as Arrow, and return its Path"
    )
    raise Unsendable(f'is of type "{type(value).__name__}", which JSON cannot carry. {advice}')


_converters: dict[type, Callable[[Any], Any]] = {}


def simplify(value: Any) -> Any:
    """Turns a value into what `json` knows, one level deep: `json` and the walk come back for the rest."""
    kind = type(value)
    convert = _converters.get(kind)
    if convert is None:
        convert = _converters[kind] = _find_converter(kind)
    return convert(value)


def _find_converter(kind: type) -> Callable[[Any], Any]:
    for module, name, convert in CONVERSIONS:
        base = getattr(LIBRARY.loaded(module), name, None)
        if base is not None and issubclass(kind, base):
            return convert
    if hasattr(kind, "__dataclass_fields__"):
        return _wire_type_to_dict if own_wires() else _dataclass_to_dict
    if issubclass(kind, (set, frozenset)):
        return list
    return _find_array_converter(kind) or next((convert for mark, convert in RECORDS if hasattr(kind, mark)), refuse)


def _find_array_converter(kind: type) -> Optional[Callable[[Any], Any]]:
    numpy: Any = sys.modules.get("numpy")
    own = _find_numpy_converter(kind, numpy) if hasattr(numpy, "ndarray") else None
    if own is not None:
        return own
    if any(base.__module__.partition(".")[0] in TABLE_LIBRARIES for base in kind.__mro__):
        return _refuse_table
    # numpy's other scalars, and all who follow it
    return _array_to_list if hasattr(kind, "dtype") and hasattr(kind, "tolist") else None


def simplify_framed(value: Any) -> Any:
    """The same for a frame, in which some values travel as files: these have to be found by the walk, which knows their place."""
    kind = type(value)
    convert = _framed_converters.get(kind)
    if convert is None:
        convert = _framed_converters[kind] = refuse if _may_be_file(kind) else _find_converter(kind)
    return convert(value)


_framed_converters: dict[type, Callable[[Any], Any]] = {}


def _may_be_file(kind: type) -> bool:
    numpy = sys.modules.get("numpy")
    is_array = numpy is not None and issubclass(kind, getattr(numpy, "ndarray", ()))
    return is_array or issubclass(kind, os.PathLike) or hasattr(kind, "to_temp_file")


to_json = json_encoder(simplify)
