"""Runs a command in a control group of its own that may have so much memory: `in_memory_group.py BYTES COMMAND...`.

Its exit code is the command's. Where no such group can be made, and with `--can` instead, it says why and ends with 77 or 0.
"""

import os
import sys
import time

ROOTS = (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"))


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def make(limit):
    """Makes the group; gives its folder."""
    problem = "there is no control group for memory"
    for root, limit_file in ROOTS:
        group = "%s/remote-plugin-test-%d" % (root, os.getpid())
        try:
            os.mkdir(group)
        except OSError as error:
            problem = str(error)
            continue
        try:
            write(group + "/" + limit_file, str(limit))
            if os.path.exists(group + "/memory.swap.max"):
                write(group + "/memory.swap.max", "0")
            return group
        except OSError as error:
            problem = str(error)
            os.rmdir(group)
    print(problem)
    sys.exit(77)


def remove(group):
    """The last of its processes may still be ending."""
    for _ in range(1000):
        try:
            return os.rmdir(group)
        except OSError:
            time.sleep(0.01)
    raise SystemExit("%s has processes that do not end" % group)


if sys.argv[1] == "--can":
    remove(make(2**30))
    sys.exit(0)

group = make(int(sys.argv[1]))
child = os.fork()
if child == 0:
    write(group + "/cgroup.procs", "0")
    os.execvp(sys.argv[2], sys.argv[2:])
_, status = os.waitpid(child, 0)
remove(group)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
