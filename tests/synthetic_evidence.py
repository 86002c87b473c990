"""A whole migration without a data plane: real places, journals, papers, age files and signatures; tiny payloads.

``Migration`` runs one to any stage. ``bend`` replaces an artefact before it is signed, ``bend_log`` an entry before it
is written, ``bend_signers`` who signs: so that genuine keys can be made to sign and journal what they never should.
"""

import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from ecluse.adapters.mailboxes.folder import FolderMailbox
from ecluse.control.admit import admit_acceptance, admit_order, admit_plan
from ecluse.control.evidence import export
from ecluse.control.instruct import EVENTS
from ecluse.control.transfer import deliver, receive
from ecluse.domain.agreement import (
    Agreement,
    Clauses,
    Contact,
    Hosting,
    HostingTerms,
    Measure,
    Party,
    Processing,
    Signer,
    SignerRole,
    SubProcessing,
)
from ecluse.domain.entry import Event
from ecluse.domain.instruction import Action, Instruction
from ecluse.domain.order import (
    AgreementRef,
    DateRange,
    Order,
    OrderDestination,
    OrderingController,
    OrderSource,
    Retention,
    Scope,
    SourceDisposition,
)
from ecluse.domain.plan import Batch, Because, Column, ColumnType, Plan, PlannedEntity, Snapshot, SourceFacts, Tally
from ecluse.domain.records import (
    Acceptance,
    Decision,
    Difference,
    DifferenceKind,
    Erased,
    ErasedKind,
    ErasureCertificate,
    Flow,
    GroupDigest,
    KeptTrace,
    QuarantineCount,
    Receipt,
    RecipientKey,
    Reconciliation,
    Scanned,
)
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.journal.keys import LogKey
from ecluse.seal.sealing import Identity, seal
from ecluse.seal.signing import new_signing_key, public_key
from ecluse.wire.artefacts import digest_of, encode, kind_of, namespace
from ecluse.wire.canonical import digest
from ecluse.workspace.parcels import QUARANTINE, ParcelState
from ecluse.workspace.place import Place, Workspace

BEGIN = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
TRACE_FILE = digest(b"a file of fingerprints")
NOW = dt.datetime(2026, 3, 20, 12, 0, tzinfo=dt.UTC)
ROLES = {
    "dr.martin": SignerRole.DIRECTOR,
    "a.second": SignerRole.APPROVER,
    "m.gerant": SignerRole.MANAGEMENT,
    "agent-a": SignerRole.SOURCE_AGENT,
    "agent-b": SignerRole.DESTINATION_AGENT,
}
STAGES = ("planned", "extracting", "sealed", "delivered", "loaded", "reconciled", "accepted", "erased")

Bend = Callable[[object], object]
BendLog = Callable[[str, Event, dict[str, object]], Sequence[tuple[Event, dict[str, object]]]]


