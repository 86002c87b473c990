"""Incidents for people's programs: what is known, how long is left; facts and counts added from one's own side (R17).

Nothing here tells, decides or files: that is for a person, on the page.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Schema
from pydantic import AwareDatetime, Field

from ecluse.domain.incidents import (
    COUNTED,
    Fact,
    FactKind,
    Incident,
    authority_clock,
    for_processor,
    notice_clock,
)
from ecluse.domain.permissions import Action, Grant, Parties, may
from ecluse.portal.api import shapes
from ecluse.portal.api.base import PROBLEMS, caller, scoped
from ecluse.portal.api.people import PAGE, router
from ecluse.portal.views.incidents import incident_found, of_incident
from ecluse.store.acts import incidents as acts
from ecluse.store.models import IncidentRow, Person
from ecluse.store.reads import incidents as reads


class IncidentOut(Schema):
    """An incident: whose, where it stands, and until when. A moment that is not there: not yet, or not the caller's."""

    number: str
    title: str
    controller: str
    processor: str
    phase: str
    opened_at: dt.datetime
    notice_by: dt.datetime | None
    noticed_at: dt.datetime | None
    notify_by: dt.datetime | None
    notified_at: dt.datetime | None


class FactOut(Schema):
    """A fact; ``corrects``: the number of the one that it replaces, 0 for none. ``count``: where it is a number."""

    number: int
    kind: FactKind
    text: str
    count: int | None
    exact: bool
    known_since: dt.datetime
    recorded_at: dt.datetime
    side: str
    corrects: int


class IncidentWhole(IncidentOut):
    """With its facts, as they came."""

    facts: list[FactOut]


Said = Annotated[str, Field(max_length=4_000)]
Number = Annotated[int, Field(ge=0, lt=1_001)]


Kind = Annotated[FactKind, Field(strict=False)]
Moment = Annotated[AwareDatetime, Field(strict=False)]


class FactIn(shapes.In):
    """What is known, in words. ``kind`` is none of the numbers."""

    kind: Kind
    text: Said
    known_since: Moment
    corrects: Number = 0


class CountIn(shapes.In):
    """How many: ``persons`` or ``records``, as the laboratory counted. ``text``: of which kind, if not all."""

    kind: Kind
    count: Annotated[int, Field(ge=0, le=10**12)]
    exact: bool = False
    text: Annotated[str, Field(max_length=200)] = ""
    known_since: Moment
    corrects: Number = 0


@router.get("/incidents", response={200: list[IncidentOut], PROBLEMS: shapes.Problem}, tags=["incidents"])
@scoped(Action.SEE_INCIDENTS)
def incidents(request: HttpRequest, start: shapes.Index = 0) -> list[IncidentOut]:
    """Incidents of the caller's organisations, the newest first; 200 at most."""
    person = caller(request)
    grants = person.grants()
    rows = reads.clocked(person, grants)[start : start + PAGE]
    return [IncidentOut(**_out(row, reads.clocks_of(row), mine=_mine(grants, row))) for row in rows]


@router.get("/incidents/{incident}", response={200: IncidentWhole, PROBLEMS: shapes.Problem}, tags=["incidents"])
@scoped(Action.SEE_INCIDENTS, of_incident)
def incident(request: HttpRequest, incident: str) -> IncidentWhole:  # noqa: ARG001 - the guard reads it
    """One incident with its facts; numbers of persons and records are the laboratory's alone."""
    return _whole(incident_found(request), caller(request))


@router.post("/incidents/{incident}/facts", response={200: IncidentWhole, PROBLEMS: shapes.Problem}, tags=["incidents"])
@scoped(Action.ADD_TO_INCIDENT, of_incident)
def add_fact(request: HttpRequest, incident: str, given: FactIn) -> IncidentWhole:  # noqa: ARG001 - the guard reads it
    """Add what is known. A text with a patient's number is refused."""
    fact = acts.GivenFact(given.kind, given.text, given.known_since, corrects=given.corrects or None)
    return _added(request, fact)


@router.post(
    "/incidents/{incident}/counts", response={200: IncidentWhole, PROBLEMS: shapes.Problem}, tags=["incidents"]
)
@scoped(Action.COUNT_AFFECTED, of_incident)
def add_count(request: HttpRequest, incident: str, given: CountIn) -> IncidentWhole:  # noqa: ARG001 - the guard reads it
    """Add how many are affected, as the laboratory's own program counted them: a number, and never who they are."""
    fact = acts.GivenFact(given.kind, given.text, given.known_since, given.count, given.exact, given.corrects or None)
    return _added(request, fact)


def _added(request: HttpRequest, fact: acts.GivenFact) -> IncidentWhole:
    row, person = incident_found(request), caller(request)
    acts.add_fact(person.handle, row, fact, by=person)
    return _whole(reads.incident_of(row.number, person), person)


def _mine(grants: Iterable[Grant], row: IncidentRow) -> bool:
    """Whether the caller sees the controller's part."""
    return may(grants, Action.SEE_INCIDENT_RECORD, Parties.of(row.controller.slug))


def _whole(row: IncidentRow, person: Person) -> IncidentWhole:
    mine, whole = _mine(person.grants(), row), reads.record_of(row)
    facts = (whole if mine else for_processor(whole)).facts
    return IncidentWhole(**_out(row, whole, mine=mine), facts=[_fact(each) for each in facts])


def _out(row: IncidentRow, whole: Incident, *, mine: bool) -> dict[str, Any]:
    seen = whole if mine else for_processor(whole)
    notice, authority = notice_clock(seen), authority_clock(seen) if mine else None
    return {
        "number": row.number, "title": row.title, "controller": row.controller.slug,
        "processor": row.processor.slug if row.processor else "", "phase": seen.phase, "opened_at": row.opened_at,
        "notice_by": notice.due if notice else None, "noticed_at": notice.met if notice else None,
        "notify_by": authority.due if authority else None, "notified_at": authority.met if authority else None,
    }  # fmt: skip


def _fact(fact: Fact) -> FactOut:
    return FactOut(
        number=fact.number, kind=fact.kind, text=fact.text, count=fact.count if fact.kind in COUNTED else None,
        exact=fact.exact, known_since=fact.known_since, recorded_at=fact.recorded, side=fact.side,
        corrects=fact.corrects or 0,
    )  # fmt: skip
