"""The start of the agent, and the lease."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time

from .door import Door
from .job import Job, own_address
from .line import Line
from .pipes import Pipes
from .sockets import listen

BEAT_S = 1.0
LOOK_S = 0.2  # how late it may be seen that the lease is over
CLOSE_S = 5.0  # a worker is killed before; an environment may wait for that of another one
EXPIRED = 3  # the status of a job whose host was not heard any more
OWNER_LINE = b"remote-plugin private folder: whoever can lock this file may remove the folder\n"
AGENT = 1  # the version of what host and agent say


def main() -> None:
    job = Job()
    try:
        address = own_address()
        listener = listen(address, job.ports)
    except (OSError, KeyError, ValueError) as error:
        job.tell({"error": f"{type(error).__name__}: {error}"})
        sys.exit(1)
    folder = private_folder()
    modules = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    cwd = os.path.realpath(os.getcwd())
    line = Line(job.lease_s, greeting(folder, modules, cwd))
    pipes = Pipes(line, folder, frozenset([modules, cwd]))
    door = Door(job, line, pipes)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: pipes.close())
    threading.Thread(target=door.stand, args=(listener,), daemon=True).start()
    job.tell({"host": address, "port": listener.getsockname()[1]})
    threading.Thread(target=beat, args=(line,), daemon=True).start()
    code = hold(line, pipes, job.lease_s)
    if pipes.was_asked:
        door.wait_for_splices()
        while line.left_s > 0 and not line.is_done.wait(LOOK_S):
            pass
    shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.flush()
    os._exit(code)


def private_folder() -> str:
    """A folder that says of itself what it is, as section 7 of docs/protocol.md wants it: the worker removes it when this is killed."""
    import fcntl

    folder = os.path.join(tempfile.gettempdir(), "remote-plugin-" + os.urandom(8).hex())
    os.mkdir(folder, 0o700)
    owner = os.open(os.path.join(folder, "owner.lock"), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(owner, fcntl.LOCK_EX)
    os.write(owner, OWNER_LINE)
    return folder


def greeting(folder: str, modules: str, cwd: str) -> dict[str, object]:
    platform = f"{sys.platform}-{os.uname().machine}"
    known = {"folder": folder, "modules": modules, "cwd": cwd, "cache": cache_folder()}
    return {"agent": AGENT, "pid": os.getpid(), "python": sys.executable, "platform": platform, **known}


def cache_folder() -> str:
    named = os.environ.get("XDG_CACHE_HOME", "")
    root = named if os.path.isabs(named) else os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(root, "remote-plugin", "ray")


def beat(line: Line) -> None:
    """In a thread of its own: a network that takes nothing holds it up."""
    while True:
        time.sleep(BEAT_S)
        line.say({"beat": True})


def hold(line: Line, pipes: Pipes, lease_s: float) -> int:
    """Until the worker has ended, which it does when no host is heard any more. Gives the job's status."""
    while not pipes.has_ended.wait(LOOK_S):
        if line.left_s == 0:
            print(f"No host was heard for {lease_s:g} s, so that all ends", flush=True)
            pipes.close()
            pipes.has_ended.wait(CLOSE_S)
            return EXPIRED
    return min(pipes.code, 255)


main()
