"""Descriptions in docstrings, in the styles of Google, numpy and Sphinx."""

from __future__ import annotations

import re
import textwrap
import typing

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
