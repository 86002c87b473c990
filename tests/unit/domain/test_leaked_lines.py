"""A line of unknown layout: every cell read as everything that its shape allows, and slips undone."""

import pytest

from ecluse.domain.identifiers import nir_key
from ecluse.domain.leaked import candidates, days, readings, with_given
from ecluse.domain.slips import of_day, of_name, of_nir
from ecluse.domain.tracing import Kind

LINE = ["ROUX", "Jeanne", "12/03/1960", "2600335123456", "06 12 34 56 78", "35000 Rennes", "180412-0042", "12/04/2018"]


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("1960-03-12", {"19600312"}), ("1960-03-12T00:00:00", {"19600312"}), ("12/03/1960", {"19600312"}),
        ("12.3.1960", {"19600312"}), ("19600312", {"19600312"}), ("12031960", {"19600312"}),
        ("12/03/60", {"19600312"}), ("12/03/08", {"19080312", "20080312"}), ("12 mars 1960", {"19600312"}),
        ("1er août 1960", {"19600801"}), ("12-MAR-1960", {"19600312"}), ("31/02/1960", {"196002", "1960"}),
        ("00/00/1960", {"1960"}), ("20111210", {"20111210"}), ("99999999", set()), ("Rennes", set()), ("12", set()),
    ],
)  # fmt: skip
def test_dates_are_read_in_every_form(cell: str, read: set[str]) -> None:
    assert set(days(cell)) == read


def test_column_order_says_nothing() -> None:
    forwards, backwards = candidates(readings(LINE)), candidates(readings(LINE[::-1]))
    assert {kind: set(held) for kind, held in forwards.items()} == {kind: set(held) for kind, held in backwards.items()}


def test_each_kind_is_among_the_candidates() -> None:
    made = candidates(readings(LINE))
    assert made[Kind.NIR] == (("2600335123456",),)
    assert ("ROUX", "19600312") in made[Kind.FAMILY_BIRTH]
    assert ("JEANN", "19600312", "35000") in made[Kind.GIVEN_BIRTH_POSTCODE]
    assert ("ROUX", "JEANN", "35000") in made[Kind.NAME_POSTCODE]
    assert made[Kind.PHONE] == (("612345678",),)
    assert ("1804120042", "20180412") in made[Kind.REQUEST_DAY]
    assert ("ROUX", "JEANN", "19600312") in with_given(readings(LINE), ("ROUX", "19600312"))


@pytest.mark.parametrize("cell", ["ROUX Jeanne", "Jeanne ROUX", "Mme ROUX JEANNE", "ROUX^JEANNE", "Madame Jeanne Roux"])
def test_one_cell_may_hold_both_names(cell: str) -> None:
    assert ("ROUX", "JEANN") in readings([cell, "12/03/1960"]).pairs


def test_what_stands_within_a_comment_is_found() -> None:
    found = readings(["vue le 12/04/2018, NIR 2 60 03 35 123 456, tel 06.12.34.56.78, j.roux@example.org"])
    assert found.nirs == ("2600335123456",)
    assert found.phones == ("612345678",)
    assert found.emails == ("j.roux@example.org",)
    assert found.days == ("20180412",)


def test_a_glued_particle_is_taken_off_too() -> None:
    assert {"DELATOUR", "TOUR"} <= set(readings(["DELATOUR"]).families)
    assert {"LEFEVRE", "FEVRE"} <= set(readings(["Le Fèvre"]).families)


def test_canaries_are_looked_for_within_cells() -> None:
    found = readings(["123456789012345678" + "7", "Vu avec BABEBIBOBUBABEBIBOBU"])
    assert found.markers == ("123456789012345678", "BABEBIBOBUBABEBIBOBU")


def test_a_line_of_rubbish_stays_bounded() -> None:
    """However wide a line: what is asked for it stays below a few thousand tuples."""
    line = [f"{word} {word[::-1]}" for word in ("ROUX", "BLANC", "VERT") for _ in range(60)]
    line += ["12/03/1960", "20180412"] * 40 + [str(10**8 + n) for n in range(100)]
    assert sum(map(len, candidates(readings(line)).values())) < 3_000


@pytest.mark.parametrize(("wrong", "right"), [("ROUY", "ROUX"), ("ORUX", "ROUX"), ("ROUXX", "ROUX"), ("ROX", "ROUX")])
def test_slips_of_a_name(wrong: str, right: str) -> None:
    assert right in of_name(wrong)
    assert wrong not in of_name(wrong)
    assert len(of_name("MARCHAND")) < 500


@pytest.mark.parametrize(("wrong", "right"), [("19600313", "19600312"), ("19600132", ""), ("19601203", "19600312")])
def test_slips_of_a_day(wrong: str, right: str) -> None:
    assert not right or right in of_day(wrong)
    assert all(len(each) == len(wrong) for each in of_day(wrong))
    assert of_day("1960") == ()


def test_slips_of_a_nir_are_told_by_its_key() -> None:
    body = "2600335123456"
    wrong = "2600335123956" + nir_key(body)
    assert body in of_nir(wrong)
    assert len(of_nir(wrong)) < 10
    assert of_nir(body + nir_key(body)) == ()
