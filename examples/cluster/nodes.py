"""A Ray cluster of two nodes on this machine, for as long as this plugin runs."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

START_S = 90
# Others on the machine have their own Ray, at its usual ports. Those of its workers begin at 10002.
PORTS = range(20100, 29000)


class Nodes:
    def __init__(self):
        self.token = secrets.token_hex(16)
        self.address = own_address()
        # The path of a socket has some hundred bytes at most, and Ray's part of it takes most of them.
        self.folder = tempfile.mkdtemp(prefix="ray", dir="/tmp" if os.path.isdir("/tmp") else None)
        self.gcs, self.dashboard, self.agent = free_ports(3)
        self.head = None
        self.second = None

    def start(self):
        """Starts both nodes. Each has room for two workers: a worker takes one "slot"."""
        head = ["--head", f"--port={self.gcs}", f"--dashboard-host={self.address}", f"--dashboard-port={self.dashboard}"]
        self.head = self._ray([*head, f"--temp-dir={self.folder}"])
        self._wait_for_nodes(1)
        # Both have one address, so that the second one takes another port for what runs beside it.
        self.second = self._ray([f"--address={self.address}:{self.gcs}", f"--dashboard-agent-listen-port={self.agent}"])
        self._wait_for_nodes(2)
        return {"dashboard": self._url(), "token": self.token}

    def kill_second(self):
        """Kills the second node, as a power cut would. Its workers are processes of their own, and end because it has gone."""
        kill_group(self.second.pid)
        self.second.wait()

    def cleanup(self):
        """Nothing has to be kept, so that nobody is asked to end. What has left its node's group ends when that has."""
        for node in (self.second, self.head):
            if node is not None:
                kill_group(node.pid)
                node.wait()
        end = time.monotonic() + 3
        while os.path.exists(self.folder) and time.monotonic() < end:
            shutil.rmtree(self.folder, ignore_errors=True)
            time.sleep(0.1)

    def _ray(self, args):
        programs = os.path.dirname(sys.executable)
        env = {
            **os.environ,
            # The workers are run by the Python of this environment.
            "PATH": programs + os.pathsep + os.environ.get("PATH", os.defpath),
            "TMPDIR": self.folder,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": self.token,
        }
        room = [f"--node-ip-address={self.address}", "--num-cpus=2", '--resources={"slot": 2}', "--object-store-memory=78643200"]
        command = [os.path.join(programs, "ray"), "start", "--block", "--disable-usage-stats", *room, *args]
        with open(os.path.join(self.folder, "nodes.log"), "ab") as log:
            return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def _wait_for_nodes(self, count):
        end = time.monotonic() + START_S
        while self._nodes() < count:
            ended = any(node is not None and node.poll() is not None for node in (self.head, self.second))
            if ended or time.monotonic() > end:
                with open(os.path.join(self.folder, "nodes.log"), errors="replace") as log:
                    raise RuntimeError("Ray does not start: " + log.read()[-2000:])
            time.sleep(0.1)

    def _nodes(self):
        request = urllib.request.Request(self._url() + "/api/v0/nodes", headers={"Authorization": "Bearer " + self.token})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
                return answer.read().count(b'"state": "ALIVE"')
        except OSError:
            return 0

    def _url(self):
        return f"http://{self.address}:{self.dashboard}"


def kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def own_address():
    """The address by which this machine is known in its network; Ray takes none of loopback. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect(("192.0.2.1", 9))
        return way.getsockname()[0]


def free_ports(count):
    found = []
    for port in PORTS:
        with socket.socket() as tried:
            try:
                tried.bind(("", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError("no port is free")
