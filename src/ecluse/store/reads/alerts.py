"""Alerts as the acts and screens need them: few queries, however many there are."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from ecluse.domain.alerts import (
    CHAIN,
    CLOCKS,
    SHORTEST,
    AlertState,
    Clocks,
    Severity,
    station_reached,
    strictest,
)
from ecluse.domain.errors import UnseenError
from ecluse.domain.permissions import MAY, Action, Grant, Role, Side
from ecluse.store.models import (
    AgreementVersion,
    Alert,
    AlertClocks,
    AlertConcern,
    Membership,
    Organisation,
    Person,
)
from ecluse.store.reads.alert_warnings import controllers_of, of_incident, of_warning, unseen_by

_LAST = len(CHAIN) - 1


def concerned(alert: Alert) -> tuple[str, ...]:
    """The organisations that an alert concerns, by slug: its parties."""
    return tuple(sorted(each.slug for each in _places(alert)))


def _places(alert: Alert) -> list[Organisation]:
    found = alert.concerned.select_related("organisation") if not _prefetched(alert) else alert.concerned.all()
    return [each.organisation for each in found]


def _prefetched(alert: Alert) -> bool:
    return "concerned" in getattr(alert, "_prefetched_objects_cache", {})


def ends(alerts: Iterable[Alert]) -> dict[int, set[str]]:
    """The controllers at the end of each one's way, by slug: those it concerns, or those whose processor it concerns.

    Of an alert about a warning: those that the warning concerns, and no other laboratory (R10). Two queries at most,
    where the alerts come with their organisations.
    """
    alerts = list(alerts)
    receipts = {alert.subject for alert in alerts if of_warning(alert)}
    of_warnings = controllers_of(receipts) if receipts else {}
    places = {alert.pk: _places(alert) for alert in alerts if not of_warning(alert)}
    alone = {each.slug for found in places.values() if not _controllers(found) for each in found}
    of_processors = _controllers_of(alone) if alone else {}
    made: dict[int, set[str]] = {}
    for alert in alerts:
        if of_warning(alert):
            made[alert.pk] = of_warnings[alert.subject]
        else:
            theirs = {slug for each in places[alert.pk] for slug in of_processors.get(each.slug, ())}
            made[alert.pk] = _controllers(places[alert.pk]) or theirs
    return made


def _controllers(places: Iterable[Organisation]) -> set[str]:
    return {each.slug for each in places if each.side == Side.CONTROLLER}


def _controllers_of(slugs: Collection[str]) -> Mapping[str, set[str]]:
    """The controllers whose processor each is, by agreements in force. One query."""
    in_force = AgreementVersion.objects.filter(
        processor__slug__in=slugs, in_force_at__isnull=False, ended_at__isnull=True
    )
    found: dict[str, set[str]] = {}
    for processor, controller in in_force.values_list("processor__slug", "controller__slug"):
        found.setdefault(processor, set()).add(controller)
    return found


def last_hearers(alert: Alert) -> tuple[Organisation, ...]:
    """The controllers at the end of its chain (:func:`ends`)."""
    return tuple(Organisation.objects.filter(slug__in=ends([alert])[alert.pk]))


def holders_of(alert: Alert) -> tuple[tuple[Person, ...], ...]:
    """Who is told at each station, those apart whose doing it is. Three queries.

    The controller's station falls back on whoever the controller has: it hears, whatever its roles.
    """
    slugs, last = set(concerned(alert)), ends([alert])[alert.pk]
    return stations_of(alert, slugs, last, members_of(slugs | last))


def members_of(slugs: Iterable[str]) -> list[Membership]:
    """Whoever belongs to organisations now, with person and organisation. One query."""
    held = Membership.objects.filter(until__isnull=True, person__is_active=True, organisation__slug__in=set(slugs))
    return list(held.select_related("person", "organisation").order_by("person__handle"))


def stations_of(
    alert: Alert, slugs: Collection[str], last: Collection[str], members: Iterable[Membership]
) -> tuple[tuple[Person, ...], ...]:
    """Who of ``members`` is told at each station of an alert that concerns ``slugs`` and ends at ``last``."""
    everybody = list(members)
    members = [each for each in everybody if each.person.handle not in alert.people]
    stations = []
    for place, station in enumerate(CHAIN):
        within = last if place == _LAST else slugs
        there = [m for m in members if m.organisation.slug in within and m.organisation.side == station.side]
        answering = [m for m in there if Role(m.role) in station.roles]
        chosen = answering or (there if place == _LAST else [])
        if place == _LAST and not chosen and not (of_warning(alert) or of_incident(alert)):
            # Whoever reports events can name everybody: the controller hears all the same, and answers nothing.
            # Of a warning and its incidents it is the warning that names them: they never hear.
            chosen = [m for m in everybody if m.organisation.slug in within and m.organisation.side == station.side]
        stations.append(tuple({m.person.pk: m.person for m in chosen}.values()))
    return tuple(stations)


def furthest(alert: Alert, stations: Sequence[Sequence[Person]], now: dt.datetime) -> int:
    """The index of the station that silence has reached by now; stations where nobody is cost no time."""
    present = [place for place, people in enumerate(stations) if people]
    if not present:
        return _LAST
    step = station_reached(
        clocks_of(alert), alert.opened_at, now, acknowledged_at=alert.acknowledged_at, stations=len(present)
    )
    return _LAST if step == len(present) - 1 else present[step]


def silent(now: dt.datetime) -> list[Alert]:
    """Alerts that silence takes on to a further station now."""
    running = Alert.objects.exclude(state=AlertState.RESOLVED).filter(reached__lt=_LAST)
    # No clock is shorter than this: what is younger is not looked at closely.
    young = Q(opened_at__gt=now - SHORTEST, acknowledged_at=None) | Q(acknowledged_at__gt=now - SHORTEST)
    found = running.filter(Q(reached=-1) | ~young).prefetch_related("concerned__organisation").order_by("opened_at")
    return [each for each in found if furthest(each, holders_of(each), now) > each.reached]


def own_clocks(slugs: Iterable[str], severity: Severity) -> list[Clocks | None]:
    """What organisations have set for a severity; None for each that has set nothing."""
    named = sorted(set(slugs))
    found = dict(AlertClocks.objects.filter(organisation__slug__in=named).values_list("organisation__slug", "clocks"))
    return clocks_among(found, named, severity)


def clocks_among(
    stored: Mapping[str, Mapping[str, Sequence[int]]], slugs: Iterable[str], severity: Severity
) -> list[Clocks | None]:
    """The same among those of organisations that were read already, by slug."""
    return [_clocks(stored.get(slug, {}), severity) for slug in slugs]


def _clocks(stored: Mapping[str, Sequence[int]], severity: Severity) -> Clocks | None:
    pair = stored.get(str(severity))
    return Clocks(dt.timedelta(seconds=pair[0]), dt.timedelta(seconds=pair[1])) if pair else None


def clocks_of(alert: Alert) -> Clocks:
    """The clocks that run for an alert."""
    severity = Severity(alert.severity)
    return strictest(severity, own_clocks(concerned(alert), severity))


def clocks_set(organisation: Organisation) -> dict[Severity, Clocks]:
    """An organisation's clocks for a settings page: its own, else ours."""
    found = AlertClocks.objects.filter(organisation=organisation).first()
    stored = found.clocks if found else {}
    return {severity: _clocks(stored, severity) or CLOCKS[severity] for severity in Severity}


