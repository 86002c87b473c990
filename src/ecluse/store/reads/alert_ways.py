"""Where alerts stand on their way, for screens: many at once in a few queries, and one with all that was told.

Two laboratories may share an alert of their vendor's. Neither learns who the other's people are: a :class:`Reader`
knows their own organisation, and those across the table.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from ecluse.domain.alerts import CHAIN, AlertState, Clocks, Severity, heard_by, strictest
from ecluse.domain.permissions import MAY, Action, Grant, Side
from ecluse.store.models import Alert, AlertTold, Membership, Organisation, Person
from ecluse.store.reads import alerts as reads

LAST = len(CHAIN) - 1
LATE = dt.timedelta(minutes=1)
"""How long after its time a station may still be untold; the watch looks every ten seconds."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks, by the organisations and sides in which they may see alerts."""

    slugs: frozenset[str]
    sides: frozenset[Side]

    @classmethod
    def of(cls, grants: Iterable[Grant]) -> "Reader":
        """Whoever holds these."""
        allowed = MAY[Action.SEE_ALERTS]
        seeing = [grant for grant in grants if (grant.side, grant.role) in allowed]
        return cls(frozenset(each.organisation for each in seeing), frozenset(each.side for each in seeing))

    def knows(self, organisation: Organisation) -> bool:
        """Whether they may learn of an organisation, and of its people by name."""
        return organisation.slug in self.slugs or organisation.side not in self.sides

    def known(self, alert: Alert) -> list[Organisation]:
        """The organisations that an alert concerns, as far as they may know."""
        return [each.organisation for each in alert.concerned.all() if self.knows(each.organisation)]

    def strangers(self, people: Iterable[Person | None], handles: Iterable[str] = ()) -> set[str]:
        """The handles of those whom they may not know. One query."""
        asked = Q(person__in={each.pk for each in people if each is not None}) | Q(person__handle__in=set(handles))
        found: dict[str, bool] = {}
        for each in Membership.objects.filter(asked).select_related("person", "organisation"):
            handle = each.person.handle
            found[handle] = found.get(handle, False) or self.knows(each.organisation)
        return {handle for handle, known in found.items() if not known}


@dataclass(frozen=True, slots=True)
class Way:
    """Where one alert stands.

    ``next_at``: when silence takes it from the last station told to the next that anybody holds; None at the end of
    the way. ``overdue``: that instant has passed, and nobody was told. ``unanswered``: silence has taken it on before,
    or its clock to resolve has run out. ``at_controller``: it has come to the end.
    """

    alert: Alert
    stations: tuple[tuple[Person, ...], ...]
    clocks: Clocks
    next_at: dt.datetime | None
    overdue: bool
    unanswered: bool
    at_controller: bool
    strange: bool = field(default=False)

    def due(self, place: int) -> dt.datetime | None:
        """When silence comes to a station; None where nobody holds it, or the alert is resolved."""
        present = [each for each, people in enumerate(self.stations) if people]
        if place not in present or self.alert.state == AlertState.RESOLVED:
            return None
        alert = self.alert
        return heard_by(self.clocks, alert.opened_at, present.index(place), acknowledged_at=alert.acknowledged_at)

    def resolve_by(self) -> dt.datetime | None:
        """When the clock of whoever took it in hand runs out."""
        if self.alert.state != AlertState.ACKNOWLEDGED or self.alert.acknowledged_at is None:
            return None
        return self.alert.acknowledged_at + self.clocks.resolve


def ways(alerts: Sequence[Alert], now: dt.datetime, reader: Reader | None = None) -> list[Way]:
    """Where each of many alerts stands: four queries at most. They come with their organisations and those's clocks.

    Without a reader, nobody is strange.
    """
    concerned = {alert.pk: [each.organisation for each in alert.concerned.all()] for alert in alerts}
    slugs = {place.slug for places in concerned.values() for place in places}
    ends = reads.ends(alerts)
    members = reads.members_of(slugs.union(*ends.values())) if slugs else []
    clocks = {each.slug: each.alert_clocks.clocks for places in concerned.values() for each in places
              if hasattr(each, "alert_clocks")}  # fmt: skip
    answering = [alert.acknowledged_by for alert in alerts if alert.acknowledged_by is not None]
    strangers = reader.strangers(answering) if reader is not None and answering else set()
    found = []
    for alert in alerts:
        places = concerned[alert.pk]
        own = {each.slug for each in places}
        running = strictest(Severity(alert.severity), reads.clocks_among(clocks, own, Severity(alert.severity)))
        strange = alert.acknowledged_by is not None and alert.acknowledged_by.handle in strangers
        found.append(way(alert, reads.stations_of(alert, own, ends[alert.pk], members), running, now, strange=strange))
    return found


