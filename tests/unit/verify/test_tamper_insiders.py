"""People with genuine keys sign and journal what they never should: the failing step is named every time.

Each row bends one artefact (or who signs it, or an entry) of a migration whose every signature and journal is sound.
"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecluse.domain.agreement import Agreement, Hosting, HostingTerms
from ecluse.domain.entry import Event
from ecluse.domain.order import AgreementRef, Order, OrderingController, Retention
from ecluse.domain.plan import Batch, Because, Column, ColumnType, Plan, PlannedEntity, Tally
from ecluse.domain.records import (
    Acceptance,
    Decision,
    Difference,
    DifferenceKind,
    ErasedKind,
    ErasureCertificate,
    Receipt,
    RecipientKey,
    Reconciliation,
)
from ecluse.verify import Status, verify_bundle
from evidence_tools import first_failure
from synthetic_evidence import BEGIN, NOW, Migration, changed, log_of

ZERO = "sha256:" + "0" * 64
LATE = dt.datetime(2027, 6, 1, tzinfo=dt.UTC)


def bend(
    cls: type, change: Callable[[Any], object], *, only: Callable[[Any], bool] = lambda _value: True
) -> dict[str, Any]:
    return {"bend": lambda value: change(value) if isinstance(value, cls) and only(value) else value}


def sign(cls: type, *ids: str, place: str = "") -> dict[str, Any]:
    """``ids`` sign instead of those who should."""
    return {"bend_signers": lambda value, real: list(ids) if isinstance(value, cls) else real}


def leave(*fields: str, **made: object) -> Callable[[Any], object]:
    return lambda value: changed(value, **made)


def _entity(value: Plan, name: str, **fields: object) -> tuple[PlannedEntity, ...]:
    return tuple(changed(e, **fields) if e.entity == name else e for e in value.entities)  # type: ignore[misc]


def _column(name: str, because: Because, entity: str = "patient") -> Callable[[Plan], object]:
    def change(value: Plan) -> object:
        columns = (*value.entity(entity).columns, Column(name, ColumnType.TEXT, because))
        return changed(value, entities=_entity(value, entity, columns=columns))

    return change


def _more(value: Plan) -> object:
    """A whole entity that nobody ordered."""
    column = (Column("source_id", ColumnType.TEXT, Because.ORDERED),)
    return changed(
        value,
        entities=(*value.entities, PlannedEntity("specimen", "SELECT 1", column, 1)),
        batches=(*value.batches, Batch("specimen-1", "specimen", None, None, 1)),
        tallies=(*value.tallies, Tally("specimen", None, None, 1)),
    )


def _tally(**fields: object) -> Callable[[Plan], object]:
    return lambda value: changed(value, tallies=(*value.tallies[:-1], changed(value.tallies[-1], **fields)))


def _batch(index: int, **fields: object) -> Callable[[Plan], object]:
    def change(value: Plan) -> object:
        made = list(value.batches)
        made[index] = changed(made[index], **fields)  # type: ignore[call-overload]
        return changed(value, batches=tuple(made))

    return change


def _is(batch: str) -> Callable[[Receipt], bool]:
    return lambda receipt: receipt.batch == batch


def _groups(**fields: object) -> Callable[[Receipt], object]:
    return lambda r: changed(r, groups=(changed(r.groups[0], **fields), *r.groups[1:]))


def _fewer(receipt: Receipt) -> object:
    group = receipt.groups[0]
    return changed(receipt, rows=receipt.rows - 1, groups=(changed(group, rows=group.rows - 1), *receipt.groups[1:]))


def _flow(index: int, **fields: object) -> Callable[[Reconciliation], object]:
    def change(value: Reconciliation) -> object:
        made = list(value.flows)
        made[index] = changed(made[index], **fields)  # type: ignore[call-overload]
        return changed(value, flows=tuple(made))

    return change


def _lost(*, listed: bool) -> Callable[[Reconciliation], object]:
    """A row did not arrive."""

    def change(value: Reconciliation) -> object:
        flow = changed(value.flows[1], read_back=value.flows[1].read_back - 1, read_back_digest="0" * 32)  # type: ignore[attr-defined]
        more = (Difference(DifferenceKind.MISSING, flow.entity, "R-1", "row"),) if listed else ()  # type: ignore[attr-defined]
        return changed(value, flows=(value.flows[0], flow, *value.flows[2:]), differences=(*value.differences, *more))

    return change


def _erased(keep: Callable[[Any], bool]) -> Callable[[ErasureCertificate], object]:
    return lambda value: changed(value, erased=tuple(each for each in value.erased if keep(each)))


def _only_markers(value: ErasureCertificate) -> object:
    erased = (changed(e, path="keys/markers.secret") if e.kind is ErasedKind.KEY else e for e in value.erased)
    return changed(value, erased=tuple(erased))


def _at_source(value: ErasureCertificate) -> bool:
    return value.place == "source"


def _twin() -> Callable[[Receipt], object]:
    """Every receipt names the first one's parcel."""
    seen: list[str] = []

    def change(receipt: Receipt) -> object:
        seen.append(receipt.parcel)
        return changed(receipt, parcel=seen[0])

    return change


