"""Tracing on the screen: which exports can be traced, and a conclusion written down as a fact of its incident (R11)."""

import datetime as dt

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from ecluse.control.incident_traces import fact_text
from ecluse.control.report_words import Reader
from ecluse.domain.conclusions import standing_tellings
from ecluse.domain.errors import UnseenError
from ecluse.domain.incidents import FactKind
from ecluse.domain.permissions import Action
from ecluse.portal.access import grants_of, guarded
from ecluse.portal.forms.incidents import FactForm
from ecluse.portal.labels import Label, Tone
from ecluse.portal.traced import command
from ecluse.portal.views.incidents import incident_found, of_incident
from ecluse.portal.words import Text, language
from ecluse.store.reads import traces as reads
from ecluse.store.reads.traces import Kept

_A_PAGE = 50
KEPT: dict[Kept, Label] = {
    Kept.KEPT: Label(Text("can be traced", "peut être tracé"), Tone.GOOD),
    Kept.TO_COME: Label(Text("not made yet", "pas encore faites"), Tone.WAIT),
    Kept.DUE: Label(Text("to be erased", "à effacer"), Tone.BAD),
    Kept.ERASED: Label(Text("erased", "effacées")),
    Kept.NOT_ASKED: Label(Text("not ordered", "non ordonnées")),
    Kept.NOT_MADE: Label(Text("never made", "jamais faites")),
}
"""What became of an export's fingerprints, as a badge says it."""


@guarded(Action.SEE_TRACING)
@require_GET
def tracing(request: HttpRequest) -> HttpResponse:
    """Which exports left fingerprints, until when, under which key; which left none."""
    page = Paginator(reads.traced_migrations(grants_of(request)), _A_PAGE).get_page(request.GET.get("page"))
    found = reads.traceable(list(page), timezone.now().astimezone(dt.UTC).date())
    names = {each.migration.order.agreement.controller_id for each in found}
    rows = [(each, KEPT[each.kept]) for each in found]
    shown = {"page": page, "rows": rows, "command": command(), "several": len(names) > 1}
    return render(request, "tracing.html", shown)


@guarded(Action.TELL_TRACE, of_incident)
@require_GET
def incident_trace_fact(request: HttpRequest, incident: str, trace: int) -> HttpResponse:  # noqa: ARG001 - the guard reads it
    """A conclusion as a fact that one may add: read first, for the vendor sees it too.

    Raises:
        UnseenError: there is no such conclusion, or it attributes nothing, or was replaced.
    """
    row = incident_found(request)
    told = next((each for each in standing_tellings(reads.tellings_of(row)) if each.number == trace), None)
    if told is None or not told.conclusion.attributed:
        raise UnseenError("this incident has no such conclusion")
    text = fact_text(told.conclusion, Reader(language()))
    since = timezone.localtime(told.recorded).replace(second=0, microsecond=0)
    form = FactForm(prefix="fact", initial={"kind": FactKind.FOUND, "text": text, "known_since": since})
    return render(request, "incidents/trace_fact.html", {"form": form, "row": row})
