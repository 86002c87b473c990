"""R17, R19 on a whole laboratory: who left is counted and listed, nobody else is, and no value is ever shown."""

import contextlib
import csv
import datetime as dt
import io
import json
import sqlite3
import stat
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from ecluse.adapters.leaks import MAX_LINES
from ecluse.domain.affected import SMALL, Affected
from ecluse.domain.leaked import MAX_CELLS
from ecluse.seal.sealing import Identity, open_sealed
from ecluse.wire.artefacts import decode
from migrating import Desk, Done, holding
from migrating_engines import move_source
from servers import MariadbServer, PostgresqlServer

PATIENTS = 120
LIST = "affected.age"
FLAGGED = ("--flagged", "military=military.keyed", "--flagged-key", "keys/flagged")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk.made(tmp_path_factory.mktemp("affected") / "desk", patients=PATIENTS, trace=True)
    desk.ecluse("key", "new", "exclusion", "keys/flagged")
    numbers = [*sorted(persons(desk))[:7], "999999"]  # seven of the order's, and one of nobody's
    desk.path("military.txt").write_text("\n".join(numbers))
    desk.ecluse("order", "exclude-persons", "military.txt", "--key", "keys/flagged", "--out", "military.keyed")
    desk.path("military.txt").unlink()
    return desk


@pytest.fixture
def desk(lab: Desk, tmp_path: Path) -> Desk:
    return lab.copy(tmp_path / "desk")


def persons(desk: Desk) -> set[str]:
    """Everybody of the order, by the generator's own account."""
    return {str(row["patient"]) for row in desk.built.expected["request"].values()}


def affected(desk: Desk, *more: str, code: int = 0, order: str = "order.json") -> Done:
    return desk.ecluse(
        "affected", order, "--agreement", "agreement.json", "--profile", desk.source[1], "--source", desk.source[0],
        "--persons", "persons.keyed", "--exclusion-key", "keys/exclusion", *more, code=code,
    )  # fmt: skip


def numbers(done: Done) -> dict[tuple[str, str], tuple[int, int]]:
    """An answer's cells: least and most."""
    answer = done.json()
    cells = {(c["by"], c["name"]): (c["persons"]["at_least"], c["persons"]["at_most"]) for c in answer["cells"]}
    return cells | {("", ""): (answer["persons"]["at_least"], answer["persons"]["at_most"])}


def opened(desk: Desk, name: str = LIST, key: str = "trace") -> list[dict[str, str]]:
    clear = open_sealed(desk.path(name).read_bytes(), Identity.load(desk.path("keys", f"{key}.age")))
    return list(csv.DictReader(io.StringIO(clear.decode("utf-8-sig"), newline="")))


def old(desk: Desk, sql: str) -> list[Sequence[object]]:
    with contextlib.closing(sqlite3.connect(desk.path("legacy.sqlite"))) as legacy, legacy:
        return legacy.execute(sql).fetchall()


def values(desk: Desk) -> set[str]:
    """What stands in the old LIS of a person, and is long enough to be told from other words."""
    rows = old(desk, "SELECT NOM, NOM_JF, NUM_SS, ADRESSE, TEL, COURRIEL, DATE_NAISS FROM PATIENTS")
    found = {str(value) for row in rows for value in row if value}
    return {text for text in found if len(text) > 5}


def test_the_numbers_are_the_generators(desk: Desk) -> None:
    found, rows = numbers(affected(desk, "--json", *FLAGGED)), desk.built.expected
    whole = len(persons(desk))
    assert found["", ""] == (whole, whole)
    years = {year: {str(r["patient"]) for r in rows["request"].values() if str(r["registered_on"])[:4] == year}
             for year in ("2018", "2019")}  # fmt: skip
    for year, people in years.items():
        assert found["year", year] == (len(people), len(people))
    with_nir = {key for key, row in rows["patient"].items() if (row["nir"] or "").strip()}
    low, high = found["class", "national_identifier"]
    assert low <= len(with_nir) <= high
    assert found["flag", "military"] == (7, 7)
    assert found["category", "hiv"] == found["category", "genetics"] == (0, 0)


