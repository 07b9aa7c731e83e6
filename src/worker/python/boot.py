import sys

if sys.path[:1] == [""]:
    del sys.path[0]
with open(sys.argv[1], encoding="utf-8") as pack:
    exec(compile("".join(iter(pack.readline, "\f\n")), "<remote-plugin start>", "exec"), {"__name__": "__main__"})
