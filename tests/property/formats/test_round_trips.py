"""Rows → a format → rows: the same, or what the matrix of docs/reference/round-trips.md says."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecluse.adapters.sources._reading import _READERS
from ecluse.domain.errors import DestinationError
from round_trips import (
    DESTINATIONS,
    SOURCES,
    VALUES,
    Aside,
    Comes,
    Format,
    Listed,
    NotWrittenError,
    Target,
    Unsaid,
    carried,
    read,
)  # fmt: skip

PLACES = pytest.mark.parametrize("format_", SOURCES, ids=[each.name for each in SOURCES])
TARGETS = pytest.mark.parametrize("target", DESTINATIONS, ids=[each.name for each in DESTINATIONS])
TEXTS = st.one_of(
    st.sampled_from(list(VALUES.values())),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text(st.sampled_from(";,|^~&\\\"'\t \r\n\x0b\x1c\0éX0D<>=_x"), max_size=8),
)


@pytest.fixture
def destined(target: Target, request: pytest.FixtureRequest) -> Callable[[], Any]:
    """Where a destination is made: a fresh folder each time, or a fresh database on its server."""
    if target.server:
        server = request.getfixturevalue(target.server)
        return lambda: server
    return lambda: Path(tempfile.mkdtemp(dir=request.getfixturevalue("tmp_path")))


@pytest.fixture
def place(format_: Format, request: pytest.FixtureRequest) -> Callable[[], Any]:
    """Where a format is written: a fresh folder each time, or its server."""
    if format_.server:
        server = request.getfixturevalue(format_.server)
        return lambda: server
    return lambda: Path(tempfile.mkdtemp(dir=request.getfixturevalue("tmp_path")))


@PLACES
@settings(max_examples=15)
@given(values=st.lists(TEXTS, min_size=1, max_size=6))
def test_whatever_a_format_can_say_comes_back(
    format_: Format, place: Callable[[], Any], values: list[str | None]
) -> None:
    rows = [(f"K{number}", value) for number, value in enumerate(values) if format_.takes(value)]
    if rows:
        found, intake = read(format_, format_.write(place(), rows))
        assert found == dict(rows)
        assert intake is None or not intake.set_aside


@PLACES
def test_each_hostile_value_is_carried_or_named(format_: Format, place: Callable[[], Any]) -> None:
    kept = {name: value for name, value in VALUES.items() if name not in format_.changed}
    found, _ = read(format_, format_.write(place(), [(f"K{n}", value) for n, value in enumerate(kept.values())]))
    assert found == {f"K{n}": value for n, value in enumerate(kept.values())}
    for name, cell in format_.changed.items():
        rows = [("K0", "before"), ("K1", VALUES[name]), ("K2", "behind")]
        match cell:
            case Comes(value, _):
                found, _ = read(format_, format_.write(place(), rows))
                assert found == {"K0": "before", "K1": value, "K2": "behind"}, name
            case Aside(reason):
                found, intake = read(format_, format_.write(place(), rows))
                assert intake is not None
                assert [each.reason for each in intake.set_aside] == [reason], name
                assert "K1" not in found, name
            case Unsaid():
                assert _unsaid(format_, place, rows), name


def _unsaid(format_: Format, place: Callable[[], Any], rows: list[tuple[str, str | None]]) -> bool:
    """Whether the writer itself refuses, or what it wrote is something else."""
    try:
        spec = format_.write(place(), rows)
    except Exception:  # noqa: BLE001 - each writer has its own
        return True
    found, _ = read(format_, spec)
    return found != dict(rows)


@PLACES
def test_what_is_expected_of_any_text_agrees_with_the_matrix(format_: Format) -> None:
    assert {name for name, value in VALUES.items() if not format_.takes(value)} == set(format_.changed)


def test_every_file_format_is_in_the_matrix() -> None:
    families = {each.name.partition("-")[0] for each in SOURCES} | {each.name for each in SOURCES}
    named = {"delimited": "csv", "hprim_sante": "hprim-sante", "hprim_medecin": "hprim-medecin"}
    assert {named.get(each.value, each.value) for each in _READERS} <= families


@TARGETS
@settings(max_examples=6)
@given(values=st.lists(TEXTS, min_size=1, max_size=8))
def test_whatever_a_destination_can_hold_is_read_back(
    target: Target, destined: Callable[[], Any], values: list[str | None]
) -> None:
    rows = [(f"K{number}", value) for number, value in enumerate(values) if target.takes(value)]
    if rows:
        assert carried(target, destined(), rows) == dict(rows)


@TARGETS
def test_each_hostile_value_is_held_or_refused_by_name(target: Target, destined: Callable[[], Any]) -> None:
    kept = [(f"K{n}", value) for n, (name, value) in enumerate(VALUES.items()) if name not in target.changed]
    assert carried(target, destined(), kept) == dict(kept)
    for name, cell in target.changed.items():
        rows = [("K0", "before"), ("K1", VALUES[name]), ("K2", "behind")]
        if isinstance(cell, Listed):
            with pytest.raises(NotWrittenError) as listed:
                carried(target, destined(), rows)
            assert listed.value.args == ({"R1": cell.code},), name
            continue
        with pytest.raises(DestinationError, match=cell.words) as caught:
            carried(target, destined(), rows)
        assert "raw_value" in str(caught.value) or "valeur_brute" in str(caught.value)
    assert {name for name, value in VALUES.items() if not target.takes(value)} == set(target.changed)
