"""What an endpoint is."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional


METHOD_PATHS = ("call/", "stream/")  # before the name of a method


class Endpoint:
    """One endpoint: how it is asked for, and what answers it."""

    __slots__ = ("name", "verb", "is_call", "run", "answer", "method", "takes_arguments", "keeps_inputs")

    def __init__(
        self,
        name: str,
        verb: str,
        *,
        is_call: bool = False,
        run: Optional[Callable[..., Any]] = None,
        answer: Optional[Callable[..., Any]] = None,
        method: str = "",
    ) -> None:
        self.name = name
        self.verb = verb
        self.is_call = is_call  # whether it waits for a lane
        self.run = run  # runs the plugin's code: takes the plugin and the call
        self.answer = answer  # tells what the worker knows by itself: takes its answers and the body
        self.takes_arguments = name in ("execute", "execute_stream", "task") or name.startswith(METHOD_PATHS)
        self.keeps_inputs = name in ("initialize", "reconfigure")  # whether its files stay for as long as the worker
        self.method = method  # the plugin's own method that it stands for
