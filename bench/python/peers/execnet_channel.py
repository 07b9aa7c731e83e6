"""execnet: a gateway to another interpreter, and one channel with a loop behind it."""

import os

import execnet
from peer import Peer


class Sent:
    """What was sent; answers come in order."""

    def __init__(self, channel):
        self.result = channel.receive


class Execnet(Peer):
    """Several calls at once are several messages on their way."""

    def start(self):
        import execnet_loop

        self.group = execnet.Group()
        self.gateway = self.group.makegateway(f"popen//python={os.environ['BENCH_PYTHON']}")
        self.channel = self.gateway.remote_exec(execnet_loop)
        self.channel.send(os.environ["BENCH_WORK"])

    def call(self, name, argument):
        self.channel.send((name, argument))
        return self.channel.receive()

    def submit(self, name, argument):
        self.channel.send((name, argument))
        return Sent(self.channel)

    def stream(self, count):
        self.channel.send(("chunks", count))
        for _ in range(count):
            yield self.channel.receive()

    def stop(self):
        self.group.terminate(timeout=2.0)
