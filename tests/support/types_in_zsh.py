"""Types lines into a zsh that has sourced a script, with a tab behind each, and prints what they are completed to.

Run it as: python3 types_in_zsh.py SCRIPT LINE...
"""

import os
import pty
import sys

PROMPT = b"<ready>"
# Behind the tab the line becomes what another command prints. The shell takes key by key, so that nobody has to wait.
TO_START, COMPLETE = "\x01", "\t"


def main():
    script, *lines = sys.argv[1:]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("zsh", ["zsh", "-f", "-i"])
    typed = [f"PS1='<rea''dy>'; unsetopt prompt_sp; bindkey -e; autoload -Uz compinit && compinit -u -D; source {script}"]
    typed += [f"{line}{COMPLETE}{TO_START}echo '= ' " for line in lines]
    for keys in typed:
        os.write(terminal, keys.encode() + b"\n")
        read_until(terminal, PROMPT, show=keys is not typed[0])
    os.write(terminal, b"exit\n")
    read_until(terminal, None)
    os.waitpid(pid, 0)


def read_until(terminal, mark, show=False):
    text = b""
    while mark is None or mark not in text:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break  # the shell has ended
        text += piece
    for line in text.decode("utf-8", "replace").splitlines() if show else ():
        if line.startswith("=  "):
            print(line[3:])


main()
