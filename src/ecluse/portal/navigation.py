"""The bar's entries: what whoever asks may enter, among the screens that this room has."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from ecluse.domain.permissions import Action
from ecluse.portal.access import grants_of
from ecluse.portal.words import Text
from ecluse.store.reads.agreements import allowed_in


@dataclass(frozen=True, slots=True)
class Entry:
    """One place to go. ``here``: the page that is shown lies within it."""

    words: Text
    url: str
    here: bool


_ENTRIES: tuple[tuple[str, Action | None, Text], ...] = (
    ("home", None, Text("Home", "Accueil")),
    ("agreements", Action.SEE_AGREEMENT, Text("Agreements", "Contrats")),
    ("orders", Action.SEE_ORDER, Text("Orders", "Ordres")),
    ("migrations", Action.SEE_MIGRATION, Text("Migrations", "Migrations")),
    ("agents", Action.SEE_AGENTS, Text("Agents", "Agents")),
    ("register", Action.SEE_REGISTER, Text("Register", "Registre")),
    ("journal", Action.SEE_JOURNAL, Text("Journal", "Journal")),
    ("alerts", Action.SEE_ALERTS, Text("Alerts", "Alertes")),
    ("warnings", Action.SEE_WARNINGS, Text("Warnings", "Signalements")),
    ("incidents", Action.SEE_INCIDENTS, Text("Incidents", "Incidents")),
    ("people", Action.SEE_PEOPLE, Text("People", "Personnes")),
)
"""A screen's URL name, what one must be allowed to do to enter it, and its words."""


def entries(request: HttpRequest) -> list[Entry]:
    """The bar for a reader."""
    if not request.user.is_authenticated:
        return []
    grants, found = grants_of(request), []
    for name, action, words in _ENTRIES:
        if action is not None and not allowed_in(grants, action):
            continue
        url = reverse(name)
        here = request.path == url if url == "/" else request.path.startswith(url)
        found.append(Entry(words, url, here))
    return found