class Keys:
    """Fresh keys by stock ssh-keygen, and signatures with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for id_ in (*ROLES, "stranger"):
            new_signing_key(folder / id_, id_)
        self.identity = Identity.generate()

    def line(self, id_: str) -> str:
        return public_key(self.folder / id_)

    def private(self, id_: str) -> Ed25519PrivateKey:
        key = load_ssh_private_key((self.folder / id_).read_bytes(), None)
        assert isinstance(key, Ed25519PrivateKey)
        return key

    def sign(self, value: object, id_: str) -> bytes:
        kind = kind_of(type(value))
        return sshsig(encode(value), self.private(id_), namespace(kind))


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def sshsig(message: bytes, key: Ed25519PrivateKey, space: str) -> bytes:
    """An armoured SSHSIG, made here (PROTOCOL.sshsig): neither by the writer's code nor by the auditor's."""
    public = _string(b"ssh-ed25519") + _string(key.public_key().public_bytes_raw())
    head = _string(space.encode()) + _string(b"") + _string(b"sha512")
    signed = key.sign(b"SSHSIG" + head + _string(hashlib.sha512(message).digest()))
    blob = b"SSHSIG" + (1).to_bytes(4, "big") + _string(public) + head
    text = base64.b64encode(blob + _string(_string(b"ssh-ed25519") + _string(signed)))
    lines = [text[i : i + 70] for i in range(0, len(text), 70)]
    return b"-----BEGIN SSH SIGNATURE-----\n" + b"\n".join(lines) + b"\n-----END SSH SIGNATURE-----\n"


def make_agreement(keys: Keys, *, second: bool = True) -> Agreement:
    contact = Contact("Someone", "head", "someone@example.org")

    def party(name: str, ids: Sequence[str]) -> Party:
        signers = tuple(Signer(id_, id_.title(), ROLES[id_], keys.line(id_)) for id_ in ids)
        return Party(name, "1 quai du Canal", contact, contact, signers)

    prose = "As written."
    return Agreement(
        format="ecluse.agreement/1",
        agreement="DPA-2026-007",
        in_force_from=dt.date(2026, 1, 1),
        in_force_until=dt.date(2026, 12, 31),
        controller=party("Laboratoire des Trois Rivières", ("dr.martin", "a.second")),
        processor=party("Migrations SA", ("m.gerant", "agent-a", "agent-b")),
        processing=Processing(prose, prose, prose, ("patients",), ("results",), prose, prose),
        clauses=Clauses(*([prose] * 4), SubProcessing.NONE, prose, prose, prose, prose, "delete", prose, prose, prose),
        measures=(Measure("Encryption", prose),),
        sub_processors=(),
        hosting=HostingTerms(Hosting.CONTROLLER_PREMISES, "none", dt.date(2027, 1, 1)),
        second_approver=second,
    )


def make_order(keys: Keys, agreement: Agreement) -> Order:
    fields = {
        "patient": ("source_id", "birth_date"),
        "request": ("source_id", "registered_on"),
        "observation": ("source_id", "code", "value"),
    }
    dates = DateRange("request.registered_on", dt.date(2018, 1, 1), dt.date(2019, 12, 31))
    return Order(
        format="ecluse.order/1",
        order="BIO-2026-0042",
        version=1,
        agreement=AgreementRef(agreement.agreement, digest_of(agreement)),
        controller=OrderingController(agreement.controller.name, "750100125", "dr.martin"),
        source=OrderSource("dxlab", "RENNES", "profiles/dxlab.yaml"),
        destination=OrderDestination("kalisil", keys.identity.recipient),
        purpose="migration",
        scope=Scope(dates, ("NORD", "SUD"), fields, (SensitiveCategory.HIV,)),
        retention=Retention("0d", dt.date(2026, 6, 30), SourceDisposition.CONTROLLER),
    )


_COLUMNS = {
    "patient": {"source_id": "ordered", "birth_date": "ordered", "birth_date_raw": "companion"},
    "request": {"source_id": "ordered", "patient": "link", "registered_on": "ordered"},
    "observation": {
        "source_id": "ordered", "request": "link", "code": "ordered", "value": "ordered", "raw_value": "companion",
    },
}  # fmt: skip


def log_of(place: str, agent: str) -> str:
    """A log's public key of no place at all, for papers that are only looked at, or lie."""
    return LogKey(f"ecluse/{place}/{agent}", hashlib.sha256(place.encode()).digest()).vkey


def make_plan(order: Order, log: str = log_of("source", "agent-a")) -> Plan:
    tallies = tuple(
        Tally(entity, year, site, rows)
        for entity, each in (("request", 4), ("observation", 10))
        for year in (2018, 2019)
        for site, rows in (("NORD", each), ("SUD", each + 1))
    )
    years = ((2018, "2018-01-01", "2019-01-01"), (2019, "2019-01-01", "2020-01-01"))
    batches = [Batch("patient-0001", "patient", None, None, 6)]
    for entity, rows in (("request", 9), ("observation", 21)):
        batches += [Batch(f"{entity}-{year}-0001", entity, start, end, rows) for year, start, end in years]
    return Plan(
        format="ecluse.plan/1",
        order=digest_of(order),
        agreement=order.agreement.digest,
        profile=digest(b"a profile"),
        made_at=BEGIN,
        agent="agent-a",
        source=SourceFacts("postgresql", "15.4", Snapshot.SHARED, 2),
        entities=tuple(
            PlannedEntity(
                entity,
                f"SELECT … FROM {entity}",
                tuple(Column(name, ColumnType.TEXT, Because(why)) for name, why in columns.items()),
                sum(batch.rows for batch in batches if batch.entity == entity),
            )
            for entity, columns in _COLUMNS.items()
        ),
        batches=tuple(batches),
        tallies=(Tally("patient", None, None, 6), *tallies),
        left_out=(),
        log=log,
    )


