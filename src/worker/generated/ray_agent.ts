// deno-fmt-ignore-file
// Generated from the files in python/ray_agent/. Do not edit; run: deno task embed

/** The modules of the agent of a Ray job, by their names. */
export const RAY_AGENT_FILES: Readonly<Record<string, string>> = {
  "__init__.py": `"""The agent: the entrypoint of a Ray job, which is one worker's pipes over TCP. src/ray/ is its only host.

It listens on its node and says where in the job's log, behind a mark that its host chose. Whoever connects shows a secret,
whose hash alone is in the job. Everybody else is hung up on without a word. The first line of a connection is JSON:

    {"secret": "...", "to": "agent", "received": 0}    the line, of which there is one; the last one counts
    {"secret": "...", "to": "worker"}                  from now on it is spliced to the worker's unix socket

On the line both sides write lines of JSON. The agent begins with its greeting, which is what is known so far.

    host to agent                                       agent to host
    {"run": {...}}    the worker, once                  {"environment": {...}}    a step of making the environment
    {"in": text}      its start line, once              {"started": PID}          from now on it has an input
    {"close": true}   closes its input                  {"n": N, "out": text}     its standard output
    {"kill": true}    kills it                          {"n": N, "err": text}     its standard error
    {"received": N}   about each second                 {"exit": {...}}           how it ended
    {"done": true}    nothing more is wanted            {"failure": {...}}        why it was not started
                                                        {"beat": true}            each second

A host that comes back gets what it has not received. When no host was heard for the lease, all ends.

    __main__       the start, and the lease
    job            what the job's record says
    door           where connections come in
    line           what the host hears
    pipes          the worker: start, input, output, end
    environment    the interpreter and packages of a plugin, made by uv
    sockets        reading and writing
"""
`,
  "__main__.py": `"""The start of the agent, and the lease."""

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
OWNER_LINE = b"remote-plugin private folder: whoever can lock this file may remove the folder\\n"
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
`,
  "door.py": `"""Where connections come in."""

from __future__ import annotations

import socket
import threading
import time

from .job import Job
from .line import Line
from .pipes import Pipes
from .sockets import first_line, hang_up, lines_of, parsed, pour

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

    Message = Dict[str, Any]

MOST_STRANGERS = 64


class Door:
    """Lets in whoever shows the secret."""

    def __init__(self, job: Job, line: Line, pipes: Pipes) -> None:
        self._job = job
        self._line = line
        self._pipes = pipes
        self._lock = threading.Lock()
        self._strangers: Dict[socket.socket, None] = {}
        self._splices: List[threading.Thread] = []

    def stand(self, listener: socket.socket) -> None:
        while True:
            try:
                guest = listener.accept()[0]
            except OSError:
                time.sleep(0.05)  # no descriptor is left, say
                continue
            self._admit_stranger(guest)
            try:
                threading.Thread(target=self._receive, args=(guest,), daemon=True).start()
            except RuntimeError:  # no thread is left, say
                with self._lock:
                    self._strangers.pop(guest, None)
                guest.close()
                time.sleep(0.05)

    def _admit_stranger(self, guest: socket.socket) -> None:
        """A host shows its secret at once. Whoever has been silent for longest goes, where there are too many."""
        with self._lock:
            if len(self._strangers) >= MOST_STRANGERS:
                hang_up(next(iter(self._strangers)))
                del self._strangers[next(iter(self._strangers))]
            self._strangers[guest] = None

    def _receive(self, guest: socket.socket) -> None:
        message: Message = {}
        rest = b""
        try:
            line, rest = first_line(guest)
            message = parsed(line)
        except (OSError, ValueError, RecursionError):
            pass
        with self._lock:
            self._strangers.pop(guest, None)
        try:
            if self._job.admits(message.get("secret")):
                guest.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                guest.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                self._serve(guest, message, rest)
        except (OSError, ValueError, TypeError, RuntimeError):
            pass
        guest.close()

    def _serve(self, host: socket.socket, message: Message, rest: bytes) -> None:
        if message.get("to") == "worker":
            self._splice(host, rest)
        else:
            self._listen(host, rest, int(message.get("received", 0)))

    def _listen(self, host: socket.socket, rest: bytes, received: int) -> None:
        """Hears what the host says, until it hangs up or another connection takes this one's place."""
        self._line.hold(host, received)
        try:
            for line in lines_of(host, rest):
                self._line.heard()
                self._obey(parsed(line))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass  # it comes back, or its lease ends
        self._line.release(host)

    def _obey(self, message: Message) -> None:
        if "received" in message:
            self._line.received(message["received"])
        elif "run" in message:
            self._pipes.run(message["run"])
        elif "in" in message:
            self._pipes.write(message["in"])
        elif "close" in message:
            self._pipes.close()
        elif "kill" in message:
            self._pipes.kill()
        elif "done" in message:
            self._line.is_done.set()

    def _splice(self, host: socket.socket, rest: bytes) -> None:
        """A host that hangs up has given its call up, which the worker sees at once. What a worker that ends has sent arrives first."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as worker:
            worker.connect(self._pipes.socket)
            back = threading.Thread(target=self._pour_back, args=(worker, host), daemon=True)
            with self._lock:
                self._splices = [one for one in self._splices if one.is_alive()] + [back]
                back.start()
            pour(host, worker, rest)
            hang_up(worker)
            hang_up(host)
            back.join()

    @staticmethod
    def _pour_back(worker: socket.socket, host: socket.socket) -> None:
        pour(worker, host)
        hang_up(host, socket.SHUT_WR)

    def wait_for_splices(self) -> None:
        """Until what the worker had sent has arrived, or the host has been silent for too long."""
        with self._lock:
            splices = list(self._splices)
        for splice in splices:
            while splice.is_alive() and self._line.left_s > 0 and not self._line.is_done.is_set():
                splice.join(0.05)
`,
  "environment.py": `"""The interpreter and packages of a plugin, which uv makes."""

from __future__ import annotations

import collections
import glob
import os
import shutil
import signal
import subprocess
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Deque, Dict, List, Optional

    Message = Dict[str, Any]

SAID_LINES = 100  # of its output, for the error


class EnvironmentProblem(Exception):
    """Something that cannot be installed."""

    def __init__(self, message: str, output: str) -> None:
        super().__init__(message)
        self.message = message
        self.output = output


class Environment:
    """Made once for a node, in a place that is named by what it is made from."""

    def __init__(self, order: Message, report: Callable[[str, str], None]) -> None:
        self._report = report
        self._folder: str = order["folder"]
        self._attempt = f"{self._folder}.{os.getpid()}"
        self._inputs = self._attempt + ".inputs"
        self._files: Dict[str, str] = order["files"]
        self._steps: List[Message] = order["steps"]
        self._uv_version: str = order["uv"]
        self._lock = threading.Lock()
        self._running: Optional[subprocess.Popen[bytes]] = None
        self._is_stopped = False

    def make(self) -> None:
        """Makes it unless it is there. Nobody finds a part of it: it is made beside its place, and renamed when it is whole."""
        import fcntl

        os.makedirs(os.path.dirname(self._folder), 0o700, exist_ok=True)
        with open(self._folder + ".lock", "a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._report("wait", "Waiting for another worker of this node, which makes the same environment")
                fcntl.flock(lock, fcntl.LOCK_EX)
            if os.path.isdir(self._folder):
                return
            self._remove_attempts()
            try:
                self._fill()
                os.rename(self._attempt, self._folder)
            finally:
                self._remove_attempts()

    def stop(self) -> None:
        """Nobody wants it any more."""
        with self._lock:
            self._is_stopped = True
            if self._running is not None and self._running.poll() is None:
                os.killpg(self._running.pid, signal.SIGKILL)

    def _remove_attempts(self) -> None:
        """Also those of agents that were killed: whoever holds the lock is the only one that makes one."""
        for left in glob.glob(glob.escape(self._folder) + ".[0-9]*"):
            shutil.rmtree(left, ignore_errors=True)

    def _fill(self) -> None:
        os.makedirs(self._inputs, 0o700)
        for name, text in self._files.items():
            with open(os.path.join(self._inputs, os.path.basename(name)), "w", encoding="utf-8", newline="") as file:
                file.write(text)
        uv = self._find_uv()
        for step in self._steps:
            args = [self._placed(arg) for arg in step["args"]]
            env = {name: self._placed(value) for name, value in step["env"].items()}
            self._command(step["phase"], [*uv, *args], env)

    def _placed(self, text: str) -> str:
        return text.replace("{folder}", self._attempt).replace("{inputs}", self._inputs)

    def _find_uv(self) -> List[str]:
        found = shutil.which("uv")
        if found is not None:
            return [found]
        brought = os.path.join(os.path.dirname(self._folder), "uv-" + self._uv_version)
        program = os.path.join(brought, "bin", "uv")
        if not os.path.exists(program):
            self._report("uv", f"Bringing uv {self._uv_version}")
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", "--target", brought]
            self._command("uv", [*pip, "uv==" + self._uv_version], {})
        return [program]

    def _command(self, phase: str, command: List[str], env: Dict[str, str]) -> None:
        process = self._spawn(command, env)
        said: Deque[str] = collections.deque(maxlen=SAID_LINES)
        for raw in process.stdout or ():
            said.append(raw.decode("utf-8", "replace").rstrip())
            self._report(phase, said[-1])
        if process.wait() != 0:
            raise EnvironmentProblem(said[-1] if said else f"{command[0]} ended with status {process.returncode}", "\\n".join(said))

    def _spawn(self, command: List[str], env: Dict[str, str]) -> subprocess.Popen[bytes]:
        environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
        environ.update(env)
        out = subprocess.PIPE
        with self._lock:
            if self._is_stopped:
                raise EnvironmentProblem("its host gave the start up", "")
            # A group of its own, with what uv starts to build a package.
            self._running = subprocess.Popen(
                command,
                cwd=self._inputs,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            return self._running
`,
  "job.py": `"""What the job's record says, which everybody with the cluster's token can read."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket

PREFIX = "REMOTE_PLUGIN_"


class Job:
    """What the host wrote into the job's variables."""

    def __init__(self) -> None:
        self._mark = os.environ[PREFIX + "MARK"]
        self._verifier = os.environ[PREFIX + "VERIFIER"]
        self.lease_s = float(os.environ[PREFIX + "LEASE_S"])
        first, _, last = os.environ.get(PREFIX + "PORTS", "").partition("-")
        self.ports = range(int(first), int(last or first) + 1) if first else range(0, 1)

    def admits(self, secret: object) -> bool:
        shown = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest() if isinstance(secret, str) else ""
        return hmac.compare_digest(shown, self._verifier)

    def tell(self, message: dict[str, object]) -> None:
        """In the job's log, by which the host finds the agent."""
        print(self._mark + json.dumps(message), flush=True)


def own_address() -> str:
    """The address by which the cluster's head knows this node: that of the way to it."""
    host, _, port = os.environ["RAY_ADDRESS"].rpartition(":")
    host = host.strip("[]")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect((host, int(port)))
        return str(way.getsockname()[0])
`,
  "line.py": `"""What the host hears, on one connection after the other."""

from __future__ import annotations

import collections
import socket
import struct
import threading
import time

from .sockets import encoded, hang_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Deque, Dict, Optional, Tuple

    Message = Dict[str, Any]

SEND_S = 5  # how long a network may take nothing before the host has to come back
KEPT_BYTES = 1 << 20  # of what was printed while no host listened


class Line:
    """The connection that counts, and what has to be said on the next one."""

    def __init__(self, lease_s: float, greeting: Message) -> None:
        self._lease_s = lease_s
        self._facts = greeting
        self._lock = threading.Lock()
        self._holder: Optional[socket.socket] = None
        self._kept: Deque[Tuple[int, bytes]] = collections.deque()
        self._kept_bytes = 0
        self._count = 0
        self._deadline = 0.0
        self.is_done = threading.Event()
        self.heard()

    def heard(self) -> None:
        self._deadline = time.monotonic() + self._lease_s

    @property
    def left_s(self) -> float:
        """How long the host may be silent yet."""
        return max(0.0, self._deadline - time.monotonic())

    def hold(self, host: socket.socket, received: int) -> None:
        """Takes a connection in the place of the one before, on which somebody may be waiting to write."""
        before = self._holder
        if before is not None:
            hang_up(before)
        host.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_S, 0))
        with self._lock:
            self._holder = host
            self.heard()
            missed = [data for n, data in self._kept if n > received]
            self._write(encoded(dict(self._facts, first=self._count - len(missed) + 1)) + b"".join(missed))

    def release(self, host: socket.socket) -> None:
        with self._lock:
            if self._holder is host:
                self._holder = None

    def say(self, message: Message) -> None:
        with self._lock:
            self._write(encoded(message))

    def establish(self, fact: str, value: object) -> None:
        """Says what a host that comes back is told again."""
        with self._lock:
            self._facts[fact] = value
            self._write(encoded({fact: value}))

    def forward(self, stream: str, text: str) -> None:
        """Sends on what the worker printed, and keeps the last of it until the host has it."""
        with self._lock:
            self._count += 1
            data = encoded({"n": self._count, stream: text})
            self._kept.append((self._count, data))
            self._kept_bytes += len(data)
            while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
                self._kept_bytes -= len(self._kept.popleft()[1])
            self._write(data)

    def received(self, count: int) -> None:
        with self._lock:
            while self._kept and self._kept[0][0] <= count:
                self._kept_bytes -= len(self._kept.popleft()[1])

    def _write(self, data: bytes) -> None:
        if self._holder is None:
            return
        try:
            self._holder.sendall(data)
        except OSError:
            hang_up(self._holder)  # a part of a line may have been sent
            self._holder = None
`,
  "pipes.py": `"""The worker: how it is started, what goes in and comes out, and how it ends."""

from __future__ import annotations

import codecs
import os
import signal
import subprocess
import threading

from .environment import Environment, EnvironmentProblem
from .job import PREFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any, Dict, Optional

    from .line import Line

    Message = Dict[str, Any]

END_S = 2.0  # how long a worker may take to end when its standard input is closed
DRAIN_S = 0.5  # how long whoever has escaped with an end of its pipes may hold up the news of its end
FAILED = 1


class Pipes:
    """One worker, or the attempt to start one."""

    def __init__(self, line: Line, folder: str, own: frozenset[str]) -> None:
        self._line = line
        self._folder = folder
        self._own = own
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None
        self._environment: Optional[Environment] = None
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._is_told = False
        self._is_closed = False
        self.has_ended = threading.Event()
        self.code = 0

    @property
    def socket(self) -> str:
        return os.path.join(self._folder, "worker.sock")

    @property
    def was_asked(self) -> bool:
        """Whether a host wanted a worker, and so wants to know what became of it."""
        return self._thread is not None

    def run(self, order: Message) -> None:
        """Makes the environment, if there is one to make, and starts the worker. Once: a host that comes back may say so again."""
        with self._lock:
            if self._thread is not None or self._is_closed:
                return
            self._thread = threading.Thread(target=self._run, args=(order,), daemon=True)
            self._thread.start()

    def _run(self, order: Message) -> None:
        phase, problem, output = "environment", "", ""
        try:
            if order.get("environment") is not None:
                self._make(Environment(order["environment"], self._report))
            phase = "spawn"
            self._start(order)
        except EnvironmentProblem as error:
            problem, output = error.message, error.output
        except (OSError, ValueError, KeyError, TypeError) as error:
            problem = str(error) or type(error).__name__
        if problem:
            self._line.establish("failure", {"phase": phase, "message": problem, "output": output})
            self.code = FAILED
            self.has_ended.set()

    def _make(self, environment: Environment) -> None:
        with self._lock:
            self._environment = environment
            if self._is_closed:
                environment.stop()
        environment.make()

    def _report(self, phase: str, message: str) -> None:
        self._line.say({"environment": {"phase": phase, "message": message}})

    def _start(self, order: Message) -> None:
        os.mkdir(os.path.join(self._folder, "scratch"), 0o700)
        environ, pipe = self._environ(order["env"]), subprocess.PIPE
        with self._lock:
            if self._is_closed:
                raise ValueError("its host gave the start up")
            process = subprocess.Popen(order["command"], cwd=order["cwd"], env=environ, stdin=pipe, stdout=pipe, stderr=pipe)
            self._process = process
        self._line.establish("started", process.pid)
        threading.Thread(target=self._watch, args=(process,), daemon=True).start()

    def _environ(self, told: Dict[str, str]) -> Dict[str, str]:
        """The node's variables without those of the cluster, whose token is among them, and without the way to the agent's own modules."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", PREFIX))}
        path = [entry for entry in environ.pop("PYTHONPATH", "").split(os.pathsep) if entry and os.path.realpath(entry) not in self._own]
        if path:
            environ["PYTHONPATH"] = os.pathsep.join(path)
        environ.update(told)
        return environ

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        pairs = (("out", process.stdout), ("err", process.stderr))
        pumps = [threading.Thread(target=self._pump, args=pair, daemon=True) for pair in pairs]
        for pump in pumps:
            pump.start()
        status = process.wait()
        for pump in pumps:
            pump.join(DRAIN_S)
        name = signal.Signals(-status).name if status < 0 else None
        code = status if status >= 0 else 128 - status
        # An end that was wanted is no failure of the job. Whoever hears of another one closes, too, so that this is looked at before.
        self.code = 0 if self._is_closed else code
        self._line.establish("exit", {"code": code, "signal": name})
        self.has_ended.set()

    def _pump(self, stream: str, pipe: IO[bytes]) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for data in iter(lambda: pipe.read1(32 * 1024), b""):  # type: ignore[attr-defined]
            text = decoder.decode(data)
            if text:
                self._line.forward(stream, text)

    def write(self, text: str) -> None:
        """Its start line. Once, too."""
        if self._process is None or self._process.stdin is None or self._is_told:
            return
        self._is_told = True
        try:
            self._process.stdin.write(text.encode("utf-8"))
            self._process.stdin.flush()
        except (OSError, ValueError):
            pass  # its exit tells

    def close(self) -> None:
        """Its host is gone or wants it to end. It is killed when it does not."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            thread, environment, process = self._thread, self._environment, self._process
        if environment is not None:
            environment.stop()
        if process is not None:
            self._end(process)
        elif thread is None:
            self.has_ended.set()

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.stdin.close()  # type: ignore[union-attr]
        except OSError:
            pass
        timer = threading.Timer(END_S, self.kill)
        timer.daemon = True
        timer.start()

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
`,
  "sockets.py": `"""Reading from sockets, and writing to them."""

from __future__ import annotations

import fcntl
import json
import os
import random
import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, Tuple

    Message = Dict[str, Any]

SHOW_S = 5.0  # how long a connection may take to show its secret
FIRST_LINE = 4096
MOST_LINE = 4 << 20
PIECE = 256 * 1024
FLOOD = 64 * 1024  # a piece of this size has others behind it
F_SETPIPE_SZ = 1031  # which the module \`fcntl\` names since Python 3.10
POURED = 1 << 20  # each piece is a switch between processes; what is not needed of it is no memory


def listen(address: str, ports: range) -> socket.socket:
    """Listens at one of the ports."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in random.sample(ports, len(ports)):
        try:
            return socket.create_server((address, port), family=family, backlog=256)
        except OSError as error:
            problem = error
    raise problem


def first_line(guest: socket.socket) -> Tuple[bytes, bytes]:
    """What a stranger says first, and what came behind it. It has so much time in all, and may not say much."""
    deadline, data = time.monotonic() + SHOW_S, b""
    while b"\\n" not in data:
        guest.settimeout(max(0.001, deadline - time.monotonic()))
        piece = guest.recv(FIRST_LINE)
        data += piece
        if not piece or time.monotonic() > deadline or len(data) > 2 * FIRST_LINE:
            raise ValueError("no line")
    guest.settimeout(None)
    line, _, rest = data.partition(b"\\n")
    return line, rest


def lines_of(host: socket.socket, rest: bytes) -> Iterator[bytes]:
    pieces, length = [rest], len(rest)
    while True:
        if b"\\n" in pieces[-1]:
            *lines, last = b"".join(pieces).split(b"\\n")
            pieces, length = [last], len(last)
            yield from lines
        if length > MOST_LINE:
            raise ValueError("a line without end")
        piece = host.recv(PIECE)
        if not piece:
            return
        pieces.append(piece)
        length += len(piece)


def parsed(line: bytes) -> Message:
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("no object")
    return message


def encoded(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\\n"


def pour(source: socket.socket, target: socket.socket, first: bytes = b"") -> None:
    """Passes on what comes, to its end. What nobody takes any more is read all the same: to close over it would lose what was sent."""
    piece = memoryview(bytearray(POURED))
    is_taken = True
    try:
        if first:
            target.sendall(first)
        while True:
            count = source.recv_into(piece)
            if count == 0:
                return
            if is_taken:
                is_taken = passed_on(target, piece[:count])
            if is_taken and count >= FLOOD:
                is_taken = spliced(source, target)
    except OSError:
        pass


def spliced(source: socket.socket, target: socket.socket) -> bool:
    """Has the kernel pass on what comes, without a copy here, until that ends or nobody takes it. Tells whether it was taken."""
    if not hasattr(os, "splice"):  # before Python 3.10
        return True
    try:
        outlet, inlet = os.pipe()
    except OSError:  # no descriptor is left, say
        return True
    try:
        widen(inlet)
        while True:
            count = os.splice(source.fileno(), inlet, POURED)
            if count == 0:
                return True
            if not drained(outlet, target, count):
                return False
    finally:
        os.close(outlet)
        os.close(inlet)


def widen(pipe: int) -> None:
    """Gives a pipe the room of a piece, where the system lets it have that."""
    try:
        fcntl.fcntl(pipe, F_SETPIPE_SZ, POURED)
    except OSError:
        pass


def drained(outlet: int, target: socket.socket, count: int) -> bool:
    try:
        while count > 0:
            count -= os.splice(outlet, target.fileno(), count)
        return True
    except OSError:
        return False


def passed_on(target: socket.socket, data: memoryview) -> bool:
    try:
        target.sendall(data)
        return True
    except OSError:
        return False


def hang_up(connection: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    """Wakes whoever reads from it or writes to it, which closing it would not."""
    try:
        connection.shutdown(how)
    except OSError:
        pass
`,
};
