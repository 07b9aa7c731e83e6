"""Python's C code for JSON, without the module around it."""

from __future__ import annotations

import sys

from .fast import encode_basestring_ascii, make_encoder, make_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn, Optional

LARGEST_DOUBLE = int(sys.float_info.max)
LONG = 4096  # from here on it is quicker to look whether a text needs to be escaped than to escape it
BLOCK = 64 * 1024  # what is looked through 34 times stays in the processor's cache
ESCAPED = [*map(chr, range(32)), '"', "\\"]


def json_encoder(default: Callable[[Any], Any], nests: bool = True) -> Callable[[Any], str]:
    settings = (default, encode_basestring_ascii, None, ":", ",", False, False, False)
    try:
        flat = make_encoder(None, *settings)
    except TypeError:  # it is not there, or this Python wants it called in another way
        from json import JSONEncoder

        return JSONEncoder(default=default, allow_nan=False, separators=(",", ":")).encode
    if not nests:
        return lambda value: "".join(flat(value, 0))
    # What may hold itself needs an encoder of its own, which notes what it is in.
    return lambda value: "".join(make_encoder({}, *settings)(value, 0))


NOT_READ = (ValueError, StopIteration, SystemError)  # what the scanner raises, which does not always know what is wrong

_escape = encode_basestring_ascii or json_encoder(lambda value: value)


def text_to_json(text: str) -> str:
    """A text as JSON. Most long ones stay as they are. That a character is not in them is found out at the speed of memory."""
    if len(text) < LONG or not text.isascii():
        return _escape(text)
    for start in range(0, len(text), BLOCK):
        block = text[start : start + BLOCK]
        for character in ESCAPED:
            if character in block:
                return _escape(text)
    return f'"{text}"'


def no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class JsonRules:
    """How JSON is read, as `json` tells it the C that does so."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int = float, int
    parse_constant = staticmethod(no_constant)


def json_scanner() -> Optional[Callable[[str, int], tuple[Any, int]]]:
    """What reads the value that begins somewhere in a text, and tells where it ends; None where there is no such C."""
    try:
        return make_scanner(JsonRules())  # type: ignore[no-any-return]
    except (AttributeError, TypeError):  # the same
        return None


def json_decoder() -> Callable[[str], Any]:
    scan = json_scanner()
    if scan is None:
        return _decode_or_complain

    def decode(text: str) -> Any:
        try:
            value, end = scan(text, 0)
            if end == len(text):
                return value
        except NOT_READ:
            pass  # nor does it expect blanks around the text
        return _decode_or_complain(text)

    return decode


def _decode_or_complain(text: str) -> Any:
    from json import JSONDecoder

    return JSONDecoder(parse_constant=no_constant).decode(text)
