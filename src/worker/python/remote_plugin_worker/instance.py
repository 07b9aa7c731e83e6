"""The plugin's object, whose class may do anything when it is asked for an attribute."""

from __future__ import annotations

from .library import attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional


class Instance:
    """The plugin's object."""

    def __init__(self, of: Any) -> None:
        self.of = of

    def attribute(self, name: str, missing: Any = None) -> Any:
        """An attribute, from wherever."""
        return attribute(self.of, name, missing)

    def method(self, name: str) -> Optional[Callable[..., Any]]:
        """A method; None when there is none."""
        method = attribute(self.of, name)
        return method if callable(method) else None

    def own(self, name: str) -> Any:
        """What the object has in an attribute of its own; a class can make up any other."""
        try:
            own = self.of.__dict__
        except Exception:
            return None
        return own.get(name) if isinstance(own, dict) else None

    def set(self, name: str, value: Any) -> None:
        """Gives the object an attribute. A class that takes none, or not this one, does without."""
        try:
            setattr(self.of, name, value)
        except Exception:
            pass
