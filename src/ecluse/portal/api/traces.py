"""What tracing concluded, told by the controller's own program and read again (R11). No sample ever comes here."""

import datetime as dt
from typing import Annotated

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from ecluse.domain.conclusions import MOST_TEXT, Conclusion
from ecluse.domain.permissions import Action
from ecluse.portal.api import shapes
from ecluse.portal.api.base import PROBLEMS, caller, scoped
from ecluse.portal.api.people import router
from ecluse.portal.views.incidents import incident_found, of_incident
from ecluse.store.acts import traces as acts
from ecluse.store.models import IncidentTrace
from ecluse.store.reads.traces import telling_of, told_in
from ecluse.wire.artefacts import decode, encode


class TraceIn(shapes.In):
    """A conclusion's canonical text (``ecluse.trace-conclusion/1``), as ``ecluse trace`` makes it.

    ``replaces``: the number of an earlier one of this incident that it takes back, 0 for none.
    """

    text: Annotated[str, Field(max_length=MOST_TEXT)]
    replaces: Annotated[int, Field(ge=0, lt=1_001)] = 0


class TraceOut(Schema):
    """A conclusion as the incident holds it: its number, who told it and when, its canonical text.

    ``replaces``: the number of the one that it takes back, 0 for none.
    """

    number: int
    told_at: dt.datetime
    told_by: str
    verdict: str
    text: str
    replaces: int


@router.get(
    "/incidents/{incident}/traces", response={200: list[TraceOut], PROBLEMS: shapes.Problem}, tags=["incidents"]
)
@scoped(Action.SEE_INCIDENT_RECORD, of_incident)
def traces(request: HttpRequest, incident: str) -> list[TraceOut]:  # noqa: ARG001 - the guard reads it
    """What tracing leaked samples concluded, as it was told; the laboratory's alone."""
    return [_out(each) for each in told_in(incident_found(request))]


@router.post("/incidents/{incident}/traces", response={200: TraceOut, PROBLEMS: shapes.Problem}, tags=["incidents"])
@scoped(Action.TELL_TRACE, of_incident)
def tell_trace(request: HttpRequest, incident: str, given: TraceIn) -> TraceOut:  # noqa: ARG001 - the guard reads it
    """Tell what tracing a sample concluded: exports, counts, how surely; there is no place in it for a line."""
    row, person = incident_found(request), caller(request)
    made = decode(Conclusion, given.text.encode("utf-8", "surrogatepass"), file="conclusion")
    return _out(acts.tell_trace(person.handle, row, made, by=person, replaces=given.replaces or None))


def _out(row: IncidentTrace) -> TraceOut:
    told = telling_of(row)
    return TraceOut(
        number=told.number, told_at=told.recorded, told_by=told.by, verdict=told.conclusion.verdict,
        text=encode(told.conclusion).decode(), replaces=told.replaces or 0,
    )  # fmt: skip
