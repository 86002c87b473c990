"""What an erasure leaves on purpose: the fingerprints that the order keeps, until the day of their own (R11, law 7)."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.records import KeptTrace
from ecluse.domain.tracing import is_past
from ecluse.workspace.place import Workspace
from ecluse.workspace.traces import FOLDER, erase_kept, is_kept, trace_file


def kept_trace(place: Workspace) -> KeptTrace | None:
    """The file that stays, as a certificate names it; None where there is none, or not the one of the journal."""
    digest = place.progress().traced
    if digest is None or not is_kept(place):
        return None
    order = place.pinned(Order)
    return KeptTrace(digest, trace_file(place).stat().st_size, order.trace.keep_until) if order.trace else None


def loose_pieces(place: Workspace) -> Iterator[Path]:
    """All else that lies where fingerprints are kept: pieces that were never gathered, files that nobody announced."""
    kept = trace_file(place) if is_kept(place) else None
    for path in sorted((place.root / FOLDER).rglob("*")):
        if path.is_file() and not path.is_symlink() and path != kept:
            yield path


def erase_trace_if_due(place: Workspace, now: dt.datetime) -> bool:
    """Erase the fingerprints of an erased place once their last day is over (UTC); tells whether it did.

    Raises:
        StorageError: the file could not be erased.
    """
    progress = place.progress()
    if progress.state is not State.ERASED or progress.traced is None:
        return False
    trace = place.pinned(Order).trace
    past = trace is not None and is_past(trace.keep_until, now.astimezone(dt.UTC).date())
    return past and erase_kept(place)
