"""A Ray cluster of two nodes on this machine, for as long as standard input is open.

    python3 ray_cluster.py RAY_VENV FOLDER

Root gets two network namespaces on a bridge, so that a network can be cut and no port is taken. Others get two nodes on one address.
Lines on standard input are commands, each answered by one line of JSON: `cut`, `mend`, `kill NAME`, where NAME is what `pids` lists,
`pids`, `second` starts the second node anew. What it starts has a variable by which it is found again and ended, whatever happened.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from typing import Dict, List, Optional, Set

TOKEN = "0123456789abcdef0123456789abcdef"
MARK = "TEST_RAY_CLUSTER"  # a plugin does not see variables of this project
START_S = 60
COMMON = ["--block", "--num-cpus=2", "--object-store-memory=78643200", "--disable-usage-stats"]


class Cluster:
    def __init__(self, venv: str, folder: str) -> None:
        self._venv = venv
        self._folder = folder
        self._mark = "{:x}".format(random.getrandbits(32))
        self._has_network = False
        self._head: Optional[subprocess.Popen[bytes]] = None
        self._second: Optional[subprocess.Popen[bytes]] = None
        self._sessions: Set[str] = set()
        net = random.randrange(1, 250)
        self._addresses = ["10.77.{}.{}".format(net, host) for host in (1, 2, 254)]
        self._ports = random.sample(range(20100, 29000), 2)

    def up(self) -> Dict[str, object]:
        begin = time.monotonic()
        self._has_network = os.geteuid() == 0 and self._make_network()
        if not self._has_network:
            self._addresses = [own_address()] * 2
        for version in ("1.0", "2.0"):
            write_wheel(self._folder, version)
        gcs, dashboard = self._ports
        head = ["--head", "--port=%d" % gcs, "--dashboard-host=" + self._addresses[0], "--dashboard-port=%d" % dashboard]
        self._head = self._ray(0, [*head, "--temp-dir=" + os.path.join(self._folder, "t")])
        self._url = "http://{}:{}".format(self._addresses[0], dashboard)
        self._wait(lambda: self._nodes() >= 1)
        self.second()
        return {"dashboard": self._url, "token": TOKEN, "addresses": self._addresses[:2], "canCut": self._has_network,
                "seconds": round(time.monotonic() - begin, 1)}  # fmt: skip

    def second(self) -> None:
        """A second node, with a resource by which one aims at it, and a GPU that nobody has."""
        own = [] if self._has_network else ["--dashboard-agent-listen-port=52366"]
        address = "--address={}:{}".format(self._addresses[0], self._ports[0])
        before = self._nodes()
        self._second = self._ray(1, [address, '--resources={"second": 10}', "--num-gpus=1", *own])
        self._wait(lambda: self._nodes() > before)

    def _make_network(self) -> bool:
        name = self._mark
        commands = ["link add rb{0} type bridge", "addr add {3}/24 dev rb{0}", "link set rb{0} up"]
        for at in (1, 2):
            own = ["netns add rn{0}%d", "link add rv{0}%d type veth peer name eth0 netns rn{0}%d", "link set rv{0}%d master rb{0}",
                   "link set rv{0}%d up", "-n rn{0}%d addr add {%d}/24 dev eth0", "-n rn{0}%d link set eth0 up",
                   "-n rn{0}%d link set lo up"]  # fmt: skip
            commands += [command.replace("{%d}", "{" + str(at) + "}").replace("%d", str(at)) for command in own]
            commands.append("-n rn{0}%d route add default via {3}" % at)
        return all(quiet(["ip", *command.format(name, *self._addresses).split()]) for command in commands)

    def _ray(self, at: int, args: List[str]) -> subprocess.Popen[bytes]:
        inside = ["ip", "netns", "exec", "rn{}{}".format(self._mark, at + 1)] if self._has_network else []
        keep = ("PATH", "HOME", "LANG", "UV_CACHE_DIR")
        environ = {name: value for name, value in os.environ.items() if name in keep}
        environ.update({MARK: self._mark, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_USAGE_STATS_ENABLED": "0"})
        uv = os.path.join(os.path.dirname(self._venv), "uv", "bin")
        environ["PATH"] = os.pathsep.join([self._venv + "/bin", uv, environ.get("PATH", "")])
        environ["TMPDIR"] = self._folder
        # Nobody is reached from there, and nothing has to be.
        environ.update(UV_FIND_LINKS=self._folder, UV_PYTHON_DOWNLOADS="never", PIP_NO_INDEX="1", PIP_FIND_LINKS=self._folder)
        environ["XDG_CACHE_HOME"] = os.path.join(self._folder, "cache")
        log = open(os.path.join(self._folder, "ray{}.log".format(at)), "ab")
        command = [*inside, self._venv + "/bin/ray", "start", *COMMON, "--node-ip-address=" + self._addresses[at], *args]
        ray = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self._sessions.add(str(ray.pid))
        return ray

    def _wait(self, is_there) -> None:
        end = time.monotonic() + START_S
        while not is_there():
            assert self._head is not None
            ended = [ray for ray in (self._head, self._second) if ray is not None and ray.poll() is not None]
            if ended or time.monotonic() > end:
                raise SystemExit("Ray does not start: " + self._log())
            time.sleep(0.1)

    def _log(self) -> str:
        texts = [os.path.join(self._folder, name) for name in sorted(os.listdir(self._folder)) if name.endswith(".log")]
        return " ".join(open(text, errors="replace").read()[-1000:] for text in texts)

    def _nodes(self) -> int:
        request = urllib.request.Request(self._url + "/api/v0/nodes", headers={"authorization": "Bearer " + TOKEN})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
                return answer.read().count(b'"state": "ALIVE"')
        except OSError:
            return 0

    def cut(self, is_up: bool) -> None:
        quiet(["ip", "link", "set", "rv{}2".format(self._mark), "up" if is_up else "down"])

    def pids(self) -> Dict[str, List[int]]:
        """By what they are: `raylet1` and `raylet2`, `gcs`, `dashboard`, `agent`, `supervisor`, `worker`, and `other`."""
        found: Dict[str, List[int]] = {}
        for name in os.listdir("/proc"):
            if name.isdigit() and self._is_own(name):
                found.setdefault(self._kind(name), []).append(int(name))
        return found

    def _is_own(self, pid: str) -> bool:
        """Those that name themselves anew overwrite their variables, and stay in the session of their node."""
        if session_of(pid) in self._sessions:
            return True
        try:
            with open("/proc/{}/environ".format(pid), "rb") as environ:
                return "{}={}".format(MARK, self._mark).encode() in environ.read().split(b"\0")
        except OSError:
            return False

    def _kind(self, pid: str) -> str:
        try:
            with open("/proc/{}/cmdline".format(pid), "rb") as cmdline:
                words = cmdline.read().decode("utf-8", "replace").replace("\0", " ")
        except OSError:
            return "other"
        if "/raylet/raylet " in words:
            return "raylet2" if self._addresses[1] in words and "second" in words else "raylet1"
        kinds = {
            "gcs_server": "gcs",
            "remote_plugin_agent/worker.py": "worker",
            "-m remote_plugin_agent": "agent",
            "JobSupervisor": "supervisor",
            "ray-dashboard-": "dashboard",
            "dashboard/dashboard.py": "dashboard",
        }
        if "ray::DashboardAgent" in words:
            # Ray follows all jobs in the one of the head.
            return "dashboard" if self._kind(parent_of(pid)) == "raylet1" else "other"
        return next((kind for part, kind in kinds.items() if part in words), "other")

    def kill(self, kind: str) -> List[int]:
        pids = self.pids().get(kind, [])
        for pid in pids:
            send(pid, signal.SIGKILL)
        return pids

    def down(self) -> None:
        """In order, and what is left by force: a part of Ray's would live on for a minute."""
        for ray in (self._second, self._head):
            if ray is not None and ray.poll() is None:
                send(ray.pid, signal.SIGTERM)
                try:
                    ray.wait(5)
                except subprocess.TimeoutExpired:
                    pass
        for _ in range(50):
            left = [pid for pids in self.pids().values() for pid in pids]
            for pid in left:
                send(pid, signal.SIGKILL)
            if not left:
                break
            time.sleep(0.1)
        for command in ("netns del rn{0}1", "netns del rn{0}2", "link del rv{0}1", "link del rv{0}2", "link del rb{0}"):
            quiet(["ip", *command.format(self._mark).split()])
        shutil.rmtree(self._folder, ignore_errors=True)


