"""The plugin's own methods that hosts may call by their names: section 3 of docs/protocol.md."""

from __future__ import annotations

import functools
import sys

from .library import LIBRARY, attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Container

ORIGINAL = ("cjm_plugin_system", "cjm_substrate")  # what classes of the original are told to derive from
DECORATED = (staticmethod, classmethod)
# What `encodeURIComponent` leaves as it is.
PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()")


def public_methods(kind: type, reserved: Container[str]) -> frozenset[str]:
    """The names of the methods of a class that have no underscore in front and no endpoint of their own. Nothing is run to find them."""
    found: dict[str, bool] = {}
    for base in kind.__mro__:
        if _is_own(base, kind):
            for name, member in vars(base).items():
                found.setdefault(name, _is_method(member))
    return frozenset(name for name, is_method in found.items() if is_method and _is_public(name) and name not in reserved)


def _is_public(name: str) -> bool:
    """Whether it has no underscore in front, and can stand in a path, from which URLs lose a part of one or two dots."""
    return name not in ("", ".", "..") and not name.startswith("_") and not any("\ud800" <= letter <= "\udfff" for letter in name)


def _is_own(base: type, kind: type) -> bool:
    """Whether a base is the plugin's own code, and not that of a library, of whose methods there may be a hundred."""
    top, own = (str(one.__module__).partition(".")[0] for one in (base, kind))
    if top == own or top in ORIGINAL:
        return top == own
    file = attribute(sys.modules.get(base.__module__), "__file__")
    return isinstance(file, str) and LIBRARY.is_foreign(file)


def _is_method(member: Any) -> bool:
    """Whether it is a function, whatever it is made with. A callable value of the class's is data."""
    if isinstance(member, functools.partialmethod):
        return True
    function = member.__func__ if isinstance(member, DECORATED) else member
    return callable(function) and not isinstance(function, type) and hasattr(type(function), "__get__")


def path_of(name: str) -> str:
    """A name as it stands in the path of a request: as `encodeURIComponent` writes it."""
    return "".join(map(_quoted, name))


def _quoted(character: str) -> str:
    return character if character in PLAIN else "".join(f"%{byte:02X}" for byte in character.encode())
