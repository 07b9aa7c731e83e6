"""Type hints to JSON Schema."""

from __future__ import annotations

import builtins
import collections.abc as abc
import dataclasses
import enum
import inspect
import json
import sys
import typing

from .docstrings import read_docstring
from .hint_names import Schema, Scope, evaluate, name_of

BYTES = {"type": "string", "format": "binary"}
ARRAY = {"type": "string", "format": "binary", "contentMediaType": "application/x-npy"}
TABLE = {"type": "string", "format": "binary", "contentMediaType": "application/vnd.apache.arrow.file"}
PICTURE = {"type": "string", "format": "binary", "contentMediaType": "image/png"}
PATH = {"type": "string", "format": "path"}
UNKNOWN: Schema = {}


GENERATORS = (abc.Generator, abc.AsyncGenerator)
ITERABLES = (*GENERATORS, abc.Iterator, abc.AsyncIterator, abc.Iterable, abc.AsyncIterable, abc.Sequence, abc.Collection, list, set, tuple)
SEQUENCES = (list, abc.Sequence, abc.MutableSequence, abc.Iterable, abc.Collection, abc.Iterator, *GENERATORS)
SETS = (set, frozenset, abc.Set, abc.MutableSet)
MAPPINGS = (dict, abc.Mapping, abc.MutableMapping)
# By the name of the class and of its module's top: none of them has to be imported for this.
KNOWN: typing.Mapping[typing.Tuple[str, str], Schema] = {
    ("builtins", "NoneType"): {"type": "null"},
    ("builtins", "bool"): {"type": "boolean"},
    ("builtins", "int"): {"type": "integer"},
    ("builtins", "float"): {"type": "number"},
    ("builtins", "str"): {"type": "string"},
    ("builtins", "bytes"): BYTES,
    ("builtins", "bytearray"): BYTES,
    ("builtins", "memoryview"): BYTES,
    ("builtins", "list"): {"type": "array"},
    ("builtins", "tuple"): {"type": "array"},
    ("builtins", "set"): {"type": "array", "uniqueItems": True},
    ("builtins", "frozenset"): {"type": "array", "uniqueItems": True},
    ("builtins", "dict"): {"type": "object"},
    ("pathlib", "PurePath"): PATH,
    ("os", "PathLike"): PATH,
    ("datetime", "datetime"): {"type": "string", "format": "date-time"},
    ("datetime", "date"): {"type": "string", "format": "date"},
    ("datetime", "time"): {"type": "string", "format": "time"},
    ("uuid", "UUID"): {"type": "string", "format": "uuid"},
    ("decimal", "Decimal"): {"type": "string"},
    ("numpy", "ndarray"): ARRAY,
    ("pandas", "DataFrame"): TABLE,
    ("pyarrow", "Table"): TABLE,
    ("pyarrow", "RecordBatch"): TABLE,
    ("polars", "DataFrame"): TABLE,
    ("PIL", "Image"): PICTURE,
    ("numpy", "bool_"): {"type": "boolean"},
    ("numpy", "bool"): {"type": "boolean"},
    ("numpy", "integer"): {"type": "integer"},
    ("numpy", "floating"): {"type": "number"},
    ("numpy", "str_"): {"type": "string"},
}