def resolving_sides(grants: Iterable[Grant], slugs: Collection[str]) -> set[Side]:
    """On which sides somebody holds a role that may resolve, within the organisations of an alert."""
    allowed = MAY[Action.RESOLVE_ALERT]
    return {grant.side for grant in grants if grant.organisation in slugs and (grant.side, grant.role) in allowed}


def came_to_controller(alert: Alert) -> bool:
    """Whether somebody of a controller was to be told of it."""
    return alert.told.filter(station=_LAST, person__isnull=False).exists()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list shows; empty parts match everything."""

    state: str = ""
    severity: str = ""
    rule: str = ""
    open_only: bool = False


def _concerned() -> "Prefetch[Any]":
    """The organisations of alerts with their clocks: one query."""
    return Prefetch("concerned", AlertConcern.objects.select_related("organisation__alert_clocks"))


def listed(reader: Person, organisations: Iterable[str], asked: Asked | None = None) -> QuerySet[Alert]:
    """Alerts that concern one of the organisations, the newest first, with their organisations: two queries.

    Those about a warning that names the reader are not among them (R10).
    """
    mine = AlertConcern.objects.filter(alert=OuterRef("pk"), organisation__slug__in=sorted(set(organisations)))
    found = Alert.objects.filter(Exists(mine)).exclude(unseen_by(reader))
    found = found.select_related("acknowledged_by", "resolved_by")
    found = found.prefetch_related(_concerned())
    asked = asked or Asked()
    if asked.open_only:
        found = found.exclude(state=AlertState.RESOLVED)
    for name in ("state", "severity", "rule"):
        if value := getattr(asked, name):
            found = found.filter(**{name: value})
    return found


def alert_of(number: int) -> Alert:
    """One alert with its organisations.

    Raises:
        UnseenError: there is none of that number.
    """
    found = (
        Alert.objects.select_related("acknowledged_by", "resolved_by", "former")
        .prefetch_related(_concerned())
        .filter(pk=number)
        .first()
    )
    if found is None:
        raise UnseenError("there is no such alert")
    return found
