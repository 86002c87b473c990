"""Steps on reconciliation, acceptance and erasure: nothing lost, somebody answered, nothing left (laws 3 and 7)."""

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Iterable

from ecluse.domain.agreement import Agreement, SignerRole
from ecluse.domain.entry import Event
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.policies import check_acceptance
from ecluse.domain.records import (
    Acceptance,
    Decision,
    DifferenceKind,
    ErasedKind,
    ErasureCertificate,
    Flow,
    Receipt,
    RecipientKey,
    Reconciliation,
)
from ecluse.verify._case import SKEW, Case, PlaceCase, fits, short, told
from ecluse.verify._steps_named import check_named
from ecluse.verify.report import FailedError, NotReachedError, Words

Group = tuple[str, int | None, str | None]
_ROLES = {"source": SignerRole.SOURCE_AGENT, "destination": SignerRole.DESTINATION_AGENT}
_ZERO = "0" * 32
_GRACE = dt.timedelta(days=1)
_DECISIONS_FR = {
    Decision.ACCEPTED: "accepté",
    Decision.ACCEPTED_WITH_DIFFERENCES: "accepté avec écarts",
    Decision.REFUSED: "refusé",
}


def reconciliation(case: Case) -> Words:
    """It parses, canonical; names order, plan and every receipt; and is signed by a destination agent."""
    value, paper = case.one(Reconciliation)
    pinned = (case.one(Order)[1].address, case.one(Plan)[1].address)
    fits((value.order, value.plan) == pinned, "of another order or plan", "d'un autre ordre ou plan")
    named, held = Counter(value.receipts), Counter(paper.address for paper in case.papers(Receipt))
    fits(named == held, "it does not name every receipt once", "elle ne nomme pas chaque reçu une fois")
    case.agent(value.agent, SignerRole.DESTINATION_AGENT)
    by = case.signed_by(paper)
    fits(value.agent in by, f"not signed by {value.agent}", f"non signée par {value.agent}")
    return Words(
        f"{short(paper.address)}: names {len(named)} receipts, signed by {value.agent}",
        f"{short(paper.address)} : nomme {len(named)} reçus, signée par {value.agent}",
    )


def flows(case: Case) -> Words:
    """Its flows, as far as plan and receipts determine them, are those recomputed from plan and receipts."""
    value = case.one(Reconciliation)[0]
    stated = {(flow.entity, flow.year, flow.site): flow for flow in value.flows}
    fits(len(stated) == len(value.flows), "a flow stands twice", "un flux en double")
    levels = _levels(value.flows)
    planned, sealed, aside, digests = _recomputed(case, levels)
    for group in sorted({*planned, *sealed, *aside, *stated}, key=str):
        what = " ".join(str(part) for part in group if part is not None)
        flow = stated.get(group)
        if flow is None:
            raise FailedError(f"{what}: not accounted for", f"{what} : sans compte")
        counted = (planned[group], sealed[group] + aside[group], aside[group], sealed[group], digests.get(group, _ZERO))
        said = (flow.planned, flow.extracted, flow.quarantined, flow.sealed, flow.sealed_digest)
        fits(counted == said, f"{what}: not what plan and receipts say", f"{what} : autre compte que plan et reçus")
    return Words(f"{len(stated)} flows recomputed", f"{len(stated)} flux recalculés")


def _levels(stated: Iterable[Flow]) -> dict[str, tuple[bool, bool]]:
    """How finely each entity is accounted for: the target need not carry a row's year or site."""
    carried: dict[str, tuple[bool, bool]] = {}
    for flow in stated:
        year, site = carried.get(flow.entity, (False, False))
        carried[flow.entity] = (year or flow.year is not None, site or flow.site is not None)
    return carried


def _recomputed(
    case: Case, levels: dict[str, tuple[bool, bool]]
) -> tuple[Counter[Group], Counter[Group], Counter[Group], dict[Group, str]]:
    planned: Counter[Group] = Counter()
    sealed: Counter[Group] = Counter()
    aside: Counter[Group] = Counter()
    digests: dict[Group, int] = defaultdict(int)

    def level(entity: str, year: int | None, site: str | None) -> Group:
        has_year, has_site = levels.get(entity, (True, True))
        return entity, year if has_year else None, site if has_site else None

    for tally in case.one(Plan)[0].tallies:
        planned[level(tally.entity, tally.year, tally.site)] += tally.rows
    for receipt, _ in case.all(Receipt):
        for group in receipt.groups:
            here = level(receipt.entity, group.year, group.site)
            sealed[here] += group.rows
            digests[here] = (digests[here] + int(group.digest, 16)) % (1 << 128)
        for set_aside in receipt.quarantined:
            aside[level(receipt.entity, set_aside.year, set_aside.site)] += set_aside.rows
    return planned, sealed, aside, {group: f"{total:032x}" for group, total in digests.items()}


