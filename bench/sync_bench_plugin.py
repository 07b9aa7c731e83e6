"""Answers as fast as it can, so that what is measured is the way."""


class SyncBenchPlugin:
    def execute(self, value):
        return value

    def execute_stream(self, count, text="a few words of a transcript"):
        for number in range(count):
            yield {"number": number, "text": text}
