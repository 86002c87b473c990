"""``ecluse trace``: a leak of any layout is traced by the controller alone, in both languages, and leaves no copy."""

import datetime as dt
import io
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from bench.persons import FULL, Persons, leaked, persons
from bench.trace import HEADER, drawn_rows, key_of

from ecluse.cli import _overdue
from ecluse.migration.canary import markers
from ecluse.migration.trace_filter import write_filter
from ecluse.migration.tracing import canary_fingerprints, fingerprints
from ecluse.seal.armour import armoured
from ecluse.seal.sealing import Identity, seal
from functional.cli.world import Desk
from migrating import holding

LABS = 2


@pytest.fixture(scope="module")
def labs() -> list[Persons]:
    return [persons(1_500, 30 + place, 35 + place) for place in range(LABS)]


@pytest.fixture(scope="module")
def made(labs: list[Persons]) -> tuple[Identity, list[bytes]]:
    """An identity, and two exports' files sealed to it; every batch of theirs has canaries."""
    identity = Identity.generate()
    return identity, [_file(lab, place, identity) for place, lab in enumerate(labs)]


def _file(lab: Persons, place: int, identity: Identity, **changes: Any) -> bytes:
    key = key_of(place)
    own = (fingerprints(lab.table, "patient", key), fingerprints(lab.requests, "request", key))
    header = replace(
        HEADER, order=f"BIO-2026-{place:04d}", persons=1_500, keep_until=dt.date(2090, 1, 1),
        sealed_key=armoured(seal(key, [identity.recipient])),
    )  # fmt: skip
    planted = canary_fingerprints(b"%032d" % place, ["patient-1", "request-1"], 3, key)
    return write_filter(np.concatenate(own), replace(header, **changes), planted)


@pytest.fixture
def place(desk: Desk, made: tuple[Identity, list[bytes]]) -> Desk:
    identity, files = made
    identity.save(Path("controller.key"))
    Path("traces/sub").mkdir(parents=True)
    Path("traces/a.trace").write_bytes(files[0])
    Path("traces/sub/b.trace").write_bytes(files[1])
    return desk


def sample(lab: Persons, lines: int, seed: int = 1) -> list[tuple[str, ...]]:
    drawn = random.Random(seed)
    return leaked(drawn, drawn_rows(drawn, lab, lines), FULL, 0.1)


def written(rows: list[tuple[str, ...]], form: str) -> Path:
    path = Path(f"sample.{form}")
    if form == "xlsx":
        book, data = openpyxl.Workbook(), io.BytesIO()
        for row in rows:
            book.active.append(list(row))
        book.save(data)
        path.write_bytes(data.getvalue())
    elif form == "json":
        path.write_text(json.dumps([dict(enumerate(row)) for row in rows]))
    elif form == "sql":
        values = ",\n".join("(" + ",".join("'" + cell.replace("'", "''") + "'" for cell in row) + ")" for row in rows)
        path.write_text(f"INSERT INTO t VALUES {values};\n")
    else:
        path.write_bytes("".join(";".join(row) + "\r\n" for row in rows).encode("cp850", "replace"))
    return path


RUN = "trace sample.{} --exports traces -i controller.key"


@pytest.mark.parametrize("form", ["csv", "xlsx", "sql", "json"])
def test_56_lines_are_traced_whatever_the_file(place: Desk, labs: list[Persons], form: str) -> None:
    written(sample(labs[1], 56), form)
    answer = place.run(f"{RUN.format(form)} --json").json()
    assert answer["verdict"] == "found"
    assert [each["order"] for each in answer["exports"] if each["attributed"]] == ["BIO-2026-0001"]
    assert answer["exports"][0]["file"] == "traces/sub/b.trace"
    assert answer["exports"][0]["lines_known"] > 50
    assert answer["exports_asked"] == LABS


@pytest.mark.parametrize(("language", "word"), [("en", "FOUND: it comes from"), ("fr", "TROUVÉ : il vient de")])
def test_it_answers_in_both_languages_without_a_value(
    place: Desk, labs: list[Persons], language: str, word: str
) -> None:
    rows = sample(labs[0], 56)
    written([("titre", "ligne"), *rows], "csv")
    told = place.run(f"{RUN.format('csv')} --lines --lang {language}")
    assert word in told.out
    assert "BIO-2026-0000" in told.out
    assert not any(cell in told.out + told.err for row in rows for cell in row if len(cell) > 6)


def test_lines_are_told_by_number(place: Desk, labs: list[Persons]) -> None:
    stranger = persons(50, 99, 29)
    written([*sample(labs[0], 20), *sample(stranger, 2), ("rien",)], "csv")
    answer = place.run(f"{RUN.format('csv')} --lines --json").json()
    assert {each["line"] for each in answer["unknown"]} >= {21, 22}
    assert answer["without_marks"] == [{"line": 23}]
    assert {each["line"] for each in answer["exports"][0]["known"]} <= set(range(1, 21))


def test_lines_of_a_workbook_are_told_by_sheet_and_row(place: Desk, labs: list[Persons]) -> None:
    book = openpyxl.Workbook()
    hidden = book.create_sheet("ZQXNEEDLE")
    hidden.sheet_state = "hidden"
    for at, row in enumerate(sample(labs[0], 20), 11):
        for column, cell in enumerate(row, 2):
            hidden.cell(at, column, cell)
    hidden.cell(40, 1, "rien")
    book.save("sample.xlsx")
    answer = place.run(f"{RUN.format('xlsx')} --lines --json").json()
    assert answer["without_marks"] == [{"sheet": 2, "line": 40}]
    known = {(each["sheet"], each["line"]) for each in answer["exports"][0]["known"]}
    assert known <= {(2, row) for row in range(11, 31)}
    assert len(known) > 15
    told = place.run(f"{RUN.format('xlsx')} --lines").out
    assert "hidden ones too" in told
    assert "nothing to compare: 1 (40 of sheet 2)" in told
    assert "(40 de la feuille 2)" in place.run(f"{RUN.format('xlsx')} --lines --lang fr").out
    assert "ZQX" not in told


