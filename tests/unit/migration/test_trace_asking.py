"""Asking many files: one that is refused counts for nothing, each is digested once, and errors say file and field."""

import datetime as dt
import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bench.persons import FULL, Persons, leaked, persons
from bench.trace import HEADER, drawn_rows, export, key_of

from ecluse.domain.errors import MalformedError, TamperError
from ecluse.migration import trace_asking, trace_match
from ecluse.migration.trace_asking import Answer, ask_all
from ecluse.migration.trace_filter import MAGIC, TraceFilter, write_filter
from ecluse.migration.trace_header import written
from ecluse.seal.armour import armoured
from ecluse.seal.sealing import Identity, seal

IDENTITY = Identity.generate()
TODAY = dt.date(2029, 1, 1)


@pytest.fixture(scope="module")
def lab() -> Persons:
    return persons(1_500, 30, 35)


@pytest.fixture
def files(lab: Persons, tmp_path: Path) -> list[Path]:
    """Of the same laboratory: an export of all its persons, and one of three in four."""
    some = Persons(lab.table.slice(0, 1_125), lab.requests.slice(0, 0))
    for place, people in enumerate((lab, some)):
        sealed = armoured(seal(key_of(place), [IDENTITY.recipient]))
        export(people, key_of(place), tmp_path / f"{place}.trace", f"V{place}", sealed).trace.close()
    return [tmp_path / "0.trace", tmp_path / "1.trace"]


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where files are many: only those of which something is said are compared with their digests."""
    monkeypatch.setattr(trace_asking, "_CHECKED", 0)


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1
    path.write_bytes(data)


def leak(lab: Persons, lines: int = 56) -> list[tuple[str, ...]]:
    drawn = random.Random(1)
    return leaked(drawn, drawn_rows(drawn, lab, lines), FULL, 0.1)


def asked(lines: Sequence[Sequence[str]], files: Sequence[Path]) -> Answer:
    return ask_all(lines, files, IDENTITY, TODAY)


def named(answer: Answer) -> list[str]:
    return [each.hits.filter.header.order for each in answer.findings if each.named]


def test_the_larger_export_explains_the_smaller(lab: Persons, files: list[Path]) -> None:
    answer = asked(leak(lab), files)
    assert named(answer) == ["V0"]
    assert [each.explained for each in answer.findings] == [False, True]


@pytest.mark.usefixtures("unchecked")
def test_what_is_refused_explains_nothing(lab: Persons, files: list[Path]) -> None:
    damaged(files[0])
    answer = asked(leak(lab), files)
    alone = asked(leak(lab), files[1:])
    assert named(answer) == named(alone) == ["V1"]
    assert [str(error.location) for error in answer.refused] == [str(files[0])]
    assert (answer.asked, answer.strange, answer.silent) == (1, alone.strange, alone.silent)
    assert [(each.weight, each.posterior) for each in answer.findings] == [
        (each.weight, each.posterior) for each in alone.findings
    ]


@pytest.mark.usefixtures("unchecked")
def test_what_is_refused_takes_no_others_second_look(
    lab: Persons, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_match, "_SLIP_EXPORTS", 1)
    lines = [(row["family_name"][:1] + "X" + row["family_name"][2:], row["given_names"], row["birth_date"])
             for row in map(lab.row, range(3))]  # fmt: skip
    lines += leak(lab)
    damaged(files[0])
    (found,) = asked(lines, files).findings
    assert found.hits.slips >= {0, 1, 2}


@pytest.mark.usefixtures("unchecked")
def test_where_all_are_refused_the_first_is_told(lab: Persons, files: list[Path]) -> None:
    for path in files:
        damaged(path)
    with pytest.raises(TamperError, match="not what was written"):
        asked(leak(lab), files)


@pytest.mark.parametrize("most", [0, 1 << 30])
def test_a_file_is_digested_once(lab: Persons, files: list[Path], monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    counts: Counter[Path] = Counter()
    check = TraceFilter.check

    def counted(trace: TraceFilter) -> None:
        counts[trace.path] += 1
        check(trace)

    monkeypatch.setattr(TraceFilter, "check", counted)
    monkeypatch.setattr(trace_asking, "_CHECKED", most)
    assert len(asked(leak(lab), files).findings) == 2
    assert counts == dict.fromkeys(files, 1)


@pytest.mark.parametrize(
    "key",
    ["none", armoured(b"no age file"), armoured(seal(b"short", [IDENTITY.recipient]))],
    ids=["no armour", "no age file", "too short"],
)
def test_a_key_that_is_none_is_told_by_file_and_field(lab: Persons, files: list[Path], key: str) -> None:
    path = files[0].with_name("other.trace")
    path.write_bytes(write_filter(np.empty(0, np.uint64), replace(HEADER, sealed_key=key)))
    answer = asked(leak(lab), [*files, path])
    (error,) = answer.refused
    assert isinstance(error, TamperError)
    assert str(error) == f"{path}: sealed_key: the trace file's key was altered"


def test_a_header_that_none_may_be_is_told_by_file_and_field(lab: Persons, files: list[Path]) -> None:
    path = files[0].with_name("other.trace")
    head = written(HEADER, marks={}, parcels=(), body="sha256:" + "0" * 64).replace(b'"persons":0', b'"persons":-1')
    start = MAGIC + len(head).to_bytes(4, "little") + head
    path.write_bytes(start + hashlib.sha256(start).digest())
    (error,) = asked(leak(lab), [*files, path]).refused
    assert isinstance(error, MalformedError)
    assert str(error) == f"{path}: persons: not a number that counts anything"


def test_a_file_of_somebody_else_is_foreign(lab: Persons, files: list[Path]) -> None:
    path = files[0].with_name("other.trace")
    theirs = armoured(seal(key_of(9), [Identity.generate().recipient]))
    path.write_bytes(write_filter(np.empty(0, np.uint64), replace(HEADER, sealed_key=theirs)))
    answer = asked(leak(lab), [*files, path])
    assert (answer.foreign, answer.refused, answer.asked) == (1, (), 2)