def _unaccepted(value: object) -> object:
    if isinstance(value, Reconciliation):
        return _lost(listed=True)(value)
    return value


YEAR = _is("request-2018-0001")
ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("agreement without the processor", sign(Agreement, "dr.martin"), "agreement.signed"),
    ("agreement without the controller", sign(Agreement, "m.gerant"), "agreement.signed"),
    ("agreement by an agent", sign(Agreement, "dr.martin", "agent-a"), "agreement.signed"),
    ("agreement by a stranger too", sign(Agreement, "dr.martin", "m.gerant", "stranger"), "agreement.signed"),
    ("agreement expired", bend(Agreement, leave(in_force_until=dt.date(2026, 3, 1))), "order.in_force"),
    ("agreement not begun", bend(Agreement, leave(in_force_from=dt.date(2026, 3, 3))), "order.in_force"),
    (
        "hosting certificate expired",
        bend(Agreement, leave(hosting=HostingTerms(Hosting.CERTIFIED_HOST, "HDS-1", dt.date(2026, 3, 1)))),
        "order.in_force",
    ),
    ("order on another agreement", bend(Order, leave(agreement=AgreementRef("DPA-2026-007", ZERO))), "order.signed"),
    ("order without second approval", sign(Order, "dr.martin"), "order.signed"),
    ("order without its signatory", sign(Order, "a.second"), "order.signed"),
    ("order by nobody", sign(Order), "order.signed"),
    (
        "order whose signatory is no director",
        bend(Order, lambda o: changed(o, controller=changed(o.controller, signatory="a.second"))),
        "order.signed",
    ),
    (
        "order of another controller",
        bend(Order, leave(controller=OrderingController("Another", "750100125", "dr.martin"))),
        "order.in_force",
    ),
    (
        "order kept longer than the agreement",
        bend(Order, lambda o: changed(o, retention=changed(o.retention, erase_by=dt.date(2027, 1, 1)))),
        "order.in_force",
    ),
    ("plan by another agent", sign(Plan, "agent-b"), "plan.signed"),
    ("plan in another agent's name", bend(Plan, leave(agent="agent-b", log=log_of("source", "agent-b"))), "plan.signed"),
    ("plan by nobody", sign(Plan), "plan.signed"),
    ("plan for another order", bend(Plan, leave(order=ZERO)), "plan.signed"),
    ("plan for another agreement", bend(Plan, leave(agreement=ZERO)), "plan.signed"),
    ("a field beyond the order", bend(Plan, _column("nir", Because.ORDERED)), "plan.columns"),
    ("a field beyond, as a link", bend(Plan, _column("nir", Because.LINK)), "plan.columns"),
    ("a field beyond, as a companion", bend(Plan, _column("nir", Because.COMPANION)), "plan.columns"),
    ("a field that does not exist", bend(Plan, _column("shoe_size", Because.ORDERED)), "plan.columns"),
    ("a secret", bend(Plan, _column("portal_password", Because.ORDERED)), "plan.columns"),
    ("a link to what is not ordered", bend(Plan, _column("prescriber", Because.LINK, "request")), "plan.columns"),
    ("an entity beyond the order", bend(Plan, _more), "plan.columns"),
    ("a year beyond the order", bend(Plan, _tally(year=2017)), "plan.scope"),
    ("a site beyond the order", bend(Plan, _tally(site="OUEST")), "plan.scope"),
    ("a batch from before", bend(Plan, _batch(1, lower="2017-12-31")), "plan.scope"),
    ("a batch until after", bend(Plan, _batch(2, upper="2020-01-02")), "plan.scope"),
    ("batches that overlap", bend(Plan, _batch(2, lower="2018-12-31")), "plan.batches"),
    ("a batch twice", bend(Plan, _batch(2, lower="2018-01-01", upper="2019-01-01")), "plan.batches"),
    ("a batch without receipt", bend(Receipt, lambda _r: None, only=YEAR), "receipts"),
    ("receipts by the wrong agent", sign(Receipt, "agent-b"), "receipts.signed"),
    ("receipts by a director", sign(Receipt, "dr.martin"), "receipts.signed"),
    ("receipts in another's name", bend(Receipt, leave(agent="agent-b"), only=YEAR), "receipts.signed"),
    ("receipts not countersigned", sign(Receipt, "agent-a"), "receipts.countersigned"),
    ("receipts countersigned by a director", sign(Receipt, "agent-a", "dr.martin"), "receipts.countersigned"),
    ("receipt of another order", bend(Receipt, leave(order=ZERO), only=YEAR), "receipts.plan"),
    ("receipt of another plan", bend(Receipt, leave(plan=ZERO), only=YEAR), "receipts.plan"),
    ("receipt of another entity", bend(Receipt, leave(entity="patient"), only=YEAR), "receipts.plan"),
    ("receipt with another column", bend(Receipt, leave(columns=("source_id", "nir")), only=YEAR), "receipts.plan"),
    (
        "receipt with a column less",
        bend(Receipt, lambda r: changed(r, columns=r.columns[:-1]), only=YEAR),
        "receipts.plan",
    ),
    ("receipt with a row less", bend(Receipt, _fewer, only=YEAR), "receipts.plan"),
    ("receipt of another batch", bend(Receipt, leave(batch="request-2017-0001"), only=YEAR), "journal.source.facts"),
    (
        "receipt dated before its batch",
        bend(Receipt, leave(sealed_at=NOW - dt.timedelta(days=99)), only=YEAR),
        "journal.source.facts",
    ),
    ("receipt dated after its entry", bend(Receipt, leave(sealed_at=NOW), only=YEAR), "journal.source.facts"),
    ("receipt with days before", bend(Receipt, leave(min_date=dt.date(2017, 12, 31)), only=YEAR), "receipts.scope"),
    ("receipt with days after", bend(Receipt, leave(max_date=dt.date(2020, 1, 1)), only=YEAR), "receipts.scope"),
    ("receipt of another site", bend(Receipt, _groups(site="OUEST"), only=YEAR), "receipts.scope"),
    ("receipt of another year", bend(Receipt, _groups(year=2017), only=YEAR), "receipts.scope"),
    ("one parcel for all", bend(Receipt, _twin()), "receipts.parcels"),
    (
        "reconciliation lacks a receipt",
        bend(Reconciliation, lambda v: changed(v, receipts=v.receipts[1:])),
        "reconciliation",
    ),
    ("reconciliation of another order", bend(Reconciliation, leave(order=ZERO)), "reconciliation"),
    ("reconciliation of another plan", bend(Reconciliation, leave(plan=ZERO)), "reconciliation"),
    ("reconciliation by the sender", sign(Reconciliation, "agent-a"), "reconciliation"),
    (
        "reconciliation in the sender's name",
        bend(Reconciliation, leave(agent="agent-a", log=log_of("destination", "agent-a"))),
        "reconciliation",
    ),
    ("fewer planned than were", bend(Reconciliation, _flow(1, planned=3)), "reconciliation.flows"),
    ("fewer sealed than were", bend(Reconciliation, _flow(1, sealed=3)), "reconciliation.flows"),
    ("more in quarantine than were", bend(Reconciliation, _flow(1, quarantined=1)), "reconciliation.flows"),
    ("more extracted than were", bend(Reconciliation, _flow(1, extracted=9)), "reconciliation.flows"),
    ("another sealed digest", bend(Reconciliation, _flow(1, sealed_digest="0" * 32)), "reconciliation.flows"),
    ("a flow left out", bend(Reconciliation, lambda v: changed(v, flows=v.flows[:-1])), "reconciliation.flows"),
    ("a row lost in silence", bend(Reconciliation, _lost(listed=False)), "reconciliation.differences"),
    (
        "quarantine not listed",
        bend(Reconciliation, lambda v: changed(v, differences=v.differences[1:])),
        "reconciliation.differences",
    ),
    ("a row lost, listed, accepted as if clean", {"bend": _unaccepted}, "acceptance"),
    ("acceptance by no director", bend(Acceptance, leave(signatory="a.second")), "acceptance"),
    ("acceptance signed by another", sign(Acceptance, "a.second"), "acceptance"),
    ("acceptance of other differences", bend(Acceptance, leave(differences=0)), "acceptance"),
    ("acceptance of another account", bend(Acceptance, leave(reconciliation=ZERO)), "acceptance"),
    ("acceptance of another order", bend(Acceptance, leave(order=ZERO)), "acceptance"),
    (
        "accepted before the account",
        bend(Acceptance, leave(decided_at=dt.datetime(2026, 3, 2, 7, tzinfo=dt.UTC))),
        "acceptance",
    ),
    ("refusal journalled as acceptance", bend(Acceptance, leave(decision=Decision.REFUSED)), "journal.source.facts"),
    (
        "erasure that found something",
        bend(ErasureCertificate, leave(found=("age file: x",)), only=_at_source),
        "erasure.source",
    ),
    ("erasure that looked nowhere", bend(ErasureCertificate, leave(scanned=())), "erasure.source"),
    ("erasure that looked for nothing", bend(ErasureCertificate, leave(looked_for=())), "erasure.source"),
    ("erasure of another order", bend(ErasureCertificate, leave(order=ZERO)), "erasure.source"),
    (
        "erasure of the other place",
        bend(
            ErasureCertificate,
            leave(place="destination", recipient_key=RecipientKey.DESTROYED, log=log_of("destination", "agent-a")),
            only=_at_source,
        ),
        "erasure.source",
    ),
    ("erasure by the other agent", sign(ErasureCertificate, "agent-b"), "erasure.source"),
    (
        "erasure in the other agent's name",
        bend(
            ErasureCertificate,
            leave(agent="agent-a", log=log_of("destination", "agent-a")),
            only=lambda value: not _at_source(value),
        ),
        "erasure.destination",
    ),
    (
        "an identity that is not among what was erased",
        bend(ErasureCertificate, _erased(lambda e: "outside" not in e.path), only=lambda v: not _at_source(v)),
        "erasure.destination",
    ),
    ("plan that names no journal", bend(Plan, leave(log=None)), "log.source"),
    ("plan that names another journal", bend(Plan, leave(log=log_of("source", "agent-a"))), "log.source"),
    (
        "reconciliation that names another journal",
        bend(Reconciliation, leave(log=log_of("destination", "agent-b"))),
        "log.destination",
    ),
    (
        "certificate that names another journal",
        bend(ErasureCertificate, leave(log=log_of("source", "agent-a")), only=_at_source),
        "erasure.source",
    ),
    ("erasure names another decision", bend(ErasureCertificate, leave(acceptance=ZERO)), "erasure.source"),
    ("erasure for a refusal that was none", bend(ErasureCertificate, leave(reason="refused")), "erasure.source"),
    (
        "a parcel not erased",
        bend(ErasureCertificate, _erased(lambda e: "request-2018" not in e.path)),
        "erasure.source",
    ),
    (
        "the quarantine not erased",
        bend(ErasureCertificate, _erased(lambda e: e.kind is not ErasedKind.QUARANTINE)),
        "erasure.source",
    ),
    ("no key destroyed", bend(ErasureCertificate, _erased(lambda e: e.kind is not ErasedKind.KEY)), "erasure.source"),
    ("only the markers destroyed", bend(ErasureCertificate, _only_markers), "erasure.source"),
    (
        "erased before the delay",
        bend(
            Order, lambda o: changed(o, retention=Retention("2d", o.retention.erase_by, o.retention.source_disposition))
        ),
        "erasure.source",
    ),
    (
        "erasure dated before it began",
        bend(ErasureCertificate, leave(erased_at=dt.datetime(2026, 3, 2, 7, tzinfo=dt.UTC))),
        "journal.source.facts",
    ),
]


