"""What a plugin with bounds asks for, as far as Python tells of it, and what has to be added when it is refused.

The kernel alone holds the bounds, and says no more than "Permission denied". Python tells an audit hook beforehand what is about
to be done. So here it is said which key of "permissions" is missing.
"""

from __future__ import annotations

import errno
import os
import sys

from .constants import OWN_FILES
from .fast import socket
from .grant import Grant, is_within
from .library import attribute
from .places import derived_places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Optional

    Tell = Callable[[str, str, bool], None]

MOST_REMEMBERED = 1000
MOST_READ, MOST_PATHS = 10_000, 8  # of the text of an error
# What `multiprocessing` imports for processes that begin as programs of their own.
BY_SPAWN, BY_SERVER = "multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver"
TAKE_FORK = 'take multiprocessing.get_context("fork")'
NEEDS_STAND_INS = ("multiprocessing.synchronize", "multiprocessing.heap")
ADD = 'add {} to "{}" of "permissions"'
ADD_RUN = 'add "run": true to "permissions"'
# By the file of the library in which an error came up that names no path.
BY_PLACE = {
    "socket.py": 'Add ports such as ":443" to "net" of "permissions", or set it to true. Unix sockets are open to no plugin',
    "synchronize.py": 'Add "/dev/shm" to "write" of "permissions"',
    "shared_memory.py": 'Add "/dev/shm" to "write" of "permissions"',
}


