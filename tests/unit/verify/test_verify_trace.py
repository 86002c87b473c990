"""R11, law 1: fingerprints are made where the order says so, of all that was sealed, and never swapped unnoticed."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from artefact_samples import TRACE
from ecluse.domain.entry import Event
from ecluse.domain.order import Order, Trace
from ecluse.domain.records import ErasureCertificate, KeptTrace
from ecluse.verify import Status, verify_bundle
from ecluse.verify.report import Report
from synthetic_evidence import NOW, TRACE_FILE, Migration, changed

UNTIL = dt.date(2031, 6, 30)
AFTER = dt.datetime(2031, 7, 2, tzinfo=dt.UTC)
ZERO = "sha256:" + "0" * 64
Log = Callable[[str, Event, dict[str, object]], list[tuple[Event, dict[str, object]]]]


def _traced(value: object) -> object:
    return changed(value, trace=Trace(TRACE["recipient"], UNTIL)) if isinstance(value, Order) else value


def _as_it_is(_place: str, event: Event, given: dict[str, object]) -> list[tuple[Event, dict[str, object]]]:
    return [(event, given)]


def _report(make: Callable[..., Migration], log: Log = _as_it_is, bend: Callable[[Any], object] = _traced) -> Report:
    made = make(bend=bend, bend_log=log)
    list(made.run())
    return verify_bundle(made.bundle(), trust=None, now=NOW)


def _failed(report: Report) -> list[str]:
    return [step.name for step in report.steps if step.status is Status.FAILED]


def _said(report: Report) -> str:
    return str(next(step.detail for step in report.steps if step.name == "trace"))


def test_kept_as_ordered(migration: Callable[..., Migration]) -> None:
    report = _report(migration)
    assert report.complete
    assert "kept until 2031-06-30" in _said(report)


def test_none_ordered_none_made(migration: Callable[..., Migration]) -> None:
    report = _report(migration, bend=lambda value: value)
    assert report.complete
    assert "none ordered, none made" in _said(report)


def test_before_the_end_nothing_is_told(migration: Callable[..., Migration]) -> None:
    made = migration(bend=_traced)
    list(made.run(until="extracting"))
    report = verify_bundle(made.bundle(places=[made.source]), trust=None, now=NOW)
    assert next(step.status for step in report.steps if step.name == "trace") is Status.NOT_REACHED
    assert not _failed(report)


def _keeping(**details: object) -> Log:
    return lambda _place, event, given: [(event, given | details if event is Event.TRACE_KEEPING else given)]


def _without(_place: str, event: Event, given: dict[str, object]) -> list[tuple[Event, dict[str, object]]]:
    return [] if event is Event.TRACE_KEEPING else [(event, given)]


def _too_early(_place: str, event: Event, given: dict[str, object]) -> list[tuple[Event, dict[str, object]]]:
    """Told after the first batch: what follows is in no fingerprint."""
    keeping = (Event.TRACE_KEEPING, {"subject": TRACE_FILE, "pieces": 1, "until": str(UNTIL)})
    if event is Event.TRACE_KEEPING:
        return []
    first = event is Event.BATCH_SEALED and given["subject"] == "patient-0001"
    return [(event, given), keeping] if first else [(event, given)]


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(_keeping(subject=ZERO), id="another file"),
        pytest.param(_keeping(pieces=4), id="not of every batch"),
        pytest.param(_keeping(until="2036-06-30"), id="kept longer than ordered"),
        pytest.param(_without, id="ordered, and not made"),
        pytest.param(_too_early, id="before the last batch"),
    ],
)
def test_a_journal_that_tells_of_others(migration: Callable[..., Migration], log: Log) -> None:
    assert _failed(_report(migration, log)) == ["trace"]


def test_a_journal_that_tells_of_some_at_the_destination(migration: Callable[..., Migration]) -> None:
    def there(place: str, event: Event, given: dict[str, object]) -> list[tuple[Event, dict[str, object]]]:
        keeping = (Event.TRACE_KEEPING, {"subject": TRACE_FILE, "pieces": 0, "until": str(UNTIL)})
        copied = place == "destination" and event is Event.EXTRACTION_SEALED
        return [keeping, (event, given)] if copied else [(event, given)]

    assert "trace" in _failed(_report(migration, there))


@pytest.mark.parametrize(
    "named",
    [None, KeptTrace(ZERO, 6144, UNTIL), KeptTrace(TRACE_FILE, 6144, dt.date(2036, 6, 30))],
)
def test_a_certificate_that_names_others(migration: Callable[..., Migration], named: KeptTrace | None) -> None:
    def bend(value: Any) -> object:
        at_source = isinstance(value, ErasureCertificate) and value.place == "source"
        return changed(value, trace=named) if at_source else _traced(value)

    assert _failed(_report(migration, bend=bend)) == ["trace"]


def test_what_nobody_ordered(migration: Callable[..., Migration]) -> None:
    def log(place: str, event: Event, given: dict[str, object]) -> list[tuple[Event, dict[str, object]]]:
        keeping = (Event.TRACE_KEEPING, {"subject": TRACE_FILE, "pieces": 5, "until": str(UNTIL)})
        mine = place == "source" and event is Event.EXTRACTION_SEALED
        return [keeping, (event, given)] if mine else [(event, given)]

    def bend(value: Any) -> object:
        at_source = isinstance(value, ErasureCertificate) and value.place == "source"
        return changed(value, trace=KeptTrace(TRACE_FILE, 6144, UNTIL)) if at_source else value

    assert _failed(_report(migration, log, lambda value: value)) == ["trace"]
    assert _failed(_report(migration, bend=bend)) == ["trace"]


def _gone(subject: str, at: dt.datetime | None) -> Callable[[Migration], None]:
    def go_on(made: Migration) -> None:
        if at is not None:
            made.source.clock = lambda: at
        made.source.log(Event.TRACE_ERASING, subject=subject)

    return go_on


@pytest.mark.parametrize(
    ("then", "wrong"),
    [
        (_gone(TRACE_FILE, dt.datetime(2031, 7, 1, 0, 1, tzinfo=dt.UTC)), []),
        (_gone(TRACE_FILE, dt.datetime(2031, 6, 30, 23, 59, tzinfo=dt.UTC)), ["trace"]),
        (_gone(ZERO, dt.datetime(2031, 7, 1, tzinfo=dt.UTC)), ["journal.source.laws"]),
    ],
)
def test_erased_after_its_day_and_not_before(
    migration: Callable[..., Migration], then: Callable[[Migration], None], wrong: list[str]
) -> None:
    made = migration(bend=_traced)
    list(made.run())
    overdue = verify_bundle(made.bundle(), trust=None, now=AFTER)
    assert "were due to be erased" in _said(overdue)
    assert not overdue.complete
    then(made)
    report = verify_bundle(made.bundle("after.zip"), trust=None, now=AFTER)
    assert _failed(report) == wrong
    assert wrong or "erased on 2031-07-01" in _said(report)
