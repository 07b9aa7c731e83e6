"""A plugin that derives from nothing, for releases that have nothing to derive from yet."""


class Plain:
    name = "plain"
    version = "0.1"
    prefix = ""

    def initialize(self, config):
        self.prefix = config["prefix"]

    def execute(self, text):
        if not text:
            raise ValueError("there is nothing to say")
        return self.prefix + text

    def execute_stream(self, text):
        for word in text.split():
            yield self.prefix + word
