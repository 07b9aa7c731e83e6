"""Sockets that listen, and who may talk to them."""

from __future__ import annotations

import os

from .errors import BadStart
from .fast import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]

BACKLOG = 256


def listen(unix: str, tcp: str) -> tuple[socket.socket, Body]:
    """Listens at one of both; gives the address for the hello line, too."""
    try:
        if unix:
            return listen_unix(unix), {"unix": unix}
        listener = listen_tcp(tcp)
    except (OSError, AttributeError) as error:
        raise BadStart(f'Cannot listen at "{unix or tcp}": {error}') from error
    pattern = "[{}]:{}" if ":" in tcp else "{}:{}"
    return listener, {"tcp": pattern.format(tcp, listener.getsockname()[1])}


def listen_unix(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o177)  # nobody but the owner may connect, from the first moment on
    try:
        listener.bind(path)
    finally:
        os.umask(umask)
    listener.listen(BACKLOG)
    return listener


def listen_tcp(host: str) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((host, 0))
    listener.listen(BACKLOG)
    return listener


def accept(listener: socket.socket) -> socket.socket:
    file, _ = listener._accept()
    return socket.socket(listener.family, listener.type, listener.proto, file)


def is_loopback(host: str) -> bool:
    name, _, port = host.rpartition(":") if ":" in host[host.find("]") + 1 :] else (host, "", "")
    if not all("0" <= digit <= "9" for digit in port):
        return False
    numbers = name.split(".")
    is_127 = len(numbers) == 4 and numbers[0] == "127" and all(part.isdecimal() for part in numbers)
    return name.lower() in ("localhost", "[::1]") or is_127
