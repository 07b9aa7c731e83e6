"""JSON to the bodies of requests: section 6 of docs/protocol.md."""

from __future__ import annotations

from .conversions import to_json
from .errors import Refusal
from .json_text import NOT_READ, json_decoder, json_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Mapping, Optional, Union

    Body = Dict[str, Any]

NO_REVIVERS: Mapping[str, Callable[[Any, str], Any]] = {}
NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf"), "-0": -0.0}

_decode = json_decoder()
_scan = json_scanner()


def decode_object(text: Union[bytes, bytearray]) -> Body:
    """Reads a request's body; no body is an empty object."""
    try:
        body = _decode(text.decode("utf-8")) if text else {}
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"The body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Refusal(400, "The body is not a JSON object")
    return body


def read_plain_body(text: bytes) -> Optional[Body]:
    """Reads the body of a call with nothing but arguments; None when it is another one."""
    if _scan is None:
        return None
    try:
        json = text.decode("utf-8")
        body, end = _scan(json, 0)
    except (*NOT_READ, RecursionError):
        return None
    if end != len(json) or type(body) is not dict or len(body) != 2:
        return None
    return body if type(body.get("args")) is list and type(body.get("kwargs")) is dict else None


def restore_types(body: Body, revivers: Mapping[str, Callable[[Any, str], Any]] = NO_REVIVERS) -> None:
    """Gives the values that `types` names their types back, in place. A reviver makes those of a type that few bodies may have."""
    types = body.pop("types")
    if types is None:
        return
    if not isinstance(types, dict):
        raise Refusal(400, '"types" is not an object')
    for pointer, kind in types.items():
        revive = revivers.get(kind) if isinstance(kind, str) else None
        if kind != "number" and revive is None:
            raise Refusal(400, f'Unknown type {to_json(kind)} at "{pointer}"')
        try:
            holder, key = _find(body, pointer)
            holder[key] = NUMBERS[holder[key]] if revive is None else revive(holder[key], pointer)
        except (LookupError, TypeError):
            raise Refusal(400, f'"types" names "{pointer}", where no such {kind} is') from None


def put_at(body: Body, pointer: str, value: Any) -> None:
    """Puts a value into the place of another one."""
    try:
        holder, key = _find(body, pointer)
        holder[key]
        holder[key] = value
    except (LookupError, TypeError):
        raise Refusal(400, f'"parts" names "{pointer}", where nothing is', closes=True) from None


def _find(body: Body, pointer: str) -> tuple[Any, Any]:
    """What a pointer leads to, as what holds it and its key there."""
    root, *path = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/"))
    holder: Any = {root: body}
    key: Any = root
    for part in path:
        holder = holder[key]
        key = _member_key(holder, part)
    return holder, key


def _member_key(holder: Any, part: str) -> Union[str, int]:
    if isinstance(holder, dict):
        return part
    if isinstance(holder, list) and part.isdecimal():
        return int(part)
    raise LookupError(part)
