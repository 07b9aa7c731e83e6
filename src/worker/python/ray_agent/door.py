"""Where connections come in."""

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
