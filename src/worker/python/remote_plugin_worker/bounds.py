"""Binds this process to what its plugin may do, by means of the kernel's, and for good: section 12 of docs/protocol.md.

It happens after the supervisor's fork, which stays outside and still ends everything, and before the first thread and any code
of the plugin's. What that code does, in Python or in C, in threads, children or programs, stays inside.
"""

from __future__ import annotations

import os
import sys
from array import array

from .errors import CannotBind
from .grant import Grant, is_within
from .places import DEVICES, KERNEL, NAMES_OF_HOSTS, PROCESSES, SYSTEM, WRITABLE_DEVICES, own_python
from .start_line import Start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]

NO_NEW_PRIVILEGES = 38
CAPABILITIES_VERSION = 0x20080522
# A host that is root reads the files of other users, and so does its plugin, in the places that it was given.
KEPT_CAPABILITIES = 1 << 1 | 1 << 2  # DAC_OVERRIDE, DAC_READ_SEARCH
LAST_DESCRIPTOR = 0xFFFFFFFF


class Bounds:
    """The bounds of one worker. It cannot be made where they could not be held."""

    def __init__(self, start: Start) -> None:
        if start.foreign:
            raise CannotBind("the worker of the plugin's own environment does not know of permissions")
        if sys.platform != "linux":
            raise CannotBind(f"the system {sys.platform} has no Landlock, which is of Linux")
        from .kernel import Kernel
        from .landlock import landlock_abi
        from .syscalls import Machine

        self.grant = Grant(start)
        self._scratch = start.scratch.disk
        self._machine = Machine()
        self._kernel = Kernel()
        self._abi = landlock_abi(self._kernel)

    def close_foreign_files(self, but: int) -> None:
        """Closes what this process has open and was not told of: the host may have left it a descriptor by mistake."""
        self._close_from(3, but - 1)
        self._close_from(but + 1, LAST_DESCRIPTOR)

    def put_in_force(self) -> Body:
        """Binds this process, and gives what the hello line says of that."""
        self._prepare_variables()
        try:
            self._kernel.call(self._machine.number("prctl"), NO_NEW_PRIVILEGES, 1, 0, 0, 0)
            self._put_landlock_in_force()
            self._drop_capabilities()
            self._put_filter_in_force()
        except OSError as error:
            raise CannotBind(f"the kernel {os.uname().release} refused the bounds: {error}") from error
        return {"bounds": "landlock", "abi": self._abi}

    def _prepare_variables(self) -> None:
        if self._scratch and not is_within(os.path.realpath(os.environ.get("TMPDIR") or "/"), self.grant.write):
            os.environ["TMPDIR"] = os.path.join(self._scratch, "tmp")
            os.makedirs(os.environ["TMPDIR"], 0o700, exist_ok=True)
        if isinstance(self.grant.net, list):
            os.environ["RES_OPTIONS"] = "use-vc"  # names of hosts are asked for by TCP, which can be held to a port

    def _put_landlock_in_force(self) -> None:
        from .landlock import EXECUTE, READ, WRITE, Landlock

        grant = self.grant
        rules = Landlock(self._kernel, self._abi, grant.net)
        execute = EXECUTE if grant.run else 0
        rules.allow([*SYSTEM, *own_python(), *grant.read], READ | execute)
        rules.allow([*KERNEL, *DEVICES, *(NAMES_OF_HOSTS if grant.net else ()), *(PROCESSES if grant.run else ())], READ)
        rules.allow([*WRITABLE_DEVICES, *grant.write], WRITE | execute)
        rules.put_in_force()

    def _drop_capabilities(self) -> None:
        """Of root's special rights none is left but that to files. Nothing gives them back: not even a program that is root's."""
        head = array("I", (CAPABILITIES_VERSION, 0))
        sets = array("I", bytes(24))  # effective, permitted and inheritable ones, first the lower halves
        where = [held.buffer_info()[0] for held in (head, sets)]
        self._kernel.call(self._machine.number("capget"), *where)
        for place, held in enumerate(sets):
            sets[place] = held & KEPT_CAPABILITIES if place < 2 else 0
        self._kernel.call(self._machine.number("capset"), *where)

    def _put_filter_in_force(self) -> None:
        from .seccomp import filter_calls

        filter_calls(self._kernel, self._machine, self.grant.net, self.grant.run)

    def _close_from(self, first: int, last: int) -> None:
        if first <= last:
            self._kernel.call(self._machine.number("close_range"), first, last, 0)
