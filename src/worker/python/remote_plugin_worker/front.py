"""The front: a thread that runs no plugin code. It accepts, answers what is no call, and notices clients that hang up."""

from __future__ import annotations

import threading
import time

from .connection import Connection
from .descriptors import DESCRIPTORS
from .fast import socket
from .listening import accept
from .logs import log
from .readiness import CHANGES, HANGS_UP, READABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, Optional

    from .call import Call
    from .session import Session
    from .shelf import Shelf
    from .waiting import Waiting

MAX_CONNECTIONS = 512
TICK_S = 0.001
NO_FILE_S = 0.05  # how long to wait for a free file descriptor


class Front:
    """Reads the connections of those who ask, and of all while no lane is idle."""

    def __init__(self, listener: socket.socket, session: Session, waiting: Waiting, shelf: Shelf) -> None:
        self._listener = listener
        self._is_tcp = listener.family != getattr(socket, "AF_UNIX", None)
        self._session = session
        self._waiting = waiting
        self._shelf = shelf
        self._limited: set[Connection] = set()  # those that have a deadline
        self._again_s: Optional[float] = None

    def run(self) -> NoReturn:
        """Serves for good."""
        self._waiting.front.register(self._listener.fileno(), READABLE)
        while True:
            try:
                self._turn()
            except Exception as error:
                DESCRIPTORS.check()
                log(f"a connection failed: {error!r}")

    def _turn(self) -> None:
        waiting = self._waiting
        events = waiting.front.poll(self._longest_wait())
        if events and waiting.is_ticking:  # what is asked here may be about a call that has come there
            self._read_for_lanes()
        for file, event in events:
            if file == waiting.bell.file:
                waiting.bell.silence()
            elif file == self._listener.fileno():
                self._meet()
            elif file in waiting.connections:
                self._look_at(waiting.connections[file], event)
            else:
                self._read_for_lanes()
                waiting.lend_again()
        while waiting.at_front:
            self._go_on(waiting.at_front.popleft())
        self._end_overdue()
        self._flush()
        if waiting.is_ticking:
            waiting.tick()

    def _longest_wait(self) -> float:
        """How long to wait at most."""
        waits = [abs(connection.deadline) - time.monotonic() for connection in self._limited]
        if self._again_s is not None:
            waits.append(self._again_s)
        if self._waiting.is_ticking:
            waits.append(TICK_S)
        return max(0.0, min(waits)) if waits else -1

    def _meet(self) -> None:
        DESCRIPTORS.check()
        try:
            client = accept(self._listener)
        except OSError:
            time.sleep(NO_FILE_S)
            return
        if len(self._waiting.connections) >= MAX_CONNECTIONS:
            client.close()
            return
        try:
            if self._is_tcp:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            pass  # the client is gone, which shows when it is read
        connection = Connection(self._session, client, self._shelf)
        self._waiting.connections[connection.file] = connection
        self._limited.add(connection)
        self._waiting.front.register(connection.file, READABLE)
        connection.release()

    def _look_at(self, connection: Connection, event: int) -> None:
        if not connection.is_at_front:
            if event & ~READABLE:
                self._hang_up(connection)
        elif connection.claim():
            connection.read()
            self._go_on(connection)

    def _hang_up(self, connection: Connection) -> None:
        """The client is gone, and with it whoever wanted the call."""
        connection.is_over = True
        call = connection.call
        if call is not None:
            self._session.abandon(call)

    def _read_for_lanes(self) -> None:
        for connection in self._waiting.lent():
            connection.read()
            self._go_on(connection)

    def _go_on(self, connection: Connection) -> None:
        """Answers what is here, of a connection that this thread has claimed."""
        try:
            call = connection.next_call()
        except Exception as error:
            log(f"a connection failed: {error!r}")
            connection.is_over, call = True, None
        if connection.deadline == 0:
            self._limited.discard(connection)
        elif not connection.is_over:
            self._limited.add(connection)
        self._settle(connection, call)

    def _settle(self, connection: Connection, call: Optional[Call]) -> None:
        if call is not None:
            self._watch(connection, is_at_front=False)
            self._waiting.put(call)
        elif connection.is_over:
            self._limited.discard(connection)
            self._waiting.close(connection)
        elif connection.question is not None:
            self._watch(connection, is_at_front=False)
            threading.Thread(target=self._answer, args=(connection,), name="question", daemon=True).start()
        else:
            self._watch(connection, is_at_front=True)
            connection.release()

    def _watch(self, connection: Connection, is_at_front: bool) -> None:
        if connection.is_at_front != is_at_front:
            connection.is_at_front = is_at_front
            self._waiting.front.modify(connection.file, READABLE if is_at_front else HANGS_UP | CHANGES)

    def _answer(self, connection: Connection) -> None:
        """Answers a question that the plugin's code answers, or that waits for the plugin; on a thread of its own."""
        connection.answer_question()
        self._waiting.give_to_front(connection)

    def _end_overdue(self) -> None:
        for connection in [one for one in self._limited if abs(one.deadline) <= time.monotonic()]:
            if connection.claim():
                connection.read()  # a process that was stopped may find here what came in time
                self._go_on(connection)
            if connection.deadline and connection.claim():
                self._limited.discard(connection)
                self._waiting.close(connection)

    def _flush(self) -> None:
        """Sends what is held back, once nothing comes behind it."""
        self._again_s = None
        for _ in range(len(self._waiting.watched)):
            client = self._waiting.watched.popleft()
            again = client.flush()
            if again:
                self._waiting.watched.append(client)
                self._again_s = min(again, self._again_s or again)
