"""What stands in for functions of the library that would not work within bounds, for what the bounds allow."""

from __future__ import annotations

import builtins
import mmap
import os
import sys
import threading

from .kernel import Long, address_of, c_function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SEMAPHORE_BYTES = 32  # of all known C libraries, where a register has 64 bits


def stand_in_for(module: str) -> None:
    """Prepares what a module of `multiprocessing` is about to be made of, or the module itself."""
    if module == "multiprocessing.synchronize":
        made_of = builtins.__import__("_multiprocessing")
        made_of.SemLock = semaphores_in_memory(made_of.SemLock)
    elif module == "multiprocessing.heap":
        builtins.__import__(module)
        sys.modules[module].Arena._dir_candidates = []  # it takes the temporary folder then


def semaphores_in_memory(named: Any) -> type:
    """Makes the semaphores of forked processes in memory that they share. Those that have a name are files in a folder of all processes."""
    memory = SharedMemory()

    class SemLock:
        SEM_VALUE_MAX = named.SEM_VALUE_MAX
        _rebuild = named._rebuild

        def __new__(cls, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> Any:
            if not unlink:  # a process that is no fork finds it by its name
                return named(kind, value, maxvalue, name, unlink)
            return named._rebuild(memory.make_semaphore(value), kind, maxvalue, None)

    return SemLock


class SharedMemory:
    """Memory that this process shares with those that it forks. What is taken of it is not given back: it is 32 bytes a semaphore."""

    def __init__(self) -> None:
        self._initialize = c_function("sem_init")
        self._pages: list[mmap.mmap] = []  # which are not to end
        self._renew()
        os.register_at_fork(after_in_child=self._renew)  # its parent goes on with the page that they share

    def make_semaphore(self, value: int) -> int:
        """Gives the address of a new semaphore."""
        with self._lock:
            if self._taken + SEMAPHORE_BYTES > mmap.PAGESIZE:
                self._page, self._taken = mmap.mmap(-1, mmap.PAGESIZE), 0
                self._pages.append(self._page)
            address = address_of(self._page, self._taken)
            self._taken += SEMAPHORE_BYTES
        self._initialize(Long(address), Long(1), Long(value))
        return address

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._taken = mmap.PAGESIZE
