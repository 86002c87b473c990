"""Incidents on the screen: which there are, what is known of one and how long is left, what is written of it (R17)."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from ecluse.control.incident_documents import TITLES, Paper, incident_document
from ecluse.control.incident_words import BASES, EXPOSURES, FACTS, GROUNDS, RISKS, STEPS, TAKEDOWNS
from ecluse.control.report_words import Reader, Words
from ecluse.domain.conclusions import replacements
from ecluse.domain.errors import UnseenError
from ecluse.domain.incidents import (
    COUNTED,
    FOLLOWS,
    PROCESSORS,
    TRANSITIONS,
    Fact,
    Incident,
    Step,
    authority_clock,
    awareness,
    for_processor,
    notice_clock,
    standing,
)
from ecluse.domain.permissions import Action, Parties, may
from ecluse.portal.access import grants_of, guarded, person_of
from ecluse.portal.downloads import asked, handed, rendered
from ecluse.portal.forms.agents import scope_words
from ecluse.portal.labels import ACTS, PHASES, QUESTIONS, SIDES, TAKEDOWN_TONES
from ecluse.portal.parties import asking
from ecluse.portal.traced import command as trace_command
from ecluse.portal.traced import shown as shown_telling
from ecluse.portal.views.incidents_forms import forms_of
from ecluse.portal.words import Text, language
from ecluse.store.models import IncidentRow, Organisation
from ecluse.store.reads import incidents as reads
from ecluse.store.reads import warnings as warning_reads
from ecluse.store.reads.agreements import allowed_in
from ecluse.store.reads.traces import migrations_of

_A_PAGE = 50


def of_incident(request: HttpRequest, incident: str, **_: Any) -> Parties:
    """The controller and the processor of an incident; it is kept for :func:`incident_found`.

    Raises:
        UnseenError: there is none of that number, or for whoever asks (R10).
    """
    found = reads.incident_of(incident, asking(request))
    request.incident_found = found  # type: ignore[attr-defined]
    return Parties.of(*reads.slugs_of(found))


def incident_found(request: HttpRequest) -> IncidentRow:
    """The incident that the guard has read for this request."""
    found: IncidentRow = request.incident_found  # type: ignore[attr-defined]
    return found


def is_controllers(request: HttpRequest, row: IncidentRow) -> bool:
    """Whether whoever asks sees the controller's part: counts, decisions, filings."""
    return may(grants_of(request), Action.SEE_INCIDENT_RECORD, Parties.of(row.controller.slug))


@guarded(Action.SEE_INCIDENTS)
@require_GET
def incidents(request: HttpRequest) -> HttpResponse:
    """All that one may see, the newest first."""
    grants = grants_of(request)
    page = Paginator(reads.visible(person_of(request), grants), _A_PAGE).get_page(request.GET.get("page"))
    shown = {
        "page": page,
        "rows": [_row(request, each) for each in page],
        "places": Organisation.objects.filter(slug__in=allowed_in(grants, Action.OPEN_INCIDENT)),
        "traces": bool(allowed_in(grants, Action.SEE_TRACING)),
    }
    return render(request, "incidents/list.html", shown)


def _row(request: HttpRequest, row: IncidentRow) -> dict[str, Any]:
    incident, mine = reads.record_of(row), is_controllers(request, row)
    clock = authority_clock(incident) if mine else notice_clock(incident)
    seen = incident if mine else for_processor(incident)
    return {
        "row": row, "incident": seen, "phase": PHASES[seen.phase],
        "due": clock.due if clock and clock.met is None else None,
        "exposed": sum(1 for each in incident.exposures if each.state != "gone"),
    }  # fmt: skip


@guarded(Action.SEE_INCIDENTS, of_incident)
@require_GET
def incident(request: HttpRequest, incident: str) -> HttpResponse:  # noqa: ARG001 - the guard reads it
    """One: what is known, the clocks, what was decided, where data lie."""
    return incident_page(request, incident_found(request))


def incident_page(request: HttpRequest, row: IncidentRow, **forms: Any) -> HttpResponse:
    """The page; with forms as they were sent, where something in them is wrong."""
    mine, grants = is_controllers(request, row), grants_of(request)
    whole = reads.traced_record_of(row) if mine else reads.record_of(row)
    seen = whole if mine else for_processor(whole)
    parties = Parties.of(*reads.slugs_of(row))
    decides = mine and may(grants, Action.DECIDE_INCIDENT, parties)
    closed = whole.phase == "closed"
    shown = {
        "row": row, "incident": seen, "mine": mine, "closed": closed, "phase": PHASES[seen.phase],
        "notice": notice_clock(whole), "authority": authority_clock(whole) if mine else None,
        "began": awareness(whole) if mine else None, "facts": _facts(seen), "counts": _counts(seen),
        "moves": _moves(seen),
        "steps": _steps(whole) if decides else [], "exposures": _exposures(seen),
        "warning": _warning(request, row), "papers": _papers(row, mine=mine),
        "forms": _FORMS,
    }  # fmt: skip
    if mine:
        shown |= _traced(row, seen, tells=not closed and may(grants, Action.TELL_TRACE, parties))
    if not closed:
        shown |= forms_of(request, row, whole) | forms
    return render(request, "incidents/one.html", shown | {"sent": list(forms)}, status=422 if forms else 200)


