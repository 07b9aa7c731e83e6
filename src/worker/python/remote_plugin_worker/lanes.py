"""The lanes: the threads that run plugin code, in the order in which calls have come. The first one is the main thread."""

from __future__ import annotations

import gc
import threading

from .call import CURRENT_CALL, Call
from .cancelling import SignalTarget
from .connection import Connection
from .descriptors import DESCRIPTORS
from .encoding import plain_result
from .error_bodies import cancelled_body
from .logs import log
from .open_calls import OpenCalls
from .plugin import Plugin
from .script_end import end_as_script
from .tracebacks import traceback_of
from .waiting import Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, Optional

    from .batching import Batches


class Lanes:
    """Calls in the plugin's code."""

    def __init__(self, count: int, plugin: Plugin, calls: OpenCalls, waiting: Waiting) -> None:
        self.batches: Optional[Batches] = None  # where calls are gathered
        self._plugin = plugin
        self._calls = calls
        self._waiting = waiting
        self._count = count
        self._on_main = SignalTarget()

    def run(self) -> NoReturn:
        """Loads the plugin and runs the first lane; for the main thread, and for good."""
        self._on_main.listen()
        gc.enable()  # nothing of what a start makes is garbage
        self._plugin.load()
        for number in range(1, self._count):
            threading.Thread(target=self._lane, args=(SignalTarget(),), name=f"lane-{number}", daemon=True).start()
        self._lane(self._on_main)

    def _lane(self, target: SignalTarget) -> NoReturn:
        connection: Optional[Connection] = None
        while True:
            try:
                last, connection = connection, None
                call = self._waiting.take(last) if self.batches is None else self.batches.take(last, target, self._answer)
                connection = call.connection
                target.code = call
                try:
                    self._serve(call)
                finally:
                    connection.answered()
            except BaseException as error:  # a lane that ended would be lost for good
                DESCRIPTORS.check()
                log("a call was lost\n" + traceback_of(error))

    def _serve(self, call: Call) -> None:
        CURRENT_CALL.set(call)
        value: Any = None
        error: Optional[BaseException] = None
        try:
            try:
                value = self._plugin.perform(call)
            except BaseException as raised:  # also SystemExit: a plugin's sys.exit() is its failure, not the worker's
                error = raised
            self._finish(call, value, error)
        finally:
            if call.made_reply is not None:
                call.made_reply.close()
            if call.inputs is not None:
                call.inputs.close()
            call.finish()

    def _finish(self, call: Call, value: Any, error: Optional[BaseException]) -> None:
        if not DESCRIPTORS.mark[0]:  # by what is no call of a method
            end_as_script(error)
        if call.lines is not None:
            call.lines.end()  # while the call is open, for one that has ended tells nothing any more
        self._calls.close(call)
        self._answer(call, value, error)

    def _answer(self, call: Call, value: Any, error: Optional[BaseException]) -> None:
        if call.callbacks is not None:
            call.callbacks.end()
        try:
            if error is None and not call.cancelled and call.made_reply is None:
                frame = plain_result(value)
                if frame is not None and call.answer(frame):
                    return
        except BaseException as failure:  # of what the plugin's values do when they are looked at
            error = failure
        self._reply(call, value, error)

    def _reply(self, call: Call, value: Any, error: Optional[BaseException]) -> None:
        assert call.reply is not None
        if call.cancelled:
            call.reply.error(cancelled_body(self._plugin.name))
            return
        try:
            if error is not None:
                raise error
            call.reply.result(value)
        except BaseException as failure:
            call.reply.error(self._plugin.describe(failure))
