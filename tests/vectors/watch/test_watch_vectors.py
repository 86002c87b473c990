"""Every rule fires on its recording, and not on its near miss; a day of normal work raises nothing."""

from pathlib import Path

import pytest
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule

import ecluse
from ecluse.control.watch import Engine, Finding, Raised, Rule, Tick, load_rules
from ecluse.control.watch.recordings import read_events
from ecluse.domain.access import Access
from ecluse.domain.alerts import Severity
from ecluse.domain.entry import Event
from ecluse.domain.room import RoomEvent
from vectors.watch import generate_watch

HERE = Path(__file__).parent
RULES = load_rules().rules
RAISING = [rule for rule in RULES if rule.raised is not Raised.COUNTED]
FOLDER = Path(ecluse.__file__).parent / "rules"


def found(name: str) -> list[Finding]:
    engine = Engine(RULES)
    return [each for event in read_events(HERE / name) for each in engine.feed(event)]


@pytest.mark.parametrize("rule", RAISING, ids=lambda rule: rule.name)
def test_a_rule_fires_on_its_recording_and_not_on_its_near_miss(rule: Rule) -> None:
    told = [each for each in found(f"fires/{rule.name}.jsonl") if each.name == rule.name]
    assert len(told) == 1
    (one,) = told
    assert (one.rule, one.severity, one.title_en, one.title_fr) == (
        rule.id,
        rule.severity,
        rule.en.title,
        rule.fr.title,
    )
    assert one.marks
    assert len(set(one.marks)) == one.count
    assert [each.name for each in found(f"near/{rule.name}.jsonl") if each.name == rule.name] == []


def test_no_recording_is_of_a_rule_that_is_gone() -> None:
    names = {rule.name for rule in RAISING}
    for folder in ("fires", "near"):
        assert {path.stem for path in (HERE / folder).glob("*.jsonl")} == names
    assert all(path.read_text(encoding="utf-8") == text for path, text in generate_watch.files().items())


def test_the_recordings_tell_events_that_places_can_tell() -> None:
    known = {*RoomEvent, *Event, *Access, *Tick}
    for path in HERE.rglob("*.jsonl"):
        assert {event.event for event in read_events(path)} <= {str(each) for each in known}, path


def test_rules_name_events_that_exist() -> None:
    """Of the rules that name their events at all: a mistyped one would never fire."""
    by_service = {"room": set(RoomEvent), "place": set(Event), "relay": set(Access), "watch": set(Tick)}
    for rule in RULES:
        if rule.detection is not None and (names := rule.detection.events()) is not None:
            assert names <= {str(each) for each in by_service[rule.service]}, rule.name
    clocked = [rule.detection.events() for rule in RULES if rule.raised is Raised.CLOCK and rule.detection]
    assert {name for names in clocked for name in names or ()} == {str(tick) for tick in Tick}


def test_a_quiet_day_raises_nothing() -> None:
    """A real room and a real migration of two agents, from the first invitation to erasure (record_watch.py)."""
    events = list(read_events(HERE / "quiet-day.jsonl"))
    places = {event.place.partition("/")[0] for event in events}
    assert places == {"room", "source", "destination"}
    assert len(events) > 100
    assert {Event.BATCH_SEALED, Event.LOADED, Event.ERASED, RoomEvent.SIGNED_IN} <= {event.event for event in events}
    assert [each.name for each in found("quiet-day.jsonl")] == []


def test_2020_and_2021() -> None:
    """Anonymous zone, foreign networks, files in clear, bulk at night, a warning nobody answers: each is told."""
    told = found("2020-21.jsonl")
    names = {each.name for each in told}
    assert {
        "clock_warning_unacknowledged", "clock_warning_unanswered", "relay_anonymous", "relay_attempts_spread",
        "relay_key_from_elsewhere", "relay_two_places", "relay_plaintext", "relay_off_hours_bulk",
        "clock_erasure_overdue",
    } <= names  # fmt: skip
    first = min(told, key=lambda each: each.at)
    assert (first.name, first.at.date().isoformat()) == ("clock_warning_unacknowledged", "2020-04-03")
    assert {"trois-rivieres"} <= {concerned for each in told for concerned in each.concerns}
    assert next(each for each in told if each.name == "relay_two_places").people == ("agent-a",)


def test_pysigma_reads_every_rule() -> None:
    read = SigmaCollection.load_ruleset([str(FOLDER)])
    assert [error for rule in read for error in rule.errors] == []
    ours = {rule.id: rule for rule in RULES}
    assert {str(rule.id) for rule in read} == set(ours)
    for rule in read:
        mine = ours[str(rule.id)]
        assert rule.level is not None
        assert (rule.name, rule.title, Severity(rule.level.name.lower())) == (mine.name, mine.en.title, mine.severity)
        assert isinstance(rule, SigmaCorrelationRule) == (mine.correlation is not None)
        if isinstance(rule, SigmaCorrelationRule) and mine.correlation is not None:
            assert rule.timespan.seconds == mine.correlation.timespan.total_seconds()
            assert tuple(each.reference for each in rule.rules or ()) == mine.correlation.rules


def test_every_rule_says_what_it_is_for() -> None:
    requirements = {f"ecluse.r{number}" for number in range(1, 21)}
    for rule in RAISING:
        assert len(requirements & set(rule.tags)) == 1, rule.name
        for told in (rule.en, rule.fr):
            assert all((told.title, told.description, told.mend, told.falsepositives)), rule.name
        assert rule.en.title != rule.fr.title, rule.name
