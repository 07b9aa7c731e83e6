import os
import time


class Tallies:
    """Notes each call in a file before it begins to work, so that it can be seen which calls have begun."""

    def execute(self, number, tally):
        with open(tally, "a") as file:
            file.write(f"{number}\n")
        time.sleep(0.25)
        return os.getpid()
