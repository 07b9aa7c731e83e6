"""Runs a program in a terminal of its own, and writes what that shows. What is read from standard input is what the user does.

"close" closes the terminal's window, and "interrupt" is Ctrl-C.
"""

import os
import pty
import select
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])

watched = [0, terminal]
while watched:
    for ready in select.select(watched, [], [])[0]:
        try:
            data = os.read(ready, 65536)
        except OSError:  # the program has ended
            data = b""
        if not data:
            watched.remove(ready)
        elif ready == terminal:
            os.write(1, data)
        elif b"close" in data:
            watched.remove(terminal)
            os.close(terminal)
        else:
            os.write(terminal, b"\x03")
_, status = os.waitpid(pid, 0)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1)
