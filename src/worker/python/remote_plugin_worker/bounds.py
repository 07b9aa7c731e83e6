"""The bounds of a plugin: what it may do, and what it is told when it tries more. Section 12 of docs/protocol.md."""

from __future__ import annotations

import builtins
import os
import sys

from .encoding import encode
from .errors import BadStart, CannotBind
from .grant import Grant, is_within
from .start_line import Start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    from .holding import Holding

    Body = Dict[str, Any]


class Bounds:
    """The bounds of one worker. They cannot be made where they could not be held."""

    def __init__(self, start: Start, hello: int) -> None:
        self._grant = Grant(start.bounds or {}, start.plugin.get("path") or [], start.scratch.roots())
        self._holding: Optional[Holding] = None
        self._site = builtins.__import__("site") if sys.flags.no_site else None  # before the fork, after which it would take longer
        self._variables = self._complete(variables_of(start.plugin), start.scratch.disk)
        if self._grant.hold:
            self._holding = _find_holding(start, self._grant, hello)

    def put_in_force(self) -> Body:
        """Binds this process, and gives what the hello line says of that."""
        for name, value in self._variables.items():
            os.environ[name] = value  # before, it could have had this process run the plugin's code
        return self._holding.put_in_force() if self._holding is not None else {}

    def watch(self) -> Callable[[BaseException], str]:
        """From here on refusals say what is missing. Gives what says it of an error."""
        if self._holding is not None:
            change_files_by_descriptor()
        if self._site is not None:
            sys.path[:0] = [path for path in self._variables.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(path)]
            sys.dont_write_bytecode = sys.dont_write_bytecode or bool(self._variables.get("PYTHONDONTWRITEBYTECODE"))
            find_packages(self._site)
        from .watching import Watch

        watch = Watch(self._grant, tell_access if self._grant.audit else None)
        watch.begin()
        return watch.advise

    def _complete(self, variables: dict[str, str], scratch: str) -> dict[str, str]:
        """Adds what the bounds take, also for a run that is only watched: what it would need is what it is found to need."""
        temporary = variables.get("TMPDIR") or os.environ.get("TMPDIR") or "/"
        if scratch and not is_within(os.path.realpath(temporary), self._grant.write):
            variables = {**variables, "TMPDIR": os.path.join(scratch, "tmp")}
            if not os.path.isdir(variables["TMPDIR"]):
                os.mkdir(variables["TMPDIR"], 0o700)
        if isinstance(self._grant.net, list):
            variables = {**variables, "RES_OPTIONS": "use-vc"}  # names of hosts are asked for by TCP, which can be held to a port
        return variables


def find_packages(site: Any) -> None:
    """Does what Python does when it starts: it finds the packages, and runs code of theirs."""
    site.abs_paths = lambda: None  # it would look at each module that is loaded, and they have absolute paths
    site.main()


def variables_of(plugin: Body) -> dict[str, str]:
    """What the start line says that the plugin's environment has besides."""
    told = plugin.get("env") or {}
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        raise BadStart('"env" of "plugin" in the start line is not an object of strings')
    return told


def _find_holding(start: Start, grant: Grant, hello: int) -> Holding:
    if start.foreign:
        raise CannotBind("the worker of the plugin's own environment does not know of permissions")
    if sys.platform != "linux":
        raise CannotBind(f"the system {sys.platform} has no Landlock, which is of Linux")
    if not sys.flags.no_site:
        raise CannotBind("this Python was started without -S, so that code of its packages may have run already")
    try:
        from .holding import Holding
    except ImportError:
        raise CannotBind("this Python was built without its module _ctypes") from None
    return Holding(grant, keep=hello)


def tell_access(key: str, target: str, allowed: bool) -> None:
    """Writes one record of the audit to the log."""
    tag = encode({"level": "debug", "access": {"key": key, "target": target, "allowed": allowed}}).decode("ascii")
    line = f"\x1e{tag}\x1f{'may' if allowed else 'may not'} {key} {target!r}\n"
    try:
        os.write(2, line.encode("utf-8", "backslashreplace"))
    except OSError:
        pass  # the plugin has closed it


def change_files_by_descriptor() -> None:
    """Has `os.chmod` and `os.utime` open the file, for the kernel lets none take a path that may lead out of the bounds."""
    from .filters import WRONG_MODE

    set_mode = os.chmod
    os.chmod = _by_descriptor(lambda file, mode: set_mode(file, mode & ~WRONG_MODE), "chmod")
    os.utime = _by_descriptor(os.utime, "utime")


def _by_descriptor(act: Callable[..., None], name: str) -> Callable[..., None]:
    def changed(path: Any, *args: Any, dir_fd: Any = None, follow_symlinks: bool = True, **options: Any) -> None:
        if isinstance(path, int):
            return act(path, *args, **options)
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow_symlinks else os.O_NOFOLLOW)
        file = os.open(path, flags, dir_fd=dir_fd)
        try:
            act(file, *args, **options)
        finally:
            os.close(file)

    changed.__name__ = changed.__qualname__ = name
    return changed
