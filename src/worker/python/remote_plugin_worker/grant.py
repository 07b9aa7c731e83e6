"""What the start line says that a plugin may do."""

from __future__ import annotations

import os

from .errors import BadStart, CannotBind
from .logs import log
from .places import WRITABLE_DEVICES, home_of_user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Union

    Body = Dict[str, Any]

MOST_PORTS = 65535


class Grant:
    """What a plugin may do, with what it needs anyway of its own: its modules, and the folders for its files."""

    def __init__(self, told: Body, modules: list[str], scratch: list[str]) -> None:
        self.hold = _flag(told, "hold", True)  # a run that is only watched tells what the plugin would need
        self.own_read = [path for path in modules if os.path.isabs(path)]
        self.own_write = scratch + list(WRITABLE_DEVICES)
        read, write = _granted(told, "read"), _granted(told, "write")
        if self.hold and "home" in told:
            _check_modules(self.own_read, [str(told["home"]), *read, *write])
        self.read = read + self.own_read
        self.write = write + self.own_write
        self.net: Union[bool, list[int]] = _net(told.get("net", False))
        self.run = _flag(told, "run")
        self.audit = _flag(told, "audit")
        self.home = home_of_user()
        self.listens = False  # of a worker that binds itself before it listens
        self.program = ""  # which it becomes when it is bound


def is_within(path: str, places: list[str]) -> bool:
    """Whether a path, with no link in it, is one of these places or lies in one."""
    return any(path == place or path.startswith(place.rstrip("/") + "/") for place in places)


def _granted(told: Body, key: str) -> list[str]:
    """The places that were granted, without those from which a link leads out of what the host allows."""
    paths, within = _paths(told, key), told.get("within") or {}
    if not isinstance(within, dict):
        raise BadStart('"within" of "bounds" in the start line is not an object')
    if not isinstance(within.get(key), list):
        return paths
    allowed = [os.path.realpath(path) for path in _paths(within, key)]
    real = {path: os.path.realpath(path) for path in paths}
    for path in paths:
        if not is_within(real[path], allowed):
            log(f'the plugin may not {key} "{path}": its links lead to "{real[path]}", which the host does not allow')
    return [real[path] for path in paths if is_within(real[path], allowed)]


def _check_modules(modules: list[str], places: list[str]) -> None:
    """A manifest says where modules lie, and what it names there is read without having been granted. So that is its own folder."""
    allowed = [os.path.realpath(place) for place in places]
    for path in modules:
        real = os.path.realpath(path)
        if not is_within(real, allowed):
            raise CannotBind(
                f'"{real}" in "plugin_path" lies outside of the folder of its manifest, and it was not granted. '
                'Add it to "read" of "permissions", and have the host allow it'
            )


def _paths(told: Body, key: str) -> list[str]:
    paths = told.get(key, [])
    if not isinstance(paths, list) or not all(isinstance(path, str) and os.path.isabs(path) for path in paths):
        raise BadStart(f'"{key}" of "bounds" in the start line is not a list of absolute paths')
    return paths


def _net(net: Any) -> Union[bool, list[int]]:
    if isinstance(net, bool):
        return net
    if not isinstance(net, list) or not all(type(port) is int and 0 < port <= MOST_PORTS for port in net):
        raise BadStart('"net" of "bounds" in the start line is neither true nor false nor a list of ports')
    return net or False


def _flag(told: Body, key: str, default: bool = False) -> bool:
    flag = told.get(key, default)
    if not isinstance(flag, bool):
        raise BadStart(f'"{key}" of "bounds" in the start line is neither true nor false')
    return flag
