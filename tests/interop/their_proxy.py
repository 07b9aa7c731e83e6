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

folder, warm_up, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
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
    for number in range(warm_up + calls):
        begin = time.perf_counter()
        answer = await proxy.execute_async(action="echo", value=number)
        times.append(1000 * (time.perf_counter() - begin))
        assert answer == number


def end_children():
    for child in psutil.Process().children(recursive=True):
        child.kill()
        child.wait()


def main():
    found = {"start": [], "blocking": [], "async": [], "failed": []}
    while not found["async"]:
        try:
            proxy = measure(found["start"], lambda: Proxy(manifest))
        except Exception as error:  # on a busy machine: its limit is five seconds, and the worker is left behind
            found["start"].clear()
            found["failed"].append(repr(error))
            end_children()
            continue
        for number in range(warm_up + calls):
            measure(found["blocking"], lambda number=number, proxy=proxy: proxy.execute(action="echo", value=number))
        asyncio.run(measure_async(proxy, found["async"]))
        proxy.cleanup()
    for kind in ("blocking", "async"):
        del found[kind][:warm_up]
    return found


with contextlib.redirect_stdout(sys.stderr):
    found = main()
print(json.dumps(found))
