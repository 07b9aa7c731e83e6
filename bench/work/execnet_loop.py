"""The work behind an execnet channel: what is sent is a name and an argument, what is received the result."""

import sys


def serve(channel):
    sys.path.insert(0, channel.receive())
    import work

    for name, argument in channel:
        if name == "chunks":
            for chunk in work.chunks(argument):
                channel.send(chunk)
        else:
            channel.send(work.BY_NAME[name](argument))


if __name__ == "__channelexec__":
    serve(channel)  # noqa: F821 - execnet puts it there
