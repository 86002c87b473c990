"""A database looked at in a process of its own, which ends with the time: drivers wait for a silent server for ever.

What a driver makes of hostile bytes stays there too: its memory is bounded, and its words are told to nobody.
"""

import contextlib
import multiprocessing
import os
import resource
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection

from ecluse.inspector._bare import for_drivers
from ecluse.inspector.budget import Budget
from ecluse.inspector.findings import Finding
from ecluse.inspector.visit import Visit

Look = Callable[[Visit, str | None], Iterator[Finding]]
_MEMORY = 6 << 30
"""Bytes of address space; DuckDB and Arrow reserve far more than they use."""


def apart(look: Look, visit: Visit, passfile: str | None) -> Iterator[Finding]:
    """What ``look`` finds (a function of a module), as it comes, within the visit's time whatever the server does."""
    context = multiprocessing.get_context("forkserver")
    receiving, sending = context.Pipe(duplex=False)
    limits = replace(visit.budget.limits, seconds=visit.budget.left)
    plain = replace(visit, tell=_silent, budget=Budget(limits))
    process = context.Process(target=_work, args=(sending, look, plain, passfile), daemon=True)
    process.start()
    sending.close()
    try:
        yield from _heard(visit, receiving)
    finally:
        process.kill()
        process.join()
        process.close()
        receiving.close()


def _heard(visit: Visit, receiving: Connection) -> Iterator[Finding]:
    while receiving.poll(max(0.0, visit.budget.left)):
        try:
            said = receiving.recv()
        except (EOFError, OSError):  # it ended before its end
            yield visit.unseen("tables", "unreadable")
            return
        if said is None:
            return
        if isinstance(said, Finding):
            yield said
        else:
            visit.tell(str(said))
    yield visit.unseen("tables", "limit-time")


def _silent(_text: str) -> None:
    pass


def _work(sending: Connection, look: Look, visit: Visit, passfile: str | None) -> None:
    """In the process: each finding, and what is told meanwhile, to the one that waits; None at the end."""
    left = for_drivers(os.environ)
    os.environ.clear()
    os.environ.update(left)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    # Whatever a driver raises may hold a value: it goes no further, and the one that waits hears an end too early.
    with contextlib.suppress(Exception):
        for finding in look(replace(visit, tell=sending.send), passfile):
            sending.send(finding)
        sending.send(None)
