"""Holds this process to bounds, and becomes another program: how the kernel holds the worker of a Deno plugin.

No module imports this one. start.py runs it in the place of main when it is told to.
"""

from __future__ import annotations

import os
import sys

from .decoding import decode_object
from .error_bodies import describe
from .errors import BadStart, CannotBind
from .grant import Grant
from .start_line import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn

STDOUT, LAST_STREAM = 1, 2


def main(find_others_by: Callable[[Callable[..., Any]], None]) -> NoReturn:
    """Becomes the program, or says in the place of its hello line why not."""
    _, _, told, program, *arguments = sys.argv
    try:
        _hold(_read(told), program)
        os.execv(program, [program, *arguments])
    except (BadStart, OSError) as error:
        say(STDOUT, {"error": describe(error, "", "bounds")})
        sys.exit(1)


def _read(told: str) -> Grant:
    with open(told, "rb") as file:
        return Grant(decode_object(file.read()), [], [])


def _hold(grant: Grant, program: str) -> None:
    try:
        from .holding import Holding
    except ImportError:
        raise CannotBind("the python3 that would bind it was built without its module _ctypes") from None
    grant.listens, grant.program = True, program
    Holding(grant, keep=LAST_STREAM).put_in_force()
