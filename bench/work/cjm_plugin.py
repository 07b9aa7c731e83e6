"""The work as a plugin of cjm-plugin-system, and as a capability of its heir."""

import sys

import work

try:
    from cjm_plugin_system.core.interface import PluginInterface as Base
except ImportError:
    from cjm_substrate.core.capability import ToolCapability as Base


class Work(Base):
    @property
    def name(self):
        return "work"

    @property
    def version(self):
        return "1.0.0"

    def initialize(self, config=None):
        pass

    def get_config_schema(self):
        return {}

    def get_current_config(self):
        return {}

    def execute(self, name, argument=None):
        if name == "worker":
            return getattr(sys.modules["__main__"].__spec__, "name", "")
        if name == "nap":
            return work.nap(self.check_cancel)
        return work.BY_NAME[name](argument)

    def execute_stream(self, count):
        yield from work.chunks(count)

    def cleanup(self):
        pass
