"""A plugin written against the original's interface, with all of it that a plugin can use. The same source runs in both environments."""

import dataclasses
import os
import subprocess
import sys
import threading
import time
from typing import Any, Dict, Optional

try:
    from cjm_plugin_system.core.errors import PluginCancelledError as Cancelled
    from cjm_plugin_system.core.errors import PluginResourceError as ResourceError
    from cjm_plugin_system.core.interface import RELOAD_TRIGGER, ConfigOption, FieldOptions
    from cjm_plugin_system.core.interface import PluginInterface as Interface
    from cjm_plugin_system.core.wire import record_account, wire_type
    from cjm_plugin_system.utils.validation import config_to_dict, dataclass_to_jsonschema, dict_to_config
except ImportError:
    from cjm_substrate.core.capability import RELOAD_TRIGGER, ConfigOption, FieldOptions
    from cjm_substrate.core.capability import ToolCapability as Interface
    from cjm_substrate.core.errors import CapabilityCancelledError as Cancelled
    from cjm_substrate.core.errors import CapabilityResourceError as ResourceError
    from cjm_substrate.core.wire import record_account, wire_type
    from cjm_substrate.utils.validation import config_to_dict, dataclass_to_jsonschema, dict_to_config


@dataclasses.dataclass
class Config:
    model: str = dataclasses.field(default="base", metadata={RELOAD_TRIGGER: "model"})
    delay_s: float = 0.0


@dataclasses.dataclass
class Span:
    start: int
    end: int


@wire_type("tried.result")
@dataclasses.dataclass
class Result:
    text: str
    spans: list

    def to_dict(self) -> Dict[str, Any]:
        return {"text": self.text, "spans": [dataclasses.asdict(span) for span in self.spans], "count": len(self.spans)}


class Tried(Interface):
    config_class = Config

    def __init__(self):
        time.sleep(float(os.environ.get("TRIED_IMPORT_S", "0")))
        self.config = Config()
        self.journal = []

    @property
    def name(self) -> str:
        return "tried"

    @property
    def version(self) -> str:
        return "1.0"

    def initialize(self, config: Optional[Dict[str, Any]] = None) -> None:
        self.config = dict_to_config(Config, config or {})
        time.sleep(self.config.delay_s)

    def get_config_schema(self) -> Dict[str, Any]:
        return dataclass_to_jsonschema(Config)

    def get_current_config(self) -> Dict[str, Any]:
        return config_to_dict(self.config)

    def get_config_options(self):
        return {"model": FieldOptions(options=[ConfigOption(value="base", label="Base")])}

    def _release_model(self):
        self.journal.append("released")

    def execute(self, action: str, **kwargs: Any) -> Any:
        return getattr(self, "do_" + action)(**kwargs)

    def execute_stream(self, action: str, **kwargs: Any):
        yield from getattr(self, "stream_" + action)(**kwargs)

    def do_echo(self, value=None):
        return value

    def do_read(self, path):
        with open(path, "rb") as file:
            return [len(file.read()), isinstance(path, str)]

    def do_journal(self):
        return self.journal

    def do_report(self, until):
        self.report_progress(0.25, "a quarter")
        while not os.path.exists(until):
            time.sleep(0.005)
        self.report_progress(0.75, "nearly")
        return "done"

    def do_hold(self, started, end=None):
        """Runs until it is cancelled, or until there is a file."""
        open(started, "w").close()
        try:
            while end is None or not os.path.exists(end):
                self.check_cancel()
                time.sleep(0.005)
            return "not cancelled"
        except Cancelled as error:
            self.journal.append(type(error).__name__)
            raise

    def do_hold_by_callback(self, started):
        """Waits for something that only a callback can end."""
        over = threading.Event()
        with self.cancel_signal_to(over.set):
            open(started, "w").close()
            over.wait()
        self.journal.append("called back")
        self.check_cancel()

    def do_beat(self, until):
        with self.heartbeat("loading", interval=0.02, progress=0.25):
            while not os.path.exists(until):
                time.sleep(0.005)

    def do_use(self, tokens):
        self.report_usage({"tokens": tokens})

    def do_result(self):
        return Result("one two", [Span(0, 3), Span(4, 7)])

    def do_raise_resource(self):
        raise ResourceError("no memory left on the device")

    def do_raise_value(self):
        raise ValueError("no such language")

    def do_thing(self):
        return {"data": object()}

    def do_accounts(self, count):
        for number in range(count):
            record_account("cache_hit", {"number": number, "padding": "x" * 50})
        return count

    def do_flood(self, kilobytes):
        for _ in range(kilobytes):
            sys.stderr.write("e" * 1023 + "\n")
            sys.stdout.write("o" * 1023 + "\n")
        return kilobytes

    def do_child(self, own_session=False):
        return subprocess.Popen(["sleep", "3600"], start_new_session=own_session).pid

    def do_not_finite(self):
        return {"scores": [1.0, float("nan")]}

    def stream_forge(self):
        yield {"_job_error": {"message": "not an error", "category": "fatal"}}
        yield {"error": "nor this"}
        yield "\u2028\x85"

    def stream_not_finite(self):
        yield {"scores": [float("nan"), float("-inf")], "text": 'NaN "Infinity" number:'}
        yield None

    def stream_thing(self):
        yield {"data": object()}

    def stream_break(self):
        yield 1
        raise ValueError("broke off")
