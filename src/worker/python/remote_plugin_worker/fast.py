"""What some modules of the library are made of: what they have besides is not used here, and takes 10 ms of every start."""

from __future__ import annotations

try:
    import _signal as signal
    import _socket as socket
    from _json import encode_basestring_ascii, make_encoder, make_scanner
    from _operator import _compare_digest as compare_digest
    from _queue import Empty, SimpleQueue
except ImportError:
    import signal
    import socket
    from hmac import compare_digest  # type: ignore[assignment]
    from queue import Empty, SimpleQueue

    encode_basestring_ascii = make_encoder = make_scanner = None  # type: ignore[assignment]

__all__ = ("Empty", "SimpleQueue", "compare_digest", "encode_basestring_ascii", "make_encoder", "make_scanner", "signal", "socket")