def way(
    alert: Alert, stations: tuple[tuple[Person, ...], ...], clocks: Clocks, now: dt.datetime, *, strange: bool = False
) -> Way:
    """Where one alert stands, by who holds each station and by its clocks."""
    present = [place for place, people in enumerate(stations) if people]
    coming = next((place for place in present if place > alert.reached), None)
    next_at = None
    if coming is not None and alert.state != AlertState.RESOLVED:
        step = present.index(coming)
        next_at = heard_by(clocks, alert.opened_at, step, acknowledged_at=alert.acknowledged_at)
    taken = alert.acknowledged_at
    too_long = taken is not None and alert.state == AlertState.ACKNOWLEDGED and now >= taken + clocks.resolve
    running = alert.state != AlertState.RESOLVED
    went_on = alert.state == AlertState.OPEN and bool(present) and alert.reached > present[0]
    return Way(
        alert, stations, clocks, next_at, next_at is not None and now > next_at + LATE,
        running and (too_long or went_on), running and alert.reached >= LAST, strange,
    )  # fmt: skip


class Listed:
    """A list of alerts: those that run by urgency and clock, then the resolved, the newest first; read by pages.

    What runs is read whole, because its order is the clocks'; what is resolved only as far as it is asked for.
    """

    def __init__(self, found: QuerySet[Alert], now: dt.datetime, reader: Reader) -> None:
        self._now, self._reader = now, reader
        slim = found.defer("marks", "reason")
        running = ways(list(slim.exclude(state=AlertState.RESOLVED)), now, reader)
        self._running = sorted(running, key=_urgency)
        self._resolved = slim.filter(state=AlertState.RESOLVED).order_by("-resolved_at", "-pk")
        self._length = len(self._running) + self._resolved.count()
        self.open = sum(each.alert.state == AlertState.OPEN for each in self._running)
        self.in_hand = len(self._running) - self.open

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, asked: slice) -> list[Way]:
        """A stretch of it."""
        start, stop, _ = asked.indices(self._length)
        ahead = len(self._running)
        rest = list(self._resolved[max(0, start - ahead) : max(0, stop - ahead)])
        return [*self._running[start:stop], *(ways(rest, self._now, self._reader) if rest else ())]


def _urgency(each: Way) -> tuple[int, bool, bool, float]:
    order = list(Severity).index(Severity(each.alert.severity))
    at = each.next_at or each.resolve_by() or each.alert.opened_at
    return order, each.alert.state != AlertState.OPEN, not (each.overdue or each.unanswered), at.timestamp()


@dataclass(frozen=True, slots=True)
class Heard:
    """Who was to be told at a station, and what came of it. ``person`` empty: a channel of the room."""

    person: str
    row: AlertTold


@dataclass(frozen=True, slots=True)
class Stop:
    """One of the four stations. ``due``: when silence comes there; ``at``: when it came.

    ``standing``: ``told``, ``here`` (told last), ``passed`` (nobody holds it), ``ahead``, ``empty`` (ahead, and nobody
    holds it), ``spared`` (the alert was resolved first). ``others``: how many more were told whom the reader may not
    know.
    """

    place: int
    standing: str
    at: dt.datetime | None
    due: dt.datetime | None
    heard: tuple[Heard, ...]
    others: int


def stops(way: Way, told: Iterable[AlertTold], strangers: Collection[str]) -> list[Stop]:
    """The four stations of an alert's present round, with who was told at each."""
    alert = way.alert
    here = [[row for row in told if row.round == alert.round and row.station == place] for place in range(len(CHAIN))]
    last = max((place for place, rows in enumerate(here) if any(row.outcome != "passed" for row in rows)), default=-1)
    return [_stop(way, place, rows, last, strangers) for place, rows in enumerate(here)]


def _stop(way: Way, place: int, rows: Sequence[AlertTold], last: int, strangers: Collection[str]) -> Stop:
    people = [row for row in rows if row.outcome != "passed"]
    shown = [row for row in people if row.person is None or row.person.handle not in strangers]
    heard = tuple(Heard(row.person.name if row.person else "", row) for row in shown)
    if people:
        standing = "here" if place == last and way.alert.state != AlertState.RESOLVED else "told"
    elif rows:
        standing = "passed"
    elif way.alert.state == AlertState.RESOLVED:
        standing = "spared"
    else:
        standing = "ahead" if way.stations[place] else "empty"
    due = way.due(place) if standing == "ahead" else None
    return Stop(place, standing, rows[0].made_at if rows else None, due, heard, len(people) - len(shown))
