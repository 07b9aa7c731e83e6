"""The places that every plugin needs: the interpreter, the libraries, and what these read of the system."""

from __future__ import annotations

import os
import sys

# Programs and libraries, and what is the same for all users. Nothing here is a secret, as the keys beside certificates are.
SYSTEM = (
    "/usr /lib /lib32 /lib64 /bin /sbin /nix/store /gnu/store /etc/ld.so.cache /etc/ld.so.conf /etc/ld.so.conf.d /etc/localtime "
    "/etc/timezone /etc/ssl/certs /etc/ssl/cert.pem /etc/ssl/openssl.cnf /etc/pki/tls/certs /etc/pki/tls/cert.pem /etc/pki/tls/openssl.cnf "
    "/etc/pki/ca-trust /etc/crypto-policies /etc/ca-certificates /etc/passwd /etc/group /etc/nsswitch.conf /etc/mime.types /etc/os-release "
    "/etc/fonts /etc/magic /var/cache/fontconfig"
).split()
# How many processors and how much memory there are. Other processes are out of sight.
KERNEL = (
    "/proc/cpuinfo /proc/meminfo /proc/stat /proc/uptime /proc/loadavg /proc/version /proc/filesystems /proc/sys "
    "/sys/devices/system /sys/fs/cgroup /sys/kernel/mm"
).split()
OWN_PROCESS = "/proc/self"
DEVICES = ("/dev/zero", "/dev/random", "/dev/urandom")
WRITABLE_DEVICES = ("/dev/null", "/dev/full")
NAMES_OF_HOSTS = "/etc/resolv.conf /etc/hosts /etc/host.conf /etc/gai.conf /etc/services /etc/protocols".split()
# A program that is run has another number than this process, and so another folder there.
PROCESSES = ("/proc",)


LOADER_WITHIN = 4096


def own_python(home: str) -> list[str]:
    """Where this interpreter lies with its libraries, its virtual environment with the packages, and those of the user in his home.

    It goes by the program that runs. Variables and what stands in the environment's files could name any other folder.
    """
    programs = {sys.executable, os.path.realpath(sys.executable)}
    folders = {os.path.dirname(os.path.dirname(program)) for program in programs}
    packages = ".local/lib/python{}.{}/site-packages".format(*sys.version_info)
    return [*(folders - {"/", ""}), *([os.path.join(home, packages)] if home else [])]


def home_of_user() -> str:
    """Where packages of this user's are; empty when that is not known. A variable of the manifest's could name another folder."""
    told = os.environ.get("HOME", "")
    if os.path.isabs(told):
        return told  # the host's own, for those of the manifest are not there yet
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError):
        return ""


def derived_places(home: str) -> list[str]:
    """What may be read without a word of the manifest's."""
    return [*SYSTEM, *KERNEL, OWN_PROCESS, *DEVICES, *NAMES_OF_HOSTS, *own_python(home)]


def loaders_of(program: str) -> list[str]:
    """The program that loads another one's libraries, by which it is run: its name stands at the beginning of the file."""
    with open(program, "rb") as file:
        start = file.read(LOADER_WITHIN)
    at = start.find(b"/ld-")
    return [os.fsdecode(start[start.rindex(b"\0", 0, at) + 1 : start.index(b"\0", at)])] if at > 0 else []
