"""What a correlation remembers of one group: pure, by event time, in bounded memory.

Events may come late: what lies within :data:`LATENESS` of the newest event of the group is judged as if it had come in
its time. Later ones count only with what is still remembered.
"""

import datetime as dt
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import NamedTuple, Protocol

from ecluse.control.watch.rule import Correlation, Kind

LATENESS = dt.timedelta(minutes=1)
MAX_VALUES = 2000
"""Distinct values remembered of one group: twice the highest bound that a rule may have."""
_MAX_SUMMED = 256
_TOLD_EACH, _TOLD_OF = 10, 100
_MAX_TIMES = 64
"""Times remembered of each rule of a temporal correlation in one group: the latest."""


class Seen(NamedTuple):
    """One event as a window keeps it. Ordered by time, then mark."""

    at: dt.datetime
    mark: str
    rule: str
    value: str = ""
    number: int = 0
    people: tuple[str, ...] = ()
    concerns: tuple[str, ...] = ()


class Window(Protocol):
    """One group of one correlation."""

    newest: dt.datetime

    def add(self, seen: Seen) -> Sequence[Seen] | None:
        """The events that together make the correlation true now; None if it is not."""
        ...


def window(correlation: Correlation) -> Window:
    """An empty window of a correlation."""
    match correlation.kind:
        case Kind.EVENT_COUNT:
            return _Count(correlation.timespan, correlation.bound)
        case Kind.VALUE_SUM:
            return _Sum(correlation.timespan, correlation.bound)
        case Kind.VALUE_COUNT:
            return _Distinct(correlation.timespan, correlation.bound)
        case Kind.TEMPORAL:
            return _Together(correlation.timespan, correlation.rules)
        case Kind.TEMPORAL_ORDERED:
            return _InOrder(correlation.timespan, correlation.rules)


_START = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(slots=True)
class _Timed:
    """Events in order of time, none older than the timespan and the lateness allow."""

    timespan: dt.timedelta
    newest: dt.datetime = _START
    events: list[Seen] = field(default_factory=list)

    def keep(self, seen: Seen) -> int:
        """Put an event in its place, and forget the oldest; gives its index."""
        insort(self.events, seen)
        self.newest = max(self.newest, seen.at)
        old = bisect_left(self.events, self.newest - self.timespan - LATENESS, key=lambda each: each.at)
        place = bisect_left(self.events, seen)
        old = min(old, place)  # what comes later than everything that is remembered is judged with that
        del self.events[:old]
        return place - old


@dataclass(slots=True)
class _Count(_Timed):
    """So many events within the timespan. What made it true counts no more: the next alert needs as many again."""

    bound: int = 1

    def __init__(self, timespan: dt.timedelta, bound: int) -> None:
        _Timed.__init__(self, timespan)
        self.bound = bound

    def add(self, seen: Seen) -> Sequence[Seen] | None:
        """True as soon as ``bound`` events, this one among them, lie within the timespan."""
        place = self.keep(seen)
        for first in range(max(0, place - self.bound + 1), min(place, len(self.events) - self.bound) + 1):
            last = first + self.bound
            if self.events[last - 1].at - self.events[first].at <= self.timespan:
                found = self.events[first:last]
                del self.events[first:last]
                return found
        return None


@dataclass(slots=True)
class _Sum(_Timed):
    """A sum within the timespan. What made it true counts no more.

    At most :data:`_MAX_SUMMED` events are remembered: the two oldest become one, at the later one's time.
    """

    bound: int = 1

    def __init__(self, timespan: dt.timedelta, bound: int) -> None:
        _Timed.__init__(self, timespan)
        self.bound = bound

    def add(self, seen: Seen) -> Sequence[Seen] | None:
        """True as soon as the numbers within some timespan that holds this event reach the bound."""
        if seen.number <= 0:
            return None
        place = self.keep(seen)
        # Two pointers over the events within a timespan of this one.
        first = last = bisect_left(self.events, seen.at - self.timespan, key=lambda each: each.at)
        total = 0
        while first <= place:
            while last < len(self.events) and self.events[last].at - self.events[first].at <= self.timespan:
                total += self.events[last].number
                last += 1
            if total >= self.bound:
                found = self.events[first:last]
                del self.events[first:last]
                return found
            total -= self.events[first].number
            first += 1
        if len(self.events) > _MAX_SUMMED:
            oldest, next_ = self.events[:2]
            self.events[:2] = [next_._replace(number=oldest.number + next_.number)]
        return None


