"""Several calls that one run of the plugin's code answers."""

from __future__ import annotations

from .call import Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]


class Batch(Call):
    """Calls that run together. To the plugin's helpers, and to whoever interrupts the code, it is one call."""

    def __init__(self, first: Call) -> None:
        super().__init__({}, first.endpoint)
        self.calls: list[Call] = []
        self.bodies: list[Body] = []  # what they were given, also of one that has been cancelled since

    @property
    def cancelled(self) -> bool:  # type: ignore[override]
        """Whether nobody wants any of the answers."""
        return all(call.cancelled for call in self.calls)

    def member(self, item: int) -> Call:
        return self.calls[item]

    def report(self, progress: float, message: str) -> None:
        def report_to_all() -> None:
            for call in self.calls:
                call.report(progress, message)

        self.run_own(report_to_all)
