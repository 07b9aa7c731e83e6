"""Measures the original's own proxy on its own worker; prints JSON with times in milliseconds, one a call and one a start."""

import asyncio
import contextlib
import json
import sys
import time

import psutil

try:
    from cjm_plugin_system.core.proxy import RemotePluginProxy as Proxy
except ImportError:
    from cjm_substrate.core.proxy import RemoteCapabilityProxy as Proxy

folder, starts, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
manifest = {
    "name": "tried",
    "python_path": sys.executable,
    "module": "tried",
    "class": "Tried",
    "env_vars": {"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"},
}


def measure(times, run):
    begin = time.perf_counter()
    result = run()
    times.append(1000 * (time.perf_counter() - begin))
    return result


async def measure_async(proxy, times):
    for number in range(calls + 5):
        begin = time.perf_counter()
        assert await proxy.execute_async(action="echo", value=number) == number
        times.append(1000 * (time.perf_counter() - begin))


def end_children():
    for child in psutil.Process().children(recursive=True):
        child.kill()
        child.wait()


def main():
    found = {"start": [], "blocking": [], "async": [], "failed": []}
    while len(found["start"]) < starts:
        try:
            proxy = measure(found["start"], lambda: Proxy(manifest))
        except Exception as error:  # on a busy machine: its limit is five seconds, and the worker is left behind
            found["failed"].append(repr(error))
            end_children()
            continue
        for number in range(calls + 5):
            measure(found["blocking"], lambda number=number, proxy=proxy: proxy.execute(action="echo", value=number))
        asyncio.run(measure_async(proxy, found["async"]))
        proxy.cleanup()
    return found


with contextlib.redirect_stdout(sys.stderr):
    found = main()
print(json.dumps(found))