def test_everybody_of_the_order_is_listed_and_nobody_else(desk: Desk) -> None:
    affected(desk, "--list", LIST, *FLAGGED)
    rows = opened(desk)
    keys = [row["patient number in the source"] for row in rows]
    assert sorted(keys) == sorted(persons(desk))
    excluded = {str(number) for number, in old(desk, "SELECT NUMPAT FROM PATIENTS")} - set(keys)
    assert excluded
    assert sum("military" in row["flagged group"] for row in rows) == 7
    for row in rows:
        ((name, street),) = old(
            desk, f"SELECT NOM, ADRESSE FROM PATIENTS WHERE NUMPAT = {row['patient number in the source']}"
        )
        assert row["name in use"] == (name or "")
        assert row["street address"] == (street or "")  # not ordered: the letter needs it
        assert "contact" not in row["class of data that left"]


def test_the_list_is_for_its_reader_alone(desk: Desk) -> None:
    assert "age -d -i" in affected(desk, "--list", LIST).out
    assert stat.S_IMODE(desk.path(LIST).stat().st_mode) == 0o600
    assert not list(desk.root.glob("*.part"))
    stock = ["age", "-d", "-i", "keys/trace.age", LIST]
    assert subprocess.run(stock, cwd=desk.root, capture_output=True, check=True).stdout.startswith(b"\xef\xbb\xbf")
    stock[3] = "keys/kalisil.age"
    assert subprocess.run(stock, cwd=desk.root, capture_output=True, check=False).returncode != 0


def test_a_signer_of_the_controllers_may_be_named(desk: Desk) -> None:
    affected(desk, "--list", LIST, "--to", "dr.martin", "--out", "record.json")
    sealed = decode(Affected, desk.path("record.json").read_bytes()).sealed_list
    said = subprocess.run(["ssh-keygen", "-lf", "keys/dr.martin.pub"], cwd=desk.root, capture_output=True, check=True)
    assert sealed is not None
    assert sealed.recipient == said.stdout.decode().split()[1]
    stock = ["age", "-d", "-i", "keys/dr.martin", LIST]
    clear = subprocess.run(stock, cwd=desk.root, capture_output=True, check=True).stdout
    assert clear.count(b"\r\n") == 1 + len(persons(desk))


@pytest.mark.parametrize("to", ["a.petit", "agent-source", "nobody", "kalisil", "trace"])
def test_nobody_elses_key_is_taken(desk: Desk, to: str) -> None:
    known = desk.path("keys", f"{to}.age").exists() and to == "kalisil"
    done = affected(desk, "--list", LIST, "--to", desk.recipient(to) if known else to, code=22)
    assert "sealed to the controller alone" in done.err
    assert not desk.path(LIST).exists()


def test_an_order_without_a_key_needs_one_named(desk: Desk) -> None:
    desk.sign_order(lambda order: {name: value for name, value in order.items() if name != "trace"})
    assert "trace.recipient" in affected(desk, "--list", LIST, code=2).err
    affected(desk, "--list", LIST, "--to", "dr.martin")


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_no_value_is_shown_or_written_in_the_clear(desk: Desk, lang: str) -> None:
    held = values(desk)
    leak(desk, 40)
    before = {path: path.read_bytes() for path in desk.root.rglob("*") if path.is_file()}
    said = ""
    for more in ((), ("--json",), ("--sample", "leak.csv")):
        name = f"{len(said)}"
        done = affected(desk, "--lang", lang, "--list", f"{name}.age", "--out", f"{name}.json", *more)
        said += done.out + done.err
    made = [path for path in desk.root.rglob("*") if path.is_file() and path not in before]
    assert len(made) == 6
    written = [path.read_bytes().decode("latin-1") for path in made]
    assert not [value for value in held if any(value in text for text in (said, *written))]
    assert all(path.read_bytes() == data for path, data in before.items())
    assert not holding(b"HORS-ORDRE", desk.root, but=("legacy.sqlite",))


def test_the_record_hides_small_numbers_and_reads_back(desk: Desk) -> None:
    leak(desk, 3)
    affected(desk, "--sample", "leak.csv", "--out", "record.json", *FLAGGED)
    record = decode(Affected, desk.path("record.json").read_bytes())
    assert (record.persons.at_least, record.persons.at_most) == (1, SMALL - 1)
    assert all(cell.persons.at_most in {0, SMALL - 1} for cell in record.cells)
    assert record.sample is not None
    assert record.sample.lines == 3
    assert (record.sample.explained.at_least, record.sample.explained.at_most) == (1, SMALL - 1)
    assert json.loads(desk.path("record.json").read_bytes())["format"] == "ecluse.affected/1"


