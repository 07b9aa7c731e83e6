"""The worker's own file descriptors."""

from __future__ import annotations

import mmap
import os
import sys

from .script_end import end_as_script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, Union

MADV_WIPEONFORK = 18  # of Linux; `mmap` has no name for it
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
