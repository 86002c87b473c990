"""R17 on a large source: what is held grows with the persons counted, not with the rows read."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from migrating import ROOT

pytestmark = pytest.mark.slow

PERSONS, SMALL, LARGE, MORE_MIB = 20_000, 2, 40, 60
PROFILE = {
    "format": "ecluse.source-profile/1", "profile": "large", "system": "large", "engine": "sqlite",
    "entities": {
        "patient": {"select": "SELECT k AS source_id, f AS family_name, a AS address FROM people"},
        "request": {
            "select": "SELECT k AS source_id, p AS patient, d AS registered_on, 'A' AS site FROM requests",
            "scope": {"dates": {"registered_on": "text_yyyymmdd"}, "site": "site"},
            "parse": {"registered_on": {"date": ["%Y%m%d"]}},
        },
        "observation": {
            "select": "SELECT k AS source_id, r AS request, 'NA' AS code, v AS raw_value FROM results",
        },
    },
    "analyses": {"NA": {"loinc": "2951-2"}},
}  # fmt: skip
RUN = """
import datetime as dt, sys
from pathlib import Path
from ecluse.cli._codes import read_profile
from ecluse.cli._site import open_source_at
from ecluse.domain.affected import By
from ecluse.migration.affected import mark
from ecluse.migration.affected_list import Wording, pieces
from ecluse.migration.affected_rows import Reading
from ecluse.seal.sealing import Identity
from ecluse.seal.streaming import seal_stream
from legacy import order
fields = {"patient": ("source_id", "family_name"), "request": ("source_id", "registered_on"),
          "observation": ("source_id", "code", "raw_value")}
profile = read_profile(sys.argv[1])
source = open_source_at(sys.argv[2], profile)
source.adopt_snapshot(None)
rows = 0
def advance(n):
    global rows
    rows += n
reading = Reading(source, order(fields=fields, exclude_categories=()), profile, advance=advance)
marks = mark(reading, reading.persons(), {}, dt.date(2026, 11, 22))
with Path(sys.argv[3]).open("wb") as out:
    wording = Wording({}, {by: str(by) for by in By}, "en")
    seal_stream(pieces(reading, marks, marks.everybody(), wording), out, Identity.generate().recipient)
# not ru_maxrss, which a process begins with from whoever started it
(peak,) = [int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
print(marks.counted().persons, rows, peak // 1024)
"""


def made(folder: Path, results: int) -> tuple[int, int, int]:
    """Persons, rows read and peak MiB of a process of its own, over so many results a person."""
    (folder / "large.yaml").write_text(yaml.safe_dump(PROFILE))
    count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
    with closing(sqlite3.connect(folder / "large.sqlite")) as legacy, legacy:
        legacy.executescript(
            "CREATE TABLE people (k int primary key, f text, a text);"
            "CREATE TABLE requests (k int primary key, p int, d text);"
            "CREATE TABLE results (k int primary key, r int, v text);"
        )
        legacy.execute(f"INSERT INTO people {count.format(PERSONS)} SELECT i, 'NAME' || i, 'rue ' || i FROM n")
        legacy.execute("INSERT INTO requests SELECT k, k, '20190101' FROM people")
        legacy.execute(
            f"INSERT INTO results {count.format(PERSONS * results)} "
            f"SELECT i, (i % {PERSONS}) + 1, 'a result of some words, number ' || i FROM n"
        )
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}", "ECLUSE_DEBUG": ""}
    done = subprocess.run(
        [sys.executable, "-c", RUN, folder / "large.yaml", folder / "large.sqlite", folder / "out.age"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    persons, rows, peak = map(int, done.stdout.split())
    return persons, rows, peak


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "large").mkdir()
    persons, rows, peak = made(tmp_path / "small", SMALL)
    again, more, higher = made(tmp_path / "large", LARGE)
    assert persons == again == PERSONS
    assert more - rows == PERSONS * (LARGE - SMALL)
    assert higher - peak < MORE_MIB, (peak, higher)
