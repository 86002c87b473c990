"""The engine: no clock, nothing twice, bounded, restartable."""

import datetime as dt
import random
from pathlib import Path

from ecluse.control.watch import Engine, Tick, load_rules, ticked
from ecluse.control.watch.fields import WorkingHours, fields_of, service_of
from ecluse.control.watch.recordings import lines, parse_event, read_events
from ecluse.domain.observed import Observed

RECORDED = Path(__file__).parents[3] / "vectors" / "watch"
RULES = load_rules().rules
DAY = dt.datetime(2026, 1, 12, 9, tzinfo=dt.UTC)


def failure(n: int, *, times: int = 1, after: float = 0) -> Observed:
    origin = f"10.{n >> 8 & 255}.{n & 255}.1"
    at = DAY + dt.timedelta(seconds=after)
    return Observed(
        at, "relay/r1", "access.failed", "anonymous", f"m{n}-{after}", "", origin, (), {"reason": "x", "times": times}
    )


def names(engine: Engine, events: list[Observed]) -> list[str]:
    return [each.name for event in events for each in engine.feed(event)]


def test_an_event_seen_twice_finds_nothing_twice() -> None:
    engine = Engine(RULES)
    events = [event for path in sorted(RECORDED.glob("fires/*.jsonl")) for event in read_events(path)]
    first = names(engine, events)
    assert len(first) > 80
    assert names(engine, events) == []


def test_a_restart_forgets_nothing_that_counts() -> None:
    events = list(read_events(RECORDED / "fires" / "room_account_tried.jsonl"))
    before = Engine(RULES)
    assert names(before, events[:9]) == []
    after = Engine(RULES)
    after.remember([each for each in events[:9] if each.at > events[8].at - after.horizon])
    assert names(after, events[8:]) == ["room_account_tried"]
    assert names(Engine(RULES), events[9:]) == []


def test_events_out_of_order_are_told_all_the_same() -> None:
    chance = random.Random(5)
    for path in sorted(RECORDED.glob("fires/*.jsonl")):
        events = list(read_events(path))
        late = sorted(events, key=lambda each: each.at.timestamp() + chance.uniform(0, 8))
        assert path.stem in names(Engine(RULES), late), path.stem


def test_a_flood_of_groups_is_bounded_and_told_once_a_day() -> None:
    engine = Engine(RULES, max_groups=50)
    told = names(engine, [failure(n, after=n * 0.01) for n in range(2000)])
    assert told.count("clock_watch_crowded") == 1  # relay_attempts; relay_attempts_spread has one group
    assert all(len(linked.groups) <= 50 for held in engine._linked.values() for linked in held)


def test_groups_that_are_over_are_forgotten_and_not_told() -> None:
    engine = Engine(RULES, max_groups=50)
    told = names(engine, [failure(n, after=n * 3600) for n in range(300)])
    assert "clock_watch_crowded" not in told
    assert sum(len(linked.groups) for linked in engine._linked["relay_failed"]) < 10


def test_a_clock_s_word_is_one_event_a_day() -> None:
    engine = Engine(RULES)
    told = [
        ticked(Tick.AGENT_SILENT, DAY + dt.timedelta(seconds=10 * n), "agent-a", concerns=("lab",), minutes=n)
        for n in range(30)
    ]
    found = [each for event in told for each in engine.feed(event)]
    assert [(each.name, each.group, each.concerns, each.people) for each in found] == [
        ("clock_agent_silent", "agent-a", ("lab",), ())
    ]
    assert names(engine, [ticked(Tick.AGENT_SILENT, DAY + dt.timedelta(days=1), "agent-a")]) == ["clock_agent_silent"]


def test_people_are_those_whose_doing_it_is_and_never_nobody() -> None:
    line = '{"at": "2026-01-12T09:00:00Z", "place": "room", "event": "person.granted", "actor": "%s", "subject": "b", "detail": {"role": "administrator"}}'
    (one,) = Engine(RULES).feed(parse_event((line % "a").encode()))
    assert one.people == ("a", "b")
    (one,) = Engine(RULES).feed(parse_event((line % "system").encode()))
    assert one.people == ("b",)


def test_fields() -> None:
    event = Observed(DAY, "destination/b", "batch.loaded", "b", "m", "0001", "2001:db8:1:2::3", ("lab",), {"rows": 5})
    assert fields_of(event, WorkingHours()) == {
        "event": "batch.loaded", "place": "destination/b", "service": "place", "actor": "b", "subject": "0001",
        "origin": "2001:db8:1:2::3", "network": "2001:db8:1::/48", "concerns": ("lab",), "working_hours": True,
        "detail.rows": 5,
    }  # fmt: skip
    assert [service_of(each) for each in ("room", "relay/r1", "source/a", "watch", "x")] == [
        "room",
        "relay",
        "place",
        "watch",
        "x",
    ]


def test_working_hours_are_those_of_paris() -> None:
    hours = WorkingHours(closed=frozenset({dt.date(2026, 5, 1)}))
    for text, held in (
        ("2026-01-12T05:59:59Z", False), ("2026-01-12T06:00:00Z", True), ("2026-01-12T18:59:59Z", True),
        ("2026-01-12T19:00:00Z", False), ("2026-07-13T05:00:00Z", True), ("2026-01-17T10:00:00Z", False),
        ("2026-05-01T10:00:00Z", False),
    ):  # fmt: skip
        assert hours.hold(dt.datetime.fromisoformat(text)) is held, text


def test_recordings_are_read_as_they_were_written() -> None:
    events = list(read_events(RECORDED / "2020-21.jsonl"))
    assert [parse_event(line.encode()) for line in lines(events)] == events
