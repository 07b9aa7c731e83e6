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
    """Watches what the plugin does. `tell` gets each thing that it asks for, with its key and whether it may have it."""

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
