"""The supervisor: the process that the host has started, which leaves nothing behind. Section 2 of docs/protocol.md."""

from __future__ import annotations

import errno
import gc
import os
import select
import stat
import sys
import threading
import time

from .descriptors import LOST_DESCRIPTORS
from .fast import signal, socket
from .logs import log
from .memory_watch import MemoryWatch
from .scratch import attempt
from .shelf import Shelf
from .start_line import Start, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, NoReturn, Optional

    from .limits import Limits

    Body = Dict[str, Any]

REAP_TIMEOUT_S = 2.0


def fork_worker(hello: int, start: Start, shelf: Shelf, limits: Optional[Limits]) -> int:
    """Forks. Comes back in the worker alone, with the end of a pipe that is open for as long as the supervisor lives.

    The process that the host started becomes the supervisor. It has one duty, which no plugin can keep it from: when
    the host or the worker is gone it leaves nothing behind.
    """
    if os.getpgrp() != os.getpid():
        os.setsid()
    lifeline, held = os.pipe()
    gc.freeze()  # a collection would write to each of the objects that both processes share
    worker = os.fork()
    if worker != 0:
        os.close(lifeline)
        supervise(worker, hello, start, shelf, limits)
    os.register_at_fork(after_in_child=shelf.leave)
    os.close(held)
    os.setpgid(0, 0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a KeyboardInterrupt in the middle of some call helps nobody
    return lifeline


def supervise(worker: int, farewell: int, start: Start, shelf: Shelf, limits: Optional[Limits]) -> NoReturn:
    """Waits for the host's end or the worker's, whichever comes first, clears up, and ends as the worker did."""
    memory = MemoryWatch(groups=[group.path for group in limits.groups] if limits is not None else ())
    try:
        os.setpgid(worker, worker)
    except OSError:
        pass  # the worker was faster
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: kill_group(worker, number))
    is_gone = threading.Event()
    threading.Thread(target=watch_host, args=(worker, is_gone), daemon=True).start()
    adopt_orphans()
    status = wait_for(worker)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == LOST_DESCRIPTORS:
        log("the plugin has closed a file descriptor of the worker's own, as os.closerange(3, 256) does, so that no call can be answered")
    kill_group(worker, signal.SIGKILL)
    kill_children()
    say_farewell(farewell, status, memory, shelf)
    if limits is not None:
        limits.remove()
    if is_gone.is_set() or is_hung_up(0):
        remove_files(start)
    if os.WIFSIGNALED(status):
        die_by(os.WTERMSIG(status))
    os._exit(os.WEXITSTATUS(status))


def say_farewell(farewell: int, status: int, memory: MemoryWatch, shelf: Shelf) -> None:
    """Tells the host what it cannot see of the worker's end. That nothing was held back is worth telling, too."""
    told: Body = {"held": shelf.list_held()}
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and memory.somebody_was_killed():
        told["out_of_memory"] = True
    try:
        say(farewell, {"farewell": told})
    except OSError:
        pass  # the host has gone as well


def watch_host(worker: int, is_gone: threading.Event) -> None:
    """Reads standard input to its end, which is the host's."""
    try:
        while os.read(0, 65536):
            pass
    except OSError:
        pass
    is_gone.set()
    kill_group(worker, signal.SIGKILL)


def is_hung_up(pipe: int) -> bool:
    """Whether the other end of a pipe is closed, though that may not have been read yet."""
    try:
        events = select.poll()
        events.register(pipe, 0)
        return bool(events.poll(0))
    except OSError:
        return True


def adopt_orphans() -> None:
    """Makes Linux hand this process what the worker's descendants leave behind, also after a setsid()."""
    if sys.platform != "linux":
        return
    try:
        from .kernel import Long, c_function

        pr_set_child_subreaper = 36
        c_function("prctl")(*map(Long, (pr_set_child_subreaper, 1, 0, 0, 0)))
    except (ImportError, OSError, AttributeError):
        pass  # the group is killed all the same


def wait_for(worker: int) -> int:
    """Waits until the worker has ended, and reaps orphans on the way."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == worker:
            return status


def kill_group(group: int, number: int) -> None:
    """Sends a signal to a process group that may be gone."""
    try:
        os.killpg(group, number)
    except OSError:
        pass


def kill_children() -> None:
    """Kills and reaps what was left to this process; children of the killed ones are left to it in turn."""
    deadline = time.monotonic() + REAP_TIMEOUT_S
    while time.monotonic() < deadline:
        for child in list_children():
            try:
                os.kill(child, signal.SIGKILL)
            except OSError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)


def remove_files(start: Start) -> None:
    """Removes the worker's socket and its folder for a host that is gone. One that lives reads what was sent first."""
    if start.unix and is_left_socket(start.unix):
        attempt(os.unlink, start.unix)
    if start.folder:
        from .private_folder import is_private_folder, remove_private

        for folder in filter(None, (start.folder, start.scratch.memory)):
            if is_private_folder(folder):
                remove_private(folder)


def is_left_socket(path: str) -> bool:
    """Whether this user's socket is there and nobody listens at it: another worker may have the path by now."""
    try:
        status = os.lstat(path)
        if not stat.S_ISSOCK(status.st_mode) or status.st_uid != os.geteuid():
            return False
        probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            probe.setblocking(False)
            return probe.connect_ex(path) == errno.ECONNREFUSED
        finally:
            probe.close()
    except OSError:
        return False


def list_children() -> list[int]:
    """The processes whose parent this one is, where the system tells."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as children:
            return [int(pid) for pid in children.read().split()]
    except OSError:
        return []


def die_by(number: int) -> NoReturn:
    """Ends this process by the signal that ended the worker, without a second core file."""
    if number != signal.SIGKILL:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)
