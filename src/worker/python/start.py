"""Starts worker.py, which stands beside this file, from the bytecode that an earlier start has kept.

To compile it takes longer than all the rest of a start. The bytecode is in a folder of the user's own, where programs keep
what can be made again; docs/permissions.md says where. What is not surely this user's file, whole, and made by this very
interpreter from this very source, is not used: the source is compiled. Nothing that goes wrong here keeps the worker from
its start, or is said: it only takes longer.
"""

import binascii
import gc
import marshal
import os
import stat
import sys
import time

# The same whether it is compiled or loaded, and not a path: of this file's many copies none lasts.
CODE_NAME = "<remote-plugin worker>"
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


def compile_worker():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py"), "rb") as source:
        return compile(source.read(), CODE_NAME, "exec", 0, True, 2)  # without what nobody reads or checks at run time


def worker_code(source_hash):
    # Elsewhere it is told in another way whose a file is and who may write to it. A Python that is too old has to come
    # as far as to be told so.
    if os.name != "posix" or sys.version_info < (3, 8):
        return compile_worker()
    bytecode = Bytecode(source_hash)
    code = bytecode.load()
    if code is None:
        code = compile_worker()
        if not sys.dont_write_bytecode:
            bytecode.keep(code)
    return code


if __name__ == "__main__":
    gc.disable()
    exec(worker_code(sys.argv.pop()), globals())