def leak(desk: Desk, lines: int, *more: str) -> set[str]:
    """A leaked file of so many whole persons of the order; returns who they are."""
    rows = old(desk, "SELECT NUMPAT, NOM, PRENOM, DATE_NAISS, NUM_SS FROM PATIENTS WHERE length(DATE_NAISS) = 10 "
                     "AND DATE_NAISS NOT LIKE '00/%' AND NOM <> '' AND PRENOM <> ''")  # fmt: skip
    left = [row for row in rows if str(row[0]) in persons(desk)]
    alone = [row for row in left if sum(row[1:4] == other[1:4] for other in rows) == 1][:lines]
    assert len(alone) == lines
    text = ["".join(f"{cell};" for cell in row[1:]) for row in alone]
    desk.path("leak.csv").write_text("\n".join([*text, *more]), encoding="utf-8")
    return {str(row[0]) for row in alone}


def test_those_of_a_sample_are_counted_and_listed_alone(desk: Desk) -> None:
    mine = leak(desk, 30, "DE NULLEPART;Zoé;01/02/1903;;", "rien")
    done = affected(desk, "--json", "--sample", "leak.csv", "--list", LIST)
    assert {row["patient number in the source"] for row in opened(desk)} == mine
    sample = done.json()["sample"]
    shown = {each["name"]: each["lines"] for each in sample.pop("classes")}
    none = {"at_least": 0, "at_most": 0}
    nearly = {"at_least": 28, "at_most": 31}  # 2 of 32 are nobody's: too few to be told
    assert sample == {"lines": 32, "explained": nearly, "several": none, "doubtful": none, "more": False,
                      "cut": 0}  # fmt: skip
    assert shown["identity"] == {"at_least": 24, "at_most": 31}  # of a number that is not told itself
    assert shown["national_identifier"]["at_least"] > 20
    assert "examination" not in shown
    told = affected(desk, "--sample", "leak.csv").out.splitlines()
    assert [line.split()[-1] for line in told if "with a person" in line or "nobody explains" in line] == ["30", "2"]


def test_who_stands_after_any_number_of_lines_gets_a_letter(desk: Desk) -> None:
    mine = leak(desk, 10)
    text = desk.path("leak.csv").read_text(encoding="utf-8")
    desk.path("leak.csv").write_text("rien\n" * (MAX_LINES + 1) + text, encoding="utf-8")
    done = affected(desk, "--json", "--sample", "leak.csv", "--list", LIST)
    assert done.json()["sample"]["lines"] == MAX_LINES + 1 + 10
    assert done.json()["sample"]["more"] is False
    assert {row["patient number in the source"] for row in opened(desk)} == mine


@pytest.mark.parametrize(("lang", "says"), [("en", "The file goes on"), ("fr", "Le fichier continue")])
def test_a_file_that_goes_on_is_said_and_not_listed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, lang: str, says: str
) -> None:
    leak(desk, 10)
    base = ("--lang", lang, "--sample", "leak.csv")
    assert says not in affected(desk, *base).out
    monkeypatch.setattr("ecluse.cli.affected.ALL_LINES", 9)
    assert says in affected(desk, *base, "--out", "record.json").out
    sample = decode(Affected, desk.path("record.json").read_bytes()).sample
    assert sample is not None
    assert sample.more
    assert sample.lines == 9
    assert affected(desk, *base, "--json").json()["sample"]["more"] is True
    refused = affected(desk, *base, "--list", LIST, code=2)
    assert {"en": "would get no letter", "fr": "n'aurait pas de lettre"}[lang] in refused.err
    assert not desk.path(LIST).exists()


