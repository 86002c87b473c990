"""What waits on the first page: alerts that have come to somebody, and those that they took in hand."""

from django.urls import reverse
from django.utils import timezone

from ecluse.domain.alerts import AlertState
from ecluse.domain.permissions import Action, Grant
from ecluse.portal.waiting import SOURCES, Waiting
from ecluse.portal.words import Text
from ecluse.store.models import AlertTold, Person
from ecluse.store.reads.agreements import allowed_in
from ecluse.store.reads.alert_ways import ways
from ecluse.store.reads.alerts import listed

_ANSWER = Text("An alert waits for your answer", "Une alerte attend votre réponse")
_FIND = Text("An alert is in your hands: say what was found", "Une alerte est entre vos mains : dites ce qu'il en est")
_LATE = Text("An alert in hand was not resolved in time", "Une alerte prise en main n'a pas été résolue à temps")
_MOST = 50


def _waiting(person: Person, grants: tuple[Grant, ...]) -> list[Waiting]:
    slugs = allowed_in(grants, Action.ACKNOWLEDGE_ALERT)
    if not slugs:
        return []
    told = AlertTold.objects.filter(person=person).values("alert")
    running = listed(person, slugs).exclude(state=AlertState.RESOLVED)
    mine = (running.filter(pk__in=told) | running.filter(acknowledged_by=person)).defer("marks").distinct()
    found, now = [], timezone.now()
    for each in ways(list(mine[:_MOST]), now):
        alert, address = each.alert, reverse("alert", args=[each.alert.pk])
        about = Text(f"{alert.title_en}: {alert.subject}", f"{alert.title_fr} : {alert.subject}")
        if person.handle in alert.people:
            continue
        if alert.state == AlertState.OPEN:
            found.append(Waiting(_ANSWER, address, each.next_at, about))
        elif alert.acknowledged_by_id == person.pk:
            found.append(Waiting(_FIND, address, each.resolve_by(), about))
        elif each.unanswered:
            found.append(Waiting(_LATE, address, each.resolve_by(), about))
    return found


SOURCES.append(_waiting)
