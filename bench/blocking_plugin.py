"""Answers as fast as it can, so that what is measured is the way."""


class BlockingPlugin:
    def execute(self, value=None, size=0):
        return bytes(size) if size else value

    def execute_stream(self, count, text="a few words of a transcript"):
        for number in range(count):
            yield {"number": number, "text": text}