class Hints:
    """Makes schemas of type hints. Classes with fields are defined once, so that they may hold themselves."""

    def __init__(self, gives: bool) -> None:
        self._gives = gives  # whether the plugin makes the value: a dataclass that it gives has all of its fields
        self._definitions: typing.Dict[str, Schema] = {}
        self._names: typing.Dict[typing.Any, str] = {}

    def definitions(self) -> Schema:
        """The `$defs` that the schemas made so far refer to."""
        return {"$defs": dict(self._definitions)} if self._definitions else {}

    def schema(self, hint: typing.Any, scope: Scope) -> Schema:
        """The schema of a hint; one that says nothing, or cannot be read, allows everything."""
        try:
            return self._schema(self.resolve(hint, scope), scope)
        except Exception:
            return UNKNOWN

    def resolve(self, hint: typing.Any, scope: Scope) -> typing.Any:
        """What a hint means that is text, another's name, or dressed up."""
        while True:
            if isinstance(hint, typing.ForwardRef):
                hint = hint.__forward_arg__
            elif isinstance(hint, str):
                hint = evaluate(hint, scope)
            elif hasattr(hint, "__supertype__"):  # typing.NewType
                hint = hint.__supertype__
            elif type(hint).__name__ == "TypeAliasType":
                hint = hint.__value__
            elif name_of(typing.get_origin(hint)) in ("Required", "NotRequired", "ReadOnly", "Final", "ClassVar"):
                hint = typing.get_args(hint)[0]
            elif isinstance(hint, typing.TypeVar):
                hint = hint.__bound__ or typing.Any
            else:
                return hint

    def _schema(self, hint: typing.Any, scope: Scope) -> Schema:
        if hint in (inspect.Parameter.empty, typing.Any, object):
            return UNKNOWN
        if hint is None:
            return {"type": "null"}
        if hasattr(hint, "__metadata__"):  # typing.Annotated
            return self._annotated(hint, scope)
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin is None:
            return self._class(hint) if isinstance(hint, type) else UNKNOWN
        if origin is typing.Union or name_of(origin) == "UnionType":
            return self._union(args, scope)
        if name_of(origin) == "Literal":
            return {"enum": list(args)}
        if origin is tuple:
            return self._tuple(args, scope)
        if origin in SEQUENCES:
            return array_of(self.schema(args[0], scope) if args else UNKNOWN)
        if origin in SETS:
            return dict(array_of(self.schema(args[0], scope) if args else UNKNOWN), uniqueItems=True)
        if origin in MAPPINGS:
            values = self.schema(args[1], scope) if len(args) > 1 else UNKNOWN
            return {"type": "object", "additionalProperties": values or True}
        return self._class(origin) if isinstance(origin, type) else UNKNOWN

    def _annotated(self, hint: typing.Any, scope: Scope) -> Schema:
        schema = self.schema(hint.__origin__, scope)
        texts = [getattr(one, "documentation", one) for one in hint.__metadata__]
        text = next((text for text in texts if isinstance(text, str)), "")
        return dict(schema, description=text) if text else schema

    def _union(self, args: typing.Sequence[typing.Any], scope: Scope) -> Schema:
        options: typing.List[Schema] = []
        for arg in args:
            schema = self.schema(arg, scope)
            if schema == UNKNOWN:
                return UNKNOWN
            if schema not in options:
                options.append(schema)
        return options[0] if len(options) == 1 else {"anyOf": options}

    def _tuple(self, args: typing.Sequence[typing.Any], scope: Scope) -> Schema:
        if len(args) == 2 and args[1] is Ellipsis:
            return array_of(self.schema(args[0], scope))
        items = [self.schema(arg, scope) for arg in args if arg != ()]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items), "maxItems": len(items)}

    def _class(self, kind: typing.Any) -> Schema:
        if issubclass(kind, enum.Enum):
            values = [member.value for member in kind]
            return {"enum": values} if all(map(is_plain, values)) else UNKNOWN
        if issubclass(kind, tuple) and hasattr(kind, "_fields"):
            hints = getattr(kind, "__annotations__", {})
            return self._tuple([hints.get(field, typing.Any) for field in kind._fields], _module_of(kind))
        if hasattr(kind, "__total__") or dataclasses.is_dataclass(kind) or hasattr(kind, "model_json_schema"):
            return {"$ref": "#/$defs/" + self._define(kind)}
        if hasattr(kind, "to_temp_file"):
            return BYTES
        for base in kind.__mro__:
            known = KNOWN.get((base.__module__.partition(".")[0], base.__name__))
            if known is not None:
                return known
        return UNKNOWN

    def _define(self, kind: typing.Any) -> str:
        if kind in self._names:
            return self._names[kind]
        name, number = kind.__name__, 2
        while name in self._definitions:
            name, number = "{}{}".format(kind.__name__, number), number + 1
        self._names[kind] = name
        self._definitions[name] = UNKNOWN  # takes the name: its fields may lead back here
        if hasattr(kind, "model_json_schema"):  # a model of pydantic's, or of whoever follows it
            model = kind.model_json_schema()
            self._definitions.update(model.pop("$defs", {}))
            self._definitions[name] = model
        else:
            self._definitions[name] = self._record(kind)
        return name

    def _record(self, kind: typing.Any) -> Schema:
        """A TypedDict or a dataclass."""
        scope = dict(_module_of(kind), **vars(kind))
        if dataclasses.is_dataclass(kind):
            fields = {field.name: field.type for field in dataclasses.fields(kind)}
            required = [field.name for field in dataclasses.fields(kind) if self._gives or not _has_default(field)]
        else:
            fields = _annotations_of(kind)
            required = sorted(getattr(kind, "__required_keys__", fields if kind.__total__ else ()))
        schema: Schema = {"title": kind.__name__, "type": "object"}
        description, texts, _ = read_docstring(inspect.getdoc(kind) or "")
        if description and not description.startswith(kind.__name__ + "(") and inspect.getdoc(kind) != inspect.getdoc(dict):
            schema["description"] = description
        schema["properties"] = {name: self._field(name, hint, scope, texts) for name, hint in fields.items()}
        return dict(schema, required=required, additionalProperties=False)

    def _field(self, name: str, hint: typing.Any, scope: Scope, texts: typing.Mapping[str, str]) -> Schema:
        schema = self.schema(hint, scope)
        return dict(schema, description=texts[name]) if name in texts else schema


def array_of(items: Schema) -> Schema:
    return {"type": "array", "items": items} if items else {"type": "array"}


def _has_default(field: dataclasses.Field[typing.Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _annotations_of(kind: typing.Any) -> typing.Dict[str, typing.Any]:
    """A TypedDict's hints, those of its bases too."""
    hints: typing.Dict[str, typing.Any] = {}
    for base in [*getattr(kind, "__orig_bases__", ()), kind]:
        own = getattr(typing.get_origin(base) or base, "__annotations__", {})
        hints.update(own if isinstance(own, dict) else {})
    return hints


def _module_of(kind: typing.Any) -> typing.Dict[str, typing.Any]:
    return dict(vars(sys.modules.get(kind.__module__, builtins)))


def is_plain(value: typing.Any) -> bool:
    if not isinstance(value, (type(None), bool, int, float, str, list, dict)):
        return False
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
