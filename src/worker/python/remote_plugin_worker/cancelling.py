"""The home of cancellation in this worker: section 8 of docs/protocol.md, and the rungs of docs/reliability.md that are the worker's.

A call that still waits for a lane is answered at once and never begins (`Canceller.cancel`). One that runs goes up these rungs:

    asked        the plugin's own `cancel()` is called, and a coroutine's task is cancelled      at once
    interrupted  CallCancelled is raised in its code, on the main thread by SIGURG               after `cancel_grace_ms`
    again        the same, for code that caught it                                               every 0.1 s

The last rung is the host's: it ends this process when `cancelBudgetMs` is over.
"""

from __future__ import annotations

import threading
import time
from _thread import get_ident

from .errors import CallCancelled
from .fast import signal
from .forks import NO_NAMES, run_plugin_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable, Mapping, Optional, Sequence

INTERRUPT_AGAIN_S = 0.1
LATE_S = 0.05  # a wait that ends later than this has found the process stopped
MAIN_THREAD = get_ident()


WINDOW = threading.Lock()  # one for all: what is done with it is short


class Flag:
    """What threading.Event does, at a tenth of what that costs: few are ever waited for."""

    __slots__ = ("_held", "_is_set")

    def __init__(self) -> None:
        self._is_set = False
        self._held = threading.Lock()
        self._held.acquire()

    def set(self) -> None:
        """Lets everybody go on who waits."""
        if not self._is_set:
            self._is_set = True
            self._held.release()

    def is_set(self) -> bool:
        """Whether nobody has to wait any more."""
        return self._is_set

    def wait(self, timeout: float = -1) -> None:
        """Waits until it is set, for this many seconds at most."""
        if self._held.acquire(timeout=timeout):
            self._held.release()


class Interruptible:
    """Plugin code on a thread, which can be interrupted while it runs, and never when the worker's own code does.

    What most calls do not need is not made for each.
    """

    cancelled = False
    _done: Optional[Flag] = None
    _is_finished = False
    _task: Optional[AwaitedTask] = None
    _thread = 0
    _is_open = False
    _is_due = False

    @property
    def done(self) -> Flag:
        """What tells that the reply is out, as far as it ever will be. It is made when somebody first waits for it."""
        with WINDOW:
            if self._done is None:
                self._done = Flag()
                if self._is_finished:
                    self._done.set()
            return self._done

    def finish(self) -> None:
        """The reply is out."""
        self._is_finished = True
        if self._done is not None or WINDOW.locked():
            with WINDOW:
                if self._done is not None:
                    self._done.set()

    def run(
        self,
        code: Callable[..., Any],
        args: Sequence[Any] = (),
        named: Mapping[str, Any] = NO_NAMES,
        in_child: Optional[Callable[[Any], None]] = None,
    ) -> Any:
        """Runs plugin code on this thread: the only code that an interruption may hit."""
        try:
            try:
                self._thread = get_ident()
                self._is_open = True  # whoever interrupts looks at this first, so that no lock is needed
                return run_plugin_code(code, args, named, in_child)
            finally:
                self._close_window()
        except CallCancelled:
            self._close_window()  # the interruption may have come just when the window was to be closed
            raise

    def run_own(self, code: Callable[[], None]) -> None:
        """Runs the worker's own code for the plugin's, which has called it: an interruption must not tear what that does."""
        if not self._is_open or self._thread != get_ident():
            code()  # on a helper thread of the plugin's, which nobody interrupts
            return
        try:
            if self._is_due:  # a plugin that does little but report would never be hit
                raise CallCancelled("The call was cancelled")
            self._close_window()
            code()
        finally:
            self._is_open = True

    def attach(self, task: Optional[AwaitedTask]) -> None:
        """From here on the code is this task's on the event loop, which is asked before anything is raised; None for no more."""
        self._task = task

    def ask(self) -> None:
        """Cancels the task, if the code is a coroutine's."""
        task = self._task
        if task is not None:
            task.cancel()

    def interrupt(self) -> None:
        """Raises CallCancelled in the plugin's code, if that is what runs at this moment."""
        with WINDOW:
            # A coroutine is asked again; but one that keeps the loop from taking up the last request never gives way.
            task = self._task
            if task is not None and not (self._is_open and task.is_asked):
                task.cancel()
                return
            self._is_due = True
            if not self._is_open:
                return
            if self._thread == MAIN_THREAD and hasattr(signal, "SIGURG"):
                signal.pthread_kill(self._thread, signal.SIGURG)
            else:
                _raise_in(self._thread, CallCancelled)

    def takes_signal(self) -> bool:
        """Whether a signal that has arrived on the main thread is for this code."""
        return self._is_due and self._is_open and self._thread == MAIN_THREAD

    def _close_window(self) -> None:
        """From here on no interruption is sent, and one that was sent but has not arrived never will."""
        self._is_open = False
        if WINDOW.locked():  # somebody interrupts at this moment, and may have seen the window open
            with WINDOW:
                pass
        if self._is_due and self._thread != MAIN_THREAD:
            _raise_in(self._thread, None)


class AwaitedTask:
    """What a coroutine that runs for a call is to whoever cancels it."""

    is_asked = False  # whether it was asked to end, and its loop has not taken that up yet

    def cancel(self) -> None:
        """Asks it to end; from any thread."""
        raise NotImplementedError


class SignalTarget:
    """The code on the main thread, which a signal interrupts: nothing else reaches it while C code waits for the system."""

    def __init__(self) -> None:
        self.code: Optional[Interruptible] = None

    def listen(self) -> None:
        """For the main thread."""
        if hasattr(signal, "SIGURG"):
            signal.signal(signal.SIGURG, self._on_signal)

    def _on_signal(self, number: int, frame: Optional[FrameType]) -> None:
        code = self.code
        if code is not None and code.takes_signal():
            raise CallCancelled("The call was cancelled")


def climb(running: Sequence[Interruptible], ask_plugin: Callable[[], None], grace_s: float) -> None:
    """Has the code of cancelled calls end: rung after rung, on threads of their own, for the plugin may take its time."""
    threading.Thread(target=ask_plugin, name="cancel", daemon=True).start()
    threading.Thread(target=_interrupt, args=(running, grace_s), name="interrupt", daemon=True).start()


def _interrupt(calls: Sequence[Interruptible], grace_s: float) -> None:
    for call in calls:
        call.ask()
    wait_s = grace_s
    while calls:
        _wait_for_all(calls, wait_s)
        calls = [call for call in calls if not call.done.is_set()]
        for call in calls:
            call.interrupt()
        wait_s = INTERRUPT_AGAIN_S


def _wait_for_all(calls: Sequence[Interruptible], seconds: float) -> None:
    """Waits until all have ended, and no longer than this; once more when the process was stopped, for then the plugin's code was, too."""
    for _ in range(2):
        deadline = time.monotonic() + seconds
        for call in calls:
            call.done.wait(max(0.0, deadline - time.monotonic()))
        if time.monotonic() - deadline < LATE_S:
            return


def _raise_in(thread: int, kind: Optional[type]) -> None:
    """Has Python raise `kind` in another thread as soon as that runs Python code; None takes back what was asked."""
    import ctypes

    raised = None if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)
