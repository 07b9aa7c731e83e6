"""The interpreter and packages of a plugin, which uv makes."""

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
            raise EnvironmentProblem(said[-1] if said else f"{command[0]} ended with status {process.returncode}", "\n".join(said))

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
