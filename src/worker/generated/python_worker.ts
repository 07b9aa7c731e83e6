// deno-fmt-ignore-file
// Generated from the files in python/. Do not edit; run: deno task embed

/** Tells the bytecode of this worker from that of other releases. */
export const PYTHON_WORKER_HASH = "334c3f7df02f65c4";

/**
 * What Python is told to run: the pack's first part. Python would compile the whole file at each start if it were told to run that. The entry that it makes
 * for a command on the import path, the current folder, goes before anything is imported.
 */
export const PYTHON_WORKER_BOOT: string = `import sys

if sys.path[:1] == [""]:
    del sys.path[0]
with open(sys.argv[1], encoding="utf-8") as pack:
    exec(compile("".join(iter(pack.readline, "\\f\\n")), "<remote-plugin start>", "exec"), {"__name__": "__main__"})
`;

/** The Python worker: `python/start.py`, and the modules of the package beside it. */
export const PYTHON_WORKER_PACK: string = `"""Starts the worker from the bytecode that an earlier start has kept.

To compile it takes longer than all the rest of a start. The bytecode is in a folder of the user's own, where programs keep
what can be made again; docs/permissions.md says where. What is not surely this user's file, whole, and made by this very
interpreter from this very source, is not used: the source is compiled. Nothing that goes wrong here keeps the worker from
its start, or is said: it only takes longer.

The host writes one file for a worker, the pack: this file, then compiling.py, then the modules of the package beside them.
A start that finds bytecode compiles this part alone.
"""

import binascii
import gc
import marshal
import os
import stat
import sys

PART_MARK = "\\f"  # in front of each part but the first, and of its name on the same line
MARK = b"remote-plugin bytecode\\n"  # how a file says of itself that it may be removed
START = len(MARK) + 4  # of the bytecode, behind its checksum


class Bytecode:
    """The bytecode of one source, as this interpreter makes it."""

    def __init__(self, source_hash):
        maker = "{} {} {}".format(source_hash, sys.version, os.uname().machine)
        self._seed = binascii.crc32(maker.encode("utf-8"))
        self.folder = cache_folder()
        name = "worker-{}-{:08x}.{}.pyc".format(source_hash, self._seed, sys.implementation.cache_tag)
        self.path = os.path.join(self.folder, name)

    def load(self):
        """Gives the code of each module; None when there is none that can be trusted."""
        try:
            if not self.is_own(os.lstat(self.folder), stat.S_ISDIR):
                return None
            data = memoryview(self.read_own(self.path))
            return marshal.loads(data[START:]) if data[:START] == self._head(data[START:]) else None
        except (OSError, EOFError, TypeError, ValueError):
            return None

    def sealed(self, codes):
        """What a file has in it that load() trusts."""
        payload = marshal.dumps(codes)
        return self._head(payload) + payload

    def _head(self, payload):
        return MARK + binascii.crc32(payload, self._seed).to_bytes(4, "big")

    @staticmethod
    def is_own(status, is_kind):
        """Whether something is of a kind, this user's, and nobody else may write to it."""
        return is_kind(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022

    @classmethod
    def read_own(cls, path):
        """Reads a file of this user's; what is no such file is empty."""
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe would keep us waiting
        with open(file, "rb") as opened:
            return opened.read() if cls.is_own(os.fstat(file), stat.S_ISREG) else b""


def cache_folder():
    """Where this user keeps bytecode, if he says so, or else whatever can be made again."""
    if sys.pycache_prefix:
        return os.path.join(sys.pycache_prefix, "remote-plugin")
    named = os.environ.get("XDG_CACHE_HOME", "")
    usual = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return os.path.join(named if os.path.isabs(named) else os.path.expanduser("~/" + usual), "remote-plugin")


def module_codes(pack, source_hash):
    # Elsewhere it is told in another way whose a file is and who may write to it. A Python that is too old has to come
    # as far as to be told so.
    bytecode = Bytecode(source_hash) if os.name == "posix" and sys.version_info >= (3, 8) else None
    kept = bytecode.load() if bytecode is not None else None
    if kept is not None:
        return kept
    with open(pack, encoding="utf-8") as opened:
        _, compiling, *modules = opened.read().split(PART_MARK)
    names = {"__name__": "remote_plugin_compiling"}
    exec(compile(compiling, "<remote-plugin compiling>", "exec"), names)
    return names["compile_modules"](modules, None if sys.dont_write_bytecode else bytecode)


if __name__ == "__main__":
    gc.disable()
    _, worker, made_from, *program = sys.argv
    sys.argv[:] = [worker, *program]
    codes = module_codes(worker, made_from)
    names = {"__name__": "remote_plugin_modules"}
    exec(codes["modules"], names)
    names["Modules"](codes).run_main()
\f
"""Compiles the worker's modules, and keeps their bytecode: for a start that has found none. start.py runs it."""

import marshal
import os
import stat
import time

# The same whether it is compiled or loaded, and not a path: of the pack's many copies none lasts.
CODE_NAME = "<remote-plugin worker/{}>"
LATE = " late"  # stands behind the name of a module that no start needs
MARK = b"remote-plugin bytecode\\n"
# What stands in this module when it has been run is always the same. It is kept in the place of what makes it.
PREPARED = "filters"
UNUSED_S = 30 * 24 * 3600  # other releases and interpreters have files of their own, which nobody else removes


def compile_modules(parts, bytecode):
    """Gives the code of each module, that of a late one as bytes, and keeps it where there is a place for it."""
    codes = {}
    for part in parts:
        name, _, source = part.partition("\\n")
        is_late = name.endswith(LATE)
        name = name[: -len(LATE)] if is_late else name
        code = compile(source, CODE_NAME.format(name), "exec", 0, True, 2)  # without what nobody reads or checks at run time
        codes[name] = marshal.dumps(code) if is_late else code
    if bytecode is not None:
        keep(bytecode, dict(codes, **prepare(codes)))
    return codes


def prepare(codes):
    """Gives the code of what a module makes: its constants. Where it can make none, it says why when it is wanted."""
    modules = {"__name__": "remote_plugin_modules"}
    exec(codes["modules"], modules)
    try:
        made = vars(modules["Modules"](codes).load(PREPARED))
    except Exception:
        return {}
    source = "\\n".join("{} = {!r}".format(name, made[name]) for name in made if name.isupper() and name[0] != "_")
    return {PREPARED: marshal.dumps(compile(source, CODE_NAME.format(PREPARED), "exec"))}


def keep(bytecode, codes):
    """Keeps the code for later starts, if the folder can be had. It appears under its name when it is complete."""
    try:
        make_folder(bytecode)
        unfinished = "{}.{}".format(bytecode.path, os.urandom(6).hex())
        try:
            write_new(unfinished, bytecode.sealed(codes))
            os.replace(unfinished, bytecode.path)
        except OSError:
            os.unlink(unfinished)
            raise
        forget_unused(bytecode)
    except OSError:
        pass


def make_folder(bytecode):
    for folder in (os.path.dirname(bytecode.folder), bytecode.folder):
        if not os.path.isdir(folder):
            # Who is root in another user's home leaves nothing there that its owner could not remove.
            if os.stat(os.path.dirname(folder)).st_uid != os.geteuid():
                raise PermissionError(folder)
            os.mkdir(folder, 0o700)
    if not bytecode.is_own(os.lstat(bytecode.folder), stat.S_ISDIR):
        raise PermissionError(bytecode.folder)


def write_new(path, data):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(data)


def forget_unused(bytecode):
    for name in os.listdir(bytecode.folder):
        path = os.path.join(bytecode.folder, name)
        if name.startswith("worker-") and time.time() - os.lstat(path).st_mtime > UNUSED_S and bytecode.read_own(path).startswith(MARK):
            os.unlink(path)
\faccess late
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
# What \`multiprocessing\` imports for processes that begin as programs of their own.
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
    """Looks at what the plugin is about to do. \`tell\` gets each thing that it asks for, with its key and whether it may have it."""

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
\fbare_reply
"""Answers on an upgraded connection: section 11 of docs/protocol.md."""

from __future__ import annotations

from .descriptors import DESCRIPTORS
from .encoding import encode
from .errors import Refusal
from .replies import NO_PARTS, FramedReply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from .parts import Part


class BareReply(FramedReply):
    """Section 11: the frames of section 4, and nothing around them."""

    def refuse(self, refusal: Refusal) -> None:
        self.closes = self.closes or refusal.closes
        self._part(encode({"refused": {"status": refusal.status, "detail": refusal.detail}}) + b"\\n", last=True)

    def result(self, value: Any) -> None:
        frame = self._frame("result", value)
        sent = self._part(frame, True, self._take_parts())
        if self._outbox is not None:
            self._settle(sent)

    def _last(self, frame: bytes, parts: Sequence[Part] = NO_PARTS) -> bool:
        return self._part(frame, True, parts)

    def _part(self, data: bytes, last: bool = False, parts: Sequence[Part] = NO_PARTS, may_wait: bool = True) -> bool:
        if not DESCRIPTORS.mark[0]:
            DESCRIPTORS.stay_out()
        client = self._client
        with client.lock:
            if self._ended:
                return False
            # The files of a frame come right behind it.
            is_free = not parts and (self._outbox is None or not self._outbox.is_waiting())
            may_be_held = may_wait and is_free and (client.is_followed if last else self._begun)
            self._begun = True
            self._ended = last
            if not client.put(data, may_be_held) or (parts and not client.send_parts(parts)):
                self.broken = True
            return not self.broken
\fbatch late
"""Several calls that one run of the plugin's code answers."""

from __future__ import annotations

from .call import Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]


class Batch(Call):
    """Calls that run together. To the plugin's helpers, and to whoever interrupts the code, it is one call."""

    def __init__(self, first: Call) -> None:
        super().__init__({}, first.endpoint)
        self.calls: list[Call] = []
        self.bodies: list[Body] = []  # what they were given, also of one that has been cancelled since

    @property
    def cancelled(self) -> bool:  # type: ignore[override]
        """Whether nobody wants any of the answers."""
        return all(call.cancelled for call in self.calls)

    def member(self, item: int) -> Call:
        return self.calls[item]

    def report(self, progress: float, message: str) -> None:
        def report_to_all() -> None:
            for call in self.calls:
                call.report(progress, message)

        self.run_own(report_to_all)
\fbatching late
"""Batches: open calls of \`execute\` that one run of the plugin's \`execute_batch\` answers. Section 3 of docs/protocol.md."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import AsyncGenerator, Generator

from .batch import Batch
from .call import CURRENT_CALL, Call
from .descriptors import DESCRIPTORS
from .endpoints import ENDPOINTS
from .errors import BadResult
from .forks import NO_NAMES
from .gathering import Gathering
from .logs import log
from .open_calls import OpenCalls
from .plugin import Plugin
from .script_end import end_as_script
from .tracebacks import traceback_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Sequence

    from .cancelling import SignalTarget
    from .connection import Connection
    from .start_line import Start

    Body = Dict[str, Any]
    Answer = Callable[[Call, Any, Optional[BaseException]], None]

METHOD = "execute_batch"
EXECUTE, STREAM = ENDPOINTS["execute"], ENDPOINTS["execute_stream"]


class Batches:
    """Gathers calls, has the plugin answer them together, and gives each its own answer."""

    def __init__(self, plugin: Plugin, calls: OpenCalls, gathering: Gathering, start: Start) -> None:
        self._plugin = plugin
        self._calls = calls
        self._gathering = gathering
        assert start.batch is not None
        self._most = start.batch["max_size"]
        self._wait_s = start.batch["max_wait_ms"] / 1000
        self._signature: Any = None
        self._turn = threading.Lock()  # one lane gathers at a time: two would share what comes, in smaller batches

    def joins(self, call: Call) -> bool:
        """Whether a call is one of those that are gathered."""
        if self._plugin.failure is not None:
            return False
        return call.endpoint is EXECUTE or (call.endpoint is STREAM and self._plugin.instance.method("execute_stream") is None)

    def take(self, last: Optional[Connection], target: SignalTarget, answer: Answer) -> Call:
        """For a lane that has answered a call on a connection: runs batches until a call comes that runs alone, which has begun."""
        if last is not None:
            self._gathering.go_on(last)
        while True:
            with self._turn:
                call = self._gathering.take(None)
                if not self.joins(call):
                    return call
                batch, taken = self._gather(call)
            self._serve(batch, taken, target, answer)

    def _gather(self, first: Call) -> tuple[Batch, list[Call]]:
        """Takes further calls, until the batch is full, time is over, or another kind of call comes, which is next then."""
        batch = Batch(first)
        taken = [first]
        is_open = self._calls.join(first, batch)
        until = time.monotonic() + self._wait_s
        while is_open and len(batch.calls) < self._most:
            call = self._gathering.take_by(until)
            if call is None:
                break
            if not self.joins(call):
                self._gathering.put_back(call)
                break
            if self._calls.join(call, batch):
                taken.append(call)
            else:
                self._gathering.pass_over(call)
        return batch, taken

    def _serve(self, batch: Batch, taken: list[Call], target: SignalTarget, answer: Answer) -> None:
        try:
            if self._calls.begin_batch(batch):
                target.code = batch
                self._gathering.lend()
                self._run(batch, answer)
        finally:
            for call in taken:
                try:
                    self._settle(call, answer)
                except Exception as failure:  # the others would be lost with it
                    DESCRIPTORS.check()
                    log("a call was lost\\n" + traceback_of(failure))
            batch.finish()

    def _run(self, batch: Batch, answer: Answer) -> None:
        CURRENT_CALL.set(batch)
        error: Optional[BaseException] = None
        results: Sequence[Any] = ()
        try:
            batch.calls, items = self._items(batch, answer)
            results = self._plugin.perform_batch(batch, lambda: self._results(batch, items)) if items else ()
        except BaseException as raised:  # also SystemExit, as of a call
            error = raised
        if not DESCRIPTORS.mark[0]:
            end_as_script(error)
        for number, call in enumerate(batch.calls):
            result = results[number] if error is None else error
            if isinstance(result, BaseException):
                self._end(call, None, result, answer)
            else:
                self._end(call, result, None, answer)

    def _end(self, call: Call, value: Any, error: Optional[BaseException], answer: Answer) -> None:
        """Gives one call its answer, unless it was cancelled, and has one."""
        if not self._calls.close(call):
            return
        if error is None and call.endpoint is STREAM:
            assert call.reply is not None
            try:
                call.reply.chunk(value)
                value = None
            except BaseException as failure:
                error = failure
        answer(call, value, error)

    def _settle(self, call: Call, answer: Answer) -> None:
        """Lets go of a call, and of its connection unless it was cancelled: whoever did that has it."""
        if call.inputs is not None:
            call.inputs.close()
        if self._calls.close(call):  # what has kept the batch from its run was thrown, and is in the log
            answer(call, None, RuntimeError("The batch was lost; the worker's log says why"))
        if call.is_given_up:
            return
        if call.made_reply is not None:
            call.made_reply.close()
        call.finish()
        call.connection.answered()
        self._gathering.go_on(call.connection)

    def _items(self, batch: Batch, answer: Answer) -> tuple[list[Call], list[Any]]:
        """What the plugin is given. A call whose arguments do not fit fails alone."""
        fitting, items = [], []
        for call, body in zip(batch.calls, batch.bodies):
            try:
                items.append(self._item(batch, body))
                fitting.append(call)
            except Exception as error:
                self._end(call, None, error, answer)
        return fitting, items

    def _item(self, batch: Batch, body: Body) -> Any:
        args, kwargs = body.get("args") or (), body.get("kwargs") or NO_NAMES
        plugin = self._plugin
        execute = plugin.instance.method("execute")
        if execute is None:
            if args:
                raise TypeError(f"{METHOD}() takes the arguments of each call by their names; {len(args)} were given by position")
            return dict(kwargs)
        if self._signature is None:
            self._signature = _signature_of(execute)
        try:
            named = dict(self._signature.bind(*args, **kwargs).arguments)
        except TypeError as error:
            raise TypeError(f"execute(): {error}") from None
        others = [name for name, parameter in self._signature.parameters.items() if parameter.kind is parameter.VAR_KEYWORD]
        for name in others:
            named.update(named.pop(name, {}))
        read = plugin.reader("execute", execute)
        return named if read is None else batch.run(read, ((), named))[1]

    def _results(self, batch: Batch, items: list[Any]) -> Sequence[Any]:
        plugin = self._plugin
        given = plugin.invoke(batch, plugin.need(METHOD), (items,))
        if isinstance(given, (Generator, AsyncGenerator)):
            given = list(plugin.items(batch, given))
        if isinstance(given, getattr(sys.modules.get("numpy"), "ndarray", ())) and given.ndim:
            given = list(given)  # its rows
        if not isinstance(given, (list, tuple)):
            raise BadResult(f'{METHOD}() gave a value of type "{type(given).__name__}"; wanted is a list with an answer for each item')
        if len(given) != len(items):
            raise BadResult(f"{METHOD}() gave {len(given)} answers to {len(items)} items; wanted is one for each, in their order")
        return given


def _signature_of(method: Callable[..., Any]) -> Any:
    """What a method takes; anything where that is not known, as of one in C."""
    import inspect

    try:
        return inspect.signature(method)
    except (TypeError, ValueError):
        return inspect.signature(lambda **named: None)
\fbecome late
"""Holds this process to bounds, and becomes another program: how the kernel holds the worker of a Deno plugin.

No module imports this one. start.py runs it in the place of main when it is told to.
"""

from __future__ import annotations

import os
import sys

from .decoding import decode_object
from .error_bodies import describe
from .errors import BadStart, CannotBind
from .grant import Grant
from .start_line import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn

STDOUT, LAST_STREAM = 1, 2


def main(find_others_by: Callable[[Callable[..., Any]], None]) -> NoReturn:
    """Becomes the program, or says in the place of its hello line why not."""
    _, _, told, program, *arguments = sys.argv
    try:
        _hold(_read(told), program)
        os.execv(program, [program, *arguments])
    except (BadStart, OSError) as error:
        say(STDOUT, {"error": describe(error, "", "bounds")})
        sys.exit(1)


def _read(told: str) -> Grant:
    with open(told, "rb") as file:
        return Grant(decode_object(file.read()), [], [])


def _hold(grant: Grant, program: str) -> None:
    try:
        from .holding import Holding
    except ImportError:
        raise CannotBind("the python3 that would bind it was built without its module _ctypes") from None
    grant.listens, grant.program = True, program
    Holding(grant, keep=LAST_STREAM).put_in_force()
\fbell
"""What wakes a thread that waits for sockets."""

from __future__ import annotations

import os

from .descriptors import DESCRIPTORS


class Bell:
    """What wakes a thread that waits for sockets."""

    def __init__(self) -> None:
        self.file, self._ring = os.pipe() if os.name == "posix" else self._sockets()
        DESCRIPTORS.keep(self.file, self._ring)
        if os.name == "posix":
            for end in (self.file, self._ring):
                os.set_blocking(end, False)

    def ring(self) -> None:
        """Wakes it."""
        try:
            self._write(b"!")
        except BlockingIOError:
            pass  # it rings already, and loudly

    def silence(self) -> None:
        """For who was woken."""
        try:
            self._read(65536)
        except BlockingIOError:
            pass  # it does not ring

    def _write(self, data: bytes) -> None:
        DESCRIPTORS.write(self._ring, data)

    def _read(self, most: int) -> None:
        os.read(self.file, most)

    def _sockets(self) -> tuple[int, int]:
        """Windows waits for nothing else than sockets."""
        import socket

        ends = socket.socketpair()
        for end in ends:
            end.setblocking(False)
        self._read, self._write = ends[0].recv, ends[1].send  # type: ignore[method-assign]
        return ends[0].fileno(), ends[1].fileno()
\fbounds late
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
    line = f"\\x1e{tag}\\x1f{'may' if allowed else 'may not'} {key} {target!r}\\n"
    try:
        os.write(2, line.encode("utf-8", "backslashreplace"))
    except OSError:
        pass  # the plugin has closed it


def change_files_by_descriptor() -> None:
    """Has \`os.chmod\` and \`os.utime\` open the file, for the kernel lets none take a path that may lead out of the bounds."""
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
\fcall
"""One call: plugin code that runs, or waits to run, for one reply."""

from __future__ import annotations

import contextvars
import functools

from .cancelling import Interruptible
from .descriptors import DESCRIPTORS
from .endpoint import Endpoint
from .replies import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

    from .callbacks import Callbacks
    from .uploads import Inputs

    Body = Dict[str, Any]

NO_TRACE: dict[str, str] = {}


class Call(Interruptible):
    """A call, from its request to its answer. What the worker asks of the plugin by itself has neither an endpoint nor a reply."""

    connection: Any = None  # on which it came
    inputs: Optional[Inputs] = None  # the files that have come with it
    callbacks: Optional[Callbacks] = None  # the functions that have come with it
    made_reply: Optional[Reply] = None
    lines: Any = None  # what it prints, where its host wants that
    running = False
    ended = False
    is_queued = False  # whether it waits for a lane: then its connection is nobody's
    batch: Optional[Call] = None  # with which it runs
    is_given_up = False  # whether it was cancelled, and so answered, before its batch has ended
    reported = 0.0
    message = ""
    _is_answered = False

    def __init__(
        self,
        body: Body,
        endpoint: Optional[Endpoint] = None,
        reply: Optional[Reply] = None,
        call_id: str = "",
        trace: dict[str, str] = NO_TRACE,
    ) -> None:
        self.endpoint = endpoint
        self.body = body
        if reply is not None:
            self.made_reply = reply
        self.key: object = call_id or self
        self.trace = trace

    @property
    def reply(self) -> Optional[Reply]:
        """The answer. Most calls need nothing but its last frame, so that it is made when it is first asked for."""
        if self.made_reply is None and self.connection is not None:
            if DESCRIPTORS.is_forked:  # another thread may have had the lock at the fork
                self.made_reply = self.connection.make_reply(is_over=True)
                return self.made_reply
            with self.connection.client.lock:
                if self.made_reply is None:
                    self.made_reply = self.connection.make_reply(self._is_answered)
        return self.made_reply

    def member(self, item: int) -> Call:
        """The call of an item, of those that run together."""
        raise TypeError("item is for execute_batch(): it says which of its items is meant")

    def answer(self, frame: bytes) -> bool:
        """Sends a last frame before which there was none; tells whether that is so."""
        if not DESCRIPTORS.mark[0]:
            DESCRIPTORS.stay_out()
        client = self.connection.client
        with client.lock:
            if self.made_reply is not None:
                return False
            self._is_answered = True
            if not client.put(frame, client.is_followed):
                self.connection.is_over = True
        return True

    def progress(self) -> Body:
        """What was reported last."""
        return {"progress": self.reported, "message": self.message}

    def report(self, progress: float, message: str) -> None:
        """Notes the progress and sends it."""
        self.reported, self.message = progress, message
        if not self.ended and not DESCRIPTORS.is_forked:
            self.run_own(functools.partial(self._send, progress, message))

    def ask(self) -> None:
        if self.callbacks is not None:
            self.callbacks.cancel()
        super().ask()

    def tell(self, line: Body) -> None:
        """Sends a line that it has printed."""
        if not self.ended and not DESCRIPTORS.is_forked:
            self.run_own(functools.partial(self._send_line, line))

    def _send_line(self, line: Body) -> None:
        reply = self.reply
        if reply is not None:
            reply.line(line)

    def _send(self, progress: float, message: str) -> None:
        reply = self.reply
        if reply is not None:
            reply.progress(progress, message)


CURRENT_CALL: contextvars.ContextVar[Optional[Call]] = contextvars.ContextVar("remote_plugin_call", default=None)
\fcallbacks late
"""Functions of the host's that the plugin calls: section 13 of docs/protocol.md. This module is late: few calls have functions."""

from __future__ import annotations

import itertools
import sys
import threading

from .cancelling import Flag
from .decoding import restore_types
from .descriptors import DESCRIPTORS
from .errors import BadResult, CallbackError, CallCancelled, Refusal
from .outbox import Outbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    from .replies import Reply
    from .scratch import Scratch

    Body = Dict[str, Any]

MAX_FUNCTIONS = 64
MAX_NAME = 100


class Function:
    """What the plugin gets in the place of a function. Where an event loop runs it gives something to await, and elsewhere it waits."""

    Error = CallbackError

    def __init__(self, callbacks: Callbacks, number: int, name: str) -> None:
        self._callbacks = callbacks
        self._number = number
        self.__name__ = self.__qualname__ = name or "function"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._callbacks.call_host(self, self._number, args, kwargs)

    def __repr__(self) -> str:
        return f"<function {self.__name__} of the host>"


class Pending:
    """A callback that waits for its answer, on a thread."""

    value: Any = None
    error: Optional[BaseException] = None

    def __init__(self) -> None:
        self._answered = Flag()

    def settle(self, value: Any, error: Optional[BaseException]) -> None:
        """Lets it go on."""
        self.value, self.error = value, error
        self._answered.set()

    def result(self) -> Any:
        """Waits for the answer, and gives it."""
        self._answered.wait()
        if self.error is not None:
            raise self.error
        return self.value


class AwaitedPending(Pending):
    """The same in a coroutine: its answer is a future of the loop that runs it."""

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._future = loop.create_future()

    def settle(self, value: Any, error: Optional[BaseException]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._settle_here, value, error)
        except RuntimeError:
            pass  # the loop was closed, and nobody waits any more

    def result(self) -> Any:
        return self._future

    def _settle_here(self, value: Any, error: Optional[BaseException]) -> None:
        if self._future.done():
            return
        if isinstance(error, CallCancelled):
            self._future.cancel()
        elif error is not None:
            self._future.set_exception(error)
        else:
            self._future.set_result(value)


class Callbacks:
    """The functions of one call, and what waits for them."""

    def __init__(self, scratch: Scratch, files: str) -> None:
        self.call: Any = None  # whose functions they are
        self._scratch = scratch
        self._files = files
        self._functions: dict[int, Function] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._pending: dict[int, Pending] = {}
        self._is_over: Optional[Callable[[], BaseException]] = None

    @property
    def is_empty(self) -> bool:
        """Whether the call has no functions."""
        return not self._functions

    def function(self, value: Any, pointer: str) -> Function:
        """Makes the stand-in of what stands in a function's place."""
        number = value.get("function") if isinstance(value, dict) else None
        name = value.get("name", "") if isinstance(value, dict) else None
        if type(number) is not int or not 0 <= number < MAX_FUNCTIONS or not isinstance(name, str):
            raise Refusal(400, f'"types" names "{pointer}", where no function is')
        if number not in self._functions:
            self._functions[number] = Function(self, number, name[:MAX_NAME])
        return self._functions[number]

    def call_host(self, function: Function, number: int, args: tuple[Any, ...], kwargs: Body) -> Any:
        """Has the host run a function."""
        if DESCRIPTORS.is_forked:
            raise CallbackError("ForkedError", f'Cannot call "{function.__name__}" in a forked child: the host knows its parent alone')
        asyncio = sys.modules.get("_asyncio")
        loop = asyncio._get_running_loop() if asyncio is not None else None
        pending = Pending() if loop is None else AwaitedPending(loop)
        key = next(self._ids)
        with self._lock:
            if self._is_over is not None:
                raise self._is_over()
            self._pending[key] = pending
        body = {"id": key, "function": number, "args": args, "kwargs": kwargs}
        try:
            self.call.run_own(lambda: self._send(function, body))
            return pending.result()
        except BaseException:
            self._take(key)
            raise

    def answer(self, key: int, body: Body) -> bool:
        """Takes what a function gave; tells whether anybody waits for that."""
        if body.get("types") is not None:
            restore_types(body, {"file": _bytes_of})
        pending = self._take(key)
        if pending is None:
            return False
        pending.settle(body.get("result"), CallbackError.of(body["error"], key) if "error" in body else None)
        return True

    def cancel(self) -> None:
        """The call is not wanted any more: whoever waits is told at once."""
        self._let_go(lambda: CallCancelled("The call was cancelled"))

    def end(self) -> None:
        """The call has ended."""
        self._let_go(lambda: CallbackError("CallEndedError", "The call that has brought this function has ended"))

    def _let_go(self, why: Callable[[], BaseException]) -> None:
        with self._lock:
            self._is_over = self._is_over or why
            pending, self._pending = self._pending, {}
        for one in pending.values():
            one.settle(None, why())

    def _take(self, key: int) -> Optional[Pending]:
        with self._lock:
            return self._pending.pop(key, None)

    def _send(self, function: Function, body: Body) -> None:
        """Files are handed over by an outbox of its own, for several threads may call at once."""
        reply: Optional[Reply] = self.call.reply
        outbox = Outbox(self._scratch, self._files)
        try:
            if reply is None or not reply.callback(body, outbox):
                raise CallbackError("CallEndedError", f'Cannot call "{function.__name__}": the host is gone, or its call has ended')
        except BadResult as error:
            raise TypeError(f'Cannot call "{function.__name__}": {error}') from None
        finally:
            outbox.close()


def _bytes_of(value: Any, pointer: str) -> bytes:
    from binascii import a2b_base64

    try:
        data = a2b_base64(value["data"])
        if len(data) == value["size"]:
            return data
    except (LookupError, TypeError, ValueError):  # what is no base64 is a ValueError
        pass
    raise Refusal(400, f'"types" names "{pointer}", where no bytes are')
\fcanceller
"""Who is asked to cancel calls."""

from __future__ import annotations

from collections import OrderedDict

from .call import Call
from .cancelling import climb
from .error_bodies import cancelled_body
from .open_calls import OpenCalls
from .plugin import Plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

MOST_AHEAD = 1024  # ids of calls that are cancelled before they have come


class Canceller:
    """Cancels calls: those that wait at once, those that run rung after rung, and those that have not come yet when they do."""

    def __init__(self, plugin: Plugin, calls: OpenCalls, give_to_front: Callable[[Any], None], grace_s: float) -> None:
        self._plugin = plugin
        self._calls = calls
        self._give_to_front = give_to_front
        self._grace_s = grace_s
        self.ahead: OrderedDict[str, None] = OrderedDict()  # the ids of calls that are cancelled before they have come

    def cancel(self, wanted: Callable[[Call], bool]) -> bool:
        """Cancels the open calls that are wanted; tells whether there was any."""
        found, closed, running = self._calls.cancel(wanted)
        for call in closed:
            self._answer(call)
        if running:
            climb(running, self._plugin.ask_to_stop, self._grace_s)
        return found

    def cancel_ahead(self, call_id: str) -> None:
        """Cancels a call; also one that is on its way behind another, and has not been read yet."""
        self.ahead[call_id] = None  # first, for it may be read in this very moment
        if len(self.ahead) > MOST_AHEAD:
            self.ahead.popitem(last=False)
        if self.cancel(lambda call: call.key == call_id):
            self.ahead.pop(call_id, None)

    def cancel_behind(self, call_id: str, first: str) -> bool:
        """Cancels a call that comes behind another one, if that is open still: nothing behind it can have begun."""
        self.ahead[call_id] = None  # first, for the other one may end in this very moment
        if len(self.ahead) > MOST_AHEAD:
            self.ahead.popitem(last=False)
        return self._calls.has(first) or self.ahead.pop(call_id, self) is self

    def abandon(self, abandoned: Call) -> None:
        """Cancels a call whose client is gone."""
        self.cancel(lambda call: call is abandoned)

    def is_cancelled(self, call_id: str) -> bool:
        """Whether a call that has just been opened was cancelled before it came."""
        return call_id in self.ahead and self.ahead.pop(call_id, self) is None

    def _answer(self, call: Call) -> None:
        assert call.reply is not None
        call.reply.error(cancelled_body(self._plugin.name))
        call.reply.close()
        if call.callbacks is not None:
            call.callbacks.end()  # in a batch the plugin may wait for one of them, and goes on for the others
        if call.inputs is not None and not call.is_given_up:
            call.inputs.close()
        call.finish()
        if call.is_queued or call.is_given_up:
            call.connection.answered()
            self._give_to_front(call.connection)
\fcancelling
"""The home of cancellation in this worker: section 8 of docs/protocol.md, and the rungs of docs/reliability.md that are the worker's.

A call that still waits for a lane is answered at once and never begins (\`Canceller.cancel\`). One that runs goes up these rungs:

    asked        the plugin's own \`cancel()\` is called, and a coroutine's task is cancelled      at once
    interrupted  CallCancelled is raised in its code, on the main thread by SIGURG               after \`cancel_grace_ms\`
    again        the same, for code that caught it                                               every 0.1 s

The last rung is the host's: it ends this process when \`cancelBudgetMs\` is over.
"""

from __future__ import annotations

import threading
import time
from _thread import get_ident

from .errors import CallCancelled
from .fast import signal
from .forks import NO_NAMES, run_plugin_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable, Mapping, Optional, Sequence

INTERRUPT_AGAIN_S = 0.1
LATE_S = 0.05  # a wait that ends later than this has found the process stopped
MAIN_THREAD = get_ident()


WINDOW = threading.Lock()  # one for all: what is done with it is short


class Flag:
    """What threading.Event does, at a tenth of what that costs: few are ever waited for."""

    __slots__ = ("_held", "_is_set")

    def __init__(self) -> None:
        self._is_set = False
        self._held = threading.Lock()
        self._held.acquire()

    def set(self) -> None:
        """Lets everybody go on who waits."""
        if not self._is_set:
            self._is_set = True
            self._held.release()

    def is_set(self) -> bool:
        """Whether nobody has to wait any more."""
        return self._is_set

    def wait(self, timeout: float = -1) -> None:
        """Waits until it is set, for this many seconds at most."""
        if self._held.acquire(timeout=timeout):
            self._held.release()


class Interruptible:
    """Plugin code on a thread, which can be interrupted while it runs, and never when the worker's own code does.

    What most calls do not need is not made for each.
    """

    cancelled = False
    _done: Optional[Flag] = None
    _is_finished = False
    _task: Optional[AwaitedTask] = None
    _thread = 0
    _is_open = False
    _is_due = False

    @property
    def done(self) -> Flag:
        """What tells that the reply is out, as far as it ever will be. It is made when somebody first waits for it."""
        with WINDOW:
            if self._done is None:
                self._done = Flag()
                if self._is_finished:
                    self._done.set()
            return self._done

    def finish(self) -> None:
        """The reply is out."""
        self._is_finished = True
        if self._done is not None or WINDOW.locked():
            with WINDOW:
                if self._done is not None:
                    self._done.set()

    def run(
        self,
        code: Callable[..., Any],
        args: Sequence[Any] = (),
        named: Mapping[str, Any] = NO_NAMES,
        in_child: Optional[Callable[[Any], None]] = None,
    ) -> Any:
        """Runs plugin code on this thread: the only code that an interruption may hit."""
        try:
            try:
                self._thread = get_ident()
                self._is_open = True  # whoever interrupts looks at this first, so that no lock is needed
                return run_plugin_code(code, args, named, in_child)
            finally:
                self._close_window()
        except CallCancelled:
            self._close_window()  # the interruption may have come just when the window was to be closed
            raise

    def run_own(self, code: Callable[[], None]) -> None:
        """Runs the worker's own code for the plugin's, which has called it: an interruption must not tear what that does."""
        if not self._is_open or self._thread != get_ident():
            code()  # on a helper thread of the plugin's, which nobody interrupts
            return
        try:
            if self._is_due:  # a plugin that does little but report would never be hit
                raise CallCancelled("The call was cancelled")
            self._close_window()
            code()
        finally:
            self._is_open = True

    def attach(self, task: Optional[AwaitedTask]) -> None:
        """From here on the code is this task's on the event loop, which is asked before anything is raised; None for no more."""
        self._task = task

    def ask(self) -> None:
        """Cancels the task, if the code is a coroutine's."""
        task = self._task
        if task is not None:
            task.cancel()

    def interrupt(self) -> None:
        """Raises CallCancelled in the plugin's code, if that is what runs at this moment."""
        with WINDOW:
            # A coroutine is asked again; but one that keeps the loop from taking up the last request never gives way.
            task = self._task
            if task is not None and not (self._is_open and task.is_asked):
                task.cancel()
                return
            self._is_due = True
            if not self._is_open:
                return
            if self._thread == MAIN_THREAD and hasattr(signal, "SIGURG"):
                signal.pthread_kill(self._thread, signal.SIGURG)
            else:
                _raise_in(self._thread, CallCancelled)

    def takes_signal(self) -> bool:
        """Whether a signal that has arrived on the main thread is for this code."""
        return self._is_due and self._is_open and self._thread == MAIN_THREAD

    def _close_window(self) -> None:
        """From here on no interruption is sent, and one that was sent but has not arrived never will."""
        self._is_open = False
        if WINDOW.locked():  # somebody interrupts at this moment, and may have seen the window open
            with WINDOW:
                pass
        if self._is_due and self._thread != MAIN_THREAD:
            _raise_in(self._thread, None)


class AwaitedTask:
    """What a coroutine that runs for a call is to whoever cancels it."""

    is_asked = False  # whether it was asked to end, and its loop has not taken that up yet

    def cancel(self) -> None:
        """Asks it to end; from any thread."""
        raise NotImplementedError


class SignalTarget:
    """The code on the main thread, which a signal interrupts: nothing else reaches it while C code waits for the system."""

    def __init__(self) -> None:
        self.code: Optional[Interruptible] = None

    def listen(self) -> None:
        """For the main thread."""
        if hasattr(signal, "SIGURG"):
            signal.signal(signal.SIGURG, self._on_signal)

    def _on_signal(self, number: int, frame: Optional[FrameType]) -> None:
        code = self.code
        if code is not None and code.takes_signal():
            raise CallCancelled("The call was cancelled")


def climb(running: Sequence[Interruptible], ask_plugin: Callable[[], None], grace_s: float) -> None:
    """Has the code of cancelled calls end: rung after rung, on threads of their own, for the plugin may take its time."""
    threading.Thread(target=ask_plugin, name="cancel", daemon=True).start()
    threading.Thread(target=_interrupt, args=(running, grace_s), name="interrupt", daemon=True).start()


def _interrupt(calls: Sequence[Interruptible], grace_s: float) -> None:
    for call in calls:
        call.ask()
    wait_s = grace_s
    while calls:
        _wait_for_all(calls, wait_s)
        calls = [call for call in calls if not call.done.is_set()]
        for call in calls:
            call.interrupt()
        wait_s = INTERRUPT_AGAIN_S


def _wait_for_all(calls: Sequence[Interruptible], seconds: float) -> None:
    """Waits until all have ended, and no longer than this; once more when the process was stopped, for then the plugin's code was, too."""
    for _ in range(2):
        deadline = time.monotonic() + seconds
        for call in calls:
            call.done.wait(max(0.0, deadline - time.monotonic()))
        if time.monotonic() - deadline < LATE_S:
            return


def _raise_in(thread: int, kind: Optional[type]) -> None:
    """Has Python raise \`kind\` in another thread as soon as that runs Python code; None takes back what was asked."""
    import ctypes

    raised = None if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)
\fclient
"""The other side of a connection, for whoever answers it."""

from __future__ import annotations

import functools
import sys
import threading
import time

from .descriptors import DESCRIPTORS, identity
from .fast import socket
from .spare_memory import LARGE, SpareMemory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional, Sequence

    from .parts import Part
    from .shelf import Shelf, Slot

SO_COOKIE = 57  # of Linux; \`socket\` has no name for it
MAX_JOINED = 64 * 1024  # up to here a copy costs less than a second call of the system
AT_ONCE = getattr(socket, "MSG_DONTWAIT", 0)
FLOW_S = 0.0003  # frames that follow one another faster than this are sent together, and none is kept for twice as long while they do
FLUSH_S = 0.001  # how often the front looks whether frames follow
PAUSE_S = 0.005  # how long nothing may be held back before the front stops to look: to wake it costs as much as some calls
STALL_S = 0.05  # how long to wait for a reply that is being sent before looking at it again


class Client:
    """A connection's socket, which only the worker's own code may have closed."""

    def __init__(self, client: socket.socket, shelf: Shelf, watch: Callable[[Client], None], spare: SpareMemory) -> None:
        self.lock = threading.Lock()  # for whoever sends
        self.name = b""  # of the connection, where the host would hear of what was held back on it
        self.may_wait = True  # for a client who does not read
        self.is_followed = False  # whether something stands behind the request that is answered: its answer may go with the next one
        self._sent = 0  # bytes since the connection was upgraded
        self._shelf = shelf
        self._watch = watch
        self._spare = spare
        self._socket = client
        self._file = client.fileno()
        self._held: Optional[Slot] = None
        self._held_until = 0.0
        self._last_at = 0.0
        self._is_watched = False
        DESCRIPTORS.keep(self._file)
        self._identify = _identifier(client)
        self._identity = self._identify()

    def send(self, head: bytes, body: bytes) -> bool:
        """Sends both; tells whether that went well."""
        try:
            if self._identify() != self._identity:
                DESCRIPTORS.lose()
            if not self.may_wait:
                self._send_at_once(head + body)
            elif len(body) < MAX_JOINED:
                self._socket.sendall(head + body)
            else:
                if len(body) >= LARGE:
                    self._spare.keep()
                if head:
                    self._socket.sendall(head)
                self._socket.sendall(body)
        except OSError:
            DESCRIPTORS.need(self._file)
            return False
        self._sent += len(head) + len(body)
        return True

    def send_parts(self, parts: Sequence[Part]) -> bool:
        """Sends files behind a frame; tells whether that went well."""
        try:
            for part in parts:
                if self._identify() != self._identity:
                    DESCRIPTORS.lose()
                for piece in part.pieces():
                    self._socket.sendall(piece)
                self._sent += part.size
        except OSError:
            DESCRIPTORS.need(self._file)
            return False
        return True

    def put(self, frame: bytes, may_be_held: bool) -> bool:
        """Sends a frame, or holds it back for the next one: to wake the reader for each of many would cost more than the frames.

        The caller has the lock.
        """
        before, self._last_at = self._last_at, time.perf_counter()
        if may_be_held and self._last_at - before < FLOW_S:
            if self._held is None:
                self._begin_to_hold()
            if self._held is not None and self._last_at < self._held_until and self._held.add(frame):
                return True
        return self._send_with_held(frame)

    def send_held(self) -> None:
        """Sends what is held back; no more follows."""
        if self._held is not None:
            with self.lock:
                self._send_with_held(b"")

    def flush(self) -> float:
        """Sends what is held back, once no frame follows any more; tells in how many seconds to look again, zero for never."""
        if not self.lock.acquire(False):
            return STALL_S  # somebody is sending, and perhaps cannot
        try:
            pause_s = time.perf_counter() - self._last_at
            if pause_s >= FLOW_S:
                self._send_with_held(b"")
            self._is_watched = pause_s < PAUSE_S
            return FLUSH_S if self._is_watched else 0.0
        finally:
            self.lock.release()

    def shut_down(self) -> None:
        """Ends the connection for both sides; whoever reads it finds out."""
        self.send_held()
        DESCRIPTORS.need(self._file)
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        """Ends the connection for this side."""
        self.send_held()
        DESCRIPTORS.need(self._file)
        DESCRIPTORS.let_go(self._file)
        self._socket.close()

    def _begin_to_hold(self) -> None:
        """Finds a place for frames that wait for the next send, or, when that does not come, for the front.

        There is one only where the host would hear of them when this process ended before they were sent.
        """
        if not self.name:
            return
        self._held, self._held_until = self._shelf.take(self.name, self._sent), self._last_at + FLOW_S
        if self._held is not None and not self._is_watched:
            self._is_watched = True
            self._watch(self)

    def _send_with_held(self, frame: bytes) -> bool:
        """Sends what is held back, and this. The shelf has it until it is sent: the process may end here."""
        if self._held is None:
            return self.send(b"", frame) if frame else True
        went_well = self.send(b"", self._held.read() + frame)
        self._held.give_back()
        self._held = None
        return went_well

    def _send_at_once(self, data: bytes) -> None:
        if self._socket.send(data, AT_ONCE) < len(data):
            raise BlockingIOError("The client does not read")


def _identifier(client: socket.socket) -> Callable[[], object]:
    """Makes what tells sockets apart. Linux numbers them, which costs each reply half of what their facts would."""
    ask = functools.partial(client.getsockopt, socket.SOL_SOCKET, SO_COOKIE, 8)
    try:
        return ask if sys.platform == "linux" and ask() else functools.partial(identity, client.fileno())
    except OSError:
        return functools.partial(identity, client.fileno())
\fconnection
"""One connection, on either wire: sections 3 and 11 of docs/protocol.md.

It belongs to one thread at a time, which reads it and answers what it reads: to whoever has claimed it.
"""

from __future__ import annotations

import threading
import time

from .bare_reply import BareReply
from .client import Client
from .constants import UPGRADE_PROTOCOL
from .errors import Refusal
from .fast import socket
from .incoming import Incoming
from .replies import PlainReply
from .requests import BareRequest, HttpRequest, checked_length
from .spare_memory import LARGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Union

    from .call import Call
    from .endpoint import Endpoint
    from .replies import Reply
    from .requests import Request
    from .session import Session
    from .shelf import Shelf

STRANGER_TIMEOUT_S = 5.0  # how long a connection may take to show the token for the first time
DRAIN_S = 1.0


class Connection:
    """One client."""

    def __init__(self, session: Session, client: socket.socket, shelf: Shelf) -> None:
        self.file = client.fileno()
        self.client = Client(client, shelf, session.watch, session.spare)
        self.call: Optional[Call] = None  # the last one that was read, until it has been answered
        self.deadline = time.monotonic() + STRANGER_TIMEOUT_S  # zero when there is none
        self.is_over = False
        self.asks = True  # whether the last request was no call: then it is the front's to read
        self.question: Optional[tuple[Endpoint, Union[bytes, bytearray], Reply]] = None  # that is not answered at once
        self.is_at_front = True  # whether the front reads it
        self.is_registered = False  # among those that lanes read
        self.is_armed = False  # whether lanes are told when something comes
        self._session = session
        self._socket = client
        self._incoming = Incoming(client)
        self._claim = threading.Lock()
        self._upgraded = False
        self._request: Optional[Request] = None  # whose body has not come yet
        self.claim()

    def claim(self) -> bool:
        """Makes it this thread's, unless it is another's."""
        return self._claim.acquire(False)

    def release(self) -> None:
        """From here on whoever claims it has it."""
        self._claim.release()

    def read(self) -> None:
        """Reads what is there."""
        if not self._incoming.read():
            self.is_over = True
        elif self._is_drained():
            self._incoming.forget()

    def next_call(self) -> Optional[Call]:
        """The next call that is here as a whole. Questions before it are answered; None when more has to come, or nothing will."""
        while self.call is None and self._incoming.has_more and self.question is None and not self.is_over and self.deadline >= 0:
            try:
                if self._upgraded and self._request is None and self._open_plain_call():
                    break
                request = self._request or self._read_head()
                if request is None or not self._answer(request):
                    break
            except Refusal as refusal:
                self._refuse(refusal)
            except OSError:
                self.is_over = True
        if self.call is None:
            self.client.send_held()
        elif self.is_over:
            self._session.abandon(self.call)
        return self.call

    def answered(self) -> None:
        """The call has been answered."""
        call, self.call = self.call, None
        reply = None if call is None else call.made_reply
        if reply is not None and (reply.closes or reply.broken):
            self.is_over = True

    def make_reply(self, is_over: bool = False) -> BareReply:
        """Makes the answer to a call on the upgraded connection of a host that shares its folders."""
        return BareReply(self.client, self._session.scratch, files="shared", ended=is_over)

    def close(self) -> None:
        """Ends the connection for this side."""
        self.is_over = True
        self._drop_upload()
        self.client.close()

    def _open_plain_call(self) -> bool:
        """Makes the open call of a request as most are, if that is what comes next."""
        plain = self._incoming.take_plain(self._session.max_body_bytes, self._session.plain)
        if plain is None:
            return False
        self.client.is_followed = self._incoming.has_more
        self.asks = False
        self.call = self._session.open_plain_call(*plain, self)
        return True

    def _read_head(self) -> Optional[Request]:
        if self._upgraded:
            line = self._incoming.take_until(b"\\n")
            return None if line is None else BareRequest(line)
        head: Optional[bytes] = b""
        while head == b"":  # empty lines before a request are nothing
            head = self._incoming.take_until(b"\\r\\n\\r\\n")
            head = head if head is None else head.lstrip(b"\\r\\n")
        return None if head is None else self._admitted(HttpRequest(head))

    def _admitted(self, request: HttpRequest) -> HttpRequest:
        self._session.admit(request)
        self.deadline = 0.0
        request.demand_length()
        length = checked_length(request.parts or request.length, self._session.max_body_bytes)
        if length and "100-continue" in request.headers.get("expect", "").lower():
            self._socket.sendall(b"HTTP/1.1 100 Continue\\r\\n\\r\\n")
        return request

    def _answer(self, request: Request) -> bool:
        """Answers a request, or makes it the open call; tells whether that was here as a whole."""
        incoming = self._incoming
        length = checked_length(request.parts or request.length, self._session.max_body_bytes)
        if length >= LARGE:
            self._session.spare.keep()
        body = self._take_upload(request) if request.parts else incoming.take(length)
        if body is None:
            self._request = request
            return False
        self._request = None
        if not self._upgraded and request.upgrades():
            self._upgrade(request.connection_name())
            return True
        self.client.is_followed = incoming.has_more
        reply = request.reply(self.client, self._session.scratch)
        try:
            endpoint = request.endpoint()
            self.asks = not endpoint.is_call
            if endpoint.is_call:
                self.call = self._session.open_call(request, endpoint, body, reply)
                self.call.connection = self
            else:
                self._take_question(endpoint, body, reply)
        except Refusal as refusal:
            if request.upload is not None:
                request.upload.close()
            self._refuse(refusal, reply)
        return True

    def _take_upload(self, request: Request) -> Optional[bytes]:
        """Takes what is here of a body with files; None when that is not all."""
        self._request, upload = request, request.upload
        if upload is None:
            upload = request.upload = self._session.open_upload(request)
        try:
            self._incoming.give_back(upload.feed(self._incoming.take_all()))
        except Refusal as refusal:
            refusal.closes = True  # where the next request begins is not known
            raise
        except OSError as error:
            raise Refusal(507, str(error), closes=True) from error
        return b"" if upload.is_done else None

    def _take_question(self, endpoint: Endpoint, body: Union[bytes, bytearray], reply: Reply) -> None:
        """Answers a question, if that does not take long."""
        if self._session.is_quick(endpoint):
            self.client.may_wait = False  # others wait for this thread, and what it says here is short
            try:
                self._session.answer(endpoint, body, reply)
            finally:
                self.client.may_wait = True
            self._told(reply)
        else:
            self.question = (endpoint, body, reply)

    def answer_question(self) -> None:
        """Answers what could not be answered at once."""
        assert self.question is not None
        endpoint, body, reply = self.question
        try:
            self._session.answer(endpoint, body, reply)
        except Refusal as refusal:
            self._refuse(refusal, reply)
        except OSError:
            self.is_over = True
        self._told(reply)
        self.question = None

    def _told(self, reply: Reply) -> None:
        if reply.closes or reply.broken:
            self.is_over = True

    def _refuse(self, refusal: Refusal, reply: Optional[Reply] = None) -> None:
        self._drop_upload()
        reply = reply or self._plain_reply()
        reply.refuse(refusal)
        self._told(reply)
        if refusal.closes and not reply.broken:
            self._drain()

    def _drop_upload(self) -> None:
        """Nobody wants the files that have come in part."""
        request, self._request = self._request, None
        if request is not None and request.upload is not None:
            request.upload.close()

    def _plain_reply(self) -> Reply:
        session = self._session
        return BareReply(self.client, session.scratch) if self._upgraded else PlainReply(self.client, session.scratch)

    def _drain(self) -> None:
        """Reads on for a moment: closing over unread bytes would make TCP take the refusal back."""
        self.is_over, self.asks = False, True
        self._incoming.forget()
        self.client.send_held()
        self._socket.shutdown(socket.SHUT_WR)
        self.deadline = -(time.monotonic() + DRAIN_S)

    def _is_drained(self) -> bool:
        return self.deadline < 0

    def _upgrade(self, name: str) -> None:
        self._upgraded = True
        self.client.name = name.encode("ascii")
        lines = ("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: " + UPGRADE_PROTOCOL, "", "")
        self._socket.sendall("\\r\\n".join(lines).encode("ascii"))
\fconstants
"""What the worker and its hosts have agreed on, and bounds that several modules keep."""

from __future__ import annotations

import os
import sys

PROTOCOL = 1
VERSION = "0.1.0"
KNOWS_USERS = sys.platform == "linux"  # whether the system tells if anybody has a file open
FEATURES = ["ahead", "batch", "call_id", "callbacks", "cancel_by_id", "extensions", "files", "frames", "logs"]
FEATURES += ["methods", "signatures", "sources", "types", "upgrade"]
if os.name == "posix":
    FEATURES.append("farewell")
if KNOWS_USERS:
    FEATURES.append("reuse")
OLDEST_PYTHON = (3, 8)
FRAMES_TYPE = "application/vnd.remote-plugin+ndjson"
PARTS_MARK = b"\\x1e"  # before the line of a frame behind which files come
UPGRADE_PATH = "/frames"
UPGRADE_PROTOCOL = "remote-plugin-frames"
MAX_START_LINE = 1024 * 1024
MAX_HEAD = 64 * 1024
MAX_ID = 128
CONNECTION_HEADER = "remote-plugin-connection"
BYTES_TYPE = "application/octet-stream"
MAX_FRAME = 128 * 1024 * 1024
MAX_CALLBACK = 16 * 1024 * 1024
# The most characters of a text that a plugin says beside its values: a message, a traceback.
MOST_CHARACTERS = 1024 * 1024
TRACE_HEADERS = ("traceparent", "tracestate", "baggage")
OWN_FILES = "<remote-plugin worker/"  # how the names begin under which the worker's code is compiled, says start.py
\fcontrol_group late
"""Control groups of Linux, of the first version and of the second: for what a worker and all that it starts take together."""

from __future__ import annotations

import os

from .scratch import attempt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Optional

ROOT = "/sys/fs/cgroup"
NAME = "remote-plugin-{}"
# Where a limit is written, and what has to be written besides: memory is no limit while it can be moved to the disk.
FILES = {"memory": ("memory.max", "memory.limit_in_bytes"), "pids": ("pids.max",)}
FILES_OF_SWAP = {"memory.swap.max": 0, "memory.memsw.limit_in_bytes": None}


class ControlGroup:
    """One group, of one kind of limit."""

    def __init__(self, kind: str, path: str) -> None:
        self.kind = kind
        self.path = path

    def limit(self, limit: int) -> bool:
        """Sets its limit. A group that has no place for one is none of this kind."""
        place = next((name for name in FILES[self.kind] if os.path.exists(os.path.join(self.path, name))), "")
        if not place:
            return False
        self._write(place, limit)
        for name, value in FILES_OF_SWAP.items() if self.kind == "memory" else ():
            if os.path.exists(os.path.join(self.path, name)):
                self._write(name, limit if value is None else value)
        return True

    def enter(self, pid: int) -> None:
        """Moves a process into the group, with all its threads. What it starts from now on is there from its beginning."""
        self._write("cgroup.procs", pid)

    def remove(self) -> None:
        """Removes the group, when it is empty."""
        attempt(os.rmdir, self.path)

    def _write(self, name: str, value: int) -> None:
        with open(os.path.join(self.path, name), "w", encoding="ascii") as file:
            file.write(str(value))


def make_group(kind: str, limit: int, of: int) -> Optional[ControlGroup]:
    """Makes a group for a process, below that of this one or beside it; None where this user may not."""
    for folder in _folders(kind):
        _remove_left(folder)
        group = ControlGroup(kind, os.path.join(folder, NAME.format(of)))
        is_new = not os.path.exists(group.path)  # in the second version one group is for all kinds of limits
        try:
            os.makedirs(group.path, exist_ok=True)
            if group.limit(limit):
                return group
        except OSError:
            pass
        if is_new:
            group.remove()
    return None


def _folders(kind: str) -> Iterator[str]:
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as groups:
            lines = [line.rstrip("\\n").split(":", 2) for line in groups]
    except (OSError, ValueError):
        return
    for _, controllers, path in lines:
        if controllers == "" or kind in controllers.split(","):
            top = ROOT + ("/" + kind if controllers else "")
            own = top + path.rstrip("/")
            own = own if os.path.isdir(own) else top  # a container may see its own group as the root
            yield own
            yield os.path.dirname(own)  # a group of the second version that has processes has no groups with limits below it


def _remove_left(folder: str) -> None:
    """Removes groups of processes that are gone. One that has processes cannot be removed."""
    prefix = NAME.format("")
    try:
        left = [name for name in os.listdir(folder) if name.startswith(prefix) and not os.path.exists("/proc/" + name[len(prefix) :])]
    except OSError:
        return
    for name in left:
        attempt(os.rmdir, os.path.join(folder, name))
\fconversions
"""Values that JSON does not know to such that it does."""

from __future__ import annotations

import os
import sys

from .errors import Unsendable
from .json_text import json_encoder
from .library import LIBRARY
from .original import own_wires

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, NoReturn, Optional

    Body = Dict[str, Any]


def _duration(value: Any) -> str:
    """A timedelta as ISO 8601 has it, in seconds: a day is not always 24 hours."""
    sign, value = ("-", -value) if value.days < 0 else ("", value)
    fraction = f".{value.microseconds:06d}" if value.microseconds else ""
    nanoseconds = getattr(value, "nanoseconds", 0)  # of one of pandas'
    if nanoseconds:
        fraction = f".{value.microseconds * 1000 + nanoseconds:09d}"
    return f"{sign}PT{value.days * 86400 + value.seconds}{fraction}S"


# A value of one of these classes can only exist when its module is loaded, so none of them has to be imported.
CONVERSIONS: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("enum", "Enum", lambda value: value.value),
    ("datetime", "date", lambda value: value.isoformat()),  # a datetime is a date
    ("datetime", "time", lambda value: value.isoformat()),
    ("datetime", "timedelta", _duration),
    ("pathlib", "PurePath", str),
    ("uuid", "UUID", str),
    ("decimal", "Decimal", str),
)


def _dataclass_to_dict(value: Any) -> Body:
    # Not by \`dataclasses.fields\`: a plugin may have a module of this name, which tells its own from class variables alone.
    fields = type(value).__dataclass_fields__.values()
    return {field.name: getattr(value, field.name) for field in fields if repr(field._field_type) == "_FIELD"}


def _attrs_to_dict(value: Any) -> Body:
    return {field.name: getattr(value, field.name) for field in type(value).__attrs_attrs__}


def _struct_to_dict(value: Any) -> Body:
    return {name: getattr(value, name) for name in type(value).__struct_fields__}


# How classes are told that say what their fields are, and how one of them gives them.
RECORDS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("__attrs_attrs__", _attrs_to_dict),
    ("__struct_fields__", _struct_to_dict),  # msgspec
    ("model_dump", lambda value: value.model_dump()),  # pydantic
    ("__fields_set__", lambda value: value.dict()),  # its first version
)


def _wire_type_to_dict(value: Any) -> Any:
    """What the original sends as \`{"__wire__": kind, "data": ...}\` is its data; the kind means something in Python alone."""
    for wire in own_wires():
        encoded = wire.wire_encode(value)
        if encoded is not value:
            return encoded["data"]
    return _dataclass_to_dict(value)


def _array_to_list(value: Any) -> Any:
    plain = value.tolist()
    return refuse(value) if type(plain) is type(value) else plain


def _find_numpy_converter(kind: type, numpy: Any) -> Optional[Callable[[Any], Any]]:
    """For numpy's own classes, whose \`tolist()\` drops units and names, and for those derived from its arrays."""
    if issubclass(kind, numpy.ndarray):
        return _numpy_array if is_pure_array(kind) else _refuse_array
    for name, convert in (("datetime64", str), ("timedelta64", _numpy_duration), ("void", _numpy_record)):
        if issubclass(kind, getattr(numpy, name)):
            return convert
    return None


def is_pure_array(kind: type) -> bool:
    """Whether an array of this class has nothing besides its elements: no mask, no unit."""
    module = kind.__module__
    return module.partition(".")[0] == "numpy" and not module.startswith("numpy.ma")


def _numpy_array(value: Any) -> Any:
    if value.dtype.kind not in "mMV":
        return _array_to_list(value)
    return list(value) if value.ndim else value[()]  # its elements are looked at one by one


def _numpy_record(value: Any) -> Any:
    names = value.dtype.names
    return value.tobytes() if names is None else {name: value[name] for name in names}


ISO_UNITS = {"Y": "P{}Y", "M": "P{}M", "W": "P{}W", "D": "P{}D", "h": "PT{}H", "m": "PT{}M", "s": "PT{}S"}
DECIMALS = {"ms": 3, "us": 6, "ns": 9, "ps": 12, "fs": 15, "as": 18}


def _numpy_duration(value: Any) -> str:
    """A timedelta64 as ISO 8601 has it, in its own unit."""
    unit, size = sys.modules["numpy"].datetime_data(value.dtype)
    if str(value) == "NaT":
        return "NaT"
    count = int(value.astype("int64")) * size
    sign = "-" if count < 0 else ""
    if unit in ISO_UNITS:
        return sign + ISO_UNITS[unit].format(abs(count))
    if unit not in DECIMALS:
        raise Unsendable('is of type "timedelta64" and has no unit')
    seconds, rest = divmod(abs(count), 10 ** DECIMALS[unit])
    return f"{sign}PT{seconds}.{rest:0{DECIMALS[unit]}d}S"


def refuse(value: Any) -> NoReturn:
    raise Unsendable(f'is of type "{type(value).__name__}", which JSON cannot carry')


def _refuse_array(value: Any) -> NoReturn:
    advice = "Return numpy.asarray() of it, and beside it what it says besides: a mask, a unit"
    raise Unsendable(f'is of type "{type(value).__name__}", which says more than its numbers. {advice}')


# Libraries of tables.
TABLE_LIBRARIES = ("pandas", "polars", "pyarrow")


def _refuse_table(value: Any) -> NoReturn:
    advice = (
        "Return what it holds by its tolist(), to_dict() or str(), or as a numpy array, "
        "or write it to a file in self.scratch_folder(), for example as Arrow, and return its Path"
    )
    raise Unsendable(f'is of type "{type(value).__name__}", which JSON cannot carry. {advice}')


_converters: dict[type, Callable[[Any], Any]] = {}


def simplify(value: Any) -> Any:
    """Turns a value into what \`json\` knows, one level deep: \`json\` and the walk come back for the rest."""
    kind = type(value)
    convert = _converters.get(kind)
    if convert is None:
        convert = _converters[kind] = _find_converter(kind)
    return convert(value)


def _find_converter(kind: type) -> Callable[[Any], Any]:
    for module, name, convert in CONVERSIONS:
        base = getattr(LIBRARY.loaded(module), name, None)
        if base is not None and issubclass(kind, base):
            return convert
    if hasattr(kind, "__dataclass_fields__"):
        return _wire_type_to_dict if own_wires() else _dataclass_to_dict
    if issubclass(kind, (set, frozenset)):
        return list
    return _find_array_converter(kind) or next((convert for mark, convert in RECORDS if hasattr(kind, mark)), refuse)


def _find_array_converter(kind: type) -> Optional[Callable[[Any], Any]]:
    numpy: Any = sys.modules.get("numpy")
    own = _find_numpy_converter(kind, numpy) if hasattr(numpy, "ndarray") else None
    if own is not None:
        return own
    if any(base.__module__.partition(".")[0] in TABLE_LIBRARIES for base in kind.__mro__):
        return _refuse_table
    # numpy's other scalars, and all who follow it
    return _array_to_list if hasattr(kind, "dtype") and hasattr(kind, "tolist") else None


def simplify_framed(value: Any) -> Any:
    """The same for a frame, in which some values travel as files: these have to be found by the walk, which knows their place."""
    kind = type(value)
    convert = _framed_converters.get(kind)
    if convert is None:
        convert = _framed_converters[kind] = refuse if _may_be_file(kind) else _find_converter(kind)
    return convert(value)


_framed_converters: dict[type, Callable[[Any], Any]] = {}


def _may_be_file(kind: type) -> bool:
    numpy = sys.modules.get("numpy")
    is_array = numpy is not None and issubclass(kind, getattr(numpy, "ndarray", ()))
    return is_array or issubclass(kind, os.PathLike) or hasattr(kind, "to_temp_file")


to_json = json_encoder(simplify)
\fdecoding
"""JSON to the bodies of requests: section 6 of docs/protocol.md."""

from __future__ import annotations

from .conversions import to_json
from .errors import Refusal
from .json_text import NOT_READ, json_decoder, json_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Mapping, Optional, Union

    Body = Dict[str, Any]

NO_REVIVERS: Mapping[str, Callable[[Any, str], Any]] = {}
NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf"), "-0": -0.0}

_decode = json_decoder()
_scan = json_scanner()


def decode_object(text: Union[bytes, bytearray]) -> Body:
    """Reads a request's body; no body is an empty object."""
    try:
        body = _decode(text.decode("utf-8")) if text else {}
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"The body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Refusal(400, "The body is not a JSON object")
    return body


def read_plain_body(text: bytes) -> Optional[Body]:
    """Reads the body of a call with nothing but arguments; None when it is another one."""
    if _scan is None:
        return None
    try:
        json = text.decode("utf-8")
        body, end = _scan(json, 0)
    except (*NOT_READ, RecursionError):
        return None
    if end != len(json) or type(body) is not dict or len(body) != 2:
        return None
    return body if type(body.get("args")) is list and type(body.get("kwargs")) is dict else None


def restore_types(body: Body, revivers: Mapping[str, Callable[[Any, str], Any]] = NO_REVIVERS) -> None:
    """Gives the values that \`types\` names their types back, in place. A reviver makes those of a type that few bodies may have."""
    types = body.pop("types")
    if types is None:
        return
    if not isinstance(types, dict):
        raise Refusal(400, '"types" is not an object')
    for pointer, kind in types.items():
        revive = revivers.get(kind) if isinstance(kind, str) else None
        if kind != "number" and revive is None:
            raise Refusal(400, f'Unknown type {to_json(kind)} at "{pointer}"')
        try:
            holder, key = _find(body, pointer)
            holder[key] = NUMBERS[holder[key]] if revive is None else revive(holder[key], pointer)
        except (LookupError, TypeError):
            raise Refusal(400, f'"types" names "{pointer}", where no such {kind} is') from None


def put_at(body: Body, pointer: str, value: Any) -> None:
    """Puts a value into the place of another one."""
    try:
        holder, key = _find(body, pointer)
        holder[key]
        holder[key] = value
    except (LookupError, TypeError):
        raise Refusal(400, f'"parts" names "{pointer}", where nothing is', closes=True) from None


def _find(body: Body, pointer: str) -> tuple[Any, Any]:
    """What a pointer leads to, as what holds it and its key there."""
    root, *path = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/"))
    holder: Any = {root: body}
    key: Any = root
    for part in path:
        holder = holder[key]
        key = _member_key(holder, part)
    return holder, key


def _member_key(holder: Any, part: str) -> Union[str, int]:
    if isinstance(holder, dict):
        return part
    if isinstance(holder, list) and part.isdecimal():
        return int(part)
    raise LookupError(part)
\fdescriptors
"""The worker's own file descriptors."""

from __future__ import annotations

import mmap
import os
import sys

from .script_end import end_as_script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, Union

MADV_WIPEONFORK = 18  # of Linux; \`mmap\` has no name for it
LOST_DESCRIPTORS = 76  # the exit code of a worker whose descriptors the plugin has closed; EX_PROTOCOL in sysexits.h


class Descriptors:
    """The worker's own file descriptors, which a plugin can close, or have other files under the numbers of.

    A worker that has lost one ends: it could leave a call without an answer, or write one into a file of the plugin's.
    A child that a plugin forks has them only until the fork is made.
    """

    def __init__(self) -> None:
        self._files: dict[int, object] = {}
        self.mark: Union[bytearray, mmap.mmap] = bytearray(b"!")  # whose first byte is zero in such a child

    @property
    def is_forked(self) -> bool:
        """Whether this process is such a child."""
        return not self.mark[0]

    def watch_forks(self) -> None:
        """From here on the children of this process leave the wire to it."""
        os.register_at_fork(after_in_child=self.leave_to_parent)
        if sys.platform != "linux":
            return
        try:  # the kernel empties this page in a child, also when C code forks, of which Python is not told
            page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            page.madvise(MADV_WIPEONFORK)
        except OSError:
            return
        page[0] = 1
        self.mark = page

    def keep(self, *files: int) -> None:
        """From here on these are the worker's own."""
        if os.name != "posix":
            return
        for file in files:
            if file in self._files:
                self.lose()  # the plugin has closed what had the number, or it would not be free
            self._files[file] = identity(file)

    def let_go(self, file: int) -> None:
        """From here on this one may be closed."""
        self._files.pop(file, None)

    def close(self, *files: int) -> None:
        """Closes some that are the worker's own."""
        self.check()
        for file in files:
            self.let_go(file)
            os.close(file)

    def write(self, file: int, data: bytes) -> None:
        """Writes, if that is still the worker's own."""
        self.need(file)
        os.write(file, data)

    def need(self, file: int) -> None:
        """Ends the worker if it has lost this one."""
        known = self._files.get(file)
        if self.is_forked or (known is not None and identity(file) != known and self._files.get(file) is known):
            self.lose()

    def stay_out(self) -> None:
        """Ends a forked child that has come as far as a reply by other ways than the code of a call."""
        if not self.mark[0]:
            end_as_script()

    def lose(self) -> NoReturn:
        """Ends this process, for it has none of the worker's descriptors to go on with."""
        self.stay_out()
        os._exit(LOST_DESCRIPTORS)  # the supervisor says why

    def check(self) -> None:
        """Ends the worker if it has lost any."""
        for file in list(self._files):
            self.need(file)

    def leave_to_parent(self) -> None:
        """For a child right after its fork: the connections are its parent's alone, and are to end with it."""
        self.mark[0] = 0
        for file, known in self._files.items():
            if identity(file) == known:
                os.close(file)
        self._files.clear()


def identity(file: int) -> object:
    """What no two files have in common that are open; nothing equals that of a number that is none's."""
    try:
        return os.fstat(file)[1:3]
    except OSError:
        return float("nan")


DESCRIPTORS = Descriptors()
\fdocstrings late
"""Descriptions in docstrings, in the styles of Google, numpy and Sphinx."""

from __future__ import annotations

import re
import textwrap
import typing

HEADINGS = {
    "args": "arguments",
    "arguments": "arguments",
    "parameters": "arguments",
    "params": "arguments",
    "keyword args": "arguments",
    "keyword arguments": "arguments",
    "other parameters": "arguments",
    "attributes": "arguments",
    "returns": "result",
    "return": "result",
    "yields": "result",
    "yield": "result",
}
SPHINX = re.compile(r"^:(param|parameter|arg|argument|key|keyword|ivar|returns?|yields?)\\b\\s*([^:]*):\\s*(.*)$")
GOOGLE_ITEM = re.compile(r"^\\*{0,2}(\\w+)\\s*(?:\\([^)]*\\))?\\s*:\\s+(.*)$")
NUMPY_ITEM = re.compile(r"^\\*{0,2}(\\w+(?:\\s*,\\s*\\*{0,2}\\w+)*)\\s*(?::.*)?$")


def read_docstring(text: str) -> typing.Tuple[str, typing.Dict[str, str], str]:
    """The description of what is done, of each argument, and of the result."""
    lines = text.expandtabs().split("\\n")
    description: typing.List[str] = []
    arguments: typing.Dict[str, str] = {}
    result = ""
    at = 0
    while at < len(lines):
        kind, body, at = _section(lines, at)
        if kind == "arguments":
            arguments.update(_items(body))
        elif kind == "result":
            result = result or _result(body)
        elif kind == "field":
            name, value = _field_of(body)
            if name:
                arguments[name] = value
            else:
                result = result or value
        elif kind == "text":
            description.extend(body)
    return "\\n".join(description).strip(), arguments, result


def _section(lines: typing.Sequence[str], at: int) -> typing.Tuple[str, typing.List[str], int]:
    """The next part of a docstring, and the line behind it."""
    line = lines[at]
    if SPHINX.match(line) or re.match(r"^:\\w", line):
        end = _end_of_indented(lines, at + 1, skips_blank=False)
        return "field" if SPHINX.match(line) else "other", list(lines[at:end]), end
    is_underlined = at + 1 < len(lines) and re.match(r"^-{3,}\\s*$", lines[at + 1]) is not None
    if is_underlined and line.strip():
        end = next((one for one in range(at + 2, len(lines) - 1) if re.match(r"^-{3,}\\s*$", lines[one + 1])), len(lines))
        return HEADINGS.get(line.strip().lower(), "other"), list(lines[at + 2 : end]), end
    if re.match(r"^[A-Z][\\w ]*:\\s*$", line):
        end = _end_of_indented(lines, at + 1, skips_blank=True)
        if end > at + 1:
            return HEADINGS.get(line.strip()[:-1].lower(), "other"), list(lines[at + 1 : end]), end
    return "text", [line], at + 1


def _end_of_indented(lines: typing.Sequence[str], at: int, skips_blank: bool) -> int:
    end = at
    while at < len(lines) and (lines[at].startswith(" ") or (skips_blank and not lines[at].strip())):
        at += 1
        if lines[at - 1].strip():
            end = at
    return end


def _items(body: typing.Sequence[str]) -> typing.Iterator[typing.Tuple[str, str]]:
    """\`name (type): text\` as Google writes it, or \`name : type\` above an indented text as numpy does."""
    lines = textwrap.dedent("\\n".join(body)).split("\\n")
    names: typing.List[str] = []
    texts: typing.List[str] = []
    for line in [*lines, "end:"]:
        if not line.strip() or line.startswith(" "):
            texts.append(line.strip())
            continue
        for name in names:
            yield name, " ".join(filter(None, texts))
        names, text = _item_head(line)
        texts = [text]


def _item_head(line: str) -> typing.Tuple[typing.List[str], str]:
    """The names that an item is about, and what stands behind them on the same line."""
    google, numpy = GOOGLE_ITEM.match(line), NUMPY_ITEM.match(line)
    if google is not None and " :" not in line.partition(")")[0]:
        return [google.group(1)], google.group(2)
    return [name.strip(" *") for name in numpy.group(1).split(",")] if numpy else [], ""


def _result(body: typing.Sequence[str]) -> str:
    """The text of a section on the result, without the type in front of it."""
    lines = textwrap.dedent("\\n".join(body)).strip("\\n").split("\\n")
    if len(lines) > 1 and not lines[0].startswith(" ") and all(line.startswith(" ") or not line for line in lines[1:]):
        first = lines[0]
        if ":" not in first.rstrip(":") or re.match(r"^\\w+ : ", first):  # numpy: the type alone, or with a name
            return " ".join(line.strip() for line in lines[1:] if line.strip())
    text = " ".join(line.strip() for line in lines if line.strip())
    typed = re.match(r"^[\\w.\\[\\], |]+:\\s+(.*)$", text)
    return typed.group(1) if typed else text


def _field_of(body: typing.Sequence[str]) -> typing.Tuple[str, str]:
    match = SPHINX.match(body[0])
    assert match is not None
    kind, words, first = match.groups()
    text = " ".join(filter(None, [first.strip(), *(line.strip() for line in body[1:])]))
    is_result = kind.startswith(("return", "yield"))
    return ("" if is_result or not words.split() else words.split()[-1].strip("*")), text
\fencoding
"""Values to JSON: section 6 of docs/protocol.md."""

from __future__ import annotations

from .constants import MAX_FRAME
from .conversions import refuse, simplify_framed, to_json
from .errors import BadResult
from .json_text import LARGEST_DOUBLE, LONG, json_encoder, text_to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    from .outbox import Outbox

    Body = Dict[str, Any]

_encode_framed = json_encoder(simplify_framed)
_encode_flat = json_encoder(refuse, nests=False)


def encode(value: Any, what: str = "result", types: Optional[Body] = None, outbox: Optional[Callable[[], Outbox]] = None) -> bytes:
    """Turns a plugin's value into JSON. What JSON lacks is named in \`types\`, and is a BadResult where that is None."""
    data = _encode_at_once(value, to_json if outbox is None else _encode_framed)
    if data is not None:
        return data
    from .walk import Walk

    try:
        return to_json(Walk(what, types, outbox).visit(value)).encode("ascii")
    except RecursionError:
        raise BadResult(f'The {what} at "$" is nested too deeply for JSON') from None


def plain_result(value: Any) -> Optional[bytes]:
    """The last frame of a call whose result needs no more than JSON; None when it may."""
    text = _encode_at_once(value, _encode_framed)
    return None if text is None or len(text) > MAX_FRAME - MOST_AROUND else b"".join((b'{"result":', text, b"}\\n"))


def _encode_at_once(value: Any, to_text: Callable[[Any], str]) -> Optional[bytes]:
    """Turns a value into JSON by C code alone; None when that cannot be done, which the walk finds the reason for."""
    try:
        text = _flat_to_json(value)
        if text is not None:
            return text.encode("ascii") if len(text) < len(HUGE_INTEGER) or not _has_huge_integer(value) else None
        data = to_text(value).encode("ascii")
        return None if _may_lack(value, data) else data
    except Exception:
        return None


# How a key ends in JSON that may have been something else than text.
ODD_KEYS = (*(b'%d"' % digit for digit in range(10)), b'"true"', b'"false"', b'"null"')
# The same where every digit is a zero, and the letters of those words, of which few other keys are made, are two.
SHAPES = bytes.maketrans(b"123456789ftanrulse", b'000000000"AAABBBBB')
NUMBER_AS_KEY, WORD_AS_KEY, HUGE_INTEGER = b'0":', b'"ABBB":', b"0" * 309
MOST_AROUND = 32  # bytes of a frame around its value
SCALARS = {str, int, float, bool, type(None)}
ARE_SCALARS = SCALARS.issuperset
ARE_TEXT = {str}.issuperset
MOST_FLAT = 32  # a mapping with more members is not looked through for the sake of a quick encoder


def _flat_to_json(value: Any) -> Optional[str]:
    """Writes a scalar, or a short mapping of texts to scalars; None for anything else.

    No two keys of such a mapping become one, it does not hold itself, and nothing in it is converted.
    """
    kind = type(value)
    if kind is str:
        return text_to_json(value)
    if kind in SCALARS:
        return _encode_flat(value)
    if kind is not dict or len(value) > MOST_FLAT:
        return None
    has_long = False
    for key, member in value.items():
        kind = type(member)
        if type(key) is not str or kind not in SCALARS:
            return None
        has_long = has_long or (kind is str and len(member) >= LONG)
    if has_long:
        return "{" + ",".join([text_to_json(key) + ":" + _scalar_to_json(member) for key, member in value.items()]) + "}"
    return _encode_flat(value)


def _scalar_to_json(value: Any) -> str:
    """Writes long texts on their own, which is quicker."""
    return text_to_json(value) if type(value) is str else _encode_flat(value)


def _has_huge_integer(flat: Any) -> bool:
    members = flat.values() if type(flat) is dict else (flat,)
    return any(type(member) is int and not -LARGEST_DOUBLE <= member <= LARGEST_DOUBLE for member in members)


def _may_lack(value: Any, text: bytes) -> bool:
    """Whether two keys may have become one in the text, or an integer may be in it that other readers take for infinite."""
    return (_has_odd_keys(value) or _looks_odd(text)) and not _is_clear(value)


def _has_odd_keys(value: Any) -> bool:
    """Whether a short mapping has keys of other types than text, such as texts that are equal to no other and read the same."""
    return type(value) is dict and len(value) <= MOST_FLAT and not ARE_TEXT(map(type, value))


def _looks_odd(text: bytes) -> bool:
    """Whether some key reads like a number or a word of JSON, or a number is too long.

    Few keys are looked at one by one, many at once, and no long number is sought where there are few digits: each is the quickest there.
    """
    looks_left = len(text) // 4096 + 4
    at = text.find(b":")
    while at >= 0 and looks_left:
        if text.endswith(ODD_KEYS, 0, at):
            return True
        looks_left -= 1
        at = text.find(b":", at + 1)
    if at < 0 and b"000" not in text[::100].translate(SHAPES):
        return False
    shapes = text.translate(SHAPES)
    return HUGE_INTEGER in shapes or (at >= 0 and (NUMBER_AS_KEY in shapes or WORD_AS_KEY in shapes))


def _is_clear(value: Any) -> bool:
    """Whether no mapping has keys of several kinds, and no integer is too large; of what is converted on its way nobody knows."""
    parts = [value]
    for part in parts:
        if isinstance(part, dict):
            kinds = set(map(type, part))
            if len(kinds) > 1 or not ARE_SCALARS(kinds):
                return False
            part = part.values()
        elif type(part) is int:
            if not -LARGEST_DOUBLE <= part <= LARGEST_DOUBLE:
                return False
            continue
        elif not isinstance(part, (list, tuple)):
            return False
        parts.extend(item for item in part if type(item) not in SCALARS or type(item) is int)
    return True
\fendpoint
"""What an endpoint is."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional


METHOD_PATHS = ("call/", "stream/")  # before the name of a method


class Endpoint:
    """One endpoint: how it is asked for, and what answers it."""

    __slots__ = ("name", "verb", "is_call", "run", "answer", "method", "takes_arguments", "keeps_inputs")

    def __init__(
        self,
        name: str,
        verb: str,
        *,
        is_call: bool = False,
        run: Optional[Callable[..., Any]] = None,
        answer: Optional[Callable[..., Any]] = None,
        method: str = "",
    ) -> None:
        self.name = name
        self.verb = verb
        self.is_call = is_call  # whether it waits for a lane
        self.run = run  # runs the plugin's code: takes the plugin and the call
        self.answer = answer  # tells what the worker knows by itself: takes its answers and the body
        self.takes_arguments = name in ("execute", "execute_stream", "task") or name.startswith(METHOD_PATHS)
        self.keeps_inputs = name in ("initialize", "reconfigure")  # whether its files stay for as long as the worker
        self.method = method  # the plugin's own method that it stands for
\fendpoints
"""The one table of the endpoints. A new one is a line here, and the function that it names."""

from __future__ import annotations

import functools

from .call import Call
from .endpoint import METHOD_PATHS, Endpoint
from .instance import Instance
from .methods import path_of, public_methods
from .plugin import Plugin
from .plugin_endpoints import (
    call_method,
    cleanup,
    config,
    config_options,
    config_schema,
    execute,
    execute_stream,
    get_system_status,
    initialize,
    list_processes,
    on_disable,
    on_enable,
    prefetch,
    reconfigure,
    signatures,
    stream_method,
    structural_surface,
    task,
)
from .worker_endpoints import WorkerEndpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    Body = Dict[str, Any]


def asked(name: str, verb: str, answer: Callable[[WorkerEndpoints, Body], Any], method: str = "") -> Endpoint:
    """What the worker answers by itself, also while the plugin's code runs."""
    return Endpoint(name, verb, answer=answer, method=method)


def told(name: str, run: Callable[[Plugin, Call], Any], method: str = "") -> Endpoint:
    """What the plugin tells without waiting for a lane."""
    return Endpoint(name, "GET", run=run, method=method)


def called(name: str, run: Callable[[Plugin, Call], Any], method: str = "") -> Endpoint:
    """A call."""
    return Endpoint(name, "POST", is_call=True, run=run, method=method)


ALL = (
    called("initialize", initialize, "initialize"),
    called("execute", execute, "execute"),
    called("execute_stream", execute_stream, "execute_stream"),
    told("config_schema", config_schema, "get_config_schema"),
    told("config", config, "get_current_config"),
    called("prefetch", prefetch, "prefetch"),
    called("reconfigure", reconfigure, "reconfigure"),
    called("cleanup", cleanup, "cleanup"),
    asked("cancel", "POST", WorkerEndpoints.cancel, "cancel"),
    called("on_enable", on_enable, "on_enable"),
    called("on_disable", on_disable, "on_disable"),
    told("config_options", config_options, "get_config_options"),
    called("get_system_status", get_system_status, "get_system_status"),
    called("list_processes", list_processes, "list_processes"),
    called("task", task),
    told("signatures", signatures),
    told("structural_surface", structural_surface),
    asked("ready", "GET", WorkerEndpoints.ready),
    asked("health", "GET", WorkerEndpoints.health),
    asked("stats", "GET", WorkerEndpoints.stats),
    asked("progress", "GET", WorkerEndpoints.progress),
    asked("in_use", "POST", WorkerEndpoints.in_use),
    asked("callback", "POST", WorkerEndpoints.callback),
    asked("sources", "GET", WorkerEndpoints.sources),
)
METHODS = {endpoint.name: endpoint.method for endpoint in ALL if endpoint.method}
ENDPOINTS = {endpoint.name: endpoint for endpoint in ALL}
PLAIN = {"execute": ENDPOINTS["execute"]}  # what most requests ask for; those for methods come once they are known
# What plugins have for the worker, or are given by it, and no host calls by its name.
RESERVED = frozenset(("report_progress", "check_cancel", "scratch_folder", "heartbeat", "execute_batch", *METHODS.values()))
RUN_METHOD = {"call": call_method, "stream": stream_method}


def offer_methods(plugin: Instance) -> dict[str, str]:
    """Makes endpoints of the methods of a plugin that is loaded; gives their names, by how they stand in a request."""
    methods = {path_of(name): name for name in public_methods(type(plugin.of), RESERVED)}
    for path in methods:
        for kind in RUN_METHOD:
            ENDPOINTS[f"{kind}/{path}"] = _method_endpoint(kind, path)
        PLAIN[f"call/{path}"] = ENDPOINTS[f"call/{path}"]
    return methods


def find_endpoint(name: str) -> Optional[Endpoint]:
    """What a request names. A method that no plugin has is missed by the call itself, which waits until the plugin is loaded."""
    endpoint = ENDPOINTS.get(name)
    if endpoint is None and name.startswith(METHOD_PATHS):
        return _method_endpoint(*name.split("/", 1))
    return endpoint


def _method_endpoint(kind: str, path: str) -> Endpoint:
    return called(f"{kind}/{path}", functools.partial(RUN_METHOD[kind], path))
\ferror_bodies
"""Exceptions to error bodies: section 5 of docs/protocol.md."""

from __future__ import annotations

import errno
import time

from .errors import BadResult, CallbackError, CallCancelled, LoadFailed, NoSuchMethod, NotSupported
from .library import attribute
from .tracebacks import text_of, traceback_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]

CATEGORY_NAMES = ("user_input", "transient", "resource", "fatal")

# By the name of a class, for libraries have their own of the same name. Only what is a matter of connection or of time is transient.
CATEGORIES = {
    "FileNotFoundError": "user_input",
    "FileExistsError": "user_input",
    "NotADirectoryError": "user_input",
    "IsADirectoryError": "user_input",
    "PermissionError": "user_input",
    "KeyError": "user_input",
    "ValueError": "user_input",
    "TypeError": "user_input",
    "TimeoutError": "transient",
    "Timeout": "transient",
    "timeout": "transient",  # socket.timeout before Python 3.10
    "TimeoutExpired": "transient",
    "ConnectionError": "transient",
    "InterruptedError": "transient",
    "BlockingIOError": "transient",
    "gaierror": "transient",
    "SSLEOFError": "transient",
    "SSLError": "fatal",  # whose number is none of the system's
    "MemoryError": "resource",
}

# By the name of an error of the system, which many a library gives in a class of its own.
SYSTEM_CATEGORIES = {
    "user_input": "ENOENT ENOTDIR EISDIR EACCES EPERM EEXIST ENAMETOOLONG ELOOP",
    "transient": "ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ENOTCONN ESHUTDOWN ENETDOWN ENETRESET ENETUNREACH EHOSTDOWN EHOSTUNREACH "
    "ETIMEDOUT EAGAIN EINTR EINPROGRESS EALREADY",
    "resource": "ENOSPC EDQUOT EMFILE ENFILE ENOMEM",
}


# The original's exceptions, of its packages and of what its plugins were told to raise, for a call that was cancelled.
CANCELLED_NAMES = ("PluginCancelledError", "CapabilityCancelledError")


def describe(error: BaseException, plugin: str, code: str = "plugin_error") -> Body:
    """Makes an error body."""
    if isinstance(error, LoadFailed):
        return error.body
    if isinstance(error, BadResult):
        code = "bad_result"
    elif isinstance(error, NotSupported):
        code = "not_supported"
    elif code == "plugin_error" and any(kind.__name__ in CANCELLED_NAMES for kind in type(error).__mro__):
        code = "cancelled"
    category = "fatal" if code in ("bad_result", "load_error", "bad_start", "bounds") else _category(error)
    retriable = attribute(error, "retriable", attribute(error, "default_retriable"))
    known = {"known": error.known} if isinstance(error, NoSuchMethod) else {}
    body = {
        "code": code,
        "type": type(error).__name__,
        "message": text_of(error, str),
        "traceback": traceback_of(error) if code in ("plugin_error", "load_error") else "",
        "category": category,
        "retriable": retriable if isinstance(retriable, bool) else category in ("transient", "resource"),
        "original_exc_repr": text_of(error, repr),
        "plugin_name": plugin,
        "occurred_at": _now(),
        **known,
    }
    if isinstance(error, CallbackError) and error.callback:
        body["callback"] = error.callback
    return body


def _now() -> str:
    seconds, microseconds = divmod(time.time_ns() // 1000, 1_000_000)
    return "{}.{:06}+00:00".format(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)), microseconds)


def cancelled_body(plugin: str) -> Body:
    """The error of a cancelled call. Clients of the original know it by how the repr begins."""
    body = describe(CallCancelled("The call was cancelled"), plugin, "cancelled")
    body["original_exc_repr"] = "PluginCancelledError('The call was cancelled')"
    return body


def _category(error: BaseException) -> str:
    own = attribute(error, "category")
    own = attribute(own, "value", own)
    if isinstance(own, str) and own in CATEGORY_NAMES:
        return own
    reason = attribute(error, "reason")  # urllib puts what it got into an error of its own
    return _category_by_class(reason if isinstance(error, OSError) and isinstance(reason, OSError) else error)


def _category_by_class(error: BaseException) -> str:
    for kind in type(error).__mro__:
        if kind is OSError:
            return _system_category(attribute(error, "errno"))
        if kind.__name__ in CATEGORIES:
            return CATEGORIES[kind.__name__]
    return "fatal"


def _system_category(number: Any) -> str:
    """The category of an OSError. One without a number is a library's, and says what is wrong with what it was given."""
    if not isinstance(number, int):
        return "user_input"
    name = errno.errorcode.get(number)
    return next((category for category, names in SYSTEM_CATEGORIES.items() if name in names.split()), "fatal")
\ferrors
"""The exceptions that the worker's own modules raise, and what they stand for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]


class BadResult(Exception):
    """The plugin gave a value that no JSON carries."""


class Unsendable(TypeError):
    """Says what is wrong with a value that no JSON carries; the walk finds out where it is."""


class UnfitFile(Exception):
    """The path that a plugin gave cannot be handed over. The host would take that for the worker's own fault, and end it."""


class ScratchFull(OSError):
    """There is no place for a file."""

    category = "resource"
    retriable = True


class Refusal(Exception):
    """A request that is turned down before any plugin code runs."""

    def __init__(self, status: int, detail: str, closes: bool = False, extra: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.closes = closes
        self.extra = extra  # further lines of HTTP's head


class CallCancelled(BaseException):
    """Raised inside a cancelled call; no Exception, so that a plugin's \`except Exception\` does not stop it."""


class HostTraceback(Exception):
    """Where a function of the host's has failed, for whoever prints the traceback of what came of that."""

    def __str__(self) -> str:
        return f"the host says\\n{self.args[0]}"


class CallbackError(Exception):
    """A function of the host's has failed, or could not be called. \`type\` is the error's class there, and \`traceback\` its stack."""

    callback = 0  # which one it was, when the host has run it

    def __init__(self, type: str, message: str, traceback: str = "") -> None:
        super().__init__(f"{type}: {message}" if traceback or type else message)
        self.type = type
        self.message = message
        self.traceback = traceback

    @classmethod
    def of(cls, body: Body, callback: int) -> CallbackError:
        """What the host says of it."""
        error = cls(*(str(body.get(key) or "") for key in ("type", "message", "traceback")))
        error.callback = callback
        if error.traceback:
            error.__cause__ = HostTraceback(error.traceback)
        for key, kind in (("category", str), ("retriable", bool)):
            if isinstance(body.get(key), kind):
                setattr(error, key, body[key])
        return error


class NotSupported(Exception):
    """The plugin has no such method."""


class NoSuchMethod(NotSupported):
    """The plugin has no method of the name by which one was called; \`known\` are those that it has."""

    def __init__(self, message: str, known: list[str]) -> None:
        super().__init__(message)
        self.known = known


class LoadFailed(Exception):
    """The plugin is not there; \`body\` says why."""

    def __init__(self, body: Body) -> None:
        super().__init__(body["message"])
        self.body = body


class BadStart(Exception):
    """The start line cannot be used."""


class CannotBind(BadStart):
    """The plugin cannot be held to its bounds here, and so it is not started."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The plugin cannot be held to its bounds here: {why}")
\fevent_loop late
"""Coroutines and asynchronous generators of the plugin's."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
import threading
from collections.abc import AsyncIterable, Awaitable, Coroutine, Generator

from .call import Call
from .cancelling import AwaitedTask
from .fast import SimpleQueue
from .forks import run_plugin_code
from .logs import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, NoReturn, Optional, Tuple

    Outcome = Tuple[Optional[asyncio.Future[None]], Any, Optional[BaseException]]


class Steps:
    """Awaits for a call, which runs each step: an interruption hits plugin code and never the loop's."""

    def __init__(self, call: Call, awaitable: Awaitable[Any]) -> None:
        self._call = call
        self._coroutine = self._wait(awaitable)

    @staticmethod
    async def _wait(awaitable: Awaitable[Any]) -> Any:
        return await awaitable

    def __await__(self) -> Generator[Any, Any, Any]:
        step = functools.partial(self._coroutine.send, None)
        while True:
            try:
                future = self._call.run(step, in_child=_refuse_to_wait)
            except StopIteration as end:
                return end.value
            try:
                step = functools.partial(self._coroutine.send, (yield future))
            except BaseException as error:  # what the loop throws in is for the coroutine
                step = functools.partial(self._coroutine.throw, error)


def _refuse_to_wait(_: object) -> NoReturn:
    raise RuntimeError("A forked child cannot await: the event loop is its parent's")


class EventLoop:
    """The one asyncio loop, on a thread of its own, so that what a plugin starts in one call lives on in the next."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        if hasattr(os, "register_at_fork"):  # a child that went on with it would take its parent's events
            os.register_at_fork(after_in_child=self._loop.stop)
        threading.Thread(target=self._run, name="event-loop", daemon=True).start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        while True:
            try:
                run_plugin_code(self._loop.run_forever)
            except BaseException as error:  # sys.exit() in a callback of the plugin's
                log(f"the event loop was stopped, and goes on: {error!r}")

    def run(self, call: Call, awaitable: Awaitable[Any]) -> Any:
        """Waits for an awaitable."""
        outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self._start(call, awaitable, outcomes)
        _, value, error = outcomes.get()
        if error is not None:
            raise error
        return value

    def items(self, call: Call, source: AsyncIterable[Any]) -> Iterator[Any]:
        """Gives the items one by one; the source goes on when the next one is asked for. One task runs it all."""
        outcomes: SimpleQueue[Outcome] = SimpleQueue()
        task = self._start(call, self._pump(source, outcomes), outcomes)
        ended = False
        try:
            while True:
                gate, value, error = outcomes.get()
                if gate is None:
                    ended = True
                    if error is not None:
                        raise error
                    return
                yield value
                self._loop.call_soon_threadsafe(_open_gate, gate)
        finally:
            if not ended:
                task.cancel()
                while outcomes.get()[0] is not None:
                    pass

    def _start(self, call: Call, awaitable: Awaitable[Any], outcomes: SimpleQueue[Outcome]) -> LoopTask:
        started = LoopTask(self._loop)

        def begin() -> None:
            call.attach(started)
            started.begin(self._guard(call, awaitable), end)
            if call.cancelled:
                started.cancel_here()

        def end(task: asyncio.Task[Any]) -> None:
            call.attach(None)
            started.end()
            if not task.cancelled():
                outcomes.put((None, *task.result()))
                return
            if isinstance(awaitable, Coroutine):  # it was cancelled before its first step
                awaitable.close()
            outcomes.put((None, None, asyncio.CancelledError()))

        self._loop.call_soon_threadsafe(begin, context=contextvars.copy_context())
        return started

    @staticmethod
    async def _guard(call: Call, awaitable: Awaitable[Any]) -> tuple[Any, Optional[BaseException]]:
        try:
            return await Steps(call, awaitable), None
        except BaseException as error:  # also SystemExit, which would end the loop
            return None, error

    async def _pump(self, source: AsyncIterable[Any], outcomes: SimpleQueue[Outcome]) -> None:
        try:
            async for item in source:
                gate: asyncio.Future[None] = self._loop.create_future()
                outcomes.put((gate, item, None))
                await gate
        finally:
            close = getattr(source, "aclose", None)
            if close is not None:
                await close()


class LoopTask(AwaitedTask):
    """The task of one call."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._task: Optional[asyncio.Task[Any]] = None

    def begin(self, coroutine: Coroutine[Any, Any, Any], end: Callable[[asyncio.Task[Any]], None]) -> None:
        """For the loop's thread."""
        self._task = self._loop.create_task(coroutine)
        self._task.add_done_callback(end)

    def end(self) -> None:
        """For the loop's thread."""
        self._task = None

    def cancel(self) -> None:
        self.is_asked = True
        self._loop.call_soon_threadsafe(self.cancel_here)

    def cancel_here(self) -> None:
        """For the loop's thread."""
        self.is_asked = False
        if self._task is not None:
            self._task.cancel()


def _open_gate(gate: asyncio.Future[None]) -> None:
    if not gate.done():
        gate.set_result(None)
\ffast
"""What some modules of the library are made of: what they have besides is not used here, and takes 10 ms of every start."""

from __future__ import annotations

try:
    import _signal as signal
    import _socket as socket
    from _json import encode_basestring_ascii, make_encoder, make_scanner
    from _operator import _compare_digest as compare_digest
    from _queue import Empty, SimpleQueue
except ImportError:
    import signal
    import socket
    from hmac import compare_digest  # type: ignore[assignment]
    from queue import Empty, SimpleQueue

    encode_basestring_ascii = make_encoder = make_scanner = None  # type: ignore[assignment]

__all__ = ("Empty", "SimpleQueue", "compare_digest", "encode_basestring_ascii", "make_encoder", "make_scanner", "signal", "socket")
\ffiles late
"""Single files that are handed over, and what stands for bytes inside the JSON."""

from __future__ import annotations

import errno
import io
import os
import stat
from binascii import b2a_base64

from .constants import BYTES_TYPE, MAX_FRAME
from .errors import ScratchFull, UnfitFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Union

    Body = Dict[str, Any]

# No system moves more than 2 GiB less a page at once, and some refuse more.
MOST_AT_ONCE = 1 << 30

NPY_TYPE = "application/x-npy"


class Room:
    """Tells of a file system that is full while something is written to a path."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ScratchFull(f'The file system of "{os.path.dirname(self._path)}" is full') from error


def plain_file(given: Union[str, os.PathLike[str]], who: str, folder: str = "") -> str:
    """The path of a file that the host takes: a plain one with one name, to which no link in the folder leads."""
    path = os.path.abspath(os.fsdecode(given))
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        raise UnfitFile(f"{who} a path that is no text, {path!a}; only a file whose name is UTF-8 can be handed over") from None
    try:
        facts = os.lstat(path)
        kind = KINDS_OF_FILES.get(stat.S_IFMT(facts.st_mode), "something else than a file")
        if kind == "a file" and folder and _is_behind_link(path, folder):
            kind = "a file behind a link"
        if kind == "a file" and facts.st_nlink != 1:
            kind = f"a file with {facts.st_nlink} names"
        if kind == "a file":
            if stat.S_IMODE(facts.st_mode) != 0o600:
                os.chmod(path, 0o600)
            os.close(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC))
            return path
    except (OSError, ValueError) as error:
        raise UnfitFile(f'{who} the path "{path}", which cannot be opened: {error}') from None
    raise UnfitFile(f'{who} the path of {kind}, "{path}"; only a plain file can be handed over')


def _is_behind_link(path: str, folder: str) -> bool:
    """Whether a link in the folder leads to the path; nothing in it does to what lies there itself."""
    if os.path.dirname(path) == folder:
        return False
    return os.path.realpath(path) != os.path.join(os.path.realpath(folder), os.path.relpath(path, folder))


# What the type bits of a mode stand for.
KINDS_OF_FILES = {
    0o100000: "a file",
    0o040000: "a folder",
    0o120000: "a link",
    0o010000: "a fifo",
    0o140000: "a socket",
    0o020000: "a device",
    0o060000: "a device",
}


def write_all(file: io.FileIO, view: memoryview) -> None:
    while view:
        view = view[file.write(view[:MOST_AT_ONCE]) :]


def demand_frame(size: int) -> None:
    if size > MAX_FRAME // 4 * 3:
        raise UnfitFile(f"has {size} bytes, more than a frame carries; only a host that shares the worker's folders gets as many")


def inline(data: memoryview, media_type: str) -> Body:
    demand_frame(data.nbytes)
    return {"data": b2a_base64(data, newline=False).decode("ascii"), "size": data.nbytes, "media_type": media_type}


MEDIA_TYPES: dict[str, str] = {".npy":"application/x-npy",".wav":"audio/wav",".mp3":"audio/mpeg",".flac":"audio/flac",".png":"image/png",".jpg":"image/jpeg",".jpeg":"image/jpeg",".webp":"image/webp",".svg":"image/svg+xml",".mp4":"video/mp4",".arrow":"application/vnd.apache.arrow.file",".parquet":"application/vnd.apache.parquet",".json":"application/json",".csv":"text/csv",".txt":"text/plain",".html":"text/html",".pdf":"application/pdf",".zip":"application/zip"}


def media_type_of(path: str) -> str:
    from mimetypes import guess_type

    guessed = MEDIA_TYPES.get(os.path.splitext(path)[1].lower()) or guess_type(path)[0]
    return guessed or BYTES_TYPE
\ffilters late
"""The filters of this machine's system calls, one for each grant that differs to them, and the numbers of the calls that bind.

To write them takes a fifth of what bounds add to a start. So compiling.py runs this module once, and keeps what stands here in
the place of its code.
"""

from __future__ import annotations

from .seccomp import WRONG_MODE, Allowed, Filter
from .syscalls import Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Tuple

    Programs = Dict[Tuple[bool, bool, bool, bool], bytes]

__all__ = ("CALLS", "PROGRAMS", "WRONG_MODE")
_MACHINE = Machine()
CALLS: dict[str, int] = {name: _MACHINE.number(name) for name in ("capget", "capset", "close_range", "prctl", "seccomp")}
# By whether some ports, all of the network and programs are granted, and whether the process will listen.
PROGRAMS: Programs = {
    (ports, net, run, listen): Filter(_MACHINE, Allowed(net or ([1] if ports else False), run, listen)).pack()
    for ports, net in ((False, False), (True, False), (False, True))
    for run in (False, True)
    for listen in (False, True)
}
\fforeign late
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
\fforks
"""Children that a plugin forks."""

from __future__ import annotations

import atexit
import os
import sys

from .descriptors import DESCRIPTORS
from .library import LIBRARY
from .script_end import end_as_script, flush_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, NoReturn, Optional, Sequence

NO_NAMES: dict[str, Any] = {}


class StandardStreams:
    """What a child needs to print: another thread may be printing at its fork, and would keep the streams' locks for ever."""

    def __init__(self) -> None:
        self._parents: list[Any] = []  # they must not end, for they would wait for their locks

    def flush(self) -> None:
        """For the parent right before a fork: what it has printed is not the child's to print again."""
        for stream in (sys.__stdout__, sys.__stderr__):
            try:
                flush_of(stream)()
            except Exception:
                pass  # the plugin has closed it

    def renew(self) -> None:
        """For a child right after its fork."""
        for number, name in ((1, "stdout"), (2, "stderr")):
            former = getattr(sys, f"__{name}__")
            if former is None or former.closed:
                continue
            try:
                fresh = open(number, "w", 1, former.encoding, former.errors, closefd=False)
            except OSError:
                continue  # the plugin has closed what was below
            self._parents.append(former)
            for place in (f"__{name}__", name):
                if getattr(sys, place) is former:
                    setattr(sys, place, fresh)


def prepare_for_forks() -> None:
    """From here on the children that a plugin forks are processes like those of a script."""
    DESCRIPTORS.watch_forks()
    streams = StandardStreams()
    os.register_at_fork(before=streams.flush, after_in_child=streams.renew)
    os.register_at_fork(after_in_child=LIBRARY.renew)
    # What the parent has registered for its end is its own: \`multiprocessing\`, say, ends the processes of its pools then.
    os.register_at_fork(after_in_child=atexit._clear)


def run_plugin_code(
    code: Callable[..., Any],
    args: Sequence[Any] = (),
    named: Mapping[str, Any] = NO_NAMES,
    in_child: Optional[Callable[[Any], None]] = None,
) -> Any:
    """Runs code of the plugin's. Only its own process comes back: a child that it forks goes on with \`in_child\`, and ends."""
    try:
        value = code(*args, **named)
    except BaseException as error:
        if DESCRIPTORS.is_forked:
            end_as_script(error)
        raise
    if not DESCRIPTORS.mark[0]:
        end_child(value, in_child)
    return value


def end_child(value: Any, in_child: Optional[Callable[[Any], None]]) -> NoReturn:
    """Ends a forked child whose plugin code has come back with a value."""
    error: Optional[BaseException] = None
    try:
        if in_child is not None:
            in_child(value)
    except BaseException as raised:
        error = raised
    end_as_script(error)
\fframing late
"""How the end of a body with files is found, which is read as it comes: sections 3 and 7 of docs/protocol.md."""

from __future__ import annotations

from .conversions import to_json
from .errors import Refusal

MAX_LINE = 1024


def wrong(what: str) -> Refusal:
    return Refusal(400, f"The body's parts are wrong: {what}", closes=True)


class Framing:
    """What is around a body."""

    is_open = False  # whether the body says itself where it ends
    has_ended = False

    def cut(self, data: bytes) -> tuple[bytes, bytes]:
        """The next piece of the body, and what is to be looked at after that."""
        raise NotImplementedError


class OpenFraming(Framing):
    """The body of a request on an upgraded connection: its files say themselves where it ends."""

    is_open = True
    has_ended = True

    def cut(self, data: bytes) -> tuple[bytes, bytes]:
        return data, b""


class SizedFraming(Framing):
    """A body with a Content-Length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.has_ended = length == 0

    def cut(self, data: bytes) -> tuple[bytes, bytes]:
        piece, rest = data[: self._left], data[self._left :]
        self._left -= len(piece)
        self.has_ended = self._left == 0
        return piece, rest


class ChunkedFraming(Framing):
    """A body in chunks. Lines behind the last one say nothing here."""

    def __init__(self) -> None:
        self.has_ended = False
        self._left = 0
        self._line = b""
        self._is_behind = False  # whether the line's end behind a chunk comes next
        self._is_last = False  # whether the last chunk has come

    def cut(self, data: bytes) -> tuple[bytes, bytes]:
        if self._left:
            piece, rest = data[: self._left], data[self._left :]
            self._left -= len(piece)
            self._is_behind = self._left == 0
            return piece, rest
        line, end, rest = data.partition(b"\\n")
        self._line += line
        if len(self._line) > MAX_LINE:
            raise wrong("a chunk has no length")
        if end:
            text, self._line = self._line.strip(), b""
            self._take_line(text)
        return b"", rest

    def _take_line(self, line: bytes) -> None:
        if self._is_behind and not line:
            self._is_behind = False
        elif self._is_last:
            self.has_ended = not line
        else:
            try:
                self._left = int(line.partition(b";")[0], 16)
            except ValueError:
                self._left = -1
            if self._left < 0 or self._is_behind:
                raise wrong(f"a chunk has no length, but {to_json(line.decode('latin-1'))}")
            self._is_last = self._left == 0
\ffront
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
\fgathering late
"""Where calls wait that a lane gathers, to run them together."""

from __future__ import annotations

import time
from collections import deque

from .open_calls import OpenCalls
from .readiness import ONCE
from .waiting import Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Deque, Optional

    from .call import Call
    from .connection import Connection

LONGEST_S = 86_400.0  # what every wait takes


class Gathering(Waiting):
    """Lets a lane take calls while it has some already, each on a connection of its own."""

    def __init__(self, calls: OpenCalls, lanes: int) -> None:
        super().__init__(calls, lanes)
        self._first: Deque[Call] = deque()  # before those in the queue
        self._events |= ONCE  # a connection that a lane has is not told of again while the lane waits for others

    def take_by(self, until: float) -> Optional[Call]:
        """A further call, which has not begun; None when none has come by then."""
        while True:
            wait_s = min(max(0.0, until - time.monotonic()), LONGEST_S)
            call = self._queued_within(wait_s) if self._lanes is None else self._queued() or self._arrived(wait_s)
            if call is not None or not wait_s:
                return call

    def pass_over(self, call: Call) -> None:
        """A call that was taken has been cancelled before it began."""
        if not call.is_queued:  # otherwise whoever has cancelled it has its connection
            call.done.wait()
            call.connection.answered()
            self.go_on(call.connection)

    def go_on(self, connection: Connection) -> None:
        """One of several calls has been answered: what else has come on its connection waits its turn."""
        call = self._next_of(connection)
        if call is not None:
            self.put(call)

    def put_back(self, call: Call) -> None:
        """Lets a call that was taken too early wait before all others."""
        if self._enqueue(call):
            self._first.append(call)
            if self._idle:
                self._ring()

    def lend(self) -> None:
        """A lane begins with several calls: the front reads meanwhile what comes."""
        if self._registered:
            self._begin_to_tick()

    def _queued(self) -> Optional[Call]:
        try:
            return self._first.popleft()
        except IndexError:
            return super()._queued()

    def _queued_within(self, wait_s: float) -> Optional[Call]:
        from .fast import Empty

        try:
            return self._first.popleft() if self._first else self._queue.get(timeout=wait_s)
        except Empty:
            return None
\fgrant late
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
\fheartbeat late
"""Progress that tells of nothing but the time."""

from __future__ import annotations

import threading
import time

from .call import Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


class Heartbeat:
    """Reports the seconds that have gone by, again and again, until the code in its \`with\` has ended."""

    def __init__(self, call: Call, begin: Callable[[], None], interval: float) -> None:
        self._call = call
        self._begin = begin
        self._interval = interval
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._begin()
        self._thread.start()

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        began, told, base = time.monotonic(), "", ""
        while not self._over.wait(self._interval):
            message = self._call.message
            if message != told:
                base = message  # the plugin has said something new
            told = "{} ({:.1f}s)".format(base, time.monotonic() - began).lstrip()
            self._call.report(self._call.reported, told)
\fhelpers
"""The functions that the worker gives a plugin's object: they serve the call for which the plugin's code runs."""

from __future__ import annotations

import functools

from .call import CURRENT_CALL, Call
from .errors import CallCancelled
from .instance import Instance
from .open_calls import OpenCalls
from .tracebacks import shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from .heartbeat import Heartbeat


class Helpers:
    """What a plugin calls to report, to ask whether it is cancelled, and for a folder."""

    def __init__(self, instance: Instance, calls: OpenCalls) -> None:
        self._instance = instance
        self._calls = calls
        self._own_report = instance.method("report_progress")
        self._own_check = instance.method("check_cancel")

    def give(self) -> None:
        """Puts them into the plugin's object."""
        helpers = [("report_progress", self._report_progress), ("check_cancel", self._check_cancel)]
        if self._instance.attribute("scratch_folder", self) is self:  # the original has none, so a plugin's own is something else
            helpers.append(("scratch_folder", self._scratch_folder))
        if self._instance.method("heartbeat") is not None:
            helpers.append(("heartbeat", self._heartbeat))
        for name, function in helpers:
            self._instance.set(name, function)

    def _current_call(self) -> Optional[Call]:
        """The call for which this code runs; a thread that the plugin started works for the only one there is."""
        return CURRENT_CALL.get() or self._calls.only_running()

    def _report_progress(self, progress: float, message: str = "", *, item: Optional[int] = None) -> None:
        value = float(progress)
        call = self._current_call()
        if call is not None and item is not None:
            call = call.member(item)
        if call is not None:
            call.report(min(value, 1.0) if value >= 0 else -1.0, shortened(str(message)))
        if self._own_report is not None:
            self._own_report(progress, message)

    def _heartbeat(self, phase: str, *, interval: float = 0.5, progress: Optional[float] = None) -> Heartbeat:
        """What classes of the original do around code that reports nothing for long; theirs tells nobody but who asks."""
        from .heartbeat import Heartbeat

        call = self._current_call() or Call({})
        return Heartbeat(call, functools.partial(self._report_progress, 0.5 if progress is None else progress, phase), interval)

    def _scratch_folder(self, *, item: Optional[int] = None) -> Any:
        """The call's folder. A path in it that the plugin gives as a result is handed over as a file."""
        from pathlib import Path

        call = self._current_call()
        if call is not None and item is not None:
            call = call.member(item)
        if call is None or call.reply is None:
            what = "code that a call runs" if call is None else "one call: in execute_batch() say whose, by item"
            raise RuntimeError(f"scratch_folder() is for {what}")
        return Path(call.reply.outbox().folder())

    def _check_cancel(self) -> None:
        call = self._current_call()
        if call is None or not call.cancelled:
            return
        if self._own_check is not None:  # a plugin of the original may want to catch the exception that it knows
            self._instance.set("_cancel_requested", True)  # its own cancel() does so a moment later
            self._own_check()
        raise CallCancelled("The call was cancelled")
\fhint_names late
"""Hints that are text, as \`from __future__ import annotations\` makes them."""

from __future__ import annotations

import ast
import builtins
import sys
import typing

Schema = typing.Dict[str, typing.Any]
Scope = typing.Mapping[str, typing.Any]

GENERICS = {name: getattr(typing, name.title()) for name in ("list", "dict", "set", "tuple", "type")}
GENERICS["frozenset"] = typing.FrozenSet


class Names(dict):  # type: ignore[type-arg]
    """A module's names. One that is imported for type checkers alone means nothing here."""

    def __missing__(self, name: str) -> typing.Any:
        return getattr(builtins, name, typing.Any)


class OldPython(ast.NodeTransformer):
    """Writes \`int | None\` and \`list[int]\` as a Python reads them that is older than they are."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        sides = ast.Tuple(elts=[self.visit(node.left), self.visit(node.right)], ctx=ast.Load())
        return ast.Subscript(value=ast.Name(id="__union__", ctx=ast.Load()), slice=_index(sides), ctx=ast.Load())

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id in GENERICS:
            node.value = ast.Name(id="__{}__".format(node.value.id), ctx=ast.Load())
        if _name_of_node(node.value) == "Literal":
            return node
        return self.generic_visit(node)


def _index(value: ast.expr) -> typing.Any:
    return value if sys.version_info >= (3, 9) else ast.Index(value=value)  # type: ignore[attr-defined]


def _name_of_node(node: ast.AST) -> str:
    return getattr(node, "id", None) or getattr(node, "attr", None) or ""


def evaluate(text: str, scope: Scope) -> typing.Any:
    """What a hint means that is text."""
    tree = ast.fix_missing_locations(OldPython().visit(ast.parse(text.strip(), mode="eval")))
    forms = {"__union__": typing.Union, **{"__{}__".format(name): form for name, form in GENERICS.items()}}
    return eval(compile(tree, "<hint>", "eval"), {"__builtins__": {}}, Names(scope, **forms))


def name_of(origin: typing.Any) -> str:
    """The name of a special form of \`typing\`, or of what stands in for it in another module."""
    return getattr(origin, "_name", None) or getattr(origin, "__name__", None) or ""
\fholding late
"""Holds this process to a grant by means of the kernel's, for good.

It happens after the supervisor's fork, which stays outside and still ends everything, and before the first thread and any code
of the plugin's. What that code does, in Python or in C, in threads, children or programs, stays inside.
"""

from __future__ import annotations

import os

from .errors import CannotBind
from .filters import CALLS, PROGRAMS
from .grant import Grant
from .kernel import Kernel, address_of, number
from .landlock import EXECUTE, READ, WRITE, Landlock, landlock_abi
from .places import DEVICES, KERNEL, NAMES_OF_HOSTS, OWN_PROCESS, PROCESSES, SYSTEM, loaders_of, own_python

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]

NO_NEW_PRIVILEGES = 38
SET_MODE_FILTER = 1
FILTER_LINE_BYTES = 8
CAPABILITIES_VERSION = 0x20080522
# A host that is root reads the files of other users, and so does its plugin, in the places that it was given.
KEPT_CAPABILITIES = 1 << 1  # DAC_OVERRIDE
SET_BYTES = 24  # effective, permitted and inheritable ones, first their lower halves
LAST_DESCRIPTOR = 0xFFFFFFFF


class Holding:
    """What the kernel is told. It cannot be made where the kernel could not hold it.

    What is the same for each process is prepared when it is made: after a fork it would take longer, for the memory that it touches is
    copied then.
    """

    def __init__(self, grant: Grant, keep: int) -> None:
        """Closes what this process has open besides the standard streams and one more file."""
        self._grant = grant
        self._kernel = Kernel()
        self._abi = landlock_abi(self._kernel)
        self._close_files(but=keep)
        try:
            self._rules = self._prepare_rules()
        except OSError as error:
            raise _refused(error) from error
        ports, net, run = isinstance(grant.net, list), grant.net is True, grant.run or bool(grant.program)
        self._filter = bytearray(PROGRAMS[ports, net, run, grant.listens])

    def put_in_force(self) -> Body:
        """Binds this process, and gives what the hello line says of that."""
        try:
            self._kernel.call(CALLS["prctl"], NO_NEW_PRIVILEGES, 1, 0, 0, 0)
            self._allow_own()
            self._rules.put_in_force()
            self._drop_capabilities()
            self._filter_calls()
        except OSError as error:
            raise _refused(error) from error
        return {"bounds": "landlock", "abi": self._abi}

    def _prepare_rules(self) -> Landlock:
        grant = self._grant
        rules = Landlock(self._kernel, self._abi, grant.net, grant.listens)
        rules.allow([*SYSTEM, *own_python(grant.home)], READ | self._execute)
        rules.allow([*KERNEL, *DEVICES, *(NAMES_OF_HOSTS if grant.net else ()), *(PROCESSES if grant.run else ())], READ)
        if grant.program:
            rules.allow([grant.program, *loaders_of(grant.program)], READ | EXECUTE)
        return rules

    def _allow_own(self) -> None:
        """What is granted may name /proc/self, which is another folder for each process."""
        self._rules.allow([OWN_PROCESS], READ)
        self._rules.allow(self._grant.read, READ | self._execute)
        self._rules.allow(self._grant.write, WRITE | self._execute)

    @property
    def _execute(self) -> int:
        return EXECUTE if self._grant.run else 0

    def _drop_capabilities(self) -> None:
        """Of root's special rights none is left but that to files. Nothing gives them back: not even a program that is root's."""
        head = number(CAPABILITIES_VERSION, 4) + number(0, 4)
        held = bytearray(SET_BYTES)
        self._kernel.call(CALLS["capget"], head, address_of(held))
        effective, permitted = (number(int.from_bytes(held[at : at + 4], "little") & KEPT_CAPABILITIES, 4) for at in (0, 4))
        self._kernel.call(CALLS["capset"], head, effective + permitted + bytes(SET_BYTES - 8))

    def _filter_calls(self) -> None:
        told = number(len(self._filter) // FILTER_LINE_BYTES, 2) + bytes(6) + number(address_of(self._filter))
        self._kernel.call(CALLS["seccomp"], SET_MODE_FILTER, 0, told)

    def _close_files(self, but: int) -> None:
        self._close_from(3, but - 1)
        self._close_from(but + 1, LAST_DESCRIPTOR)

    def _close_from(self, first: int, last: int) -> None:
        if first <= last:
            self._kernel.call(CALLS["close_range"], first, last, 0)


def _refused(error: OSError) -> CannotBind:
    return CannotBind(f"the kernel {os.uname().release} refused the bounds: {error}")
\fincoming
"""What has come on a connection and is not answered yet: cut into heads and bodies as it comes, without waiting."""

from __future__ import annotations

from .client import AT_ONCE
from .constants import MAX_HEAD, MAX_ID
from .decoding import read_plain_body
from .errors import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Union

    from .endpoint import Endpoint
    from .fast import socket

    Body = Dict[str, Any]

MOST_DIGITS = 5  # of the length of a body that is read with the bytes around it
CALL = "call="
CALL_LENGTH = len(CALL)
PIECE = 64 * 1024
MOST_AT_ONCE = 4 * 1024 * 1024  # bytes of a body that are read before others have their turn


class Incoming:
    """The bytes of one connection."""

    def __init__(self, client: socket.socket) -> None:
        self._socket = client
        self._bytes = b""
        self._at = 0
        self._body: Optional[bytearray] = None  # one that has come in part
        self._filled = 0
        self.has_more = False  # whether something is here that was not looked at, or may have become whole

    def read(self) -> bool:
        """Reads what is there; tells whether more can come."""
        try:
            if self._body is not None:
                return self._fill(memoryview(self._body))
            data = self._socket.recv(PIECE, AT_ONCE)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._bytes = self._bytes[self._at :] + data if self._at < len(self._bytes) else data
        self._at = 0
        self.has_more = len(data) > 0
        return self.has_more

    def _fill(self, body: memoryview) -> bool:
        self.has_more = True
        most = min(len(body), self._filled + MOST_AT_ONCE)
        while self._filled < most and self.has_more:
            count = self._socket.recv_into(body[self._filled :], 0, AT_ONCE)
            self._filled += count
            self.has_more = count > 0
        return self.has_more

    def take_until(self, mark: bytes) -> Optional[bytes]:
        """What stands before a mark; None when that is not here yet."""
        end = self._bytes.find(mark, self._at)
        if (end if end >= 0 else len(self._bytes)) - self._at > MAX_HEAD:
            raise Refusal(431, "The request line and headers are too long", closes=True)
        if end < 0:
            return None
        text = self._bytes[self._at : end]
        self._at = end + len(mark)
        return text

    def take_plain(self, limit: int, endpoints: dict[str, Endpoint]) -> Optional[tuple[Endpoint, str, Body]]:
        """A request as most are, as its endpoint, its id and its body; None when what comes next is not here as a whole, or is another one.

        All that stands here was found out by splitting it in the way of any request, and takes a fraction of the time.
        """
        data, at = self._bytes, self._at
        end = data.find(b"\\n", at)
        if end < 0:
            return None
        try:
            name, digits, call, files = data[at:end].decode("ascii").split(" ")
        except ValueError:
            return None
        endpoint = endpoints.get(name)
        if endpoint is None or files != "files=shared" or not digits.isdecimal() or len(digits) > MOST_DIGITS:
            return None
        if call[:CALL_LENGTH] != CALL or not CALL_LENGTH < len(call) <= CALL_LENGTH + MAX_ID or not call.isprintable():
            return None
        length = int(digits)
        stop = end + 1 + length
        if stop > len(data) or length > limit:
            return None
        body = read_plain_body(data[end + 1 : stop])
        if body is None:
            return None
        self._at, self.has_more = stop, stop < len(data)
        return endpoint, call[CALL_LENGTH:], body

    def take(self, length: int) -> Union[bytes, bytearray, None]:
        """The next bytes, as many as these; None when they are not all here."""
        if self._body is None:
            end, has = self._at + length, len(self._bytes)
            self.has_more = end < has
            if end <= has:
                data = self._bytes[self._at : end]
                self._at = end
                return data
            self._body, self._filled = bytearray(length), len(self._bytes) - self._at
            self._body[: self._filled] = self._bytes[self._at :]
            self._bytes, self._at = b"", 0
        if self._filled < length:
            return None
        body, self._body, self.has_more = self._body, None, False
        return body

    def take_all(self) -> bytes:
        """All that is here."""
        data = self._bytes[self._at :]
        self._bytes, self._at, self.has_more = b"", 0, False
        return data

    def give_back(self, data: bytes) -> None:
        """Takes back what belongs to the next request."""
        self._bytes, self._at, self.has_more = data, 0, len(data) > 0

    def forget(self) -> None:
        """Throws away what is here."""
        self.has_more = False
        self._bytes, self._at, self._body = b"", 0, None
\finstance
"""The plugin's object, whose class may do anything when it is asked for an attribute."""

from __future__ import annotations

from .library import attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional


class Instance:
    """The plugin's object."""

    def __init__(self, of: Any) -> None:
        self.of = of

    def attribute(self, name: str, missing: Any = None) -> Any:
        """An attribute, from wherever."""
        return attribute(self.of, name, missing)

    def method(self, name: str) -> Optional[Callable[..., Any]]:
        """A method; None when there is none."""
        method = attribute(self.of, name)
        return method if callable(method) else None

    def own(self, name: str) -> Any:
        """What the object has in an attribute of its own; a class can make up any other."""
        try:
            own = self.of.__dict__
        except Exception:
            return None
        return own.get(name) if isinstance(own, dict) else None

    def set(self, name: str, value: Any) -> None:
        """Gives the object an attribute. A class that takes none, or not this one, does without."""
        try:
            setattr(self.of, name, value)
        except Exception:
            pass
\fjson_text
"""Python's C code for JSON, without the module around it."""

from __future__ import annotations

import sys

from .fast import encode_basestring_ascii, make_encoder, make_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn, Optional

LARGEST_DOUBLE = int(sys.float_info.max)
LONG = 4096  # from here on it is quicker to look whether a text needs to be escaped than to escape it
BLOCK = 64 * 1024  # what is looked through 34 times stays in the processor's cache
ESCAPED = [*map(chr, range(32)), '"', "\\\\"]


def json_encoder(default: Callable[[Any], Any], nests: bool = True) -> Callable[[Any], str]:
    settings = (default, encode_basestring_ascii, None, ":", ",", False, False, False)
    try:
        flat = make_encoder(None, *settings)
    except TypeError:  # it is not there, or this Python wants it called in another way
        from json import JSONEncoder

        return JSONEncoder(default=default, allow_nan=False, separators=(",", ":")).encode
    if not nests:
        return lambda value: "".join(flat(value, 0))
    # What may hold itself needs an encoder of its own, which notes what it is in.
    return lambda value: "".join(make_encoder({}, *settings)(value, 0))


NOT_READ = (ValueError, StopIteration, SystemError)  # what the scanner raises, which does not always know what is wrong

_escape = encode_basestring_ascii or json_encoder(lambda value: value)


def text_to_json(text: str) -> str:
    """A text as JSON. Most long ones stay as they are. That a character is not in them is found out at the speed of memory."""
    if len(text) < LONG or not text.isascii():
        return _escape(text)
    for start in range(0, len(text), BLOCK):
        block = text[start : start + BLOCK]
        for character in ESCAPED:
            if character in block:
                return _escape(text)
    return f'"{text}"'


def no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class JsonRules:
    """How JSON is read, as \`json\` tells it the C that does so."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int = float, int
    parse_constant = staticmethod(no_constant)


def json_scanner() -> Optional[Callable[[str, int], tuple[Any, int]]]:
    """What reads the value that begins somewhere in a text, and tells where it ends; None where there is no such C."""
    try:
        return make_scanner(JsonRules())  # type: ignore[no-any-return]
    except (AttributeError, TypeError):  # the same
        return None


def json_decoder() -> Callable[[str], Any]:
    scan = json_scanner()
    if scan is None:
        return _decode_or_complain

    def decode(text: str) -> Any:
        try:
            value, end = scan(text, 0)
            if end == len(text):
                return value
        except NOT_READ:
            pass  # nor does it expect blanks around the text
        return _decode_or_complain(text)

    return decode


def _decode_or_complain(text: str) -> Any:
    from json import JSONDecoder

    return JSONDecoder(parse_constant=no_constant).decode(text)
\fkernel late
"""System calls that Python has no function for."""

from __future__ import annotations

import builtins
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# \`ctypes\` takes five times as long to import, and has no more of what is used here. No file of the plugin's is on the path yet.
_ctypes = builtins.__import__("_ctypes")
C_CALL, USES_ERRNO = 0x1, 0x8  # flags of \`_ctypes\`


class Long(_ctypes._SimpleCData):  # type: ignore[misc]
    """A number of the width of a register."""

    _type_ = "l"


class Function(_ctypes.CFuncPtr):  # type: ignore[misc]
    """A function of the C library that gives a number."""

    _flags_ = C_CALL | USES_ERRNO
    _restype_ = Long


ZERO = Long(0)  # behind the arguments: most calls have flags there


def c_function(name: str) -> Any:
    """A function of the C library."""
    return Function(_ctypes.dlsym(_ctypes.dlopen(None, 0), name))


def address_of(memory: Any, start: int = 0) -> int:
    """Where memory of eight bytes or more lies that can be written to. It stays there as long as nobody makes it longer."""
    address: int = _ctypes.addressof(Long.from_buffer(memory, start))
    return address


class Kernel:
    """The kernel, asked by the numbers of its calls."""

    def __init__(self) -> None:
        self._syscall = c_function("syscall")

    def call(self, number: int, *args: Any) -> int:
        """Makes a call: of numbers, and of bytes, which are given by their address."""
        return self.call_with(in_registers(number, *args))

    def call_with(self, registers: list[Any], *others: bytes) -> int:
        """Makes a call whose first arguments are ready, and whose last ones are bytes."""
        result: int = self._syscall(*registers, *others, ZERO)
        if result < 0:
            code = _ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result


def in_registers(*args: Any) -> list[Any]:
    """The number of a call and its arguments as they are given to it."""
    return [Long(value) if isinstance(value, int) else value for value in args]


def number(value: int, length: int = 8) -> bytes:
    """A number as it lies in memory. Both machines that are known here put the lowest byte first."""
    return value.to_bytes(length, "little")
\flandlock late
"""Landlock: the kernel's own bounds for files, TCP and signals. It takes rights away from this process and its children for good."""

from __future__ import annotations

import os
import stat

from .errors import CannotBind
from .kernel import Kernel, in_registers, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Union

    Net = Union[bool, "list[int]"]

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on all machines
ASK_VERSION = 1
OLDEST_ABI = 6  # before, a process could send signals to its host
RULE_PATH, RULE_PORT = 1, 2

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
MAKE_CHAR, MAKE_SOCK, MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 11
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
ALL_FILES = (1 << 16) - 1
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV  # what a rule for something else than a folder can have
READ = READ_FILE | READ_DIR
# A device that was made in a folder would lead to the whole disk.
WRITE = ALL_FILES & ~(EXECUTE | MAKE_CHAR | MAKE_BLOCK | MAKE_SOCK)
BIND_TCP, CONNECT_TCP = 1, 2
ABSTRACT_SOCKETS, SIGNALS = 1, 2
DNS_PORT = 53
ANY_FREE_PORT = 0


class Landlock:
    """A set of rules, which binds nobody until it is put in force."""

    def __init__(self, kernel: Kernel, abi: int, net: Net, listens: bool) -> None:
        self._kernel = kernel
        self.abi = abi
        held_net = 0 if net is True else BIND_TCP | CONNECT_TCP
        held = number(ALL_FILES) + number(held_net) + number(ABSTRACT_SOCKETS | SIGNALS)
        self._rules = kernel.call(CREATE_RULESET, held, len(held), 0)
        self._new_rule = in_registers(ADD_RULE, self._rules, RULE_PATH)  # once, for there are dozens
        if listens and net is not True:
            kernel.call(ADD_RULE, self._rules, RULE_PORT, number(BIND_TCP) + number(ANY_FREE_PORT), 0)
        if isinstance(net, list):
            for port in {*net, DNS_PORT} if net else ():
                self._kernel.call(ADD_RULE, self._rules, RULE_PORT, number(CONNECT_TCP) + number(port), 0)

    def allow(self, paths: Iterable[str], rights: int) -> None:
        """Gives rights in these places. What is not there cannot be given."""
        for path in paths:
            try:
                place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                self._add(place, rights)
            finally:
                os.close(place)

    def put_in_force(self) -> None:
        """Binds this thread, which must be the only one, and all that comes from it."""
        self._kernel.call(RESTRICT_SELF, self._rules, 0)
        os.close(self._rules)

    def _add(self, place: int, rights: int) -> None:
        rights &= ALL_FILES if stat.S_ISDIR(os.fstat(place).st_mode) else ON_FILES
        self._kernel.call_with(self._new_rule, number(rights) + number(place, 4))


def landlock_abi(kernel: Kernel) -> int:
    """The version of the kernel's Landlock, which has to be one that holds what the bounds promise."""
    try:
        abi = kernel.call(CREATE_RULESET, None, 0, ASK_VERSION)
    except OSError:
        raise CannotBind(f"the kernel {os.uname().release} has no Landlock, or it was turned off when the system started") from None
    if abi < OLDEST_ABI:
        raise CannotBind(f"the kernel {os.uname().release} has version {abi} of Landlock, and {OLDEST_ABI} is needed, of Linux 6.12")
    return abi
\flanes
"""The lanes: the threads that run plugin code, in the order in which calls have come. The first one is the main thread."""

from __future__ import annotations

import gc
import threading

from .call import CURRENT_CALL, Call
from .cancelling import SignalTarget
from .connection import Connection
from .descriptors import DESCRIPTORS
from .encoding import plain_result
from .error_bodies import cancelled_body
from .logs import log
from .open_calls import OpenCalls
from .plugin import Plugin
from .script_end import end_as_script
from .tracebacks import traceback_of
from .waiting import Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, Optional

    from .batching import Batches


class Lanes:
    """Calls in the plugin's code."""

    def __init__(self, count: int, plugin: Plugin, calls: OpenCalls, waiting: Waiting) -> None:
        self.batches: Optional[Batches] = None  # where calls are gathered
        self._plugin = plugin
        self._calls = calls
        self._waiting = waiting
        self._count = count
        self._on_main = SignalTarget()

    def run(self) -> NoReturn:
        """Loads the plugin and runs the first lane; for the main thread, and for good."""
        self._on_main.listen()
        gc.enable()  # nothing of what a start makes is garbage
        self._plugin.load()
        for number in range(1, self._count):
            threading.Thread(target=self._lane, args=(SignalTarget(),), name=f"lane-{number}", daemon=True).start()
        self._lane(self._on_main)

    def _lane(self, target: SignalTarget) -> NoReturn:
        connection: Optional[Connection] = None
        while True:
            try:
                last, connection = connection, None
                call = self._waiting.take(last) if self.batches is None else self.batches.take(last, target, self._answer)
                connection = call.connection
                target.code = call
                try:
                    self._serve(call)
                finally:
                    connection.answered()
            except BaseException as error:  # a lane that ended would be lost for good
                DESCRIPTORS.check()
                log("a call was lost\\n" + traceback_of(error))

    def _serve(self, call: Call) -> None:
        CURRENT_CALL.set(call)
        value: Any = None
        error: Optional[BaseException] = None
        try:
            try:
                value = self._plugin.perform(call)
            except BaseException as raised:  # also SystemExit: a plugin's sys.exit() is its failure, not the worker's
                error = raised
            self._finish(call, value, error)
        finally:
            if call.made_reply is not None:
                call.made_reply.close()
            if call.inputs is not None:
                call.inputs.close()
            call.finish()

    def _finish(self, call: Call, value: Any, error: Optional[BaseException]) -> None:
        if not DESCRIPTORS.mark[0]:  # by what is no call of a method
            end_as_script(error)
        if call.lines is not None:
            call.lines.end()  # while the call is open, for one that has ended tells nothing any more
        self._calls.close(call)
        self._answer(call, value, error)

    def _answer(self, call: Call, value: Any, error: Optional[BaseException]) -> None:
        if call.callbacks is not None:
            call.callbacks.end()
        try:
            if error is None and not call.cancelled and call.made_reply is None:
                frame = plain_result(value)
                if frame is not None and call.answer(frame):
                    return
        except BaseException as failure:  # of what the plugin's values do when they are looked at
            error = failure
        self._reply(call, value, error)

    def _reply(self, call: Call, value: Any, error: Optional[BaseException]) -> None:
        assert call.reply is not None
        if call.cancelled:
            call.reply.error(cancelled_body(self._plugin.name))
            return
        try:
            if error is not None:
                raise error
            call.reply.result(value)
        except BaseException as failure:
            call.reply.error(self._plugin.describe(failure))
\flibrary
"""The worker's late imports, which no file of the plugin's stands in for."""

from __future__ import annotations

import builtins
import functools
import os
import sys
import threading
from _frozen_importlib import BuiltinImporter, FrozenImporter, module_from_spec
from _frozen_importlib_external import PathFinder, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any, Callable, Optional


class StandardLibrary:
    """The late imports of the worker: a plugin may have files and modules that are named like those of the standard library.

    While one is made, the plugin's modules of such names are set aside, and nothing is looked for on the plugin's path.
    Then what was loaded stays where everybody finds it, unless the plugin's own \`import\` has to find something else.
    """

    # \`traceback\` imports some of these in the moment in which it needs them, and they may be the plugin's by then. So the worker has
    # them for itself, and never in \`sys.modules\`: other threads, whose calls may fail at the same time, import them too.
    LATE = frozenset(("ast", "linecache", "token", "tokenize", "traceback"))

    def __init__(self) -> None:
        beside = ("lib-dynload", "DLLs")
        self._path = [os.path.dirname(os.__file__), *(entry for entry in sys.path if os.path.basename(entry) in beside)]
        self._first = {id(module): module for module in sys.modules.values()}
        self._names: frozenset[str] = frozenset()
        self._apart: set[str] = set()  # what the worker has for itself, by the name of its top
        self._own: dict[str, Any] = {}
        self._late: dict[str, ModuleType] = {}
        self._given: dict[tuple[str, tuple[str, ...]], Any] = {}
        self._lock = threading.RLock()
        self._thread = 0
        self.builtins = dict(vars(builtins), __import__=self._import)

    def import_module(self, name: str, scope: Any = None, local: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        """What \`import\` is for the worker's own modules. What is not the library's is the plugin's environment's."""
        loaded = sys.modules.get(name)
        if level == 0 and "." not in name and id(loaded) in self._first and all(hasattr(loaded, part) for part in fromlist or ()):
            return loaded  # which most are
        self._names = self._names or self._read_names()
        find = self._import if name.partition(".")[0] in self._names else builtins.__import__
        return find(name, scope, local, fromlist, level)

    def loaded(self, name: str) -> Any:
        """A module of the library's that somebody has imported; None also when what has this name is the plugin's."""
        module = sys.modules.get(name)
        return module if module is not None and self._holds(module) else None

    def renew(self) -> None:
        """For a child right after its fork: another thread's import is not made there."""
        self._lock = threading.RLock()
        self._thread = 0

    def find_spec(self, name: str, path: Any = None, target: object = None) -> Optional[ModuleSpec]:
        """Finds modules for the thread that makes a late import; \`import\` asks for it."""
        if self._thread != threading.get_ident():
            return None
        spec = self._find(name) if path is None else PathFinder.find_spec(name, path)
        if spec is not None and name.partition(".")[0] in self._apart and isinstance(spec.loader, SourceFileLoader):
            spec.loader = ApartLoader(name, spec.loader.path)
        return spec

    def _find(self, name: str) -> ModuleSpec:
        spec = BuiltinImporter.find_spec(name) or FrozenImporter.find_spec(name)
        if spec is not None:
            return spec  # which nobody can hide
        spec, seen = PathFinder.find_spec(name, self._path), PathFinder.find_spec(name)
        if spec is None:
            raise ModuleNotFoundError(f"The standard library has no module {name!r}", name=name)
        if seen is not None and seen.origin is not None and not self._contains(seen.origin):
            self._apart.add(name)
        return spec

    def _import(self, name: str, scope: Any = None, local: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        """What \`__import__\` is for modules of the library's that the worker has for itself."""
        key = (name, tuple(fromlist or ()))
        if level == 0 and key in self._given:
            return self._given[key]
        with self._lock:
            load = functools.partial(builtins.__import__, name, scope, local, fromlist, level)
            if level == 0 and name in self.LATE:
                load = functools.partial(self._load_late, name)
            if self._thread == threading.get_ident():  # it is part of an import that is being made
                return load()
            module = self._load(load)
            if level == 0:
                self._given[key] = module
            return module

    def _load_late(self, name: str) -> ModuleType:
        if name in self._late:
            return self._late[name]
        spec = PathFinder.find_spec(name, self._path)
        module = self._late[name] = module_from_spec(spec)  # type: ignore[arg-type]
        try:
            vars(module)["__builtins__"] = self.builtins
            exec(module.__loader__.get_code(name), vars(module))  # type: ignore[union-attr]
        except BaseException:
            del self._late[name]
            raise
        return module

    def _load(self, load: Callable[[], Any]) -> Any:
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        aside = self._set_aside()
        before = set(sys.modules)
        sys.modules.update(self._own)
        self._thread = threading.get_ident()
        try:
            return load()
        finally:
            self._thread = 0
            for name in set(sys.modules) - before:
                if name.partition(".")[0] in self._apart and self._holds(sys.modules[name]):
                    self._own[name] = sys.modules.pop(name)
            sys.modules.update(aside)

    def _set_aside(self) -> dict[str, Any]:
        """Takes out of \`sys.modules\` what the worker must not get."""
        self._names = self._names or self._read_names()
        self._apart.update(top for top in self._names & sys.modules.keys() if not self._holds(sys.modules[top]))
        hidden = [name for name in list(sys.modules) if name.partition(".")[0] in self._apart]
        return {name: sys.modules.pop(name) for name in hidden if not _is_unfinished(sys.modules[name])}

    def _holds(self, module: Any) -> bool:
        if id(module) in self._first:
            return True
        origin = attribute(attribute(module, "__spec__"), "origin")
        return isinstance(origin, str) and (origin in ("built-in", "frozen") or self._contains(origin))

    def is_foreign(self, file: str) -> bool:
        """Whether a file is neither the library's nor of an installed package."""
        return not _is_installed(file) and not self._contains(file)

    def _contains(self, file: str) -> bool:
        return not _is_installed(file) and any(file.startswith(folder + os.sep) for folder in self._path)

    def _read_names(self) -> frozenset[str]:
        known = getattr(sys, "stdlib_module_names", None)  # since Python 3.10
        return known or frozenset(entry.partition(".")[0] for folder in self._path for entry in _entries_of(folder))


class ApartLoader(SourceFileLoader):
    """Loads a module that the worker has for itself: what it imports later is not the plugin's either."""

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = LIBRARY.builtins
        super().exec_module(module)


def _is_installed(file: str) -> bool:
    return "site-packages" in file or "dist-packages" in file


def _is_unfinished(module: Any) -> bool:
    """Whether another thread imports it at this moment: its import would fail if the module were not there at its end."""
    return attribute(attribute(module, "__spec__"), "_initializing", False) is True


def _entries_of(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def attribute(holder: Any, name: str, missing: Any = None) -> Any:
    """An attribute of an object of the plugin's, whose class may answer with an exception of any kind."""
    try:
        return getattr(holder, name, missing)
    except Exception:
        return missing


LIBRARY = StandardLibrary()
\flifeline
"""The worker's own end when its supervisor is gone."""

from __future__ import annotations

import os
import select

from .descriptors import DESCRIPTORS
from .fast import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

WATCH_S = 1.0  # what closes one descriptor of the worker's is noticed within this time, whatever else happens


def hold_lifeline(lifeline: int, watch: Optional[Watch]) -> None:
    """Ends this process, and on POSIX its group, when the other end of the lifeline closes."""
    try:
        if watch is not None:
            watch.wait()
        while os.read(lifeline, 65536):
            pass
    except OSError:
        pass
    if os.name == "posix":
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


class Watch:
    """Waits for the lifeline, and looks after the worker's descriptors meanwhile.

    Who waits for one end of a pipe is woken by the kernel in the moment in which the other end is closed. So a pipe of its
    own tells at once of a range that is closed, and a look a second tells of a single one, whatever runs for how long.
    """

    def __init__(self, lifeline: int) -> None:
        self._lifeline = lifeline
        self._tripwire, held = os.pipe()
        DESCRIPTORS.keep(lifeline, self._tripwire, held)

    def wait(self) -> None:
        """Comes back when the lifeline has something to tell."""
        files = [self._lifeline, self._tripwire]
        while True:
            try:
                ready = select.select(files, [], [], WATCH_S)[0]  # poll() needs a process that may open as many files
            except OSError:
                DESCRIPTORS.check()
                raise
            DESCRIPTORS.check()
            if self._lifeline in ready:
                return


def arm_lifeline(lifeline: int) -> None:
    """Has Linux itself kill the group when the supervisor is gone: the thread cannot while C code holds the GIL."""
    try:
        import fcntl

        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    except (ImportError, AttributeError, OSError):
        pass  # not Linux
\flimit_other late
"""Limits the memory and the processes of another process: of a Deno worker, which cannot do so itself.

No module imports this one. start.py runs it in the place of main when it is told to.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn

# V8 reserves room for the code of each of its threads, which counts as memory though most of it is never touched. There is one
# thread when this is asked, and a second one follows for the plugin.
THREADS = 2
# What the worker itself may take besides: the runtime's threads and what passes between host and plugin.
OWN_BYTES = 64 * 1024 * 1024
# The runtime's threads that follow: the plugin's, and those that wait for files. It does without more of these.
OWN_TASKS = 8


def main(find_others_by: Callable[[Callable[..., Any]], None]) -> NoReturn:
    """Sets the limits, or ends with what stood in the way of them. 0 stands for none."""
    pid, memory, tasks = (int(number) for number in sys.argv[2:5])
    try:
        if memory:
            _limit_memory(pid, memory)
        if tasks:
            _limit_tasks(pid, tasks)
    except (ImportError, OSError, ValueError, AttributeError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    sys.exit(0)


def _limit_memory(pid: int, most: int) -> None:
    import resource

    from .limits import lower

    lower(pid, resource.RLIMIT_DATA, THREADS * bytes_of(pid) + most + OWN_BYTES)


def _limit_tasks(pid: int, most: int) -> None:
    """A control group that is empty is removed when the next one is made, for nobody is there to see this one's end."""
    from .control_group import make_group
    from .limits import lower_tasks

    limit = len(os.listdir(f"/proc/{pid}/task")) + most + OWN_TASKS
    group = make_group("pids", limit, pid)
    if group is None:
        lower_tasks(pid, most + OWN_TASKS)
    else:
        group.enter(pid)


def bytes_of(pid: int) -> int:
    """What counts against the limit, as it is now."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        line = next(line for line in status if line.startswith("VmData:"))
    return int(line.split()[1]) * 1024
\flimits late
"""How much a worker and all that it starts may take: memory, and processes.

A control group holds all of them together, where this user may make one. The limits of the system's hold each process for itself,
and let Python raise a MemoryError before the kernel has to end somebody. There are both where both are possible.
"""

from __future__ import annotations

import os
import sys

from .control_group import ControlGroup, make_group
from .errors import CannotBind
from .start_line import Start

# The worker's own, in addition to what the plugin may take: its interpreter with the stacks of its threads, and these but for the lanes.
OWN_BYTES = 64 * 1024 * 1024
OWN_TASKS = 3

NOT_FOR_ROOT = "the system limits the processes of all users but root, and no control group can be made"


class Limits:
    """The limits of one worker."""

    def __init__(self, start: Start) -> None:
        if sys.platform != "linux":
            raise CannotBind(f"the system {sys.platform} has no limits for memory and processes that this worker knows")
        self._memory = start.max_memory and start.max_memory + OWN_BYTES
        self._tasks = start.max_processes and start.max_processes + OWN_TASKS + start.max_concurrency
        made = (make_group(kind, limit, os.getpid()) for kind, limit in (("memory", self._memory), ("pids", self._tasks)) if limit)
        self.groups: list[ControlGroup] = [group for group in made if group is not None]
        if self._tasks and os.geteuid() == 0 and not any(group.kind == "pids" for group in self.groups):
            self.remove()
            raise CannotBind(NOT_FOR_ROOT)

    def put_in_force(self) -> None:
        """For the worker, before it runs any code of the plugin's."""
        import resource

        try:
            for group in self.groups:
                group.enter(os.getpid())
            if self._memory:
                lower(0, resource.RLIMIT_DATA, self._memory)
            if self._tasks and not any(group.kind == "pids" for group in self.groups):
                lower_tasks(0, self._tasks)
        except (OSError, ValueError) as error:
            raise CannotBind(f"the system refused the limits: {error}") from error

    def remove(self) -> None:
        """For the supervisor, when nobody is left who is held."""
        for group in self.groups:
            group.remove()


def lower(pid: int, kind: int, limit: int) -> None:
    """Sets a limit of a process, this one as 0, that nobody raises again; a lower one stays."""
    import resource

    hard = resource.prlimit(pid, kind)[1]
    limit = limit if hard == resource.RLIM_INFINITY else min(hard, limit)
    resource.prlimit(pid, kind, (limit, limit))


def lower_tasks(pid: int, more: int) -> None:
    """Lets a process and what it starts have so many processes and threads more than its user has now."""
    import resource

    if os.geteuid() == 0:
        raise OSError(NOT_FOR_ROOT)
    lower(pid, resource.RLIMIT_NPROC, more + _tasks_of_user())


def _tasks_of_user() -> int:
    """How many processes and threads this user has: the system's limit is for all of them together."""
    return sum(_tasks_of(name) for name in os.listdir("/proc") if name.isdigit())


def _tasks_of(pid: str) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task")) if os.stat(f"/proc/{pid}").st_uid == os.getuid() else 0
    except OSError:
        return 0  # it has ended
\flistening
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
\flog_records
"""Records of the plugin's \`logging\` that nobody else handles."""

from __future__ import annotations

import sys

from .call import CURRENT_CALL
from .conversions import to_json
from .library import LIBRARY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_tags_records = False


def take_over_logging() -> None:
    """Has records of \`logging\` that the plugin has no handler for tell their level and call, in front of what is printed anyway."""
    global _tags_records
    if _tags_records:
        return
    logging = LIBRARY.loaded("logging")
    if logging is None:
        return
    _tags_records = True

    class Handler(logging.Handler):  # type: ignore[misc, name-defined]
        def emit(self, record: Any) -> None:
            call = CURRENT_CALL.get()
            told = {"level": record.levelname.lower()}
            if call is not None and isinstance(call.key, str):
                told["call_id"] = call.key
            tag = "\\x1e" + to_json(told) + "\\x1f"
            try:
                lines = self.format(record).splitlines()
                sys.stderr.write("".join(tag + line + "\\n" for line in lines))
                sys.stderr.flush()
                if call is not None and call.lines is not None:
                    for line in lines:
                        call.lines.send(line, told["level"])
            except Exception:
                self.handleError(record)

    logging.lastResort = Handler(logging.WARNING)
\flogs
"""The lines that the worker itself writes to the log."""

from __future__ import annotations

import sys


def log(message: str) -> None:
    """Writes one line to the log; the plugin may have put something else in the place of sys.stderr, or closed it."""
    try:
        print("remote-plugin worker: " + message, file=sys.__stderr__, flush=True)
    except (OSError, ValueError):
        pass
\fmain
"""From the start line to the first call: sections 1 and 2 of docs/protocol.md."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading

from .constants import OLDEST_PYTHON, VERSION
from .error_bodies import describe
from .errors import BadStart, CannotBind
from .forks import prepare_for_forks
from .library import LIBRARY
from .lifeline import Watch, arm_lifeline, hold_lifeline
from .listening import listen
from .shelf import Shelf
from .start_line import Start, read_start_line, say, take_stdout
from .supervisor import fork_worker
from .worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, NoReturn

    from .bounds import Bounds
    from .foreign import ForeignWorker
    from .limits import Limits

    Body = Dict[str, Any]


def main(find_others_by: Callable[[Callable[..., Any]], None]) -> NoReturn:
    """Starts the worker; what stands in the way of that is said in the place of the hello line."""
    find_others_by(LIBRARY.import_module)
    hello = take_stdout()
    try:
        if sys.version_info < OLDEST_PYTHON:
            raise BadStart(f"This is Python {sys.version.split()[0]}; the worker needs 3.8 or later")
        start = Start(read_start_line())
        bounds = _bounds(start, hello) if start.bounds is not None else None
        foreign = _foreign_worker(start) if start.foreign else None
        limits = _limits(start) if start.max_memory or start.max_processes else None
        shelf = Shelf()
        if os.name == "posix":
            lifeline = fork_worker(hello, start, shelf, limits)
            if limits is not None:
                limits.put_in_force()
            if foreign is not None:
                arm_lifeline(lifeline)
                foreign.become(hello, lifeline)
        elif foreign is not None:
            raise BadStart("A worker of the plugin's own environment cannot be run on this system")
        else:
            lifeline = os.dup(0)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        faulthandler.enable()
        listener, address = listen(start.unix, start.tcp)
        told: Body = {"address": address, "pid": os.getpid(), "worker": "python/" + VERSION, "features": start.features}
        if bounds is not None:
            told.update(bounds.put_in_force())
    except (BadStart, OSError) as error:
        say(hello, {"error": describe(error, "", "bounds" if isinstance(error, CannotBind) else "bad_start")})
        sys.exit(1)
    say(hello, told)
    worker = Worker(start, shelf, listener)  # while the host connects
    if bounds is not None:
        worker.plugin.advise = bounds.watch()  # it binds nobody, so that the host need not wait for it
    watch = None
    if os.name == "posix":
        watch = Watch(lifeline)
        prepare_for_forks()
    threading.Thread(target=hold_lifeline, args=(lifeline, watch), name="lifeline", daemon=True).start()
    if os.name == "posix":
        arm_lifeline(lifeline)
    worker.run()


def _foreign_worker(start: Start) -> ForeignWorker:
    from .foreign import ForeignWorker

    return ForeignWorker(start)


def _bounds(start: Start, hello: int) -> Bounds:
    from .bounds import Bounds

    return Bounds(start, hello)


def _limits(start: Start) -> Limits:
    from .limits import Limits

    return Limits(start)
\fmemory_watch
"""Ends for want of memory."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Sequence


class MemoryWatch:
    """Tells whether the system has killed a process for want of memory since this began, where Linux counts that.

    The control group of this process counts its own, or one that was made for its worker; without one the whole system's count
    has to do.
    """

    def __init__(self, root: str = "", groups: Sequence[str] = ()) -> None:
        made = [f"{group}/memory.{name}" for group in groups for name in ("events", "oom_control")]
        self._counters = [path for path in made + self._candidates(root) if self._read(path) is not None][:1]
        self._before = self._total()

    def somebody_was_killed(self) -> bool:
        return self._total() > self._before

    def _total(self) -> int:
        return sum(self._read(path) or 0 for path in self._counters)

    @staticmethod
    def _candidates(root: str) -> list[str]:
        try:
            with open(root + "/proc/self/cgroup", encoding="utf-8") as groups:
                lines = [line.rstrip("\\n").split(":", 2) for line in groups]
        except (OSError, ValueError):
            lines = []
        found = []
        for _, controllers, path in lines:
            for place in (path.rstrip("/"), ""):  # a container may see its own group as the root
                if controllers == "":
                    found.append(root + "/sys/fs/cgroup" + place + "/memory.events")
                elif "memory" in controllers.split(","):
                    found.append(root + "/sys/fs/cgroup/memory" + place + "/memory.oom_control")
        return found + [root + "/proc/vmstat"]

    @staticmethod
    def _read(path: str) -> Optional[int]:
        try:
            with open(path, encoding="utf-8") as counts:
                return next((int(line.split()[1]) for line in counts if line.startswith("oom_kill ")), None)
        except (OSError, ValueError, IndexError):
            return None
\fmethods
"""The plugin's own methods that hosts may call by their names: section 3 of docs/protocol.md."""

from __future__ import annotations

import functools
import sys

from .library import LIBRARY, attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Container

ORIGINAL = ("cjm_plugin_system", "cjm_substrate")  # what classes of the original are told to derive from
DECORATED = (staticmethod, classmethod)
# What \`encodeURIComponent\` leaves as it is.
PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()")


def public_methods(kind: type, reserved: Container[str]) -> frozenset[str]:
    """The names of the methods of a class that have no underscore in front and no endpoint of their own. Nothing is run to find them."""
    found: dict[str, bool] = {}
    for base in kind.__mro__:
        if _is_own(base, kind):
            for name, member in vars(base).items():
                found.setdefault(name, _is_method(member))
    return frozenset(name for name, is_method in found.items() if is_method and _is_public(name) and name not in reserved)


def _is_public(name: str) -> bool:
    """Whether it has no underscore in front, and can stand in a path, from which URLs lose a part of one or two dots."""
    return name not in ("", ".", "..") and not name.startswith("_") and not any("\\ud800" <= letter <= "\\udfff" for letter in name)


def _is_own(base: type, kind: type) -> bool:
    """Whether a base is the plugin's own code, and not that of a library, of whose methods there may be a hundred."""
    top, own = (str(one.__module__).partition(".")[0] for one in (base, kind))
    if top == own or top in ORIGINAL:
        return top == own
    file = attribute(sys.modules.get(base.__module__), "__file__")
    return isinstance(file, str) and LIBRARY.is_foreign(file)


def _is_method(member: Any) -> bool:
    """Whether it is a function, whatever it is made with. A callable value of the class's is data."""
    if isinstance(member, functools.partialmethod):
        return True
    function = member.__func__ if isinstance(member, DECORATED) else member
    return callable(function) and not isinstance(function, type) and hasattr(type(function), "__get__")


def path_of(name: str) -> str:
    """A name as it stands in the path of a request: as \`encodeURIComponent\` writes it."""
    return "".join(map(_quoted, name))


def _quoted(character: str) -> str:
    return character if character in PLAIN else "".join(f"%{byte:02X}" for byte in character.encode())
\fmodules
"""How the worker's modules find each other. start.py runs this one first, by itself."""

from __future__ import annotations

import builtins
import marshal
import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any, Callable, NoReturn, Union

PACKAGE = "remote_plugin_worker"


class Modules:
    """The worker's modules. No \`import\` of the plugin's finds them, and theirs find none of the plugin's in each other's places."""

    def __init__(self, codes: dict[str, Union[CodeType, bytes]]) -> None:
        self._codes = codes
        self._loaded: dict[str, ModuleType] = {}
        self._find_other: Callable[..., Any] = __import__
        self._builtins = dict(vars(builtins), __import__=self._import)

    def run_main(self) -> NoReturn:
        """Runs the worker, or what is named in its place."""
        self.load(sys.argv[1] if len(sys.argv) > 1 else "main").main(self._find_others_by)

    def _find_others_by(self, find: Callable[..., Any]) -> None:
        """From here on what the worker's modules import besides each other is found so."""
        self._find_other = find

    def _import(self, name: str, scope: Any = None, local: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if level:
            return self._loaded.get(name) or self.load(name)
        return self._find_other(name, scope, local, fromlist, level)

    def load(self, name: str) -> ModuleType:
        """Runs a module. Two threads may do so at once: there is no lock, for a forked child could find it held."""
        code = self._codes[name]
        module = ModuleType(f"{PACKAGE}.{name}")
        vars(module).update(__builtins__=self._builtins, __package__=PACKAGE)
        exec(marshal.loads(code) if isinstance(code, bytes) else code, vars(module))
        return self._loaded.setdefault(name, module)
\fopen_calls
"""The calls that have no end yet."""

from __future__ import annotations

import threading

from .call import Call
from .descriptors import DESCRIPTORS
from .errors import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    from .batch import Batch

    Body = Dict[str, Any]


NOTHING: Body = {}  # what a call that has ended was given


class OpenCalls:
    """The calls that run, and those that wait for a lane."""

    def __init__(self) -> None:
        self.latest = Call({})  # that has begun
        self._lock = threading.Lock()
        self._open: dict[object, Call] = {}
        self._finished = 0

    def open(self, call: Call) -> None:
        """From here on a call can be cancelled."""
        if self._open.setdefault(call.key, call) is not call:  # one step, which needs no lock
            DESCRIPTORS.check()  # a client whose connection the plugin has closed may ask once more, on another one
            raise Refusal(409, f'A call with the id "{call.key}" is still open')

    def has(self, key: object) -> bool:
        """Whether a call waits or runs."""
        with self._lock:
            return key in self._open

    def get(self, key: object) -> Optional[Call]:
        """The call that is open under an id."""
        return self._open.get(key)

    def begin(self, call: Call) -> bool:
        """The call is to run; tells whether it still may."""
        with self._lock:
            if call.ended:
                return False  # it was cancelled while it waited
            call.running = True
            self.latest = call
            return True

    def enqueue(self, call: Call) -> bool:
        """The call is to wait for a lane; tells whether it still may."""
        with self._lock:
            call.is_queued = not call.ended
            return call.is_queued

    def join(self, call: Call, batch: Batch) -> bool:
        """The call is to run with others; tells whether it still may."""
        with self._lock:
            if call.ended or call.cancelled:
                return False
            call.batch = batch
            call.running = True
            batch.calls.append(call)
            self.latest = call
            return True

    def begin_batch(self, batch: Batch) -> bool:
        """The batch is to run, without the calls that were cancelled meanwhile; tells whether any is left."""
        with self._lock:
            batch.calls = [call for call in batch.calls if not call.ended]
            batch.bodies = [call.body for call in batch.calls]
            batch.running = bool(batch.calls)
            return batch.running

    def progress(self) -> Body:
        """That of the call that began last."""
        return self.latest.progress()

    def close(self, call: Call) -> bool:
        """The plugin's code has ended; tells whether the call had not, as one that was cancelled in a batch has."""
        with self._lock:
            return not call.ended and self._close(call)

    def cancel(self, wanted: Callable[[Call], bool]) -> tuple[bool, list[Call], list[Call]]:
        """Marks the calls that are wanted. Gives whether there was any, which of them are closed now, and what has to be stopped.

        Closed are those that waited, and those of a batch, which goes on for as long as somebody wants something of it.
        """
        with self._lock:
            found = [call for call in list(self._open.values()) if wanted(call)]
            fresh = [call for call in found if not call.cancelled]
            for call in fresh:
                call.cancelled = True
            alone = [call for call in fresh if call.running and call.batch is None]
            batches = {call.batch for call in fresh if call.batch is not None}
            closed = [call for call in fresh if not call.running or call.batch is not None]
            for call in closed:
                call.is_given_up = call.batch is not None
                self._close(call)
            return bool(found), closed, alone + [batch for batch in batches if batch.running and batch.cancelled]

    def counts(self) -> tuple[int, int, int]:
        """How many calls run, wait, and have ended."""
        with self._lock:
            running = sum(call.running for call in list(self._open.values()))
            return running, len(self._open) - running, self._finished

    def only_running(self) -> Optional[Call]:
        """What runs, a call or a batch, if it is one alone."""
        if DESCRIPTORS.is_forked:
            return None  # there is one, but it is the parent's
        with self._lock:
            running = {call.batch or call for call in list(self._open.values()) if call.running}
        return running.pop() if len(running) == 1 else None

    def _close(self, call: Call) -> bool:
        """The plugin's code has ended, or never will begin."""
        call.ended = True
        call.running = False
        call.body = NOTHING
        del self._open[call.key]
        self._finished += 1
        return True
\foriginal
"""What plugins of the original find in its own packages."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]

WIRE_MODULES = ("cjm_plugin_system.core.wire", "cjm_substrate.core.wire")


def own_wires() -> list[Any]:
    """The modules in which classes of the original register for the wire, as far as this plugin uses them."""
    loaded = [sys.modules[name] for name in WIRE_MODULES if name in sys.modules]
    return [wire for wire in loaded if wire is not None and hasattr(wire, "wire_encode")]


def stamp_envelope(body: Body) -> None:
    """Gives plugins of the original the call's envelope, by which their adapters know, say, that a cache is to be passed over."""
    envelope = body.get("envelope")
    for wire in own_wires():
        wire.set_call_envelope(wire.CallEnvelope.from_wire(envelope) if envelope else None)


def make_data_folders() -> None:
    """The original's host makes these folders before it starts a plugin."""
    for name in ("PLUGIN_DATA_DIR", "CAPABILITY_DATA_DIR"):
        if os.environ.get(name):
            os.makedirs(os.environ[name], exist_ok=True)
\foutbox late
"""What one call hands over as files: section 7 of docs/protocol.md."""

from __future__ import annotations

import io
import os
import sys

from .constants import BYTES_TYPE
from .conversions import is_pure_array
from .errors import UnfitFile
from .files import NPY_TYPE, Room, demand_frame, inline, media_type_of, plain_file, write_all
from .parts import FilePart, MemoryPart, array_views
from .private_folder import PrivateFolder, random_name, remove_all
from .scratch import Scratch, attempt
from .tables import PASSED_ON, cannot_be_written, form_of, has_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    from .parts import Part

    Body = Dict[str, Any]

INLINE_BYTES = 64 * 1024  # up to here base64 in the JSON takes less time than a file, says bench/payload_bench.ts


class Outbox:
    """What one call hands over as files: to a host that shares the scratch folders, inside the JSON to any other."""

    def __init__(self, scratch: Scratch, way: str) -> None:
        self.parts: list[Part] = []  # what goes behind the frame that is being made
        self._scratch = scratch if way and scratch.disk else None
        self._gives_parts = way == "parts" and self._scratch is not None
        self._own: set[str] = set()  # files that nobody but the worker has made, and that go when they have been sent
        self._disk = scratch.disk
        self._folders: dict[str, str] = {}
        self._kept: set[str] = set()
        self._own_folder = ""
        self._private: Optional[PrivateFolder] = None
        self._pending: set[str] = set()
        self._handed_over: set[str] = set()

    def takes(self, value: Any) -> bool:
        """Whether a value is handed over as bytes or as a file."""
        return isinstance(value, (bytes, bytearray, memoryview)) or self._is_array(value) or self._is_file(value) or has_form(value)

    def hand_over(self, value: Any) -> Body:
        """Gives what stands in the value's place."""
        if self._is_array(value):
            return self._hand_over_array(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            view = memoryview(value)
            view = view.cast("B") if view.c_contiguous else memoryview(view.tobytes())
            return self._hand_over_bytes(view)
        if self._is_own_path(value):
            return self._hand_over_file(plain_file(value, "is", self._own_folder))
        if has_form(value):
            return self._hand_over_form(value)
        return self._hand_over_temp_file(value)

    def folder(self) -> str:
        """The call's folder for files that the plugin writes itself."""
        if not self._own_folder:
            if not self._disk:
                self._private = PrivateFolder(_temporary_folder())
            self._own_folder = self._folder_in(self._private.path if self._private else self._disk)
        return self._own_folder

    def keep_folders(self) -> None:
        """For a frame behind which others come: the host removes a folder that it finds empty, and these are still in use."""
        for folder in self._folders.values():
            if folder not in self._kept:
                os.close(os.open(os.path.join(folder, ".open"), os.O_CREAT))
                self._kept.add(folder)

    def is_waiting(self) -> bool:
        """Whether something is handed over by a frame that has not been sent yet."""
        return bool(self._pending)

    def settle(self, delivered: bool) -> None:
        """What was handed over since the last time is the host's, if the host has got it."""
        if self._gives_parts:
            self.parts = []
            for path in self._pending & self._own:
                attempt(os.unlink, path)
        elif delivered:
            self._handed_over |= self._pending
        self._pending.clear()

    def close(self) -> None:
        """Removes what has not been handed over; the rest is the host's."""
        for folder in self._folders.values():
            remove_all(folder, self._handed_over)
        if self._private:
            self._private.close()

    @staticmethod
    def _is_array(value: Any) -> bool:
        numpy = sys.modules.get("numpy")
        if numpy is None or not isinstance(value, getattr(numpy, "ndarray", ())) or not is_pure_array(type(value)):
            return False
        return value.ndim > 0 and not value.dtype.hasobject

    def _is_file(self, value: Any) -> bool:
        return self._is_own_path(value) or hasattr(type(value), "to_temp_file")

    def _is_own_path(self, value: Any) -> bool:
        if not self._own_folder or not isinstance(value, os.PathLike):
            return False
        return (os.path.abspath(os.fsdecode(value)) + os.sep).startswith(self._own_folder + os.sep)

    def _hand_over_bytes(self, view: memoryview) -> Body:
        if self._scratch is None or view.nbytes <= INLINE_BYTES:
            return inline(view, BYTES_TYPE)
        if self._gives_parts:
            return self._part(MemoryPart((view,)), BYTES_TYPE)
        path = self._new_path(view.nbytes, ".bin")
        self._write(path, view.nbytes, lambda file: write_all(file, view))
        return self._reference(path, BYTES_TYPE)

    def _hand_over_array(self, array: Any) -> Body:
        from numpy.lib import format as npy

        if self._scratch is None or array.nbytes <= INLINE_BYTES:
            buffer = io.BytesIO()
            npy.write_array(buffer, array, allow_pickle=False)
            return inline(buffer.getbuffer(), NPY_TYPE)
        views = array_views(array) if self._gives_parts else ()
        if views:
            return self._part(MemoryPart(views), NPY_TYPE)
        path = self._new_path(array.nbytes, ".npy")
        self._write(path, array.nbytes, lambda file: npy.write_array(file, array, allow_pickle=False))
        return self._reference(path, NPY_TYPE)

    def _hand_over_form(self, value: Any) -> Body:
        form = form_of(value)
        try:
            if self._scratch is None or form.size <= INLINE_BYTES:
                buffer = io.BytesIO()
                form.write(buffer)
                return inline(buffer.getbuffer(), form.media_type)
            path = self._new_path(form.size, form.suffix)
            self._write(path, form.size, form.write)
        except PASSED_ON:
            raise
        except Exception as error:
            raise cannot_be_written(value, error) from error
        return self._reference(path, form.media_type)

    def _hand_over_temp_file(self, value: Any) -> Body:
        """Takes over the file that the object has written, wherever it is."""
        written = value.to_temp_file()
        if not isinstance(written, (str, os.PathLike)):
            raise UnfitFile(f'has a "to_temp_file" that gave no path, but a value of type "{type(written).__name__}"')
        from shutil import move

        source = plain_file(written, 'has a "to_temp_file" that gave')
        target = self._new_path(os.stat(source).st_size, os.path.splitext(source)[1])
        with Room(target):
            return self._hand_over_file(move(source, target))

    def _hand_over_file(self, path: str) -> Body:
        media_type = media_type_of(path)
        if path in self._handed_over or (path in self._pending and not self._gives_parts):
            path = self._copy(path)
        if self._scratch is None:
            demand_frame(os.stat(path).st_size)
            with open(path, "rb") as file:
                return inline(memoryview(file.read()), media_type)
        return self._reference(path, media_type)

    def _copy(self, path: str) -> str:
        """A file that has been handed over already is the host's, which may remove it while it keeps this one."""
        target = self._new_path(os.stat(path).st_size, os.path.splitext(path)[1])
        from shutil import copyfile

        with Room(target):
            return str(copyfile(path, target))

    def _reference(self, path: str, media_type: str) -> Body:
        self._pending.add(path)
        if self._gives_parts:
            return self._part(FilePart(path), media_type)
        return {"path": path, "size": os.stat(path).st_size, "media_type": media_type}

    def _part(self, part: Part, media_type: str) -> Body:
        self.parts.append(part)
        return {"part": len(self.parts) - 1, "size": part.size, "media_type": media_type}

    def _new_path(self, size: int, suffix: str) -> str:
        if self._scratch is None:
            return os.path.join(self.folder(), random_name() + suffix)
        path = os.path.join(self._folder_in(self._scratch.reserve(size)), random_name() + suffix)
        self._own.add(path)
        return path

    def _write(self, path: str, size: int, write: Callable[[io.FileIO], None]) -> None:
        """Makes a file: from a spare one, whose pages are there already, or a new one."""
        assert self._scratch is not None
        with Room(path), io.FileIO(path, "r+" if self._scratch.take_spare(size, path) else "x+") as file:
            write(file)
            file.truncate()

    def _folder_in(self, root: str) -> str:
        if root not in self._folders:
            folder = os.path.join(root, "out-" + random_name())
            os.mkdir(folder, 0o700)
            self._folders[root] = folder
        return self._folders[root]


def _temporary_folder() -> str:
    from tempfile import gettempdir

    return gettempdir()
\fparts late
"""Files that go behind a frame: section 7 of docs/protocol.md."""

from __future__ import annotations

import errno
import io
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Sequence

PIECE = 1024 * 1024


class Part:
    """The bytes of one file."""

    size = 0

    def pieces(self) -> Iterator[memoryview]:
        """All of them, one piece after the other."""
        raise NotImplementedError


class MemoryPart(Part):
    """Bytes that the plugin has given."""

    def __init__(self, views: Sequence[memoryview]) -> None:
        self._views = views
        self.size = sum(view.nbytes for view in views)

    def pieces(self) -> Iterator[memoryview]:
        return iter(self._views)


class FilePart(Part):
    """A file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.size = os.stat(path).st_size

    def pieces(self) -> Iterator[memoryview]:
        left = self.size
        memory = memoryview(bytearray(min(PIECE, left)))
        with io.FileIO(self._path) as file:
            while left:
                count = file.readinto(memory[:left])
                if not count:
                    raise OSError(errno.EIO, "The file was cut while it was sent", self._path)
                left -= count
                yield memory[:count]


def array_views(array: Any) -> Sequence[memoryview]:
    """An array as the bytes of a \`.npy\` file, without a copy; none where they do not lie in one piece."""
    from numpy.lib import format as npy

    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        return ()
    header = io.BytesIO()
    try:
        npy.write_array_header_1_0(header, npy.header_data_from_array_1_0(array))
    except ValueError:  # a header that only later versions of the format have room for
        return ()
    in_order = array if array.flags.c_contiguous else array.T
    return header.getbuffer(), memoryview(in_order.reshape(-1).view("u1"))
\fplaces late
"""The places that every plugin needs: the interpreter, the libraries, and what these read of the system."""

from __future__ import annotations

import os
import sys

# Programs and libraries, and what is the same for all users. Nothing here is a secret, as the keys beside certificates are.
SYSTEM = (
    "/usr /lib /lib32 /lib64 /bin /sbin /nix/store /gnu/store /etc/ld.so.cache /etc/ld.so.conf /etc/ld.so.conf.d /etc/localtime "
    "/etc/timezone /etc/ssl/certs /etc/ssl/cert.pem /etc/ssl/openssl.cnf /etc/pki/tls/certs /etc/pki/tls/cert.pem /etc/pki/tls/openssl.cnf "
    "/etc/pki/ca-trust /etc/crypto-policies /etc/ca-certificates /etc/passwd /etc/group /etc/nsswitch.conf /etc/mime.types /etc/os-release "
    "/etc/fonts /etc/magic /var/cache/fontconfig"
).split()
# How many processors and how much memory there are. Other processes are out of sight.
KERNEL = (
    "/proc/cpuinfo /proc/meminfo /proc/stat /proc/uptime /proc/loadavg /proc/version /proc/filesystems /proc/sys "
    "/sys/devices/system /sys/fs/cgroup /sys/kernel/mm"
).split()
OWN_PROCESS = "/proc/self"
DEVICES = ("/dev/zero", "/dev/random", "/dev/urandom")
WRITABLE_DEVICES = ("/dev/null", "/dev/full")
NAMES_OF_HOSTS = "/etc/resolv.conf /etc/hosts /etc/host.conf /etc/gai.conf /etc/services /etc/protocols".split()
# A program that is run has another number than this process, and so another folder there.
PROCESSES = ("/proc",)


LOADER_WITHIN = 4096


def own_python(home: str) -> list[str]:
    """Where this interpreter lies with its libraries, its virtual environment with the packages, and those of the user in his home.

    It goes by the program that runs. Variables and what stands in the environment's files could name any other folder.
    """
    programs = {sys.executable, os.path.realpath(sys.executable)}
    folders = {os.path.dirname(os.path.dirname(program)) for program in programs}
    packages = ".local/lib/python{}.{}/site-packages".format(*sys.version_info)
    return [*(folders - {"/", ""}), *([os.path.join(home, packages)] if home else [])]


def home_of_user() -> str:
    """Where packages of this user's are; empty when that is not known. A variable of the manifest's could name another folder."""
    told = os.environ.get("HOME", "")
    if os.path.isabs(told):
        return told  # the host's own, for those of the manifest are not there yet
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError):
        return ""


def derived_places(home: str) -> list[str]:
    """What may be read without a word of the manifest's."""
    return [*SYSTEM, *KERNEL, OWN_PROCESS, *DEVICES, *NAMES_OF_HOSTS, *own_python(home)]


def loaders_of(program: str) -> list[str]:
    """The program that loads another one's libraries, by which it is run: its name stands at the beginning of the file."""
    with open(program, "rb") as file:
        start = file.read(LOADER_WITHIN)
    at = start.find(b"/ld-")
    return [os.fsdecode(start[start.rindex(b"\\0", 0, at) + 1 : start.index(b"\\0", at)])] if at > 0 else []
\fplugin
"""The plugin: its class is loaded here, and its methods are found here."""

from __future__ import annotations

import functools
import sys
import threading

from .call import Call
from .conversions import to_json
from .error_bodies import describe
from .errors import LoadFailed, NoSuchMethod, NotSupported
from .forks import run_plugin_code
from .helpers import Helpers
from .instance import Instance
from .library import attribute
from .log_records import take_over_logging
from .logs import log
from .open_calls import OpenCalls
from .original import WIRE_MODULES, make_data_folders, stamp_envelope
from .running import Runner
from .target import find, import_module, make_plugin
from .tracebacks import traceback_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple

    from .batch import Batch
    from .tracing import Tracing

    Body = Dict[str, Any]
    ReadArguments = Callable[[Sequence[Any], Mapping[str, Any]], Tuple[Sequence[Any], Mapping[str, Any]]]

# Libraries of which a hint may name a class that travels as a file. None of them is imported for that.
TABLE_LIBRARIES = frozenset(("pandas", "pyarrow", "polars", "PIL.Image"))


class Plugin:
    """The plugin that this worker serves."""

    def __init__(self, target: Body, calls: OpenCalls, offer_methods: Callable[[Instance], dict[str, str]]) -> None:
        self.name = str(target.get("name") or target["module"])
        self.version = str(target.get("version") or "0.0.0")
        self.failure: Optional[Body] = None
        self.batches = False  # whether calls of \`execute\` are answered by \`execute_batch\`
        self.is_initialized = False
        self.loaded = threading.Event()
        self._is_ready = False
        self.instance = Instance(None)
        self.advise: Callable[[BaseException], str] = lambda error: ""  # what stands behind the message of a refusal
        self.methods: dict[str, str] = {}  # that hosts may call by their names, by how these stand in a request
        self._offer_methods = offer_methods
        self._target = target
        self._calls = calls
        self._runner = Runner()
        self.invoke, self.items = self._runner.invoke, self._runner.items
        self._adapters: dict[str, Any] = {}
        self._unbound: list[str] = []
        self._readers: dict[str, Optional[ReadArguments]] = {}
        self._tracing: Optional[Tracing] = None
        self._tracing_lock = threading.Lock()

    def load(self) -> None:
        """Imports and constructs the plugin. What goes wrong is kept for whoever asks."""
        try:
            run_plugin_code(self._load)
        except BaseException as error:  # also SystemExit
            self.failure = describe(error, self.name, "load_error")
            self.failure["message"] += self.advise(error)
        self._is_ready = self.failure is None
        self.loaded.set()

    def _load(self) -> None:
        sys.path[:0] = self._target.get("path") or []
        make_data_folders()
        self._adopt(make_plugin(self._target))
        for place in self._target.get("adapters") or []:
            self._bind(place)

    def _adopt(self, of: Any) -> None:
        self.instance = Instance(of)
        if self.batches and self.instance.method("execute_batch") is None:
            advice = 'Add it, or remove "batch" from the manifest'
            raise AttributeError(f'The plugin is to run calls in batches, and has no method "execute_batch". {advice}')
        Helpers(self.instance, self._calls).give()
        for name in ("name", "version"):
            value = self.instance.attribute(name)
            if isinstance(value, str) and value:
                setattr(self, name, value)
        self.methods = self._offer_methods(self.instance)

    def _bind(self, place: str) -> None:
        """Binds a task adapter. One that cannot be loaded keeps nobody from what the plugin does without it."""
        try:
            module, _, name = place.rpartition(":")
            adapter = find(import_module(module), name, "class")
            self._adapters[str(adapter.task_name)] = adapter(self.instance.of)
        except Exception as error:
            self._unbound.append('"{}" could not be bound: {!r}'.format(place, error))
            log(self._unbound[-1])

    def wait(self) -> None:
        """Waits until the plugin is there."""
        self.loaded.wait()
        if self.failure is not None:
            raise LoadFailed(self.failure)

    def perform(self, call: Call) -> Any:
        """Runs the plugin code that an endpoint stands for, and gives what the endpoint's result is."""
        if not self._is_ready:
            self.wait()
        self._prepare(call)
        assert call.endpoint is not None and call.endpoint.run is not None
        if call.trace:
            return self._find_tracing().run(call, self.name, functools.partial(call.endpoint.run, self, call))
        return call.endpoint.run(self, call)

    def perform_batch(self, batch: Batch, code: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        """Runs the plugin code that answers several calls; gives an answer for each, which may be an exception."""
        self._prepare(batch)
        self.renew(batch.body)
        if any(call.trace for call in batch.calls):
            return self._find_tracing().run_batch(batch.calls, self.name, code)
        return code()

    def _prepare(self, call: Call) -> None:
        if "logging" in sys.modules:
            take_over_logging()
        if self.instance.own("_cancel_requested") and self._calls.only_running() is call:
            self.instance.set("_cancel_requested", False)  # classes of the original count on somebody to reset it

    def describe(self, error: BaseException) -> Body:
        """The body of a call's error. A plugin that nobody has initialized often lacks what \`initialize\` sets."""
        body = describe(error, self.name)
        body["message"] += self.advise(error)
        lacks = "{!r} object has no attribute".format(type(self.instance.of).__name__)
        if isinstance(error, AttributeError) and lacks in body["message"]:
            if not self.is_initialized and self.instance.method("initialize") is not None:
                body["message"] += ". Nobody has called initialize(), which may set it"
        return body

    def ask_to_stop(self) -> None:
        """Calls the plugin's own \`cancel\`."""
        method = self.instance.method("cancel")
        if method is None:
            return
        try:
            self.invoke(Call({}), method)
        except BaseException as error:
            log("the plugin's cancel() failed\\n" + traceback_of(error))

    def has(self, name: str) -> bool:
        """Whether the plugin has a method, or one that stands for it."""
        return self.instance.method(name) is not None or (name == "execute" and self.batches)

    def need(self, name: str) -> Callable[..., Any]:
        """A method that the plugin has to have."""
        method = attribute(self.instance.of, name)
        if not callable(method):
            tasks = ", ".join(to_json(task) for task in sorted(self._adapters))
            instead = f"; it has the task adapters {tasks}, which /task calls" if tasks else ""
            if name == "execute" and self.instance.method("execute_batch") is not None:
                instead = '; it has "execute_batch", which is called when the manifest has "batch"'
            raise NotSupported(f'The plugin "{self.name}" has no method "{name}"{instead}')
        return method

    def reader(self, name: str, method: Callable[..., Any]) -> Optional[ReadArguments]:
        """What reads tables and pictures among a method's arguments, as its hints name them; None as a rule."""
        try:
            return self._readers[name]
        except KeyError:
            found = None if TABLE_LIBRARIES.isdisjoint(sys.modules) else _find_reader(method)
            self._readers[name] = found
            return found

    def public_method(self, path: str) -> Callable[..., Any]:
        """A method that is called by its name, as it stands in a request."""
        name = self.methods.get(path)
        method = None if name is None else attribute(self.instance.of, name)
        if not callable(method):
            raise NoSuchMethod(f'The plugin "{self.name}" has no method "{path}"', sorted(self.methods.values()))
        return method

    def need_task(self, task: str, name: str) -> Callable[..., Any]:
        """A method that the adapter of a task has to have."""
        if task not in self._adapters:
            bound = ", ".join(to_json(known) for known in sorted(self._adapters)) or "none"
            message = "No adapter is bound for the task {}; bound: {}".format(to_json(task), bound)
            raise NotSupported("; ".join([message] + self._unbound))
        method = None if name.startswith("_") else getattr(self._adapters[task], name, None)
        if not callable(method):
            raise NotSupported("The adapter of the task {} has no method {}".format(to_json(task), to_json(name)))
        return method

    def usage(self) -> Any:
        """What a plugin of the original has reported of its last call by \`report_usage\`, such as \`{"tokens": 12}\`."""
        return self.instance.own("_last_api_usage")

    def renew(self, body: Body) -> None:
        """Has plugins of the original begin with a new call."""
        for name in WIRE_MODULES:
            if name in sys.modules:
                stamp_envelope(body)
                break
        if self.instance.own("_last_api_usage") is not None:
            self.instance.set("_last_api_usage", None)  # of an earlier call

    def gpu_memory_mb(self) -> Optional[float]:
        """What the plugin says that it uses: an attribute, because nothing that answers at once may wait for plugin code."""
        told = self.instance.own("gpu_memory_mb")
        return told if isinstance(told, (int, float)) and 0 <= told < float("inf") else None

    def flush_traces(self) -> None:
        """Sends the spans that have not been sent yet."""
        if self._tracing is not None:
            self._tracing.flush()

    def _find_tracing(self) -> Tracing:
        from .tracing import Tracing

        with self._tracing_lock:
            if self._tracing is None:
                self._tracing = Tracing()
            return self._tracing


def _find_reader(method: Callable[..., Any]) -> Optional[ReadArguments]:
    from .readers import find_readers, names_of, read_arguments

    readers = find_readers(method)
    return functools.partial(read_arguments, readers, names_of(method)) if readers else None
\fplugin_endpoints
"""What the endpoints ask of the plugin. Each function gives what its endpoint's result is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

from .call import Call
from .forks import NO_NAMES
from .plugin import Plugin
from .running import PLAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict

    Body = Dict[str, Any]


def initialize(plugin: Plugin, call: Call) -> Body:
    if plugin.instance.method("initialize") is not None or call.body:
        plugin.invoke(call, plugin.need("initialize"), (call.body,))
        plugin.is_initialized = True
    return {"status": "ok"}


def execute(plugin: Plugin, call: Call) -> Any:
    return _whole(plugin, call, _run(plugin, call, plugin.need("execute")))


def execute_stream(plugin: Plugin, call: Call) -> None:
    if plugin.instance.method("execute_stream") is not None:
        _send_items(plugin, call, _run(plugin, call, plugin.need("execute_stream")))
    else:
        _send_result(plugin, call, _run(plugin, call, plugin.need("execute")))


def call_method(path: str, plugin: Plugin, call: Call) -> Any:
    return _whole(plugin, call, _run(plugin, call, plugin.public_method(path)))


def stream_method(path: str, plugin: Plugin, call: Call) -> None:
    _send_result(plugin, call, _run(plugin, call, plugin.public_method(path)))


def task(plugin: Plugin, call: Call) -> Any:
    method = plugin.need_task(str(call.body.get("task")), str(call.body.get("method")))
    plugin.renew(call.body)
    return plugin.invoke(call, method, (), call.body.get("kwargs") or NO_NAMES)


def config_schema(plugin: Plugin, call: Call) -> Any:
    return _told(plugin, call, "get_config_schema")


def config(plugin: Plugin, call: Call) -> Any:
    return _told(plugin, call, "get_current_config")


def config_options(plugin: Plugin, call: Call) -> Any:
    return _told(plugin, call, "get_config_options")


def prefetch(plugin: Plugin, call: Call) -> Body:
    return _done(plugin, call, "prefetch", "prefetched")


def reconfigure(plugin: Plugin, call: Call) -> Body:
    old, new = (call.body.get(key) or {} for key in ("old_config", "new_config"))
    return _done(plugin, call, "reconfigure", "reconfigured", old, new)


def cleanup(plugin: Plugin, call: Call) -> Body:
    try:
        _done(plugin, call, "cleanup", "cleaned")
    finally:
        plugin.flush_traces()
    return {"status": "cleaned"}


def on_enable(plugin: Plugin, call: Call) -> Body:
    return _done(plugin, call, "on_enable", "enabled")


def on_disable(plugin: Plugin, call: Call) -> Body:
    return _done(plugin, call, "on_disable", "disabled")


def get_system_status(plugin: Plugin, call: Call) -> Any:
    status = plugin.invoke(call, plugin.need("get_system_status"))
    return status.to_dict() if hasattr(status, "to_dict") else status


def list_processes(plugin: Plugin, call: Call) -> Any:
    return plugin.invoke(call, plugin.need("list_processes"))


def signatures(plugin: Plugin, call: Call) -> Body:
    from .signatures import describe_signatures

    return describe_signatures(plugin.instance.of, sorted(plugin.methods.values()), plugin.batches)


def structural_surface(plugin: Plugin, call: Call) -> Body:
    from .surface import describe_surface

    return describe_surface(type(plugin.instance.of))


def _run(plugin: Plugin, call: Call, method: Callable[..., Any]) -> Any:
    body = call.body
    plugin.renew(body)
    args, kwargs = body.get("args") or (), body.get("kwargs") or NO_NAMES
    assert call.endpoint is not None
    read = plugin.reader(call.endpoint.name, method)
    if read is not None:
        args, kwargs = call.run(read, (args, kwargs))
    return plugin.invoke(call, method, args, kwargs)


def _whole(plugin: Plugin, call: Call, result: Any) -> Any:
    """A result; of a generator the list of its items."""
    if type(result) not in PLAIN and isinstance(result, (Generator, AsyncGenerator)):
        return list(plugin.items(call, result))
    return result


def _send_result(plugin: Plugin, call: Call, result: Any) -> None:
    """Sends what a method that is no stream has given, item by item where it is a generator."""
    _send_items(plugin, call, result if isinstance(result, (Generator, AsyncGenerator)) else [result])


def _send_items(plugin: Plugin, call: Call, source: Any) -> None:
    assert call.reply is not None
    items: Any = plugin.items(call, source)
    try:
        for item in items:
            if call.cancelled:
                return
            call.reply.chunk(item)
            if call.reply.broken:
                return
    finally:
        items.close()


def _told(plugin: Plugin, call: Call, name: str) -> Any:
    method = plugin.instance.method(name)
    told = None if method is None else plugin.invoke(call, method)
    return {} if told is None else told


def _done(plugin: Plugin, call: Call, name: str, status: str, *args: Any) -> Body:
    method = plugin.instance.method(name)
    if method is None:
        return {"status": "not_supported"}
    plugin.invoke(call, method, args)
    return {"status": status}
\fprinted late
"""What calls print, told to hosts that want it: the lines of section 4 of docs/protocol.md."""

from __future__ import annotations

import sys
import threading
import time

from .call import CURRENT_CALL
from .conversions import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict

    from .call import Call

TAG, TAG_END = "\\x1e", "\\x1f"
MAX_LINE = 64 * 1024  # characters; what is longer is told in pieces

_is_taken = False


def follow(call: Call) -> None:
    """Has what a call prints told in its reply, besides going to the log."""
    global _is_taken
    if not _is_taken:
        _is_taken = True
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:  # whoever holds the stream already shall tell as well, so that it stays the same one
                stream.write = _telling(stream.write)  # type: ignore[method-assign]
    call.lines = Lines(call)


def _telling(write: Callable[[str], int]) -> Callable[[str], int]:
    def tell(text: str) -> int:
        call = CURRENT_CALL.get()
        if call is None or call.lines is None or not isinstance(text, str) or text[:1] == TAG:
            return write(text)
        return call.lines.write(text, write)

    return tell


class Lines:
    """What one call prints. Any code of the call may print, in several threads and tasks."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._tag = TAG + to_json({"call_id": call.key} if isinstance(call.key, str) else {}) + TAG_END
        self._begun: Dict[Callable[[str], int], str] = {}  # by the stream, of a line that has no end yet
        self._lock = threading.Lock()

    def write(self, text: str, write: Callable[[str], int]) -> int:
        """Takes what is printed to a stream, whose own \`write\` is given."""
        with self._lock:
            *lines, rest = (self._begun.get(write, "") + text).split("\\n")
            if len(rest) > MAX_LINE:
                lines.append(rest)
                rest = ""
            self._begun[write] = rest
        for line in lines:
            self._tell(line, write)
        return len(text)

    def send(self, line: str, level: str = "") -> None:
        """Tells a line that is in the log already."""
        now = time.time()
        told: Dict[str, Any] = {"time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + ".%03dZ" % (now % 1 * 1000)}
        told.update(stream="stderr", text=line[:MAX_LINE])  # where it arrives, whichever it was printed to
        if level:
            told["level"] = level
        self._call.tell(told)

    def end(self) -> None:
        """Tells what has no end of a line."""
        with self._lock:
            rest, self._begun = self._begun, {}
        for write, line in rest.items():
            if line:
                self._tell(line, write)

    def _tell(self, line: str, write: Callable[[str], int]) -> None:
        self.send(line)  # first: whoever reads the log may take it that the host has been told
        write(self._tag + line + "\\n")
\fprivate_folder late
"""Folders that say of themselves what they are: section 7 of docs/protocol.md."""

from __future__ import annotations

import os

from .descriptors import DESCRIPTORS
from .scratch import attempt

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

OWNER_FILE = "owner.lock"
OWNER_LINE = b"remote-plugin private folder: whoever can lock this file may remove the folder\\n"


def random_name() -> str:
    return os.urandom(8).hex()


class PrivateFolder:
    """A folder that says of itself what it is, as section 7 wants it: a host finds it when this process has been killed.

    It is for a worker that was given no scratch folder, and so has no other.
    """

    def __init__(self, root: str) -> None:
        self.path = os.path.join(root, "remote-plugin-" + random_name())
        os.mkdir(self.path, 0o700)
        self._owner_file = os.open(
            os.path.join(self.path, OWNER_FILE), os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600
        )
        DESCRIPTORS.keep(self._owner_file)  # a child that is forked must not hold the lock when this process has gone
        _lock(self._owner_file)
        os.write(self._owner_file, OWNER_LINE)

    def close(self) -> None:
        """Removes the folder with all that is in it."""
        DESCRIPTORS.close(self._owner_file)  # some systems remove no file that is open, and whoever takes the lock now removes it too
        remove_private(self.path)


def _lock(file: int) -> None:
    if os.name == "posix":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
    else:
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_LOCK, 1)


def remove_private(folder: str) -> None:
    """Removes a private folder. What says that it is one goes last, for another host goes on with what is left."""
    owner_file = os.path.join(folder, OWNER_FILE)
    remove_all(folder, {owner_file})
    if os.path.ismount(folder):
        return  # it was shown to a sandbox, and nobody in there can remove it
    attempt(os.unlink, owner_file)
    attempt(os.rmdir, folder)


def remove_all(folder: str, but: set[str]) -> None:
    """Removes a folder's files but for some, and the folder when it is empty. The host may be removing the rest."""
    for parent, folders, files in os.walk(folder, topdown=False):
        for name in files:
            path = os.path.join(parent, name)
            if path not in but:
                attempt(os.unlink, path)
        for name in folders:
            path = os.path.join(parent, name)
            attempt(os.unlink if os.path.islink(path) else os.rmdir, path)
    attempt(os.rmdir, folder)


def is_private_folder(path: str) -> bool:
    """Whether a folder says of itself that it may be removed."""
    try:
        file = os.open(os.path.join(path, OWNER_FILE), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return not os.path.islink(path) and os.read(file, len(OWNER_LINE) + 1) == OWNER_LINE
        finally:
            os.close(file)
    except OSError:
        return False
\freaders late
"""Arguments that a plugin's hints call tables or pictures: the files that come for them are read. Section 7 of docs/protocol.md."""

from __future__ import annotations

import sys
import typing

from .hint_names import name_of
from .library import attribute
from .tables import ARROW_MAGIC, load_pyarrow
from .type_hints import MAPPINGS, SEQUENCES, Hints

Reader = typing.Callable[[typing.Any], typing.Any]
Readers = typing.Dict[str, Reader]


def find_readers(method: typing.Any) -> Readers:
    """What reads the arguments of a method, by their names."""
    function = _unwrapped(method)
    hints = attribute(function, "__annotations__") or {}
    scope = attribute(function, "__globals__") or {}
    found = {name: _reader(hint, scope) for name, hint in hints.items() if name != "return"}
    return {name: read for name, read in found.items() if read is not None}


def names_of(method: typing.Any) -> typing.Sequence[str]:
    """The names of the arguments that can be given by position."""
    code = attribute(_unwrapped(method), "__code__")
    names = () if code is None else code.co_varnames[: code.co_argcount]
    return names[1:] if hasattr(method, "__self__") else names


def _unwrapped(method: typing.Any) -> typing.Any:
    while hasattr(method, "__wrapped__"):
        method = method.__wrapped__
    return method


def read_arguments(
    readers: Readers,
    names: typing.Sequence[str],
    args: typing.Sequence[typing.Any],
    named: typing.Mapping[str, typing.Any],
) -> typing.Tuple[typing.List[typing.Any], typing.Dict[str, typing.Any]]:
    """The arguments of a call, with what is to be read in the place of paths."""
    values = [readers[name](value) if name in readers else value for name, value in zip(names, args)]
    others = {name: readers[name](value) if name in readers else value for name, value in named.items()}
    return values + list(args[len(values) :]), others


def _reader(hint: typing.Any, scope: typing.Mapping[str, typing.Any]) -> typing.Optional[Reader]:
    try:
        return _reader_of(Hints(gives=False).resolve(hint, scope), scope)
    except Exception:  # a hint that cannot be read says nothing
        return None


def _reader_of(hint: typing.Any, scope: typing.Mapping[str, typing.Any]) -> typing.Optional[Reader]:
    if hasattr(hint, "__metadata__"):  # typing.Annotated
        return _reader(hint.__origin__, scope)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is None:
        return _class_reader(hint) if isinstance(hint, type) else None
    if origin is typing.Union or name_of(origin) == "UnionType":
        return _union_reader(args, scope)
    if (origin in SEQUENCES and args) or (origin is tuple and args[1:] == (Ellipsis,)):
        return _each(_reader(args[0], scope))
    if origin in MAPPINGS and len(args) > 1:
        return _each_value(_reader(args[1], scope))
    return None


def _union_reader(args: typing.Sequence[typing.Any], scope: typing.Mapping[str, typing.Any]) -> typing.Optional[Reader]:
    """A text may be meant for one that takes texts as well."""
    found = [read for read in (_reader(arg, scope) for arg in args) if read is not None]
    takes_text = any(arg is str or hasattr(arg, "__fspath__") for arg in args)
    return found[0] if len(found) == 1 and not takes_text else None


def _each(read: typing.Optional[Reader]) -> typing.Optional[Reader]:
    return None if read is None else lambda value: [read(item) for item in value] if isinstance(value, list) else value


def _each_value(read: typing.Optional[Reader]) -> typing.Optional[Reader]:
    if read is None:
        return None
    return lambda value: {key: read(item) for key, item in value.items()} if isinstance(value, dict) else value


def _class_reader(kind: type) -> typing.Optional[Reader]:
    for library, name, read in READERS:
        if kind is getattr(sys.modules.get(library), name, None):
            return lambda value: read(value) if isinstance(value, str) else value
    return None


def _read_table(path: str) -> typing.Any:
    pyarrow = load_pyarrow()
    opened = pyarrow.ipc.open_file if _is_file_form(path) else pyarrow.ipc.open_stream
    try:
        return opened(pyarrow.memory_map(path)).read_all()
    except Exception as error:  # OSError as well, by where the file is broken
        raise _no_arrow(path, error) from error


def _read_frame(path: str) -> typing.Any:
    return _read_table(path).to_pandas()


def _read_batch(path: str) -> typing.Any:
    table = _read_table(path).combine_chunks()
    batches = table.to_batches()
    return batches[0] if batches else sys.modules["pyarrow"].RecordBatch.from_pylist([], schema=table.schema)


def _read_polars(path: str) -> typing.Any:
    polars = sys.modules["polars"]
    read = polars.read_ipc if _is_file_form(path) else polars.read_ipc_stream
    panic = getattr(polars.exceptions, "PanicException", polars.exceptions.ComputeError)
    with open(path, "rb") as file:  # by its path polars would map it
        try:
            return read(file)
        except (Exception, panic) as error:
            raise _no_arrow(path, error) from error


def _read_picture(path: str) -> typing.Any:
    picture = sys.modules["PIL.Image"].open(path)
    picture.load()  # the file is gone when the call has ended
    return picture


def _is_file_form(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(len(ARROW_MAGIC)) == ARROW_MAGIC


def _no_arrow(path: str, error: BaseException) -> ValueError:
    if _is_file_form(path):
        return ValueError(f'"{path}" is an Arrow file that cannot be read: {type(error).__name__}: {error}')
    return ValueError(f'"{path}" is no Arrow file, as which a table is wanted: {error}')


READERS: typing.Tuple[typing.Tuple[str, str, Reader], ...] = (
    ("pandas", "DataFrame", _read_frame),
    ("pyarrow", "Table", _read_table),
    ("pyarrow", "RecordBatch", _read_batch),
    ("polars", "DataFrame", _read_polars),
    ("PIL.Image", "Image", _read_picture),
)
\freadiness
"""How threads wait for sockets. Linux tells of many at once, and of a client that hangs up."""

from __future__ import annotations

import select

from .fast import socket

READABLE = 0x1  # the numbers of Linux's epoll
HANGS_UP = 0x2000
ONCE = 1 << 30
CHANGES = 1 << 31

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    Readiness = Union[select.epoll, "Selected"]

IS_SHARED = hasattr(select, "epoll")  # whether several threads can wait for the same sockets


def readiness() -> Readiness:
    """Makes what waits for sockets."""
    return select.epoll() if IS_SHARED else Selected()


class Selected:
    """What waits for sockets on other systems: for one thread, which is told of what others change by a socket of its own."""

    def __init__(self) -> None:
        self._files: dict[int, int] = {}

    def register(self, file: int, events: int) -> None:
        """Watches for these events."""
        self._files[file] = events

    modify = register

    def unregister(self, file: int) -> None:
        """Watches no more."""
        self._files.pop(file, None)

    def poll(self, timeout: float = -1, most: int = -1) -> list[tuple[int, int]]:
        """Waits for this many seconds, or for good."""
        files = [file for file, events in list(self._files.items()) if events]
        try:
            ready = select.select(files, [], [], None if timeout < 0 else timeout)[0]
        except (OSError, ValueError):  # one has been closed meanwhile
            return []
        return [event for event in map(self._event, ready) if event[1]]

    def _event(self, file: int) -> tuple[int, int]:
        events = self._files.get(file, 0)
        if events & READABLE or not events:
            return file, events & READABLE
        self._files[file] = 0  # something is there, be it more requests or the end: it tells of neither again
        return file, HANGS_UP if _is_at_end(file) else 0


def _is_at_end(file: int) -> bool:
    peeked: Any = socket.socket(fileno=file)
    try:
        return not peeked.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
    finally:
        peeked.detach()
\freplies
"""Answers to requests, sections 4 and 5 of docs/protocol.md."""

from __future__ import annotations

from .client import Client
from .constants import FRAMES_TYPE, MAX_CALLBACK, MAX_FRAME, PARTS_MARK
from .descriptors import DESCRIPTORS
from .encoding import encode
from .errors import BadResult, Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Sequence

    from .outbox import Outbox
    from .parts import Part
    from .scratch import Scratch

    Body = Dict[str, Any]

NO_PARTS: Sequence[Part] = ()
HEADS = {kind: b'{"%b":' % kind.encode("ascii") for kind in ("callback", "chunk", "error", "result")}
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    411: "Length Required",
    413: "Content Too Large",
    426: "Upgrade Required",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    507: "Insufficient Storage",
}


class Reply:
    """The answer to one request. Its parts may come from several threads; what comes after the last one is dropped."""

    content_type = "application/json"
    frames = False
    broken = False
    _outbox: Optional[Outbox] = None
    _begun = False

    def __init__(self, client: Client, scratch: Scratch, closes: bool = False, files: str = "", ended: bool = False) -> None:
        self.closes = closes
        self._ended = ended
        self._scratch = scratch
        self._files = files  # how files may come: "shared" in the scratch folders, or as "parts" behind frames
        self._client = client

    def outbox(self) -> Outbox:
        """What the call hands over as files. It is made when it is first asked for: few calls hand anything over."""
        if self._outbox is None:
            from .outbox import Outbox

            self._outbox = Outbox(self._scratch, self._files)
        return self._outbox

    def progress(self, progress: float, message: str) -> None:
        """Sends a progress frame where there are frames."""

    def line(self, told: Body) -> None:
        """Sends a line that the call has printed, where there are frames."""

    def chunk(self, value: Any) -> None:
        """Sends one item of a stream."""
        raise NotImplementedError

    def callback(self, value: Body, outbox: Outbox) -> bool:
        """Sends what a function of the host's is called with; tells whether that went well."""
        raise NotImplementedError

    def result(self, value: Any) -> None:
        """Ends the reply well."""
        self._whole(200, encode(value))

    def error(self, body: Body) -> None:
        """Ends the reply with an error."""
        raise NotImplementedError

    def refuse(self, refusal: Refusal) -> None:
        """Turns the request down."""
        self.closes = self.closes or refusal.closes
        self.content_type = "application/json"
        self._whole(refusal.status, encode({"detail": refusal.detail}), refusal.extra)

    def close(self) -> None:
        """Nothing more comes. A reply without its end, and one that was to be the last, end the connection."""
        if self._outbox is not None:
            self._outbox.close()
        if self.closes or not self._ended:
            self._client.shut_down()

    def _settle(self, delivered: bool) -> None:
        if self._outbox is not None:
            self._outbox.settle(delivered)

    def _whole(self, status: int, body: bytes, extra: str = "", parts: Sequence[Part] = NO_PARTS) -> bool:
        DESCRIPTORS.stay_out()
        with self._client.lock:
            if self._ended:
                return False
            self._ended = True
            length = len(body) + sum(part.size for part in parts)
            return self._send(self._head(status, f"Content-Length: {length}\\r\\n{extra}"), body, parts)

    def _part(self, data: bytes, last: bool = False, parts: Sequence[Part] = NO_PARTS, may_wait: bool = True) -> bool:
        DESCRIPTORS.stay_out()
        with self._client.lock:
            if self._ended:
                return False
            head = b"" if self._begun else self._head(200, "Transfer-Encoding: chunked\\r\\n")
            self._begun, self._ended = True, last
            end = b"0\\r\\n\\r\\n" if last else b""
            if parts:
                size = len(data) + sum(part.size for part in parts)
                return self._send(head, b"%x\\r\\n%b" % (size, data), parts) and self._send(b"", b"\\r\\n" + end)
            chunk = b"%x\\r\\n%b\\r\\n" % (len(data), data) if data else b""
            return self._send(head, chunk + end)

    def _head(self, status: int, framing: str) -> bytes:
        close = "Connection: close\\r\\n" if self.closes else ""
        line = f"HTTP/1.1 {status} {REASONS[status]}\\r\\nContent-Type: {self.content_type}\\r\\n"
        return (line + framing + close + "\\r\\n").encode("latin-1")

    def _send(self, head: bytes, body: bytes, parts: Sequence[Part] = NO_PARTS) -> bool:
        self.broken = self.broken or not self._client.send(head, body) or bool(parts and not self._client.send_parts(parts))
        return not self.broken


class FramedReply(Reply):
    """Section 4: one JSON object a line, the last one a result or an error."""

    content_type = FRAMES_TYPE
    frames = True

    def progress(self, progress: float, message: str) -> None:
        self._part(encode({"progress": progress, "message": message}) + b"\\n")

    def line(self, told: Body) -> None:
        self._part(encode({"log": told}) + b"\\n")

    def chunk(self, value: Any) -> None:
        frame = self._frame("chunk", value)
        if self._outbox is not None:
            self._outbox.keep_folders()
        self._settle(self._part(frame, False, self._take_parts()))

    def callback(self, value: Body, outbox: Outbox) -> bool:
        frame = make_frame("callback", value, lambda: outbox)
        if len(frame) > MAX_CALLBACK:
            raise BadResult(f"The callback is longer than {MAX_CALLBACK} bytes as JSON; give a large value as bytes")
        data = with_parts(frame, outbox.parts) if outbox.parts else frame
        sent = self._part(data, False, outbox.parts, may_wait=False)
        outbox.settle(sent)
        return sent

    def result(self, value: Any) -> None:
        frame = self._frame("result", value)
        sent = self._last(frame, self._take_parts())
        if self._outbox is not None:
            self._settle(sent)

    def error(self, body: Body) -> None:
        self._last(self._frame("error", body))

    def _last(self, frame: bytes, parts: Sequence[Part] = NO_PARTS) -> bool:
        return self._part(frame, True, parts) if self._begun else self._whole(200, frame, "", parts)

    def _take_parts(self) -> Sequence[Part]:
        """The files that go behind the frame."""
        return NO_PARTS if self._outbox is None else self._outbox.parts

    def _frame(self, kind: str, value: Any) -> bytes:
        if self._outbox is not None:
            self._outbox.parts = []
        frame, parts = make_frame(kind, value, self.outbox), self._take_parts()
        return with_parts(frame, parts) if parts else frame


def make_frame(kind: str, value: Any, outbox: Callable[[], Outbox]) -> bytes:
    """The line of a frame."""
    types: Body = {}
    text = encode(value, kind, types, outbox)
    data = b"".join((HEADS[kind], text, b',"types":%b}\\n' % encode(types) if types else b"}\\n"))
    if len(data) > MAX_FRAME:
        raise BadResult(f"The {kind} is longer than {MAX_FRAME} bytes as JSON; return a large value as a file")
    return data


def with_parts(frame: bytes, parts: Sequence[Part]) -> bytes:
    """The same with the sizes of the files that go behind it."""
    return b"".join((PARTS_MARK, frame[:-2], b',"parts":%b}\\n' % encode([part.size for part in parts])))


class PlainReply(Reply):
    """Section 5: the bare value."""

    def __init__(self, client: Client, scratch: Scratch, closes: bool = False, error_status: int = 500) -> None:
        super().__init__(client, scratch, closes)
        self._error_status = error_status

    def error(self, body: Body) -> None:
        status = 409 if body["code"] == "cancelled" else self._error_status
        self._whole(status, encode({"detail": body["message"], "_job_error": body}))


class PlainStreamReply(Reply):
    """Section 5, for /execute_stream: a line an item."""

    content_type = "application/x-ndjson"

    def chunk(self, value: Any) -> None:
        self._part(encode(value, "chunk") + b"\\n")

    def result(self, value: Any) -> None:
        self._part(b"", last=True)

    def error(self, body: Body) -> None:
        self._part(encode({"_job_error": body}) + b"\\n", last=True)
\frequests
"""The heads of requests: sections 3 and 11 of docs/protocol.md."""

from __future__ import annotations

from .bare_reply import BareReply
from .call import NO_TRACE
from .client import Client
from .constants import CONNECTION_HEADER, FRAMES_TYPE, MAX_ID, TRACE_HEADERS, UPGRADE_PATH, UPGRADE_PROTOCOL
from .endpoint import Endpoint
from .endpoints import find_endpoint
from .errors import Refusal
from .replies import FramedReply, PlainReply, PlainStreamReply, Reply
from .scratch import Scratch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from .framing import Framing
    from .uploads import Upload


LONGEST = 10**15  # a body with files: what they may have together is for the quota to say
# What the name of a header is made of, and what its value may not hold: others could read one header as two.
TOKEN_CHARACTERS = frozenset("!#$%&'*+-.^_\`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
NO_LINE_END = frozenset("\\0\\r\\n")


class Request:
    """The head of a request, on either wire."""

    length = "0"  # of the body that follows
    parts = ""  # how long the JSON is in a body with files behind it; empty for any other
    upload: Optional[Upload] = None  # of such a body, while it comes
    call_id: Optional[str] = None  # that the host gave the call
    trace = NO_TRACE  # of which the call is a part
    files = ""  # how files may come in frames
    wants_lines = False  # whether what the call prints is wanted

    def endpoint(self) -> Endpoint:
        """What is asked for."""
        raise NotImplementedError

    def reply(self, client: Client, scratch: Scratch) -> Reply:
        """Makes the reply in the form that was asked for."""
        raise NotImplementedError

    def framing(self) -> Framing:
        """How the end of a body with files is found."""
        raise NotImplementedError

    def upgrades(self) -> bool:
        """Whether the connection is to carry bare frames from here on."""
        return False

    def connection_name(self) -> str:
        """What the host calls this connection when it hears of what was held back on it, empty when it does not hear of that."""
        return ""


class HttpRequest(Request):
    """The head of a request."""

    def __init__(self, head: bytes) -> None:
        line, *fields = head.decode("latin-1").split("\\r\\n")
        words = line.split(" ")
        if len(words) != 3 or words[2] != "HTTP/1.1":
            raise Refusal(400, "The request is not HTTP/1.1", closes=True)
        self.method, target, _ = words
        self.authority, self.path = self._split(target)
        self.headers: dict[str, str] = {}
        for field in fields:
            name, colon, value = field.partition(":")
            if not colon or not name or not TOKEN_CHARACTERS.issuperset(name) or not NO_LINE_END.isdisjoint(field):
                raise Refusal(400, "The request has a malformed header", closes=True)
            name, value = name.lower(), value.strip(" \\t")
            # A repeated header becomes a list, which is no number, no token and no host: nothing has to choose.
            self.headers[name] = self.headers[name] + ", " + value if name in self.headers else value
        self.closes = "close" in self.headers.get("connection", "").lower()
        self.length = self.headers.get("content-length", "0")
        self.parts = self.headers.get("remote-plugin-parts", "")
        self.call_id = self.headers.get("remote-plugin-call")
        self.trace = trace_in(self.headers)
        self.files = files_way(self.headers.get("remote-plugin-files"))
        self.wants_lines = self.headers.get("remote-plugin-logs") == "logs"

    @staticmethod
    def _split(target: str) -> tuple[str, str]:
        authority = ""
        if target[:7].lower() == "http://":
            authority, _, target = target[7:].partition("/")
            target = "/" + target
        return authority, target.partition("?")[0]

    def endpoint(self) -> Endpoint:
        """What is asked for."""
        endpoint = find_endpoint(self.path[1:]) if self.path[:1] == "/" else None
        if endpoint is None:
            raise Refusal(404, "Not Found")
        if self.method != endpoint.verb:
            raise Refusal(405, "Method Not Allowed", extra=f"Allow: {endpoint.verb}\\r\\n")
        return endpoint

    def upgrades(self) -> bool:
        if self.path != UPGRADE_PATH:
            return False
        if self.method != "GET":
            raise Refusal(405, "Method Not Allowed", extra="Allow: GET\\r\\n")
        if self.headers.get("upgrade", "").lower() != UPGRADE_PROTOCOL or "upgrade" not in self.headers.get("connection", "").lower():
            raise Refusal(426, "This endpoint only upgrades its connection", extra=f"Upgrade: {UPGRADE_PROTOCOL}\\r\\n")
        return True

    def demand_length(self) -> None:
        """Refuses a body that does not tell its length. One with files may come in chunks."""
        if "transfer-encoding" in self.headers and not (self.parts and self.headers["transfer-encoding"].lower() == "chunked"):
            raise Refusal(411, "The body has no Content-Length", closes=True)

    def framing(self) -> Framing:
        from .framing import ChunkedFraming, SizedFraming

        if "transfer-encoding" in self.headers:
            return ChunkedFraming()
        if "content-length" not in self.headers:
            raise Refusal(411, "The body has no Content-Length", closes=True)
        return SizedFraming(checked_length(self.length, LONGEST))

    def connection_name(self) -> str:
        return checked_id(self.headers.get(CONNECTION_HEADER), "connection's name")

    def reply(self, client: Client, scratch: Scratch) -> Reply:
        """Makes the reply in the form that was asked for."""
        if FRAMES_TYPE in self.headers.get("accept", "").lower():
            return FramedReply(client, scratch, self.closes, self.files)
        if self.path == "/execute_stream" or self.path.startswith("/stream/"):
            return PlainStreamReply(client, scratch, self.closes)
        return PlainReply(client, scratch, self.closes, 400 if self.path == "/initialize" else 500)


class BareRequest(Request):
    """The line before the body of a request on an upgraded connection: the endpoint, the body's length, and what HTTP has in headers."""

    def __init__(self, line: bytes) -> None:
        words = line.decode("latin-1").split(" ")
        if len(words) < 2:
            raise Refusal(400, "The request has no length", closes=True)
        self._endpoint, self.length = words[:2]
        fields: dict[str, str] = {}
        for word in words[2:]:
            name, _, fields[name] = word.partition("=")
        self.files = files_way(fields.get("files"))
        self.parts = self.length if "parts" in fields else ""
        self.call_id = fields.get("call")
        self.wants_lines = fields.get("logs") == "logs"
        if "traceparent" in fields:
            self.trace = trace_in(fields)

    def endpoint(self) -> Endpoint:
        """What is asked for."""
        endpoint = find_endpoint(self._endpoint)
        if endpoint is None:
            raise Refusal(404, "Not Found")
        return endpoint

    def framing(self) -> Framing:
        from .framing import OpenFraming

        return OpenFraming()

    def reply(self, client: Client, scratch: Scratch) -> Reply:
        """Makes the reply."""
        return BareReply(client, scratch, False, self.files)


def files_way(given: Optional[str]) -> str:
    """How files in the reply may come; empty when they go inside the JSON."""
    return given if given in ("shared", "parts") else ""


def trace_in(fields: dict[str, str]) -> dict[str, str]:
    """What a request's headers or fields say of the trace of which it is a part."""
    if "traceparent" not in fields:
        return NO_TRACE
    return {name: fields[name] for name in TRACE_HEADERS if name in fields}


def checked_length(text: str, limit: int) -> int:
    """The length of a body."""
    if not (text.isascii() and text.isdecimal()):
        raise Refusal(400, "The length of the body is not a number", closes=True)
    if len(text) > 18 or int(text) > limit:
        raise Refusal(413, f"The body is longer than {limit} bytes", closes=True)
    return int(text)


def checked_id(text: Optional[str], what: str) -> str:
    """An id that the host has chosen, empty when there is none."""
    if text is None:
        return ""
    if not 0 < len(text) <= MAX_ID or not (text.isascii() and text.isprintable()) or " " in text:
        raise Refusal(400, f"The {what} is not 1 to {MAX_ID} visible ASCII characters")
    return text
\frunning
"""How the plugin's methods are run: here, or on the event loop when they are coroutines."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterable, Awaitable, Generator

from .call import Call
from .forks import NO_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Mapping, Optional, Sequence

    from .event_loop import EventLoop

NO_MORE = object()
PLAIN = frozenset((dict, list, str, bytes, int, float, bool, type(None)))  # what most methods give, and nobody has to ask about


class Runner:
    """Runs methods for calls. The event loop is made when a method first gives something to await."""

    def __init__(self) -> None:
        self._loop: Optional[EventLoop] = None
        self._lock = threading.Lock()

    def invoke(self, call: Call, method: Callable[..., Any], args: Sequence[Any] = (), named: Mapping[str, Any] = NO_NAMES) -> Any:
        """Calls a method for a call, and waits for what it gives."""
        result = call.run(method, args, named)
        if type(result) not in PLAIN and isinstance(result, Awaitable):
            result = self._event_loop().run(call, result)
        return result

    def items(self, call: Call, source: Any) -> Iterator[Any]:
        """The items that a method's result gives one by one."""
        if isinstance(source, AsyncIterable):
            return self._event_loop().items(call, source)
        return _sync_items(call, source)

    def _event_loop(self) -> EventLoop:
        from .event_loop import EventLoop

        with self._lock:
            if self._loop is None:
                self._loop = EventLoop()
            return self._loop


def _sync_items(call: Call, source: Any) -> Iterator[Any]:
    iterator = call.run(iter, (source,))
    rest = (iterator, NO_MORE)

    def take_rest(item: Any) -> None:
        while item is not NO_MORE:  # what a forked child yields is nobody's
            item = next(*rest)

    try:
        while not call.cancelled:
            item = call.run(next, rest, in_child=take_rest)
            if item is NO_MORE:
                return
            yield item
    finally:
        if isinstance(iterator, Generator):
            call.run(iterator.close)
\fscratch
"""The folders for files that the host shares with this worker: section 7 of docs/protocol.md."""

from __future__ import annotations

import os
import stat

from .constants import KNOWS_USERS
from .errors import ScratchFull
from .fast import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

SPARE_BYTES = 1024 * 1024  # from here on writing into a file's old pages is worth asking for one
SPARE_INPUTS, SPARE_RESULTS = "spare-in", "spare-out"


class Scratch:
    """The folders for files that the host shares with this worker."""

    def __init__(self, disk: str, memory: str, quota: int) -> None:
        self.disk = disk
        self.memory = memory
        self._quota = quota

    def roots(self) -> list[str]:
        """The folders, the preferred one first."""
        return [root for root in (self.memory, self.disk) if root]

    def holds(self, path: str) -> bool:
        """Whether a path lies in one of the folders, as it is written."""
        return os.path.normpath(path) == path and any(path.startswith(root + os.sep) for root in self.roots())

    def reserve(self, size: int) -> str:
        """Gives the folder for a file of this size: memory, when the file fits into half of what is free there."""
        if self._quota and self._used() + size > self._quota:
            self._drop_spares()
            used = self._used()
            if used + size > self._quota:
                raise ScratchFull(f"{size} bytes do not fit into the scratch quota of {self._quota}, of which {used} are in use")
        return self.memory if self.memory and size <= _free_bytes(self.memory) // 2 else self.disk

    def room(self) -> float:
        """How many bytes more there may be."""
        return self._quota - self._used() if self._quota else float("inf")

    def take_spare(self, size: int, path: str) -> bool:
        """Moves a file that the host has laid aside to a path beside it, if one is near that size and surely nobody's any more."""
        if not KNOWS_USERS or size < SPARE_BYTES:
            return False
        spares = _sizes_in(os.path.join(os.path.dirname(os.path.dirname(path)), SPARE_RESULTS))
        for spare_size, spare in sorted(spares, key=lambda found: abs(found[0] - size)):
            if spare_size > 2 * size:
                continue
            try:
                os.rename(spare, path)  # so that it is nobody else's, and cannot be opened by its old name
            except FileNotFoundError:
                continue
            if not is_in_use(path):
                return True
            attempt(os.unlink, path)  # whoever has it keeps it
        return False

    def _used(self) -> int:
        return sum(_folder_bytes(root) for root in self.roots())

    def _drop_spares(self) -> None:
        for root in self.roots():
            for _, spare in _sizes_in(os.path.join(root, SPARE_RESULTS)) + _sizes_in(os.path.join(root, SPARE_INPUTS)):
                attempt(os.unlink, spare)


def is_in_use(path: str) -> bool:
    """Whether anybody has a file open or mapped, or it has another name: the kernel gives no write lease on what others have open."""
    import fcntl

    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return True  # no plain file, or none at all
    try:
        facts = os.fstat(file)
        if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
            return True
        # Should somebody open it at this very moment, the signal that tells of it must be one that ends nobody.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False
    except OSError:
        return True
    finally:
        os.close(file)


def _sizes_in(folder: str) -> list[tuple[int, str]]:
    """The files of a folder that may be missing, and that others empty at any time."""
    found = []
    try:
        for entry in os.scandir(folder):
            found.append((entry.stat(follow_symlinks=False).st_size, entry.path))
    except FileNotFoundError:
        pass
    return found


def _free_bytes(folder: str) -> int:
    stats = os.statvfs(folder)
    return stats.f_bavail * stats.f_frsize


def _folder_bytes(folder: str) -> int:
    total = 0
    try:
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                total += _folder_bytes(entry.path)
            else:
                total += entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        pass  # the host has just removed it
    return total


def attempt(action: Callable[[str], None], path: str) -> None:
    try:
        action(path)
    except OSError:
        pass
\fscript_end
"""The end of a forked child, as Python ends a script."""

from __future__ import annotations

import atexit
import os
import sys
import threading

from .tracebacks import plugins_part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn, Optional


def end_as_script(error: Optional[BaseException] = None) -> NoReturn:
    """Ends a forked child as Python ends a script, which can only be done by hand: below are the frames of its parent."""
    code = 1
    try:
        code = _exit_code(error)
    finally:
        for end in (threading._shutdown, atexit._run_exitfuncs, flush_of(sys.stdout), flush_of(sys.stderr)):  # type: ignore[attr-defined]
            try:
                end()
            except BaseException:
                pass  # what can be told has been, by whom it concerns
        os._exit(code)


def _exit_code(error: Optional[BaseException]) -> int:
    """Says what is to be said of an exception that nobody has caught; gives the exit code."""
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xFF
        print(error.code, file=sys.stderr)
        return 1
    if error is None or isinstance(error, StopIteration):  # by which a coroutine returns
        return 0
    sys.excepthook(type(error), error.with_traceback(plugins_part(error)), error.__traceback__)
    return 1


def flush_of(stream: Any) -> Callable[[], None]:
    return getattr(stream, "flush", lambda: None)
\fseccomp late
"""seccomp: which system calls this process and its children may make, for what Landlock does not hold.

The filter is a program of the kernel's, which runs before each call. A call that it lets pass whatever its arguments are is
remembered by the kernel as such, and costs nothing.
"""

from __future__ import annotations

import errno

from .fast import socket
from .syscalls import Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    Net = Union[bool, "list[int]"]
    Program = "list[int]"

LOAD, EQUAL, AT_LEAST, AND, RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
ALLOW, ERROR, KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER_AT, MACHINE_AT, ARGUMENTS_AT = 0, 4, 16
X32 = 0x40000000
FIRST_UNKNOWN = 470  # of Linux 6.18. What a later kernel can do besides may lead out, and programs know how to do without.
LINE_BYTES = 8
GROUP = 8  # calls; no jump is wider than 255 lines

# What leads around the bounds, reaches other processes, or changes the system; with CAP_SYS_ADMIN as well as without.
REFUSED = (
    "acct add_key bpf chroot clock_settime delete_module fanotify_init finit_module fsconfig fsmount fsopen fspick init_module "
    "io_uring_enter io_uring_register io_uring_setup ioperm iopl ioprio_set kcmp kexec_file_load kexec_load keyctl modify_ldt mount "
    "mount_setattr move_mount mq_open mq_unlink msgctl msgget msgrcv msgsnd name_to_handle_at open_by_handle_at open_tree open_tree_attr "
    "perf_event_open pidfd_getfd pivot_root process_madvise process_mrelease process_vm_readv process_vm_writev ptrace quotactl "
    "quotactl_fd reboot request_key semctl semget semop semtimedop setdomainname sethostname setns settimeofday shmat shmctl shmget "
    "swapoff swapon syslog umount2 unshare userfaultfd vhangup"
).split()
# Landlock knows no right for what these change or watch, and the filter sees no path.
METADATA = (
    "chmod chown fchmodat fchmodat2 fchown fchownat file_setattr futimesat inotify_add_watch lchown lremovexattr lsetxattr "
    "removexattr removexattrat setxattr setxattrat utime utimes"
).split()
# They read what is kept beside a file by its path, or change it by a file that may only be read: an attribute lets others write.
# Whoever copies files does without where this is not supported.
ATTRIBUTES = "file_getattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr".split()
# A file that may only be read can be given a mode as well. None lets others write or run it as this user, or keeps the owner out.
WRONG_MODE, WANTED_MODE = 0o7022, 0o400
# Of these processes the caller itself is 0.
OWN_PROCESS = {"prlimit64": 0, "sched_setattr": 0, "sched_setparam": 0, "sched_setscheduler": 0}
SEND_FLAGS = {"sendto": 3, "sendmsg": 2, "sendmmsg": 3}
FAST_OPEN = 0x20000000  # connects without a question to Landlock
NEW_NAMESPACES = 0x7E020000
QUERY = 0xFFFFFFFF  # asks for the personality, and changes nothing
# Whoever makes a file gives it a mode as well: with these bits others would run it as this user.
RUNS_AS_OWNER = 0o6000
MODE_OF_OPEN, MODE_OF_NEW = {"open": 2, "openat": 3}, {"creat": 1, "mknod": 1, "mknodat": 2}  # the flags stand in front of the mode
MAKES_FILE = 0o20000100  # O_CREAT, O_TMPFILE; without them the mode is whatever stood there
# What they are told stands in memory, out of sight. Libraries then take the older calls.
OUT_OF_SIGHT = ("clone3", "openat2")
SET_LEASE = 1024  # has whoever writes to a file that may only be read wait
# TIOCSTI and TIOCLINUX type into a terminal. The third marks a file of FAT.
REFUSED_COMMANDS = (0x5412, 0x541C, 0x40047211)
# The second byte of a command says whose it is. File systems mark files that may only be read by theirs, make them such that nobody
# changes them again, or make folders: of ext4 and all ("f", "v"), XFS, bcachefs, Ceph, F2FS, btrfs.
OF_FILE_SYSTEMS = (0x6600, 0x7600, 0x5800, 0xBC00, 0x9700, 0xF500, 0x9400)
OWNER_OF_COMMAND = 0xFF00
CLONES = (0x40049409, 0x4020940D, 0xC0189436)  # copy within a file system, for whoever may write to the copy
REPLACES_PROTOCOL = 31  # TCP_ULP: a connection of "smc" is none of TCP to Landlock
KIND = 0xF  # of a socket, without its flags
STREAM, DATAGRAM, IN_ORDER = 1, 2, 5
UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
TCP = socket.IPPROTO_TCP


class Allowed:
    """What the filter lets pass besides what is nobody's concern."""

    def __init__(self, net: Net, run: bool, listen: bool) -> None:
        self.net = net
        self.run = run
        self.listen = listen


class Filter:
    """The program, as it is written."""

    def __init__(self, machine: Machine, allowed: Allowed) -> None:
        self._machine = machine
        self._refused = [call for call in map(machine.number, REFUSED + METADATA) if call]
        self._cases: dict[int, Program] = {}
        for name in ATTRIBUTES:
            self._case(name, [_fail(errno.EOPNOTSUPP)])
        for name in () if allowed.run else ("execve", "execveat"):
            self._case(name, [_fail(errno.EACCES)])
        for name in OUT_OF_SIGHT:
            self._case(name, [_fail(errno.ENOSYS)])
        self._case("clone", [*_argument(0, NEW_NAMESPACES), *_unless(0), _ALLOW])
        self._case("personality", [*_argument(0), _line(EQUAL, 0, 2, 0), *_unless(QUERY), _ALLOW])
        self._case("utimensat", [*_argument(1), *_unless(0), *_argument(1, high=True), *_unless(0), _ALLOW])
        mode_is_right = [*_argument(1, WRONG_MODE), *_unless(0), *_argument(1, WANTED_MODE), *_unless(WANTED_MODE)]
        self._case("fchmod", [*mode_is_right, _ALLOW])
        for name, place in MODE_OF_OPEN.items():
            makes_file = [*_argument(place - 1, MAKES_FILE), _line(EQUAL, 0, 0, 1), _ALLOW]
            self._case(name, [*makes_file, *_argument(place, RUNS_AS_OWNER), *_unless(0), _ALLOW])
        for name, place in MODE_OF_NEW.items():
            self._case(name, [*_argument(place, RUNS_AS_OWNER), *_unless(0), _ALLOW])
        self._case("fcntl", [*_argument(1), *_if(SET_LEASE, errno.EPERM), _ALLOW])
        self._case("setpriority", [*_argument(0), *_unless(0), *_argument(1), *_unless(0), _ALLOW])
        for name, place in OWN_PROCESS.items():
            self._case(name, [*_argument(place), *_unless(0), _ALLOW])
        self._case("ioctl", _commands())
        self._sockets(allowed.net, allowed.listen)

    def pack(self) -> bytes:
        """The program as the kernel reads it: the calls in the order of their numbers, in groups that a larger number passes over."""
        program = self._beginning()
        numbers = sorted([*self._refused, *self._cases])
        groups = [numbers[start : start + GROUP] for start in range(0, len(numbers), GROUP)]
        for group, following in zip(groups, [*groups[1:], [X32]]):
            lines = self._group(group)
            program += [_line(AT_LEAST, following[0], len(lines), 0), *lines]
        return b"".join([line.to_bytes(LINE_BYTES, "little") for line in [*program, _ALLOW]])

    def _group(self, group: list[int]) -> Program:
        """What is done about some calls, and about all between the first and the next group's."""
        refused = [call for call in group if call not in self._cases]
        lines = [
            line for call in group if call in self._cases for line in (_line(EQUAL, call, 0, len(self._cases[call])), *self._cases[call])
        ]
        lines += [_line(EQUAL, call, len(refused) - place) for place, call in enumerate(refused)]
        return [*lines, _ALLOW, _fail(errno.EPERM)]

    def _beginning(self) -> Program:
        """Another machine's calls have other numbers. What makes them is ended, for it could not even be told an error."""
        lines = [_line(LOAD, MACHINE_AT), _line(EQUAL, self._machine.audit_name, 1, 0), _line(RETURN, KILL_PROCESS), _line(LOAD, NUMBER_AT)]
        lines += [_line(AT_LEAST, X32, 0, 1), _fail(errno.EPERM)] if self._machine.has_x32 else []
        return [*lines, _line(AT_LEAST, FIRST_UNKNOWN, 0, 1), _fail(errno.ENOSYS)]

    def _case(self, name: str, then: Program) -> None:
        """What is done about a call. It comes to an end: what stands behind it is for other calls."""
        call = self._machine.number(name)
        if call:
            self._cases[call] = then

    def _sockets(self, net: Net, listen: bool) -> None:
        self._case(
            "socketpair", [*_argument(0), *_unless(UNIX), *_argument(1, KIND), _line(EQUAL, STREAM, 2, 0), *_unless(IN_ORDER), _ALLOW]
        )
        self._case("socket", [*(line for kind in _open_sockets(net, listen) for line in kind), _fail(errno.EACCES)])
        if net is True:
            return
        if not listen:
            self._case("listen", [_fail(errno.EACCES)])  # takes a port without a question to Landlock
        replaces = [*_argument(2), *_if(REPLACES_PROTOCOL, errno.EACCES)]
        self._case("setsockopt", [*_argument(1), _line(EQUAL, TCP, 0, len(replaces)), *replaces, _ALLOW])
        for name, place in SEND_FLAGS.items():
            self._case(name, [*_argument(place, FAST_OPEN), *_unless(0, errno.EACCES), _ALLOW])


def _commands() -> Program:
    """Which commands may be given to an open file."""
    refused = [line for command in REFUSED_COMMANDS for line in _if(command, errno.EPERM)]
    clones = [line for command in CLONES for line in (_line(EQUAL, command, 0, 1), _ALLOW)]
    unknown = [line for owner in OF_FILE_SYSTEMS for line in _if(owner, errno.ENOTTY)]
    return [*_argument(1), *refused, *clones, *_argument(1, OWNER_OF_COMMAND), *unknown, _ALLOW]


def _open_sockets(net: Net, listen: bool) -> list[Program]:
    """Which sockets may be made. Multipath TCP is a stream as well, and nothing to Landlock: the protocol has to be TCP's own."""
    if net is True:
        inet = [_socket(family, kind) for family in (INET, INET6) for kind in (STREAM, DATAGRAM)]
        return [*inet, [*_argument(0), _line(EQUAL, NETLINK, 0, 3), *_argument(2), _line(EQUAL, 0, 0, 1), _ALLOW]]
    return [_socket(family, STREAM, only_tcp=True) for family in (INET, INET6)] if net or listen else []


def _socket(family: int, kind: int, only_tcp: bool = False) -> Program:
    """Allows a kind of socket, and comes to its end for any other."""
    protocol = [*_argument(2), _line(EQUAL, 0, 1, 0), _line(EQUAL, TCP, 0, 1)] if only_tcp else []
    found = [*protocol, _ALLOW]
    kinds = [*_argument(1, KIND), _line(EQUAL, kind, 0, len(found)), *found]
    return [*_argument(0), _line(EQUAL, family, 0, len(kinds)), *kinds]


def _argument(place: int, mask: int = 0, high: bool = False) -> Program:
    load = _line(LOAD, ARGUMENTS_AT + 8 * place + 4 * high)
    return [load, _line(AND, mask)] if mask else [load]


def _unless(value: int, error: int = errno.EPERM) -> Program:
    return [_line(EQUAL, value, 1, 0), _fail(error)]


def _if(value: int, error: int) -> Program:
    return [_line(EQUAL, value, 0, 1), _fail(error)]


def _line(code: int, value: int, yes: int = 0, no: int = 0) -> int:
    """A line of the program: what to do with a value, and how many lines to pass over if that is so, and if it is not."""
    return code | yes << 16 | no << 24 | value << 32


def _fail(error: int) -> int:
    return _line(RETURN, ERROR | error)


_ALLOW = _line(RETURN, ALLOW)
\fsession
"""What the worker answers, whichever connection asks."""

from __future__ import annotations

from .call import Call
from .canceller import Canceller
from .client import Client
from .decoding import decode_object, restore_types
from .endpoint import Endpoint
from .endpoints import METHODS, PLAIN
from .error_bodies import describe
from .errors import Refusal
from .fast import compare_digest
from .forks import NO_NAMES
from .listening import is_loopback
from .open_calls import OpenCalls
from .plugin import Plugin
from .replies import Reply
from .requests import HttpRequest, Request, checked_id
from .spare_memory import SpareMemory
from .start_line import Start
from .worker_endpoints import WorkerEndpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, NoReturn, Optional, Union

    from .callbacks import Callbacks
    from .uploads import Upload

    Body = Dict[str, Any]


NO_ARGUMENTS: list[Any] = []


class Session:
    """Lets requests in, answers them, and makes calls of those that are calls."""

    def __init__(self, start: Start, plugin: Plugin, calls: OpenCalls, canceller: Canceller, watch: Callable[[Client], None]) -> None:
        self.scratch = start.scratch
        self.max_body_bytes = start.max_body_bytes
        self.watch = watch
        self.spare = SpareMemory()
        self.plain = PLAIN
        self.abandon = canceller.abandon
        self._plugin = plugin
        self._calls = calls
        self._canceller = canceller
        self._answers = WorkerEndpoints(start, plugin, calls, canceller, METHODS)
        self._is_tcp = not start.unix
        self._authorization = b"Bearer " + start.token.encode("utf-8")

    def admit(self, request: HttpRequest) -> None:
        """Turns strangers away."""
        given = request.headers.get("authorization", "").encode("latin-1")
        if not compare_digest(given, self._authorization):
            raise Refusal(401, "The request does not carry this worker's token", closes=True)
        if "origin" in request.headers:
            raise Refusal(403, "Requests from a browser page are not answered", closes=True)
        if self._is_tcp:
            hosts = [request.headers.get("host", ""), request.authority or "localhost"]
            if not all(map(is_loopback, hosts)):
                raise Refusal(403, "The host of the request is not a loopback name", closes=True)

    def is_quick(self, endpoint: Endpoint) -> bool:
        """Whether a question is answered at once, whatever the plugin's code does."""
        if endpoint.name in ("ready", "sources"):
            return endpoint.name == "ready" and self._plugin.loaded.is_set()
        return endpoint.answer is not None

    def answer(self, endpoint: Endpoint, text: Union[bytes, bytearray], reply: Reply) -> None:
        """Answers a question."""
        body = decode_object(text) if endpoint.verb == "POST" else {}
        try:
            reply.result(self._answer(endpoint, body))
        except Refusal:
            raise
        except Exception as error:
            reply.error(describe(error, self._plugin.name))

    def open_plain_call(self, endpoint: Endpoint, call_id: str, body: Body, connection: Any) -> Call:
        """Makes the call that a request as most are asks for."""
        call = Call(body, endpoint, None, call_id)
        call.connection = connection
        self._open(call, call_id)
        return call

    def open_call(self, request: Request, endpoint: Endpoint, text: Union[bytes, bytearray], reply: Reply) -> Call:
        """Makes the call that a request asks for."""
        call_id = checked_id(request.call_id, "call id")
        upload = request.upload
        body = decode_object(text) if upload is None else upload.body
        callbacks = self._callbacks(request, reply, call_id) if endpoint.takes_arguments and body.get("types") else None
        call = Call(_checked(endpoint, body, callbacks), endpoint, reply, call_id, request.trace)
        if callbacks is not None and not callbacks.is_empty:
            callbacks.call, call.callbacks = call, callbacks
        if upload is not None and not endpoint.keeps_inputs:
            call.inputs = upload.inputs
        if request.wants_lines and reply.frames:
            from .printed import follow

            follow(call)
        self._open(call, call_id)
        return call

    def _callbacks(self, request: Request, reply: Reply, call_id: str) -> Optional[Callbacks]:
        """What makes the functions of a call; None where it cannot have any."""
        if not reply.frames or not call_id:
            return None
        from .callbacks import Callbacks

        return Callbacks(self.scratch, request.files)

    def open_upload(self, request: Request) -> Upload:
        """Makes what takes a body with files. It is not read when something else stands against it."""
        from .uploads import Upload

        try:
            endpoint = request.endpoint()
            checked_id(request.call_id, "call id")
            if not endpoint.is_call or not self.scratch.disk:
                raise Refusal(400, "This worker takes no files" if endpoint.is_call else "This endpoint takes no files")
        except Refusal as refusal:
            refusal.closes = True
            raise
        return Upload(request.framing(), int(request.parts), self.scratch)

    def _open(self, call: Call, call_id: str) -> None:
        self._calls.open(call)
        if self._canceller.ahead and self._canceller.is_cancelled(call_id):
            self._canceller.abandon(call)

    def _answer(self, endpoint: Endpoint, body: Body) -> Any:
        if endpoint.answer is not None:
            return endpoint.answer(self._answers, body)
        return self._plugin.perform(Call(body, endpoint))


def _checked(endpoint: Endpoint, body: Body, callbacks: Optional[Callbacks]) -> Body:
    if endpoint.takes_arguments:
        if "types" in body:
            restore_types(body, {"function": _no_function if callbacks is None else callbacks.function})
        if type(body.get("args", NO_ARGUMENTS)) is not list:
            raise Refusal(400, '"args" is not an array')
        if type(body.get("kwargs", NO_NAMES)) is not dict:
            raise Refusal(400, '"kwargs" is not an object')
    return body


def _no_function(value: Any, pointer: str) -> NoReturn:
    raise Refusal(400, f'"types" names a function at "{pointer}", which only a call with an id and a framed reply may have')
\fshelf
"""Frames that are held back."""

from __future__ import annotations

import mmap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Union

    Body = Dict[str, Any]

SHELF_SLOTS = 32  # with more replies than this that hold frames back at once, further ones do not
SLOT_BYTES = 8192
SLOT_HEAD = 24


class Shelf:
    """Frames that are held back, in memory that the supervisor shares, which tells the host of them when this process has ended.

    A slot begins with three numbers: how many bytes of the connection were sent before, how long the connection's name is, and
    how many bytes of frames lie there. The last one is written last, for the process may end between any two instructions.
    """

    def __init__(self) -> None:
        self._free = list(range(SHELF_SLOTS))
        self._use(mmap.mmap(-1, SHELF_SLOTS * SLOT_BYTES))

    def _use(self, memory: Union[mmap.mmap, bytearray]) -> None:
        self.bytes = memory
        self.numbers = memoryview(memory).cast("Q")

    def take(self, connection: bytes, sent: int) -> Optional[Slot]:
        """A slot for the frames of a connection on which this many bytes have been sent; None when there is no free one."""
        try:
            return Slot(self, self._free.pop(), connection, sent)
        except IndexError:
            return None

    def put_back(self, slot: int) -> None:
        """Makes a slot free for the next one."""
        self._free.append(slot)

    def leave(self) -> None:
        """For a forked child, which has nothing to tell the host: what it writes here from now on nobody sees."""
        self._use(bytearray(SHELF_SLOTS * SLOT_BYTES))

    def list_held(self) -> list[Body]:
        """What lies here, as the farewell tells it."""
        found = []
        for start in range(0, SHELF_SLOTS * SLOT_BYTES, SLOT_BYTES):
            sent, name_bytes, frame_bytes = self.numbers[start // 8 : start // 8 + 3]
            if frame_bytes:
                name, data = start + SLOT_HEAD, start + SLOT_HEAD + name_bytes
                texts = (self.bytes[name:data], self.bytes[data : data + frame_bytes])
                connection, frames = (bytes(text).decode("utf-8", "replace") for text in texts)
                found.append({"connection": connection, "at": sent, "frames": frames})
        return found


class Slot:
    """The frames of one reply that are held back."""

    __slots__ = ("_shelf", "_number", "_length", "_first", "_filled", "_end")

    def __init__(self, shelf: Shelf, number: int, connection: bytes, sent: int) -> None:
        start = number * SLOT_BYTES
        self._shelf = shelf
        self._number = number
        self._length = start // 8 + 2
        self._first = self._filled = start + SLOT_HEAD + len(connection)
        self._end = start + SLOT_BYTES
        shelf.numbers[start // 8], shelf.numbers[start // 8 + 1] = sent, len(connection)
        shelf.bytes[start + SLOT_HEAD : self._first] = connection

    def add(self, frame: bytes) -> bool:
        """Keeps a frame, if it has room here."""
        end = self._filled + len(frame)
        if end > self._end:
            return False
        self._shelf.bytes[self._filled : end] = frame
        self._filled = end
        self._shelf.numbers[self._length] = end - self._first
        return True

    def read(self) -> bytes:
        """All frames that are kept."""
        return self._shelf.bytes[self._first : self._filled]

    def give_back(self) -> None:
        """They have been sent."""
        self._shelf.numbers[self._length] = 0
        self._shelf.put_back(self._number)
\fsignatures late
"""What a plugin's methods take and give, as JSON Schema: section 3 of docs/protocol.md, \`GET /signatures\`.

It imports nothing of the plugin's: a hint that names numpy or pydantic can only exist when the plugin has imported them.
"""

from __future__ import annotations

import collections.abc as abc
import inspect
import typing

from .docstrings import read_docstring
from .hint_names import Schema, Scope
from .type_hints import GENERATORS, ITERABLES, UNKNOWN, Hints, array_of, is_plain


def describe_signatures(plugin: typing.Any, names: typing.Iterable[str], batches: bool) -> Schema:
    """The signatures of the plugin's \`execute\` and \`execute_stream\`, as their endpoints behave, and of the methods of these names."""
    execute, stream, batch = (getattr(plugin, name, None) for name in ("execute", "execute_stream", "execute_batch"))
    told: Schema = {}
    if batches and not callable(execute) and callable(batch):
        item = describe_batch(batch)
        told["execute"] = item
        if not callable(stream):
            told["execute_stream"] = {"chunk" if key == "result" else key: value for key, value in item.items()}
    if callable(execute):
        told["execute"] = _describe(execute, "result")
    if callable(stream):
        told["execute_stream"] = _describe(stream, "chunk", is_stream=True)
    elif callable(execute):  # then the stream is what \`execute\` gives
        told["execute_stream"] = _describe(execute, "chunk")
    found = [(name, getattr(plugin, name, None)) for name in names]
    methods = {name: _describe_method(method) for name, method in found if callable(method)}
    return dict(told, methods=methods) if methods else told


def _describe_method(method: typing.Callable[..., typing.Any]) -> Schema:
    """A method by its name: both of what it gives as a whole and of what it gives one by one, where it does that."""
    function = inspect.unwrap(method)
    told = _describe(method, "result")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        told["chunk"] = _describe(method, "chunk").get("chunk", UNKNOWN)
    return told


def _describe(method: typing.Callable[..., typing.Any], given: str, is_stream: bool = False) -> Schema:
    function = inspect.unwrap(method)
    scope: Scope = getattr(function, "__globals__", {})
    description, arguments, result = read_docstring(inspect.getdoc(method) or "")
    told: Schema = {"description": description} if description else {}
    try:
        signature = _signature(method)
    except (TypeError, ValueError):  # what C code defines need not have one
        return told
    told.update(_arguments(signature, scope, arguments))
    outcome, is_items = _outcome(signature.return_annotation, function, scope, is_stream)
    if result and outcome:
        outcome = dict(outcome, description=result)
    told[given] = _listed(outcome) if is_items and given == "result" else outcome
    return told


def describe_batch(method: typing.Callable[..., typing.Any]) -> Schema:
    """What each call takes and gives that \`execute_batch\` answers: an item of what it is given, and of what it gives."""
    told = _describe(method, "result")
    given = told.get("result", UNKNOWN)
    told["result"] = _definitions_of(given, given.get("items", UNKNOWN))
    items: Schema = next(iter(told.get("arguments", {}).get("properties", {}).values()), {})
    fields = _definitions_of(told.get("arguments", {}), _followed(items.get("items", {}), told.get("arguments", {})))
    told["arguments"] = fields if fields.get("type") == "object" else {"type": "object"}
    return told


def _followed(schema: Schema, holder: Schema) -> Schema:
    """What a reference leads to."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return holder.get("$defs", {}).get(name, schema) if name else schema


def _definitions_of(holder: Schema, part: Schema) -> Schema:
    """A part of a schema, with the definitions of the whole."""
    return dict(part, **({"$defs": holder["$defs"]} if "$defs" in holder else {})) if part else UNKNOWN


def _signature(method: typing.Callable[..., typing.Any]) -> inspect.Signature:
    try:
        return inspect.signature(method)
    except NameError:  # Python 3.14 evaluates hints only now, and some name what is imported for type checkers alone
        from annotationlib import Format  # type: ignore[import-not-found]

        return inspect.signature(method, annotation_format=Format.FORWARDREF)  # type: ignore[call-arg]


def _arguments(signature: inspect.Signature, scope: Scope, descriptions: typing.Mapping[str, str]) -> Schema:
    hints = Hints(gives=False)
    named: Schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    positional: Schema = {"type": "array", "prefixItems": [], "items": False}
    needed = 0
    for parameter in signature.parameters.values():
        schema = dict(hints.schema(parameter.annotation, scope))
        if parameter.name in descriptions:
            schema["description"] = descriptions[parameter.name]
        if parameter.default is not parameter.empty and is_plain(parameter.default):
            schema["default"] = parameter.default
        if parameter.kind is parameter.VAR_KEYWORD:
            named["additionalProperties"] = schema or True
        elif parameter.kind is parameter.VAR_POSITIONAL:
            positional["items"] = schema or True
        elif parameter.kind is parameter.POSITIONAL_ONLY:
            positional["prefixItems"].append(schema)
            needed += parameter.default is parameter.empty
        else:
            named["properties"][parameter.name] = schema
            if parameter.default is parameter.empty:
                named["required"].append(parameter.name)
    told = {"arguments": dict(named, **hints.definitions())}
    if positional["prefixItems"] or positional["items"]:
        told["positional"] = dict(positional, minItems=needed, **hints.definitions())
    return told


def _outcome(hint: typing.Any, function: typing.Any, scope: Scope, is_stream: bool) -> typing.Tuple[Schema, bool]:
    """What a method gives: of a stream, and of a generator, it is each item."""
    hints = Hints(gives=True)
    hint = hints.resolve(hint, scope)
    if typing.get_origin(hint) in (abc.Awaitable, abc.Coroutine):
        hint = hints.resolve((typing.get_args(hint) or (typing.Any,))[-1], scope)
    origin = typing.get_origin(hint) or hint
    is_generator = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function) or origin in GENERATORS
    is_items = is_stream or is_generator
    if is_items:
        hint = (typing.get_args(hint) or (typing.Any,))[0] if origin in ITERABLES else typing.Any
    schema = hints.schema(hint, scope)
    return (dict(schema, **hints.definitions()) if schema else UNKNOWN), is_items


def _listed(item: Schema) -> Schema:
    """A list of items, whose definitions stay at the top."""
    inner = {key: value for key, value in item.items() if key != "$defs"}
    return dict(array_of(inner), **({"$defs": item["$defs"]} if "$defs" in item else {}))
\fsources late
"""Which files of the plugin's own code have been imported: a host that reloads an edited plugin watches them."""

from __future__ import annotations

import os
import sys

from .library import attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

INSTALLED = ("site-packages", "dist-packages")
# Bytecode names its source by whole seconds and by length alone, so that one more edit in that second may be taken for the one before.
SHORTLY_S = 2


def own_files(plugin: dict[str, Any]) -> list[str]:
    """The files of modules that lie below the plugin's folders. What is installed is not the plugin's own."""
    folders = [_absolute(folder) for folder in plugin.get("path") or []]
    top = sys.modules.get(plugin["module"].partition(".")[0])
    folders += [os.path.dirname(file) for file in _file_of(top)]
    own = {file: module for module in list(sys.modules.values()) for file in _file_of(module) if _is_own(file, folders)}
    for file, module in own.items():
        _forget_bytecode(file, module)
    return sorted(own)


def _file_of(module: Any) -> Iterator[str]:
    names = attribute(module, "__dict__")  # a module may have a \`__getattr__\` that is the plugin's code
    file = names.get("__file__") if isinstance(names, dict) else None
    # One that is gone counts, for it may come again. What lies in a zip has no folder.
    if isinstance(file, str) and os.path.isdir(os.path.dirname(_absolute(file))):
        yield _absolute(file)


def _absolute(path: str) -> str:
    return os.path.normpath(os.path.join(os.getcwd(), path))


def _is_own(file: str, folders: list[str]) -> bool:
    library = os.path.dirname(os.__file__)
    is_installed = any(part in INSTALLED for part in file.split(os.sep)) or _is_below(file, library)
    return not is_installed and any(_is_below(file, folder) for folder in folders)


def _is_below(file: str, folder: str) -> bool:
    return file.startswith(folder.rstrip(os.sep) + os.sep)


def _forget_bytecode(file: str, module: Any) -> None:
    """Removes bytecode that could be taken for that of the next edit."""
    cached = attribute(attribute(module, "__spec__"), "cached")
    try:
        if cached and os.stat(cached).st_mtime - os.stat(file).st_mtime < SHORTLY_S:
            os.remove(cached)
    except (OSError, TypeError, ValueError):
        pass
\fspare_memory
"""The memory that a large value leaves, which the next one takes."""

from __future__ import annotations

LARGE = 128 * 1024  # from here on the C library gives a value's memory back to the system at once
MOST_KEPT = 8 * 1024 * 1024


class SpareMemory:
    """Has the C library keep memory of large values. To get it from the system once more takes longer than all else that is done with them.

    glibc takes the size of what is freed for one that will come again: from then on it keeps memory of up to twice that size.
    """

    _is_kept = False

    def keep(self) -> None:
        """A large value has come or goes."""
        if not self._is_kept:
            self._is_kept = True
            try:
                bytearray(MOST_KEPT)
            except MemoryError:
                pass  # the plugin may have little
\fstand_ins late
"""What stands in for functions of the library that would not work within bounds, for what the bounds allow."""

from __future__ import annotations

import builtins
import mmap
import os
import sys
import threading

from .kernel import Long, address_of, c_function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SEMAPHORE_BYTES = 32  # of all known C libraries, where a register has 64 bits


def stand_in_for(module: str) -> None:
    """Prepares what a module of \`multiprocessing\` is about to be made of, or the module itself."""
    if module == "multiprocessing.synchronize":
        made_of = builtins.__import__("_multiprocessing")
        made_of.SemLock = semaphores_in_memory(made_of.SemLock)
    elif module == "multiprocessing.heap":
        builtins.__import__(module)
        sys.modules[module].Arena._dir_candidates = []  # it takes the temporary folder then


def semaphores_in_memory(named: Any) -> type:
    """Makes the semaphores of forked processes in memory that they share. Those that have a name are files in a folder of all processes."""
    memory = SharedMemory()

    class SemLock:
        SEM_VALUE_MAX = named.SEM_VALUE_MAX
        _rebuild = named._rebuild

        def __new__(cls, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> Any:
            if not unlink:  # a process that is no fork finds it by its name
                return named(kind, value, maxvalue, name, unlink)
            return named._rebuild(memory.make_semaphore(value), kind, maxvalue, None)

    return SemLock


class SharedMemory:
    """Memory that this process shares with those that it forks. What is taken of it is not given back: it is 32 bytes a semaphore."""

    def __init__(self) -> None:
        self._initialize = c_function("sem_init")
        self._pages: list[mmap.mmap] = []  # which are not to end
        self._renew()
        os.register_at_fork(after_in_child=self._renew)  # its parent goes on with the page that they share

    def make_semaphore(self, value: int) -> int:
        """Gives the address of a new semaphore."""
        with self._lock:
            if self._taken + SEMAPHORE_BYTES > mmap.PAGESIZE:
                self._page, self._taken = mmap.mmap(-1, mmap.PAGESIZE), 0
                self._pages.append(self._page)
            address = address_of(self._page, self._taken)
            self._taken += SEMAPHORE_BYTES
        self._initialize(Long(address), Long(1), Long(value))
        return address

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._taken = mmap.PAGESIZE
\fstart_line
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
    while b"\\n" not in text and len(text) <= MAX_START_LINE:
        piece = os.read(0, 65536)
        if not piece:
            raise BadStart("Standard input ended before the start line did")
        text += piece
    line = text.partition(b"\\n")[0]
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
    data = encode(dict(message, protocol=PROTOCOL)) + b"\\n"
    while data:
        data = data[os.write(hello, data) :]
    os.close(hello)
\fsupervisor
"""The supervisor: the process that the host has started, which leaves nothing behind. Section 2 of docs/protocol.md."""

from __future__ import annotations

import errno
import gc
import os
import select
import stat
import sys
import threading
import time

from .descriptors import LOST_DESCRIPTORS
from .fast import signal, socket
from .logs import log
from .memory_watch import MemoryWatch
from .scratch import attempt
from .shelf import Shelf
from .start_line import Start, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, NoReturn, Optional

    from .limits import Limits

    Body = Dict[str, Any]

REAP_TIMEOUT_S = 2.0


def fork_worker(hello: int, start: Start, shelf: Shelf, limits: Optional[Limits]) -> int:
    """Forks. Comes back in the worker alone, with the end of a pipe that is open for as long as the supervisor lives.

    The process that the host started becomes the supervisor. It has one duty, which no plugin can keep it from: when
    the host or the worker is gone it leaves nothing behind.
    """
    if os.getpgrp() != os.getpid():
        os.setsid()
    lifeline, held = os.pipe()
    gc.freeze()  # a collection would write to each of the objects that both processes share
    worker = os.fork()
    if worker != 0:
        os.close(lifeline)
        supervise(worker, hello, start, shelf, limits)
    os.register_at_fork(after_in_child=shelf.leave)
    os.close(held)
    os.setpgid(0, 0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a KeyboardInterrupt in the middle of some call helps nobody
    return lifeline


def supervise(worker: int, farewell: int, start: Start, shelf: Shelf, limits: Optional[Limits]) -> NoReturn:
    """Waits for the host's end or the worker's, whichever comes first, clears up, and ends as the worker did."""
    memory = MemoryWatch(groups=[group.path for group in limits.groups] if limits is not None else ())
    try:
        os.setpgid(worker, worker)
    except OSError:
        pass  # the worker was faster
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: kill_group(worker, number))
    is_gone = threading.Event()
    threading.Thread(target=watch_host, args=(worker, is_gone), daemon=True).start()
    adopt_orphans()
    status = wait_for(worker)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == LOST_DESCRIPTORS:
        log("the plugin has closed a file descriptor of the worker's own, as os.closerange(3, 256) does, so that no call can be answered")
    kill_group(worker, signal.SIGKILL)
    kill_children()
    say_farewell(farewell, status, memory, shelf)
    if limits is not None:
        limits.remove()
    if is_gone.is_set() or is_hung_up(0):
        remove_files(start)
    if os.WIFSIGNALED(status):
        die_by(os.WTERMSIG(status))
    os._exit(os.WEXITSTATUS(status))


def say_farewell(farewell: int, status: int, memory: MemoryWatch, shelf: Shelf) -> None:
    """Tells the host what it cannot see of the worker's end. That nothing was held back is worth telling, too."""
    told: Body = {"held": shelf.list_held()}
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and memory.somebody_was_killed():
        told["out_of_memory"] = True
    try:
        say(farewell, {"farewell": told})
    except OSError:
        pass  # the host has gone as well


def watch_host(worker: int, is_gone: threading.Event) -> None:
    """Reads standard input to its end, which is the host's."""
    try:
        while os.read(0, 65536):
            pass
    except OSError:
        pass
    is_gone.set()
    kill_group(worker, signal.SIGKILL)


def is_hung_up(pipe: int) -> bool:
    """Whether the other end of a pipe is closed, though that may not have been read yet."""
    try:
        events = select.poll()
        events.register(pipe, 0)
        return bool(events.poll(0))
    except OSError:
        return True


def adopt_orphans() -> None:
    """Makes Linux hand this process what the worker's descendants leave behind, also after a setsid()."""
    if sys.platform != "linux":
        return
    try:
        from .kernel import Long, c_function

        pr_set_child_subreaper = 36
        c_function("prctl")(*map(Long, (pr_set_child_subreaper, 1, 0, 0, 0)))
    except (ImportError, OSError, AttributeError):
        pass  # the group is killed all the same


def wait_for(worker: int) -> int:
    """Waits until the worker has ended, and reaps orphans on the way."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == worker:
            return status


def kill_group(group: int, number: int) -> None:
    """Sends a signal to a process group that may be gone."""
    try:
        os.killpg(group, number)
    except OSError:
        pass


def kill_children() -> None:
    """Kills and reaps what was left to this process; children of the killed ones are left to it in turn."""
    deadline = time.monotonic() + REAP_TIMEOUT_S
    while time.monotonic() < deadline:
        for child in list_children():
            try:
                os.kill(child, signal.SIGKILL)
            except OSError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)


def remove_files(start: Start) -> None:
    """Removes the worker's socket and its folder for a host that is gone. One that lives reads what was sent first."""
    if start.unix and is_left_socket(start.unix):
        attempt(os.unlink, start.unix)
    if start.folder:
        from .private_folder import is_private_folder, remove_private

        for folder in filter(None, (start.folder, start.scratch.memory)):
            if is_private_folder(folder):
                remove_private(folder)


def is_left_socket(path: str) -> bool:
    """Whether this user's socket is there and nobody listens at it: another worker may have the path by now."""
    try:
        status = os.lstat(path)
        if not stat.S_ISSOCK(status.st_mode) or status.st_uid != os.geteuid():
            return False
        probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            probe.setblocking(False)
            return probe.connect_ex(path) == errno.ECONNREFUSED
        finally:
            probe.close()
    except OSError:
        return False


def list_children() -> list[int]:
    """The processes whose parent this one is, where the system tells."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as children:
            return [int(pid) for pid in children.read().split()]
    except OSError:
        return []


def die_by(number: int) -> NoReturn:
    """Ends this process by the signal that ended the worker, without a second core file."""
    if number != signal.SIGKILL:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)
\fsurface late
"""The public members of a plugin's class."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]


def describe_surface(kind: type) -> Body:
    """The public members of a class, as the original tells them for the matching of its task adapters."""
    import inspect

    surface: dict[str, list[Any]] = {"methods": [], "properties": [], "attributes": []}
    for name in sorted(dir(kind)):
        member = inspect.getattr_static(kind, name)
        function = getattr(member, "__func__", member)
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            surface["properties"].append(name)
        elif inspect.isfunction(function):
            signature = inspect.signature(function)
            params = [parameter for parameter in signature.parameters if parameter != "self"]
            surface["methods"].append({"name": name, "signature": str(signature), "params": params})
        else:
            surface["attributes"].append({"name": name, "type": type(member).__name__})
    return surface
\fsyscalls late
"""The numbers of the system calls that bounds are about."""

from __future__ import annotations

import os

from .errors import CannotBind

X86_64, AARCH64 = 0xC000003E, 0xC00000B7  # what the filter is told of the machine that makes a call

# Name, number of x86_64, number of aarch64; 0 where a machine has no such call. From 424 on all have the same.
NUMBERS = """
acct 163 89
add_key 248 217
bpf 321 280
capget 125 90
capset 126 91
chmod 90 0
chown 92 0
chroot 161 51
clock_settime 227 112
clone 56 220
clone3 435 435
close_range 436 436
creat 85 0
delete_module 176 106
execve 59 221
execveat 322 281
fanotify_init 300 262
fchmod 91 52
fchmodat 268 53
fchmodat2 452 452
fchown 93 55
fchownat 260 54
fcntl 72 25
file_getattr 468 468
file_setattr 469 469
finit_module 313 273
fremovexattr 199 16
fsconfig 431 431
fsetxattr 190 7
fsmount 432 432
fsopen 430 430
fspick 433 433
futimesat 261 0
getxattr 191 8
getxattrat 464 464
init_module 175 105
inotify_add_watch 254 27
io_uring_enter 426 426
io_uring_register 427 427
io_uring_setup 425 425
ioctl 16 29
ioperm 173 0
iopl 172 0
ioprio_set 251 30
kcmp 312 272
kexec_file_load 320 294
kexec_load 246 104
keyctl 250 219
lchown 94 0
lgetxattr 192 9
listen 50 201
listxattr 194 11
listxattrat 465 465
llistxattr 195 12
lremovexattr 198 15
lsetxattr 189 6
mknod 133 0
mknodat 259 33
modify_ldt 154 0
mount 165 40
mount_setattr 442 442
move_mount 429 429
mq_open 240 180
mq_unlink 241 181
msgctl 71 187
msgget 68 186
msgrcv 70 188
msgsnd 69 189
name_to_handle_at 303 264
open 2 0
open_by_handle_at 304 265
open_tree 428 428
open_tree_attr 467 467
openat 257 56
openat2 437 437
perf_event_open 298 241
personality 135 92
pidfd_getfd 438 438
pivot_root 155 41
prctl 157 167
prlimit64 302 261
process_madvise 440 440
process_mrelease 448 448
process_vm_readv 310 270
process_vm_writev 311 271
ptrace 101 117
quotactl 179 60
quotactl_fd 443 443
reboot 169 142
removexattr 197 14
removexattrat 466 466
request_key 249 218
sched_setattr 314 274
sched_setparam 142 118
sched_setscheduler 144 119
seccomp 317 277
semctl 66 191
semget 64 190
semop 65 193
semtimedop 220 192
sendmmsg 307 269
sendmsg 46 211
sendto 44 206
setdomainname 171 162
sethostname 170 161
setns 308 268
setpriority 141 140
setsockopt 54 208
settimeofday 164 170
setxattr 188 5
setxattrat 463 463
shmat 30 196
shmctl 31 195
shmget 29 194
socket 41 198
socketpair 53 199
swapoff 168 225
swapon 167 224
syslog 103 116
umount2 166 39
unshare 272 97
userfaultfd 323 282
utime 132 0
utimensat 280 88
utimes 235 0
vhangup 153 58
"""


class Machine:
    """The machine that this runs on, as its kernel's calls know it."""

    def __init__(self) -> None:
        name = os.uname().machine
        if name not in ("x86_64", "aarch64"):
            raise CannotBind(f"the system calls of a machine of the kind {name} are not known")
        is_x86 = name == "x86_64"
        self.audit_name = X86_64 if is_x86 else AARCH64
        self.has_x32 = is_x86  # a second set of numbers for the same calls
        words = NUMBERS.split()
        self._numbers = dict(zip(words[::3], words[1 if is_x86 else 2 :: 3]))

    def number(self, name: str) -> int:
        """The number of a call; 0 when this machine has none of the name."""
        return int(self._numbers.get(name, 0))
\ftables late
"""Tables and pictures, which travel as files: section 7 of docs/protocol.md.

Nothing is imported to recognize them: a value of such a class can only exist when its library is loaded.
"""

from __future__ import annotations

import io
import os
import sys

from .errors import UnfitFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Callable, Optional

ARROW_TYPE = "application/vnd.apache.arrow.file"
ARROW_MAGIC = b"ARROW1"
PASSED_ON = (UnfitFile, OSError, MemoryError)  # what says all, or is not the value's fault


class Form:
    """A value as a file: about how long that is, and what writes it."""

    def __init__(
        self,
        size: int,
        write: Callable[[Any], Any],
        suffix: str = ".arrow",
        media_type: str = ARROW_TYPE,
    ) -> None:
        self.size = size
        self.write = write
        self.suffix = suffix
        self.media_type = media_type


def has_form(value: Any) -> bool:
    """Whether a value is a table or a picture."""
    kind = type(value)
    if kind not in _makers:
        _makers[kind] = _find_maker(kind)
    return _makers[kind] is not None


def form_of(value: Any) -> Form:
    """A table or a picture as a file."""
    make = _makers[type(value)]
    assert make is not None
    try:
        return make(value)
    except ImportError as error:
        raise UnfitFile(f'is of type "{type(value).__name__}", and {error}') from None
    except PASSED_ON:
        raise
    except Exception as error:  # each library has its own
        raise cannot_be_written(value, error) from error


def cannot_be_written(value: Any, error: Exception) -> UnfitFile:
    """What a library says of a value that its format cannot hold."""
    kind = type(value)
    what = "a PNG file" if kind.__module__.startswith("PIL.") else "an Arrow file"
    return UnfitFile(f'is of type "{kind.__name__}" and cannot be written as {what}: {type(error).__name__}: {error}')


def load_pyarrow() -> Any:
    """pyarrow, which a plugin need not have imported itself: pandas does that only where it finds it."""
    try:
        return sys.modules.get("pyarrow") or __import__("pyarrow")
    except ImportError:
        how = f'Install it in the plugin\\'s environment: "{sys.executable} -m pip install pyarrow"'
        raise ImportError(f"a table of pandas travels as an Arrow file, which takes pyarrow. {how}") from None


def _frame_form(frame: Any) -> Form:
    return _table_form(load_pyarrow().Table.from_pandas(frame))


def _batch_form(batch: Any) -> Form:
    return _table_form(sys.modules["pyarrow"].Table.from_batches([batch]))


def _table_form(table: Any) -> Form:
    whole = table.unify_dictionaries()  # a file has one for each column

    def write(file: BinaryIO) -> None:
        with sys.modules["pyarrow"].ipc.new_file(file, whole.schema) as writer:
            writer.write_table(whole)

    return Form(whole.nbytes, write)


def _polars_form(frame: Any) -> Form:
    levels = getattr(sys.modules["polars"], "CompatLevel", None)  # others than the newest readers know only the oldest types
    options = {} if levels is None else {"compat_level": levels.oldest()}

    def write(file: BinaryIO) -> None:
        if not isinstance(file, io.FileIO):
            frame.write_ipc(file, **options)
            return
        frame.write_ipc(file.name, **options)
        file.seek(0, os.SEEK_END)

    return Form(frame.estimated_size(), write)


def _picture_form(picture: Any) -> Form:
    frames = getattr(picture, "n_frames", 1)
    if frames > 1:
        advice = "Save it in self.scratch_folder(), and return its Path"
        raise UnfitFile(f"is a picture of {frames} frames, and a PNG file has one. {advice}")
    buffer = io.BytesIO()
    # It says how a photograph is turned, and Pillow leaves it out. In what was made of an opened picture it may not be true any more.
    exif = picture.info.get("exif") if picture.format else None
    try:
        picture.save(buffer, "PNG", exif=exif)
    except OSError as error:
        advice = 'Return its convert("RGB"), or its numbers as a numpy array'
        raise UnfitFile(f'is a picture of the mode "{picture.mode}" that cannot be written as PNG: {error}. {advice}') from error
    data = buffer.getbuffer()
    return Form(data.nbytes, lambda file: file.write(data), ".png", "image/png")


def _refuse_derived(value: Any) -> Form:
    kind = type(value)
    base = next(base for base in kind.__mro__ if _is_known(base))
    advice = f"Return {base.__module__.partition('.')[0]}.{base.__name__}() of it, and beside it what it says besides"
    raise UnfitFile(f'is of type "{kind.__name__}", which may say more than the {base.__name__} that it is derived from. {advice}')


# Each with a member that it is used by: what has only the name, or is too old, is no table here.
KINDS: tuple[tuple[str, str, str, Callable[[Any], Form]], ...] = (
    ("pandas", "DataFrame", "columns", _frame_form),
    ("pyarrow", "Table", "unify_dictionaries", _table_form),
    ("pyarrow", "RecordBatch", "schema", _batch_form),
    ("polars", "DataFrame", "write_ipc", _polars_form),
    ("PIL.Image", "Image", "save", _picture_form),
)
_makers: dict[type, Optional[Callable[[Any], Form]]] = {}


def _find_maker(kind: type) -> Optional[Callable[[Any], Form]]:
    for library, name, member, make in KINDS:
        base = getattr(sys.modules.get(library), name, None)
        if isinstance(base, type) and issubclass(kind, base) and hasattr(base, member):
            return make if _top(kind.__module__) == _top(library) else _refuse_derived
    return None


def _is_known(kind: type) -> bool:
    return any(kind is getattr(sys.modules.get(library), name, None) for library, name, *_ in KINDS)


def _top(module: str) -> str:
    return module.partition(".")[0]
\ftarget
"""What the start line names as the plugin: a class, a function, or what a script has."""

from __future__ import annotations

import builtins
import os
import sys

from .conversions import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Callable, Dict

    Body = Dict[str, Any]

SCRIPT_ENDINGS = (".py", ".pyw")
# By what Python or a library gives it, a class holds data and does nothing: a dataclass, a named tuple, a TypedDict, a protocol, a model.
MARKS_OF_DATA = ("__dataclass_fields__", "_fields", "__total__", "_is_protocol", "model_json_schema")


class FunctionPlugin:
    """A function as a plugin. The worker's helpers become attributes of the function, where its code finds them."""

    def __init__(self, function: Callable[..., Any]) -> None:
        vars(self)["execute"] = function

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["execute"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(vars(self)["execute"], name, value)


def make_plugin(target: Body) -> Any:
    """Imports what the start line names, and makes the plugin's object of it."""
    module = import_module(target["module"])
    if target.get("entry") is not None:
        return _made(module, _entry_name(module, target["entry"]), target["module"])
    if target.get("function") is not None:
        return FunctionPlugin(_function(module, target["function"]))
    return _class(module, target["class"])()


def import_module(module: str) -> ModuleType:
    """Imports a module by its import path, or a script by its own."""
    if module.endswith(SCRIPT_ENDINGS) and os.path.isabs(module):
        return _import_script(module)
    builtins.__import__(module)
    return sys.modules[module]


def find(module: ModuleType, name: str, what: str) -> Any:
    """What a module has by this name."""
    if not hasattr(module, name):
        names = _candidates(module)
        has = f". It has {_listed(names)}" if names else ""
        raise AttributeError(f'The module "{module.__name__}" has no {what} "{name}"{has}')
    return getattr(module, name)


def _function(module: ModuleType, name: str) -> Callable[..., Any]:
    function = find(module, name, "function")
    if isinstance(function, type):
        raise TypeError(f'"{name}" is a class. Name it as "class" in the manifest')
    if not callable(function):
        raise TypeError(f'"{name}" is no function, but a value of the type {to_json(type(function).__name__)}')
    checked: Callable[..., Any] = function
    return checked


def _class(module: ModuleType, name: str) -> Callable[[], Any]:
    made = find(module, name, "class")
    if not callable(made):
        raise TypeError(f'"{name}" is no class, but a value of the type {to_json(type(made).__name__)}')
    if not isinstance(made, type) and hasattr(type(made), "__get__"):
        raise TypeError(f'"{name}" is a function. Name it as "function" in the manifest')
    checked: Callable[[], Any] = made
    return checked


def _made(module: ModuleType, name: str, path: str) -> Any:
    value = find(module, name, "class or function")
    return value() if isinstance(value, type) else FunctionPlugin(_function(module, name))


def _entry_name(module: ModuleType, entry: Any) -> str:
    """The name of the one class or function that a script has. A class with \`execute\` goes before all else."""
    if isinstance(entry, str):
        return entry
    names = _candidates(module)
    plugins = [name for name in names if _is_plugin_class(getattr(module, name))]
    for chosen in (plugins, [name for name in names if name != "main"], names):
        if len(chosen) == 1:
            return chosen[0]
    file = os.path.basename(str(module.__file__))
    if not names:
        raise LookupError(f'"{file}" has no class and no function whose name begins without "_"')
    raise LookupError(f'"{file}" has several classes and functions: {_listed(names)}. Name the one that is meant, as "{file}#{names[0]}"')


def _candidates(module: ModuleType) -> list[str]:
    """The names of the public classes and functions that a module has written itself."""
    exported = getattr(module, "__all__", None)
    if isinstance(exported, (list, tuple)):
        return [name for name in exported if isinstance(name, str) and callable(getattr(module, name, None))]
    return [name for name, value in vars(module).items() if not name.startswith("_") and _is_own(module, value)]


def _is_own(module: ModuleType, value: Any) -> bool:
    if getattr(value, "__module__", None) != module.__name__:
        return False
    if isinstance(value, type):
        is_enum = hasattr(value, "__members__")
        return not (is_enum or issubclass(value, BaseException) or any(hasattr(value, mark) for mark in MARKS_OF_DATA))
    return callable(value) and hasattr(type(value), "__get__")


def _is_plugin_class(value: Any) -> bool:
    return isinstance(value, type) and any(hasattr(value, name) for name in ("execute", "execute_stream"))


def _listed(names: list[str]) -> str:
    return ", ".join(map(to_json, names))


def _import_script(path: str) -> ModuleType:
    """Runs a script as a module, whatever its file is called."""
    from importlib.machinery import SourceFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    stem = os.path.splitext(os.path.basename(path))[0]
    name = stem if stem.isidentifier() and stem not in sys.modules else f"script {stem}"
    spec = spec_from_loader(name, SourceFileLoader(name, path))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
\ftracebacks
"""Texts about exceptions."""

from __future__ import annotations

from .constants import MOST_CHARACTERS, OWN_FILES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Callable, Optional


def text_of(error: BaseException, read: Callable[[BaseException], str]) -> str:
    try:
        return shortened(read(error))
    except Exception:
        return f"<{type(error).__name__} that cannot be printed>"


def shortened(text: str) -> str:
    """A text of which a frame has room for several."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}… ({len(text)} characters)"


def traceback_of(error: BaseException) -> str:
    """The traceback without the worker's own frames at its top: the plugin's code is what a reader looks for."""
    try:
        from traceback import format_exception

        lines = format_exception(type(error), error, plugins_part(error))
        return shortened("".join(lines).rstrip("\\n"))
    except Exception:
        return ""


def plugins_part(error: BaseException) -> Optional[TracebackType]:
    """What an exception has gone through below the worker's own modules."""
    entry = error.__traceback__
    while entry is not None and entry.tb_frame.f_code.co_filename.startswith(OWN_FILES):
        entry = entry.tb_next
    return entry
\ftracing late
"""A span around the plugin's code, where its environment has OpenTelemetry."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, contextmanager

from .call import Call
from .constants import VERSION
from .logs import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Sequence

FLUSH_TIMEOUT_S = 1.0  # of the two seconds that the host gives to /cleanup


class Tracing:
    """Spans around the plugin's code. OpenTelemetry is imported with the first call that is part of a trace, if it is there at all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tracer: Any = None
        self._missing = False

    def run(self, call: Call, plugin: str, code: Callable[[], Any]) -> Any:
        """Runs a call's code in a span of its own, below the host's, so that the plugin's own spans are below that."""
        tracer = self._find_tracer()
        if tracer is None:
            return code()
        with _span(tracer, call, plugin):
            return code()

    def run_batch(self, calls: Sequence[Call], plugin: str, code: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        """Runs the code of several calls in a span for each that is part of a trace. The plugin's own spans are below the last one."""
        tracer = self._find_tracer()
        if tracer is None:
            return code()
        with ExitStack() as open_spans:
            spans = [open_spans.enter_context(_span(tracer, call, plugin)) if call.trace else None for call in calls]
            results = code()
            for span, result in zip(spans, results):
                if span is not None and isinstance(result, Exception):
                    _mark_failed(span, result)
            return results

    def flush(self) -> None:
        """Sends what has not been sent yet, for the worker is about to be killed; waits a little for a collector that does not answer."""
        if self._tracer is None:
            return  # what the plugin does without the host's traces is its own business
        from opentelemetry import trace

        flush = getattr(trace.get_tracer_provider(), "force_flush", None)
        if flush is not None:
            thread = threading.Thread(target=flush, name="flush", daemon=True)
            thread.start()
            thread.join(FLUSH_TIMEOUT_S)

    def _find_tracer(self) -> Any:
        with self._lock:
            if self._tracer is None and not self._missing:
                try:
                    self._tracer = self._make_tracer()
                except ImportError:
                    self._missing = True
                except Exception as error:
                    self._missing = True
                    log(f"the calls are not traced, for OpenTelemetry cannot be used: {error!r}")
            return self._tracer

    def _make_tracer(self) -> Any:
        from opentelemetry import trace

        is_provided = not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        if not is_provided and any(name.startswith("OTEL_") for name in os.environ):
            try:
                self._provide(trace)
            except ImportError:
                pass  # the plugin's own spans, if there are any, go nowhere either
        return trace.get_tracer("@remote-plugin/proxy", VERSION)

    @staticmethod
    def _provide(trace: Any) -> None:
        """Sends spans to where the environment says, as \`opentelemetry-instrument\` would, for a plugin that has not seen to it itself."""
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        shared = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", shared)
        if os.environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp" or protocol == "console":
            return
        if protocol == "grpc":
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        else:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)


@contextmanager
def _span(tracer: Any, call: Call, plugin: str) -> Iterator[Any]:
    """A span for a call, below the host's."""
    from opentelemetry import context, propagate
    from opentelemetry.trace import SpanKind

    method = f"{plugin}/{call.endpoint.name if call.endpoint else ''}"
    attributes = {"rpc.system.name": "remote_plugin", "rpc.method": method}
    if isinstance(call.key, str):
        attributes["remote_plugin.call.id"] = call.key
    if call.batch is not None:
        attributes["remote_plugin.batch.size"] = len(call.batch.calls)  # type: ignore[attr-defined]
    token = context.attach(propagate.extract(call.trace))
    try:
        with tracer.start_as_current_span(method, kind=SpanKind.SERVER, attributes=attributes) as span:
            try:
                yield span
            except Exception as error:
                span.set_attribute("error.type", type(error).__qualname__)
                raise
    finally:
        context.detach(token)


def _mark_failed(span: Any, error: Exception) -> None:
    """What a span does by itself with an exception that is raised in it."""
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute("error.type", type(error).__qualname__)
    span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
\ftype_hints late
"""Type hints to JSON Schema."""

from __future__ import annotations

import builtins
import collections.abc as abc
import dataclasses
import enum
import inspect
import json
import sys
import typing

from .docstrings import read_docstring
from .hint_names import Schema, Scope, evaluate, name_of

BYTES = {"type": "string", "format": "binary"}
ARRAY = {"type": "string", "format": "binary", "contentMediaType": "application/x-npy"}
TABLE = {"type": "string", "format": "binary", "contentMediaType": "application/vnd.apache.arrow.file"}
PICTURE = {"type": "string", "format": "binary", "contentMediaType": "image/png"}
PATH = {"type": "string", "format": "path"}
UNKNOWN: Schema = {}


GENERATORS = (abc.Generator, abc.AsyncGenerator)
ITERABLES = (*GENERATORS, abc.Iterator, abc.AsyncIterator, abc.Iterable, abc.AsyncIterable, abc.Sequence, abc.Collection, list, set, tuple)
SEQUENCES = (list, abc.Sequence, abc.MutableSequence, abc.Iterable, abc.Collection, abc.Iterator, *GENERATORS)
SETS = (set, frozenset, abc.Set, abc.MutableSet)
MAPPINGS = (dict, abc.Mapping, abc.MutableMapping)
# By the name of the class and of its module's top: none of them has to be imported for this.
KNOWN: typing.Mapping[typing.Tuple[str, str], Schema] = {
    ("builtins", "NoneType"): {"type": "null"},
    ("builtins", "bool"): {"type": "boolean"},
    ("builtins", "int"): {"type": "integer"},
    ("builtins", "float"): {"type": "number"},
    ("builtins", "str"): {"type": "string"},
    ("builtins", "bytes"): BYTES,
    ("builtins", "bytearray"): BYTES,
    ("builtins", "memoryview"): BYTES,
    ("builtins", "list"): {"type": "array"},
    ("builtins", "tuple"): {"type": "array"},
    ("builtins", "set"): {"type": "array", "uniqueItems": True},
    ("builtins", "frozenset"): {"type": "array", "uniqueItems": True},
    ("builtins", "dict"): {"type": "object"},
    ("pathlib", "PurePath"): PATH,
    ("os", "PathLike"): PATH,
    ("datetime", "datetime"): {"type": "string", "format": "date-time"},
    ("datetime", "date"): {"type": "string", "format": "date"},
    ("datetime", "time"): {"type": "string", "format": "time"},
    ("uuid", "UUID"): {"type": "string", "format": "uuid"},
    ("decimal", "Decimal"): {"type": "string"},
    ("numpy", "ndarray"): ARRAY,
    ("pandas", "DataFrame"): TABLE,
    ("pyarrow", "Table"): TABLE,
    ("pyarrow", "RecordBatch"): TABLE,
    ("polars", "DataFrame"): TABLE,
    ("PIL", "Image"): PICTURE,
    ("numpy", "bool_"): {"type": "boolean"},
    ("numpy", "bool"): {"type": "boolean"},
    ("numpy", "integer"): {"type": "integer"},
    ("numpy", "floating"): {"type": "number"},
    ("numpy", "str_"): {"type": "string"},
}


class Hints:
    """Makes schemas of type hints. Classes with fields are defined once, so that they may hold themselves."""

    def __init__(self, gives: bool) -> None:
        self._gives = gives  # whether the plugin makes the value: a dataclass that it gives has all of its fields
        self._definitions: typing.Dict[str, Schema] = {}
        self._names: typing.Dict[typing.Any, str] = {}

    def definitions(self) -> Schema:
        """The \`$defs\` that the schemas made so far refer to."""
        return {"$defs": dict(self._definitions)} if self._definitions else {}

    def schema(self, hint: typing.Any, scope: Scope) -> Schema:
        """The schema of a hint; one that says nothing, or cannot be read, allows everything."""
        try:
            return self._schema(self.resolve(hint, scope), scope)
        except Exception:
            return UNKNOWN

    def resolve(self, hint: typing.Any, scope: Scope) -> typing.Any:
        """What a hint means that is text, another's name, or dressed up."""
        while True:
            if isinstance(hint, typing.ForwardRef):
                hint = hint.__forward_arg__
            elif isinstance(hint, str):
                hint = evaluate(hint, scope)
            elif hasattr(hint, "__supertype__"):  # typing.NewType
                hint = hint.__supertype__
            elif type(hint).__name__ == "TypeAliasType":
                hint = hint.__value__
            elif name_of(typing.get_origin(hint)) in ("Required", "NotRequired", "ReadOnly", "Final", "ClassVar"):
                hint = typing.get_args(hint)[0]
            elif isinstance(hint, typing.TypeVar):
                hint = hint.__bound__ or typing.Any
            else:
                return hint

    def _schema(self, hint: typing.Any, scope: Scope) -> Schema:
        if hint in (inspect.Parameter.empty, typing.Any, object):
            return UNKNOWN
        if hint is None:
            return {"type": "null"}
        if hasattr(hint, "__metadata__"):  # typing.Annotated
            return self._annotated(hint, scope)
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin is None:
            return self._class(hint) if isinstance(hint, type) else UNKNOWN
        if origin is typing.Union or name_of(origin) == "UnionType":
            return self._union(args, scope)
        if name_of(origin) == "Literal":
            return {"enum": list(args)}
        if origin is tuple:
            return self._tuple(args, scope)
        if origin in SEQUENCES:
            return array_of(self.schema(args[0], scope) if args else UNKNOWN)
        if origin in SETS:
            return dict(array_of(self.schema(args[0], scope) if args else UNKNOWN), uniqueItems=True)
        if origin in MAPPINGS:
            values = self.schema(args[1], scope) if len(args) > 1 else UNKNOWN
            return {"type": "object", "additionalProperties": values or True}
        return self._class(origin) if isinstance(origin, type) else UNKNOWN

    def _annotated(self, hint: typing.Any, scope: Scope) -> Schema:
        schema = self.schema(hint.__origin__, scope)
        texts = [getattr(one, "documentation", one) for one in hint.__metadata__]
        text = next((text for text in texts if isinstance(text, str)), "")
        return dict(schema, description=text) if text else schema

    def _union(self, args: typing.Sequence[typing.Any], scope: Scope) -> Schema:
        options: typing.List[Schema] = []
        for arg in args:
            schema = self.schema(arg, scope)
            if schema == UNKNOWN:
                return UNKNOWN
            if schema not in options:
                options.append(schema)
        return options[0] if len(options) == 1 else {"anyOf": options}

    def _tuple(self, args: typing.Sequence[typing.Any], scope: Scope) -> Schema:
        if len(args) == 2 and args[1] is Ellipsis:
            return array_of(self.schema(args[0], scope))
        items = [self.schema(arg, scope) for arg in args if arg != ()]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items), "maxItems": len(items)}

    def _class(self, kind: typing.Any) -> Schema:
        if issubclass(kind, enum.Enum):
            values = [member.value for member in kind]
            return {"enum": values} if all(map(is_plain, values)) else UNKNOWN
        if issubclass(kind, tuple) and hasattr(kind, "_fields"):
            hints = getattr(kind, "__annotations__", {})
            return self._tuple([hints.get(field, typing.Any) for field in kind._fields], _module_of(kind))
        if hasattr(kind, "__total__") or dataclasses.is_dataclass(kind) or hasattr(kind, "model_json_schema"):
            return {"$ref": "#/$defs/" + self._define(kind)}
        if hasattr(kind, "to_temp_file"):
            return BYTES
        for base in kind.__mro__:
            known = KNOWN.get((base.__module__.partition(".")[0], base.__name__))
            if known is not None:
                return known
        return UNKNOWN

    def _define(self, kind: typing.Any) -> str:
        if kind in self._names:
            return self._names[kind]
        name, number = kind.__name__, 2
        while name in self._definitions:
            name, number = "{}{}".format(kind.__name__, number), number + 1
        self._names[kind] = name
        self._definitions[name] = UNKNOWN  # takes the name: its fields may lead back here
        if hasattr(kind, "model_json_schema"):  # a model of pydantic's, or of whoever follows it
            model = kind.model_json_schema()
            self._definitions.update(model.pop("$defs", {}))
            self._definitions[name] = model
        else:
            self._definitions[name] = self._record(kind)
        return name

    def _record(self, kind: typing.Any) -> Schema:
        """A TypedDict or a dataclass."""
        scope = dict(_module_of(kind), **vars(kind))
        if dataclasses.is_dataclass(kind):
            fields = {field.name: field.type for field in dataclasses.fields(kind)}
            required = [field.name for field in dataclasses.fields(kind) if self._gives or not _has_default(field)]
        else:
            fields = _annotations_of(kind)
            required = sorted(getattr(kind, "__required_keys__", fields if kind.__total__ else ()))
        schema: Schema = {"title": kind.__name__, "type": "object"}
        description, texts, _ = read_docstring(inspect.getdoc(kind) or "")
        if description and not description.startswith(kind.__name__ + "(") and inspect.getdoc(kind) != inspect.getdoc(dict):
            schema["description"] = description
        schema["properties"] = {name: self._field(name, hint, scope, texts) for name, hint in fields.items()}
        return dict(schema, required=required, additionalProperties=False)

    def _field(self, name: str, hint: typing.Any, scope: Scope, texts: typing.Mapping[str, str]) -> Schema:
        schema = self.schema(hint, scope)
        return dict(schema, description=texts[name]) if name in texts else schema


def array_of(items: Schema) -> Schema:
    return {"type": "array", "items": items} if items else {"type": "array"}


def _has_default(field: dataclasses.Field[typing.Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _annotations_of(kind: typing.Any) -> typing.Dict[str, typing.Any]:
    """A TypedDict's hints, those of its bases too."""
    hints: typing.Dict[str, typing.Any] = {}
    for base in [*getattr(kind, "__orig_bases__", ()), kind]:
        own = getattr(typing.get_origin(base) or base, "__annotations__", {})
        hints.update(own if isinstance(own, dict) else {})
    return hints


def _module_of(kind: typing.Any) -> typing.Dict[str, typing.Any]:
    return dict(vars(sys.modules.get(kind.__module__, builtins)))


def is_plain(value: typing.Any) -> bool:
    if not isinstance(value, (type(None), bool, int, float, str, list, dict)):
        return False
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
\fuploads late
"""Requests with files, for a host that shares no folder with this worker: section 7 of docs/protocol.md."""

from __future__ import annotations

import os
import re

from .decoding import decode_object, put_at
from .descriptors import DESCRIPTORS
from .errors import ScratchFull
from .files import Room
from .framing import wrong
from .private_folder import random_name, remove_all
from .scratch import Scratch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

    from .framing import Framing

    Body = Dict[str, Any]

EXTENSION = re.compile(r"(\\.[^/\\\\\\0]{1,63})?")
MAX_DIGITS = 15  # of a length


class Inputs:
    """The files of one request, in a folder of their own."""

    def __init__(self, root: str) -> None:
        inputs = os.path.join(root, "in")
        os.makedirs(inputs, 0o700, exist_ok=True)
        self.folder = os.path.join(inputs, "in-" + random_name())
        os.mkdir(self.folder, 0o700)

    def close(self) -> None:
        """Removes them."""
        remove_all(self.folder, set())


class Upload:
    """A body that is JSON and files behind it, as it comes."""

    def __init__(self, framing: Framing, json_length: int, scratch: Scratch) -> None:
        self.body: Body = {}
        self.inputs: Optional[Inputs] = None
        self.is_done = False
        self._framing = framing
        self._scratch = scratch
        self._json = bytearray()
        self._json_length = json_length
        self._files: Optional[Files] = None

    def feed(self, data: bytes) -> bytes:
        """Takes what has come, and gives back what belongs to the next request."""
        rest = data
        while not self.is_done:
            piece, rest = self._framing.cut(rest)
            over = self._take(piece)
            has_all = self._files is not None and self._files.has_all
            if self._framing.is_open:
                self.is_done, rest = has_all, over
            elif over:
                raise wrong("more comes behind them")
            elif self._framing.has_ended:
                if not has_all:
                    raise wrong("the body ended before they did")
                self.is_done = True
            if not rest:
                break
        return rest

    def close(self) -> None:
        """Removes what has come."""
        if self._files is not None:
            self._files.close()
        if self.inputs is not None:
            self.inputs.close()

    def _take(self, piece: bytes) -> bytes:
        if self._files is None:
            missing = self._json_length - len(self._json)
            self._json += piece[:missing]
            piece = piece[missing:]
            if len(self._json) < self._json_length:
                return b""
            self._files = self._open()
        return self._files.feed(piece)

    def _open(self) -> Files:
        labelled = decode_object(self._json)
        self._json = bytearray()
        body, labels = labelled.get("body"), labelled.get("parts")
        if not isinstance(body, dict) or not isinstance(labels, list) or not all(map(_is_label, labels)):
            raise wrong('"body" is not an object, or "parts" not a list of what each part is')
        self.body = body
        self.inputs = Inputs(self._scratch.reserve(sum(label.get("size") or 0 for label in labels)))
        files = Files(self.inputs.folder, labels, self._scratch)
        for label, path in zip(labels, files.paths):
            put_at(body, label["at"], path)
        return files


def _is_label(label: Any) -> bool:
    if not isinstance(label, dict) or not str(label.get("at", "")).startswith("/") or not isinstance(label["at"], str):
        return False
    size, extension = label.get("size"), label.get("extension", "")
    if size is not None and (type(size) is not int or size < 0):
        return False
    return isinstance(extension, str) and EXTENSION.fullmatch(extension) is not None


class Files:
    """Cuts bytes into the files that they are, and writes them."""

    def __init__(self, folder: str, labels: list[Body], scratch: Scratch) -> None:
        self.paths = [os.path.join(folder, f"{at}{label.get('extension', '')}") for at, label in enumerate(labels)]
        self.has_all = False
        self._sizes: list[Optional[int]] = [label.get("size") for label in labels]
        self._room = scratch.room()
        self._at = -1
        self._left: Optional[int] = None  # of the file, or of its block; None where the length of a block comes next
        self._digits = b""
        self._file = -1
        self._go_on()

    def feed(self, data: bytes) -> bytes:
        """Takes what has come, and gives back what stands behind the last file."""
        rest = memoryview(data)
        while rest and not self.has_all:
            rest = self._next_length(rest) if self._left is None else self._write(rest)
        return bytes(rest)

    def close(self) -> None:
        """Writes no more."""
        if self._file >= 0:
            DESCRIPTORS.close(self._file)
            self._file = -1

    def _write(self, data: memoryview) -> memoryview:
        assert self._left is not None
        piece, rest = data[: self._left], data[self._left :]
        self._left -= len(piece)
        DESCRIPTORS.need(self._file)
        with Room(self.paths[self._at]):
            while piece:
                piece = piece[os.write(self._file, piece) :]
        if self._left == 0:
            if self._sizes[self._at] is None:
                self._left = None
            else:
                self._go_on()
        return rest

    def _next_length(self, data: memoryview) -> memoryview:
        text = self._digits + bytes(data[: MAX_DIGITS + 1])
        line, end, _ = text.partition(b"\\n")
        if len(line) > MAX_DIGITS or not (line.isdigit() or not (line or end)):
            raise wrong("a block has no length")
        used = len(line) + len(end) - len(self._digits)
        self._digits = b"" if end else line
        if end:
            self._begin_block(int(line))
        return data[used:]

    def _begin_block(self, length: int) -> None:
        if length == 0:
            self._go_on()
            return
        if length > self._room:
            raise ScratchFull("The files of the request do not fit into the worker's scratch quota")
        self._room -= length
        self._left = length

    def _go_on(self) -> None:
        """Opens the next file, behind those that are empty."""
        while True:
            self.close()
            self._at += 1
            self.has_all = self._at == len(self.paths)
            if self.has_all:
                return
            self._file = os.open(self.paths[self._at], os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
            DESCRIPTORS.keep(self._file)
            self._left = self._sizes[self._at]
            if self._left != 0:
                return
\fwaiting
"""Where connections wait for their next request, and calls for a lane.

A connection whose last request was a question waits at the front, a thread that runs no plugin code. One whose last request was
a call waits for the lanes: an idle lane reads it, runs what it reads, and answers, and no other thread has to be woken. While
all lanes run plugin code the front reads these connections as well, so that a question is answered and a call is in the queue.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque

from .bell import Bell
from .descriptors import DESCRIPTORS
from .fast import Empty, SimpleQueue
from .open_calls import OpenCalls
from .readiness import IS_SHARED, ONCE, READABLE, readiness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Deque, Optional

    from .call import Call
    from .client import Client
    from .connection import Connection


MOST_PAUSES = 5  # ticks with an idle lane after which there are none until the next call
STAY_AWAKE_S = 0.0001  # a client who comes back within this time is worth staying awake for
TAKEN_S = 0.00002  # a look at the sockets takes longer only if another process has had the processor meanwhile
ASLEEP_S = 0.1  # how long nobody stays awake then: it would take time from that process, and save none


class Waiting:
    """Connections that wait for their next request, and calls that wait for a lane."""

    def __init__(self, calls: OpenCalls, lanes: int) -> None:
        self.connections: dict[int, Connection] = {}
        self.front = readiness()
        self.bell = Bell()
        self.at_front: Deque[Connection] = deque()  # that are the front's from now on
        self.watched: Deque[Client] = deque()  # for whom something is held back, or was a moment ago
        self._calls = calls
        self._queue: SimpleQueue[Call] = SimpleQueue()
        self._lanes = readiness() if IS_SHARED else None
        self._lanes_bell = Bell() if IS_SHARED else None
        self._events = READABLE | (ONCE if lanes > 1 else 0)
        self._idle: set[int] = set()
        self._registered = 0
        self._may_stay_awake = lanes == 1 and IS_SHARED and len(os.sched_getaffinity(0)) > 1
        self._stays_awake = False
        self._may_again_at = 0.0
        self._is_lent = False  # whether the front is told of what the lanes would read
        self.is_ticking = False  # whether the front looks from time to time how long the lanes are busy
        self._latest: Optional[Call] = None  # that had begun when it looked last
        self._pauses = 0  # how often it has found an idle lane
        if self._lanes is not None and self._lanes_bell is not None:
            DESCRIPTORS.keep(self._lanes.fileno(), self.front.fileno())  # type: ignore[union-attr]
            self._lanes.register(self._lanes_bell.file, READABLE)
            self.front.register(self._lanes.fileno(), 0)  # type: ignore[union-attr]
        self.front.register(self.bell.file, READABLE)

    def take(self, connection: Optional[Connection]) -> Call:
        """For a lane: the next call, which has begun. First what else has come on the connection that the lane has answered last."""
        while True:
            call = self._next_of(connection) if connection is not None else self._queued() or self._arrived()
            connection = None
            if call is None:
                continue
            if self._calls.begin(call):
                if self._registered > call.connection.is_registered:
                    self._begin_to_tick()
                return call
            if not call.is_queued:  # it was cancelled in this very moment, and its connection is still this lane's
                call.done.wait()
                connection = call.connection
                connection.answered()

    def put(self, call: Call) -> None:
        """Lets a call wait for a lane."""
        if self._enqueue(call):
            self._queue.put(call)
            if self._idle:
                self._ring()

    def _enqueue(self, call: Call) -> bool:
        if self._calls.enqueue(call):
            return True
        call.done.wait()  # it was cancelled in this very moment
        call.connection.answered()
        self.give_to_front(call.connection)
        return False

    def give_to_front(self, connection: Connection) -> None:
        """Lets the front read a connection that this thread has claimed."""
        self.at_front.append(connection)
        self.bell.ring()

    def watch(self, client: Client) -> None:
        """Has the front look after what is held back for a client."""
        self.watched.append(client)
        self.bell.ring()

    def close(self, connection: Connection) -> None:
        """The connection that this thread has claimed has ended."""
        self.front.unregister(connection.file)
        if connection.is_registered and self._lanes is not None:
            self._registered -= 1
            self._lanes.unregister(connection.file)
        self.connections.pop(connection.file, None)
        connection.close()

    def lent(self) -> list[Connection]:
        """For the front: what the lanes would read if one were idle. The caller has claimed it."""
        found = []
        if not self._idle and self._lanes is not None and self._lanes_bell is not None:
            for file, _ in self._lanes.poll(0):
                if file == self._lanes_bell.file:  # a lane was woken by something else, and looks into the queue before it waits again
                    self._lanes_bell.silence()
                connection = self.connections.get(file)
                if connection is not None and self._take_from_lanes(connection):
                    found.append(connection)
        return found

    def tick(self) -> None:
        """For the front: has it told of what comes for the lanes when they are busy with what they were busy with at the last tick."""
        before, self._latest = self._latest, self._calls.latest
        self._pauses = self._pauses + 1 if self._idle else 0
        if self._pauses < MOST_PAUSES and (self._idle or before is not self._latest):
            return
        self.is_ticking = False  # first, for whoever begins a call sees to it that it is true
        if not self._idle:
            self._tell_front()

    def lend_again(self) -> None:
        """For the front, which has been told once."""
        self._is_lent = False
        if not self._idle and self._registered:
            self._tell_front()
        if self._idle and not self._queue.empty():
            self._ring()

    def _next_of(self, connection: Connection) -> Optional[Call]:
        call = connection.next_call()
        if call is None:
            self._let_go(connection)
        return call

    def _queued(self) -> Optional[Call]:
        if self._lanes is None:
            return self._queue.get()
        try:
            call = None if self._queue.empty() else self._queue.get_nowait()
        except Empty:
            return None  # another lane has been faster
        if call is not None and self._idle and not self._queue.empty():
            self._ring()  # whoever rang for that call may have woken nobody but this lane
        return call

    def _arrived(self, wait_s: Optional[float] = None) -> Optional[Call]:
        """Waits for a connection on which something comes, or for the bell; for this many seconds, or for good."""
        assert self._lanes is not None and self._lanes_bell is not None
        lane = threading.get_ident()
        self._idle.add(lane)
        try:
            if self._is_lent:
                self._is_lent = False
                self.front.modify(self._lanes.fileno(), 0)
            events = (self._poll() if wait_s is None else self._lanes.poll(wait_s, 1)) if self._queue.empty() else []
        finally:
            self._idle.discard(lane)
        for file, _ in events:
            if file == self._lanes_bell.file:
                self._lanes_bell.silence()
                return None
            connection = self.connections.get(file)
            if connection is not None and connection.claim():
                connection.read()
                return self._next_of(connection)
        return None

    def _poll(self) -> list[tuple[int, int]]:
        """Waits; awake for a client who comes back at once where another processor is free, for to wake takes longer than a small call."""
        assert self._lanes is not None
        if not self._may_stay_awake:
            return self._lanes.poll(-1, 1)
        begun = now = time.perf_counter()
        while self._stays_awake and now - begun < STAY_AWAKE_S:
            events = self._lanes.poll(0, 1)
            if events:
                return events
            os.sched_yield()  # whoever wants this processor has it
            before, now = now, time.perf_counter()
            if now - before > TAKEN_S:  # and somebody did
                self._stays_awake, self._may_again_at = False, now + ASLEEP_S
        begun = time.perf_counter()
        events = self._lanes.poll(-1, 1)
        now = time.perf_counter()
        self._stays_awake = now - begun < STAY_AWAKE_S and now > self._may_again_at
        return events

    def _let_go(self, connection: Connection) -> None:
        """Lets a connection wait for its next request."""
        if connection.is_over:
            self.close(connection)
        elif connection.asks or self._lanes is None:
            if connection.is_registered:
                self._lanes.modify(connection.file, 0)  # type: ignore[union-attr]
                connection.is_armed = False
            self.give_to_front(connection)
        else:
            connection.release()  # first, for whoever is told of it has to be able to claim it
            if self._events & ONCE or not connection.is_armed:
                self._arm(connection)

    def _arm(self, connection: Connection) -> None:
        assert self._lanes is not None
        if not connection.is_registered:
            connection.is_registered = connection.is_armed = True
            self._registered += 1
            self._lanes.register(connection.file, self._events)
        else:
            connection.is_armed = True
            self._lanes.modify(connection.file, self._events)

    def _take_from_lanes(self, connection: Connection) -> bool:
        assert self._lanes is not None
        if connection.claim():
            connection.is_armed = False
            self._lanes.modify(connection.file, 0)
            return True
        # A lane runs a call of its: what comes behind that has to wait, and must not tell the front again.
        self._lanes.modify(connection.file, 0)
        connection.is_armed = False  # after that, for the lane looks at it when it has let go of the connection
        if connection.claim():  # and has just ended it, when it still thought that it would be told
            connection.release()
            self._arm(connection)
        return False

    def _begin_to_tick(self) -> None:
        """Has the front look after the lanes, when none of them is idle and something may come of another connection than the call's.

        To have it told of that for each call would cost more than most calls.
        """
        if not self.is_ticking and not self._is_lent and not self._idle:
            self.is_ticking = True
            self.bell.ring()

    def _tell_front(self) -> None:
        assert self._lanes is not None
        self._is_lent = True
        self.front.modify(self._lanes.fileno(), READABLE | ONCE)

    def _ring(self) -> None:
        if self._lanes_bell is not None:
            self._lanes_bell.ring()
\fwalk late
"""The slow way through a value that JSON refuses: it knows where in it it is."""

from __future__ import annotations

from .conversions import simplify, to_json
from .errors import BadResult, UnfitFile, Unsendable
from .json_text import LARGEST_DOUBLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Union

    from .outbox import Outbox

    Body = Dict[str, Any]


class Walk:
    """Goes through a value that \`json\` refused and copies it in a form that \`json\` takes."""

    def __init__(self, what: str, types: Optional[Body], outbox: Optional[Callable[[], Outbox]] = None) -> None:
        self.what = what
        self.types = types
        self.outbox = outbox
        self.path: list[Union[str, int]] = []
        self.open: set[int] = set()

    def visit(self, value: Any) -> Any:
        if value is None or isinstance(value, (str, bool)):
            return value
        if isinstance(value, int):
            return self._integer(value)
        if isinstance(value, float):
            return value if value - value == 0 else self._non_finite(value)
        if id(value) in self.open:
            raise self._bad("is part of itself (a cycle)")
        self.open.add(id(value))
        plain = self._inside(value)
        self.open.remove(id(value))
        return plain

    def _inside(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self._dict(value)
        if isinstance(value, (list, tuple)):
            return [self._member(index, item) for index, item in enumerate(value)]
        if self.outbox is not None and self.types is not None and self.outbox().takes(value):
            self.types[self._pointer()] = "file"
            try:
                return self.outbox().hand_over(value)
            except UnfitFile as error:
                raise self._bad(str(error)) from None
        try:
            plain = simplify(value)
        except Unsendable as error:
            raise self._bad(str(error)) from None
        except Exception as error:  # of a property, or of a member that was never set
            raise self._bad(f'is of type "{type(value).__name__}" and cannot be read: {type(error).__name__}: {error}') from error
        return self.visit(plain)

    def _dict(self, value: dict[Any, Any]) -> Body:
        plain: Body = {}
        for key, item in value.items():
            name = self._key(key)
            if name in plain:
                raise self._bad(f"has two keys that are {to_json(name)} in JSON, one of them of type {type(key).__name__}")
            plain[name] = self._member(name, item)
        return plain

    def _member(self, key: Union[str, int], value: Any) -> Any:
        self.path.append(key)
        plain = self.visit(value)
        self.path.pop()
        return plain

    def _key(self, key: Any) -> str:
        if isinstance(key, str):
            return str.__str__(key)
        if key is None or isinstance(key, (int, float)):
            try:
                return to_json(key)
            except ValueError:
                raise self._bad("has a number as key that JSON cannot carry") from None
        raise self._bad(f'has a key of type "{type(key).__name__}", which JSON cannot carry')

    def _integer(self, value: int) -> int:
        if -LARGEST_DOUBLE <= value <= LARGEST_DOUBLE:
            return value
        raise self._bad("is an integer so large that other languages take it for infinite; return it as a string")

    def _non_finite(self, value: float) -> str:
        name = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        if self.types is None:
            raise self._bad(f"is {name}, which JSON cannot carry")
        self.types[self._pointer()] = "number"
        return name

    def _pointer(self) -> str:
        parts = (str(part).replace("~", "~0").replace("/", "~1") for part in self.path)
        return "".join("/" + part for part in parts)

    def _bad(self, problem: str) -> BadResult:
        return BadResult(f'The {self.what} at "{self._place()}" {problem}')

    def _place(self) -> str:
        place = "$"
        for part in self.path:
            plain = isinstance(part, str) and part.isidentifier()
            place += "." + str(part) if plain else "[" + to_json(part) + "]"
        return place
\fwatching late
"""Has what a plugin with bounds is about to do looked at, as far as Python tells of it.

Most plugins do nothing that matters here. So the module that looks at it is imported for the first thing that does.
"""

from __future__ import annotations

import os
import sys

from .grant import Grant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

    from .access import Access

    Tell = Callable[[str, str, bool], None]

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# By Python's audit events: the method that looks at each.
WATCHED = {
    "sqlite3.connect": "open_database",
    "ctypes.dlopen": "load_library",
    "os.truncate": "truncate",
    **dict.fromkeys(("os.mkdir", "os.remove", "os.rmdir"), "change"),
    **dict.fromkeys(("os.rename", "os.link", "os.symlink"), "move"),
    **dict.fromkeys(("os.exec", "os.posix_spawn", "subprocess.Popen"), "run"),
    "os.system": "run_command",
    **dict.fromkeys(("socket.connect", "socket.sendto", "socket.sendmsg"), "connect"),
    "socket.bind": "bind",
    **dict.fromkeys(("socket.getaddrinfo", "socket.gethostbyname"), "look_up"),
}
# What is only read is of interest to an audit alone.
READ_FOLDERS = ("os.listdir", "os.scandir")


class Watch:
    """Watches what the plugin does. \`tell\` gets each thing that it asks for, with its key and whether it may have it."""

    def __init__(self, grant: Grant, tell: Optional[Tell]) -> None:
        self._grant = grant
        self._tell = tell
        self._found: dict[str, Access] = {}

    def begin(self) -> None:
        """From here on Python tells of what it is about to do."""
        tells = self._tell is not None
        watched = {**WATCHED, **dict.fromkeys(READ_FOLDERS, "list_folder")} if tells else WATCHED

        def hook(event: str, args: tuple[Any, ...]) -> None:
            if event == "open":
                if args[2] & WRITES:
                    self._access().write_file(args[0])
                elif tells:
                    self._access().read_file(args[0])
            elif event == "import":
                if args[0].startswith("multiprocessing."):
                    self._access().prepare_module(args[0])
            elif event in watched:
                getattr(self._access(), watched[event])(*args)

        sys.addaudithook(hook)

    def advise(self, error: BaseException) -> str:
        """What stands behind the message of an error that came of a refusal; nothing for any other."""
        return self._access().advise(error) if self._grant.hold else ""

    def _access(self) -> Access:
        """What looks at it, one for all threads. It is made without a lock, which a forked child could find held."""
        if not self._found:
            from .access import Access

            self._found.setdefault("access", Access(self._grant, self._tell))
        return self._found["access"]
\fworker
"""The worker: what it is made of."""

from __future__ import annotations

import threading

from .canceller import Canceller
from .descriptors import DESCRIPTORS
from .endpoints import offer_methods
from .fast import socket
from .front import Front
from .lanes import Lanes
from .open_calls import OpenCalls
from .plugin import Plugin
from .session import Session
from .shelf import Shelf
from .start_line import Start
from .waiting import Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, Optional

    from .batching import Batches
    from .gathering import Gathering


class Worker:
    """All that serves one plugin."""

    def __init__(self, start: Start, shelf: Shelf, listener: socket.socket) -> None:
        calls = OpenCalls()
        self.plugin = plugin = Plugin(start.plugin, calls, offer_methods)
        gathering = _gathering(start, calls)
        self._waiting = gathering or Waiting(calls, start.max_concurrency)
        canceller = Canceller(plugin, calls, self._waiting.give_to_front, start.cancel_grace_s)
        self._session = Session(start, plugin, calls, canceller, self._waiting.watch)
        self._lanes = Lanes(start.max_concurrency, plugin, calls, self._waiting)
        if gathering is not None:
            plugin.batches = True
            self._lanes.batches = _batches(start, plugin, calls, gathering)
        self._shelf = shelf
        self._listener = listener

    def run(self) -> NoReturn:
        """Serves for good."""
        DESCRIPTORS.keep(self._listener.fileno())
        front = Front(self._listener, self._session, self._waiting, self._shelf)
        threading.Thread(target=front.run, name="front", daemon=True).start()
        self._lanes.run()


def _gathering(start: Start, calls: OpenCalls) -> Optional[Gathering]:
    if start.batch is None:
        return None
    from .gathering import Gathering

    return Gathering(calls, start.max_concurrency)


def _batches(start: Start, plugin: Plugin, calls: OpenCalls, gathering: Gathering) -> Batches:
    from .batching import Batches

    return Batches(plugin, calls, gathering, start)
\fworker_endpoints
"""What the worker answers by itself, also while the plugin's code runs."""

from __future__ import annotations

import os
import sys
import threading
import time

from .canceller import Canceller
from .constants import KNOWS_USERS, PROTOCOL
from .errors import Refusal
from .open_calls import OpenCalls
from .plugin import Plugin
from .scratch import is_in_use
from .start_line import Start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]


class WorkerEndpoints:
    """The worker's own answers."""

    def __init__(self, start: Start, plugin: Plugin, calls: OpenCalls, canceller: Canceller, methods: dict[str, str]) -> None:
        self._methods = methods  # of plugins, by the endpoints that stand for them
        self._plugin = plugin
        self._target = start.plugin
        self._calls = calls
        self._canceller = canceller
        self._scratch = start.scratch
        self._features = start.features
        self._max_concurrency = start.max_concurrency
        self._batch = start.batch
        self._started = time.monotonic()
        self._measured = (self._started, time.process_time())
        self._measure_lock = threading.Lock()

    def ready(self, body: Body) -> Body:
        plugin = self._plugin
        plugin.wait()
        methods = [endpoint for endpoint, method in self._methods.items() if plugin.has(method)]
        return {"name": plugin.name, "version": plugin.version, "methods": methods}

    def health(self, body: Body) -> Body:
        plugin = self._plugin
        running, queued, _ = self._calls.counts()
        status = "loading" if not plugin.loaded.is_set() else "running" if plugin.failure is None else "failed"
        told = {} if self._batch is None else {"batch": self._batch}
        return {
            **told,
            "status": status,
            "pid": os.getpid(),
            "name": plugin.name,
            "version": plugin.version,
            "protocol": PROTOCOL,
            "max_concurrency": self._max_concurrency,
            "calls": {"running": running, "queued": queued},
            "features": self._features,
        }

    def stats(self, body: Body) -> Body:
        running, queued, finished = self._calls.counts()
        with self._measure_lock:
            before, self._measured = self._measured, (time.monotonic(), time.process_time())
            wall, processor = (now - then for now, then in zip(self._measured, before))
        stats = {
            "pid": os.getpid(),
            "cpu_percent": round(100 * processor / max(wall, 1e-6), 1),
            "memory_rss_mb": round(_resident_bytes() / 2**20, 2),
            "uptime_s": round(time.monotonic() - self._started, 3),
            "calls": {"running": running, "queued": queued, "finished": finished},
        }
        told = {"usage": self._plugin.usage(), "gpu_memory_mb": self._plugin.gpu_memory_mb()}
        return dict(stats, **{key: value for key, value in told.items() if value is not None})

    def sources(self, body: Body) -> Body:
        from .sources import own_files

        self._plugin.loaded.wait()
        return {"files": own_files(self._target)}

    def progress(self, body: Body) -> Body:
        return self._calls.progress()

    def cancel(self, body: Body) -> Body:
        call_id = body.get("call_id")
        if call_id is not None and not isinstance(call_id, str):
            raise Refusal(400, '"call_id" is not a string')
        behind = body.get("behind")
        if behind is not None and not isinstance(behind, str):
            raise Refusal(400, '"behind" is not a string')
        ahead = body.get("ahead", False)
        if not isinstance(ahead, bool):
            raise Refusal(400, '"ahead" is neither true nor false')
        if call_id is not None and ahead:
            if behind is not None:
                return {"status": "cancelled" if self._canceller.cancel_behind(call_id, behind) else "not_running"}
            self._canceller.cancel_ahead(call_id)
            return {"status": "cancelled"}
        found = self._canceller.cancel(lambda call: call_id is None or call.key == call_id)
        return {"status": "cancelled" if found else "not_running"}

    def callback(self, body: Body) -> Body:
        call_id = body.get("call_id")
        if not isinstance(call_id, str) or type(body.get("callback")) is not int:
            raise Refusal(400, '"call_id" is not a string, or "callback" is not a whole number')
        if ("result" in body) == isinstance(body.get("error"), dict):
            raise Refusal(400, 'The body has not one of "result" and "error"')
        call = self._calls.get(call_id)
        is_answered = call is not None and call.callbacks is not None and call.callbacks.answer(body["callback"], body)
        return {"status": "answered" if is_answered else "not_waiting"}

    def in_use(self, body: Body) -> Body:
        path = body.get("path")
        if not isinstance(path, str) or not self._scratch.holds(path):
            raise Refusal(400, '"path" is not one in a scratch folder')
        return {"in_use": not KNOWS_USERS or is_in_use(path)}


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return 0  # Windows tells it to nobody who has only the standard library
    peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
`;