@pytest.mark.parametrize(("lang", "says"), [("en", "too long to be read whole"), ("fr", "lues en entier")])
def test_lines_cut_are_said(desk: Desk, lang: str, says: str) -> None:
    """Who stands after the last cell that is read is missing, and the answer says that persons may be."""
    leak(desk, 10)
    base = ("--lang", lang, "--sample", "leak.csv")
    assert says not in affected(desk, *base).out
    rows = desk.path("leak.csv").read_text(encoding="utf-8").split("\n")
    desk.path("leak.csv").write_text("\n".join([*rows[1:], "x;" * MAX_CELLS + rows[0]]), encoding="utf-8")
    done = affected(desk, *base, "--out", "record.json")
    assert f"{says}{' :' if lang == 'fr' else ':'} 1" in " ".join(done.out.split())
    assert {"en": "is on no list", "fr": "n'est sur aucune liste"}[lang] in " ".join(done.out.split())
    sample = decode(Affected, desk.path("record.json").read_bytes()).sample
    assert sample is not None
    assert sample.cut == 1
    assert affected(desk, *base, "--json").json()["persons"] == {"at_least": 9, "at_most": 9}


def test_a_sample_of_strangers_is_nobodys(desk: Desk) -> None:
    desk.path("leak.csv").write_text("DE NULLEPART;Zoé;01/02/1903\n", encoding="utf-8")
    done = affected(desk, "--sample", "leak.csv", "--list", LIST, code=25)
    assert "nobody of this order" in done.err
    assert not desk.path(LIST).exists()


def test_a_sample_of_the_excluded_is_nobodys(desk: Desk) -> None:
    outside = [row for row in old(desk, "SELECT NUMPAT, NOM, PRENOM, DATE_NAISS FROM PATIENTS WHERE NOM <> ''")
               if str(row[0]) not in persons(desk)]  # fmt: skip
    namesakes = set(old(desk, "SELECT NOM, PRENOM, DATE_NAISS FROM PATIENTS WHERE NUMPAT IN "
                              f"({','.join(sorted(persons(desk)))})"))  # fmt: skip
    lines = [row[1:] for row in outside if tuple(row[1:]) not in namesakes and str(row[3]).count("/") == 2]
    assert len(lines) > 10
    desk.path("leak.csv").write_text("\n".join(";".join(map(str, row)) for row in lines), encoding="utf-8")
    assert affected(desk, "--json", "--sample", "leak.csv", code=25).json()["sample"]["explained"]["at_most"] == 0


def test_a_flipped_signature_is_refused(desk: Desk) -> None:
    (signature,) = desk.root.glob("order.json.*.sig")
    lines = signature.read_text().splitlines()
    place = len(lines) - 3
    lines[place] = lines[place][:-1] + ("A" if lines[place][-1] != "A" else "B")
    signature.write_text("\n".join(lines) + "\n")
    assert affected(desk, code=14).out == ""


def test_another_agreements_order_is_refused(desk: Desk) -> None:
    text = desk.path("order.json").read_text()
    desk.path("other.json").write_text(text.replace("RENNES-CENTRE", "RENNES-CENTRF"))
    (signature,) = desk.root.glob("order.json.*.sig")
    desk.path(signature.name.replace("order", "other")).write_bytes(signature.read_bytes())
    affected(desk, code=14, order="other.json")


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (("--flagged", "military=military.keyed"), 2, "--flagged-key"),
        (("--flagged", "military.keyed", "--flagged-key", "keys/flagged"), 2, "LABEL=FILE"),
        (("--flagged", "a b=military.keyed", "--flagged-key", "keys/flagged"), 2, "LABEL=FILE"),
        (("--flagged", "m=military.keyed", "--flagged-key", "keys/exclusion"), 12, "military.keyed: the key is not"),
        (("--to", "dr.martin"), 2, "--to needs --list"),
        (("--list", "order.json"), 2, "exists already"),
        (("--out", "nowhere/affected.json"), 2, "does not exist"),
        (("--sample", "nowhere.csv"), 10, "no readable file"),
    ],
)
def test_what_is_refused(desk: Desk, more: tuple[str, ...], code: int, says: str) -> None:
    done = affected(desk, *more, code=code)
    assert says in done.err
    assert done.out == ""


def test_the_orders_own_list_of_persons_is_asked_for(desk: Desk) -> None:
    base = ("affected", "order.json", "--agreement", "agreement.json", "--profile", "demo-dxlab",
            "--source", "legacy.sqlite")  # fmt: skip
    assert "their list was not given" in desk.ecluse(*base, code=12).err
    assert "--exclusion-key" in desk.ecluse(*base, "--persons", "persons.keyed", code=2).err
    wrong = (*base, "--persons", "military.keyed", "--exclusion-key", "keys/flagged")
    assert "not the one that was ordered" in desk.ecluse(*wrong, code=12).err


