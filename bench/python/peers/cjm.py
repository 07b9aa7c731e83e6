"""The original: the proxy of cjm-plugin-system, and that of its heir cjm-substrate."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

from peer import CannotError, Peer

try:
    from cjm_plugin_system.core.proxy import RemotePluginProxy as Proxy
except ImportError:
    from cjm_substrate.core.proxy import RemoteCapabilityProxy as Proxy


def start_proxy():
    manifest = {
        "name": "work",
        "version": "1.0.0",
        "python_path": os.environ["BENCH_PYTHON"],
        "module": "cjm_plugin",
        "class": "Work",
        "env_vars": {"PYTHONPATH": os.environ["BENCH_WORK"]},
    }
    proxy = Proxy(manifest)
    proxy.initialize({})
    return proxy


class Blocking(Peer):
    """The blocking face, several calls at once from threads."""

    def start(self):
        self.pool = ThreadPoolExecutor(64)
        self.proxy = start_proxy()

    def call(self, name, argument):
        return self.proxy.execute(name=name, argument=argument)

    def submit(self, name, argument):
        return self.pool.submit(self.call, name, argument)

    def stream(self, count):
        raise CannotError("its blocking stream is a stub")

    def nap(self):
        call = self.pool.submit(self.call, "nap", None)
        return call.result, self.proxy.cancel

    def stop(self):
        self.proxy.cleanup()
        self.pool.shutdown()


class Asynchronous(Peer):
    """The asynchronous face."""

    blocking = False

    def start(self):
        self.proxy = start_proxy()

    def call(self, name, argument):
        return self.proxy.execute_async(name=name, argument=argument)

    def stream(self, count):
        return self.proxy.execute_stream(count=count)

    def nap(self):
        """From a thread: the measurement's own loop does not run between the calls."""
        call = threading.Thread(target=self._nap, daemon=True)
        call.start()
        return call.join, self.proxy.cancel

    def _nap(self):
        try:
            self.proxy.execute(name="nap")
        except Exception:
            pass  # it is cancelled, as it should be

    def stop(self):
        self.proxy.cleanup()