@pytest.mark.parametrize(("bends", "step"), [pytest.param(b, s, id=name) for name, b, s in ROWS])
def test_an_insider(migration: Callable[..., Migration], bends: dict[str, Any], step: str) -> None:
    made = migration(**bends)
    list(made.run())
    assert first_failure(verify_bundle(made.bundle(), trust=None, now=NOW)) == step


def test_bending_nothing_changes_nothing(migration: Callable[..., Migration]) -> None:
    """The rows above fail for what they bend, not for how they are built."""
    made = migration(bend=lambda value: value)
    list(made.run())
    assert verify_bundle(made.bundle(), trust=None, now=NOW).complete


def test_differences_accepted_as_such(migration: Callable[..., Migration]) -> None:
    def change(value: object) -> object:
        if isinstance(value, Acceptance):
            return changed(value, decision=Decision.ACCEPTED_WITH_DIFFERENCES)
        return _unaccepted(value)

    made = migration(bend=change)
    list(made.run())
    assert verify_bundle(made.bundle(), trust=None, now=NOW).complete


def test_a_target_without_years_or_sites(migration: Callable[..., Migration]) -> None:
    """Flows are recomputed as coarsely as the target tells rows apart."""

    def coarser(value: Reconciliation) -> object:
        sums: dict[str, Any] = {}
        for flow in value.flows:
            old = sums.get(flow.entity)
            if old is None:
                sums[flow.entity] = changed(flow, year=None, site=None)
                continue
            added = {n: getattr(old, n) + getattr(flow, n) for n in ("planned", "extracted", "quarantined", "sealed", "opened", "loaded", "read_back")}  # fmt: skip
            total = f"{(int(old.sealed_digest, 16) + int(flow.sealed_digest, 16)) % 2**128:032x}"
            digests = dict.fromkeys(("sealed_digest", "opened_digest", "read_back_digest"), total)
            sums[flow.entity] = changed(old, **added, **digests)
        return changed(value, flows=tuple(sums.values()))

    made = migration(**bend(Reconciliation, coarser))
    list(made.run())
    assert verify_bundle(made.bundle(), trust=None, now=NOW).complete


