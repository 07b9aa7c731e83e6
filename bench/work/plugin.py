"""The work as a plugin of this project."""

import work


class Work:
    def execute(self, name, argument=None):
        if name == "nap":
            return work.nap(self.check_cancel)
        return work.BY_NAME[name](argument)

    def execute_stream(self, count):
        return work.chunks(count)
