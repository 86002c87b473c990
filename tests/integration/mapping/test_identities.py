"""Doubtful identities: found folded, told by source key alone, and merges followed to their end."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from demo.legacy_lis import build

from ecluse.adapters.sources.opening import open_source
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import ProfileError
from ecluse.domain.profile import Engine, SourceProfile
from ecluse.migration.identities import IdentityReport, Kind, identities
from ecluse.wire import documents
from functional.cli.world import Desk

DEMO = Path(__file__).parents[3] / "src" / "ecluse" / "profiles" / "demo-dxlab.yaml"
PROFILE = """
format: ecluse.source-profile/1
profile: small
system: small
engine: sqlite
entities:
  request:
    select: SELECT id AS source_id, day AS registered_on, site AS site FROM req
    scope: {dates: {registered_on: date}, site: site}
  patient:
    select: >
      SELECT id AS source_id, name AS family_name, born_as AS birth_name, given AS given_names, born AS birth_date,
      sex AS sex, nir AS nir, into_ AS merged_into FROM pat
"""
BASE = ("Martin", None, "Zoé", "1980-05-01", "female", None, None)
FIELDS = ("name", "born_as", "given", "born", "sex", "nir", "into_")
NIR = "2800535001001"


def person(key: str, **changes: str | None) -> tuple[str | None, ...]:
    return (key, *(changes.get(name, value) for name, value in zip(FIELDS, BASE, strict=True)))


def report(tmp_path: Path, *rows: tuple[str | None, ...], text: str = PROFILE) -> IdentityReport:
    with closing(sqlite3.connect(tmp_path / "p.sqlite")) as base, base:
        base.execute("CREATE TABLE req (id TEXT, day TEXT, site TEXT)")
        base.execute(
            "CREATE TABLE pat (id TEXT, name TEXT, born_as TEXT, given TEXT, born TEXT, sex TEXT, nir TEXT, into_ TEXT)"
        )
        base.executemany("INSERT INTO pat VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    profile = documents.parse(text.encode()).to(SourceProfile)
    with closing(open_source(SourceSpec(Engine.SQLITE, f"sqlite://{tmp_path / 'p.sqlite'}"))) as source:
        return identities(profile, source)


def found(told: IdentityReport) -> set[tuple[str, tuple[str, ...]]]:
    return {(str(group.kind), group.keys) for group in told.groups}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "Lefèvre-Müller"}, {"name": "LEFEVRE MULLER"}),
        ({"name": "Cœur"}, {"name": "COEUR"}),
        ({"name": "D'Aubigné"}, {"name": "D AUBIGNE"}),
        ({"given": "Zoé, Marie"}, {"given": "ZOE"}),
        ({"name": "Durand", "born_as": "Martin"}, {"name": "Leroy", "born_as": "MARTIN"}),
    ],
)
def test_one_person_twice(tmp_path: Path, one: dict[str, str], other: dict[str, str]) -> None:
    assert found(report(tmp_path, person("A", **one), person("B", **other))) == {("duplicate", ("A", "B"))}


@pytest.mark.parametrize(
    "other",
    [{"given": "Léa"}, {"born": "1980-05-02"}, {"sex": "male"}, {"name": "Martine"}, {"born": "1980"}, {"born": None},
     {"given": None}, {"name": "?"}],
)  # fmt: skip
def test_two_persons_stay_two(tmp_path: Path, other: dict[str, str | None]) -> None:
    assert found(report(tmp_path, person("A"), person("B", **other))) == set()


def test_the_same_through_two_names_is_one_group(tmp_path: Path) -> None:
    told = report(
        tmp_path,
        person("A", name="Durand", born_as="Petit"),
        person("B", name="Durand"),
        person("C", name="X", born_as="Petit"),
    )
    assert found(told) == {("duplicate", ("A", "B", "C"))}


def test_an_insured_person_s_number_is_told_from_a_person_s(tmp_path: Path) -> None:
    told = report(
        tmp_path,
        person("A", nir=NIR), person("B", name="Martin-Roy", nir=f"{NIR[:1]} {NIR[1:]} 42"),
        person("C", nir="1" * 13), person("D", given="Léo", born="2015-01-01", nir="1" * 13),
        person("E", given="Ida", nir="123"), person("F", given="Ugo", nir="123"),
    )  # fmt: skip
    assert {each for each in found(told) if each[0].startswith("nir")} == {
        ("nir_of_one", ("A", "B")), ("nir_of_many", ("C", "D")),
    }  # fmt: skip


def test_merges_are_followed_to_their_end(tmp_path: Path) -> None:
    links = {
        "A": "B",
        "B": "C",
        "C": "D",
        "P": "Q",
        "X": "Y",
        "Y": "Z",
        "Z": "X",
        "T": "X",
        "S": "S",
        "N": "GONE",
        "M": "N",
    }
    keys = sorted({*links, *links.values()} - {"GONE"})
    rows = [person(key, given=f"Prénom{chr(65 + n)}{key}", into_=links.get(key)) for n, key in enumerate(keys)]
    told = report(tmp_path, *rows)
    assert found(told) == {
        ("merge_chain", ("A", "B", "C", "D")), ("merge_cycle", ("X", "Y", "Z")), ("merge_cycle", ("S",)),
        ("merge_nowhere", ("N", "GONE")), ("merge_nowhere", ("M", "N", "GONE")), ("merge_chain", ("M", "N", "GONE")),
    }  # fmt: skip
    assert told.patients == len(keys)


def test_what_the_source_has_merged_is_told_apart(tmp_path: Path) -> None:
    assert found(report(tmp_path, person("A", into_="B"), person("B"))) == {("merged_duplicate", ("A", "B"))}


def test_records_that_cannot_be_compared_are_counted(tmp_path: Path) -> None:
    told = report(tmp_path, person("A"), person("B", given=None), person("C", born="1980-05"), person("D", name=" "))
    assert (told.patients, told.untold) == (4, 3)


def test_nothing_but_keys_is_told(tmp_path: Path) -> None:
    rows = [person(str(n), name="ZQXNAME", given="Zqxgiven", nir=NIR) for n in range(3)]
    told = repr(report(tmp_path, *rows)).upper()
    assert not [secret for secret in ("ZQXNAME", "ZQXGIVEN", NIR, "1980") if secret in told]


def test_a_profile_without_patients(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="no patients"):
        report(tmp_path, text=PROFILE.partition("  patient:")[0])


def test_the_demo_system_s_dirt_and_no_name_on_the_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(tmp_path / "lis.sqlite", patients=300, seed=3)
    with closing(sqlite3.connect(tmp_path / "lis.sqlite")) as base:
        names = {name for (name,) in base.execute("SELECT NOM FROM PATIENTS WHERE LENGTH(NOM) > 3")}
        [total] = base.execute("SELECT COUNT(*) FROM PATIENTS").fetchone()
    desk = Desk(tmp_path, capsys)
    line = f"source identities --profile demo-dxlab --source {tmp_path / 'lis.sqlite'}"
    told = desk.run(f"{line} --json").json()
    assert told["patients"] == total
    assert (told["counts"][Kind.MERGE_CYCLE], told["counts"][Kind.MERGE_CHAIN]) == (1, 1)
    assert told["counts"][Kind.NIR_OF_MANY] > 0
    for language in ("en", "fr"):
        shown = desk.run(f"{line} --lang {language} --limit 3")
        assert not [name for name in names if name in shown.out + shown.err]
        assert "→" in shown.out
