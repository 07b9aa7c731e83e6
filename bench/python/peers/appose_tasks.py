"""Appose: scripts as tasks of a worker."""

import os
import queue
import threading

import appose
from appose.service import ResponseType
from peer import Peer

LOST_S = 3.0


class Task:
    """A task that has begun. Its own `wait_for` has no limit, and there are tasks whose end never comes."""

    def __init__(self, service, name, argument):
        self.service = service
        self.ended = threading.Event()
        self.task = service.task(f"work.{name}(argument)", {"argument": argument})
        self.task.listen(lambda event: event.response_type.is_terminal() and self.ended.set())
        self.task.start()

    def result(self):
        if self.ended.wait(LOST_S):
            return self.task.result()
        broken = len(self.service.invalid_lines())
        raise RuntimeError(f"an answer got lost: threads of its worker write into one another's lines ({broken} broken)")


class Appose(Peer):
    """One service, a task for each call. Appose has no streams, but a task's updates come one by one."""

    def start(self):
        environment = appose.custom().wrap(os.environ["BENCH_ENVIRONMENT"])
        self.service = environment.python().init(f"import sys; sys.path.insert(0, {os.environ['BENCH_WORK']!r}); import work")
        self.service.start()
        self.service.task("import work; task.export(work=work)").wait_for()

    def call(self, name, argument):
        return self.service.task(f"work.{name}(argument)", {"argument": argument}).wait_for().result()

    def submit(self, name, argument):
        return Task(self.service, name, argument)

    def stream(self, count):
        updates = queue.SimpleQueue()
        task = self.service.task("for chunk in work.chunks(count): task.update(info=chunk)", {"count": count})
        task.listen(updates.put)
        task.start()
        while True:
            event = updates.get()
            if event.response_type == ResponseType.UPDATE:
                yield event.info
            elif event.response_type.is_terminal():
                return

    def nap(self):
        script = "if work.nap(lambda: task.cancel_requested) == 'stopped': task.cancel()"
        task = self.service.task(script).start()
        return task.wait_for, task.cancel

    def stop(self):
        self.service.close()
        self.service.wait_for()