def test_a_strangers_sample_is_untraced(place: Desk) -> None:
    written(sample(persons(80, 77, 29), 56), "csv")
    told = place.run(RUN.format("csv"), code=25)
    assert "none of the exports" in told.err
    assert place.run(f"{RUN.format('csv')} --json", code=25).json()["verdict"] == "not found"


def test_one_line_points_and_no_more(place: Desk, labs: list[Persons]) -> None:
    written(leaked(random.Random(1), [labs[0].row(5)], FULL, 0.0), "csv")
    assert place.run(f"{RUN.format('csv')} --json", code=26).json()["verdict"] == "doubtful"


def test_one_canary_is_enough(place: Desk) -> None:
    marker = markers(b"%032d" % 1, ["request-1"], 3)[0].decode()
    written([("Roux", f"{marker}3")], "csv")
    answer = place.run(f"{RUN.format('csv')} --json").json()
    assert answer["exports"][0]["canaries"] == [{"line": 1, "parcel": "request-1"}]
    assert answer["exports"][0]["order"] == "BIO-2026-0001"
    assert "canary of parcel request-1" in place.run(RUN.format("csv")).out


def test_another_identity_opens_nothing(place: Desk, labs: list[Persons]) -> None:
    Identity.generate().save(Path("other.key"))
    written(sample(labs[0], 5), "csv")
    told = place.run("trace sample.csv --exports traces -i other.key", code=17)
    assert "sealed to this identity" in told.err


def test_others_files_are_left_alone_and_told(place: Desk, labs: list[Persons]) -> None:
    Path("traces/c.trace").write_bytes(_file(labs[0], 7, Identity.generate()))
    written(sample(labs[1], 56), "csv")
    answer = place.run(f"{RUN.format('csv')} --json").json()
    assert (answer["of_other_controllers"], answer["exports_asked"]) == (1, LABS)


def test_what_is_past_its_day_is_not_asked(place: Desk, labs: list[Persons], monkeypatch: pytest.MonkeyPatch) -> None:
    written(sample(labs[0], 56), "csv")
    monkeypatch.setattr(_overdue, "now", lambda: dt.datetime(2090, 1, 1, 23, 59, tzinfo=dt.UTC))
    assert "BIO-2026-0000" in place.run(RUN.format("csv")).out
    monkeypatch.setattr(_overdue, "now", lambda: dt.datetime(2090, 1, 2, tzinfo=dt.UTC))
    assert "past its day" in place.run(RUN.format("csv"), code=10).err


def test_an_altered_file_is_refused_and_the_others_are_asked(place: Desk, labs: list[Persons]) -> None:
    data = bytearray(Path("traces/a.trace").read_bytes())
    data[-100] ^= 1
    Path("traces/a.trace").write_bytes(data)
    written(sample(labs[1], 56), "csv")
    told = place.run(RUN.format("csv"))
    assert "not what was written" in told.err
    assert "BIO-2026-0001" in told.out
    assert place.run(f"{RUN.format('csv')} --json").json()["refused"] == ["traces/a.trace"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("trace none.csv --exports traces -i controller.key", 10),
        ("trace sample.csv --exports nowhere -i controller.key", 10),
        ("trace sample.csv --exports sub -i controller.key", 10),
        ("trace sample.csv --exports traces -i none.key", 2),
        ("trace sample.csv -i controller.key", 2),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(place: Desk, labs: list[Persons], line: str, code: int) -> None:
    Path("sub").mkdir()
    written(sample(labs[0], 1), "csv")
    place.run(line, code=code)


def test_nothing_of_the_sample_is_written_anywhere(
    place: Desk, labs: list[Persons], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files that the command may write to are looked through: its folder, its temporary and its home folder."""
    for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME"):
        folder = tmp_path / f"elsewhere-{name}"
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    needle = b"ZQXNEEDLEQXZ"
    rows = [*sample(labs[0], 30), (needle.decode(), "Jeanne", "12/03/1960", "NOTE " + needle.decode())]
    for form in ("csv", "xlsx", "sql", "json"):
        path = written(rows, form)
        before = {each.name for each in Path().iterdir()}
        place.run(f"{RUN.format(form)} --lines --json")
        assert {each.name for each in Path().iterdir()} == before
        path.unlink()
    assert holding(needle, tmp_path) == []
    assert holding(needle, Path()) == []


@pytest.mark.parametrize(("lang", "says"), [("en", "too long to be read whole: 2."), ("fr", "lues en entier : 2.")])
def test_lines_that_are_not_read_to_their_end_are_told(
    place: Desk, labs: list[Persons], lang: str, says: str
) -> None:
    drawn = random.Random(6)
    rows = leaked(drawn, drawn_rows(drawn, labs[0], 30), FULL, 0)
    write = Path("sample.csv").write_text
    run = f"{RUN.format('csv')} --lang {lang}"
    write("\n".join(";".join(row) for row in rows))
    assert says not in place.run(run).out
    write("\n".join([";".join("x" * 120) + ";" + ";".join(row) for row in rows[:2]] + [";".join(row) for row in rows[2:]]))
    assert says in " ".join(place.run(run).out.split())
    assert place.run(f"{run} --json").json()["lines_cut"] == 2
