"""Starts the worker from the bytecode that an earlier start has kept.

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

PART_MARK = "\f"  # in front of each part but the first, and of its name on the same line
MARK = b"remote-plugin bytecode\n"  # how a file says of itself that it may be removed
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
