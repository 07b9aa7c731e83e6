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
