"""Rule files: what is wrong is named; a room's own rules replace, add, and switch off."""

from pathlib import Path

import pytest

from ecluse.control.watch import Engine, Raised, load_rules, packaged_rules
from ecluse.control.watch.loading import parse_rule
from ecluse.control.watch.recordings import parse_event
from ecluse.control.watch.rule import Rule
from ecluse.domain.errors import MalformedError

ID = "7b9f0f46-1c58-4a2e-9c43-1f0a5b9e6a11"
SHIPPED = "place_scope_violation"
GOOD = f"""\
title: A test
id: {ID}
name: our_test
status: test
description: Why.
logsource:
  product: ecluse
  service: room
detection:
  selection:
    event: person.signed_in
  condition: selection
falsepositives:
  - "None."
level: high
ecluse:
  raised: event
  title_fr: Un essai
  description_fr: Pourquoi.
  mend_en: Do it.
  mend_fr: Faites-le.
  falsepositives_fr: ["Aucun."]
"""
LINKED = GOOD.replace(GOOD[GOOD.index("logsource") : GOOD.index("falsepositives")], """\
correlation:
  type: event_count
  rules: [room_signed_in]
  group-by: [actor]
  timespan: 10m
  condition: {gte: 2}
""", 1)  # fmt: skip


def test_a_good_one() -> None:
    rule = parse_rule(GOOD.encode(), file="rule.yml")
    assert isinstance(rule, Rule)
    assert (rule.name, rule.severity, rule.raised, rule.service) == ("our_test", "high", Raised.EVENT, "room")
    linked = parse_rule(LINKED.encode(), file="rule.yml")
    assert isinstance(linked, Rule)
    assert linked.correlation is not None
    assert linked.group_by == ("actor",)


