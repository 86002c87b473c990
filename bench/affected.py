"""``python -m bench.affected``: who stands in a whole leak, counted at a source of as many fictional persons.

A legacy SQLite of patients, a request each and two results; a leak of several lines a patient, a twentieth of its cells
spoilt, a tenth of its lines of another laboratory. Counted in a process of its own, from the files to the numbers.
"""

import argparse
import datetime as dt
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from bench.persons import FULL, Persons, leaked, persons
from ecluse.adapters.leaks import ALL_LINES, Passing
from ecluse.cli._codes import read_profile
from ecluse.cli._site import open_source_at
from ecluse.domain.order import (
    AgreementRef,
    DateRange,
    Order,
    OrderDestination,
    OrderingController,
    OrderSource,
    Retention,
    Scope,
    SourceDisposition,
)
from ecluse.migration.affected import mark
from ecluse.migration.affected_rows import Reading
from ecluse.migration.affected_sample import stand
from ecluse.migration.affected_values import Values
from ecluse.migration.sample_lines import Lines

_PIECE = 5_000
_NOISE, _STRANGE = 0.05, 0.1
_RESULTS = 2
_DIGEST = "sha256:" + "0" * 64
_FIELDS = {
    "patient": ("source_id", "family_name", "given_names", "birth_date", "nir", "postcode", "phone"),
    "request": ("source_id", "registered_on"),
    "observation": ("source_id", "code", "raw_value"),
}
_PROFILE = {
    "format": "ecluse.source-profile/1", "profile": "bench", "system": "bench", "engine": "sqlite",
    "entities": {
        "patient": {
            "select": "SELECT k AS source_id, f AS family_name, g AS given_names, b AS birth_date, n AS nir, "
                      "c AS postcode, t AS phone FROM people",
            "parse": {"birth_date": {"date": ["%Y-%m-%d"]}},
        },
        "request": {
            "select": "SELECT k AS source_id, p AS patient, d AS registered_on, 'A' AS site FROM requests",
            "scope": {"dates": {"registered_on": "text_yyyymmdd"}, "site": "site"},
            "parse": {"registered_on": {"date": ["%Y%m%d"]}},
        },
        "observation": {"select": "SELECT k AS source_id, r AS request, 'NA' AS code, v AS raw_value FROM results"},
    },
    "analyses": {"NA": {"loinc": "2951-2"}},
}  # fmt: skip


def order() -> Order:
    """All that the source has."""
    return Order(
        format="ecluse.order/1", order="BENCH", version=1, agreement=AgreementRef("BENCH", _DIGEST),
        controller=OrderingController("Laboratoire", "750100125", "dr.martin"),
        source=OrderSource("bench", "RENNES", "bench"), destination=OrderDestination("new", "age1" + "q" * 58),
        purpose="migration",
        scope=Scope(
            DateRange("request.registered_on", dt.date(2018, 1, 1), dt.date(2019, 12, 31)), ("A",), _FIELDS, (),
        ),
        retention=Retention("0d", dt.date(2036, 12, 31), SourceDisposition.CONTROLLER),
    )  # fmt: skip


def write(folder: Path, count: int, lines: int) -> None:
    """The source, its profile and the leak."""
    people = persons(count, 1)
    (folder / "bench.yaml").write_text(yaml.safe_dump(_PROFILE))
    with closing(sqlite3.connect(folder / "bench.sqlite")) as legacy, legacy:
        legacy.executescript(
            "CREATE TABLE people (k int primary key, f text, g text, b text, n text, c text, t text);"
            "CREATE TABLE requests (k int primary key, p int, d text);"
            "CREATE TABLE results (k int primary key, r int, v text);"
        )
        legacy.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?)", _rows(people, _FIELDS["patient"]))
        visits = [
            (int(key), int(patient), day.replace("-", ""))
            for key, patient, day in zip(*(people.requests.column(at).to_pylist() for at in range(3)), strict=True)
        ]
        # The numbers of requests repeat after a while; a source's do not.
        kept = {key: visit for key, *visit in visits}
        legacy.executemany("INSERT INTO requests VALUES (?, ?, ?)", [(key, *visit) for key, visit in kept.items()])
        results = ((at * _RESULTS + n, key, f"{n}.{at % 97} mmol/L") for at, key in enumerate(kept) for n in (0, 1))
        legacy.executemany("INSERT INTO results VALUES (?, ?, ?)", results)
    with (folder / "leak.csv").open("w", encoding="utf-8") as out:
        out.writelines(_lines(people, persons(count // 2, 2, 44, 900_000), lines))


def _rows(people: Persons, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return zip(*(people.table.column(name).to_pylist() for name in names), strict=True)


def _lines(people: Persons, others: Persons, count: int) -> Iterator[str]:
    drawn = random.Random(4)
    for first in range(0, count, _PIECE):
        some = range(first, min(first + _PIECE, count))
        rows = [
            others.row(drawn.randrange(others.table.num_rows))
            if drawn.random() < _STRANGE
            else people.row(at % people.table.num_rows)
            for at in some
        ]
        for line in leaked(random.Random(5), rows, FULL, 0):  # one layout for the whole file
            cells = [cell if drawn.random() >= _NOISE else cell[: len(cell) // 2] for cell in line]
            yield ";".join(cells) + "\n"


def count(folder: Path) -> dict[str, Any]:
    """What ``ecluse affected --sample`` does, and how long each part of it takes."""
    began, took = time.perf_counter(), {}
    profile = read_profile(str(folder / "bench.yaml"))
    source = open_source_at(str(folder / "bench.sqlite"), profile)
    source.adopt_snapshot(None)
    read: dict[str, int] = {"rows": 0}

    def advance(rows: int) -> None:
        read["rows"] += rows

    def lap(name: str) -> None:
        took[name] = round(time.perf_counter() - began - sum(took.values()), 1)

    lines = Lines.of(line.cells for line in Passing(folder / "leak.csv", ALL_LINES))
    lap("file read")
    reading = Reading(source, order(), profile, advance=advance)
    found = reading.persons()
    standing = stand(reading, found, lines)
    lap("persons found")
    marks = mark(reading, found, {}, dt.date(2026, 11, 22), Values(reading, standing))
    lap("values recognised")
    told = standing.told()
    source.close()
    # not ru_maxrss, which a process begins with from whoever started it
    (peak,) = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
    return {
        "persons": len(found), "lines": told.lines, "seconds": round(time.perf_counter() - began, 1), **took,
        "MiB at most": int(peak) // 1024, "rows read": read["rows"], "explained": told.explained,
        "several": told.several, "doubtful": told.doubtful, "strange": told.strange,
        "affected": marks.counted(standing.among()).persons, "classes": {str(k): n for k, n in told.classes},
    }  # fmt: skip


def main() -> int:
    """Measure, print JSON, one line a round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=150_000)
    parser.add_argument("--lines", type=int, default=490_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="where the files lie, and stay; made where missing")
    parser.add_argument("--count", action="store_true", help="count those of the folder, in this process")
    given = parser.parse_args()
    if given.count:
        print(json.dumps(count(given.folder)), flush=True)
        return 0
    with TemporaryDirectory() as held:
        folder = given.folder or Path(held)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "leak.csv").exists():
            write(folder, given.persons, given.lines)
        for _ in range(given.rounds):
            command = [sys.executable, "-m", "bench.affected", "--count", "--folder", str(folder)]
            subprocess.run(command, check=True, env=os.environ | {"ECLUSE_DEBUG": ""})
    return 0


if __name__ == "__main__":
    sys.exit(main())
