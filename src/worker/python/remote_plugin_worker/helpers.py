"""The functions that the worker gives a plugin's object: they serve the call for which the plugin's code runs."""

from __future__ import annotations

import functools

from .call import CURRENT_CALL, Call
from .errors import CallCancelled
from .instance import Instance
from .open_calls import OpenCalls
from .tracebacks import shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from .heartbeat import Heartbeat


class Helpers:
    """What a plugin calls to report, to ask whether it is cancelled, and for a folder."""

    def __init__(self, instance: Instance, calls: OpenCalls) -> None:
        self._instance = instance
        self._calls = calls
        self._own_report = instance.method("report_progress")
        self._own_check = instance.method("check_cancel")

    def give(self) -> None:
        """Puts them into the plugin's object."""
        helpers = [("report_progress", self._report_progress), ("check_cancel", self._check_cancel)]
        if self._instance.attribute("scratch_folder", self) is self:  # the original has none, so a plugin's own is something else
            helpers.append(("scratch_folder", self._scratch_folder))
        if self._instance.method("heartbeat") is not None:
            helpers.append(("heartbeat", self._heartbeat))
        for name, function in helpers:
            self._instance.set(name, function)

    def _current_call(self) -> Optional[Call]:
        """The call for which this code runs; a thread that the plugin started works for the only one there is."""
        return CURRENT_CALL.get() or self._calls.only_running()

    def _report_progress(self, progress: float, message: str = "", *, item: Optional[int] = None) -> None:
        value = float(progress)
        call = self._current_call()
        if call is not None and item is not None:
            call = call.member(item)
        if call is not None:
            call.report(min(value, 1.0) if value >= 0 else -1.0, shortened(str(message)))
        if self._own_report is not None:
            self._own_report(progress, message)

    def _heartbeat(self, phase: str, *, interval: float = 0.5, progress: Optional[float] = None) -> Heartbeat:
        """What classes of the original do around code that reports nothing for long; theirs tells nobody but who asks."""
        from .heartbeat import Heartbeat

        call = self._current_call() or Call({})
        return Heartbeat(call, functools.partial(self._report_progress, 0.5 if progress is None else progress, phase), interval)

    def _scratch_folder(self, *, item: Optional[int] = None) -> Any:
        """The call's folder. A path in it that the plugin gives as a result is handed over as a file."""
        from pathlib import Path

        call = self._current_call()
        if call is not None and item is not None:
            call = call.member(item)
        if call is None or call.reply is None:
            what = "code that a call runs" if call is None else "one call: in execute_batch() say whose, by item"
            raise RuntimeError(f"scratch_folder() is for {what}")
        return Path(call.reply.outbox().folder())

    def _check_cancel(self) -> None:
        call = self._current_call()
        if call is None or not call.cancelled:
            return
        if self._own_check is not None:  # a plugin of the original may want to catch the exception that it knows
            self._instance.set("_cancel_requested", True)  # its own cancel() does so a moment later
            self._own_check()
        raise CallCancelled("The call was cancelled")
