"""The memory that a large value leaves, which the next one takes."""

from __future__ import annotations

LARGE = 128 * 1024  # from here on the C library gives a value's memory back to the system at once
MOST_KEPT = 8 * 1024 * 1024


class SpareMemory:
    """Has the C library keep memory of large values. To get it from the system once more takes longer than all else that is done with them.

    glibc takes the size of what is freed for one that will come again: from then on it keeps memory of up to twice that size.
    """

    _is_kept = False

    def keep(self) -> None:
        """A large value has come or goes."""
        if not self._is_kept:
            self._is_kept = True
            try:
                bytearray(MOST_KEPT)
            except MemoryError:
                pass  # the plugin may have little
