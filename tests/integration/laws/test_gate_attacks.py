"""Law 1 at the gate: a source that lies is stopped, journalled, and nothing of its batch is written."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pytest
from demo.legacy_lis import EXCLUDED_PATIENTS

from ecluse.cli import _site
from ecluse.migration.ports import Source
from migrating import Desk, W, expected_rows, numbers

Fresh = Callable[[Desk], Desk]
Lie = Callable[[pa.Table], pa.Table]
LIE = "DANS-LE-MENSONGE"
"""Stands in every false row; must stand nowhere else."""


@dataclass
class Liar:
    """A real source, but for one answer; ``told`` counts lies."""

    source: Source
    entity_column: str
    lie: Lie
    told: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)

    def stream(self, sql: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
        rows = pa.Table.from_batches(list(self.source.stream(sql, batch_rows)))
        if self.entity_column in rows.column_names and rows.num_rows > 1 and not self.told:
            rows = self.lie(rows)
            self.told.append(sql)
        yield from rows.to_batches()


def put(name: str, value: str | None) -> Lie:
    """One row says something else."""

    def lie(rows: pa.Table) -> pa.Table:
        values = rows.column(name).to_pylist()
        values[-1] = value
        place = rows.column_names.index(name)
        return rows.set_column(place, name, pa.array(values, rows.schema.field(name).type))

    return lie


def other_year(name: str) -> Lie:
    """One row is of the other ordered year, which is another batch's."""

    def lie(rows: pa.Table) -> pa.Table:
        old = str(rows.column(name)[-1].as_py())
        return put(name, ("2019" if old.startswith("2018") else "2018") + "0105")(rows)

    return lie


def marked(lie: Lie) -> Lie:
    """The false row also holds a text that must not come out."""

    def told(rows: pa.Table) -> pa.Table:
        name = next(n for n in ("family_name", "prescriber", "raw_value") if n in rows.column_names)
        return lie(put(name, LIE)(rows))

    return told


def more(rows: pa.Table) -> pa.Table:
    return pa.concat_tables([rows, rows.slice(0, 1)])


def column(name: str) -> Lie:
    return lambda rows: rows.append_column(name, pa.array([LIE] * rows.num_rows))


REQUEST, OBSERVATION, PATIENT = "registered_on", "raw_value", "family_name"
ATTACKS = {
    "day before": (REQUEST, put("_date", "20171231")),
    "day after": (REQUEST, put("_date", "20200101")),
    "another batch's year": (REQUEST, lambda rows: other_year("registered_on")(other_year("_date")(rows))),
    "no day": (REQUEST, put("_date", "20190230")),
    "day missing": (REQUEST, put("_date", None)),
    "day of a result": (OBSERVATION, put("_date", "20170101")),
    "day of a patient": (PATIENT, put("_date", "20170101")),
    "site": (REQUEST, put("_site", "VITRE")),
    "site's case": (REQUEST, put("_site", "rennes-sud")),
    "site missing": (REQUEST, put("_site", None)),
    "site of a result": (OBSERVATION, put("_site", "VITRE")),
    "category": (OBSERVATION, put("_code", "VIH")),
    "genetics": (OBSERVATION, put("_code", "HFE")),
    "unclassifiable": (OBSERVATION, put("_code", "ZDIV")),
    "code missing": (OBSERVATION, put("_code", None)),
    "unknown code": (OBSERVATION, put("_code", LIE)),
    "person": (REQUEST, put("_patient", str(EXCLUDED_PATIENTS[0]))),
    "person's results": (OBSERVATION, put("_patient", str(EXCLUDED_PATIENTS[2]))),
    "person's record": (PATIENT, put("_patient", str(EXCLUDED_PATIENTS[1]))),
    "column": (PATIENT, column("address")),
    "secret column": (PATIENT, column("portal_password")),
    "control column missing": (REQUEST, lambda rows: rows.drop_columns(["_site"])),
    "no code column": (OBSERVATION, lambda rows: rows.drop_columns(["_code"])),
    "more rows": (OBSERVATION, more),
    "fewer rows": (OBSERVATION, lambda rows: rows.slice(1)),
    "no rows": (PATIENT, lambda rows: rows.slice(0, 0)),
    # What controls the scope says one thing, the rows another.
    "day hidden": (REQUEST, put("registered_on", "20171231")),
    "site hidden": (REQUEST, put("site", "VITRE")),
    "category hidden": (OBSERVATION, put("code", "VIH")),
    "unclassifiable hidden": (OBSERVATION, put("code", "CMT")),
    "person hidden": (REQUEST, put("patient", str(EXCLUDED_PATIENTS[0]))),
    "record hidden": (PATIENT, put("source_id", str(EXCLUDED_PATIENTS[0]))),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_lying_source_is_stopped(
    planned: Desk, fresh: Fresh, monkeypatch: pytest.MonkeyPatch, attack: str
) -> None:
    desk = fresh(planned)
    entity_column, lie = ATTACKS[attack]
    told: list[str] = []
    truthful = _site.open_source
    with monkeypatch.context() as patch:
        patch.setattr(_site, "open_source", lambda spec: Liar(truthful(spec), entity_column, marked(lie), told))
        stopped = desk.ecluse("run", *W, code=15)
    assert told, "the source did not lie"
    entry = entries(desk)[-2:]
    assert [e["event"] for e in entry] == ["scope.violation", "migration.suspended"]
    batch = entry[0]["subject"]
    assert stopped.err.startswith("error: ")
    assert LIE not in stopped.out + stopped.err + json.dumps(entry)
    assert not list(desk.path("migration").rglob(f"{batch}*")), "something of the batch was written"
    assert {**{e: len(r) for e, r in desk.target_rows().items()}} == {"patient": 0, "request": 0, "observation": 0}
    assert desk.states() == ("suspended", None)


def test_evidence_of_a_stopped_and_mended_migration(
    planned: Desk, fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = fresh(planned)
    truthful = _site.open_source
    with monkeypatch.context() as patch:
        told: list[str] = []
        patch.setattr(_site, "open_source", lambda spec: Liar(truthful(spec), REQUEST, put("_site", "VITRE"), told))
        desk.ecluse("run", *W, code=15)
    desk.prove()
    desk.ecluse("run", *W, code=16)
    desk.ecluse("resume", *W)
    assert numbers(desk.target_rows()) == expected_rows(desk.built)
    desk.finish()


def entries(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.ecluse("journal", "show", "migration", "--json").json()["source"]
    return found
