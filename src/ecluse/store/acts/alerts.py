"""Alerts: raised, taken on by silence, acknowledged, resolved; each with its entry and its line of history (law 8)."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from django.db import IntegrityError, transaction

from ecluse.control.watch import Finding
from ecluse.domain.alerts import AlertState, Clocks, Severity, check_clocks, rises
from ecluse.domain.errors import UsageError
from ecluse.domain.permissions import Action, Parties, check_may
from ecluse.domain.policies import check_answers, check_resolves
from ecluse.domain.room import RoomEvent
from ecluse.store.acts.stations import concern, take_on
from ecluse.store.models import Alert, AlertClocks, AlertNote, AlertWays, Organisation, Person
from ecluse.store.reads.alert_warnings import about, check_exists_for, journalled
from ecluse.store.reads.alerts import came_to_controller, concerned, resolving_sides
from ecluse.store.recording import Act, act

MARKS = 500
"""How many events' marks an alert remembers, the newest: what it has seen raises nothing again."""


@act
def raise_alert(
    act: Act,
    *,
    rule: str,
    severity: Severity,
    group: str,
    concerns: Iterable[str],
    subject: str,
    people: Iterable[str],
    marks: Sequence[str],
    title_en: str,
    title_fr: str,
    at: dt.datetime,
) -> Alert:
    """Raise an alert, or add to the one of this rule and group that is open; the first station is told at once.

    ``count`` is of events. Those that the last alert of the group has seen (``marks``) raise nothing, even after it was
    resolved. An alert that concerns nobody in particular concerns the room's processors.
    """
    group = group[:200]
    last = Alert.objects.select_for_update().filter(rule=rule, group=group).order_by("-pk").first()
    if last is not None and marks and set(marks) <= set(last.marks):
        return last
    if last is not None and last.state != AlertState.RESOLVED:
        return _again(act, last, severity, at, concerns=concerns, people=people, marks=marks)
    alert = Alert(
        rule=rule, severity=severity, group=group, subject=subject[:200], title_en=title_en[:200],
        title_fr=title_fr[:200], people=sorted(set(people)), marks=list(marks)[-MARKS:], count=max(1, len(set(marks))),
        opened_at=act.now, first_at=at, latest_at=at, former=last,
    )  # fmt: skip
    try:
        with transaction.atomic():
            alert.save()
    except IntegrityError:  # another process raised it meanwhile
        other = Alert.objects.select_for_update().exclude(state=AlertState.RESOLVED).get(rule=rule, group=group)
        return _again(act, other, severity, at, concerns=concerns, people=people, marks=marks)
    concern(act, alert, concerns)
    _say(act, alert, RoomEvent.ALERT_RAISED, rule=rule, severity=str(severity), former=last.pk if last else "")
    take_on(act, alert)
    return alert


def _again(
    act: Act,
    alert: Alert,
    severity: Severity,
    at: dt.datetime,
    *,
    concerns: Iterable[str],
    people: Iterable[str],
    marks: Sequence[str],
) -> Alert:
    """It happened again: a higher count, perhaps more urgent; what is more urgent begins its way anew."""
    alert.count += max(1, len(set(marks) - set(alert.marks)))
    alert.latest_at = max(alert.latest_at, at)
    alert.people = sorted({*alert.people, *people})
    alert.marks = [*alert.marks, *(mark for mark in marks if mark not in set(alert.marks))][-MARKS:]
    more_urgent = rises(Severity(alert.severity), severity)
    # Whoever took it in hand, and whose own doing it turns out to be, holds it no longer.
    if anew := more_urgent or _in_their_hands(alert):
        alert.severity = severity if more_urgent else alert.severity
        _begin_anew(act, alert)
    alert.save()
    concern(act, alert, concerns)
    _say(act, alert, RoomEvent.ALERT_REPEATED, noted=anew, count=alert.count, severity=str(alert.severity))
    take_on(act, alert)
    return alert


def _in_their_hands(alert: Alert) -> bool:
    return alert.acknowledged_by is not None and alert.acknowledged_by.handle in alert.people


def _begin_anew(act: Act, alert: Alert) -> None:
    alert.state, alert.opened_at = AlertState.OPEN, act.now
    alert.acknowledged_at = alert.acknowledged_by = None
    alert.round, alert.reached = alert.round + 1, -1


def spare(act: Act, receipt: str, person: Person) -> None:
    """Whoever a warning names from now on hears of its alerts no more, nor of its incidents', and holds none of them.

    A part of an act.
    """
    for alert in Alert.objects.select_for_update().filter(about(receipt)):
        alert.people = sorted({*alert.people, person.handle})
        running = alert.state != AlertState.RESOLVED
        if anew := running and _in_their_hands(alert):
            _begin_anew(act, alert)
        alert.save()
        if anew:
            take_on(act, alert)


def raise_finding(actor: str, found: Finding) -> Alert:
    """Raise what a rule found."""
    return raise_alert(
        actor,
        rule=found.name,
        severity=found.severity,
        group=found.group,
        concerns=found.concerns,
        subject=found.subject,
        people=found.people,
        marks=found.marks,
        title_en=found.title_en,
        title_fr=found.title_fr,
        at=found.at,
    )


