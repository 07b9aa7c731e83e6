"""What plugins of the original find in its own packages."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]

WIRE_MODULES = ("cjm_plugin_system.core.wire", "cjm_substrate.core.wire")


def own_wires() -> list[Any]:
    """The modules in which classes of the original register for the wire, as far as this plugin uses them."""
    loaded = [sys.modules[name] for name in WIRE_MODULES if name in sys.modules]
    return [wire for wire in loaded if wire is not None and hasattr(wire, "wire_encode")]


def stamp_envelope(body: Body) -> None:
    """Gives plugins of the original the call's envelope, by which their adapters know, say, that a cache is to be passed over."""
    envelope = body.get("envelope")
    for wire in own_wires():
        wire.set_call_envelope(wire.CallEnvelope.from_wire(envelope) if envelope else None)


def make_data_folders() -> None:
    """The original's host makes these folders before it starts a plugin."""
    for name in ("PLUGIN_DATA_DIR", "CAPABILITY_DATA_DIR"):
        if os.environ.get(name):
            os.makedirs(os.environ[name], exist_ok=True)