@pytest.mark.parametrize(
    ("place", "event", "details", "step"),
    [
        ("source", Event.BATCH_SEALED, {"parcel": ZERO}, "journal.source.facts"),
        ("source", Event.BATCH_SEALED, {"rows": 1}, "journal.source.facts"),
        ("source", Event.BATCH_SEALED, {"receipt": ZERO}, "journal.source.pins"),
        ("source", Event.EXTRACTION_SEALED, {"parcels": 4}, "journal.source.laws"),
        ("source", Event.DELIVERED, {"parcels": 6}, "journal.source.laws"),
        ("source", Event.RECONCILED, {"differences": 0}, "journal.source.facts"),
        ("destination", Event.PARCEL_RECEIVED, {"parcel": ZERO}, "journal.destination.facts"),
        ("destination", Event.PARCEL_RECEIVED, {"receipt": ZERO}, "journal.destination.pins"),
        ("destination", Event.BATCH_LOADED, {"rows": 1}, "journal.destination.facts"),
        ("destination", Event.BATCH_LOADED, {"receipt": ZERO}, "journal.destination.pins"),
        ("destination", Event.LOADED, {"batches": 4}, "journal.destination.laws"),
        ("destination", Event.RECONCILED, {"subject": ZERO}, "journal.destination.pins"),
    ],
)
def test_a_journal_that_lies(
    migration: Callable[..., Migration], place: str, event: Event, details: dict[str, object], step: str
) -> None:
    def lie(where: str, what: Event, given: dict[str, object]) -> list[tuple[Event, dict[str, object]]]:
        return [(what, given | details if (where, what) == (place, event) else given)]

    made = migration(bend_log=lie)
    list(made.run())
    made.source.progress()
    for workspace in (made.source, made.destination):
        _mend_progress(workspace)
    assert first_failure(verify_bundle(made.bundle(), trust=None, now=NOW)) == step


