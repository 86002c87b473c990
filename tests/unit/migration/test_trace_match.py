"""Matching: a leak is traced to its export and to no other; little is told of little; nothing of strangers.

A small, deterministic share of ``bench/trace.py``, which measures ten thousand.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from bench.persons import FULL, LAYOUTS, Persons, leaked
from bench.trace import Export, drawn_rows, export, innocent, key_of, laboratories, labs_order, strangers_of, traced

from ecluse.domain.tracing import Kind
from ecluse.migration.trace_filter import read_filter, write_filter
from ecluse.migration.trace_match import Matcher, conclude, points, worth_a_second_look
from ecluse.migration.tracing import canary_fingerprints, fingerprints

PATIENTS = 2_000


@pytest.fixture(scope="module")
def labs() -> list[Persons]:
    return laboratories(4, PATIENTS)


@pytest.fixture(scope="module")
def exports(labs: list[Persons], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Export]]:
    folder = tmp_path_factory.mktemp("traces")
    made = [export(lab, key_of(at), folder / f"{at}.trace", labs_order(at)) for at, lab in enumerate(labs)]
    yield made
    for each in made:
        each.trace.close()


@pytest.mark.parametrize("columns", LAYOUTS)
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_56_lines_name_their_export_alone(
    labs: list[Persons], exports: list[Export], columns: Sequence[str], noise: float
) -> None:
    drawn = random.Random(f"{columns}{noise}")
    for at in range(len(labs)):
        lines = leaked(drawn, drawn_rows(drawn, labs[at], 56), columns, noise)
        assert traced(lines, exports)[0] == {labs_order(at)}


def test_one_line_points_and_attributes_nothing(labs: list[Persons], exports: list[Export]) -> None:
    drawn = random.Random(2)
    lines = leaked(drawn, drawn_rows(drawn, labs[0], 1), FULL, 0.0)
    matcher = Matcher(lines)
    found = conclude([matcher.ask(each.trace, each.key) for each in exports], len(exports))
    assert found[0].hits.filter.header.order == labs_order(0)
    assert not any(each.named for each in found)
    assert points(found)


def test_strangers_are_attributed_to_nobody(labs: list[Persons], exports: list[Export]) -> None:
    """Also those next door, of whom three in ten are patients here too."""
    assert innocent(labs, strangers_of(labs, PATIENTS), exports, 40) == {"not": 40}


def test_foreign_lines_within_a_leak_are_told(labs: list[Persons], exports: list[Export]) -> None:
    drawn = random.Random(3)
    stranger = strangers_of(labs, PATIENTS)[0]
    rows = [*drawn_rows(drawn, labs[1], 40), *drawn_rows(drawn, stranger, 16)]
    matcher = Matcher(leaked(drawn, rows, FULL, 0.0))
    found = conclude([matcher.ask(each.trace, each.key) for each in exports], len(exports))
    assert [each.hits.filter.header.order for each in found if each.named] == [labs_order(1)]
    assert found[0].hits.known() == frozenset(range(40))


def _told(lines: Sequence[Sequence[str]], exports: list[Export]) -> list[tuple[str, bool, int]]:
    matcher = Matcher(lines)
    found = conclude([matcher.ask(each.trace, each.key) for each in exports], len(exports))
    assert not points(found)
    return [(each.hits.filter.header.order, each.named, len(each.hits.known())) for each in found]


def test_a_quarter_of_the_lines_is_told_and_attributes_nothing(labs: list[Persons], exports: list[Export]) -> None:
    drawn = random.Random(8)
    rows = [*drawn_rows(drawn, labs[1], 14), *drawn_rows(drawn, strangers_of(labs, PATIENTS)[0], 42)]
    ((order, named, known),) = _told(leaked(drawn, rows, FULL, 0.0), exports)
    assert (order, named) == (labs_order(1), False)
    assert 14 <= known <= 16


def test_numbers_of_requests_and_patients_alone_are_told(labs: list[Persons], exports: list[Export]) -> None:
    """Of those marks one in four is kept: too few of the lines to be its source, and too many for chance."""
    lines = [(row["request"], row["source_id"], "GLY", "5,2") for row in map(labs[0].row, range(120))]
    ((order, named, known),) = _told(lines, exports)
    assert (order, named) == (labs_order(0), False)
    assert 15 < known < 50


def test_of_far_strangers_nothing_is_told(labs: list[Persons], exports: list[Export]) -> None:
    drawn, far = random.Random(9), strangers_of(labs, PATIENTS)[0]
    for trial in range(30):
        lines = leaked(drawn, drawn_rows(drawn, far, 56), LAYOUTS[trial % len(LAYOUTS)], 0.1)
        assert _told(lines, exports) == []


def test_a_leak_of_two_exports_names_both(labs: list[Persons], exports: list[Export]) -> None:
    drawn = random.Random(4)
    rows = [*drawn_rows(drawn, labs[0], 50), *drawn_rows(drawn, labs[2], 25)]
    assert traced(leaked(drawn, rows, FULL, 0.0), exports)[0] == {labs_order(0), labs_order(2)}


def test_two_exports_of_the_same_persons_are_not_told_apart(labs: list[Persons], tmp_path: Path) -> None:
    twice = [export(labs[0], key_of(90 + n), tmp_path / f"{n}.trace", f"V{n}") for n in range(2)]
    drawn = random.Random(5)
    lines = leaked(drawn, drawn_rows(drawn, labs[0], 56), FULL, 0.1)
    assert traced(lines, twice)[0] == {"V0", "V1"}


def test_one_person_on_many_lines_counts_once(labs: list[Persons], exports: list[Export]) -> None:
    drawn = random.Random(6)
    row = labs[0].row(7)
    lines = [each for _ in range(100) for each in leaked(drawn, [row], ("family_name", "given_names", "birth_date"), 0)]
    assert traced(lines, exports)[0] == set()


def test_a_canary_names_its_export_by_itself(labs: list[Persons], tmp_path: Path) -> None:
    trace = export(labs[0], key_of(0), tmp_path / "plain.trace", "PLAIN").trace
    path = tmp_path / "canary.trace"
    own = fingerprints(labs[0].table, "patient", key_of(1))
    planted = canary_fingerprints(b"c" * 32, ["patient-1", "patient-2"], 3, key_of(1))
    path.write_bytes(write_filter(own, replace(trace.header, order="CANARY"), planted))
    from ecluse.migration.canary import markers  # noqa: PLC0415

    marker = markers(b"c" * 32, ["patient-2"], 3)[0].decode()
    with read_filter(path) as other:
        matcher = Matcher([(f"{marker}7", "XX")])
        found = conclude([matcher.ask(trace, key_of(0)), matcher.ask(other, key_of(1))], 2)
    assert [(each.hits.filter.header.order, each.named, each.hits.canaries) for each in found] == [
        ("CANARY", True, ((0, "patient-2"),))
    ]


def test_typing_slips_are_undone_in_the_second_pass(labs: list[Persons], exports: list[Export]) -> None:
    rows = [labs[0].row(at) for at in range(20)]
    lines = [(row["family_name"], row["given_names"], row["birth_date"]) for row in rows]
    name, given, day = lines[0]
    lines[0] = (name[0] + "X" + name[2:], given, day)
    name, given, day = lines[1]
    lines[1] = (name, given, f"{day[:4]}-{day[5:7]}-{'11' if day[8:] != '11' else '21'}")
    matcher = Matcher(lines)
    first = matcher.ask(exports[0].trace, exports[0].key)
    assert not {0, 1} & first.known()
    assert 0 in worth_a_second_look([first])
    second = matcher.ask_slips(exports[0].trace, exports[0].key, first)
    assert 0 in second.slips
    assert second.known() > first.known()


def test_findings_hold_no_value(labs: list[Persons], exports: list[Export]) -> None:
    row = labs[0].row(3)
    matcher = Matcher([tuple(row.values())])
    hits = matcher.ask(exports[0].trace, exports[0].key)
    told = repr(conclude([hits], 1)) + repr(hits.lines)
    assert hits.known()
    assert not any(row[name] in told for name in ("family_name", "nir", "phone", "birth_date"))
    assert Kind.NIR in {hit.kind for hit in hits.lines[0].hits}


def test_a_sample_of_nothing_is_of_nobody(exports: list[Export]) -> None:
    matcher = Matcher([("NOM", "PRENOM"), ("", "")])
    hits = matcher.ask(exports[0].trace, exports[0].key)
    assert not hits.known()
    assert conclude([hits], 1) == ()
