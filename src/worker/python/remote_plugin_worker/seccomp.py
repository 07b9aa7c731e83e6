"""seccomp: which system calls this process and its children may make, for what Landlock does not hold.

The filter is a program of the kernel's, which runs before each call. A call that it lets pass whatever its arguments are is
remembered by the kernel as such, and costs nothing.
"""

from __future__ import annotations

import errno

from .fast import socket
from .syscalls import Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    Net = Union[bool, "list[int]"]
    Program = "list[int]"

LOAD, EQUAL, AT_LEAST, AND, RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
ALLOW, ERROR, KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER_AT, MACHINE_AT, ARGUMENTS_AT = 0, 4, 16
X32 = 0x40000000
FIRST_UNKNOWN = 470  # of Linux 6.18. What a later kernel can do besides may lead out, and programs know how to do without.
LINE_BYTES = 8
GROUP = 8  # calls; no jump is wider than 255 lines

# What leads around the bounds, reaches other processes, or changes the system; with CAP_SYS_ADMIN as well as without.
REFUSED = (
    "acct add_key bpf chroot clock_settime delete_module fanotify_init finit_module fsconfig fsmount fsopen fspick init_module "
    "io_uring_enter io_uring_register io_uring_setup ioperm iopl ioprio_set kcmp kexec_file_load kexec_load keyctl modify_ldt mount "
    "mount_setattr move_mount mq_open mq_unlink msgctl msgget msgrcv msgsnd name_to_handle_at open_by_handle_at open_tree open_tree_attr "
    "perf_event_open pidfd_getfd pivot_root process_madvise process_mrelease process_vm_readv process_vm_writev ptrace quotactl "
    "quotactl_fd reboot request_key semctl semget semop semtimedop setdomainname sethostname setns settimeofday shmat shmctl shmget "
    "swapoff swapon syslog umount2 unshare userfaultfd vhangup"
).split()
# Landlock knows no right for what these change or watch, and the filter sees no path.
METADATA = (
    "chmod chown fchmodat fchmodat2 fchown fchownat file_setattr futimesat inotify_add_watch lchown lremovexattr lsetxattr "
    "removexattr removexattrat setxattr setxattrat utime utimes"
).split()
# They read what is kept beside a file by its path, or change it by a file that may only be read: an attribute lets others write.
# Whoever copies files does without where this is not supported.
ATTRIBUTES = "file_getattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr".split()
# A file that may only be read can be given a mode as well. None lets others write or run it as this user, or keeps the owner out.
WRONG_MODE, WANTED_MODE = 0o7022, 0o400
# Of these processes the caller itself is 0.
OWN_PROCESS = {"prlimit64": 0, "sched_setattr": 0, "sched_setparam": 0, "sched_setscheduler": 0}
SEND_FLAGS = {"sendto": 3, "sendmsg": 2, "sendmmsg": 3}
FAST_OPEN = 0x20000000  # connects without a question to Landlock
NEW_NAMESPACES = 0x7E020000
QUERY = 0xFFFFFFFF  # asks for the personality, and changes nothing
# Whoever makes a file gives it a mode as well: with these bits others would run it as this user.
RUNS_AS_OWNER = 0o6000
MODE_OF_OPEN, MODE_OF_NEW = {"open": 2, "openat": 3}, {"creat": 1, "mknod": 1, "mknodat": 2}  # the flags stand in front of the mode
MAKES_FILE = 0o20000100  # O_CREAT, O_TMPFILE; without them the mode is whatever stood there
# What they are told stands in memory, out of sight. Libraries then take the older calls.
OUT_OF_SIGHT = ("clone3", "openat2")
SET_LEASE = 1024  # has whoever writes to a file that may only be read wait
# TIOCSTI and TIOCLINUX type into a terminal. The third marks a file of FAT.
REFUSED_COMMANDS = (0x5412, 0x541C, 0x40047211)
# The second byte of a command says whose it is. File systems mark files that may only be read by theirs, make them such that nobody
# changes them again, or make folders: of ext4 and all ("f", "v"), XFS, bcachefs, Ceph, F2FS, btrfs.
OF_FILE_SYSTEMS = (0x6600, 0x7600, 0x5800, 0xBC00, 0x9700, 0xF500, 0x9400)
OWNER_OF_COMMAND = 0xFF00
CLONES = (0x40049409, 0x4020940D, 0xC0189436)  # copy within a file system, for whoever may write to the copy
REPLACES_PROTOCOL = 31  # TCP_ULP: a connection of "smc" is none of TCP to Landlock
KIND = 0xF  # of a socket, without its flags
STREAM, DATAGRAM, IN_ORDER = 1, 2, 5
UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
TCP = socket.IPPROTO_TCP


