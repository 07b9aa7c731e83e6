"""What the worker and its hosts have agreed on, and bounds that several modules keep."""

from __future__ import annotations

import os
import sys

PROTOCOL = 1
VERSION = ""  # `deno task embed` puts the release here
KNOWS_USERS = sys.platform == "linux"  # whether the system tells if anybody has a file open
FEATURES = ["ahead", "batch", "call_id", "callbacks", "cancel_by_id", "extensions", "files", "frames", "logs"]
FEATURES += ["methods", "signatures", "sources", "types", "upgrade"]
if os.name == "posix":
    FEATURES.append("farewell")
if KNOWS_USERS:
    FEATURES.append("reuse")
OLDEST_PYTHON = (3, 8)
FRAMES_TYPE = "application/vnd.remote-plugin+ndjson"
PARTS_MARK = b"\x1e"  # before the line of a frame behind which files come
UPGRADE_PATH = "/frames"
UPGRADE_PROTOCOL = "remote-plugin-frames"
MAX_START_LINE = 1024 * 1024
MAX_HEAD = 64 * 1024
MAX_ID = 128
CONNECTION_HEADER = "remote-plugin-connection"
BYTES_TYPE = "application/octet-stream"
MAX_FRAME = 128 * 1024 * 1024
MAX_CALLBACK = 16 * 1024 * 1024
# The most characters of a text that a plugin says beside its values: a message, a traceback.
MOST_CHARACTERS = 1024 * 1024
TRACE_HEADERS = ("traceparent", "tracestate", "baggage")
OWN_FILES = "<remote-plugin worker/"  # how the names begin under which the worker's code is compiled, says start.py
