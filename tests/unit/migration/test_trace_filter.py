"""The trace file: whole and small, yes to all of its own, and no bit of it other than written."""

import dataclasses
import datetime as dt
import random
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from bench.trace import HEADER

from ecluse.domain.errors import InternalError, MalformedError, TamperError
from ecluse.domain.tracing import BY_KIND, Kind
from ecluse.migration import fuse
from ecluse.migration.canary import markers, plant
from ecluse.migration.fuse import SHARD, shards_of
from ecluse.migration.trace_filter import FALSE_POSITIVES, gather_filter, read_filter, write_filter
from ecluse.migration.tracing import Prf, Prints, canary_fingerprints, fingerprints, hashed, stored

KEY, OTHER = b"k" * 32, b"o" * 32
PEOPLE = pa.table({
    "source_id": ["1", "2", "3", None],
    "family_name": ["Roux", "de la Tour", None, "Blanc"],
    "given_names": ["Jeanne", "Éloi", "Marc", None],
    "birth_date": ["1960-03-12", "1950", "1970-01-01", None],
    "nir": ["260033512345678", None, "170013512345678", None],
})  # fmt: skip


def prints(count: int, seed: int = 1) -> Prints:
    drawn = np.random.default_rng(seed)
    return drawn.integers(0, 1 << 60, count, dtype=np.uint64) | drawn.integers(1, 11, count, dtype=np.uint64) << 60


