"""The slow way through a value that JSON refuses: it knows where in it it is."""

from __future__ import annotations

from .conversions import simplify, to_json
from .errors import BadResult, UnfitFile, Unsendable
from .json_text import LARGEST_DOUBLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Union

    from .outbox import Outbox

    Body = Dict[str, Any]


class Walk:
    """Goes through a value that `json` refused and copies it in a form that `json` takes."""

    def __init__(self, what: str, types: Optional[Body], outbox: Optional[Callable[[], Outbox]] = None) -> None:
        self.what = what
        self.types = types
        self.outbox = outbox
        self.path: list[Union[str, int]] = []
        self.open: set[int] = set()

    def visit(self, value: Any) -> Any:
        if value is None or isinstance(value, (str, bool)):
            return value
        if isinstance(value, int):
            return self._integer(value)
        if isinstance(value, float):
            return value if value - value == 0 else self._non_finite(value)
        if id(value) in self.open:
            raise self._bad("is part of itself (a cycle)")
        self.open.add(id(value))
        plain = self._inside(value)
        self.open.remove(id(value))
        return plain

    def _inside(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self._dict(value)
        if isinstance(value, (list, tuple)):
            return [self._member(index, item) for index, item in enumerate(value)]
        if self.outbox is not None and self.types is not None and self.outbox().takes(value):
            self.types[self._pointer()] = "file"
            try:
                return self.outbox().hand_over(value)
            except UnfitFile as error:
                raise self._bad(str(error)) from None
        try:
            plain = simplify(value)
        except Unsendable as error:
            raise self._bad(str(error)) from None
        except Exception as error:  # of a property, or of a member that was never set
            raise self._bad(f'is of type "{type(value).__name__}" and cannot be read: {type(error).__name__}: {error}') from error
        return self.visit(plain)

    def _dict(self, value: dict[Any, Any]) -> Body:
        plain: Body = {}
        for key, item in value.items():
            name = self._key(key)
            if name in plain:
                raise self._bad(f"has two keys that are {to_json(name)} in JSON, one of them of type {type(key).__name__}")
            plain[name] = self._member(name, item)
        return plain

    def _member(self, key: Union[str, int], value: Any) -> Any:
        self.path.append(key)
        plain = self.visit(value)
        self.path.pop()
        return plain

    def _key(self, key: Any) -> str:
        if isinstance(key, str):
            return str.__str__(key)
        if key is None or isinstance(key, (int, float)):
            try:
                return to_json(key)
            except ValueError:
                raise self._bad("has a number as key that JSON cannot carry") from None
        raise self._bad(f'has a key of type "{type(key).__name__}", which JSON cannot carry')

    def _integer(self, value: int) -> int:
        if -LARGEST_DOUBLE <= value <= LARGEST_DOUBLE:
            return value
        raise self._bad("is an integer so large that other languages take it for infinite; return it as a string")

    def _non_finite(self, value: float) -> str:
        name = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        if self.types is None:
            raise self._bad(f"is {name}, which JSON cannot carry")
        self.types[self._pointer()] = "number"
        return name

    def _pointer(self) -> str:
        parts = (str(part).replace("~", "~0").replace("/", "~1") for part in self.path)
        return "".join("/" + part for part in parts)

    def _bad(self, problem: str) -> BadResult:
        return BadResult(f'The {self.what} at "{self._place()}" {problem}')

    def _place(self) -> str:
        place = "$"
        for part in self.path:
            plain = isinstance(part, str) and part.isidentifier()
            place += "." + str(part) if plain else "[" + to_json(part) + "]"
        return place