def differences(case: Case) -> Words:
    """It is clean, or every entity whose flows are not has its differing rows listed; quarantine is listed whole."""
    value = case.one(Reconciliation)[0]
    listed = Counter((d.entity, d.kind is DifferenceKind.QUARANTINED) for d in value.differences)
    unclean = {flow.entity for flow in value.flows if not flow.clean()}
    for entity in sorted(unclean):
        fits(
            listed[entity, False] > 0,
            f"{entity}: rows differ, and none is listed",
            f"{entity} : des lignes diffèrent, aucune n'est listée",
        )
    aside: Counter[str] = Counter()
    for receipt, _ in case.all(Receipt):
        aside[receipt.entity] += sum(each.rows for each in receipt.quarantined)
    for entity in sorted({*aside, *(entity for entity, quarantined in listed if quarantined)}):
        fits(
            listed[entity, True] == aside[entity],
            f"{entity}: {aside[entity]} rows quarantined, {listed[entity, True]} listed",
            f"{entity} : {aside[entity]} lignes en quarantaine, {listed[entity, True]} listées",
        )
    if value.clean():
        return Words("clean: nothing lost, nothing changed", "nette : rien de perdu, rien de modifié")
    count = len(value.differences)
    return Words(f"not clean; {count} differences listed", f"non nette ; {count} écarts listés")


def acceptance(case: Case) -> Words:
    """The controller's decision fits the reconciliation it names, and is signed by a director."""
    value, paper = case.one(Acceptance)
    account, account_paper = case.one(Reconciliation)
    fits(
        (value.order, value.reconciliation) == (case.one(Order)[1].address, account_paper.address),
        "it is about another order or reconciliation",
        "elle porte sur un autre ordre ou compte rendu",
    )
    contract = case.one(Agreement)[0]
    check_acceptance(value, account, contract)
    fits(
        value.decided_at >= account.made_at - SKEW,
        "decided before the account was given",
        "décidée avant le compte rendu",
    )
    by = case.signed_by(paper)
    fits(value.signatory in by, f"not signed by {value.signatory}", f"non signée par {value.signatory}")
    who = told(contract, [value.signatory])
    return Words(
        f"{value.decision} by {who.en}, {value.differences} differences",
        f"{_DECISIONS_FR[value.decision]} par {who.fr}, {value.differences} écarts",
    )


def erasure(name: str, case: Case) -> Words:
    """One certificate: signed by the place's agent, on time, every parcel and the keys destroyed, nothing found."""
    place = case.place(name)
    papers = place.of("erasure")
    if not papers:
        _check_overdue(place, case)
        raise NotReachedError(f"the {name}'s place has not been erased yet", f"le côté {name} n'est pas encore effacé")
    fits(len(papers) == 1, f"{name}: {len(papers)} certificates", f"{name} : {len(papers)} certificats")
    value = case.value(ErasureCertificate, papers[0])
    fits(value.order == case.one(Order)[1].address, f"{name}: of another order", f"{name} : d'un autre ordre")
    fits(value.place == name, f"{name}: the certificate of another place", f"{name} : certificat d'un autre lieu")
    case.agent(value.agent, _ROLES[name])
    fits(
        value.agent in case.signed_by(papers[0]),
        f"{name}: not signed by {value.agent}",
        f"{name} : non signé par {value.agent}",
    )
    check_named(place, value.log, "certificate")
    _check_reason(place, value, case)
    _check_dates(name, value, case)
    _check_erased(place, value, case)
    fits(value.clean(), f"{name}: the re-scan found something", f"{name} : le contrôle a trouvé quelque chose")
    fits(value.scanned and value.looked_for, f"{name}: nothing was scanned", f"{name} : rien n'a été contrôlé")
    en, fr = _identity(value)
    return Words(
        f"{name}: {len(value.erased)} things erased, nothing found{en}",
        f"{name} : {len(value.erased)} éléments effacés, rien trouvé{fr}",
    )


