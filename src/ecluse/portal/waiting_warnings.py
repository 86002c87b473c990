"""What waits on the first page: a warning to see to, and the key without which none can be received."""

from django.urls import reverse

from ecluse.domain.permissions import MAY, Action, Grant
from ecluse.domain.warnings import WarningState
from ecluse.portal.waiting import SOURCES, Waiting
from ecluse.portal.words import Text
from ecluse.store.models import Person
from ecluse.store.reads import warnings as reads
from ecluse.store.reads.agreements import allowed_in

_SEE_TO = Text("A warning waits for you", "Un signalement vous attend")
_EXISTS = Text("A warning waits for an answer", "Un signalement attend une réponse")
_KEY = Text("Give the key by which warnings reach you", "Donner la clé par laquelle les signalements vous parviennent")


def _waiting(person: Person, grants: tuple[Grant, ...]) -> list[Waiting]:
    found: list[Waiting] = []
    handles = any((grant.side, grant.role) in MAY[Action.HANDLE_WARNING] for grant in grants)
    if handles and reads.key_of(person) is None:
        found.append(Waiting(_KEY, reverse("warning_key")))
    slugs = allowed_in(grants, Action.SEE_WARNINGS)
    if not slugs:
        return found
    open_ones = reads.visible(person, slugs).filter(state__in=[WarningState.RECEIVED, WarningState.ACKNOWLEDGED])
    for each in open_ones.prefetch_related(None).prefetch_related("stations")[:_MOST]:
        told = any(person.handle in station.told for station in each.stations.all())
        what, due = _SEE_TO if handles and told else _EXISTS, reads.timing(each).due()
        found.append(Waiting(what, reverse("warning", args=[each.receipt]), due, each.receipt))
    return found


_MOST = 50

SOURCES.append(_waiting)
