"""Orders as the screens show them."""

import datetime as dt
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from ecluse.domain.errors import UnseenError
from ecluse.domain.estimate import Estimate
from ecluse.domain.permissions import Action, Grant
from ecluse.store.models import AgreementVersion, OrderVersion
from ecluse.store.reads.agreements import agreements_of, allowed_in
from ecluse.wire.artefacts import validate


def orders_of(grants: Iterable[Grant], action: Action = Action.SEE_ORDER) -> QuerySet[OrderVersion]:
    """Every version of which a party lets somebody take an action, the newest first."""
    where = allowed_in(grants, action)
    found = OrderVersion.objects.filter(
        Q(agreement__controller__slug__in=where) | Q(agreement__processor__slug__in=where)
    )
    return found.select_related("agreement__controller", "agreement__processor", "drafted_by", "migration")


def order_version(key: int) -> OrderVersion:
    """One version.

    Raises:
        UnseenError: there is none.
    """
    found = (
        OrderVersion.objects.select_related("agreement__controller", "agreement__processor", "drafted_by", "migration")
        .filter(pk=key)
        .first()
    )
    if found is None:
        raise UnseenError("there is no such order")
    return found


def state_of(version: OrderVersion) -> str:
    """``draft``, ``frozen``, ``approved`` or ``withdrawn``."""
    if version.withdrawn_at is not None:
        return "withdrawn"
    if version.approved_at is not None:
        return "approved"
    return "frozen" if version.digest else "draft"


def versions_of(version: OrderVersion) -> list[OrderVersion]:
    """Every version of the same number, the newest first."""
    return list(OrderVersion.objects.filter(number=version.number).select_related("agreement").order_by("-version"))


def estimate_of(version: OrderVersion) -> Estimate | None:
    """What was counted for the present text, if anything was."""
    return validate(Estimate, version.estimate) if version.estimate else None


def orderable_under(grants: Iterable[Grant], today: dt.date) -> list[AgreementVersion]:
    """Agreements in force today under which somebody may draft an order."""
    found = agreements_of(grants, Action.DRAFT_ORDER).filter(in_force_at__isnull=False, ended_at__isnull=True)
    day = today.isoformat()
    return [each for each in found if each.draft["in_force_from"] <= day <= each.draft["in_force_until"]]
