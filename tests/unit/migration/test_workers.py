"""Work spread over connections: what begins, what runs, what stops."""

import threading
from contextlib import closing

import pytest

from ecluse.migration.workers import mapped, spread


def test_every_job_is_done_once_and_none_before_it_began():
    begun: list[int] = []
    done: list[int] = []

    def work(_connection: str, job: int) -> int:
        assert job in begun
        return job * 2

    for job, future in spread(["a", "b"], range(20), begun.append, work):
        assert future.result() == job * 2
        done.append(job)
    assert sorted(done) == begun == list(range(20))


def test_no_connection_serves_two_jobs_at_once():
    busy = {"a": threading.Lock(), "b": threading.Lock()}

    def work(connection: str, _job: int) -> None:
        assert busy[connection].acquire(blocking=False)
        busy[connection].release()

    for _job, future in spread(["a", "b"], range(50), lambda _job: None, work):
        future.result()


def test_one_job_more_than_can_run_has_begun():
    gate, begun = threading.Event(), []

    def begin(job: int) -> None:
        begun.append(job)
        if len(begun) == 3:
            gate.set()

    def work(_connection: str, _job: int) -> None:
        assert gate.wait(10)

    with closing(spread(["a", "b"], range(9), begin, work)) as ended:
        next(ended)[1].result()
        assert begun == [0, 1, 2]


def test_closed_early_no_waiting_job_starts():
    started: list[int] = []

    def work(_connection: str, job: int) -> None:
        started.append(job)
        if job == 0:
            raise ValueError("stop")

    with closing(spread(["a"], range(9), lambda _job: None, work)) as ended:
        job, future = next(ended)
        with pytest.raises(ValueError, match="stop"):
            future.result()
        before = len(started)
    assert job == 0
    # The second job had begun and may have started; no third does, and nothing starts once it is closed.
    assert before <= len(started) <= 2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ecluse")]


def test_mapped_keeps_the_order_and_holds_few_items():
    fetched: list[int] = []

    def items():
        for item in range(30):
            fetched.append(item)
            yield item

    for number, made in enumerate(mapped(items(), lambda item: item * 3)):
        assert made == number * 3
        assert len(fetched) - number <= 4


def test_mapped_tells_an_error_in_its_items_turn():
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("bad")
        return item

    made = mapped(range(5), work)
    assert [next(made), next(made)] == [0, 1]
    with pytest.raises(ValueError, match="bad"):
        next(made)