def _papers(row: IncidentRow, *, mine: bool) -> list[tuple[Paper, Text, str]]:
    """What can be drawn up for whoever looks, with its address."""
    draft = reverse("incident_notice_draft", args=[row.number])
    made: list[tuple[Paper, Text, str]] = [(Paper.NOTICE, _words(TITLES[Paper.NOTICE]), draft)]
    if not mine:
        return made
    if row.processor is None:
        made = []
    for each in Paper:
        if each is not Paper.NOTICE:
            made.append((each, _words(TITLES[each]), reverse("incident_paper", args=[row.number, each])))
    return made


_FORMS = (("pdf", "PDF"), ("docx", "Word"), ("html", "HTML"))


def _words(words: Words) -> Text:
    return Text(words.en, words.fr)


def _traced(row: IncidentRow, incident: Incident, *, tells: bool) -> dict[str, Any]:
    """What tracing concluded, the newest first, and how one tells it."""
    known, gone = migrations_of(incident.traces, row.controller), replacements(incident.traces)
    return {
        "traces": [shown_telling(each, known, gone.get(each.number)) for each in reversed(incident.traces)],
        "tells": tells,
        "trace_command": trace_command(row.number), "trace_scope": scope_words(Action.TELL_TRACE),
    }  # fmt: skip


def _facts(incident: Incident) -> list[dict[str, Any]]:
    """Facts as they came, the newest first, with what corrects what."""
    corrected = {fact.corrects: fact.number for fact in incident.facts if fact.corrects is not None}
    return [
        {
            "fact": fact, "kind": _words(FACTS[fact.kind]), "by": corrected.get(fact.number),
            "side": SIDES[fact.side],
            "count": "" if fact.count is None else Reader(language()).count(fact.count),
        }
        for fact in reversed(incident.facts)
    ]  # fmt: skip


def _counts(incident: Incident) -> list[tuple[Text, Fact, str]]:
    """The numbers that stand, written as the reader writes them."""
    return [
        (_words(FACTS[fact.kind]), fact, Reader(language()).count(fact.count or 0))
        for fact in standing(incident.facts)
        if fact.kind in COUNTED
    ]


def _steps(incident: Incident) -> list[tuple[Text, list[tuple[Step, Text]]]]:
    """What the controller may do now, by question; what follows a decision only once it was taken so."""
    can = {step for phase, step in TRANSITIONS if phase is incident.phase} - PROCESSORS
    for done, decided in FOLLOWS.items():
        last = incident.last(*decided)
        if last is None or last.step is not decided[0]:
            can.discard(done)
    groups = [(words, [(step, ACTS[step]) for step in steps if step in can]) for words, steps in QUESTIONS]
    return [(words, steps) for words, steps in groups if steps]


def _moves(incident: Incident) -> list[dict[str, Any]]:
    """Steps, the newest first, with what was judged."""
    return [
        {
            "move": move, "what": _words(STEPS[move.step]),
            "judged": [
                _words(each)
                for each in (
                    RISKS[move.risk] if move.risk else None, GROUNDS[move.ground] if move.ground else None,
                    BASES[move.basis] if move.basis else None,
                )
                if each is not None
            ],
        }
        for move in reversed(incident.moves)
    ]  # fmt: skip


def _exposures(incident: Incident) -> list[dict[str, Any]]:
    return [
        {
            "exposure": each, "kind": _words(EXPOSURES[each.kind]),
            "state": _words(TAKEDOWNS[each.state]), "tone": TAKEDOWN_TONES[each.state],
            "moves": [(move, _words(TAKEDOWNS[move.to])) for move in each.moves],
        }
        for each in incident.exposures
    ]  # fmt: skip


def _warning(request: HttpRequest, row: IncidentRow) -> str:
    """The receipt of the warning that it came from, for whoever may see that one."""
    if row.warning_id is None:
        return ""
    slugs = allowed_in(grants_of(request), Action.SEE_WARNINGS)
    found = warning_reads.visible(person_of(request), slugs).filter(pk=row.warning_id).first()
    return found.receipt if found else ""


def _handed(request: HttpRequest, row: IncidentRow, paper: Paper) -> HttpResponse:
    form, lang = asked(request, "pdf", "docx", "html")
    seen = reads.traced_record_of(row) if is_controllers(request, row) else for_processor(reads.record_of(row))
    return handed(rendered(incident_document(seen, paper, lang), form), f"{row.number}-{paper}.{lang}", form)


@guarded(Action.SEE_INCIDENTS, of_incident)
@require_GET
def incident_notice_draft(request: HttpRequest, incident: str) -> HttpResponse:  # noqa: ARG001 - the guard reads it
    """The processor's notice to the controller, for both."""
    return _handed(request, incident_found(request), Paper.NOTICE)


@guarded(Action.SEE_INCIDENT_RECORD, of_incident)
@require_GET
def incident_paper(request: HttpRequest, incident: str, paper: str) -> HttpResponse:  # noqa: ARG001 - the guard reads it
    """A draft, or the record, for the controller.

    Raises:
        UnseenError: there is no such paper.
    """
    if paper not in set(Paper):
        raise UnseenError("there is no such paper of an incident")
    return _handed(request, incident_found(request), Paper(paper))
