"""Alerts: what happened, whose move it is, until when, who was told; taken in hand, noted, resolved (law 8)."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ecluse.control.watch.rule import Told
from ecluse.domain.alerts import AlertState
from ecluse.domain.errors import UnseenError
from ecluse.domain.permissions import Action, Parties, Side, check_may, may
from ecluse.portal.access import grants_of, guarded, person_of, public
from ecluse.portal.answers import answering
from ecluse.portal.forms.alerts import FilterForm, NoteForm, ReasonForm
from ecluse.portal.labels import STATIONS
from ecluse.portal.parties import alert_found, of_alert
from ecluse.portal.rules_known import rules
from ecluse.portal.words import speaks_french, tr
from ecluse.store.acts import alerts as acts
from ecluse.store.acts import telling
from ecluse.store.models import Alert, Person
from ecluse.store.reads import alerts as reads
from ecluse.store.reads.agreements import allowed_in
from ecluse.store.reads.alert_evidence import evidence
from ecluse.store.reads.alert_warnings import of_incident
from ecluse.store.reads.alert_ways import LAST, Listed, Reader, Way, stops, ways
from ecluse.store.reads.incidents import clocked

_A_PAGE = 50
_NOTES = 200


@guarded(Action.SEE_ALERTS)
@require_GET
def alerts(request: HttpRequest) -> HttpResponse:
    """Alerts of one's organisations: those that run by urgency and clock, then the resolved."""
    grants = grants_of(request)
    slugs = allowed_in(grants, Action.SEE_ALERTS)
    person = person_of(request)
    raised = reads.listed(person, slugs).order_by("rule").values_list("rule", "title_en", "title_fr").distinct()
    titles = {rule: tr(en, fr) for rule, en, fr in raised}
    form = FilterForm(request.GET, rules=sorted(titles.items(), key=lambda each: each[1]))
    reader = Reader.of(grants)
    found = Listed(reads.listed(person, slugs, form.asked()), timezone.now(), reader)
    page = Paginator(found, _A_PAGE).get_page(request.GET.get("page"))  # type: ignore[arg-type,var-annotated]
    rows = [_row(each, reader) for each in page.object_list]
    may_set = bool(allowed_in(grants, Action.SET_ALERT_CLOCKS))
    shown = {"form": form, "page": page, "rows": rows, "may_set": may_set, "standing": _standing(found)}
    return render(request, "alerts/list.html", shown)


def _standing(found: Listed) -> str:
    if not found.open + found.in_hand:
        return ""
    many = "s" if found.open > 1 else ""
    return tr(f"{found.open} open, {found.in_hand} in hand.", f"{found.open} ouverte{many}, {found.in_hand} en main.")


def _row(way: Way, reader: Reader) -> dict[str, Any]:
    alert = way.alert
    return {
        "way": way,
        "alert": alert,
        "title": tr(alert.title_en, alert.title_fr),
        "places": reader.known(alert),
        "station": STATIONS[alert.reached] if 0 <= alert.reached <= LAST else "",
        "resolve_by": way.resolve_by(),
    }


@guarded(Action.SEE_ALERTS, of_alert)
@require_GET
def alert(request: HttpRequest, alert: int) -> HttpResponse:  # noqa: ARG001 - the guard reads it
    """One alert."""
    return _page(request, alert_found(request))


def _page(request: HttpRequest, found: Alert, **forms: Any) -> HttpResponse:
    grants, reader = grants_of(request), Reader.of(grants_of(request))
    way = ways([found], timezone.now(), reader)[0]
    told = list(found.told.select_related("person"))
    notes = list(found.notes.order_by("-at", "-pk")[:_NOTES])
    handles = {each.actor for each in notes} | {str(each.detail.get("person", "")) for each in notes}
    people = [*(row.person for row in told), found.acknowledged_by, found.resolved_by]
    strangers = reader.strangers(people, handles)
    shown = _row(way, reader) | {
        "stops": [(stop, STATIONS[stop.place]) for stop in stops(way, told, strangers)],
        "notes": [_note(each, each.actor in strangers) for each in notes if each.detail.get("person") not in strangers],
        "said": _said(found), "incident": _incident(request, found),
        "evidence": evidence(found, allowed_in(grants, Action.SEE_ALERTS), person_of(request)),
        "sees_journal": bool(allowed_in(grants, Action.SEE_JOURNAL)),
        "sees_agents": bool(allowed_in(grants, Action.SEE_AGENTS)),
        "resolver_known": found.resolved_by is None or found.resolved_by.handle not in strangers,
        "note_form": NoteForm(auto_id="note_%s"), "reason_form": ReasonForm(auto_id="reason_%s"),
    }  # fmt: skip
    shown |= _moves(request, found) | forms
    return render(request, "alerts/one.html", shown, status=422 if forms else 200)


def _incident(request: HttpRequest, found: Alert) -> bool:
    """Whether it is about an incident that whoever looks may see."""
    seen = clocked(person_of(request), grants_of(request))
    return of_incident(found) and seen.filter(number=found.subject).exists()


