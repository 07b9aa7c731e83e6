"""Values to JSON: section 6 of docs/protocol.md."""

from __future__ import annotations

from .constants import MAX_FRAME
from .conversions import refuse, simplify_framed, to_json
from .errors import BadResult
from .json_text import LARGEST_DOUBLE, LONG, json_encoder, text_to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    from .outbox import Outbox

    Body = Dict[str, Any]

_encode_framed = json_encoder(simplify_framed)
_encode_flat = json_encoder(refuse, nests=False)


def encode(value: Any, what: str = "result", types: Optional[Body] = None, outbox: Optional[Callable[[], Outbox]] = None) -> bytes:
    """Turns a plugin's value into JSON. What JSON lacks is named in `types`, and is a BadResult where that is None."""
    data = _encode_at_once(value, to_json if outbox is None else _encode_framed)
    if data is not None:
        return data
    from .walk import Walk

    try:
        return to_json(Walk(what, types, outbox).visit(value)).encode("ascii")
    except RecursionError:
        raise BadResult(f'The {what} at "$" is nested too deeply for JSON') from None


def plain_result(value: Any) -> Optional[bytes]:
    """The last frame of a call whose result needs no more than JSON; None when it may."""
    text = _encode_at_once(value, _encode_framed)
    return None if text is None or len(text) > MAX_FRAME - MOST_AROUND else b"".join((b'{"result":', text, b"}\n"))


def _encode_at_once(value: Any, to_text: Callable[[Any], str]) -> Optional[bytes]:
    """Turns a value into JSON by C code alone; None when that cannot be done, which the walk finds the reason for."""
    try:
        text = _flat_to_json(value)
        if text is not None:
            return text.encode("ascii") if len(text) < len(HUGE_INTEGER) or not _has_huge_integer(value) else None
        data = to_text(value).encode("ascii")
        return None if _may_lack(value, data) else data
    except Exception:
        return None


# How a key ends in JSON that may have been something else than text.
ODD_KEYS = (*(b'%d"' % digit for digit in range(10)), b'"true"', b'"false"', b'"null"')
# The same where every digit is a zero, and the letters of those words, of which few other keys are made, are two.
SHAPES = bytes.maketrans(b"123456789ftanrulse", b'000000000"AAABBBBB')
NUMBER_AS_KEY, WORD_AS_KEY, HUGE_INTEGER = b'0":', b'"ABBB":', b"0" * 309
MOST_AROUND = 32  # bytes of a frame around its value
SCALARS = {str, int, float, bool, type(None)}
ARE_SCALARS = SCALARS.issuperset
ARE_TEXT = {str}.issuperset
MOST_FLAT = 32  # a mapping with more members is not looked through for the sake of a quick encoder


def _flat_to_json(value: Any) -> Optional[str]:
    """Writes a scalar, or a short mapping of texts to scalars; None for anything else.

    No two keys of such a mapping become one, it does not hold itself, and nothing in it is converted.
    """
    kind = type(value)
    if kind is str:
        return text_to_json(value)
    if kind in SCALARS:
        return _encode_flat(value)
    if kind is not dict or len(value) > MOST_FLAT:
        return None
    has_long = False
    for key, member in value.items():
        kind = type(member)
        if type(key) is not str or kind not in SCALARS:
            return None
        has_long = has_long or (kind is str and len(member) >= LONG)
    if has_long:
        return "{" + ",".join([text_to_json(key) + ":" + _scalar_to_json(member) for key, member in value.items()]) + "}"
    return _encode_flat(value)


def _scalar_to_json(value: Any) -> str:
    """Writes long texts on their own, which is quicker."""
    return text_to_json(value) if type(value) is str else _encode_flat(value)


def _has_huge_integer(flat: Any) -> bool:
    members = flat.values() if type(flat) is dict else (flat,)
    return any(type(member) is int and not -LARGEST_DOUBLE <= member <= LARGEST_DOUBLE for member in members)


def _may_lack(value: Any, text: bytes) -> bool:
    """Whether two keys may have become one in the text, or an integer may be in it that other readers take for infinite."""
    return (_has_odd_keys(value) or _looks_odd(text)) and not _is_clear(value)


def _has_odd_keys(value: Any) -> bool:
    """Whether a short mapping has keys of other types than text, such as texts that are equal to no other and read the same."""
    return type(value) is dict and len(value) <= MOST_FLAT and not ARE_TEXT(map(type, value))


def _looks_odd(text: bytes) -> bool:
    """Whether some key reads like a number or a word of JSON, or a number is too long.

    Few keys are looked at one by one, many at once, and no long number is sought where there are few digits: each is the quickest there.
    """
    looks_left = len(text) // 4096 + 4
    at = text.find(b":")
    while at >= 0 and looks_left:
        if text.endswith(ODD_KEYS, 0, at):
            return True
        looks_left -= 1
        at = text.find(b":", at + 1)
    if at < 0 and b"000" not in text[::100].translate(SHAPES):
        return False
    shapes = text.translate(SHAPES)
    return HUGE_INTEGER in shapes or (at >= 0 and (NUMBER_AS_KEY in shapes or WORD_AS_KEY in shapes))


def _is_clear(value: Any) -> bool:
    """Whether no mapping has keys of several kinds, and no integer is too large; of what is converted on its way nobody knows."""
    parts = [value]
    for part in parts:
        if isinstance(part, dict):
            kinds = set(map(type, part))
            if len(kinds) > 1 or not ARE_SCALARS(kinds):
                return False
            part = part.values()
        elif type(part) is int:
            if not -LARGEST_DOUBLE <= part <= LARGEST_DOUBLE:
                return False
            continue
        elif not isinstance(part, (list, tuple)):
            return False
        parts.extend(item for item in part if type(item) not in SCALARS or type(item) is int)
    return True
