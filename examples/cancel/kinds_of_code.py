"""Code that stops when it is asked to, and code that does not."""

import time


class KindsOfCode:
    def execute(self, kind):
        return getattr(self, kind)()

    def listens(self):
        """Looks again and again whether it has been cancelled."""
        self.report_progress(0)
        while True:
            self.check_cancel()
            sum(range(10_000))

    def loops(self):
        """Never looks."""
        self.report_progress(0)
        while True:
            pass

    def sleeps(self):
        """Waits in the operating system, where it can look at nothing."""
        self.report_progress(0)
        time.sleep(3600)

    def answers(self):
        return "free"
