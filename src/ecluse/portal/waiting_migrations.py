"""What waits on the first page of the controller: a decision, a suspended migration."""

from django.urls import reverse

from ecluse.domain.lifecycle import TURNS, Owner, State
from ecluse.domain.permissions import Action, Grant, Parties, may
from ecluse.portal.waiting import SOURCES, Waiting
from ecluse.portal.words import Text
from ecluse.store.models import Person
from ecluse.store.reads import migrations as reads
from ecluse.store.reads.agreements import allowed_in

_WAITS = {
    State.RECONCILED: (Action.DECIDE, Text("Decide on a reconciliation", "Décider d'une réconciliation")),
    State.SUSPENDED: (Action.RESUME, Text("A migration is stopped", "Une migration est arrêtée")),
}


def _waiting(_person: Person, grants: tuple[Grant, ...]) -> list[Waiting]:
    found: list[Waiting] = []
    for each in reads.visible(allowed_in(grants, Action.SEE_MIGRATION)).filter(
        state__in=[str(state) for state in _WAITS]
    ):
        action, what = _WAITS[State(each.state)]
        parties = Parties.of(each.order.agreement.controller.slug, each.order.agreement.processor.slug)
        if TURNS[State(each.state)].owner is Owner.CONTROLLER and may(grants, action, parties):
            found.append(Waiting(what, reverse("migration", args=[each.pk]), each.due, each.order.number))
    return found


SOURCES.append(_waiting)
