"""Exceptions to error bodies: section 5 of docs/protocol.md."""

from __future__ import annotations

import errno
import time

from .errors import BadResult, CallCancelled, LoadFailed, NoSuchMethod, NotSupported
from .library import attribute
from .tracebacks import text_of, traceback_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]

CATEGORY_NAMES = ("user_input", "transient", "resource", "fatal")

# By the name of a class, for libraries have their own of the same name. Only what is a matter of connection or of time is transient.
CATEGORIES = {
    "FileNotFoundError": "user_input",
    "FileExistsError": "user_input",
    "NotADirectoryError": "user_input",
    "IsADirectoryError": "user_input",
    "PermissionError": "user_input",
    "KeyError": "user_input",
    "ValueError": "user_input",
    "TypeError": "user_input",
    "TimeoutError": "transient",
    "Timeout": "transient",
    "timeout": "transient",  # socket.timeout before Python 3.10
    "TimeoutExpired": "transient",
    "ConnectionError": "transient",
    "InterruptedError": "transient",
    "BlockingIOError": "transient",
    "gaierror": "transient",
    "SSLEOFError": "transient",
    "SSLError": "fatal",  # whose number is none of the system's
    "MemoryError": "resource",
}

# By the name of an error of the system, which many a library gives in a class of its own.
SYSTEM_CATEGORIES = {
    "user_input": "ENOENT ENOTDIR EISDIR EACCES EPERM EEXIST ENAMETOOLONG ELOOP",
    "transient": "ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ENOTCONN ESHUTDOWN ENETDOWN ENETRESET ENETUNREACH EHOSTDOWN EHOSTUNREACH "
    "ETIMEDOUT EAGAIN EINTR EINPROGRESS EALREADY",
    "resource": "ENOSPC EDQUOT EMFILE ENFILE ENOMEM",
}


# The original's exceptions, of its packages and of what its plugins were told to raise, for a call that was cancelled.
CANCELLED_NAMES = ("PluginCancelledError", "CapabilityCancelledError")


def describe(error: BaseException, plugin: str, code: str = "plugin_error") -> Body:
    """Makes an error body."""
    if isinstance(error, LoadFailed):
        return error.body
    if isinstance(error, BadResult):
        code = "bad_result"
    elif isinstance(error, NotSupported):
        code = "not_supported"
    elif code == "plugin_error" and any(kind.__name__ in CANCELLED_NAMES for kind in type(error).__mro__):
        code = "cancelled"
    category = "fatal" if code in ("bad_result", "load_error", "bad_start", "bounds") else _category(error)
    retriable = attribute(error, "retriable", attribute(error, "default_retriable"))
    known = {"known": error.known} if isinstance(error, NoSuchMethod) else {}
    return {
        "code": code,
        "type": type(error).__name__,
        "message": text_of(error, str),
        "traceback": traceback_of(error) if code in ("plugin_error", "load_error") else "",
        "category": category,
        "retriable": retriable if isinstance(retriable, bool) else category in ("transient", "resource"),
        "original_exc_repr": text_of(error, repr),
        "plugin_name": plugin,
        "occurred_at": _now(),
        **known,
    }


def _now() -> str:
    seconds, microseconds = divmod(time.time_ns() // 1000, 1_000_000)
    return "{}.{:06}+00:00".format(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)), microseconds)


def cancelled_body(plugin: str) -> Body:
    """The error of a cancelled call. Clients of the original know it by how the repr begins."""
    body = describe(CallCancelled("The call was cancelled"), plugin, "cancelled")
    body["original_exc_repr"] = "PluginCancelledError('The call was cancelled')"
    return body


def _category(error: BaseException) -> str:
    own = attribute(error, "category")
    own = attribute(own, "value", own)
    if isinstance(own, str) and own in CATEGORY_NAMES:
        return own
    reason = attribute(error, "reason")  # urllib puts what it got into an error of its own
    return _category_by_class(reason if isinstance(error, OSError) and isinstance(reason, OSError) else error)


def _category_by_class(error: BaseException) -> str:
    for kind in type(error).__mro__:
        if kind is OSError:
            return _system_category(attribute(error, "errno"))
        if kind.__name__ in CATEGORIES:
            return CATEGORIES[kind.__name__]
    return "fatal"


def _system_category(number: Any) -> str:
    """The category of an OSError. One without a number is a library's, and says what is wrong with what it was given."""
    if not isinstance(number, int):
        return "user_input"
    name = errno.errorcode.get(number)
    return next((category for category, names in SYSTEM_CATEGORIES.items() if name in names.split()), "fatal")
