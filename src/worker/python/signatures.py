"""What a plugin's methods take and give, as JSON Schema: section 3 of docs/protocol.md, `GET /signatures`.

It lies beside worker.py, which reads it when it is first asked: to compile it would cost every start some milliseconds.
It needs nothing but the standard library of Python 3.8 or later, and imports nothing of the plugin's: a hint that names
numpy or pydantic can only exist when the plugin has imported them.

    methods      signatures to the schemas of an endpoint
    hints        type hints to schemas
    names        hints that are text, as `from __future__ import annotations` makes them
    docstrings   descriptions, in the styles of Google, numpy and Sphinx
"""

from __future__ import annotations

import ast
import builtins
import collections.abc as abc
import dataclasses
import enum
import inspect
import json
import re
import sys
import textwrap
import typing

Schema = typing.Dict[str, typing.Any]
Scope = typing.Mapping[str, typing.Any]

BYTES = {"type": "string", "format": "binary"}
ARRAY = {"type": "string", "format": "binary", "contentMediaType": "application/x-npy"}
PATH = {"type": "string", "format": "path"}
UNKNOWN: Schema = {}

# --------------------------------------------------------------------------------------------------------- methods


def describe(plugin: typing.Any) -> Schema:
    """The signatures of the plugin's `execute` and `execute_stream`, as the endpoints of these names behave."""
    execute, stream = (getattr(plugin, name, None) for name in ("execute", "execute_stream"))
    told = {}
    if callable(execute):
        told["execute"] = _describe(execute, "result")
    if callable(stream):
        told["execute_stream"] = _describe(stream, "chunk", is_stream=True)
    elif callable(execute):  # then the stream is what `execute` gives
        told["execute_stream"] = _describe(execute, "chunk")
    return told


def _describe(method: typing.Callable[..., typing.Any], given: str, is_stream: bool = False) -> Schema:
    function = inspect.unwrap(method)
    scope: Scope = getattr(function, "__globals__", {})
    description, arguments, result = read_docstring(inspect.getdoc(method) or "")
    told: Schema = {"description": description} if description else {}
    try:
        signature = _signature(method)
    except (TypeError, ValueError):  # what C code defines need not have one
        return told
    told.update(_arguments(signature, scope, arguments))
    outcome, is_items = _outcome(signature.return_annotation, function, scope, is_stream)
    if result and outcome:
        outcome = dict(outcome, description=result)
    told[given] = _listed(outcome) if is_items and given == "result" else outcome
    return told


def _signature(method: typing.Callable[..., typing.Any]) -> inspect.Signature:
    try:
        return inspect.signature(method)
    except NameError:  # Python 3.14 evaluates hints only now, and some name what is imported for type checkers alone
        from annotationlib import Format  # type: ignore[import-not-found]

        return inspect.signature(method, annotation_format=Format.FORWARDREF)  # type: ignore[call-arg]


def _arguments(signature: inspect.Signature, scope: Scope, descriptions: typing.Mapping[str, str]) -> Schema:
    hints = Hints(gives=False)
    named: Schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    positional: Schema = {"type": "array", "prefixItems": [], "items": False}
    needed = 0
    for parameter in signature.parameters.values():
        schema = dict(hints.schema(parameter.annotation, scope))
        if parameter.name in descriptions:
            schema["description"] = descriptions[parameter.name]
        if parameter.default is not parameter.empty and _is_plain(parameter.default):
            schema["default"] = parameter.default
        if parameter.kind is parameter.VAR_KEYWORD:
            named["additionalProperties"] = schema or True
        elif parameter.kind is parameter.VAR_POSITIONAL:
            positional["items"] = schema or True
        elif parameter.kind is parameter.POSITIONAL_ONLY:
            positional["prefixItems"].append(schema)
            needed += parameter.default is parameter.empty
        else:
            named["properties"][parameter.name] = schema
            if parameter.default is parameter.empty:
                named["required"].append(parameter.name)
    told = {"arguments": dict(named, **hints.definitions())}
    if positional["prefixItems"] or positional["items"]:
        told["positional"] = dict(positional, minItems=needed, **hints.definitions())
    return told


