"""Holds this process to a grant by means of the kernel's, for good.

It happens after the supervisor's fork, which stays outside and still ends everything, and before the first thread and any code
of the plugin's. What that code does, in Python or in C, in threads, children or programs, stays inside.
"""

from __future__ import annotations

import os

from .errors import CannotBind
from .grant import Grant
from .kernel import Kernel, address_of, number
from .landlock import EXECUTE, READ, WRITE, Landlock, landlock_abi
from .places import DEVICES, KERNEL, NAMES_OF_HOSTS, PROCESSES, SYSTEM, loaders_of, own_python
from .seccomp import Allowed, filter_calls
from .syscalls import Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]

NO_NEW_PRIVILEGES = 38
CAPABILITIES_VERSION = 0x20080522
# A host that is root reads the files of other users, and so does its plugin, in the places that it was given.
KEPT_CAPABILITIES = 1 << 1  # DAC_OVERRIDE
SET_BYTES = 24  # effective, permitted and inheritable ones, first their lower halves
LAST_DESCRIPTOR = 0xFFFFFFFF


class Holding:
    """What the kernel is told. It cannot be made where the kernel could not hold it."""

    def __init__(self, grant: Grant) -> None:
        self._grant = grant
        self._machine = Machine()
        self._kernel = Kernel()
        self._abi = landlock_abi(self._kernel)

    def close_files(self, but: int) -> None:
        """Closes what this process has open besides the standard streams and one more file."""
        self._close_from(3, but - 1)
        self._close_from(but + 1, LAST_DESCRIPTOR)

    def put_in_force(self) -> Body:
        """Binds this process, and gives what the hello line says of that."""
        try:
            self._kernel.call(self._machine.number("prctl"), NO_NEW_PRIVILEGES, 1, 0, 0, 0)
            self._put_landlock_in_force()
            self._drop_capabilities()
            self._put_filter_in_force()
        except OSError as error:
            raise CannotBind(f"the kernel {os.uname().release} refused the bounds: {error}") from error
        return {"bounds": "landlock", "abi": self._abi}

    def _put_landlock_in_force(self) -> None:
        grant = self._grant
        rules = Landlock(self._kernel, self._abi, grant.net, grant.listens)
        execute = EXECUTE if grant.run else 0
        rules.allow([*SYSTEM, *own_python(), *grant.read], READ | execute)
        rules.allow([*KERNEL, *DEVICES, *(NAMES_OF_HOSTS if grant.net else ()), *(PROCESSES if grant.run else ())], READ)
        rules.allow(grant.write, WRITE | execute)
        if grant.program:
            rules.allow([grant.program, *loaders_of(grant.program)], READ | EXECUTE)
        rules.put_in_force()

    def _drop_capabilities(self) -> None:
        """Of root's special rights none is left but that to files. Nothing gives them back: not even a program that is root's."""
        head = number(CAPABILITIES_VERSION, 4) + number(0, 4)
        held = bytearray(SET_BYTES)
        self._kernel.call(self._machine.number("capget"), head, address_of(held))
        effective, permitted = (number(int.from_bytes(held[at : at + 4], "little") & KEPT_CAPABILITIES, 4) for at in (0, 4))
        self._kernel.call(self._machine.number("capset"), head, effective + permitted + bytes(SET_BYTES - 8))

    def _put_filter_in_force(self) -> None:
        grant = self._grant
        filter_calls(self._kernel, self._machine, Allowed(grant.net, grant.run or bool(grant.program), grant.listens))

    def _close_from(self, first: int, last: int) -> None:
        if first <= last:
            self._kernel.call(self._machine.number("close_range"), first, last, 0)
