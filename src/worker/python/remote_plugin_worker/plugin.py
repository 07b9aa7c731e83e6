"""The plugin: its class is loaded here, and its methods are found here."""

from __future__ import annotations

import functools
import sys
import threading

from .call import Call
from .conversions import to_json
from .error_bodies import describe
from .errors import LoadFailed, NoSuchMethod, NotSupported
from .forks import run_plugin_code
from .helpers import Helpers
from .instance import Instance
from .library import attribute
from .log_records import take_over_logging
from .logs import log
from .open_calls import OpenCalls
from .original import WIRE_MODULES, make_data_folders, stamp_envelope
from .running import Runner
from .target import find, import_module, make_plugin
from .tracebacks import traceback_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple

    from .batch import Batch
    from .tracing import Tracing

    Body = Dict[str, Any]
    ReadArguments = Callable[[Sequence[Any], Mapping[str, Any]], Tuple[Sequence[Any], Mapping[str, Any]]]

# Libraries of which a hint may name a class that travels as a file. None of them is imported for that.
TABLE_LIBRARIES = frozenset(("pandas", "pyarrow", "polars", "PIL.Image"))


class Plugin:
    """The plugin that this worker serves."""

    def __init__(self, target: Body, calls: OpenCalls, offer_methods: Callable[[Instance], dict[str, str]]) -> None:
        self.name = str(target.get("name") or target["module"])
        self.version = str(target.get("version") or "0.0.0")
        self.failure: Optional[Body] = None
        self.batches = False  # whether calls of `execute` are answered by `execute_batch`
        self.is_initialized = False
        self.loaded = threading.Event()
        self._is_ready = False
        self.instance = Instance(None)
        self.advise: Callable[[BaseException], str] = lambda error: ""  # what stands behind the message of a refusal
        self.methods: dict[str, str] = {}  # that hosts may call by their names, by how these stand in a request
        self._offer_methods = offer_methods
        self._target = target
        self._calls = calls
        self._runner = Runner()
        self.invoke, self.items = self._runner.invoke, self._runner.items
        self._adapters: dict[str, Any] = {}
        self._unbound: list[str] = []
        self._readers: dict[str, Optional[ReadArguments]] = {}
        self._tracing: Optional[Tracing] = None
        self._tracing_lock = threading.Lock()

    def load(self) -> None:
        """Imports and constructs the plugin. What goes wrong is kept for whoever asks."""
        try:
            run_plugin_code(self._load)
        except BaseException as error:  # also SystemExit
            self.failure = describe(error, self.name, "load_error")
            self.failure["message"] += self.advise(error)
        self._is_ready = self.failure is None
        self.loaded.set()

    def _load(self) -> None:
        sys.path[:0] = self._target.get("path") or []
        make_data_folders()
        self._adopt(make_plugin(self._target))
        for place in self._target.get("adapters") or []:
            self._bind(place)

    def _adopt(self, of: Any) -> None:
        self.instance = Instance(of)
        if self.batches and self.instance.method("execute_batch") is None:
            advice = 'Add it, or remove "batch" from the manifest'
            raise AttributeError(f'The plugin is to run calls in batches, and has no method "execute_batch". {advice}')
        Helpers(self.instance, self._calls).give()
        for name in ("name", "version"):
            value = self.instance.attribute(name)
            if isinstance(value, str) and value:
                setattr(self, name, value)
        self.methods = self._offer_methods(self.instance)

    def _bind(self, place: str) -> None:
        """Binds a task adapter. One that cannot be loaded keeps nobody from what the plugin does without it."""
        try:
            module, _, name = place.rpartition(":")
            adapter = find(import_module(module), name, "class")
            self._adapters[str(adapter.task_name)] = adapter(self.instance.of)
        except Exception as error:
            self._unbound.append('"{}" could not be bound: {!r}'.format(place, error))
            log(self._unbound[-1])

    def wait(self) -> None:
        """Waits until the plugin is there."""
        self.loaded.wait()
        if self.failure is not None:
            raise LoadFailed(self.failure)

    def perform(self, call: Call) -> Any:
        """Runs the plugin code that an endpoint stands for, and gives what the endpoint's result is."""
        if not self._is_ready:
            self.wait()
        self._prepare(call)
        assert call.endpoint is not None and call.endpoint.run is not None
        if call.trace:
            return self._find_tracing().run(call, self.name, functools.partial(call.endpoint.run, self, call))
        return call.endpoint.run(self, call)

    def perform_batch(self, batch: Batch, code: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        """Runs the plugin code that answers several calls; gives an answer for each, which may be an exception."""
        self._prepare(batch)
        self.renew(batch.body)
        if any(call.trace for call in batch.calls):
            return self._find_tracing().run_batch(batch.calls, self.name, code)
        return code()

    def _prepare(self, call: Call) -> None:
        if "logging" in sys.modules:
            take_over_logging()
        if self.instance.own("_cancel_requested") and self._calls.only_running() is call:
            self.instance.set("_cancel_requested", False)  # classes of the original count on somebody to reset it

    def describe(self, error: BaseException) -> Body:
        """The body of a call's error. A plugin that nobody has initialized often lacks what `initialize` sets."""
        body = describe(error, self.name)
        body["message"] += self.advise(error)
        lacks = "{!r} object has no attribute".format(type(self.instance.of).__name__)
        if isinstance(error, AttributeError) and lacks in body["message"]:
            if not self.is_initialized and self.instance.method("initialize") is not None:
                body["message"] += ". Nobody has called initialize(), which may set it"
        return body

    def ask_to_stop(self) -> None:
        """Calls the plugin's own `cancel`."""
        method = self.instance.method("cancel")
        if method is None:
            return
        try:
            self.invoke(Call({}), method)
        except BaseException as error:
            log("the plugin's cancel() failed\n" + traceback_of(error))

    def has(self, name: str) -> bool:
        """Whether the plugin has a method, or one that stands for it."""
        return self.instance.method(name) is not None or (name == "execute" and self.batches)

    def need(self, name: str) -> Callable[..., Any]:
        """A method that the plugin has to have."""
        method = attribute(self.instance.of, name)
        if not callable(method):
            tasks = ", ".join(to_json(task) for task in sorted(self._adapters))
            instead = f"; it has the task adapters {tasks}, which /task calls" if tasks else ""
            if name == "execute" and self.instance.method("execute_batch") is not None:
                instead = '; it has "execute_batch", which is called when the manifest has "batch"'
            raise NotSupported(f'The plugin "{self.name}" has no method "{name}"{instead}')
        return method

    def reader(self, name: str, method: Callable[..., Any]) -> Optional[ReadArguments]:
        """What reads tables and pictures among a method's arguments, as its hints name them; None as a rule."""
        try:
            return self._readers[name]
        except KeyError:
            found = None if TABLE_LIBRARIES.isdisjoint(sys.modules) else _find_reader(method)
            self._readers[name] = found
            return found

    def public_method(self, path: str) -> Callable[..., Any]:
        """A method that is called by its name, as it stands in a request."""
        name = self.methods.get(path)
        method = None if name is None else attribute(self.instance.of, name)
        if not callable(method):
            raise NoSuchMethod(f'The plugin "{self.name}" has no method "{path}"', sorted(self.methods.values()))
        return method

    def need_task(self, task: str, name: str) -> Callable[..., Any]:
        """A method that the adapter of a task has to have."""
        if task not in self._adapters:
            bound = ", ".join(to_json(known) for known in sorted(self._adapters)) or "none"
            message = "No adapter is bound for the task {}; bound: {}".format(to_json(task), bound)
            raise NotSupported("; ".join([message] + self._unbound))
        method = None if name.startswith("_") else getattr(self._adapters[task], name, None)
        if not callable(method):
            raise NotSupported("The adapter of the task {} has no method {}".format(to_json(task), to_json(name)))
        return method

    def usage(self) -> Any:
        """What a plugin of the original has reported of its last call by `report_usage`, such as `{"tokens": 12}`."""
        return self.instance.own("_last_api_usage")

    def renew(self, body: Body) -> None:
        """Has plugins of the original begin with a new call."""
        for name in WIRE_MODULES:
            if name in sys.modules:
                stamp_envelope(body)
                break
        if self.instance.own("_last_api_usage") is not None:
            self.instance.set("_last_api_usage", None)  # of an earlier call

    def gpu_memory_mb(self) -> Optional[float]:
        """What the plugin says that it uses: an attribute, because nothing that answers at once may wait for plugin code."""
        told = self.instance.own("gpu_memory_mb")
        return told if isinstance(told, (int, float)) and 0 <= told < float("inf") else None

    def flush_traces(self) -> None:
        """Sends the spans that have not been sent yet."""
        if self._tracing is not None:
            self._tracing.flush()

    def _find_tracing(self) -> Tracing:
        from .tracing import Tracing

        with self._tracing_lock:
            if self._tracing is None:
                self._tracing = Tracing()
            return self._tracing


def _find_reader(method: Callable[..., Any]) -> Optional[ReadArguments]:
    from .readers import find_readers, names_of, read_arguments

    readers = find_readers(method)
    return functools.partial(read_arguments, readers, names_of(method)) if readers else None