def test_the_papers_of_an_evidence_bundle_will_do(desk: Desk) -> None:
    """Years later nothing else is left of the migration."""
    whole = affected(desk, "--json").json()
    desk.plan()
    desk.ecluse("evidence", "export", "migration", "--out", "evidence.zip")
    with zipfile.ZipFile(desk.path("evidence.zip")) as bundle:
        bundle.extractall(desk.path("bundle"))
    for name in ("order.json", "agreement.json"):
        for path in desk.root.glob(f"{name}*"):
            path.unlink()
    order, agreement = (
        next(desk.path("bundle", "source", "artefacts", kind).glob("*.json")) for kind in ("order", "agreement")
    )
    base = ("affected", str(order), "--agreement", str(agreement), "--profile", "demo-dxlab", "--source",
            "legacy.sqlite", "--persons", "persons.keyed", "--exclusion-key", "keys/exclusion", "--json")  # fmt: skip
    again = desk.ecluse(*base).json()
    assert again | {"counted_at": ""} == whole | {"counted_at": ""}
    for signature in order.parent.glob("*.sig"):
        signature.unlink()
    desk.ecluse(*base, code=14)


def test_an_order_is_as_good_as_on_its_last_day(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A leak is seen years after the agreement has ended."""

    class Later(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> "Later":
            return cls(2090, 1, 2, 3, 4, 5, tzinfo=tz)

    for module in ("affected", "_order_files"):
        monkeypatch.setattr(f"ecluse.cli.{module}.dt", SimpleNamespace(datetime=Later, UTC=dt.UTC))
    answer = affected(desk, "--json")
    assert answer.json()["counted_at"] == "2090-01-02T03:04:05Z"
    assert numbers(answer)["fact", "minor"] == (0, 0)
    desk.ecluse("order", "check", "order.json", "--agreement", "agreement.json", code=11)


def test_cells_of_a_list_are_no_formulas(desk: Desk) -> None:
    key = min(persons(desk))
    old(desk, f"UPDATE PATIENTS SET NOM = '=2+5', ADRESSE = ' @SUM(A1)', VILLE = 'a;\"b\"' || char(10) || 'c', "
              f"TEL = '+33 1' WHERE NUMPAT = {key}")  # fmt: skip
    affected(desk, "--list", LIST)
    (row,) = [row for row in opened(desk) if row["patient number in the source"] == key]
    assert (row["name in use"], row["street address"], row["telephone"]) == ("'=2+5", "' @SUM(A1)", "'+33 1")
    assert row["city"] == 'a;"b"\nc'


def test_a_person_whose_record_is_gone_is_counted_and_listed(desk: Desk) -> None:
    key = min(persons(desk))
    old(desk, f"DELETE FROM PATIENTS WHERE NUMPAT = {key}")
    done = affected(desk, "--list", LIST)
    assert f"{len(persons(desk))}" in done.out
    assert "no record in the source any more" in done.out
    rows = opened(desk)
    assert {row["patient number in the source"] for row in rows} == persons(desk)
    (row,) = [row for row in rows if row["patient number in the source"] == key]
    assert row["name in use"] == ""
    assert "examination" in row["class of data that left"]


@pytest.mark.parametrize("engine", ["postgresql", "mysql", "csv"])
def test_other_sources_give_the_same_numbers(
    desk: Desk, engine: str, request: pytest.FixtureRequest, postgresql: PostgresqlServer, mariadb: MariadbServer
) -> None:
    leak(desk, 20)
    first = [numbers(affected(desk, "--json", *FLAGGED)), numbers(affected(desk, "--json", "--sample", "leak.csv"))]
    server = {"postgresql": postgresql, "mysql": mariadb, "csv": None}[engine]
    database = move_source(desk, engine, server)
    there = Desk(desk.root, desk.built, (database.url if database else "csv", "source.yaml"))
    again = [numbers(affected(there, "--json", *FLAGGED)), numbers(affected(there, "--json", "--sample", "leak.csv"))]
    assert again == first
    affected(there, "--list", LIST)
    assert {row["patient number in the source"] for row in opened(desk)} == persons(desk)


