"""Runs a program in a terminal of its own. What is read from standard input is what the user does.

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
while 0 in watched:
    for ready in select.select(watched, [], [])[0]:
        try:
            data = os.read(ready, 65536)
        except OSError:  # the program has ended
            data = b""
        if not data:
            watched.remove(ready)
        elif ready == 0 and b"close" in data:
            watched.remove(terminal)
            os.close(terminal)
        elif ready == 0:
            os.write(terminal, b"\x03")
os.waitpid(pid, 0)
