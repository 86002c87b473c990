"""Relays as a screen shows them: how far each is known, what is overdue, whom it refused lately."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, Max, Q, Window
from django.db.models.functions import RowNumber

from ecluse.domain.access import Access
from ecluse.store.acts.agents import RELAY
from ecluse.store.models import Agent, RelayEntry, RelayJournal
from ecluse.store.reads.agents import listed

REFUSALS = frozenset({
    Access.ENTRY_FAILED, Access.NETWORK_REFUSED, Access.PATH_REFUSED, Access.PARCEL_REFUSED, Access.PAPER_REFUSED,
    Access.QUOTA_EXCEEDED, Access.KEY_CLAIMED,
})  # fmt: skip
LATEST = 10
"""How many refusals of one relay are shown."""


@dataclass(frozen=True, slots=True)
class Relay:
    """One relay. ``journal`` None: it has told nothing yet. ``overdue``: the boxes that it could not erase in time."""

    agent: Agent
    journal: RelayJournal | None
    overdue: tuple[str, ...]
    refusals: tuple[RelayEntry, ...]


def relays(organisations: Iterable[str], most: int = 50) -> list[Relay]:
    """The relays of organisations: four queries, however many they are."""
    agents = list(listed(organisations).filter(place=RELAY).select_related("relay_journal")[:most])
    journals = [agent.relay_journal for agent in agents if hasattr(agent, "relay_journal")]
    overdue = _overdue(each.pk for each in journals)
    refused = _refused(each.pk for each in journals)
    found = []
    for agent in agents:
        journal: RelayJournal | None = getattr(agent, "relay_journal", None)
        number = journal.pk if journal else 0
        found.append(Relay(agent, journal, tuple(overdue.get(number, ())), tuple(refused.get(number, ()))))
    return found


def _refused(journals: Iterable[int]) -> dict[int, list[RelayEntry]]:
    """The last refusals of each, the newest first."""
    told = RelayEntry.objects.filter(journal__in=list(journals), event__in=REFUSALS).defer("data", "detail")
    nth = Window(RowNumber(), partition_by=[F("journal")], order_by=F("index").desc())
    found: dict[int, list[RelayEntry]] = defaultdict(list)
    for each in told.annotate(nth=nth).filter(nth__lte=LATEST).order_by("-index"):
        found[each.journal_id].append(each)
    return found


def _overdue(journals: Iterable[int]) -> dict[int, list[str]]:
    """The boxes whose last word is that they were not erased in time, by journal."""
    told = RelayEntry.objects.filter(journal__in=list(journals), event__in=[Access.OVERDUE, Access.ERASED])
    last = told.values("journal", "box").annotate(
        overdue=Max("index", filter=Q(event=Access.OVERDUE)), erased=Max("index", filter=Q(event=Access.ERASED))
    )
    found: dict[int, list[str]] = defaultdict(list)
    for each in last.order_by("box"):
        if each["overdue"] is not None and (each["erased"] is None or each["erased"] < each["overdue"]):
            found[each["journal"]].append(each["box"])
    return found