def _moves(request: HttpRequest, found: Alert) -> dict[str, Any]:
    """What whoever looks may do, and why not."""
    grants, slugs = grants_of(request), reads.concerned(found)
    parties, running = Parties(frozenset(slugs)), found.state != AlertState.RESOLVED
    own_doing = person_of(request).handle in found.people
    answers, resolves = (may(grants, each, parties) for each in (Action.ACKNOWLEDGE_ALERT, Action.RESOLVE_ALERT))
    theirs = Side.CONTROLLER in reads.resolving_sides(grants, slugs)
    too_late = resolves and not theirs and reads.came_to_controller(found)
    return {
        "own_doing": own_doing and running,
        "too_late": too_late and running and not own_doing,
        "may_take": answers and not own_doing and found.state == AlertState.OPEN,
        "may_resolve": resolves and not own_doing and not too_late and running,
        "may_note": answers,
        "only_answers": answers and not resolves and running and not own_doing,
    }


def _note(each: Any, strange: bool) -> dict[str, Any]:  # noqa: FBT001 - one note
    station = each.detail.get("station")
    known = isinstance(station, int) and 0 < station <= len(STATIONS)
    return {
        "note": each, "strange": strange, "station": STATIONS[station - 1] if known else "",
        "person": each.detail.get("person", ""), "channel": each.detail.get("channel", ""),
    }  # fmt: skip


def _said(found: Alert) -> Told | None:
    """What the rule says of it, in the reader's language; None where the rule is gone."""
    rule = rules().get(found.rule)
    return None if rule is None else rule.fr if speaks_french() else rule.en


@guarded(Action.ACKNOWLEDGE_ALERT, of_alert)
@require_POST
def acknowledge(request: HttpRequest, alert: int) -> HttpResponse:
    """Take it in hand."""
    person = person_of(request)
    first = acts.acknowledge(person.handle, alert_found(request), by=person)
    messages.success(request, _thanks(first=first))
    return redirect("alert", alert)


@guarded(Action.ACKNOWLEDGE_ALERT, of_alert)
@require_POST
def note(request: HttpRequest, alert: int) -> HttpResponse:
    """Write down what was seen or done."""
    found, person, form = alert_found(request), person_of(request), NoteForm(request.POST, auto_id="note_%s")
    if not form.is_valid():
        return _page(request, found, note_form=form)
    acts.note(person.handle, found, form.cleaned_data["text"], by=person)
    messages.success(request, tr("Noted.", "C'est noté."))
    return redirect("alert", alert)


@guarded(Action.RESOLVE_ALERT, of_alert)
@require_POST
def resolve(request: HttpRequest, alert: int) -> HttpResponse:
    """End it, with the reason."""
    found, person, form = alert_found(request), person_of(request), ReasonForm(request.POST, auto_id="reason_%s")
    if not form.is_valid():
        return _page(request, found, reason_form=form)
    acts.resolve(person.handle, found, form.cleaned_data["reason"], by=person)
    messages.success(request, tr("The alert is resolved. If it happens again, a new one is raised.",
                                 "L'alerte est résolue. Si cela se reproduit, une nouvelle sera levée."))  # fmt: skip
    return redirect("alert", alert)


@public
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, secret: str) -> HttpResponse:
    """Follow the link of a mail: a page that asks; its button takes the alert in hand.

    Raises:
        UnseenError: no such link, or expired.
        ForbiddenError: used, somebody else's, or the person may answer it no longer.
    """
    signed_in = request.user if isinstance(request.user, Person) else None
    row = answering(secret, signed_in)
    person, alert = row.person, row.alert
    if person is None:
        raise UnseenError("there is no such link")
    check_may(person.grants(), Action.ACKNOWLEDGE_ALERT, Parties(frozenset(reads.concerned(alert))))
    if request.method != "POST":
        return _asked(request, person, alert)
    first = acts.acknowledge(person.handle, alert, by=person, through="mail")
    telling.link_used(person.handle, row)
    if signed_in is not None:
        messages.success(request, _thanks(first=first))
        return redirect("home")
    shown = {"alert": alert, "title": tr(alert.title_en, alert.title_fr), "thanks": _thanks(first=first)}
    return render(request, "alerts/answered.html", shown)


def _asked(request: HttpRequest, person: Person, alert: Alert) -> HttpResponse:
    """Whether they take it in hand, and what it is about."""
    reader = Reader.of(person.grants())
    way = ways([reads.alert_of(alert.pk)], timezone.now(), reader)[0]
    following = next((place for place in range(alert.reached + 1, LAST + 1) if way.stations[place]), None)
    shown = _row(way, reader) | {
        "person": person,
        "said": _said(alert),
        "following": STATIONS[following] if following is not None else "",
    }
    return render(request, "alerts/answer.html", shown)


def _thanks(*, first: bool) -> str:
    if first:
        return tr("The alert is in your hands: it waits for what you find, until its clock to resolve runs out.",
                  "L'alerte est entre vos mains : elle attend votre réponse, jusqu'au terme de son délai.")  # fmt: skip
    return tr("Somebody had taken this alert in hand before you; your answer is noted.",
              "Quelqu'un s'en occupait avant vous ; votre réponse est notée.")  # fmt: skip
