"""The plugin's side of bench/payload/main.ts: takes and gives values of a size in every way."""

import base64
import mmap
import os
import time


class Payload:
    def __init__(self):
        self.kept = {}
        self.memory = bytearray()

    def execute(self, action, **kwargs):
        return getattr(self, action)(**kwargs)

    def take_text(self, data):
        return len(data)

    def take_base64(self, data):
        return len(base64.b64decode(data))

    def take_file(self, data):
        with open(data, "rb", buffering=0) as file:
            return len(file.readall())

    def take_into_kept(self, data):
        size = os.stat(data).st_size
        if len(self.memory) < size:
            self.memory = bytearray(size)
        with open(data, "rb", buffering=0) as file:
            filled = 0
            with memoryview(self.memory) as view:
                while filled < size:
                    filled += file.readinto(view[filled:size])
        return filled

    def take_mapped(self, data):
        with open(data, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
            return len(view) + 0 * sum(view[::4096])

    def prepare(self, way, size):
        self.kept.clear()
        self.memory = bytearray()
        if size == 0:
            return 0
        data = b"a" * size
        self.kept[way] = {
            "text": lambda: data.decode(),
            "base64": lambda: base64.b64encode(data).decode(),
            "file": lambda: data,
        }[way]()
        return size

    def give(self, way):
        return self.kept[way]

    def memcpy(self, folder, size):
        """Seconds to copy so many bytes into a new file in a folder, by way of its mapping, and again into the same pages."""
        data = b"a" * size
        path = os.path.join(folder, "memcpy-" + os.urandom(4).hex())
        times = []
        with open(path, "x+b") as file:
            os.unlink(path)
            begun = time.perf_counter()
            file.truncate(size)
            with mmap.mmap(file.fileno(), size) as view:
                view[:] = data
                times.append(time.perf_counter() - begun)
                begun = time.perf_counter()
                view[:] = data
                times.append(time.perf_counter() - begun)
        return times

    def reset_peak(self):
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        return self.status("VmRSS")

    def peak(self):
        return self.status("VmHWM")

    def status(self, key):
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(key))
