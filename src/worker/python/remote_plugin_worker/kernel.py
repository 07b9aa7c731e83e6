"""System calls that Python has no function for."""

from __future__ import annotations

import builtins
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# `ctypes` takes five times as long to import, and has no more of what is used here. No file of the plugin's is on the path yet.
_ctypes = builtins.__import__("_ctypes")
C_CALL, USES_ERRNO = 0x1, 0x8  # flags of `_ctypes`


class Long(_ctypes._SimpleCData):  # type: ignore[misc]
    """A number of the width of a register."""

    _type_ = "l"


class Function(_ctypes.CFuncPtr):  # type: ignore[misc]
    """A function of the C library that gives a number."""

    _flags_ = C_CALL | USES_ERRNO
    _restype_ = Long


ZERO = Long(0)  # behind the arguments: most calls have flags there


def c_function(name: str) -> Any:
    """A function of the C library."""
    return Function(_ctypes.dlsym(_ctypes.dlopen(None, 0), name))


def address_of(memory: Any, start: int = 0) -> int:
    """Where memory of eight bytes or more lies that can be written to. It stays there as long as nobody makes it longer."""
    address: int = _ctypes.addressof(Long.from_buffer(memory, start))
    return address


class Kernel:
    """The kernel, asked by the numbers of its calls."""

    def __init__(self) -> None:
        self._syscall = c_function("syscall")

    def call(self, number: int, *args: Any) -> int:
        """Makes a call: of numbers, and of bytes, which are given by their address."""
        return self.call_with(in_registers(number, *args))

    def call_with(self, registers: list[Any], *others: bytes) -> int:
        """Makes a call whose first arguments are ready, and whose last ones are bytes."""
        result: int = self._syscall(*registers, *others, ZERO)
        if result < 0:
            code = _ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result


def in_registers(*args: Any) -> list[Any]:
    """The number of a call and its arguments as they are given to it."""
    return [Long(value) if isinstance(value, int) else value for value in args]


def number(value: int, length: int = 8) -> bytes:
    """A number as it lies in memory. Both machines that are known here put the lowest byte first."""
    return value.to_bytes(length, "little")
