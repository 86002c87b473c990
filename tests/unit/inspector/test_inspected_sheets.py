"""Workbooks without headings: a day of birth is a number, and its style alone says that it is a day."""

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from ecluse.inspector._look import look
from ecluse.inspector.findings import FOLDER
from ecluse.inspector.kinds import Kind

NAMES = (("Tanguy", "Odile"), ("Masson", "Pierre"), ("Roy", "Louis"), ("Le Goff", "Yann"), ("Belkacem", "Aïcha"))


def kinds(path: Path, shown: str | None) -> set[Kind]:
    """What a workbook of names beside days holds; ``shown``: the format of the days' cells."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for place in range(40):
        family, given = NAMES[place % 5]
        day = dt.date(1930 + 2 * place, 3, 1 + place % 28)
        sheet.append([f"{family.upper()}{'x' * (place // 5)}", given, (day - dt.date(1899, 12, 30)).days])
        if shown:
            sheet.cell(place + 1, 3).number_format = shown
    book.save(path)
    return {each.kind for each in look(path, FOLDER, float("inf")).found}


@pytest.mark.parametrize("shown", ["dd/mm/yyyy", "yyyy\\-mm\\-dd", "m/d/yy", "[$-40C]d mmmm yyyy;@", 'dd/mm/yyyy" à "hh:mm'])
def test_a_number_that_is_shown_as_a_day_is_one(tmp_path: Path, shown: str) -> None:
    assert Kind.PERSONS in kinds(tmp_path / "a.xlsx", shown)


@pytest.mark.parametrize("shown", [None, "0.00", '0 "days"', "[Red]0", "h:mm"])
def test_another_number_is_none(tmp_path: Path, shown: str | None) -> None:
    assert Kind.PERSONS not in kinds(tmp_path / "a.xlsx", shown)
