import sys

if sys.path[:1] == [""]:
    del sys.path[0]
with open(sys.argv[1], encoding="utf-8") as pack:
    exec(compile(pack.read().partition("\f")[0], "<remote-plugin start>", "exec"), {"__name__": "__main__"})