@pytest.mark.parametrize(
    ("was", "now", "line", "field", "said"),
    [
        ("event: person.signed_in", "event|re: person.*", 11, "detection.selection.event|re", "unknown modifier"),
        ("event: person.signed_in", "event|contians: person", 11, "detection.selection.event|contians", "unknown modifier"),
        ("event: person.signed_in", "evnet: person.signed_in", 11, "detection.selection.evnet", "no event has"),
        ("event: person.signed_in", "detail.Rows|gt: 5", 11, "detection.selection.detail.Rows|gt", "no event has"),
        ("event: person.signed_in", "event: person.*", 11, "detection.selection.event", "no wildcards"),
        ("event: person.signed_in", "detail.rows|gt: many", 11, "detection.selection.detail.rows|gt", "whole numbers"),
        ("event: person.signed_in", "origin|cidr: 300.0.0.0/8", 11, "detection.selection.origin|cidr", "not a network"),
        ("event: person.signed_in", "origin|cidr: 10.0.0.1/8", 11, "detection.selection.origin|cidr", "not a network"),
        ("event: person.signed_in", "actor|fieldref: nobody", 11, "detection.selection.actor|fieldref", "no event has"),
        ("event: person.signed_in", "actor|exists: 'yes'", 11, "detection.selection.actor|exists", "exists is"),
        ("event: person.signed_in", "actor|exists: [true, false]", 11, "detection.selection.actor|exists", "exists is"),
        ("event: person.signed_in", "actor|gt|contains: 5", 11, "detection.selection.actor|gt|contains", "do not go together"),
        ("condition: selection", "condition: selction", 12, "detection.condition", "no search"),
        ("condition: selection", "condition: selection and", 12, "detection.condition", "too early"),
        ("condition: selection", "condition: selection selection", 12, "detection.condition", "goes on"),
        ("condition: selection", "condition: (selection", 12, "detection.condition", "too early"),
        ("condition: selection", "condition: 1 of filter_*", 12, "detection.condition", "no search"),
        ("condition: selection", "condition: selection | count() > 5", 12, "detection.condition", "not a condition"),
        ("condition: selection", "other: {event: x}\n  condition: selection", 13, "detection.condition", "never used"),
        ("service: room", "service: web", 8, "logsource.service", "allowed"),
        ("product: ecluse", "product: windows", 7, "logsource.product", "allowed"),
        ("level: high", "level: severe", 15, "level", "allowed"),
        ("level: high", "level: informational", 15, "level", "allowed"),
        ("raised: event", "raised: clock", 17, "ecluse.raised", "clock is for"),
        (ID, "7B9F0F46", 2, "id", "UUID"),
        ("name: our_test", "name: Our Test", 3, "name", "small letters"),
        ("title_fr: Un essai", "title_de: Ein Test", 18, "ecluse.title_de", "unknown field"),
        ("  title_fr: Un essai\n", "", 16, "ecluse.title_fr", "is needed"),
        ("status: test", "status: tset", 4, "status", "allowed"),
        ("description: Why.", "tags: [T1078]", 5, "tags", "namespace"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(was: str, now: str, line: int, field: str, said: str) -> None:
    assert was in GOOD
    with pytest.raises(MalformedError) as caught:
        parse_rule(GOOD.replace(was, now, 1).encode(), file="rule.yml")
    where = caught.value.location
    assert where is not None
    assert (where.file, where.line, where.field) == ("rule.yml", line, field)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("was", "now", "field"),
    [
        ("type: event_count", "type: value_avg", "correlation.type"),
        ("timespan: 10m", "timespan: 10 minutes", "correlation.timespan"),
        ("timespan: 10m", "timespan: 400d", "correlation.timespan"),
        ("condition: {gte: 2}", "condition: {lt: 2}", "correlation.condition"),
        ("condition: {gte: 2}", "condition: {gte: 0}", "correlation.condition.gte"),
        ("condition: {gte: 2}", "condition: {gte: 100000}", "correlation.condition.gte"),
        ("condition: {gte: 2}", "condition: {gte: 2, field: actor}", "correlation.condition"),
        ("type: event_count", "type: value_count", "correlation.condition"),
        ("type: event_count", "type: temporal", "correlation.rules"),
        ("group-by: [actor]", "group-by: [who]", "correlation.group-by"),
        ("group-by: [actor]", "aliases: {who: {room_signed_in: nobody}}", "correlation.aliases.who"),
        ("correlation:", "correlation:\n  within: 5", "correlation.within"),
        ("correlation:", "correlation:\n  generate: []", "correlation.generate"),
        ("correlation:", "correlation:\n  generate: 1", "correlation.generate"),
        ("group-by: [actor]", "aliases: {who: {room_signed_in: 5}}", "correlation.aliases.who"),
        ("group-by: [actor]", "aliases: {who: [room_signed_in]}", "correlation.aliases.who"),
    ],
)
def test_what_is_wrong_in_a_correlation_is_named(was: str, now: str, field: str) -> None:
    assert was in LINKED
    with pytest.raises(MalformedError) as caught:
        parse_rule(LINKED.replace(was, now, 1).encode(), file="rule.yml")
    assert caught.value.location is not None
    assert caught.value.location.field == field
    assert caught.value.location.line is not None


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def test_a_room_adds_replaces_and_switches_off(tmp_path: Path) -> None:
    shipped = {rule.name: rule for rule in packaged_rules()}
    gone = f"id: {shipped['relay_anonymous'].id}\nstatus: off\necluse:\n  reason: The relay is on a private network.\n"
    mine = GOOD.replace(ID, shipped[SHIPPED].id).replace("our_test", SHIPPED)
    loaded = load_rules(write(tmp_path, mine=mine, gone=gone, added=GOOD))
    named = {rule.name: rule for rule in loaded.rules}
    assert named[SHIPPED].en.title == "A test"
    assert loaded.replaced == (shipped[SHIPPED].id,)
    assert "relay_anonymous" not in named
    assert [(off.id, off.reason) for off in loaded.off] == [
        (shipped["relay_anonymous"].id, "The relay is on a private network.")
    ]
    assert len(loaded.rules) == len(shipped)
    assert [rule.id for rule in load_rules(tmp_path / "none").rules] == [rule.id for rule in packaged_rules()]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a": GOOD, "b": GOOD}, "an id that another file has"),
        ({"a": GOOD.replace("our_test", SHIPPED)}, "a name that another rule has"),
        ({"a": f"id: {ID}\nstatus: off\necluse: {{reason: x}}\n"}, "nothing to switch off"),
        ({"a": f"id: {ID}\nstatus: off\n"}, "fields with values"),
        ({"a": LINKED.replace("room_signed_in", "nothing_such")}, "no such rule"),
        ({"a": LINKED.replace("room_signed_in", "room_new_network")}, "a correlation itself"),
        ({"a": LINKED.replace("room_signed_in", SHIPPED)}, "say generate: true"),
        ({"a": "title: [1"}, "not YAML here"),
        ({"a": "- 1"}, "fields with values"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path: Path, files: dict[str, str], said: str) -> None:
    with pytest.raises(MalformedError) as caught:
        load_rules(write(tmp_path, **files))
    assert said in caught.value.message
    assert caught.value.location is not None
    assert ".yml" in str(caught.value.location.file)
    assert caught.value.location.line is not None


def test_switching_off_what_others_count_is_refused(tmp_path: Path) -> None:
    counted = {rule.name: rule.id for rule in packaged_rules()}["room_signed_in"]
    write(tmp_path, a=f"id: {counted}\nstatus: off\necluse: {{reason: noisy}}\n")
    with pytest.raises(MalformedError, match="no such rule"):
        load_rules(tmp_path)


def test_a_counted_rule_that_is_told_to_raises_too(tmp_path: Path) -> None:
    both = LINKED.replace("room_signed_in", SHIPPED).replace("  timespan", "  generate: true\n  timespan")
    engine = Engine(load_rules(write(tmp_path, a=both)).rules)
    line = (
        '{{"at": "2026-01-12T09:00:0{}Z", "place": "source/a", "event": "scope.violation", "actor": "a", "mark": "{}"}}'
    )
    names = [[each.name for each in engine.feed(parse_event(line.format(n, n).encode()))] for n in range(2)]
    assert names == [[SHIPPED], [SHIPPED, "our_test"]]
