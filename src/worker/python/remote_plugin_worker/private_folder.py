"""Folders that say of themselves what they are: section 7 of docs/protocol.md."""

from __future__ import annotations

import os

from .descriptors import DESCRIPTORS
from .scratch import attempt

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

OWNER_FILE = "owner.lock"
OWNER_LINE = b"remote-plugin private folder: whoever can lock this file may remove the folder\n"


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