@pytest.mark.parametrize(
    ("place", "event"),
    [
        ("source", Event.BATCH_EXTRACTING),
        ("source", Event.BATCH_SEALED),
        ("source", Event.PARCEL_DELIVERING),
        ("destination", Event.PARCEL_RECEIVING),
        ("destination", Event.PARCEL_RECEIVED),
        ("destination", Event.BATCH_LOADING),
        ("destination", Event.PUBLISHING),
    ],
)
def test_an_agent_that_goes_on_while_suspended(migration: Callable[..., Migration], place: str, event: Event) -> None:
    def goes_on(where: str, what: Event, given: dict[str, object]) -> list[tuple[Event, dict[str, object]]]:
        if (where, what) != (place, event):
            return [(what, given)]
        return [(Event.SUSPENDED, {}), (what, given), (Event.RESUMED, {})]

    made = migration(bend_log=goes_on)
    list(made.run())
    assert first_failure(verify_bundle(made.bundle(), trust=None, now=NOW)) == f"journal.{place}.transitions"


def _mend_progress(workspace: Any) -> None:
    """The exporter follows the journal; what it names and does not exist is left out here, as a forger would."""
    progress = workspace.progress()
    real = {f"sha256:{path.stem}" for path in (workspace.root / "artefacts").glob("*/*.json")}
    for held in (progress.pins, progress.sealed, progress.received):
        for name in [name for name, address in held.items() if address not in real]:
            del held[name]


