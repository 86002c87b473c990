"""Events in, findings out: by the events' own time, with no clock, in bounded memory, in one pass.

A restart loses only what windows remember: feed the events of the last :attr:`Engine.horizon` again, and forget what
they find (:meth:`Engine.remember`).
"""

import datetime as dt
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ecluse.control.watch.fields import Fields, WorkingHours, fields_of, text_of
from ecluse.control.watch.rule import Correlation, Raised, Rule
from ecluse.control.watch.ticks import Tick, ticked
from ecluse.control.watch.windows import LATENESS, Seen, Window, window
from ecluse.domain.alerts import Severity
from ecluse.domain.observed import Observed

MAX_GROUPS = 10_000
"""Groups that one correlation remembers; beyond that it forgets the one heard of least recently, and says so."""
MAX_MARKS = 100
_REMEMBERED = 65_536
_NOBODY = frozenset({"", "anonymous", "system", "watch"})
_BETWEEN = " · "


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found.

    ``group``: findings of one rule and one group are one alert. ``people``: handles whose own doing it is; they may
    neither acknowledge nor resolve it. ``marks``: the events (at most 100), ``count`` how many they were.
    """

    rule: str
    name: str
    severity: Severity
    group: str
    at: dt.datetime
    concerns: tuple[str, ...]
    people: tuple[str, ...]
    subject: str
    marks: tuple[str, ...]
    title_en: str
    title_fr: str
    mend_en: str
    mend_fr: str
    count: int = 1


@dataclass(slots=True)
class _Linked:
    """A correlation with its groups, the least recently heard of first."""

    rule: Rule
    correlation: Correlation
    groups: OrderedDict[tuple[str, ...], Window] = field(default_factory=OrderedDict)
    forgotten_on: dt.date | None = None


class Engine:
    """Rules at work. One event at a time, in about the order of their time."""

    def __init__(
        self, rules: Iterable[Rule], *, hours: WorkingHours | None = None, max_groups: int = MAX_GROUPS
    ) -> None:
        self._rules = tuple(rules)
        self._hours = hours or WorkingHours()
        self._max_groups = max_groups
        self._linked: dict[str, list[_Linked]] = {}
        for rule in self._rules:
            if rule.correlation is not None:
                linked = _Linked(rule, rule.correlation)
                for name in rule.correlation.rules:
                    self._linked.setdefault(name, []).append(linked)
        self._known: dict[tuple[str, str], tuple[Rule, ...]] = {}
        self._marks: OrderedDict[str, None] = OrderedDict()

    @property
    def horizon(self) -> dt.timedelta:
        """How far back events must be fed again after a restart."""
        spans = [rule.correlation.timespan for rule in self._rules if rule.correlation is not None]
        return max(spans, default=dt.timedelta(0)) + LATENESS

    def remember(self, events: Iterable[Observed]) -> None:
        """Fill the windows after a restart: what was found then was told then."""
        for event in events:
            self.feed(event)

    def feed(self, event: Observed) -> tuple[Finding, ...]:
        """What an event makes true. One whose mark was seen before (of the last 65,536) finds nothing."""
        if event.mark:
            if event.mark in self._marks:
                return ()
            self._marks[event.mark] = None
            if len(self._marks) > _REMEMBERED:
                self._marks.popitem(last=False)
        fields = fields_of(event, self._hours)
        found: list[Finding] = []
        crowded: list[Rule] = []
        for rule in self._candidates(str(fields["service"]), event.event):
            if rule.detection is None or not rule.detection.holds(fields):
                continue
            if rule.raised is not Raised.COUNTED:
                found.append(_single(rule, event, fields))
            for linked in self._linked.get(rule.name, ()):
                found += self._counted(linked, rule, event, fields, crowded)
        for rule in crowded:
            found += self.feed(ticked(Tick.WATCH_CROWDED, event.at, rule.name))
        return tuple(found)

    def _candidates(self, service: str, event: str) -> tuple[Rule, ...]:
        """The rules that such an event can match at all."""
        known = self._known.get((service, event))
        if known is None:
            known = tuple(rule for rule in self._rules if rule.service == service and _can_match(rule, event))
            if len(self._known) < self._max_groups:
                self._known[service, event] = known
        return known

    def _counted(
        self, linked: _Linked, rule: Rule, event: Observed, fields: Fields, crowded: list[Rule]
    ) -> Sequence[Finding]:
        group = _group(linked.correlation, rule, fields)
        seen = _seen(linked, rule, event, fields)
        if group is None or seen is None:
            return ()
        held = linked.groups.pop(group, None) or window(linked.correlation)
        linked.groups[group] = held
        events = held.add(seen)
        if self._forgot(linked, event.at):
            crowded.append(linked.rule)
        return () if events is None else (_of_many(linked.rule, group, event, events),)

    def _forgot(self, linked: _Linked, now: dt.datetime) -> bool:
        """Drop what is too old, and what is too much; whether a group was lost that still counted, told once a day."""
        keep = linked.correlation.timespan + LATENESS
        lost = False
        for _ in range(2):
            oldest = next(iter(linked.groups))
            dead = linked.groups[oldest].newest < now - keep
            if not dead and len(linked.groups) <= self._max_groups:
                break
            lost = lost or not dead
            del linked.groups[oldest]
            if not linked.groups:
                break
        if not lost or linked.forgotten_on == now.date():
            return False
        linked.forgotten_on = now.date()
        return True


def _can_match(rule: Rule, event: str) -> bool:
    names = rule.detection.events() if rule.detection is not None else frozenset()
    return names is None or event.casefold() in names


def _group(correlation: Correlation, rule: Rule, fields: Fields) -> tuple[str, ...] | None:
    """The group that an event belongs to; None where it lacks a field of it."""
    group = []
    for name in correlation.group_by:
        alias = correlation.aliases.get(name)
        value = fields.get(alias[rule.name] if alias else name)
        if value is None or value == "":
            return None
        group.append(text_of(value))
    return tuple(group)


def _seen(linked: _Linked, rule: Rule, event: Observed, fields: Fields) -> Seen | None:
    """What is kept of an event; None where it lacks the value that is counted."""
    people = _people(linked.rule.people, fields)
    value, number = "", 0
    if linked.correlation.value:
        given = fields.get(linked.correlation.value)
        if given is None or given == "":
            return None
        value = text_of(given)
        number = given if isinstance(given, int) and not isinstance(given, bool) else 0
    return Seen(event.at, event.mark, rule.name, value, number, people, event.concerns)


def _people(names: Iterable[str], fields: Mapping[str, object]) -> tuple[str, ...]:
    found = (fields.get(name) for name in names)
    return tuple(sorted({each for each in found if isinstance(each, str) and each not in _NOBODY}))


def _single(rule: Rule, event: Observed, fields: Fields) -> Finding:
    group = _BETWEEN.join(text_of(fields[name]) for name in rule.group_by if name in fields)
    marks = (event.mark,) if event.mark else ()
    return _finding(rule, group, event, event.concerns, _people(rule.people, fields), marks)


def _of_many(rule: Rule, group: tuple[str, ...], event: Observed, events: Sequence[Seen]) -> Finding:
    concerns = tuple(sorted({each for seen in events for each in seen.concerns}))
    people = tuple(sorted({each for seen in events for each in seen.people}))
    marks = tuple(seen.mark for seen in events if seen.mark)[-MAX_MARKS:]
    made = _finding(rule, _BETWEEN.join(group), event, concerns, people, marks)
    return replace(made, at=max(seen.at for seen in events), count=len(events))


def _finding(  # noqa: PLR0917 - the parts of one finding
    rule: Rule, group: str, event: Observed, concerns: tuple[str, ...], people: tuple[str, ...], marks: tuple[str, ...]
) -> Finding:
    return Finding(
        rule.id, rule.name, rule.severity, group, event.at, concerns, people, event.subject, marks,
        rule.en.title, rule.fr.title, rule.en.mend, rule.fr.mend,
    )  # fmt: skip