@dataclass(slots=True)
class _Distinct:
    """So many distinct values within the timespan.

    Each further new value makes it true again, up to ten; then every hundredth: a flood of names must not become a
    flood of findings. Of a value its latest time is kept, so that at the edge of a late event's window one value too
    many may count, for no longer than the lateness; none is missed.
    """

    timespan: dt.timedelta
    bound: int
    newest: dt.datetime = _START
    latest: dict[str, Seen] = field(default_factory=dict)
    further: int = 0
    began: dt.datetime = _START

    def add(self, seen: Seen) -> Sequence[Seen] | None:
        """True if this value is new, and with it there are ``bound``."""
        self.newest = max(self.newest, seen.at)
        held = self.latest.pop(seen.value, None)
        since = seen.at - self.timespan
        is_new = held is None or held.at < since
        self.latest[seen.value] = seen if held is None or held.at <= seen.at else held
        if not is_new:
            return None
        self._forget()
        if len(self.latest) < self.bound or len(self.latest) - self._before(since) < self.bound:
            self.further = 0
            return None
        if seen.at - self.began > self.timespan:
            self.began, self.further = seen.at, 0
        self.further += 1
        if self.further > _TOLD_EACH and self.further % _TOLD_OF:
            return None
        return sorted(islice(reversed(self.latest.values()), max(self.bound, _TOLD_OF)))

    def _forget(self) -> None:
        """The first of the values are the oldest, but for the lateness."""
        oldest = self.newest - self.timespan - LATENESS
        while len(self.latest) > 1:
            first = next(iter(self.latest))
            if self.latest[first].at >= oldest and len(self.latest) <= MAX_VALUES:
                return
            del self.latest[first]

    def _before(self, since: dt.datetime) -> int:
        return sum(1 for _ in takewhile(lambda each: each.at < since, self.latest.values()))


@dataclass(slots=True)
class _Rules:
    """The latest events of each rule of a group."""

    timespan: dt.timedelta
    rules: tuple[str, ...]
    newest: dt.datetime = _START
    events: dict[str, list[Seen]] = field(default_factory=dict)

    def keep(self, seen: Seen) -> None:
        """Put an event in its place, and forget the oldest."""
        self.newest = max(self.newest, seen.at)
        oldest = self.newest - self.timespan - LATENESS
        mine = self.events.setdefault(seen.rule, [])
        insort(mine, seen)
        for name, held in self.events.items():
            kept = [each for each in held if each.at >= oldest or each is seen]
            self.events[name] = kept[-_MAX_TIMES:]

    def first_from(self, rule: str, at: dt.datetime) -> Seen | None:
        """The first event of a rule at an instant or after it."""
        held = self.events.get(rule, [])
        place = bisect_left(held, at, key=lambda each: each.at)
        return held[place] if place < len(held) else None


@dataclass(slots=True)
class _Together(_Rules):
    """One event of each rule within the timespan, in any order. Then everything is forgotten."""

    def add(self, seen: Seen) -> Sequence[Seen] | None:
        """True as soon as every rule has an event within some timespan that holds this one."""
        self.keep(seen)
        starts = sorted({
            each.at for held in self.events.values() for each in held if seen.at - self.timespan <= each.at <= seen.at
        })  # fmt: skip
        for start in starts:
            found = [self.first_from(rule, start) for rule in self.rules]
            whole = [each for each in found if each is not None and each.at - start <= self.timespan]
            if len(whole) == len(self.rules):
                self.events.clear()
                return sorted(whole)
        return None


@dataclass(slots=True)
class _InOrder(_Rules):
    """One event of each rule within the timespan, in the order of the rules. Then everything is forgotten."""

    def add(self, seen: Seen) -> Sequence[Seen] | None:
        """True as soon as the chain is whole."""
        self.keep(seen)
        for first in self.events.get(self.rules[0], []):
            chain = self._chain(first)
            if chain is not None:
                self.events.clear()
                return chain
        return None

    def _chain(self, first: Seen) -> list[Seen] | None:
        chain = [first]
        for rule in self.rules[1:]:
            follows = self.first_from(rule, chain[-1].at)
            if follows is None or follows.at - first.at > self.timespan:
                return None
            chain.append(follows)
        return chain
