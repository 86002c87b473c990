"""What publication knows of every key: repeats, in any number of shares, and requests' texts, as a dictionary says."""

import datetime as dt

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.adapters.destinations import _fhir_keys
from ecluse.adapters.destinations._fhir_keys import RequestTexts, check_keys
from ecluse.domain.errors import DestinationError

ENGINE = duckdb.connect()
KEYS = st.text(max_size=3) | st.sampled_from(["ab", "AB", "a b", "a|b", "\x00", "𝄞"])
PIECES = st.lists(st.lists(KEYS, max_size=6), max_size=5)


@given(pieces=PIECES, share=st.integers(1, 5))
def test_a_repeated_key_is_found_in_whatever_share(pieces: list[list[str]], share: int) -> None:
    every = [key for piece in pieces for key in piece]
    arrays = [pa.array(piece, pa.string()) for piece in pieces]

    def look(expected: int) -> None:
        check_keys(ENGINE, "patient", lambda: iter(arrays), expected, share)

    with pytest.raises(DestinationError, match="the ledger says"):
        look(len(every) + 1)
    if len(set(every)) == len(every):
        look(len(every))
    else:
        with pytest.raises(DestinationError, match="more than once"):
            look(len(every))


@given(
    pieces=st.lists(
        st.dictionaries(KEYS, st.tuples(st.none() | st.text(max_size=2), st.none() | st.dates()), max_size=5),
        max_size=4,
    ),
    asked=st.lists(st.none() | KEYS, max_size=8),
)
def test_requests_texts_are_those_of_a_dictionary(
    pieces: list[dict[str, tuple[str | None, dt.date | None]]], asked: list[str | None]
) -> None:
    whole: dict[str, tuple[str | None, dt.date | None]] = {}
    kept = []
    for piece in pieces:
        new = {key: value for key, value in piece.items() if key not in whole}
        whole |= new
        kept.append(new)
    known = RequestTexts(
        ENGINE,
        (
            (
                pa.array(list(piece), pa.string()),
                [
                    pa.array([text for text, _ in piece.values()], pa.string()),
                    pa.array([day for _, day in piece.values()], pa.date32()),
                ],
            )
            for piece in kept
        ),
    )
    assert known.told is bool(kept)
    if known.told:
        texts, days = known.of(pa.array(asked, pa.string()))
        expected = [whole.get(key, (None, None)) if key is not None else (None, None) for key in asked]
        assert list(zip(texts.to_pylist(), days.to_pylist(), strict=True)) == expected
        assert (texts.type, days.type) == (pa.string(), pa.date32())


def test_keys_of_one_first_number_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = {"a": (7, 1), "b": (7, 2), "c": (7, 3), "d": (8, 1)}
    monkeypatch.setattr(
        _fhir_keys,
        "places",
        lambda _, keys: np.array([numbers[key] for key in keys.to_pylist()], dtype=np.uint64).reshape(-1, 2),
    )
    known = RequestTexts(ENGINE, [(pa.array(["c", "a", "b"]), [pa.array(["C", "A", "B"])])])
    assert known.of(pa.array(["b", "d", "a", "c"]))[0].to_pylist() == ["B", None, "A", "C"]
    check_keys(ENGINE, "patient", lambda: [pa.array(["a", "b", "c", "d"])], 4)
