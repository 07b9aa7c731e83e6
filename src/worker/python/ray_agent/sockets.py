"""Reading from sockets, and writing to them."""

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
F_SETPIPE_SZ = 1031  # which the module `fcntl` names since Python 3.10
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
    while b"\n" not in data:
        guest.settimeout(max(0.001, deadline - time.monotonic()))
        piece = guest.recv(FIRST_LINE)
        data += piece
        if not piece or time.monotonic() > deadline or len(data) > 2 * FIRST_LINE:
            raise ValueError("no line")
    guest.settimeout(None)
    line, _, rest = data.partition(b"\n")
    return line, rest


def lines_of(host: socket.socket, rest: bytes) -> Iterator[bytes]:
    pieces, length = [rest], len(rest)
    while True:
        if b"\n" in pieces[-1]:
            *lines, last = b"".join(pieces).split(b"\n")
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
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


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
