"""What waits for whoever opens the first page, of incidents: the notice, the decision, the filing (R17)."""

from django.db.models import Q
from django.urls import reverse

from ecluse.domain.incidents import Phase, authority_clock, notice_clock
from ecluse.domain.permissions import Action, Grant
from ecluse.portal.waiting import SOURCES, Waiting
from ecluse.portal.words import Text
from ecluse.store.models import Person
from ecluse.store.reads.agreements import allowed_in
from ecluse.store.reads.incidents import clocked, clocks_of

_TELL = Text("Tell the laboratory of the breach", "Prévenir le laboratoire de la violation")
_CONTROLLERS = {
    Phase.AWARE: Text("Decide whether the authority is notified", "Décider si l'autorité est notifiée"),
    Phase.TO_NOTIFY: Text("Notify the authority", "Notifier l'autorité"),
    Phase.NOTIFIED: Text("Complete the notification", "Compléter la notification"),
}
_MOST = 50


def _waiting(person: Person, grants: tuple[Grant, ...]) -> list[Waiting]:
    tells = set(allowed_in(grants, Action.TELL_CONTROLLER))
    decides = set(allowed_in(grants, Action.DECIDE_INCIDENT))
    if not tells | decides:
        return []
    found: list[Waiting] = []
    mine = Q(controller__slug__in=decides, phase__in=list(_CONTROLLERS))
    for row in clocked(person, grants).filter(mine | Q(processor__slug__in=tells, phase=Phase.OPENED))[:_MOST]:
        incident, url = clocks_of(row), reverse("incident", args=[row.number])
        if row.controller.slug in decides and (what := _CONTROLLERS.get(incident.phase)):
            clock = authority_clock(incident)
            due = clock.due if clock and clock.met is None else None
            found.append(Waiting(what, url, due, row.title))
        elif row.processor and row.processor.slug in tells and incident.phase is Phase.OPENED:
            clock = notice_clock(incident)
            found.append(Waiting(_TELL, url, clock.due if clock else None, f"{row.title}, {row.controller.name}"))
    return found


SOURCES.append(_waiting)
