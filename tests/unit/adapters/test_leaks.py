"""Leaked samples of any layout as lines of cells; nothing of them in a message."""

import io
import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from ecluse.adapters import leaks
from ecluse.adapters.leaks import read_sample
from ecluse.domain.errors import MalformedError
from ecluse.domain.leaked import MAX_CELL, MAX_CELLS, candidates, readings
from ecluse.migration.trace_match import _asked

FINDINGS = Path(__file__).parents[2] / "fuzz" / "findings"

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


def workbook(book: openpyxl.Workbook) -> bytes:
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def test_a_workbook_of_several_sheets(tmp_path: Path) -> None:
    """Rows are the sheet's own, whatever stands empty before or between them; sheets are counted, hidden ones too."""
    book = openpyxl.Workbook()
    book.create_chartsheet()
    for state, row in zip(("visible", "hidden", "veryHidden"), (*ROWS, ROWS[0]), strict=True):
        sheet = book.create_sheet(row[1])
        sheet.sheet_state = state
        for column, cell in enumerate([*row[:3], int(row[3])], 2):
            sheet.cell(4, column, cell)
        sheet["C9"] = "fin"
    (tmp_path / "s.bin").write_bytes(workbook(book))
    read = read_sample(tmp_path / "s.bin")
    assert [line.cells for line in read.lines[::2]] == [*ROWS, ROWS[0]]
    assert [(line.sheet, line.number) for line in read.lines] == [(3, 4), (3, 9), (4, 4), (4, 9), (5, 4), (5, 9)]
    assert read.sheets


@pytest.mark.parametrize("name", ["s.xls", "s.ods", "s.csv", "s*[?]", "s"])
def test_a_workbook_is_one_by_its_content(tmp_path: Path, name: str) -> None:
    book = openpyxl.Workbook()
    book.active.append(ROWS[0])
    assert cells(tmp_path / name, workbook(book)) == [(1, ROWS[0])]


