"""What the job's record says, which everybody with the cluster's token can read."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket

PREFIX = "REMOTE_PLUGIN_"


class Job:
    """What the host wrote into the job's variables."""

    def __init__(self) -> None:
        self._mark = os.environ[PREFIX + "MARK"]
        self._verifier = os.environ[PREFIX + "VERIFIER"]
        self.lease_s = float(os.environ[PREFIX + "LEASE_S"])
        first, _, last = os.environ.get(PREFIX + "PORTS", "").partition("-")
        self.ports = range(int(first), int(last or first) + 1) if first else range(0, 1)

    def admits(self, secret: object) -> bool:
        shown = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest() if isinstance(secret, str) else ""
        return hmac.compare_digest(shown, self._verifier)

    def tell(self, message: dict[str, object]) -> None:
        """In the job's log, by which the host finds the agent."""
        print(self._mark + json.dumps(message), flush=True)


def own_address() -> str:
    """The address by which the cluster's head knows this node: that of the way to it."""
    host, _, port = os.environ["RAY_ADDRESS"].rpartition(":")
    host = host.strip("[]")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect((host, int(port)))
        return str(way.getsockname()[0])
