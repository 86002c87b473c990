"""Making a plan: papers read and checked before anything is made, then admitted, counted, signed, recorded."""

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

from ecluse.adapters.destinations.opening import check_carried
from ecluse.cli._site import Site
from ecluse.cli._text import tr
from ecluse.control.admit import admit_order, admit_plan
from ecluse.control.papers import Paper, read_paper
from ecluse.control.setup import place_of
from ecluse.control.signatures import sign_artefact, signer_of_key, verified_signers
from ecluse.domain.agreement import Agreement, SignerRole
from ecluse.domain.errors import UsageError
from ecluse.domain.order import Order
from ecluse.domain.policies import check_agent, check_agreement_signed, check_order_allowed, check_order_signed
from ecluse.domain.profile import SourceProfile
from ecluse.migration.persons import check_list
from ecluse.migration.planning import BATCH_ROWS, PlanReport, make_plan
from ecluse.workspace.place import Place, Workspace


@dataclass(frozen=True, slots=True)
class Papers:
    """The signed agreement and the signed order."""

    agreement: Paper[Agreement]
    order: Paper[Order]

    def check(self, on: dt.date) -> None:
        """All that admission checks, before a place is made.

        Raises:
            AgreementError, OrderError, SignatureError: see ``domain.policies``.
        """
        agreement, order = self.agreement.value, self.order.value
        check_agreement_signed(agreement, verified_signers(agreement, self.agreement.signatures, agreement))
        check_order_allowed(order, agreement, self.agreement.digest, on)
        check_order_signed(order, agreement, verified_signers(order, self.order.signatures, agreement))


def read_papers(agreement: Path | None, order: Path | None) -> Papers:
    """Both papers from their files.

    Raises:
        UsageError: one was not given.
    """
    if agreement is None or order is None:
        missing = "--agreement" if agreement is None else "--order"
        raise UsageError(tr(f"an option is missing: {missing}", f"il manque une option : {missing}"),
                         hint=tr("see ecluse plan --help", "voir ecluse plan --help"))  # fmt: skip
    return Papers(read_paper(Agreement, agreement), read_paper(Order, order))


def draft_plan(site: Site, papers: Papers, now: dt.datetime, batch_rows: int | None) -> PlanReport:
    """The plan as it would be; nothing is written."""
    papers.check(now.date())
    check_list(papers.order.value.scope.exclude_persons, site.persons())
    return _count(site, papers, site.source_profile(), now, _agent(site, papers), batch_rows=batch_rows)


def admitted_plan(site: Site, papers: Papers, batch_rows: int | None) -> PlanReport:
    """Admit agreement and order at the source's place, count, sign and record the plan. Repeating it is harmless."""
    profile, agent, root = site.source_profile(), _agent(site, papers), place_of(site.root, Place.SOURCE)
    papers.check(dt.datetime.now(dt.UTC).date())
    check_list(papers.order.value.scope.exclude_persons, site.persons())
    site.open_source(profile).close()
    if not site.has(Place.SOURCE):
        Workspace.create(root, Place.SOURCE, agent).close()
    with site.open(Place.SOURCE) as place:
        admit_order(
            place, papers.agreement.value, papers.agreement.signatures, papers.order.value, papers.order.signatures
        )
        report = _count(site, papers, profile, place.now(), agent, batch_rows=batch_rows)
        place.put(profile, {})
        if place.agent != agent:
            raise UsageError(
                tr(f"this place works under the agent {place.agent}, not {agent}",
                   f"ce lieu travaille sous l'agent {place.agent}, pas {agent}")
            )  # fmt: skip
        report = replace(report, plan=replace(report.plan, log=place.key.vkey))
        admit_plan(place, report.plan, {agent: sign_artefact(report.plan, site.source_key())})
        return report


def counted(site: Site, papers: Papers, now: dt.datetime) -> PlanReport:
    """What an order would take, which nobody need have signed yet; nothing is written.

    Raises:
        AgreementError, OrderError, SignatureError: the agreement is not signed, or does not carry the order.
    """
    agreement, order = papers.agreement.value, papers.order.value
    check_agreement_signed(agreement, verified_signers(agreement, papers.agreement.signatures, agreement))
    check_order_allowed(order, agreement, papers.agreement.digest, now.date())
    check_list(order.scope.exclude_persons, site.persons())
    return _count(site, papers, site.source_profile(), now, _agent(site, papers), batch_rows=None)


def _agent(site: Site, papers: Papers) -> str:
    agent = signer_of_key(site.source_key(), papers.agreement.value)
    check_agent(papers.agreement.value, agent, SignerRole.SOURCE_AGENT)
    return agent


def _count(
    site: Site, papers: Papers, profile: SourceProfile, now: dt.datetime, agent: str, *, batch_rows: int | None
) -> PlanReport:
    source = site.open_source(profile)
    try:
        source.adopt_snapshot(None)
        report = make_plan(
            source,
            papers.order.value,
            papers.order.digest,
            papers.agreement.digest,
            profile,
            now,
            agent,
            batch_rows=batch_rows or BATCH_ROWS,
            excluded=site.excluded(source, profile, papers.order.value),
            views=site.setup.source.views,
        )
    finally:
        source.close()
    if site.setup.destination.profile is not None:
        check_carried(site.destination_profile(), report.plan)
    return report