def _outcome(hint: typing.Any, function: typing.Any, scope: Scope, is_stream: bool) -> typing.Tuple[Schema, bool]:
    """What a method gives: of a stream, and of a generator, it is each item."""
    hints = Hints(gives=True)
    hint = hints.resolve(hint, scope)
    if typing.get_origin(hint) in (abc.Awaitable, abc.Coroutine):
        hint = hints.resolve((typing.get_args(hint) or (typing.Any,))[-1], scope)
    origin = typing.get_origin(hint) or hint
    is_generator = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function) or origin in GENERATORS
    is_items = is_stream or is_generator
    if is_items:
        hint = (typing.get_args(hint) or (typing.Any,))[0] if origin in ITERABLES else typing.Any
    schema = hints.schema(hint, scope)
    return (dict(schema, **hints.definitions()) if schema else UNKNOWN), is_items


def _listed(item: Schema) -> Schema:
    """A list of items, whose definitions stay at the top."""
    inner = {key: value for key, value in item.items() if key != "$defs"}
    return dict(_array(inner), **({"$defs": item["$defs"]} if "$defs" in item else {}))


def _is_plain(value: typing.Any) -> bool:
    if not isinstance(value, (type(None), bool, int, float, str, list, dict)):
        return False
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


# ----------------------------------------------------------------------------------------------------------- hints

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
            elif _name_of(typing.get_origin(hint)) in ("Required", "NotRequired", "ReadOnly", "Final", "ClassVar"):
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
        if origin is typing.Union or _name_of(origin) == "UnionType":
            return self._union(args, scope)
        if _name_of(origin) == "Literal":
            return {"enum": list(args)}
        if origin is tuple:
            return self._tuple(args, scope)
        if origin in SEQUENCES:
            return _array(self.schema(args[0], scope) if args else UNKNOWN)
        if origin in SETS:
            return dict(_array(self.schema(args[0], scope) if args else UNKNOWN), uniqueItems=True)
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
            return _array(self.schema(args[0], scope))
        items = [self.schema(arg, scope) for arg in args if arg != ()]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items), "maxItems": len(items)}

    def _class(self, kind: typing.Any) -> Schema:
        if issubclass(kind, enum.Enum):
            values = [member.value for member in kind]
            return {"enum": values} if all(map(_is_plain, values)) else UNKNOWN
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


def _array(items: Schema) -> Schema:
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


def _name_of(origin: typing.Any) -> str:
    """The name of a special form of `typing`, or of what stands in for it in another module."""
    return getattr(origin, "_name", None) or getattr(origin, "__name__", None) or ""


# ----------------------------------------------------------------------------------------------------------- names

GENERICS = {name: getattr(typing, name.title()) for name in ("list", "dict", "set", "tuple", "type")}
GENERICS["frozenset"] = typing.FrozenSet


class Names(dict):  # type: ignore[type-arg]
    """A module's names. One that is imported for type checkers alone means nothing here."""

    def __missing__(self, name: str) -> typing.Any:
        return getattr(builtins, name, typing.Any)


