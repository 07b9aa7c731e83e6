"""The exceptions that the worker's own modules raise, and what they stand for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]


class BadResult(Exception):
    """The plugin gave a value that no JSON carries."""


class Unsendable(TypeError):
    """Says what is wrong with a value that no JSON carries; the walk finds out where it is."""


class UnfitFile(Exception):
    """The path that a plugin gave cannot be handed over. The host would take that for the worker's own fault, and end it."""


class ScratchFull(OSError):
    """There is no place for a file."""

    category = "resource"
    retriable = True


class Refusal(Exception):
    """A request that is turned down before any plugin code runs."""

    def __init__(self, status: int, detail: str, closes: bool = False, extra: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.closes = closes
        self.extra = extra  # further lines of HTTP's head


class CallCancelled(BaseException):
    """Raised inside a cancelled call; no Exception, so that a plugin's `except Exception` does not stop it."""


class NotSupported(Exception):
    """The plugin has no such method."""


class NoSuchMethod(NotSupported):
    """The plugin has no method of the name by which one was called; `known` are those that it has."""

    def __init__(self, message: str, known: list[str]) -> None:
        super().__init__(message)
        self.known = known


class LoadFailed(Exception):
    """The plugin is not there; `body` says why."""

    def __init__(self, body: Body) -> None:
        super().__init__(body["message"])
        self.body = body


class BadStart(Exception):
    """The start line cannot be used."""


class CannotBind(BadStart):
    """The plugin cannot be held to its bounds here, and so it is not started."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The plugin cannot be held to its bounds here: {why}")