def test_rows_of_one_sheet_need_no_sheet_to_be_found(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(ROWS[0])
    (tmp_path / "s.xlsx").write_bytes(workbook(book))
    assert not read_sample(tmp_path / "s.xlsx").sheets


def far_apart() -> bytes:
    """A workbook of two cells, one of them in the last place of all: calamine makes room for all that is between."""
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "ZQXNEEDLE", "ZQXNEEDLE"
    return workbook(book)


def ring() -> bytes:
    """What calamine takes all memory for."""
    return (FINDINGS / "excel-xls" / "a-chain-of-sectors-that-is-a-ring").read_bytes()


@pytest.mark.parametrize("made", [far_apart, ring])
def test_what_ends_the_library_ends_nothing_here_and_prints_nothing(
    tmp_path: Path, made: Callable[[], bytes]
) -> None:
    """In a process that is bounded, for a library that ends its own would end the tests."""
    (tmp_path / "s.xls").write_bytes(made())
    code = """
        import resource, sys
        from pathlib import Path
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        from ecluse.adapters.leaks import read_sample
        from ecluse.domain.errors import MalformedError
        try:
            read_sample(Path(sys.argv[1]))
        except MalformedError as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "s.xls")]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    assert "what read the file died of it" in told.stdout
    assert "s.xls" in told.stdout


def test_no_repr_shows_a_cell(tmp_path: Path) -> None:
    cells(tmp_path / "s.csv", ";".join(ROWS[0]).encode())
    read = read_sample(tmp_path / "s.csv")
    found = readings(read.lines[0].cells)
    asked = _asked([(0, kind, each) for kind, tuples in candidates(found).items() for each in tuples])
    assert asked.tuples
    for shown in map(repr, (read, read.lines[0], found, asked)):
        assert not any(part in shown for part in ("Lef", "LEF", "JEANN", "Jeanne", "1960", "35000"))


@pytest.mark.parametrize(
    "data", [b"", b"\n\n;;\n", b"PK\x03\x04ZQXCANARY", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1ZQXCANARY"], ids=range(4)
)  # fmt: skip
def test_what_holds_nothing_is_refused_without_repeating_it(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "s").write_bytes(data)
    with pytest.raises(MalformedError) as caught:
        read_sample(tmp_path / "s")
    assert "ZQX" not in str(caught.value)


def of_csv(cells: list[str]) -> bytes:
    return ";".join(cells).encode()


def of_text(cells: list[str]) -> bytes:
    return "   ".join(cells).encode()


def of_sql(cells: list[str]) -> bytes:
    return f"INSERT INTO p VALUES ({', '.join(repr(cell) for cell in cells)});".encode()


def of_json(cells: list[str]) -> bytes:
    return json.dumps([{"a": None, "b": "", "c": {f"n{place}": cell for place, cell in enumerate(cells)}}]).encode()


def of_json_lines(cells: list[str]) -> bytes:
    return b"\n".join([json.dumps({"rows": cells}).encode(), json.dumps({"rows": ["x"]}).encode()])


def of_workbook(cells: list[str]) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["", *cells])
    return workbook(book)


FORMS = (of_csv, of_text, of_sql, of_json, of_json_lines, of_workbook)


@pytest.mark.parametrize("form", FORMS)
def test_a_line_of_more_cells_than_are_read_is_told(tmp_path: Path, form: Callable[[list[str]], bytes]) -> None:
    many = [f"C{place}" for place in range(MAX_CELLS + 1)]
    for cells_, cut in ((many, True), (many[:MAX_CELLS], False)):
        (tmp_path / "s").write_bytes(form(cells_))
        read = read_sample(tmp_path / "s")
        assert read.lines[0].cells == tuple(many[:MAX_CELLS])
        assert [line.cut for line in read.lines] == [cut, *[False] * (len(read.lines) - 1)]
        assert read.cut == cut


@pytest.mark.parametrize("form", FORMS)
def test_a_cell_of_more_characters_than_are_read_is_told(tmp_path: Path, form: Callable[[list[str]], bytes]) -> None:
    for length, cut in ((MAX_CELL + 1, 1), (MAX_CELL, 0)):
        (tmp_path / "s").write_bytes(form(["LEFEVRE", "x" * length]))
        assert read_sample(tmp_path / "s").cut == cut


@pytest.mark.parametrize("form", FORMS[:-1])
def test_a_line_of_two_mebibytes_is_told(tmp_path: Path, form: Callable[[list[str]], bytes]) -> None:
    (tmp_path / "s").write_bytes(form(["LEFEVRE"] * (3 << 17)))
    assert len((tmp_path / "s").read_bytes()) >= 2 << 20
    assert read_sample(tmp_path / "s").cut == 1


def test_a_line_whose_end_is_beyond_what_is_read_is_told(tmp_path: Path) -> None:
    """Though it has few cells, and none too long within what is read."""
    (tmp_path / "s").write_bytes(b"LEFEVRE;;" + b" " * (1 << 20) + b";Jeanne\nROUX;Anne;;\n")
    read = read_sample(tmp_path / "s")
    assert [line.cut for line in read.lines] == [True, False]
    assert read.lines[0].cells == ("LEFEVRE",)


def test_values_too_deep_to_be_looked_at_are_told(tmp_path: Path) -> None:
    for depth, cut in ((38, 0), (60, 1)):
        (tmp_path / "s").write_text('[{"a": "x"}, {"a": "y", "b": ' + "[" * depth + '"ROUX"' + "]" * depth + "}]")
        assert read_sample(tmp_path / "s").cut == cut


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


def test_json_of_very_many_tiny_records_is_refused_and_lines_of_it_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """64 MiB of tiny objects would be 2 GiB of memory; one a line they are read one by one."""
    monkeypatch.setattr(leaks, "_RECORDS", 4)
    for text in ('[{"a":"1"},{"a":"2"},{"a":"3"}]', '{"p":[[["1"]],[["2"]],[["3"]]]}', "[" * 9):
        (tmp_path / "s").write_text(text + "\n" if text.startswith("[{") else text)
        if len(text) - len(text.replace("{", "").replace("[", "")) > 4:
            with pytest.raises(MalformedError, match="more records than are read at once"):
                read_sample(tmp_path / "s")
        else:
            assert len(read_sample(tmp_path / "s").lines) == 3
    (tmp_path / "s").write_text('{"a":"1"},\n' * 9)
    assert [line.cells for line in read_sample(tmp_path / "s").lines] == [("1",)] * 9


def test_empty_lines_by_the_million_cost_nothing(tmp_path: Path) -> None:
    """They are counted, and not looked at: 64 MiB of them took minutes."""
    (tmp_path / "s").write_bytes(b"\r\n\n\r" * 1_000_000 + b"A;B\r\nC;D")
    begun = time.process_time()
    assert [line.number for line in read_sample(tmp_path / "s").lines] == [3_000_001, 3_000_002]
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("text", ["a;1;b;2\n", '{"a":1,"b":"x"}\n', "INSERT INTO t VALUES (1,'a');\n", "a b 1 2\n"])
def test_a_hostile_sample_of_short_cells_is_read_to_the_bound_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "s").write_text(text * 100_000)
    begun = time.process_time()
    read = read_sample(tmp_path / "s", 1_000)
    assert (len(read.lines), read.more) == (1_000, True)
    assert time.process_time() - begun < 2