@act
def acknowledge(act: Act, alert: Alert, *, by: Person, through: str = "screen") -> bool:
    """Somebody takes it in hand: silence ends until the clock to resolve runs out.

    The first acknowledgement counts; a later one is noted, gives False, and stops no clock.

    Raises:
        UnseenError: it is about a warning that names them.
        ForbiddenError: about their own doing, or no role of theirs may.
        UsageError: it is resolved.
    """
    alert = _locked(alert, by)
    check_may(by.grants(), Action.ACKNOWLEDGE_ALERT, Parties(frozenset(concerned(alert))))
    check_answers(alert.people, by.handle)
    _check_open(alert)
    first = alert.state == AlertState.OPEN
    if first:
        # Silence up to now has gone where it has gone: whoever is due is told, though somebody answers at last.
        take_on(act, alert)
        alert.state, alert.acknowledged_by, alert.acknowledged_at = AlertState.ACKNOWLEDGED, by, act.now
        alert.save()
        _say(act, alert, RoomEvent.ALERT_ACKNOWLEDGED, by=by.handle, through=through)
    else:
        _say(act, alert, RoomEvent.ALERT_NOTED, by=by.handle, acknowledged="again")
    return first


@act
def resolve(act: Act, alert: Alert, reason: str, *, by: Person) -> None:
    """End it, with the reason; what happens again makes a new one, which names this one.

    Raises:
        UnseenError: it is about a warning that names them.
        ForbiddenError: about their own doing; no role of theirs may; or it has come to the controller.
        UsageError: no reason, or it is resolved already.
    """
    alert = _locked(alert, by)
    slugs, grants = concerned(alert), by.grants()
    check_may(grants, Action.RESOLVE_ALERT, Parties(frozenset(slugs)))
    sides = resolving_sides(grants, slugs)
    check_resolves(alert.people, by.handle, sides, came_to_controller=came_to_controller(alert))
    _check_open(alert)
    if not reason.strip():
        raise UsageError("an alert is resolved with a reason", hint="say what was found and what was done")
    alert.state, alert.resolved_by, alert.resolved_at = AlertState.RESOLVED, by, act.now
    alert.reason = reason.strip()
    alert.save()
    _say(act, alert, RoomEvent.ALERT_RESOLVED, text=alert.reason, by=by.handle)


@act
def note(act: Act, alert: Alert, text: str, *, by: Person) -> None:
    """Write down what was seen or done; it stops no clock.

    Raises:
        UnseenError: it is about a warning that names them.
        ForbiddenError: no role of theirs may.
        UsageError: nothing was written.
    """
    check_exists_for(alert, by)
    check_may(by.grants(), Action.ACKNOWLEDGE_ALERT, Parties(frozenset(concerned(alert))))
    if not text.strip():
        raise UsageError("a note says something")
    _say(act, alert, RoomEvent.ALERT_NOTED, text=text.strip(), by=by.handle)


@act
def escalate(act: Act, alert: Alert) -> int:
    """Tell the stations that silence has reached since the last look; gives how many. Repeating it is harmless.

    One that somebody holds at this moment is left for the next look.
    """
    free = Alert.objects.select_for_update(skip_locked=True).filter(pk=alert.pk).first()
    return 0 if free is None or free.state == AlertState.RESOLVED else take_on(act, free)


@act
def set_clocks(act: Act, organisation: Organisation, clocks: Mapping[Severity, Clocks], *, by: Person) -> None:
    """An organisation's own clocks; of several that an alert concerns, the shortest holds. Left out: ours.

    Raises:
        UsageError: outside the bounds (``domain.alerts.check_clocks``).
    """
    for severity, own in clocks.items():
        check_clocks(severity, own)
    seconds = {
        str(severity): [int(own.acknowledge.total_seconds()), int(own.resolve.total_seconds())]
        for severity, own in clocks.items()
    }
    AlertClocks.objects.update_or_create(
        organisation=organisation, defaults={"clocks": seconds, "set_by": by, "set_at": act.now}
    )
    told = {severity: f"{each[0]} s, {each[1]} s" for severity, each in seconds.items()}
    act.record(RoomEvent.ALERT_CLOCKS_SET, organisation.slug, subject=organisation.slug, **told)


@act
def set_ways(
    act: Act,
    person: Person,
    channels: Sequence[Mapping[str, str]],
    quiet: tuple[dt.time, dt.time] | None = None,
) -> None:
    """How a person is told: channels in their order as ``{"channel", "to"}``, mail always last; and quiet hours.

    Raises:
        UsageError: a channel without a name or an address.
    """
    if any(set(each) != {"channel", "to"} or not all(each.values()) for each in channels):
        raise UsageError("a channel has a name and an address")
    start, end = quiet or (None, None)
    AlertWays.objects.update_or_create(
        person=person,
        defaults={
            "channels": [dict(each) for each in channels],
            "quiet_from": start,
            "quiet_until": end,
            "set_at": act.now,
        },
    )
    slugs = sorted({grant.organisation for grant in person.grants()})
    names = ", ".join(each["channel"] for each in channels)
    hours = f"{start:%H:%M} to {end:%H:%M}" if start and end else "none"
    act.record(RoomEvent.ALERT_WAYS_SET, *slugs, subject=person.handle, channels=names, quiet_hours=hours)


def _locked(alert: Alert, by: Person | None = None) -> Alert:
    found = Alert.objects.select_for_update().get(pk=alert.pk)
    if by is not None:
        check_exists_for(found, by)
    return found


def _check_open(alert: Alert) -> None:
    if alert.state == AlertState.RESOLVED:
        raise UsageError("this alert is resolved", hint="if it happens again, a new one is raised")


def _say(act: Act, alert: Alert, event: RoomEvent, *, text: str = "", noted: bool = True, **detail: int | str) -> None:
    """Journal and history. What a person wrote stays out of the journal (law 5); its history line holds it."""
    if noted:
        AlertNote.objects.create(alert=alert, at=act.now, actor=act.actor, event=event, detail=detail, text=text)
    act.record(event, *journalled(alert, concerned(alert)), subject=f"alert-{alert.pk}", **detail)
