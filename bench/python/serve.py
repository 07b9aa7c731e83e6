"""The measuring process for what is called from Python: the twin of bench/driver/serve.ts."""

import importlib
import json
import os
import sys

from measures import Bench
from peer import CannotError

ANSWER_MARK = "\x1ebench "


def answer_to(bench, measure, **amounts):
    try:
        return {"values": bench.run(measure, amounts)}
    except CannotError as error:
        return {"cannot": str(error)}
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"}


def main():
    module, name, *options = sys.argv[1].split(":")
    create = getattr(importlib.import_module("peers." + module), name)
    bench = Bench(lambda: create(*options))
    for line in sys.stdin:
        print(ANSWER_MARK + json.dumps(answer_to(bench, **json.loads(line))), flush=True)
    bench.stop()
    sys.stdout.flush()
    os._exit(0)  # threads of a library that never end are not waited for


main()
