"""Records of the plugin's `logging` that nobody else handles."""

from __future__ import annotations

import sys

from .call import CURRENT_CALL
from .conversions import to_json
from .library import LIBRARY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_tags_records = False


def take_over_logging() -> None:
    """Has records of `logging` that the plugin has no handler for tell their level and call, in front of what is printed anyway."""
    global _tags_records
    if _tags_records:
        return
    logging = LIBRARY.loaded("logging")
    if logging is None:
        return
    _tags_records = True

    class Handler(logging.Handler):  # type: ignore[misc, name-defined]
        def emit(self, record: Any) -> None:
            call = CURRENT_CALL.get()
            told = {"level": record.levelname.lower()}
            if call is not None and isinstance(call.key, str):
                told["call_id"] = call.key
            tag = "\x1e" + to_json(told) + "\x1f"
            try:
                lines = self.format(record).splitlines()
                sys.stderr.write("".join(tag + line + "\n" for line in lines))
                sys.stderr.flush()
                if call is not None and call.lines is not None:
                    for line in lines:
                        call.lines.send(line, told["level"])
            except Exception:
                self.handleError(record)

    logging.lastResort = Handler(logging.WARNING)
