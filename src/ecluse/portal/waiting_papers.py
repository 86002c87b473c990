"""What waits of agreements and orders: signatures, approvals, what runs out, periods to object."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone

from ecluse.domain.errors import SignatureError
from ecluse.domain.permissions import Action, Grant
from ecluse.domain.policies import check_may_approve
from ecluse.domain.renewal import due, of_agreement, of_objection
from ecluse.portal.waiting import SOURCES, Waiting
from ecluse.portal.words import Text
from ecluse.store.acts.agreements import artefact_of
from ecluse.store.acts.orders import artefact_of as order_of
from ecluse.store.models import AgreementVersion, ArtefactSignature, Person
from ecluse.store.reads.agreements import agreements_of, allowed_in, open_notices
from ecluse.store.reads.orders import orders_of

_MOST = 50


def _waiting(person: Person, grants: tuple[Grant, ...]) -> list[Waiting]:
    """Everything of this part that waits for a person; three queries."""
    today = timezone.localdate()
    signed = ArtefactSignature.objects.filter(signer=person.handle, digest=OuterRef("digest"))
    known = agreements_of(grants, Action.SIGN_AGREEMENT) | agreements_of(grants, Action.DRAFT_AGREEMENT)
    running = known.filter(frozen_at__isnull=False, ended_at__isnull=True).annotate(signed=Exists(signed))
    found = list(running.order_by("-frozen_at"))
    return [
        *_to_sign(person, allowed_in(grants, Action.SIGN_AGREEMENT), found),
        *_to_approve(person, grants, signed),
        *_running_out(allowed_in(grants, Action.DRAFT_AGREEMENT), found, today),
        *_to_object(grants, today),
    ]


def _of(slugs: Collection[str], version: AgreementVersion) -> bool:
    return version.controller.slug in slugs or version.processor.slug in slugs


def _to_sign(person: Person, slugs: Collection[str], found: Iterable[Any]) -> Iterator[Waiting]:
    for version in [each for each in found if _of(slugs, each) and not each.signed][:_MOST]:
        text = artefact_of(version)
        if text.controller.signer(person.handle) or text.processor.signer(person.handle):
            what = Text(f"Sign agreement {version.number}", f"Signer le contrat {version.number}")
            yield Waiting(what, reverse("agreement_sign", args=[version.pk]), about=_between(version))


def _between(version: AgreementVersion) -> str:
    return f"{version.controller} – {version.processor}"


def _to_approve(person: Person, grants: tuple[Grant, ...], signed: QuerySet[Any]) -> Iterator[Waiting]:
    found = orders_of(grants, Action.APPROVE_ORDER).filter(
        frozen_at__isnull=False, approved_at__isnull=True, withdrawn_at__isnull=True, agreement__ended_at__isnull=True
    )
    for version in found.filter(~Exists(signed)).order_by("-frozen_at")[:_MOST]:
        try:
            check_may_approve(order_of(version), artefact_of(version.agreement), person.handle)
        except SignatureError:
            continue
        what = Text(f"Approve order {version.number}", f"Approuver l'ordre {version.number}")
        yield Waiting(what, reverse("order_approve", args=[version.pk]), about=_between(version.agreement))


def _running_out(slugs: Collection[str], found: Iterable[Any], today: dt.date) -> Iterator[Waiting]:
    in_force = [each for each in found if each.in_force_at is not None and _of(slugs, each)]
    by_number: dict[str, AgreementVersion] = {version.number: version for version in in_force}
    reminders = [each for version in by_number.values() for each in of_agreement(artefact_of(version))]
    for each in due(reminders, today):
        kind, version = each.reminder.kind, by_number[each.reminder.subject]
        what = Text(f"Agreement {version.number}: {kind.en}", f"Contrat {version.number} : {kind.fr}")
        yield Waiting(what, reverse("agreement", args=[version.pk]), due=each.reminder.due, about=_between(version))


def _to_object(grants: tuple[Grant, ...], today: dt.date) -> Iterator[Waiting]:
    states = {
        str(each.notice.pk): each for each in open_notices(allowed_in(grants, Action.OBJECT_TO_SUB_PROCESSOR), today)
    }
    reminders = [of_objection(key, s.notice.announced_on, s.notice.notice_days) for key, s in states.items()]
    for each in due(reminders, today):
        notice = states[each.reminder.subject].notice
        what = Text(
            f"Sub-processor {notice.name}: {each.reminder.kind.en}",
            f"Sous-traitant {notice.name} : {each.reminder.kind.fr}",
        )
        yield Waiting(what, reverse("agreement", args=[notice.agreement_id]), due=each.reminder.due)


SOURCES.append(_waiting)
