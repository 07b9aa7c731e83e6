"""The work that every peer is given: as little as can be, so that what is measured is the way there and back."""

import time


def answer(x):
    return x + 1


def size_of(text):
    return len(text)


def text(size):
    return "x" * size


def size_of_file(path):
    with open(path, "rb") as file:
        return len(file.read())


def bytes_of(size):
    return b"x" * size


def chunks(count):
    for index in range(count):
        yield {"index": index}


def nap(check, seconds=10.0):
    """Looks every millisecond whether it is to stop, which `check` tells by an exception or by a true value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return "stopped"
        time.sleep(0.001)
    return "slept"


BY_NAME = {"answer": answer, "size_of": size_of, "text": text, "size_of_file": size_of_file, "bytes": bytes_of}
