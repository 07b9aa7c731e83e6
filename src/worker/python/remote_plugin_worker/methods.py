"""The plugin's own methods that hosts may call by their names: section 3 of docs/protocol.md."""

from __future__ import annotations

import functools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Container

# What every class has, and what classes of the original are told to derive from.
NOT_OWN = ("builtins", "abc", "typing", "cjm_plugin_system", "cjm_substrate")
DECORATED = (staticmethod, classmethod)


def public_methods(kind: type, reserved: Container[str]) -> frozenset[str]:
    """The names of the methods of a class that have no underscore in front and no endpoint of their own. Nothing is run to find them."""
    found: dict[str, bool] = {}
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] not in NOT_OWN:
            for name, member in vars(base).items():
                found.setdefault(name, _is_method(member))
    return frozenset(name for name, is_method in found.items() if is_method and not name.startswith("_") and name not in reserved)


def _is_method(member: Any) -> bool:
    """Whether it is a function, whatever it is made with. A callable value of the class's is data."""
    if isinstance(member, functools.partialmethod):
        return True
    function = member.__func__ if isinstance(member, DECORATED) else member
    return callable(function) and not isinstance(function, type) and hasattr(type(function), "__get__")


def path_of(name: str) -> str:
    """A name as it stands in the path of a request."""
    return name if name.isascii() else "".join(map(_quoted, name))


def _quoted(character: str) -> str:
    return character if character.isascii() else "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
