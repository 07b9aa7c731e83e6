"""Breaks text into lines by the module of the standard library."""

import textwrap


class TextWrapper:
    def initialize(self, config):
        self.width = config["width"]

    def execute(self, text):
        return list(self.execute_stream(text))

    def execute_stream(self, text):
        yield from textwrap.wrap(text, self.width)
