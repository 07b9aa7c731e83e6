"""What the worker answers by itself, also while the plugin's code runs."""

from __future__ import annotations

import os
import sys
import threading
import time

from .canceller import Canceller
from .constants import KNOWS_USERS, PROTOCOL
from .errors import Refusal
from .open_calls import OpenCalls
from .plugin import Plugin
from .scratch import is_in_use
from .start_line import Start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]


class WorkerEndpoints:
    """The worker's own answers."""

    def __init__(self, start: Start, plugin: Plugin, calls: OpenCalls, canceller: Canceller, methods: dict[str, str]) -> None:
        self._methods = methods  # of plugins, by the endpoints that stand for them
        self._plugin = plugin
        self._target = start.plugin
        self._calls = calls
        self._canceller = canceller
        self._scratch = start.scratch
        self._features = start.features
        self._max_concurrency = start.max_concurrency
        self._batch = start.batch
        self._started = time.monotonic()
        self._measured = (self._started, time.process_time())
        self._measure_lock = threading.Lock()

    def ready(self, body: Body) -> Body:
        plugin = self._plugin
        plugin.wait()
        methods = [endpoint for endpoint, method in self._methods.items() if plugin.has(method)]
        return {"name": plugin.name, "version": plugin.version, "methods": methods}

    def health(self, body: Body) -> Body:
        plugin = self._plugin
        running, queued, _ = self._calls.counts()
        status = "loading" if not plugin.loaded.is_set() else "running" if plugin.failure is None else "failed"
        told = {} if self._batch is None else {"batch": self._batch}
        return {
            **told,
            "status": status,
            "pid": os.getpid(),
            "name": plugin.name,
            "version": plugin.version,
            "protocol": PROTOCOL,
            "max_concurrency": self._max_concurrency,
            "calls": {"running": running, "queued": queued},
            "features": self._features,
        }

    def stats(self, body: Body) -> Body:
        running, queued, finished = self._calls.counts()
        with self._measure_lock:
            before, self._measured = self._measured, (time.monotonic(), time.process_time())
            wall, processor = (now - then for now, then in zip(self._measured, before))
        stats = {
            "pid": os.getpid(),
            "cpu_percent": round(100 * processor / max(wall, 1e-6), 1),
            "memory_rss_mb": round(_resident_bytes() / 2**20, 2),
            "uptime_s": round(time.monotonic() - self._started, 3),
            "calls": {"running": running, "queued": queued, "finished": finished},
        }
        told = {"usage": self._plugin.usage(), "gpu_memory_mb": self._plugin.gpu_memory_mb()}
        return dict(stats, **{key: value for key, value in told.items() if value is not None})

    def sources(self, body: Body) -> Body:
        from .sources import own_files

        self._plugin.loaded.wait()
        return {"files": own_files(self._target)}

    def progress(self, body: Body) -> Body:
        return self._calls.progress()

    def cancel(self, body: Body) -> Body:
        call_id = body.get("call_id")
        if call_id is not None and not isinstance(call_id, str):
            raise Refusal(400, '"call_id" is not a string')
        behind = body.get("behind")
        if behind is not None and not isinstance(behind, str):
            raise Refusal(400, '"behind" is not a string')
        ahead = body.get("ahead", False)
        if not isinstance(ahead, bool):
            raise Refusal(400, '"ahead" is neither true nor false')
        if call_id is not None and ahead:
            if behind is not None:
                return {"status": "cancelled" if self._canceller.cancel_behind(call_id, behind) else "not_running"}
            self._canceller.cancel_ahead(call_id)
            return {"status": "cancelled"}
        found = self._canceller.cancel(lambda call: call_id is None or call.key == call_id)
        return {"status": "cancelled" if found else "not_running"}

    def callback(self, body: Body) -> Body:
        call_id = body.get("call_id")
        if not isinstance(call_id, str) or type(body.get("callback")) is not int:
            raise Refusal(400, '"call_id" is not a string, or "callback" is not a whole number')
        if ("result" in body) == isinstance(body.get("error"), dict):
            raise Refusal(400, 'The body has not one of "result" and "error"')
        call = self._calls.get(call_id)
        is_answered = call is not None and call.callbacks is not None and call.callbacks.answer(body["callback"], body)
        return {"status": "answered" if is_answered else "not_waiting"}

    def in_use(self, body: Body) -> Body:
        path = body.get("path")
        if not isinstance(path, str) or not self._scratch.holds(path):
            raise Refusal(400, '"path" is not one in a scratch folder')
        return {"in_use": not KNOWS_USERS or is_in_use(path)}


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return 0  # Windows tells it to nobody who has only the standard library
    peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
