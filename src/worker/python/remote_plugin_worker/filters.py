"""The filters of this machine's system calls, one for each grant that differs to them, and the numbers of the calls that bind.

To write them takes a fifth of what bounds add to a start. So compiling.py runs this module once, and keeps what stands here in
the place of its code.
"""

from __future__ import annotations

from .seccomp import WRONG_MODE, Allowed, Filter
from .syscalls import Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Tuple

    Programs = Dict[Tuple[bool, bool, bool, bool], bytes]

__all__ = ("CALLS", "PROGRAMS", "WRONG_MODE")
_MACHINE = Machine()
CALLS: dict[str, int] = {name: _MACHINE.number(name) for name in ("capget", "capset", "close_range", "prctl", "seccomp")}
# By whether some ports, all of the network and programs are granted, and whether the process will listen.
PROGRAMS: Programs = {
    (ports, net, run, listen): Filter(_MACHINE, Allowed(net or ([1] if ports else False), run, listen)).pack()
    for ports, net in ((False, False), (True, False), (False, True))
    for run in (False, True)
    for listen in (False, True)
}
