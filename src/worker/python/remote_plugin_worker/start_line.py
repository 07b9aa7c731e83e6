"""The start line and the hello line: section 1 of docs/protocol.md."""

from __future__ import annotations

import os
import sys

from .constants import FEATURES, MAX_START_LINE, PROTOCOL
from .decoding import decode_object
from .encoding import encode
from .errors import BadStart, Refusal
from .scratch import Scratch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]


class Start:
    """What the start line says."""

    def __init__(self, line: bytes) -> None:
        try:
            message = decode_object(line)
        except Refusal as refusal:
            raise BadStart(refusal.detail.replace("The body", "The start line")) from None
        if message.get("protocol") != PROTOCOL:
            raise BadStart("This worker speaks protocol {}, not {}".format(PROTOCOL, message.get("protocol")))
        listen, limits = self._object(message, "listen"), self._object(message, "limits")
        self.token = self._string(message, "token")
        self.unix = self._string(listen, "unix") if "unix" in listen else ""
        self.tcp = "" if self.unix else self._string(listen, "tcp")
        self.folder = self._string(message, "folder") if "folder" in message else ""
        self.plugin = self._object(message, "plugin")
        self._string(self.plugin, "module")
        self._check_target(self.plugin)
        if not isinstance(self.plugin.get("path", []), list):
            raise BadStart('"path" in the start line is not a list')
        self.foreign = self._string(message, "foreign") if "foreign" in message else ""
        self.bounds = self._object(message, "bounds") if "bounds" in message else None
        self.max_concurrency = self._number(limits, "max_concurrency", 1, 1)
        self.batch = self._batch(limits) if "batch" in limits else None
        self.max_memory = self._number(limits, "memory", 0, 0)
        self.max_processes = self._number(limits, "processes", 0, 0)
        self.max_body_bytes = self._number(limits, "max_body_bytes", 512 * 1024 * 1024, 0)
        folders = (str(message.get(key) or "") for key in ("scratch", "memory_scratch"))
        self.scratch = Scratch(*folders, quota=self._number(limits, "scratch_quota", 0, 0))
        self.features = [*FEATURES, "parts"] if self.scratch.disk else FEATURES
        self.cancel_grace_s = self._number(limits, "cancel_grace_ms", 200, 0) / 1000

    def _batch(self, limits: Body) -> Body:
        batch = self._object(limits, "batch")
        return {"max_size": self._number(batch, "max_size", 32, 1), "max_wait_ms": self._number(batch, "max_wait_ms", 5, 0)}

    def _check_target(self, plugin: Body) -> None:
        named = [key for key in ("class", "function", "entry") if plugin.get(key) is not None]
        if len(named) != 1:
            raise BadStart('"plugin" in the start line must have one of "class", "function" and "entry"')
        if plugin.get("entry") is not True:
            self._string(plugin, named[0])

    @staticmethod
    def _object(holder: Body, key: str) -> Body:
        value = holder.get(key, {})
        if not isinstance(value, dict):
            raise BadStart(f'"{key}" in the start line is not an object')
        return value

    @staticmethod
    def _string(holder: Body, key: str) -> str:
        value = holder.get(key)
        if not isinstance(value, str) or not value:
            raise BadStart(f'"{key}" in the start line is not a string with something in it')
        return value

    @staticmethod
    def _number(holder: Body, key: str, default: int, least: int) -> int:
        value = holder.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < least:
            raise BadStart(f'"{key}" in the start line is not a number from {least} upwards')
        return int(value)


def read_start_line() -> bytes:
    """Reads the start line. What comes behind it is dropped: a host has nothing more to say here."""
    text = b""
    while b"\n" not in text and len(text) <= MAX_START_LINE:
        piece = os.read(0, 65536)
        if not piece:
            raise BadStart("Standard input ended before the start line did")
        text += piece
    line = text.partition(b"\n")[0]
    if len(line) > MAX_START_LINE:
        raise BadStart(f"The start line is longer than {MAX_START_LINE} bytes")
    return line


def take_stdout() -> int:
    """Keeps the pipe that was standard output for the hello line, and sends whatever is printed to the log."""
    hello = os.dup(1)
    os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore
    return hello


def say(hello: int, message: Body) -> None:
    """Writes the hello line."""
    data = encode(dict(message, protocol=PROTOCOL)) + b"\n"
    while data:
        data = data[os.write(hello, data) :]
    os.close(hello)
