"""A folder inspected: personal data in the clear, backups, files past their use, logs, retention; read only.

Every regular file is read whole (within the limits), archives too. Findings are gathered by folder and rule, so that
a million files are a few lines, in the order of their ranks. Where there are many, several processes look at them.
"""

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Self

from ecluse.inspector._gathering import Gathering
from ecluse.inspector._look import Looked, look_at_all
from ecluse.inspector._walk import Folder, folders
from ecluse.inspector.findings import Finding, Limits, Tell

_TOGETHER, _BYTES = 64, 1 << 22
"""Files, and bytes of them, that one process looks at in one go."""
_ALONE = 1 << 22
"""Bytes that this process looks at itself before it asks others for help."""
_TOLD = 5.0
_DAY = 86_400.0

Batch = tuple[Folder, list[str]]


def inspect_folder(
    path: Path, limits: Limits, tell: Tell, *, now: float | None = None, workers: int | None = None
) -> Iterator[Finding]:
    """What a folder, and everything below it, shows.

    Args:
        path: The folder, or one file. Links below it are not followed.
        limits: ``seconds``, ``files``, ``bytes_all``, ``bytes_each``, ``rows`` of a table, ``deep`` and ``swelling`` of
            archives; after ``older_than`` days files of patients are past their use. What is cut off is a finding.
        tell: Is told how far it is, every few seconds.
        now: Seconds since 1970; the clock's if not given.
        workers: Processes; as many as there are processors if not given.

    Yields:
        Findings in the order of their ranks, at most ``_gathering.MOST`` places of each rule.
    """
    gathering = Gathering(path, (time.time() if now is None else now) - limits.older_than * _DAY)
    deadline = time.monotonic() + limits.seconds
    told = time.monotonic()
    with _Helpers(limits, deadline, os.cpu_count() or 1 if workers is None else workers) as helpers:
        for (folder, names), looked in helpers.looked(_batches(path, limits, gathering)):
            gathering.add(folder, names, looked)
            if gathering.bytes > limits.bytes_all or time.monotonic() > deadline:
                gathering.cut("limit-bytes" if gathering.bytes > limits.bytes_all else "limit-time")
                break
            if time.monotonic() - told > _TOLD:
                told = time.monotonic()
                tell(f"{path}: {gathering.files} files, {gathering.bytes >> 20} MiB")
    yield from gathering.findings()


def _batches(path: Path, limits: Limits, gathering: Gathering) -> Iterator[Batch]:
    """The files, some at a time, each batch of one folder; the last batch of a folder may be empty."""
    if path.is_file() and not path.is_symlink():
        yield Folder(path.parent, (path.name,), open=True), [path.name]
        return
    left = limits.files
    for folder in folders(path):
        gathering.enter(folder)
        names: list[str] = []
        size = 0
        for name in folder.files:
            if left == 0:
                gathering.cut("limit-files")
                break
            left -= 1
            names.append(name)
            size += _size(folder.path / name)
            if len(names) == _TOGETHER or size > _BYTES:
                yield folder, names
                names, size = [], 0
        if names:
            yield folder, names


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


class _Helpers:
    """Processes that look at files, once there is enough to look at; their answers in the order of the files."""

    def __init__(self, limits: Limits, deadline: float, workers: int) -> None:
        self._limits, self._deadline, self._workers = limits, deadline, workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def looked(self, batches: Iterator[Batch]) -> Iterator[tuple[Batch, list[Looked]]]:
        """Each batch with what was seen in it."""
        alone = 0
        waiting: deque[tuple[Batch, Future[list[Looked]]]] = deque()
        for batch in batches:
            if self._workers < 2 or alone < _ALONE:  # noqa: PLR2004 - one process is this one
                looked = look_at_all(_paths(batch), self._limits, self._deadline)
                alone += sum(each.size for each in looked)
                yield batch, looked
                continue
            waiting.append((batch, self._asked(batch)))
            if len(waiting) > 2 * self._workers:
                yield self._answered(*waiting.popleft())
        while waiting:
            yield self._answered(*waiting.popleft())

    def _asked(self, batch: Batch) -> "Future[list[Looked]]":
        if self._pool is None:
            context = multiprocessing.get_context("forkserver")
            self._pool = ProcessPoolExecutor(self._workers, mp_context=context)
        try:
            return self._pool.submit(look_at_all, _paths(batch), self._limits, self._deadline)
        except BrokenExecutor as error:
            failed: Future[list[Looked]] = Future()
            failed.set_exception(error)
            return failed

    def _answered(self, batch: Batch, asked: "Future[list[Looked]]") -> tuple[Batch, list[Looked]]:
        try:
            return batch, asked.result()
        except BrokenExecutor:  # the system ended a process, for want of memory say: what it had is not looked at
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pool = None
            return batch, [replace(Looked(), unseen=("unreadable",)) for _ in batch[1]]


def _paths(batch: Batch) -> list[Path]:
    folder, names = batch
    return [folder.path / name for name in names]
