"""Starts the worker from the bytecode that an earlier start has kept.

The modules of the package beside this file come in one text, the pack, whose first part this file is: so the host writes
one file for a worker, and a start that finds bytecode compiles this part alone.

To compile it takes longer than all the rest of a start. The bytecode is in a folder of the user's own, where programs keep
what can be made again; docs/permissions.md says where. What is not surely this user's file, whole, and made by this very
interpreter from this very source, is not used: the source is compiled. Nothing that goes wrong here keeps the worker from
its start, or is said: it only takes longer.
"""

import binascii
import builtins
import gc
import marshal
import os
import stat
import sys
import time

PACKAGE = "remote_plugin_worker."
MODULE_MARK = "\f"  # in front of each module in the pack, whose name is the rest of that line
# The same whether it is compiled or loaded, and not a path: of the pack's many copies none lasts.
CODE_NAME = "<remote-plugin worker/{}>"
MARK = b"remote-plugin bytecode\n"  # how a file says of itself that it may be removed
START = len(MARK) + 4  # of the bytecode, behind its checksum
UNUSED_S = 30 * 24 * 3600  # other releases and interpreters have files of their own, which nobody else removes


class Bytecode:
    """The bytecode of one source, as this interpreter makes it."""

    def __init__(self, source_hash):
        maker = "{} {}".format(source_hash, sys.version)
        self._seed = binascii.crc32(maker.encode("utf-8"))
        self._folder = cache_folder()
        name = "worker-{}-{:08x}.{}.pyc".format(source_hash, self._seed, sys.implementation.cache_tag)
        self._path = os.path.join(self._folder, name)

    def load(self):
        """Gives the code; None when there is none that can be trusted."""
        try:
            if not is_own(os.lstat(self._folder), stat.S_ISDIR):
                return None
            data = read_own(self._path)
            check, payload = data[len(MARK) : START], data[START:]
            whole = data.startswith(MARK) and binascii.crc32(payload, self._seed) == int.from_bytes(check, "big")
            return marshal.loads(payload) if whole else None
        except (OSError, EOFError, TypeError, ValueError):
            return None

    def keep(self, code):
        """Keeps the code for later starts, if the folder can be had. It appears under its name when it is complete."""
        payload = marshal.dumps(code)
        try:
            self._make_folder()
            unfinished = "{}.{}".format(self._path, os.urandom(6).hex())
            try:
                write_new(unfinished, MARK + binascii.crc32(payload, self._seed).to_bytes(4, "big") + payload)
                os.replace(unfinished, self._path)
            except OSError:
                os.unlink(unfinished)
                raise
            self._forget_unused()
        except OSError:
            pass

    def _make_folder(self):
        for folder in (os.path.dirname(self._folder), self._folder):
            if not os.path.isdir(folder):
                # Who is root in another user's home leaves nothing there that its owner could not remove.
                if os.stat(os.path.dirname(folder)).st_uid != os.geteuid():
                    raise PermissionError(folder)
                os.mkdir(folder, 0o700)
        if not is_own(os.lstat(self._folder), stat.S_ISDIR):
            raise PermissionError(self._folder)

    def _forget_unused(self):
        for name in os.listdir(self._folder):
            path = os.path.join(self._folder, name)
            if name.startswith("worker-") and time.time() - os.lstat(path).st_mtime > UNUSED_S and read_own(path).startswith(MARK):
                os.unlink(path)


def cache_folder():
    """Where this user keeps bytecode, if he says so, or else whatever can be made again."""
    if sys.pycache_prefix:
        return os.path.join(sys.pycache_prefix, "remote-plugin")
    named = os.environ.get("XDG_CACHE_HOME", "")
    usual = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return os.path.join(named if os.path.isabs(named) else os.path.expanduser("~/" + usual), "remote-plugin")


def is_own(status, is_kind):
    """Whether something is of a kind, this user's, and nobody else may write to it."""
    return is_kind(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022


def read_own(path):
    """Reads a file of this user's; what is no such file is empty."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe would keep us waiting
    with open(file, "rb") as opened:
        return opened.read() if is_own(os.fstat(file), stat.S_ISREG) else b""


def write_new(path, data):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(data)


def compile_pack(path):
    """Compiles the worker's modules, without what nobody reads or checks at run time. A late one is loaded when it is wanted."""
    codes = {}
    with open(path, encoding="utf-8") as pack:
        for part in pack.read().split(MODULE_MARK)[1:]:
            name, _, source = part.partition("\n")
            codes[name] = marshal.dumps(compile(source, CODE_NAME.format(name), "exec", 0, True, 2))
    return codes


def worker_codes(pack, source_hash):
    # Elsewhere it is told in another way whose a file is and who may write to it. A Python that is too old has to come
    # as far as to be told so.
    if os.name != "posix" or sys.version_info < (3, 8):
        return compile_pack(pack)
    bytecode = Bytecode(source_hash)
    codes = bytecode.load()
    if codes is None:
        codes = compile_pack(pack)
        if not sys.dont_write_bytecode:
            bytecode.keep(codes)
    return codes


class Modules:
    """The worker's modules. No `import` of the plugin's finds them, and theirs find none of the plugin's in their own places."""

    def __init__(self, codes):
        self._codes = codes
        self._loaded = {}
        self._find_other = __import__
        self._builtins = dict(vars(builtins), __import__=self._import)

    def find_others_by(self, find):
        """From here on what the worker's modules import besides each other is found so."""
        self._find_other = find

    def load(self, name):
        """Gives a module, which runs when it is wanted for the first time."""
        if name not in self._loaded:
            module = type(sys)(PACKAGE + name)
            vars(module).update(__builtins__=self._builtins, __package__=PACKAGE[:-1])
            exec(marshal.loads(self._codes[name]), vars(module))
            self._loaded.setdefault(name, module)  # no lock, for a forked child could find it held: to run one twice does no harm
        return self._loaded[name]

    def _import(self, name, scope=None, local=None, fromlist=(), level=0):
        return self.load(name) if level else self._find_other(name, scope, local, fromlist, level)


if __name__ == "__main__":
    gc.disable()
    _, worker, made_from = sys.argv
    sys.argv[:] = [worker]
    modules = Modules(worker_codes(worker, made_from))
    modules.load("main").main(modules.find_others_by)
