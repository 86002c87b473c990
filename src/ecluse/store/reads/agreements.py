"""Agreements as the screens show them: whose they are, where each stands, who has signed."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from ecluse.control.register import Activity, Migration
from ecluse.domain.agreement import Agreement, Signer
from ecluse.domain.errors import UnseenError
from ecluse.domain.lifecycle import State
from ecluse.domain.permissions import MAY, Action, Grant
from ecluse.domain.policies import MAY_BIND
from ecluse.domain.renewal import may_start, objection_ends
from ecluse.store.acts.agreements import artefact_of
from ecluse.store.acts.orders import artefact_of as order_of
from ecluse.store.models import AgreementVersion, ArtefactSignature, OrderVersion, SubProcessorNotice
from ecluse.store.reads.papers import verified


def allowed_in(grants: Iterable[Grant], action: Action) -> list[str]:
    """The organisations, by slug, in which somebody may take an action."""
    return sorted({grant.organisation for grant in grants if (grant.side, grant.role) in MAY[action]})


def agreements_of(grants: Iterable[Grant], action: Action = Action.SEE_AGREEMENT) -> QuerySet[AgreementVersion]:
    """Every version of which a party lets somebody take an action, the newest first."""
    where = allowed_in(grants, action)
    found = AgreementVersion.objects.filter(Q(controller__slug__in=where) | Q(processor__slug__in=where))
    return found.select_related("controller", "processor", "drafted_by")


def agreement_of(key: int) -> AgreementVersion:
    """One version.

    Raises:
        UnseenError: there is none.
    """
    found = AgreementVersion.objects.select_related("controller", "processor", "drafted_by").filter(pk=key).first()
    if found is None:
        raise UnseenError("there is no such agreement")
    return found


def state_of(version: AgreementVersion, today: dt.date) -> str:
    """``draft``, ``frozen``, ``in_force``, ``expired`` or ``ended``."""
    if version.ended_at is not None:
        return "ended"
    if not version.digest:
        return "draft"
    if version.in_force_at is None:
        return "frozen"
    return "expired" if version.draft.get("in_force_until", "") < today.isoformat() else "in_force"


@dataclass(frozen=True, slots=True)
class SignerState:
    """A signer of an agreement; ``signed_at`` only where the signature verifies now."""

    signer: Signer
    side: str
    binds: bool
    signed_at: dt.datetime | None


def signer_states(agreement: Agreement, digest: str, value: object | None = None) -> tuple[SignerState, ...]:
    """Everybody whom the agreement names, and whether they signed ``value`` (the agreement itself, unless given).

    Raises:
        SignatureError: a signature that is kept here does not verify.
    """
    kept = {each.signer: each for each in ArtefactSignature.objects.filter(digest=digest)}
    good = verified(value or agreement, agreement, {name: each.armor.encode("ascii") for name, each in kept.items()})
    return tuple(
        SignerState(signer, side, signer.role in MAY_BIND[side], kept[signer.id].made_at if signer.id in good else None)
        for side, party in (("controller", agreement.controller), ("processor", agreement.processor))
        for signer in party.signers
    )


def versions_of(version: AgreementVersion) -> list[AgreementVersion]:
    """Every version of the same number, the newest first."""
    return list(AgreementVersion.objects.filter(number=version.number).order_by("-version"))


@dataclass(frozen=True, slots=True)
class NoticeState:
    """An announced sub-processor: until when the controller may object, and whether it may begin."""

    notice: SubProcessorNotice
    last_day: dt.date
    state: str


def notices_of(version: AgreementVersion, today: dt.date) -> list[NoticeState]:
    """Sub-processors announced under any version of the same number; ``state``: ``open``, ``objected``, ``valid``."""
    found = SubProcessorNotice.objects.filter(agreement__number=version.number)
    return [_notice(each, today) for each in found.select_related("announced_by", "objected_by")]


def open_notices(slugs: Iterable[str], today: dt.date) -> list[NoticeState]:
    """Those to which the controllers named may object still."""
    found = SubProcessorNotice.objects.filter(agreement__controller__slug__in=list(slugs), objected_on__isnull=True)
    states = (_notice(each, today) for each in found.select_related("agreement"))
    return [each for each in states if each.state == "open"]


def _notice(notice: SubProcessorNotice, today: dt.date) -> NoticeState:
    objected = notice.objected_on is not None
    started = may_start(notice.announced_on, notice.notice_days, today, objected=objected)
    state = "objected" if objected else "valid" if started else "open"
    return NoticeState(notice, objection_ends(notice.announced_on, notice.notice_days), state)


def activities_of(grants: Iterable[Grant]) -> tuple[Activity, ...]:
    """Agreements that both parties signed, with their approved orders: what the register (Art. 30(2)) is of."""
    versions = {each.pk: each for each in agreements_of(grants, Action.SEE_REGISTER).filter(in_force_at__isnull=False)}
    approved = OrderVersion.objects.filter(agreement__in=versions, approved_at__isnull=False)
    migrations: dict[int, list[Migration]] = {}
    for order in approved.select_related("migration").prefetch_related("migration__places").order_by("pk"):
        states = {each.place: State(each.counts["state"]) for each in order.migration.places.all()}
        migrations.setdefault(order.agreement_id, []).append(Migration(order_of(order), states))
    return tuple(Activity(artefact_of(each), tuple(migrations.get(key, ()))) for key, each in versions.items())
