"""The stations of an alert: who is told next, and where nobody is. Parts of acts: each is given the act (law 8)."""

from collections.abc import Iterable, Sequence

from django.utils import timezone

from ecluse.domain.alerts import CHAIN, Severity, told_at
from ecluse.domain.permissions import Side
from ecluse.domain.room import RoomEvent
from ecluse.store.models import Alert, AlertConcern, AlertNote, AlertTold, AlertWays, Organisation, Person
from ecluse.store.reads.alert_warnings import for_persons, journalled
from ecluse.store.reads.alerts import concerned, furthest, holders_of, last_hearers
from ecluse.store.reads.channels import names_for
from ecluse.store.recording import Act

_LAST = len(CHAIN) - 1


def concern(act: Act, alert: Alert, slugs: Iterable[str]) -> None:  # noqa: ARG001 - a part of an act
    """Add organisations that an alert concerns; without any, the room's processors, or all where it has none."""
    asked = set(slugs)
    known = set(concerned(alert)) if alert.pk else set()
    if not asked and known:
        return
    found = Organisation.objects.filter(slug__in=asked) if asked else Organisation.objects.filter(side=Side.PROCESSOR)
    for organisation in list(found) or list(Organisation.objects.all()):
        if organisation.slug not in known:
            AlertConcern.objects.create(alert=alert, organisation=organisation)


def take_on(act: Act, alert: Alert) -> int:
    """Tell each station that silence has reached and that was not told in this round; gives how many were.

    A station where nobody holds a role (but those whose doing it is) costs no time: it is passed, and that is said.
    The last one is the controller's, and is never empty while a controller has anybody.
    """
    stations = holders_of(alert)
    reached = furthest(alert, stations, act.now)
    told = 0
    for place in range(alert.reached + 1, reached + 1):
        if stations[place]:
            _tell(act, alert, place, stations[place])
            told += 1
        else:
            _pass(act, alert, place)
    if reached > alert.reached:
        alert.reached = reached
        alert.save(update_fields=["reached"])
    return told


def _tell(act: Act, alert: Alert, place: int, people: Sequence[Person]) -> None:
    if place == _LAST:
        for organisation in last_hearers(alert):
            AlertConcern.objects.get_or_create(alert=alert, organisation=organisation)
    ways = {each.person_id: each for each in AlertWays.objects.filter(person__in=people)}
    here = timezone.localtime(act.now)
    for person in people:
        own = ways.get(person.pk)
        due = told_at(Severity(alert.severity), here, own.quiet_from, own.quiet_until) if own else act.now
        AlertTold.objects.get_or_create(
            alert=alert, round=alert.round, station=place, person=person, defaults={"made_at": act.now, "due_at": due}
        )
    # A channel of the room has readers whom nobody knows: whoever a warning names may be one of them (R10), and the
    # vendor, which sees nothing of what a laboratory decides in an incident.
    for name in () if for_persons(alert) else names_for(Severity(alert.severity)):
        AlertTold.objects.get_or_create(
            alert=alert, round=alert.round, station=place, person=None, channel=name,
            defaults={"made_at": act.now, "due_at": act.now},
        )  # fmt: skip
    _say(act, alert, RoomEvent.ALERT_ESCALATED, place, people=len(people))


def _pass(act: Act, alert: Alert, place: int) -> None:
    AlertTold.objects.get_or_create(
        alert=alert, round=alert.round, station=place, person=None, channel="",
        defaults={"made_at": act.now, "due_at": act.now, "outcome": "passed"},
    )  # fmt: skip
    _say(act, alert, RoomEvent.ALERT_PASSED, place)


def _say(act: Act, alert: Alert, event: RoomEvent, place: int, **detail: int | str) -> None:
    station = CHAIN[place]
    whom = f"{station.side}: {', '.join(sorted(station.roles))}"
    said: dict[str, int | str] = {"station": place + 1, "whom": whom, **detail}
    AlertNote.objects.create(alert=alert, at=act.now, actor=act.actor, event=event, detail=said)
    act.record(event, *journalled(alert, concerned(alert)), subject=f"alert-{alert.pk}", **said)