class Access:
    """Looks at what the plugin is about to do. `tell` gets each thing that it asks for, with its key and whether it may have it."""

    def __init__(self, grant: Grant, tell: Optional[Tell]) -> None:
        self._grant = grant
        self._own: Optional[list[str]] = None
        self._tell = tell
        self._tellings: set[tuple[str, str]] = set()
        self._prepared: set[str] = set()
        self._database = ""  # which was opened last
        self._places: dict[str, str] = {}  # what must be writable, by the path that was asked for

    def advise(self, error: BaseException) -> str:
        """What stands behind the message of an error that came of a refusal; nothing for any other."""
        for refused in _chain(error):
            is_refusal = isinstance(refused, PermissionError) or attribute(refused, "errno") == errno.EXDEV
            advice = self._advice(refused) if is_refusal else self._advice_of_library(refused)
            if advice:
                return ". " + advice
        return ""

    def _advice_of_library(self, error: BaseException) -> str:
        """What libraries in C open Python is not told of, and they raise errors of their own. Most have the path in their text."""
        if attribute(type(error), "__module__") == "sqlite3" and self._database:
            return self._advice_of_database(os.path.realpath(self._database))
        for path in map(os.path.realpath, _paths_in(error)):
            if not self._may("read", path) and _is_refused(path):
                return self._add("read", path)
        return ""

    def _advice_of_database(self, path: str) -> str:
        if os.path.exists(path) and not self._may("read", path):
            return self._add("read", path)
        folder = os.path.dirname(path)  # which has the journal
        return "" if self._may("write", folder) else self._add("write", folder)

    def _add(self, key: str, real: str) -> str:
        self._told(key, real, False)
        return _capital(ADD.format(_quoted(real), key))

    def _advice(self, error: BaseException) -> str:
        place = _place_of(error)
        if place in BY_PLACE:
            return BY_PLACE[place]
        for path in (attribute(error, "filename"), attribute(error, "filename2")):
            if isinstance(path, (str, bytes)):
                name = os.fsdecode(path)
                key, real = "write" if name in self._places else "read", os.path.realpath(self._places.get(name, name))
                if not self._may(key, real):
                    return self._add(key, real)
        return ""

    def _may(self, key: str, real: str) -> bool:
        if is_within(real, self._grant.write):
            return True
        return key == "read" and (is_within(real, self._grant.read) or self._is_own(real))

    def _is_own(self, real: str) -> bool:
        if self._own is None:
            own = [*derived_places(self._grant.home), *self._grant.own_read, *self._grant.own_write]
            self._own = [os.path.realpath(path) for path in own]
        return is_within(real, self._own)

    def _told(self, key: str, target: str, allowed: bool) -> None:
        if self._tell is not None and (key, target) not in self._tellings:
            self._tellings.add((key, target))
            self._tell(key, target, allowed)

    def write_file(self, path: Any) -> None:
        self._write(path, path if os.path.exists(path) else _folder(path))

    def read_file(self, path: Any) -> None:
        if self._tell is not None and isinstance(path, (str, bytes, os.PathLike)):
            real = os.path.realpath(os.fsdecode(path))
            if not self._is_own(real):
                self._told("read", real, self._may("read", real))

    def list_folder(self, path: Any = None, *rest: Any) -> None:
        self.read_file(path or ".")

    def open_database(self, path: Any) -> None:
        name = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        if name and not name.startswith((":", "file:")):
            self._database = os.path.abspath(name)
            self.read_file(name)

    def load_library(self, name: Any, *rest: Any) -> None:
        if name:
            self.read_file(name)

    def truncate(self, path: Any, *rest: Any) -> None:
        self._write(path, path)

    def _write(self, path: Any, place: Any) -> None:
        """Remembers what has to be writable for it, in case that it is refused."""
        if not isinstance(path, (str, bytes, os.PathLike)):
            return  # a file that is open
        if "__pycache__" in os.fsdecode(path):
            return  # the interpreter's, which does without
        if len(self._places) > MOST_REMEMBERED:
            self._places.clear()
        self._places[os.fsdecode(path)] = os.fsdecode(place)
        if self._tell is not None:
            real = os.path.realpath(os.fsdecode(place))
            if not is_within(real, self._grant.own_write):
                self._told("write", real, self._may("write", real))

    def change(self, path: Any, *rest: Any) -> None:
        self._write(path, _folder(path))

    def move(self, source: Any, target: Any, *rest: Any) -> None:
        self.change(source)
        self.change(target)

    def prepare_module(self, module: str) -> None:
        if module == BY_SPAWN and not self._grant.run:
            self._refuse("run", sys.executable, ADD_RUN + ", or " + TAKE_FORK)
        if module == BY_SERVER:
            self._refuse("net", "a unix socket", TAKE_FORK)
        if self._grant.hold and module in NEEDS_STAND_INS and module not in self._prepared:
            from .stand_ins import stand_in_for

            self._prepared.add(module)
            stand_in_for(module)

    def run_command(self, command: Any) -> None:
        self.run("/bin/sh")

    def run(self, program: Any, args: Any = None, folder: Any = None, *rest: Any) -> None:
        name = os.fsdecode(program)
        allowed = self._grant.run
        if not allowed and self._grant.hold and not _is_program(name):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)  # many a library looks whether there is one
        self._told("run", name, allowed)
        if not allowed:
            self._refuse("run", name, ADD_RUN)

    def connect(self, client: Any, address: Any, *rest: Any) -> None:
        net = self._grant.net
        if not isinstance(address, tuple) or len(address) < 2:
            return  # of another family, which the kernel refuses
        allowed = net is True or (isinstance(net, list) and address[1] in net)
        self._net(address[0], address[1], allowed)

    def bind(self, client: Any, address: Any) -> None:
        if isinstance(address, tuple) and len(address) >= 2 and self._grant.net is not True:
            self._refuse("net", f"{address[0]}:{address[1]}", 'set "net" of "permissions" to true, for ports are those to connect to')

    def look_up(self, host: Any, port: Any = None, *rest: Any) -> None:
        if not self._grant.net and host and host != "localhost" and not _is_address(host):
            self._net(host, port, False)

    def _net(self, host: Any, port: Any, allowed: bool) -> None:
        target = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        target = target if port is None else f"{target}:{port}"
        self._told("net", target, allowed)
        if not allowed:
            self._refuse("net", target, ADD.format(_quoted(f":{port}" if isinstance(port, int) else ":443"), "net"))

    def _refuse(self, key: str, target: str, advice: str) -> None:
        """The kernel would refuse it as well, and could not say why. A plugin that is only watched goes on."""
        self._told(key, target, False)
        if self._grant.hold:
            raise PermissionError(errno.EACCES, f"Requires {key} access to {_quoted(target)}: {advice}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and those that it came of."""
    seen: set[int] = set()
    following: Optional[BaseException] = error
    while following is not None and id(following) not in seen:
        yield following
        seen.add(id(following))
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)


def _place_of(error: BaseException) -> str:
    """The name of the file in which an error came up, none of the worker's own."""
    entry, found = error.__traceback__, ""
    while entry is not None:
        file = entry.tb_frame.f_code.co_filename
        found = found if file.startswith(OWN_FILES) else file
        entry = entry.tb_next
    return os.path.basename(found)


def _paths_in(error: BaseException) -> list[str]:
    """The absolute paths in the text of an error, which may be the plugin's own."""
    try:
        words = str(error)[:MOST_READ].replace('"', " ").replace("'", " ").split()
    except Exception:
        return []
    return [word.rstrip(".,:;)]") for word in words if word.startswith("/")][:MOST_PATHS]


def _is_refused(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        return error.errno == errno.EACCES
    return False


def _folder(path: Any) -> Any:
    return os.path.dirname(os.path.abspath(os.fsdecode(path))) if isinstance(path, (str, bytes, os.PathLike)) else path


def _is_program(name: str) -> bool:
    folders = [""] if os.path.dirname(name) else os.get_exec_path()
    return any(os.path.exists(os.path.join(folder, name)) for folder in folders)


def _is_address(host: Any) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name.partition("%")[0])
            return True
        except (OSError, ValueError):
            pass
    return False


def _quoted(text: str) -> str:
    return f'"{text}"'


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
