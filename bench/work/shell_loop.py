"""The work as a script for python-shell: a line of JSON in, a line of JSON out."""

import json
import sys

import work

print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    name, argument = json.loads(line)
    if name == "chunks":
        for chunk in work.chunks(argument):
            print(json.dumps(chunk))
        sys.stdout.flush()
    else:
        print(json.dumps(work.BY_NAME[name](argument)), flush=True)
