"""The lines that the worker itself writes to the log."""

from __future__ import annotations

import sys


def log(message: str) -> None:
    """Writes one line to the log; the plugin may have put something else in the place of sys.stderr, or closed it."""
    try:
        print("remote-plugin worker: " + message, file=sys.__stderr__, flush=True)
    except (OSError, ValueError):
        pass