def test_erased_too_late(migration: Callable[..., Migration], tmp_path: Path) -> None:
    made = migration()
    list(made.run("accepted"))
    before = made.bundle("before.zip")
    made._ticks += 200 * 86400
    made._erased()
    late = verify_bundle(made.bundle("late.zip"), trust=None, now=LATE)
    assert first_failure(late) == "erasure.source"
    assert "erased after 2026-06-30" in str(late.failed[0].detail)
    pending = verify_bundle(before, trust=None, now=LATE)
    assert pending.consistent
    overdue = next(step for step in pending.steps if step.name == "erasure.source")
    assert overdue.status is Status.NOT_REACHED
    assert "erasure was due by 2026-06-30" in str(overdue.detail)


def test_a_journal_that_goes_on_past_the_erase_by_date(migration: Callable[..., Migration]) -> None:
    made = migration()
    list(made.run("accepted"))
    made._ticks += 200 * 86400
    made.source.log(Event.CHECKPOINT_COSIGNED, subject="somebody")
    report = verify_bundle(made.bundle(), trust=None, now=LATE)
    assert first_failure(report) == "erasure.source"
    assert "not erased by" in str(report.failed[0].detail)


@pytest.mark.parametrize(("days", "verified"), [(0, True), (1, True), (2, False)])
def test_erased_because_the_date_had_come(migration: Callable[..., Migration], days: int, *, verified: bool) -> None:
    """The date sets the erasure off as its day ends; it then has one day."""

    def change(value: object) -> object:
        return changed(value, acceptance=None, reason="erase_by") if isinstance(value, ErasureCertificate) else value

    made = migration(bend=change)
    list(made.run("reconciled"))
    begun = dt.datetime(2026, 6, 30, tzinfo=dt.UTC) + dt.timedelta(days=days, hours=1)
    made._ticks = int((begun - BEGIN).total_seconds())
    made.acceptance = made.account
    for place in (made.source, made.destination):
        place.log(Event.ABORTED, subject="erase_by has passed")
    made._erased()
    report = verify_bundle(made.bundle(), trust=None, now=LATE)
    assert report.consistent == verified
    assert {step.name for step in report.failed} <= {"erasure.source", "erasure.destination"}


def test_suspended_and_resumed(migration: Callable[..., Migration]) -> None:
    made = migration()
    stages = made.run()
    for stage in stages:
        if stage in {"extracting", "delivered", "reconciled"}:
            for place in (made.source, made.destination)[: 1 if stage == "extracting" else 2]:
                place.log(Event.SCOPE_VIOLATION, subject="request-2018-0001", rule="a rule")
                place.log(Event.SUSPENDED)
                place.log(Event.RESUMED)
    assert verify_bundle(made.bundle(), trust=None, now=NOW).complete
