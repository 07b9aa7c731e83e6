"""What a plugin's methods take and give, as JSON Schema: section 3 of docs/protocol.md, `GET /signatures`.

It imports nothing of the plugin's: a hint that names numpy or pydantic can only exist when the plugin has imported them.
"""

from __future__ import annotations

import collections.abc as abc
import inspect
import typing

from .docstrings import read_docstring
from .hint_names import Schema, Scope
from .type_hints import GENERATORS, ITERABLES, UNKNOWN, Hints, array_of, is_plain


def describe_signatures(plugin: typing.Any, names: typing.Iterable[str], batches: bool) -> Schema:
    """The signatures of the plugin's `execute` and `execute_stream`, as their endpoints behave, and of the methods of these names."""
    execute, stream, batch = (getattr(plugin, name, None) for name in ("execute", "execute_stream", "execute_batch"))
    told: Schema = {}
    if batches and not callable(execute) and callable(batch):
        item = describe_batch(batch)
        told["execute"] = item
        if not callable(stream):
            told["execute_stream"] = {"chunk" if key == "result" else key: value for key, value in item.items()}
    if callable(execute):
        told["execute"] = _describe(execute, "result")
    if callable(stream):
        told["execute_stream"] = _describe(stream, "chunk", is_stream=True)
    elif callable(execute):  # then the stream is what `execute` gives
        told["execute_stream"] = _describe(execute, "chunk")
    found = [(name, getattr(plugin, name, None)) for name in names]
    methods = {name: _describe_method(method) for name, method in found if callable(method)}
    return dict(told, methods=methods) if methods else told


def _describe_method(method: typing.Callable[..., typing.Any]) -> Schema:
    """A method by its name: both of what it gives as a whole and of what it gives one by one, where it does that."""
    function = inspect.unwrap(method)
    told = _describe(method, "result")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        told["chunk"] = _describe(method, "chunk").get("chunk", UNKNOWN)
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


def describe_batch(method: typing.Callable[..., typing.Any]) -> Schema:
    """What each call takes and gives that `execute_batch` answers: an item of what it is given, and of what it gives."""
    told = _describe(method, "result")
    given = told.get("result", UNKNOWN)
    told["result"] = _definitions_of(given, given.get("items", UNKNOWN))
    items: Schema = next(iter(told.get("arguments", {}).get("properties", {}).values()), {})
    fields = _definitions_of(told.get("arguments", {}), _followed(items.get("items", {}), told.get("arguments", {})))
    told["arguments"] = fields if fields.get("type") == "object" else {"type": "object"}
    return told


def _followed(schema: Schema, holder: Schema) -> Schema:
    """What a reference leads to."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return holder.get("$defs", {}).get(name, schema) if name else schema


def _definitions_of(holder: Schema, part: Schema) -> Schema:
    """A part of a schema, with the definitions of the whole."""
    return dict(part, **({"$defs": holder["$defs"]} if "$defs" in holder else {})) if part else UNKNOWN


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
        if parameter.default is not parameter.empty and is_plain(parameter.default):
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
    return dict(array_of(inner), **({"$defs": item["$defs"]} if "$defs" in item else {}))
