"""A worker of the plugin's own environment, run in the place of this one."""

from __future__ import annotations

import os
import sys

from .errors import BadStart
from .fast import socket
from .listening import listen_tcp, listen_unix
from .original import make_data_folders
from .start_line import Start, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, NoReturn

    Body = Dict[str, Any]

PACKAGES = {"cjm_plugin_system": "cjm-plugin-system>=0.0.46", "cjm_substrate": "cjm-substrate>=0.0.58"}


class ForeignWorker:
    """A worker of the plugin's own environment, which speaks the original's wire: found here, then run in this process's place."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._module = start.foreign
        self._package = self._module.partition(".")[0]
        sys.path[:0] = start.plugin.get("path") or []
        self._source = self._read_source()
        self._takes_socket = "--fd" in self._source
        if not self._takes_socket and "--port" not in self._source:
            raise BadStart(self._complaint("takes neither --fd nor --port, so it is none that this host knows"))

    def become(self, hello: int, lifeline: int) -> NoReturn:
        """Says hello, and runs the worker. The end of the lifeline that it keeps makes the kernel end it with its supervisor."""
        os.set_inheritable(lifeline, True)
        address, place = self._listen()
        say(hello, {"address": address, "pid": os.getpid(), "worker": self._module, "features": self._features()})
        target = self._start.plugin
        command = [sys.executable, "-m", self._module, "--module", target["module"], "--class", target["class"], *place]
        if target.get("adapters"):
            command += ["--adapters", ",".join(target["adapters"])]
        os.execve(sys.executable, command + ["--ppid", str(os.getppid())], self._environment())

    def _listen(self) -> tuple[Body, list[str]]:
        """A socket that is handed over can be private, and nobody else can take its place. First releases need a port's number."""
        unix = self._start.unix if self._takes_socket else ""
        listener = listen_unix(unix) if unix else listen_tcp(self._start.tcp or "127.0.0.1")
        address = {"unix": unix} if unix else {"tcp": "{}:{}".format(*listener.getsockname()[:2])}
        if not self._takes_socket:
            listener.close()
            return address, ["--port", address["tcp"].rpartition(":")[2]]
        if not unix:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it; nobody sets it later
        os.set_inheritable(listener.fileno(), True)
        return address, ["--fd", str(listener.detach())]

    def _features(self) -> list[str]:
        features = ["original", "farewell"]
        if "_job_error" in self._source:
            features.append("job_error")
        return features if self._takes_socket else features + ["picked_port"]

    def _environment(self) -> dict[str, str]:
        make_data_folders()
        path = [*(self._start.plugin.get("path") or []), *filter(None, [os.environ.get("PYTHONPATH")])]
        return dict(os.environ, PYTHONPATH=os.pathsep.join(path)) if path else dict(os.environ)

    def _read_source(self) -> str:
        try:
            from importlib.util import find_spec

            spec = find_spec(self._module)
            if spec is None or spec.origin is None:
                raise ModuleNotFoundError(self._module)
            with open(spec.origin, encoding="utf-8") as source:
                return source.read()
        except Exception as error:
            missing = isinstance(error, ModuleNotFoundError)
            what = "is not in the plugin's environment" if missing else "cannot be read: {!r}".format(error)
            raise BadStart(self._complaint(what)) from error

    def _complaint(self, what: str) -> str:
        version = self._version()
        found = " ({} has version {})".format(self._package, version) if version else ""
        known = self._package if self._package in PACKAGES else "cjm_plugin_system"
        command = '{} -m pip install --upgrade "{}"'.format(sys.executable, PACKAGES[known])
        return 'The worker "{}" {}{}. Known is "{}.core.worker"; install it there: {}'.format(self._module, what, found, known, command)

    def _version(self) -> str:
        from importlib import metadata

        try:
            version: str = metadata.version(self._package.replace("_", "-"))
        except metadata.PackageNotFoundError:
            return ""
        return version