class OldPython(ast.NodeTransformer):
    """Writes `int | None` and `list[int]` as a Python reads them that is older than they are."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        sides = ast.Tuple(elts=[self.visit(node.left), self.visit(node.right)], ctx=ast.Load())
        return ast.Subscript(value=ast.Name(id="__union__", ctx=ast.Load()), slice=_index(sides), ctx=ast.Load())

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id in GENERICS:
            node.value = ast.Name(id="__{}__".format(node.value.id), ctx=ast.Load())
        if _name_of_node(node.value) == "Literal":
            return node
        return self.generic_visit(node)


def _index(value: ast.expr) -> typing.Any:
    return value if sys.version_info >= (3, 9) else ast.Index(value=value)  # type: ignore[attr-defined]


def _name_of_node(node: ast.AST) -> str:
    return getattr(node, "id", None) or getattr(node, "attr", None) or ""


def evaluate(text: str, scope: Scope) -> typing.Any:
    """What a hint means that is text."""
    tree = ast.fix_missing_locations(OldPython().visit(ast.parse(text.strip(), mode="eval")))
    forms = {"__union__": typing.Union, **{"__{}__".format(name): form for name, form in GENERICS.items()}}
    return eval(compile(tree, "<hint>", "eval"), {"__builtins__": {}}, Names(scope, **forms))


# ------------------------------------------------------------------------------------------------------ docstrings

HEADINGS = {
    "args": "arguments",
    "arguments": "arguments",
    "parameters": "arguments",
    "params": "arguments",
    "keyword args": "arguments",
    "keyword arguments": "arguments",
    "other parameters": "arguments",
    "attributes": "arguments",
    "returns": "result",
    "return": "result",
    "yields": "result",
    "yield": "result",
}
SPHINX = re.compile(r"^:(param|parameter|arg|argument|key|keyword|ivar|returns?|yields?)\b\s*([^:]*):\s*(.*)$")
GOOGLE_ITEM = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s+(.*)$")
NUMPY_ITEM = re.compile(r"^\*{0,2}(\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$")


def read_docstring(text: str) -> typing.Tuple[str, typing.Dict[str, str], str]:
    """The description of what is done, of each argument, and of the result."""
    lines = text.expandtabs().split("\n")
    description: typing.List[str] = []
    arguments: typing.Dict[str, str] = {}
    result = ""
    at = 0
    while at < len(lines):
        kind, body, at = _section(lines, at)
        if kind == "arguments":
            arguments.update(_items(body))
        elif kind == "result":
            result = result or _result(body)
        elif kind == "field":
            name, value = _field_of(body)
            if name:
                arguments[name] = value
            else:
                result = result or value
        elif kind == "text":
            description.extend(body)
    return "\n".join(description).strip(), arguments, result


def _section(lines: typing.Sequence[str], at: int) -> typing.Tuple[str, typing.List[str], int]:
    """The next part of a docstring, and the line behind it."""
    line = lines[at]
    if SPHINX.match(line) or re.match(r"^:\w", line):
        end = _end_of_indented(lines, at + 1, skips_blank=False)
        return "field" if SPHINX.match(line) else "other", list(lines[at:end]), end
    is_underlined = at + 1 < len(lines) and re.match(r"^-{3,}\s*$", lines[at + 1]) is not None
    if is_underlined and line.strip():
        end = next((one for one in range(at + 2, len(lines) - 1) if re.match(r"^-{3,}\s*$", lines[one + 1])), len(lines))
        return HEADINGS.get(line.strip().lower(), "other"), list(lines[at + 2 : end]), end
    if re.match(r"^[A-Z][\w ]*:\s*$", line):
        end = _end_of_indented(lines, at + 1, skips_blank=True)
        if end > at + 1:
            return HEADINGS.get(line.strip()[:-1].lower(), "other"), list(lines[at + 1 : end]), end
    return "text", [line], at + 1


def _end_of_indented(lines: typing.Sequence[str], at: int, skips_blank: bool) -> int:
    end = at
    while at < len(lines) and (lines[at].startswith(" ") or (skips_blank and not lines[at].strip())):
        at += 1
        if lines[at - 1].strip():
            end = at
    return end


def _items(body: typing.Sequence[str]) -> typing.Iterator[typing.Tuple[str, str]]:
    """`name (type): text` as Google writes it, or `name : type` above an indented text as numpy does."""
    lines = textwrap.dedent("\n".join(body)).split("\n")
    names: typing.List[str] = []
    texts: typing.List[str] = []
    for line in [*lines, "end:"]:
        if not line.strip() or line.startswith(" "):
            texts.append(line.strip())
            continue
        for name in names:
            yield name, " ".join(filter(None, texts))
        names, text = _item_head(line)
        texts = [text]


def _item_head(line: str) -> typing.Tuple[typing.List[str], str]:
    """The names that an item is about, and what stands behind them on the same line."""
    google, numpy = GOOGLE_ITEM.match(line), NUMPY_ITEM.match(line)
    if google is not None and " :" not in line.partition(")")[0]:
        return [google.group(1)], google.group(2)
    return [name.strip(" *") for name in numpy.group(1).split(",")] if numpy else [], ""


def _result(body: typing.Sequence[str]) -> str:
    """The text of a section on the result, without the type in front of it."""
    lines = textwrap.dedent("\n".join(body)).strip("\n").split("\n")
    if len(lines) > 1 and not lines[0].startswith(" ") and all(line.startswith(" ") or not line for line in lines[1:]):
        first = lines[0]
        if ":" not in first.rstrip(":") or re.match(r"^\w+ : ", first):  # numpy: the type alone, or with a name
            return " ".join(line.strip() for line in lines[1:] if line.strip())
    text = " ".join(line.strip() for line in lines if line.strip())
    typed = re.match(r"^[\w.\[\], |]+:\s+(.*)$", text)
    return typed.group(1) if typed else text


def _field_of(body: typing.Sequence[str]) -> typing.Tuple[str, str]:
    match = SPHINX.match(body[0])
    assert match is not None
    kind, words, first = match.groups()
    text = " ".join(filter(None, [first.strip(), *(line.strip() for line in body[1:])]))
    is_result = kind.startswith(("return", "yield"))
    return ("" if is_result or not words.split() else words.split()[-1].strip("*")), text
