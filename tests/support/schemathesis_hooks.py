"""What schemathesis is told of gateways: what no schema can say."""

import json
import typing

import schemathesis

MAX_SAFE_INTEGER = 2**53 - 1


@schemathesis.hook
def filter_case(context: typing.Any, case: typing.Any) -> bool:
    """A gateway refuses integers that no number of JavaScript holds, wherever they stand."""
    return not holds_long_integer(case.body)


def holds_long_integer(body: typing.Any) -> bool:
    long = False

    def look(digits: str) -> int:
        nonlocal long
        long = long or abs(int(digits)) > MAX_SAFE_INTEGER
        return int(digits)

    try:
        json.loads(json.dumps(body), parse_int=look)
    except (TypeError, ValueError):
        pass  # No JSON: a form, a file, or no body.
    return long