def _identity(value: ErasureCertificate) -> tuple[str, str]:
    """What the certificate says of the identity that opens the parcels; a statement proves nothing, and is shown."""
    where = f"{value.place}: "
    if value.recipient_key is RecipientKey.DESTROYED:
        gone = any(e.kind is ErasedKind.KEY and e.path.endswith(" (kept outside)") for e in value.erased)
        fits(gone, f"{where}the identity is not among what was erased", f"{where}identité absente de ce qui est effacé")
        return "; identity destroyed", " ; identité détruite"
    if value.recipient_key is RecipientKey.STATED:
        # The words are the agent's own: shown as data, so that none of them moves the eye or ends the line.
        said = json.dumps(value.statement, ensure_ascii=True)
        return (
            f"; identity NOT destroyed by the agent, only stated to be: {said}",
            f" ; identité NON détruite par l'agent, seulement déclarée l'être : {said}",
        )
    return "", ""


def _check_overdue(place: PlaceCase, case: Case) -> None:
    """A journal that goes on after the erase-by date without erasure proves that the date was missed."""
    by = case.one(Order)[0].retention.erase_by
    if place.entries:
        last = place.entries[-1].at.date()
        fits(last <= by + _GRACE, f"{place.name}: not erased by {by}", f"{place.name} : pas effacé au {by}")
    if case.now.date() > by:
        raise NotReachedError(
            f"{place.name}: erasure was due by {by}; ask for the certificate",
            f"{place.name} : effacement dû au {by} ; demandez le certificat",
        )


def _check_reason(place: PlaceCase, value: ErasureCertificate, case: Case) -> None:
    name = place.name
    if value.acceptance is None:
        fits(
            value.reason in {"aborted", "erase_by"}, f"{name}: no decision is named", f"{name} : aucune décision nommée"
        )
        aborted = place.first(Event.ABORTED)
        instructed = aborted is not None and aborted.subject.startswith("sha256:")
        fits(
            aborted is None or instructed == (value.reason == "aborted"),
            f"{name}: the journal gives another reason",
            f"{name} : le journal donne un autre motif",
        )
        return
    decision, paper = case.one(Acceptance)
    refused = decision.decision is Decision.REFUSED
    fits(value.acceptance == paper.address, f"{name}: names another decision", f"{name} : nomme une autre décision")
    fits(
        value.reason == "erase_by" or (value.reason == "refused") == refused,
        f"{name}: the reason is not the decision's",
        f"{name} : le motif n'est pas celui de la décision",
    )


def _check_dates(name: str, value: ErasureCertificate, case: Case) -> None:
    """By the order's date, and not before the delay that the order sets after acceptance.

    Where nobody moved, the date itself sets the erasure off as its day ends: that erasure has one day.
    """
    retention = case.one(Order)[0].retention
    by = retention.erase_by + (_GRACE if value.reason == "erase_by" else dt.timedelta())
    late = value.erased_at.date() > by
    fits(not late, f"{name}: erased after {by}", f"{name} : effacé après le {by}")
    if value.reason == "accepted":
        end = dt.datetime.combine(retention.erase_by, dt.time.max, dt.UTC)
        due = min(case.one(Acceptance)[0].decided_at + retention.delay(), end)
        early = value.erased_at < due - SKEW
        fits(not early, f"{name}: erased before the delay that the order sets", f"{name} : effacé avant le délai")


def _check_erased(place: PlaceCase, value: ErasureCertificate, case: Case) -> None:
    gone = {erased.digest for erased in value.erased if erased.kind in {ErasedKind.PARCEL, ErasedKind.QUARANTINE}}
    for paper in place.of("receipt"):
        receipt = case.value(Receipt, paper)
        for parcel in (receipt.parcel, receipt.quarantine_parcel):
            fits(
                parcel is None or parcel in gone,
                f"{place.name}: the parcel of {receipt.batch} is not listed as erased",
                f"{place.name} : le colis de {receipt.batch} n'est pas listé comme effacé",
            )
    # The list of markers that the re-scan looks for is kept among the keys, and opens nothing.
    keys = any(e.kind is ErasedKind.KEY and not e.path.endswith("markers.secret") for e in value.erased)
    sealed = place.first(Event.BATCH_SEALED) or place.of("receipt")
    stated = value.recipient_key is RecipientKey.STATED  # which the step's own words then say
    fits(keys or stated or not sealed, f"{place.name}: no key was destroyed", f"{place.name} : aucune clé détruite")
