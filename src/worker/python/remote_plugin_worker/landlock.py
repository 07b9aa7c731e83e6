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
