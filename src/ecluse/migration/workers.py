"""Work spread over connections: one worker a connection, one caller who journals what starts and what ends."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
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
) -> Generator[tuple[Job, "Future[Result]"], None, None]:
    """Do every job on some connection, as many at once as there are connections; yields the finished ones.

    ``begin`` runs in the caller's thread before its job may start (law 5: the entry stands before the effect). One
    job more than can run has begun, so that no connection idles while the caller writes its journal.
    When the caller closes the iterator early, running jobs are waited for and no other starts.
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
        try:
            while True:
                for job in islice(waiting, len(connections) + 1 - len(running)):
                    begin(job)
                    running[executor.submit(borrowed, job)] = job
                if not running:
                    return
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(done), done
        finally:
            for future in running:
                future.cancel()


def mapped(items: Iterable[Job], work: Callable[[Job], Result], workers: int = 2) -> Iterator[Result]:
    """What ``work`` makes of each item, in order, made while the next ones are fetched; few items are held at a time.

    Items are fetched in the caller's thread. An error of ``work`` comes out in its item's turn.
    """
    with ThreadPoolExecutor(workers, "ecluse") as executor:
        made: deque[Future[Result]] = deque()
        for item in items:
            made.append(executor.submit(work, item))
            if len(made) > workers:
                yield made.popleft().result()
        while made:
            yield made.popleft().result()
