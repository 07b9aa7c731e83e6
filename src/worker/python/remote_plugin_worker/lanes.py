"""The lanes: the threads that run plugin code, in the order in which calls have come. The first one is the main thread."""

from __future__ import annotations

import gc
import threading

from .call import CURRENT_CALL, Call
from .cancelling import MAIN_THREAD, SignalTarget, climb
from .descriptors import DESCRIPTORS
from .error_bodies import cancelled_body
from .inbox import Inbox, ReadingInbox
from .logs import log
from .open_calls import OpenCalls
from .plugin import Plugin
from .script_end import end_as_script
from .start_line import Start
from .tracebacks import traceback_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn, Optional


class Lanes:
    """Calls on their way to the plugin's code, and in it."""

    def __init__(self, start: Start) -> None:
        self.calls = OpenCalls()
        self.plugin = Plugin(start.plugin, self.calls)
        self.inbox = ReadingInbox() if start.max_concurrency == 1 and ReadingInbox.is_possible() else Inbox()
        self._count = start.max_concurrency
        self._grace_s = start.cancel_grace_s
        self._on_main = SignalTarget()

    def run(self) -> NoReturn:
        """Loads the plugin and runs the first lane; for the main thread, and for good."""
        self._on_main.listen()
        gc.enable()  # nothing of what a start makes is garbage
        self.plugin.load()
        for number in range(1, self._count):
            threading.Thread(target=self._lane, name=f"lane-{number}", daemon=True).start()
        self._lane()

    def cancel(self, wanted: Callable[[Call], bool]) -> bool:
        """Cancels the open calls that are wanted; tells whether there was any."""
        found, waiting, running = self.calls.cancel(wanted)
        for call in waiting:
            self._reply_cancelled(call)
        if running:
            climb(running, self.plugin.ask_to_stop, self._grace_s)
        return found

    def _lane(self) -> NoReturn:
        while True:
            try:
                call = self.inbox.get()
                try:
                    self._serve(call)
                finally:
                    self.inbox.served(call)
            except BaseException as error:  # a lane that ended would be lost for good
                DESCRIPTORS.check()
                log("a call was lost\n" + traceback_of(error))

    def _serve(self, call: Call) -> None:
        if not self.calls.begin(call):
            call.done.wait()  # until then its connection is not to be touched
            return
        if threading.get_ident() == MAIN_THREAD:
            self._on_main.code = call
        CURRENT_CALL.set(call)
        value: Any = None
        error: Optional[BaseException] = None
        try:
            try:
                value = self.plugin.perform(call)
            except BaseException as raised:  # also SystemExit: a plugin's sys.exit() is its failure, not the worker's
                error = raised
            self._finish(call, value, error)
        finally:
            CURRENT_CALL.set(None)
            assert call.reply is not None
            call.reply.close()
            call.done.set()

    def _finish(self, call: Call, value: Any, error: Optional[BaseException]) -> None:
        if DESCRIPTORS.is_forked:  # by what is no call of a method
            end_as_script(error)
        self.calls.close(call)
        assert call.reply is not None
        if call.cancelled:
            call.reply.error(cancelled_body(self.plugin.name))
            return
        try:
            if error is not None:
                raise error
            call.reply.result(value)
        except BaseException as failure:
            call.reply.error(self.plugin.describe(failure))

    def _reply_cancelled(self, call: Call) -> None:
        assert call.reply is not None and call.origin is not None
        call.reply.error(cancelled_body(self.plugin.name))
        call.reply.close()
        call.origin.step_up()
        call.done.set()