def make_receipt(plan: Plan, batch: Batch, parcel: bytes, quarantine: bytes | None, at: dt.datetime) -> Receipt:
    """Observations of 2019 have two rows in quarantine, both of NORD."""
    year = int(batch.id.split("-")[1]) if batch.lower else None
    aside = (QuarantineCount("unreadable_number", year, "NORD", 2),) if quarantine else ()
    counts: list[tuple[str | None, int]] = [(None, batch.rows)]
    if year:
        counts = [("NORD", batch.rows // 2 - sum(q.rows for q in aside)), ("SUD", batch.rows - batch.rows // 2)]
    groups = [(year, site, rows, hashlib.md5(f"{batch.id}{site}".encode()).hexdigest()) for site, rows in counts]  # noqa: S324
    return Receipt(
        format="ecluse.receipt/1",
        order=plan.order,
        plan=digest_of(plan),
        batch=batch.id,
        entity=batch.entity,
        parcel=digest(parcel),
        size=len(parcel),
        columns=plan.entity(batch.entity).names(),
        rows=sum(rows for _, rows in counts),
        canaries=3,
        min_date=dt.date(year, 1, 3) if year else None,
        max_date=dt.date(year, 12, 29) if year else None,
        groups=tuple(GroupDigest(*group) for group in groups),
        quarantined=aside,
        quarantine_parcel=digest(quarantine) if quarantine else None,
        sealed_at=at,
        agent="agent-a",
    )


def make_reconciliation(
    order: str, plan: Plan, receipts: Sequence[Receipt], at: dt.datetime, log: str = log_of("destination", "agent-b")
) -> Reconciliation:
    flows = []
    for tally in plan.tallies:
        key = (tally.entity, tally.year, tally.site)
        groups = [g for r in receipts for g in r.groups if (r.entity, g.year, g.site) == key]
        aside = sum(q.rows for r in receipts for q in r.quarantined if (r.entity, q.year, q.site) == key)
        rows = sum(group.rows for group in groups)
        total = f"{sum(int(group.digest, 16) for group in groups) % 2**128:032x}"
        flows.append(Flow(*key, tally.rows, rows + aside, aside, rows, rows, rows, rows, total, total, total))
    quarantined = sum(q.rows for receipt in receipts for q in receipt.quarantined)
    listed = [Difference(DifferenceKind.QUARANTINED, "observation", f"O-{n}", "value") for n in range(quarantined)]
    named = tuple(sorted(digest_of(receipt) for receipt in receipts))
    return Reconciliation(
        "ecluse.reconciliation/1", order, digest_of(plan), named, at, "agent-b", log, tuple(flows), tuple(listed)
    )


class Migration:
    """One migration in ``root``; run it with :meth:`run`, export with :meth:`bundle`."""

    def __init__(
        self,
        root: Path,
        keys: Keys,
        *,
        bend: Bend | None = None,
        bend_log: BendLog | None = None,
        bend_signers: Callable[[object, list[str]], list[str]] | None = None,
    ) -> None:
        self.root, self.keys = root, keys
        self._bend = bend or (lambda value: value)
        self._bend_log = bend_log or (lambda _place, event, given: [(event, given)])
        self._bend_signers = bend_signers or (lambda _value, ids: ids)
        self.genuine = bend is bend_log is bend_signers is None
        self._ticks = 0
        self.source = Workspace.create(root / "source", Place.SOURCE, "agent-a", clock=self.clock)
        self.destination = Workspace.create(root / "destination", Place.DESTINATION, "agent-b", clock=self.clock)
        self.mailbox = FolderMailbox(root / "mailbox")

    def clock(self) -> dt.datetime:
        self._ticks += 1
        return BEGIN + dt.timedelta(seconds=self._ticks)

    def close(self) -> None:
        self.source.close()
        self.destination.close()

    def bundle(self, name: str = "bundle.zip", places: Sequence[Workspace] | None = None) -> Path:
        export(places or (self.source, self.destination), self.root / name)
        return self.root / name

    def run(self, until: str = "erased") -> Iterator[str]:
        """Go on, stage by stage, giving each stage's name when it is reached."""
        for stage in STAGES[: STAGES.index(until) + 1]:
            getattr(self, f"_{stage}")()
            yield stage

    def instruct(self, action: str, who: str, *places: Workspace, reason: str = "as agreed by telephone") -> Instruction:
        """Somebody's instruction, bent and signed like any paper, recorded without asking whether they may."""
        order = digest_of(self.order)
        at = self.clock()
        made = self._bend(Instruction("ecluse.instruction/1", order, Action(action), reason, at, who))
        signed = self._signed(made, who)
        for place in places:
            self._log(place, EVENTS[Action(action)], subject=place.put(made, signed), by=who)
        return made

    def _signed(self, value: object, *ids: str) -> dict[str, bytes]:
        return {id_: self.keys.sign(value, id_) for id_ in self._bend_signers(value, list(ids))}

    def _log(self, place: Workspace, event: Event, **given: object) -> None:
        for bent, details in self._bend_log(place.place, event, given):
            place.log(bent, **details)  # type: ignore[arg-type]

    def _planned(self) -> None:
        self.agreement = self._bend(make_agreement(self.keys))
        self.order = self._bend(make_order(self.keys, self.agreement))
        self.plan = self._bend(make_plan(self.order, self.source.key.vkey))
        self.papers = [
            (self.agreement, self._signed(self.agreement, "dr.martin", "m.gerant")),
            (self.order, self._signed(self.order, "dr.martin", "a.second")),
            (self.plan, self._signed(self.plan, "agent-a")),
        ]
        if self.genuine:
            admit_order(self.source, *self.papers[0], *self.papers[1])
            admit_plan(self.source, *self.papers[2])
        else:
            self._admit(self.source)

    def _admit(self, place: Workspace) -> None:
        order = digest_of(self.order)
        events = (Event.AGREEMENT_RECORDED, Event.ORDER_APPROVED, Event.PLAN_SIGNED)
        for event, (value, signatures) in zip(events, self.papers, strict=True):
            place.put(value, signatures)
            self._log(place, event, order=order, subject=digest_of(value))

    def _extracting(self) -> None:
        self._log(self.source, Event.EXTRACTION_STARTED)
        self.receipts: list[Receipt] = []
        for number, batch in enumerate(self.plan.batches):
            self._extract(batch)
            if number == 1:
                return

    def _extract(self, batch: Batch) -> None:
        self._log(self.source, Event.BATCH_EXTRACTING, subject=batch.id, planned=batch.rows)
        parcel = seal(f"rows of {batch.id}".encode(), [self.keys.identity.recipient])
        self.source.parcels.write(ParcelState.SEALED, batch.id, parcel)
        quarantine = None
        if batch.id == "observation-2019-0001":
            quarantine = seal(b"two rows", [self.keys.identity.recipient])
            self.source.parcels.write(ParcelState.SEALED, f"{batch.id}{QUARANTINE}", quarantine)
        made = self._bend(make_receipt(self.plan, batch, parcel, quarantine, self.source.now()))
        if made is None:
            self.source.parcels.erase(self.source.parcels.path(ParcelState.SEALED, batch.id))
            return
        address = self.source.put(made, self._signed(made, "agent-a"))
        self.receipts.append(made)
        self._log(
            self.source, Event.BATCH_SEALED, subject=batch.id, receipt=address, parcel=made.parcel, rows=made.rows
        )

    def _sealed(self) -> None:
        for batch in self.plan.batches[2:]:
            self._extract(batch)
        if self.order.trace:
            until = self.order.trace.keep_until.isoformat()
            self._log(self.source, Event.TRACE_KEEPING, subject=TRACE_FILE, pieces=len(self.receipts), until=until)
        self._log(self.source, Event.EXTRACTION_SEALED, parcels=len(self.receipts))

    def _delivered(self) -> None:
        if self.genuine:
            deliver(self.source, self.mailbox)
            known = self.source.progress().pins["agreement"]
            receive(self.destination, self.mailbox, lambda receipt: self._signed(receipt, "agent-b"), agreement=known)
            return
        for name in self.source.parcels.names(ParcelState.SEALED):
            self._log(self.source, Event.PARCEL_DELIVERING, subject=name)
        self._log(self.source, Event.DELIVERED, parcels=len(self.receipts))
        self._admit(self.destination)
        for receipt in self.receipts:
            address = self.destination.put(receipt, self._signed(receipt, "agent-a", "agent-b"))
            self._log(self.destination, Event.PARCEL_RECEIVING, subject=receipt.batch, parcel=receipt.parcel)
            self._log(
                self.destination, Event.PARCEL_RECEIVED, subject=receipt.batch, receipt=address, parcel=receipt.parcel
            )
        for event in (Event.EXTRACTION_STARTED, Event.EXTRACTION_SEALED, Event.DELIVERED):
            self._log(self.destination, event, subject="by the source's place")

    def _loaded(self) -> None:
        for receipt in self.receipts:
            self._log(self.destination, Event.BATCH_LOADING, subject=receipt.batch, rows=receipt.rows)
            given = {"receipt": digest_of(receipt), "rows": receipt.rows}
            self._log(self.destination, Event.BATCH_LOADED, subject=receipt.batch, **given)
        self._log(self.destination, Event.PUBLISHING, subject="kalisil")
        self._log(self.destination, Event.LOADED, batches=len(self.receipts))

    def _reconciled(self) -> None:
        order, at = digest_of(self.order), self.destination.now()
        log = self.destination.key.vkey
        self.account = self._bend(make_reconciliation(order, self.plan, self.receipts, at, log))
        signed = self._signed(self.account, "agent-b")
        address = self.destination.put(self.account, signed)
        count = len(self.account.differences)
        self._log(self.destination, Event.RECONCILED, subject=address, differences=count, digest=address)
        self.source.put(self.account, signed)
        self._log(self.source, Event.LOADED, subject="by the destination's place")
        self._log(self.source, Event.RECONCILED, subject=address, differences=count)

    def _accepted(self) -> None:
        order, at = digest_of(self.order), self.destination.now()
        decision = Decision.ACCEPTED
        count = len(self.account.differences)
        self.acceptance = self._bend(
            Acceptance("ecluse.acceptance/1", order, digest_of(self.account), decision, count, "", at, "dr.martin")
        )
        signed = self._signed(self.acceptance, "dr.martin")
        for place in (self.destination, self.source):
            if self.genuine:
                admit_acceptance(place, self.acceptance, signed)
            else:
                address = place.put(self.acceptance, signed)
                self._log(place, Event.ACCEPTED, subject=address, differences=self.acceptance.differences)

    def _erased(self) -> None:
        for place, agent in ((self.source, "agent-a"), (self.destination, "agent-b")):
            self._log(place, Event.ERASING, subject="accepted")
            at_source = place.place is Place.SOURCE
            name = "keys/digest.secret" if at_source else "keys/recipient.age (kept outside)"
            gone = [Erased(ErasedKind.KEY, name, digest(name.encode()), 32)]
            for receipt in self.receipts:
                gone.append(Erased(ErasedKind.PARCEL, f"parcels/{receipt.batch}.age", receipt.parcel, receipt.size))
                if receipt.quarantine_parcel:
                    name = f"parcels/{receipt.batch}{QUARANTINE}.age"
                    gone.append(Erased(ErasedKind.QUARANTINE, name, receipt.quarantine_parcel, 200))
            made = self._bend(
                ErasureCertificate(
                    format="ecluse.erasure/1",
                    order=digest_of(self.order),
                    acceptance=digest_of(self.acceptance),
                    place=place.place.value,
                    reason="accepted",
                    erased=tuple(gone),
                    scanned=(Scanned("workspace", 30, 30_000),),
                    looked_for=("age ciphertext", "3 canaries"),
                    found=(),
                    recipient_key=RecipientKey.NOT_HERE if at_source else RecipientKey.DESTROYED,
                    statement="",
                    erased_at=place.now(),
                    agent=agent,
                    log=place.key.vkey,
                    trace=KeptTrace(TRACE_FILE, 6144, self.order.trace.keep_until)
                    if at_source and self.order.trace
                    else None,
                )
            )
            address = place.put(made, self._signed(made, agent))
            self._log(place, Event.ERASED, subject=address)


def changed(value: object, **fields: object) -> object:
    """``dataclasses.replace`` under a name that reads well in a table of bends."""
    return replace(value, **fields)  # type: ignore[type-var]
