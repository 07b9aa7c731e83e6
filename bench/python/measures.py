"""The measurements for peers that are called from Python: the twin of bench/driver/measures.ts."""

import asyncio
import time
from collections import deque
from statistics import median

from peer import CannotError

DEFAULTS = {"ms": 300, "warmMs": 150, "most": 20_000, "open": 1, "count": 1, "bytes": 1024}
now = time.perf_counter


class Bench:
    """The peer under measurement, while this process lives."""

    def __init__(self, create):
        self.create = create
        self.peer = None
        self.loop = asyncio.new_event_loop()

    def run(self, measure, amounts):
        amounts = {**DEFAULTS, **amounts}
        method = getattr(self, "measure_" + measure)
        if self.peer is None and measure not in ("start", "stop"):
            raise RuntimeError("Nothing has been started")
        return method(amounts)

    def wait(self, value):
        """The value itself, or what a coroutine gives."""
        return self.loop.run_until_complete(value) if asyncio.iscoroutine(value) else value

    def stop(self):
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.stop()

    def measure_start(self, amounts):
        self.stop()
        begun = now()
        self.peer = self.create()
        self.peer.start()
        ready = now()
        check(self.wait(self.peer.call("answer", 41)))
        return {"ready_ms": (ready - begun) * 1e3, "first_ms": (now() - begun) * 1e3}

    def measure_call(self, amounts):
        self.repeat("answer", 41, {**amounts, "ms": amounts["warmMs"]})
        times = self.repeat("answer", 41, amounts)
        return {
            "p50_us": median(times) * 1e6,
            "p99_us": quantile(times, 0.99) * 1e6,
            "per_s": len(times) / sum(times),
            "calls": len(times),
        }

    def measure_open(self, amounts):
        if self.peer.one_at_a_time:
            raise CannotError(self.peer.one_at_a_time)
        self.keep_open({**amounts, "ms": amounts["warmMs"]})
        begun = now()
        calls = self.keep_open(amounts)
        return {"per_s": calls / (now() - begun), "calls": calls}

    def measure_stream(self, amounts):
        """Streams one after the other, for a warm one is what most of a program's are."""
        self.read_streams(amounts["count"], amounts["warmMs"])
        values = self.read_streams(amounts["count"], amounts["ms"])
        return {key: median(one[key] for one in values) for key in values[0]}

    def measure_argument(self, amounts):
        size = amounts["bytes"]
        return self.payload("size_of", "x" * size, amounts, lambda value: value == size)

    def measure_result(self, amounts):
        size = amounts["bytes"]
        return self.payload("text", size, amounts, lambda value: isinstance(value, str) and len(value) == size)

    def measure_cancel(self, amounts):
        answered, free = [], []
        for _ in range(amounts["count"]):
            wait, cancel = self.peer.nap()
            time.sleep(0.05)  # it has to be running: what is cancelled before is another story
            begun = now()
            cancel()
            try:
                wait()
            except Exception:
                pass  # what a cancelled call raises differs
            answered.append(now() - begun)
            check(self.wait(self.peer.call("answer", 41)))
            free.append(now() - begun)
        return {"answered_ms": median(answered) * 1e3, "free_ms": median(free) * 1e3}

    def measure_stop(self, amounts):
        # A peer of its own: what another has been through, such as large values, would be a part of its end.
        self.measure_start(amounts)
        begun = now()
        self.stop()
        return {"ms": (now() - begun) * 1e3}

    def payload(self, name, argument, amounts, wanted):
        begun = now()
        value = self.wait(self.peer.call(name, argument))
        first = now() - begun
        if not wanted(value):
            raise RuntimeError(f'"{name}" of {amounts["bytes"]} bytes gave a wrong result')
        times = [first] if first > 1 else self.repeat(name, argument, amounts, wanted)
        return {"ms": median(times) * 1e3, "calls": len(times)}

    def repeat(self, name, argument, amounts, wanted=lambda value: value == 42):
        """The time that each call took, in seconds."""
        call = self.peer.call
        if not self.peer.blocking:
            return self.wait(repeat_async(call, name, argument, amounts, wanted))
        times = []
        begun = now()
        end = begun + amounts["ms"] / 1e3
        while not times or (len(times) < amounts["most"] and begun < end):
            if not wanted(call(name, argument)):
                raise RuntimeError("A wrong result")
            moment = now()
            times.append(moment - begun)
            begun = moment
        return times

    def keep_open(self, amounts):
        if not self.peer.blocking:
            return self.wait(keep_open_async(self.peer.call, amounts))
        end = now() + amounts["ms"] / 1e3
        waiting = deque(self.peer.submit("answer", 41) for _ in range(amounts["open"]))
        calls = len(waiting)
        while waiting:
            check(waiting.popleft().result())
            if calls < amounts["most"] and now() < end:
                waiting.append(self.peer.submit("answer", 41))
                calls += 1
        return calls

    def read_streams(self, count, ms):
        end = now() + ms / 1e3
        values = [self.wait(self.read_stream(count))]
        while now() < end:
            values.append(self.wait(self.read_stream(count)))
        return values

    def read_stream(self, count):
        if not self.peer.blocking:
            return read_stream_async(self.peer.stream(count), count)
        begun = now()
        first = None
        seen = 0
        for _ in self.peer.stream(count):
            if seen == 0:
                first = now() - begun
            seen += 1
        return stream_values(count, seen, first, now() - begun)


async def repeat_async(call, name, argument, amounts, wanted):
    times = []
    begun = now()
    end = begun + amounts["ms"] / 1e3
    while not times or (len(times) < amounts["most"] and begun < end):
        if not wanted(await call(name, argument)):
            raise RuntimeError("A wrong result")
        moment = now()
        times.append(moment - begun)
        begun = moment
    return times


async def keep_open_async(call, amounts):
    end = now() + amounts["ms"] / 1e3
    calls = 0

    async def one():
        nonlocal calls
        while calls < amounts["most"] and now() < end:
            calls += 1
            check(await call("answer", 41))

    await asyncio.gather(*(one() for _ in range(amounts["open"])))
    return calls


async def read_stream_async(stream, count):
    begun = now()
    first = None
    seen = 0
    async for _ in stream:
        if seen == 0:
            first = now() - begun
        seen += 1
    return stream_values(count, seen, first, now() - begun)


def stream_values(count, seen, first, took):
    if seen != count:
        raise RuntimeError(f"A stream of {count} chunks gave {seen}")
    return {"per_s": count / took, "first_ms": first * 1e3, "ms": took * 1e3}


def check(value):
    if value != 42:
        raise RuntimeError(f"The answer is {value!r}")


def quantile(samples, share):
    ordered = sorted(samples)
    place = (len(ordered) - 1) * share
    below, above = ordered[int(place)], ordered[min(int(place) + 1, len(ordered) - 1)]
    return below + (above - below) * (place - int(place))
