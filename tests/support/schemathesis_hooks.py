"""What schemathesis is told of gateways: what no schema can say."""

import json
import os
import typing

import schemathesis

MAX_SAFE_INTEGER = 2**53 - 1
JSON_ALONE = "SCHEMATHESIS_JSON_ALONE" in os.environ


@schemathesis.hook
def filter_case(context: typing.Any, case: typing.Any) -> bool:
    """A gateway refuses integers that no number of JavaScript holds, wherever they stand.

    The fields of a form are texts, which become what they can. So a wrong type is none there.
    """
    return not holds_long_integer(case.body) and not (JSON_ALONE and case.media_type not in (None, "application/json"))


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