@pytest.mark.parametrize("count", [0, 1, 2, 3, 17, 1_000, SHARD + 1])
def test_it_holds_all_of_its_own_and_few_others(tmp_path: Path, count: int) -> None:
    own = prints(count)
    path = tmp_path / "a.trace"
    path.write_bytes(write_filter(np.concatenate((own, own[: count // 2])), HEADER))
    with read_filter(path) as trace:
        trace.check()
        assert trace.header.total == count
        assert trace.holds(own).all()
        others = float(trace.holds(prints(200_000, 2)).mean())
        assert others == 0 if not count else abs(others / FALSE_POSITIVES - 1) < 0.5


def test_its_size_is_what_the_documents_say(tmp_path: Path) -> None:
    data = write_filter(prints(300_000), HEADER)
    assert len(data) * 8 / 300_000 < 14.5


def test_the_same_prints_make_the_same_file() -> None:
    own = prints(5_000)
    mixed = own.copy()
    np.random.default_rng(3).shuffle(mixed)
    assert write_filter(own, HEADER) == write_filter(mixed, HEADER)


@pytest.mark.parametrize("at_once", [1, 3, fuse.AT_ONCE])
def test_pieces_make_the_file_of_the_whole(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(fuse, "SHARD", 500)
    own = prints(5_000)
    whole = write_filter(own, HEADER)
    monkeypatch.setattr(fuse, "AT_ONCE", at_once)
    pieces = [own[4_000:], own[:0], own[1_000:4_500], own[:1_000], own[:10]]
    assert gather_filter(lambda: iter(pieces), HEADER) == whole


def test_many_pieces_are_never_in_memory_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 4 MB of marks: a file of 1, held twice, and eight shards' worth of work."""
    monkeypatch.setattr(fuse, "SHARD", 1 << 12)
    tracemalloc.start()
    try:
        made = gather_filter(lambda: (prints(10_000, seed) for seed in range(50)), HEADER)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(made) + (2 << 20)


def test_no_bit_of_it_is_another(tmp_path: Path) -> None:
    """One bit in seven of a small file, so in every byte; each is told, by reading or by checking."""
    data = write_filter(prints(40), HEADER, canary_fingerprints(b"c" * 32, ["patient-1"], 3, KEY))
    path = tmp_path / "a.trace"
    for bit in range(0, len(data) * 8, 7):
        spoilt = bytearray(data)
        spoilt[bit // 8] ^= 1 << bit % 8
        path.write_bytes(spoilt)
        with pytest.raises((MalformedError, TamperError)), read_filter(path) as trace:
            trace.check()


def test_a_file_cut_short_or_lengthened_is_refused(tmp_path: Path) -> None:
    data = write_filter(prints(40), HEADER)
    path = tmp_path / "a.trace"
    for size in (*range(len(data)), len(data) + 1):
        path.write_bytes((data + b"\0")[:size])
        with pytest.raises((MalformedError, TamperError)):
            read_filter(path).close()


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(MalformedError):
        read_filter(tmp_path / "none.trace")


@pytest.mark.parametrize(
    "change",
    [
        {"order": ""}, {"order_digest": "sha256:0"}, {"persons": -1}, {"sealed_key": "é"}, {"controller": "a\nb"},
        {"period_from": dt.datetime(2018, 1, 1)},  # noqa: DTZ001 - a date is wanted
    ],
)  # fmt: skip
def test_a_header_that_no_reader_takes_is_not_written(change: dict[str, object]) -> None:
    with pytest.raises(InternalError):
        write_filter(prints(3), dataclasses.replace(HEADER, **change))  # type: ignore[arg-type]


def test_a_print_of_no_kind_is_not_written() -> None:
    with pytest.raises(InternalError):
        write_filter(np.array([14 << 60], np.uint64), HEADER)


def test_shards_are_never_none() -> None:
    assert [shards_of(count) for count in (0, 1, SHARD, SHARD + 1)] == [1, 1, 1, 2]


def test_marks_are_counted_by_kind_without_empty_tuples() -> None:
    made = fingerprints(PEOPLE, "patient", KEY)
    assert (np.diff(made) > 0).all()
    kinds, counts = np.unique(made >> np.uint64(60), return_counts=True)
    assert dict(zip(kinds.tolist(), counts.tolist(), strict=True)) == {1: 2, 2: 2, 3: 2, 8: 3}


def test_prints_are_of_the_key_and_of_what_the_key_is_asked_for() -> None:
    nir = BY_KIND[Kind.NIR]
    asked = hashed(nir, [pa.array(["2600335123456"])])
    assert Prf(KEY)(asked, nir.code)[0] in fingerprints(PEOPLE, "patient", KEY)
    assert Prf(OTHER)(asked, nir.code)[0] not in fingerprints(PEOPLE, "patient", KEY)
    assert not set(fingerprints(PEOPLE, "patient", KEY).tolist()) & set(fingerprints(PEOPLE, "patient", OTHER).tolist())


def test_only_what_was_ordered_leaves_marks() -> None:
    few = fingerprints(PEOPLE.select(["source_id", "nir"]), "patient", KEY)
    assert set((few >> np.uint64(60)).tolist()) == {1}
    assert len(fingerprints(PEOPLE, "specimen", KEY)) == 0
    assert len(fingerprints(PEOPLE.slice(0, 0), "patient", KEY)) == 0


def test_columns_of_any_type_are_read_as_their_text() -> None:
    plain = pa.table({"source_id": ["7", "8"] * 50, "registered_on": ["2018-04-12", "2018-04-13"] * 50})
    when = pa.array([dt.datetime(2018, 4, 12, 8), dt.datetime(2018, 4, 13, 9)] * 50, pa.timestamp("us"))  # noqa: DTZ001 - local wall-clock times
    typed = pa.table({"source_id": plain.column("source_id").dictionary_encode(), "registered_on": when})
    assert (fingerprints(plain, "request", KEY) == fingerprints(typed, "request", KEY)).all()


def test_of_requests_a_share_is_kept() -> None:
    requests = pa.table({"source_id": [str(n) for n in range(4_000)], "patient": [str(n // 2) for n in range(4_000)]})
    made = fingerprints(requests, "request", KEY)
    assert abs(len(made) / 1_000 - 1) < 0.2
    assert stored(made).all()
    rule = BY_KIND[Kind.REQUEST_PATIENT]
    every = Prf(KEY)(hashed(rule, [pa.array(["1"] * 400), pa.array([str(n) for n in range(400)])]), rule.code)
    assert 60 < stored(every).sum() < 140


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(InternalError):
        fingerprints(PEOPLE, "patient", b"short")


def test_planted_canaries_are_named(tmp_path: Path) -> None:
    names = ["patient-1", "patient-2"]
    table = canary_fingerprints(b"c" * 32, names, 3, KEY)
    path = tmp_path / "a.trace"
    path.write_bytes(write_filter(prints(10), HEADER, table))
    planted, places = plant(PEOPLE.slice(0, 3), b"c" * 32, "patient-2", 3)
    assert len(places) == 3
    leaked = [str(planted.column("source_id")[place].as_py())[:18] for place in places]
    assert set(leaked) <= {marker.decode() for marker in markers(b"c" * 32, ["patient-2"], 3)}
    rule = BY_KIND[Kind.CANARY]
    with read_filter(path) as trace:
        asked = Prf(KEY)(hashed(rule, [pa.array(leaked)]), rule.code)
        assert trace.canaries(asked) == ((0, "patient-2"), (1, "patient-2"), (2, "patient-2"))
        assert trace.canaries(prints(100, 9)) == ()
        assert not trace.holds(asked).all()


def test_it_lists_nothing(tmp_path: Path) -> None:
    """Neither the fingerprints themselves nor anything of 8 of their bytes stands in the file."""
    own = prints(2_000)
    data = write_filter(own, HEADER)
    drawn = random.Random(1)
    assert not any(int(each).to_bytes(8, "little") in data for each in drawn.sample(own.tolist(), 200))
