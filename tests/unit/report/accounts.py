"""Accounts of migrations: one clean, one with rows set aside, one that went wrong; names that mean harm."""

import base64
import datetime as dt
from dataclasses import dataclass, replace

from ecluse.control.scan import looked_for
from ecluse.domain.files import FileIntake, SetAside
from ecluse.domain.order import Order
from ecluse.domain.plan import LeftOut, LeftOutReason, Plan, Snapshot
from ecluse.domain.records import (
    Acceptance,
    Decision,
    Difference,
    DifferenceKind,
    Erased,
    ErasedKind,
    ErasureCertificate,
    Receipt,
    RecipientKey,
    Reconciliation,
    Scanned,
)
from ecluse.wire.artefacts import digest_of
from synthetic_evidence import BEGIN, log_of, make_agreement, make_order, make_plan, make_receipt, make_reconciliation

STAYED = (
    LeftOut("request", LeftOutReason.DATES, "2016", 1_234_567),
    LeftOut("request", LeftOutReason.DATES, "2017", 1_000),
    LeftOut("request", LeftOutReason.SITES, "VITRÉ", 718),
    LeftOut("request", LeftOutReason.NO_DATE, "request.registered_on", 4),
    LeftOut("observation", LeftOutReason.CATEGORY, "hiv", 111),
    LeftOut("observation", LeftOutReason.UNCLASSIFIABLE, "ZDIV", 61),
    LeftOut("observation", LeftOutReason.UNCLASSIFIABLE, "other codes", 5),
    LeftOut("request", LeftOutReason.PERSON, "request.patient", 7),
    LeftOut("comment", LeftOutReason.ENTITY, "comment", 914),
    LeftOut("observation", LeftOutReason.UNREACHED, "request", 75_656),
    LeftOut("patient", LeftOutReason.FIELD, "nir", None),
    LeftOut("patient", LeftOutReason.FIELD, "address", None),
)


@dataclass(frozen=True)
class Story:
    order: Order
    plan: Plan
    receipts: tuple[Receipt, ...]
    account: Reconciliation
    acceptance: Acceptance | None = None
    certificates: tuple[ErasureCertificate, ...] = ()


class _Keys:
    """Public lines and a recipient that are only looked at."""

    class identity:  # noqa: N801
        recipient = "age1" + "q" * 58

    def line(self, id_: str) -> str:
        return f"ssh-ed25519 {base64.b64encode(id_.encode()).decode()}"


def _begun() -> tuple[Order, Plan]:
    order = make_order(_Keys(), make_agreement(_Keys()))  # type: ignore[arg-type]
    return order, replace(make_plan(order), left_out=STAYED)


def with_rows_set_aside() -> Story:
    """Two observations of 2019, NORD; accepted with them, and erased."""
    order, plan = _begun()
    receipts = tuple(
        make_receipt(plan, batch, batch.id.encode(), b"aside" if batch.id == "observation-2019-0001" else None, BEGIN)
        for batch in plan.batches
    )
    account = make_reconciliation(digest_of(order), plan, receipts, BEGIN + dt.timedelta(hours=2))
    account = replace(account, differences=tuple(replace(d, detail="number.value") for d in account.differences))
    at = BEGIN + dt.timedelta(days=3)
    acceptance = Acceptance(
        "ecluse.acceptance/1", digest_of(order), digest_of(account), Decision.ACCEPTED_WITH_DIFFERENCES, 2,
        "Vu <b>avec</b> l'équipe", at, "dr.martin",
    )  # fmt: skip
    certificates = tuple(
        ErasureCertificate(
            "ecluse.erasure/1", digest_of(order), digest_of(acceptance), place, "accepted",
            (
                *(Erased(ErasedKind.PARCEL, f"parcels/{r.batch}.age", r.parcel, r.size) for r in receipts),
                Erased(ErasedKind.KEY, "keys/digest.secret", "sha256:" + "e" * 64, 32),
            ),
            (Scanned(place, 30, 47_265), Scanned("mailbox", 1, 12), Scanned("temporary folder", 251, 4_269_710)),
            looked_for(60), (),
            RecipientKey.NOT_HERE if place == "source" else RecipientKey.DESTROYED, "",
            at + dt.timedelta(minutes=1), agent, log_of(place, agent),
        )
        for place, agent in (("source", "agent-a"), ("destination", "agent-b"))
    )  # fmt: skip
    return Story(order, plan, receipts, account, acceptance, certificates)


def clean() -> Story:
    order, plan = _begun()
    receipts = tuple(make_receipt(plan, batch, batch.id.encode(), None, BEGIN) for batch in plan.batches)
    return Story(order, plan, receipts, make_reconciliation(digest_of(order), plan, receipts, BEGIN))


def wrong() -> Story:
    """Three requests missing, one changed, one that nobody sent."""
    story = clean()
    flows = list(story.account.flows)
    flows[1] = replace(flows[1], read_back=flows[1].read_back - 3, read_back_digest="0" * 31 + "1")
    listed = [
        *(Difference(DifferenceKind.MISSING, "request", f"D-{n}", "sealed and not in the target") for n in range(3)),
        Difference(DifferenceKind.CHANGED, "observation", "R-7", "value, unit"),
        Difference(DifferenceKind.UNEXPECTED, "patient", "P-1", "more than one row has this key"),
    ]
    return replace(story, account=replace(story.account, flows=tuple(flows), differences=tuple(listed)))


def from_files() -> Story:
    """Messages of three files, two records of which cannot be read."""
    story = clean()
    aside = (
        SetAside(2, 7, 480, 20, "text outside a message"),
        SetAside(3, 1, 0, 1300, "bytes that are no UTF-8"),
    )
    held = FileIntake("messages/*.hl7", 3, 2_500_000, "sha256:" + "a" * 64, 610, 1_900_000, 400_000, 198_680, aside)
    facts = replace(story.plan.source, engine="files", snapshot=Snapshot.FILES, workers=1, files=(held,))
    return replace(story, plan=replace(story.plan, source=facts))


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style></svg><h1>x</h1>",
    "&lt;b&gt; &amp; '\"",
    "right\u202eto left",
    "esc\x1b[31mred\x07",
    "nul\x00line\nfeed",
    "{planned} {0} [count:a|b] %s",
    "javascript:alert(1)",
    "https://evil.example/x.js",
)


def hostile(name: str) -> Story:
    """Everywhere that a text of somebody else's is shown."""
    story = wrong()
    order = replace(
        story.order,
        controller=replace(story.order.controller, name=name),
        source=replace(story.order.source, system=name, site=name),
        destination=replace(story.order.destination, system=name),
    )
    flows = tuple(replace(f, site=name if f.site == "NORD" else f.site) for f in story.account.flows)
    listed = tuple(replace(d, source_key=f"{name}{n}", detail=name) for n, d in enumerate(story.account.differences))
    account = replace(story.account, flows=flows, differences=listed, agent=name, log=f"ecluse/destination/{name}+")
    left = tuple(replace(each, subject=f"{name}{n}") for n, each in enumerate(story.plan.left_out))
    plan = replace(story.plan, left_out=left, agent=name, log=None)
    told = with_rows_set_aside()
    assert told.acceptance
    found = replace(
        told.certificates[1], found=(name,), scanned=(Scanned(name, 1, 1),), looked_for=(name,),
        agent=name, log=f"ecluse/destination/{name}+", recipient_key=RecipientKey.STATED, statement=name,
    )  # fmt: skip
    acceptance = replace(told.acceptance, remarks=name, signatory=name)
    return Story(order, plan, story.receipts, account, acceptance, (found,))
