"""Law 5 over one journal: which entry must stand before which, as one table and one pass.

A row says: an entry of the left kind about a subject needs an earlier one of the right kind about the same subject.
"""

from collections import defaultdict
from collections.abc import Sequence

from ecluse.domain.entry import Entry, Event
from ecluse.verify._case import fits

_SAME_SUBJECT = {
    Event.BATCH_SEALED: Event.BATCH_EXTRACTING,
    Event.PARCEL_DELIVERING: Event.BATCH_SEALED,
    Event.PARCEL_RECEIVED: Event.PARCEL_RECEIVING,
    Event.BATCH_LOADING: Event.PARCEL_RECEIVED,
    Event.BATCH_LOADED: Event.BATCH_LOADING,
    Event.TRACE_ERASING: Event.TRACE_KEEPING,
}
_ANY = {
    Event.ORDER_APPROVED: Event.AGREEMENT_RECORDED,
    Event.BATCH_EXTRACTING: Event.EXTRACTION_STARTED,
    Event.PARCEL_RECEIVING: Event.PLAN_SIGNED,
    Event.PARCEL_ERASING: Event.EXTRACTION_STARTED,
    Event.ERASED: Event.ERASING,
    Event.TRACE_KEEPING: Event.BATCH_SEALED,
    Event.SAMPLE_COMPARED: Event.LOADED,
}
_ONCE = (Event.BATCH_SEALED, Event.BATCH_LOADED)
_ONCE_AT_ALL = (Event.AGREEMENT_RECORDED, Event.ORDER_APPROVED, Event.PLAN_SIGNED, Event.RECONCILED, Event.ERASED)
_NEVER_AGAIN = {Event.BATCH_EXTRACTING: Event.BATCH_SEALED, Event.BATCH_LOADING: Event.BATCH_LOADED}
_QUARANTINE = ".quarantine"


def check_laws(name: str, entries: Sequence[Entry]) -> int:
    """Check every entry against those before it; gives how many needed one.

    Raises:
        FailedError: names place and entry.
    """
    seen: dict[Event, set[str]] = defaultdict(set)
    count = 0
    for number, entry in enumerate(entries):
        where = f"{name}: entry {number} ({entry.event})"
        subject = entry.subject.removesuffix(_QUARANTINE)
        for rule, wanted in ((_SAME_SUBJECT, subject), (_ANY, None)):
            before = rule.get(entry.event)
            if before is not None:
                there = seen[before]
                known = bool(there) if wanted is None else wanted in there
                fits(known, f"{where} without {before} before it", f"{where} sans {before} avant elle")
                count += 1
        _check_once(where, entry, seen)
        _check_whole(name, where, entry, seen)
        seen[entry.event].add(entry.subject)
    return count


def _check_once(where: str, entry: Entry, seen: dict[Event, set[str]]) -> None:
    repeated = entry.event in _ONCE and entry.subject in seen[entry.event]
    repeated = repeated or (entry.event in _ONCE_AT_ALL and bool(seen[entry.event]))
    fits(not repeated, f"{where} stands twice", f"{where} figure deux fois")
    done = _NEVER_AGAIN.get(entry.event)
    again = done is not None and entry.subject in seen[done]
    fits(not again, f"{where} after {done} of the same batch", f"{where} après {done} du même lot")


def _check_whole(name: str, where: str, entry: Entry, seen: dict[Event, set[str]]) -> None:
    """The entry that ends a stage counts what the stage did, at the place that did it."""
    stages = {
        ("source", Event.EXTRACTION_SEALED): ("parcels", Event.BATCH_SEALED),
        ("source", Event.DELIVERED): ("parcels", Event.BATCH_SEALED),
        ("destination", Event.LOADED): ("batches", Event.BATCH_LOADED),
    }
    if (name, entry.event) not in stages:
        return
    counted, of = stages[name, entry.event]
    done = len(seen[of])
    fits(entry.detail.get(counted) == done, f"{where} counts others than {done}", f"{where} n'en compte pas {done}")
    if entry.event is Event.DELIVERED:
        undelivered = seen[Event.BATCH_SEALED] - seen[Event.PARCEL_DELIVERING]
        fits(not undelivered, f"{where} before every parcel was sent", f"{where} avant l'envoi de tous les colis")
    if entry.event is Event.LOADED:
        fits(seen[Event.PUBLISHING], f"{where} without publishing", f"{where} sans publication")