class Allowed:
    """What the filter lets pass besides what is nobody's concern."""

    def __init__(self, net: Net, run: bool, listen: bool) -> None:
        self.net = net
        self.run = run
        self.listen = listen


class Filter:
    """The program, as it is written."""

    def __init__(self, machine: Machine, allowed: Allowed) -> None:
        self._machine = machine
        self._refused = [call for call in map(machine.number, REFUSED + METADATA) if call]
        self._cases: dict[int, Program] = {}
        for name in ATTRIBUTES:
            self._case(name, [_fail(errno.EOPNOTSUPP)])
        for name in () if allowed.run else ("execve", "execveat"):
            self._case(name, [_fail(errno.EACCES)])
        for name in OUT_OF_SIGHT:
            self._case(name, [_fail(errno.ENOSYS)])
        self._case("clone", [*_argument(0, NEW_NAMESPACES), *_unless(0), _ALLOW])
        self._case("personality", [*_argument(0), _line(EQUAL, 0, 2, 0), *_unless(QUERY), _ALLOW])
        self._case("utimensat", [*_argument(1), *_unless(0), *_argument(1, high=True), *_unless(0), _ALLOW])
        mode_is_right = [*_argument(1, WRONG_MODE), *_unless(0), *_argument(1, WANTED_MODE), *_unless(WANTED_MODE)]
        self._case("fchmod", [*mode_is_right, _ALLOW])
        for name, place in MODE_OF_OPEN.items():
            makes_file = [*_argument(place - 1, MAKES_FILE), _line(EQUAL, 0, 0, 1), _ALLOW]
            self._case(name, [*makes_file, *_argument(place, RUNS_AS_OWNER), *_unless(0), _ALLOW])
        for name, place in MODE_OF_NEW.items():
            self._case(name, [*_argument(place, RUNS_AS_OWNER), *_unless(0), _ALLOW])
        self._case("fcntl", [*_argument(1), *_if(SET_LEASE, errno.EPERM), _ALLOW])
        self._case("setpriority", [*_argument(0), *_unless(0), *_argument(1), *_unless(0), _ALLOW])
        for name, place in OWN_PROCESS.items():
            self._case(name, [*_argument(place), *_unless(0), _ALLOW])
        self._case("ioctl", _commands())
        self._sockets(allowed.net, allowed.listen)

    def pack(self) -> bytes:
        """The program as the kernel reads it: the calls in the order of their numbers, in groups that a larger number passes over."""
        program = self._beginning()
        numbers = sorted([*self._refused, *self._cases])
        groups = [numbers[start : start + GROUP] for start in range(0, len(numbers), GROUP)]
        for group, following in zip(groups, [*groups[1:], [X32]]):
            lines = self._group(group)
            program += [_line(AT_LEAST, following[0], len(lines), 0), *lines]
        return b"".join([line.to_bytes(LINE_BYTES, "little") for line in [*program, _ALLOW]])

    def _group(self, group: list[int]) -> Program:
        """What is done about some calls, and about all between the first and the next group's."""
        refused = [call for call in group if call not in self._cases]
        lines = [
            line for call in group if call in self._cases for line in (_line(EQUAL, call, 0, len(self._cases[call])), *self._cases[call])
        ]
        lines += [_line(EQUAL, call, len(refused) - place) for place, call in enumerate(refused)]
        return [*lines, _ALLOW, _fail(errno.EPERM)]

    def _beginning(self) -> Program:
        """Another machine's calls have other numbers. What makes them is ended, for it could not even be told an error."""
        lines = [_line(LOAD, MACHINE_AT), _line(EQUAL, self._machine.audit_name, 1, 0), _line(RETURN, KILL_PROCESS), _line(LOAD, NUMBER_AT)]
        lines += [_line(AT_LEAST, X32, 0, 1), _fail(errno.EPERM)] if self._machine.has_x32 else []
        return [*lines, _line(AT_LEAST, FIRST_UNKNOWN, 0, 1), _fail(errno.ENOSYS)]

    def _case(self, name: str, then: Program) -> None:
        """What is done about a call. It comes to an end: what stands behind it is for other calls."""
        call = self._machine.number(name)
        if call:
            self._cases[call] = then

    def _sockets(self, net: Net, listen: bool) -> None:
        self._case(
            "socketpair", [*_argument(0), *_unless(UNIX), *_argument(1, KIND), _line(EQUAL, STREAM, 2, 0), *_unless(IN_ORDER), _ALLOW]
        )
        self._case("socket", [*(line for kind in _open_sockets(net, listen) for line in kind), _fail(errno.EACCES)])
        if net is True:
            return
        if not listen:
            self._case("listen", [_fail(errno.EACCES)])  # takes a port without a question to Landlock
        replaces = [*_argument(2), *_if(REPLACES_PROTOCOL, errno.EACCES)]
        self._case("setsockopt", [*_argument(1), _line(EQUAL, TCP, 0, len(replaces)), *replaces, _ALLOW])
        for name, place in SEND_FLAGS.items():
            self._case(name, [*_argument(place, FAST_OPEN), *_unless(0, errno.EACCES), _ALLOW])


