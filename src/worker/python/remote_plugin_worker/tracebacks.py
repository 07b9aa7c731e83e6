"""Texts about exceptions."""

from __future__ import annotations

from .constants import MOST_CHARACTERS, OWN_FILES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Callable, Optional


def text_of(error: BaseException, read: Callable[[BaseException], str]) -> str:
    try:
        return shortened(read(error))
    except Exception:
        return f"<{type(error).__name__} that cannot be printed>"


def shortened(text: str) -> str:
    """A text of which a frame has room for several."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}… ({len(text)} characters)"


def traceback_of(error: BaseException) -> str:
    """The traceback without the worker's own frames at its top: the plugin's code is what a reader looks for."""
    try:
        from traceback import format_exception

        lines = format_exception(type(error), error, plugins_part(error))
        return shortened("".join(lines).rstrip("\n"))
    except Exception:
        return ""


def plugins_part(error: BaseException) -> Optional[TracebackType]:
    """What an exception has gone through below the worker's own modules."""
    entry = error.__traceback__
    while entry is not None and entry.tb_frame.f_code.co_filename.startswith(OWN_FILES):
        entry = entry.tb_next
    return entry
