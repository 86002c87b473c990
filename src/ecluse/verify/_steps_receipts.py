"""Steps on receipts: one for each planned batch, signed and countersigned, and inside plan and order."""

from collections import Counter

from ecluse.domain.agreement import Agreement, SignerRole
from ecluse.domain.entry import Event
from ecluse.domain.order import Order, Scope
from ecluse.domain.plan import Plan
from ecluse.domain.records import Receipt, Reconciliation
from ecluse.verify._case import Case, Paper, fits
from ecluse.verify.report import FailedError, NotReachedError, Words


def receipts(case: Case) -> Words:
    """Receipts parse, canonical; every planned batch has exactly one."""
    value, made = case.one(Plan)[0], case.all(Receipt)
    _some(made)
    counts = Counter(receipt.batch for receipt, _ in made)
    for batch, count in sorted(counts.items()):
        fits(count == 1, f"{batch}: {count} receipts", f"{batch} : {count} reçus")
    planned = {batch.id for batch in value.batches}
    for batch in sorted(counts.keys() - planned):
        raise FailedError(f"{batch}: a receipt for no planned batch", f"{batch} : reçu pour un lot non planifié")
    missing = sorted(planned - counts.keys())
    if missing and not _all_sealed(case):
        raise NotReachedError(
            f"extraction is not over: {len(counts)} of {len(planned)} batches have their receipt",
            f"extraction inachevée : {len(counts)} lots sur {len(planned)} ont leur reçu",
        )
    fits(not missing, f"{len(missing)} batches without receipt, first {missing[:1]}", f"{len(missing)} lots sans reçu")
    return Words(f"{len(counts)} batches, one receipt each", f"{len(counts)} lots, un reçu chacun")


def _all_sealed(case: Case) -> bool:
    """Whether anything in the bundle says that all was sealed."""
    ended = any(place.first(Event.EXTRACTION_SEALED) for place in case.places.values())
    return ended or bool(case.papers(Reconciliation))


def _some(made: list[tuple[Receipt, Paper]]) -> None:
    if not made:
        raise NotReachedError("nothing has been sealed yet", "rien n'a encore été scellé")


def receipts_signed(case: Case) -> Words:
    """Each receipt is signed by the source agent that made the plan."""
    value, made = case.one(Plan)[0], case.all(Receipt)
    _some(made)
    for receipt, paper in made:
        by = case.signed_by(paper)
        fits(
            receipt.agent == value.agent and value.agent in by,
            f"{receipt.batch}: not signed by {value.agent}",
            f"{receipt.batch} : non signé par {value.agent}",
        )
    return Words(f"{len(made)} receipts signed by {value.agent}", f"{len(made)} reçus signés par {value.agent}")


def receipts_countersigned(case: Case) -> Words:
    """Each receipt that the destination holds is countersigned by a destination agent."""
    place = case.place("destination")
    papers = place.of("receipt")
    if not papers:
        raise NotReachedError("nothing has been received yet", "rien n'a encore été reçu")
    agreement = case.one(Agreement)[0]
    parties = (agreement.controller, agreement.processor)
    agents = {s.id for party in parties for s in party.signers if s.role is SignerRole.DESTINATION_AGENT}
    for paper in papers:
        by = case.signed_by(paper)
        batch = case.value(Receipt, paper).batch
        fits(by & agents, f"{batch}: not countersigned", f"{batch} : non contresigné")
    if len(papers) < len(case.papers(Receipt)) and not place.first(Event.DELIVERED):
        raise NotReachedError(
            f"{len(papers)} of {len(case.papers(Receipt))} receipts are countersigned so far",
            f"{len(papers)} reçus contresignés sur {len(case.papers(Receipt))} à ce jour",
        )
    fits(
        len(papers) == len(case.papers(Receipt)),
        "the destination lacks receipts that the source has",
        "il manque à la destination des reçus que la source détient",
    )
    return Words(f"{len(papers)} receipts countersigned", f"{len(papers)} reçus contresignés")


def receipts_plan(case: Case) -> Words:
    """Each receipt is of this order and plan; entity, columns and rows are its batch's."""
    value, plan_paper = case.one(Plan)
    ordered, made = case.one(Order)[1].address, case.all(Receipt)
    _some(made)
    batches = {batch.id: batch for batch in value.batches}
    for receipt, _ in made:
        what, batch = receipt.batch, batches.get(receipt.batch)
        bound = (receipt.order, receipt.plan) == (ordered, plan_paper.address)
        fits(bound, f"{what}: of another order or plan", f"{what} : d'un autre ordre ou plan")
        if batch is None or batch.entity != receipt.entity:
            raise FailedError(f"{what}: no such batch in the plan", f"{what} : lot absent du plan")
        columns = value.entity(batch.entity).names()
        fits(receipt.columns == columns, f"{what}: other columns than planned", f"{what} : colonnes autres que prévu")
        rows = receipt.rows + sum(aside.rows for aside in receipt.quarantined)
        fits(
            rows == batch.rows,
            f"{what}: {rows} rows, {batch.rows} planned",
            f"{what} : {rows} lignes, {batch.rows} prévues",
        )
    return Words(f"{len(made)} receipts as planned", f"{len(made)} reçus conformes au plan")


def receipts_scope(case: Case) -> Words:
    """Dates, years and sites of what was sealed lie inside the order's; counts add up."""
    scope, made = case.one(Order)[0].scope, case.all(Receipt)
    _some(made)
    for receipt, _ in made:
        what = receipt.batch
        days = [day for day in (receipt.min_date, receipt.max_date) if day is not None]
        inside = all(scope.dates.from_ <= day <= scope.dates.until for day in days) and days == sorted(days)
        fits(inside, f"{what}: dates outside the order", f"{what} : dates hors de l'ordre")
        for group in receipt.groups:
            _check_group(what, scope, group.year, group.site, group.rows)
        for aside in receipt.quarantined:
            _check_group(what, scope, aside.year, aside.site, aside.rows)
        named = [(group.year, group.site) for group in receipt.groups]
        fits(len(set(named)) == len(named), f"{what}: a group stands twice", f"{what} : un groupe en double")
    return Words(f"{len(made)} receipts inside the order", f"{len(made)} reçus dans la portée de l'ordre")


def _check_group(what: str, scope: Scope, year: int | None, site: str | None, rows: int) -> None:
    in_time = year is None or scope.dates.from_.year <= year <= scope.dates.until.year
    fits(in_time, f"{what}: a year outside the order", f"{what} : année hors de l'ordre")
    here = site is None or site in scope.sites
    fits(here, f"{what}: a site outside the order", f"{what} : site hors de l'ordre")
    fits(rows > 0, f"{what}: a group without rows", f"{what} : groupe sans lignes")


def parcels_distinct(case: Case) -> Words:
    """No two parcels are one: every digest stands once."""
    made = case.all(Receipt)
    _some(made)
    parcels = [p for receipt, _ in made for p in (receipt.parcel, receipt.quarantine_parcel) if p is not None]
    fits(len(set(parcels)) == len(parcels), "one parcel is announced twice", "un colis est annoncé deux fois")
    return Words(f"{len(parcels)} distinct parcels", f"{len(parcels)} colis distincts")
