"""The worker: how it is started, what goes in and comes out, and how it ends."""

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
