"""Alerts for people's programs: what waits, what it rests on; taken in hand and resolved, as their person may."""

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from pydantic import Field

from ecluse.domain.permissions import Action
from ecluse.portal.api import shapes
from ecluse.portal.api.base import PROBLEMS, caller, scoped
from ecluse.portal.api.people import PAGE, router
from ecluse.portal.parties import of_alert
from ecluse.store.acts import alerts as acts
from ecluse.store.reads import alerts as reads
from ecluse.store.reads.agreements import allowed_in
from ecluse.store.reads.alert_evidence import evidence
from ecluse.store.reads.alert_ways import Listed, Reader, Way, ways

Word = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9_]*$")]


@router.get("/alerts", response={200: list[shapes.AlertOut], PROBLEMS: shapes.Problem}, tags=["alerts"])
@scoped(Action.SEE_ALERTS)
def alerts(
    request: HttpRequest, state: Word = "", severity: Word = "", rule: Word = "", start: shapes.Index = 0
) -> list[shapes.AlertOut]:
    """Alerts of the caller's organisations: those that run by urgency and clock, then the resolved; 200 at most."""
    person = caller(request)
    grants = person.grants()
    reader = Reader.of(grants)
    found = reads.listed(person, allowed_in(grants, Action.SEE_ALERTS), reads.Asked(state, severity, rule))
    rows = Listed(found, timezone.now(), reader)[start : start + PAGE]
    return [shapes.AlertOut(**_out(each, reader)) for each in rows]


@router.get("/alerts/{alert}", response={200: shapes.AlertWhole, PROBLEMS: shapes.Problem}, tags=["alerts"])
@scoped(Action.SEE_ALERTS, of_alert)
def alert(request: HttpRequest, alert: int) -> shapes.AlertWhole:
    """One alert: who was told, and which entries of journals it rests on."""
    return _whole(request, alert)


@router.post(
    "/alerts/{alert}/acknowledge", response={200: shapes.AlertWhole, PROBLEMS: shapes.Problem}, tags=["alerts"]
)
@scoped(Action.ACKNOWLEDGE_ALERT, of_alert)
def acknowledge_alert(request: HttpRequest, alert: int) -> shapes.AlertWhole:
    """Take an alert in hand: silence ends until its clock to resolve runs out. A second time is noted, no more."""
    person = caller(request)
    acts.acknowledge(person.handle, reads.alert_of(alert), by=person, through="api")
    return _whole(request, alert)


@router.post("/alerts/{alert}/resolve", response={200: shapes.AlertWhole, PROBLEMS: shapes.Problem}, tags=["alerts"])
@scoped(Action.RESOLVE_ALERT, of_alert)
def resolve_alert(request: HttpRequest, alert: int, given: shapes.ReasonIn) -> shapes.AlertWhole:
    """End an alert, with the reason."""
    person = caller(request)
    acts.resolve(person.handle, reads.alert_of(alert), given.reason, by=person)
    return _whole(request, alert)


def _whole(request: HttpRequest, alert: int) -> shapes.AlertWhole:
    grants, found = caller(request).grants(), reads.alert_of(alert)
    reader = Reader.of(grants)
    told = list(found.told.select_related("person"))
    strangers = reader.strangers(row.person for row in told)
    rests_on = evidence(found, allowed_in(grants, Action.SEE_ALERTS), caller(request))
    return shapes.AlertWhole(
        **_out(ways([found], timezone.now(), reader)[0], reader),
        reason=found.reason,
        former=found.former_id,
        own_doing=caller(request).handle in found.people,
        told=[
            shapes.ToldOut(
                station=row.station + 1, round=row.round, person=row.person.handle if row.person else "",
                channel=row.channel, outcome=row.outcome, at=row.told_at or row.made_at, tries=row.tries,
            )
            for row in told
            if row.person is None or row.person.handle not in strangers
        ],
        evidence=[
            shapes.EvidenceOut(place=each.place, at=str(each.at or ""), event=each.event, actor=each.actor,
                               subject=each.subject, origin=each.origin, index=each.index)
            for each in rests_on.pieces
        ],
        others=rests_on.others,
    )  # fmt: skip


def _out(way: Way, reader: Reader) -> dict[str, Any]:
    found = way.alert
    by = found.acknowledged_by
    return {
        "id": found.pk, "rule": found.rule, "severity": found.severity, "state": found.state,
        "title_en": found.title_en, "title_fr": found.title_fr, "subject": found.subject, "count": found.count,
        "organisations": sorted(each.slug for each in reader.known(found)),
        "opened_at": found.opened_at, "latest_at": found.latest_at, "station": found.reached + 1,
        "next_at": way.next_at, "overdue": way.overdue, "late": way.unanswered,
        "acknowledged_by": "" if by is None or way.strange else by.handle,
        "acknowledged_at": found.acknowledged_at, "resolve_by": way.resolve_by(), "resolved_at": found.resolved_at,
    }  # fmt: skip
