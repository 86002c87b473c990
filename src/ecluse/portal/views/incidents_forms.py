"""The forms of an incident's page, for the side on which somebody fills each in: shown by the page, read by its act."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.http import HttpRequest

from ecluse.domain.errors import ForbiddenError
from ecluse.domain.incidents import COUNTED, Fact, Incident, Phase, Step, standing
from ecluse.domain.permissions import Action, Side
from ecluse.portal.access import grants_of
from ecluse.portal.forms.incidents import CountForm, ExposureForm, FactForm, NoticeForm
from ecluse.store.models import IncidentRow
from ecluse.store.reads import incidents as reads

_Made = Callable[[Any, IncidentRow, Incident, Side], forms.Form]


def form_of(name: str, request: HttpRequest, row: IncidentRow, incident: Incident, data: Any = None) -> forms.Form:
    """One form, empty or with what was sent.

    Raises:
        ForbiddenError: whoever asks may do this on neither side.
    """
    action, made = _FORMS[name]
    return made(data, row, incident, reads.side_of(grants_of(request), row, action))


def forms_of(request: HttpRequest, row: IncidentRow, incident: Incident) -> dict[str, forms.Form]:
    """All that whoever looks may fill in now, by the name that the page knows each by."""
    if incident.phase is Phase.CLOSED:
        return {}
    told = incident.first(Step.NOTICE) is not None
    found = {}
    for name in _FORMS:
        try:
            found[name] = form_of(name, request, row, incident)
        except ForbiddenError:
            continue
    return {name: form for name, form in found.items() if name != NOTICE or not told}


def _others(row: IncidentRow, side: Side) -> int:
    """At how many other laboratories a vendor can say the same at once."""
    return reads.others_of(row).count() if side is Side.PROCESSOR else 0


def _own(incident: Incident, side: Side, *, counted: bool) -> list[Fact]:
    """What a side has said and may correct."""
    return [fact for fact in standing(incident.facts) if fact.side is side and (fact.kind in COUNTED) is counted]


def _fact(data: Any, row: IncidentRow, incident: Incident, side: Side) -> forms.Form:
    return FactForm(data, prefix="fact", facts=_own(incident, side, counted=False), others=_others(row, side))


def _count(data: Any, _row: IncidentRow, incident: Incident, side: Side) -> forms.Form:
    return CountForm(data, prefix="count", facts=_own(incident, side, counted=True))


def _place(data: Any, row: IncidentRow, _incident: Incident, side: Side) -> forms.Form:
    return ExposureForm(data, prefix="place", others=_others(row, side))


def _notice(data: Any, row: IncidentRow, _incident: Incident, side: Side) -> forms.Form:
    return NoticeForm(data, prefix="notice", others=_others(row, side))


FACT, COUNT, PLACE, NOTICE = "fact_form", "count_form", "exposure_form", "notice_form"
_FORMS: Mapping[str, tuple[Action, _Made]] = {
    FACT: (Action.ADD_TO_INCIDENT, _fact),
    COUNT: (Action.COUNT_AFFECTED, _count),
    PLACE: (Action.ADD_TO_INCIDENT, _place),
    NOTICE: (Action.TELL_CONTROLLER, _notice),
}
