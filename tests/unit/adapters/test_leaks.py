"""Leaked samples of any layout as lines of cells; nothing of them in a message."""

import io
import json
from pathlib import Path

import openpyxl
import pytest

from ecluse.adapters import leaks
from ecluse.adapters.leaks import read_sample
from ecluse.domain.errors import MalformedError

ROWS = [("Lefèvre", "Jeanne", "12/03/1960", "35000"), ("D'Alméida", "Zoé", "01/02/1950", "35200")]
SQL = r"""-- dump
INSERT INTO `patient` (nom, prenom, ne, cp) VALUES ('Lefèvre','Jeanne','12/03/1960','35000'),
 ('D''Alméida', 'Zoé', '01/02/1950', 35200, NULL, x'00', NOW());
insert into autre values (1, 'l\'eau, (claire)');
"""


def cells(path: Path, data: bytes) -> list[tuple[int, tuple[str, ...]]]:
    path.write_bytes(data)
    return [(line.number, line.cells) for line in read_sample(path).lines]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|", "^", "~"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "cp850", "utf-16"])
def test_delimited_text(tmp_path: Path, delimiter: str, encoding: str) -> None:
    text = "".join(delimiter.join(row) + "\r\n" for row in ROWS)
    assert cells(tmp_path / "s.txt", text.encode(encoding)) == list(enumerate(ROWS, 1))


def test_one_line_is_enough(tmp_path: Path) -> None:
    assert cells(tmp_path / "s.csv", ";".join(ROWS[0]).encode()) == [(1, ROWS[0])]


def test_quotes_are_taken_off_and_an_open_one_takes_no_other_line(tmp_path: Path) -> None:
    text = '"Lefèvre";"a;b";x\nRoux;"never closed;y\nBlanc;c;z\n'
    assert cells(tmp_path / "s.csv", text.encode())[::2] == [(1, ("Lefèvre", "a;b", "x")), (3, ("Blanc", "c", "z"))]


def test_text_without_delimiters_is_cut_at_gaps_and_else_at_words(tmp_path: Path) -> None:
    assert cells(tmp_path / "s.txt", b"LEFEVRE   Jeanne     12/03/1960\n")[0][1] == ("LEFEVRE", "Jeanne", "12/03/1960")
    assert {"LEFEVRE", "12/03/1960"} <= set(cells(tmp_path / "t.txt", b"LEFEVRE Jeanne 12/03/1960\n")[0][1])


def test_lines_of_two_encodings(tmp_path: Path) -> None:
    data = ";".join(ROWS[0]).encode() + b"\n" + ";".join(ROWS[1]).encode("cp1252") + b"\n"
    assert [line[1] for line in cells(tmp_path / "s.csv", data)] == ROWS


@pytest.mark.parametrize("lines", [False, True])
def test_json(tmp_path: Path, *, lines: bool) -> None:
    records = [{"nom": row[0], "autre": {"prenom": row[1], "ne": [row[2]]}, "cp": int(row[3])} for row in ROWS]
    text = "\n".join(map(json.dumps, records)) if lines else json.dumps({"meta": "x", "patients": records})
    assert [line[1] for line in cells(tmp_path / "s.json", text.encode())] == ROWS


def test_what_begins_like_json_and_is_none_is_text(tmp_path: Path) -> None:
    assert cells(tmp_path / "s.txt", b"{x;Roux\n[y;Blanc\n") == [(1, ("{x", "Roux")), (2, ("[y", "Blanc"))]


def test_half_a_character_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "leak.json"
    path.write_text('[{"e": "jean\\ud800.dupont@x.fr", "n": "DUPONT"}]')
    (line,) = read_sample(path).lines
    assert line.cells == ("jean?.dupont@x.fr", "DUPONT")


def test_lines_are_those_that_an_editor_counts(tmp_path: Path) -> None:
    path = tmp_path / "leak.csv"
    path.write_bytes("A;B\u2028C;D\r\nE;F\rG;H\nI;J".encode())
    assert [line.number for line in read_sample(path).lines] == [1, 2, 3, 4]


def test_inserts_of_a_dump(tmp_path: Path) -> None:
    found = cells(tmp_path / "s.sql", SQL.encode())
    assert found[0] == (1, ROWS[0])
    assert found[1][1][:4] == ROWS[1]
    assert found[2] == (3, ("1", "l'eau, (claire)"))


def test_a_workbook_of_several_sheets(tmp_path: Path) -> None:
    book, data = openpyxl.Workbook(), io.BytesIO()
    for row in ROWS:
        book.create_sheet(row[1]).append([*row[:3], int(row[3])])
    book.save(data)
    assert [line[1] for line in cells(tmp_path / "s.bin", data.getvalue())] == ROWS


@pytest.mark.parametrize(
    "data", [b"", b"\n\n;;\n", b"PK\x03\x04ZQXCANARY", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1ZQXCANARY"], ids=range(4)
)  # fmt: skip
def test_what_holds_nothing_is_refused_without_repeating_it(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "s").write_bytes(data)
    with pytest.raises(MalformedError) as caught:
        read_sample(tmp_path / "s")
    assert "ZQX" not in str(caught.value)


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "MAX_LINES", 3)
    (tmp_path / "s").write_bytes(b"a;b\n" * 5)
    assert read_sample(tmp_path / "s").more
    assert len(read_sample(tmp_path / "s").lines) == 3
    monkeypatch.setattr(leaks, "MAX_BYTES", 10)
    with pytest.raises(MalformedError):
        read_sample(tmp_path / "s")
    with pytest.raises(MalformedError):
        read_sample(tmp_path / "none")