def _commands() -> Program:
    """Which commands may be given to an open file."""
    refused = [line for command in REFUSED_COMMANDS for line in _if(command, errno.EPERM)]
    clones = [line for command in CLONES for line in (_line(EQUAL, command, 0, 1), _ALLOW)]
    unknown = [line for owner in OF_FILE_SYSTEMS for line in _if(owner, errno.ENOTTY)]
    return [*_argument(1), *refused, *clones, *_argument(1, OWNER_OF_COMMAND), *unknown, _ALLOW]


def _open_sockets(net: Net, listen: bool) -> list[Program]:
    """Which sockets may be made. Multipath TCP is a stream as well, and nothing to Landlock: the protocol has to be TCP's own."""
    if net is True:
        inet = [_socket(family, kind) for family in (INET, INET6) for kind in (STREAM, DATAGRAM)]
        return [*inet, [*_argument(0), _line(EQUAL, NETLINK, 0, 3), *_argument(2), _line(EQUAL, 0, 0, 1), _ALLOW]]
    return [_socket(family, STREAM, only_tcp=True) for family in (INET, INET6)] if net or listen else []


def _socket(family: int, kind: int, only_tcp: bool = False) -> Program:
    """Allows a kind of socket, and comes to its end for any other."""
    protocol = [*_argument(2), _line(EQUAL, 0, 1, 0), _line(EQUAL, TCP, 0, 1)] if only_tcp else []
    found = [*protocol, _ALLOW]
    kinds = [*_argument(1, KIND), _line(EQUAL, kind, 0, len(found)), *found]
    return [*_argument(0), _line(EQUAL, family, 0, len(kinds)), *kinds]


def _argument(place: int, mask: int = 0, high: bool = False) -> Program:
    load = _line(LOAD, ARGUMENTS_AT + 8 * place + 4 * high)
    return [load, _line(AND, mask)] if mask else [load]


def _unless(value: int, error: int = errno.EPERM) -> Program:
    return [_line(EQUAL, value, 1, 0), _fail(error)]


def _if(value: int, error: int) -> Program:
    return [_line(EQUAL, value, 0, 1), _fail(error)]


def _line(code: int, value: int, yes: int = 0, no: int = 0) -> int:
    """A line of the program: what to do with a value, and how many lines to pass over if that is so, and if it is not."""
    return code | yes << 16 | no << 24 | value << 32


def _fail(error: int) -> int:
    return _line(RETURN, ERROR | error)


_ALLOW = _line(RETURN, ALLOW)
