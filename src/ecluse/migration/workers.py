"""Work spread over connections: one worker a connection, one caller who journals what starts and what ends."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from queue import SimpleQueue
from typing import TypeVar

Connection = TypeVar("Connection")
Job = TypeVar("Job")
Result = TypeVar("Result")


def spread(
    connections: Sequence[Connection],
    todo: Iterable[Job],
    begin: Callable[[Job], None],
    work: Callable[[Connection, Job], Result],
) -> Iterator[tuple[Job, "Future[Result]"]]:
    """Do every job on some connection, as many at once as there are connections; yields the finished ones.

    ``begin`` runs in the caller's thread just before its job may start (law 5: the entry stands before the effect).
    When the caller stops early, running jobs are waited for and no other starts.
    """
    idle: SimpleQueue[Connection] = SimpleQueue()
    for connection in connections:
        idle.put(connection)

    def borrowed(job: Job) -> Result:
        connection = idle.get()
        try:
            return work(connection, job)
        finally:
            idle.put(connection)

    waiting = iter(todo)
    running: dict[Future[Result], Job] = {}
    with ThreadPoolExecutor(len(connections), "ecluse") as executor:
        while True:
            while len(running) < len(connections):
                try:
                    job = next(waiting)
                except StopIteration:
                    break
                begin(job)
                running[executor.submit(borrowed, job)] = job
            if not running:
                return
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(done), done
