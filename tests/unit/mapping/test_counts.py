"""Counts of codes from a file: read whole, or refused at a line and column, without repeating what stands there."""

from pathlib import Path

import pytest

from ecluse.domain.codemap import CodeFacts, Spread
from ecluse.domain.errors import MalformedError
from ecluse.mapping.counts import read_counts


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "counts.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_lines_of_one_code_are_its_units(tmp_path: Path) -> None:
    facts = read_counts(written(tmp_path, "\ufeffcode,label,unit,rows,numbers,low,median,high,specimen\r\n"
        'GLY,Glycémie,mmol/L,20,20,,,,\r\nGLY,Glycémie,g/L,80,79,"0.7",0.9,1.4,Sérum\r\nK,,mmol/L,200,,,,,\r\n'))  # fmt: skip
    assert facts.codes == (
        CodeFacts("K", 200, units=(("mmol/L", 200),)),
        CodeFacts(
            "GLY", 100, "Glycémie", "Sérum", (("g/L", 80), ("mmol/L", 20)), 99, (("g/L", Spread(0.7, 0.9, 1.4)),)
        ),
    )
    assert facts.rows == 300


def test_two_columns_are_enough(tmp_path: Path) -> None:
    assert read_counts(written(tmp_path, "code,rows\nA,1\nB,2\n")).codes == (CodeFacts("B", 2), CodeFacts("A", 1))


@pytest.mark.parametrize(
    ("text", "told", "line", "field"),
    [
        ("code\nA\n", "columns are", 1, None),
        ("code,rows,patient\nA,1,x\n", "columns are", 1, None),
        ("code,rows,rows\nA,1,1\n", "columns are", 1, None),
        ("", "columns are", 1, None),
        ("code,rows\nA,SECRET\n", "whole number", 2, "rows"),
        ("code,rows\nA,-1\n", "whole number", 2, "rows"),
        ("code,rows\nA,\n", "whole number", 2, "rows"),
        ("code,rows\nA,²\n", "whole number", 2, "rows"),
        ("code,rows\nA," + "9" * 5000 + "\n", "whole number", 2, "rows"),
        ("code,rows,low\nA,1,nan\n", "not a number", 2, "low"),
        ("code,rows,low\nA,1,inf\n", "not a number", 2, "low"),
        ("code,rows,low\nA,1,SECRET\n", "not a number", 2, "low"),
        ("code,rows\nA,1\n ,1\n", "no code", 3, "code"),
        ("code,rows\nA,1,2\n", "more fields", 2, None),
        (b"code,rows\n\xff,1\n", "UTF-8", None, None),
        ('code,rows\n"A,1\n', "CSV", None, None),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_at_its_place(
    tmp_path: Path, text: str | bytes, told: str, line: int | None, field: str | None
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(MalformedError, match=told) as caught:
        read_counts(path)
    assert caught.value.location
    assert (caught.value.location.file, caught.value.location.line, caught.value.location.field) == (
        str(path),
        line,
        field,
    )
    assert "SECRET" not in str(caught.value)


def test_an_absent_file(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="cannot be read"):
        read_counts(tmp_path / "absent.csv")