def write_wheel(folder: str, version: str) -> None:
    """A package without anything but its version, from which an environment can be made."""
    info = "tiny-{}.dist-info/".format(version)
    files = {
        "tiny.py": "VERSION = {!r}\n".format(version),
        info + "METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: {}\n".format(version),
        info + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join("{},,\n".format(name) for name in [*files, info + "RECORD"])
    with zipfile.ZipFile(os.path.join(folder, "tiny-{}-py3-none-any.whl".format(version)), "w") as wheel:
        for name, text in [*files.items(), (info + "RECORD", record)]:
            wheel.writestr(name, text)


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except OSError:
        pass


def parent_of(pid: str) -> str:
    return stat_of(pid)[1]


def session_of(pid: str) -> str:
    return stat_of(pid)[3]


def stat_of(pid: str) -> List[str]:
    """What stands behind the name of a process: its state, its parent, its group, its session."""
    try:
        with open("/proc/{}/stat".format(pid)) as stat:
            return stat.read().rpartition(")")[2].split()
    except OSError:
        return [""] * 4


def quiet(command: List[str]) -> bool:
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect(("192.0.2.1", 9))
        return str(way.getsockname()[0])


def answer(cluster: Cluster, words: List[str]) -> object:
    if words[0] in ("cut", "mend"):
        return cluster.cut(words[0] == "mend")
    if words[0] == "kill":
        return cluster.kill(words[1])
    return cluster.second() if words[0] == "second" else cluster.pids()


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(1))
    os.makedirs(sys.argv[2], exist_ok=True)
    cluster = Cluster(sys.argv[1], sys.argv[2])
    try:
        print(json.dumps(cluster.up()), flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(cluster, line.split())), flush=True)
    finally:
        cluster.down()


main()
