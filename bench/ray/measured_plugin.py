"""What the cluster's bench has a plugin do."""

import os
import time


class Measured:
    def execute(self, data=None, size=0, seconds=0.0):
        if data is not None:
            return os.path.getsize(data)
        if size:
            return bytes(size)
        if seconds:
            time.sleep(seconds)
        return os.getpid()

    def execute_stream(self, count, seconds):
        for _ in range(count):
            time.sleep(seconds)
            yield 1000 * time.time()
