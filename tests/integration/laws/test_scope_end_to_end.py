"""Law 1, end to end: what arrives is exactly what was ordered, and nothing else is in any byte that was written."""

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from ecluse.migration.pack import unpack
from migrating import OUT, Desk, W, expected_rows, forms, holding, numbers
from migrating_engines import move_source, move_target, server_rows

Fresh = Callable[[Desk], Desk]


def opened(desk: Desk) -> Iterator[tuple[str, pa.Table]]:
    """Every parcel that lies anywhere on the desk, opened by the stock tool."""
    for path in sorted(desk.path("migration").rglob("*.age")):
        identity = str(desk.path("keys", "kalisil.age"))
        plain = subprocess.run(["age", "-d", "-i", identity, str(path)], capture_output=True, check=True).stdout
        yield path.name.removesuffix(".age"), unpack(plain)[1]


def everything(table: pa.Table) -> bytes:
    """All values of a table, and its schema, as bytes."""
    values = (value for column in table.columns for value in column.to_pylist() if value is not None)
    texts = (v if isinstance(v, bytes) else str(v).encode() for v in values)
    return str(table.schema).encode() + b"\n" + b"\n".join(texts)


def test_target_is_the_reference(reconciled: Desk) -> None:
    assert numbers(reconciled.target_rows()) == expected_rows(reconciled.built)


@pytest.mark.parametrize("engine", ["postgresql", "mysql", "csv"])
def test_every_engine_gives_the_same_target(signed: Desk, fresh: Fresh, request: pytest.FixtureRequest, engine: str) -> None:
    desk = fresh(signed)
    if engine == "csv":
        move_source(desk, engine)
        desk = replace(desk, source=("csv", "source.yaml"))
    else:
        server = request.getfixturevalue("postgresql" if engine == "postgresql" else "mariadb")
        source, target = move_source(desk, engine, server), move_target(desk, engine, server)
        assert source is not None
        options = "?tls=off" if engine == "mysql" else ""
        desk = replace(desk, source=(source.url + options, "source.yaml"), target=(target.url + options, "target.yaml"))
    desk.plan()
    desk.ecluse("run", *W)
    rows = numbers(desk.target_rows()) if engine == "csv" else server_rows(target)
    assert rows == expected_rows(desk.built, nulls=engine != "csv")
    legacy = {"legacy.sqlite", *(str(p.relative_to(desk.root)) for p in desk.path("csv").glob("*"))}
    assert not holding(OUT, desk.root, but=legacy)
    desk.finish()


def test_no_marker_in_any_byte(reconciled: Desk, fresh: Fresh) -> None:
    """Neither while everything still lies there, nor once it is erased and the evidence exported."""
    desk = fresh(reconciled)
    legacy = desk.path("legacy.sqlite").read_bytes()
    assert legacy.count(OUT) >= desk.built.out_marks > 1000, "the old system holds its markers: the scan would see them"
    assert holding(OUT, desk.root, but=["legacy.sqlite"]) == []
    names = set()
    for name, rows in opened(desk):
        names.add(name)
        assert not any(form in everything(rows) for form in forms(OUT)), name
    assert len(names) >= 5
    desk.finish()
    assert holding(OUT, desk.root, but=["legacy.sqlite"]) == []
    assert not list(desk.path("migration").rglob("*.age"))


def test_no_marker_in_a_quarantine(signed: Desk, fresh: Fresh) -> None:
    """A request that names no patient is set aside, sealed too: its parcel holds ordered columns alone."""
    desk = fresh(signed)
    key = min(desk.built.expected["request"])
    with closing(sqlite3.connect(desk.path("legacy.sqlite"))) as legacy, legacy:
        legacy.execute("UPDATE DOSSIERS SET NUMPAT = NULL WHERE ID_DOSSIER = ?", (int(key),))
    desk.plan()
    account = desk.ecluse("run", *W, "--json").json()["reconciliation"]
    aside = {name: rows for name, rows in opened(desk) if name.endswith(".quarantine")}
    (rows,) = aside.values()
    assert key in rows.column("source_id").to_pylist()
    assert set(rows.column_names) <= {
        "source_id", "patient", "registered_on", "registered_on_raw", "site", "prescriber", "_reason"
    }  # fmt: skip
    assert not any(form in everything(rows) for form in forms(OUT))
    assert key not in desk.target_rows()["request"]
    orphans = {k for k, row in desk.built.expected["observation"].items() if row["request"] == key}
    listed = {(d["kind"], d["entity"], d["source_key"]) for d in account["differences"]}
    assert len(orphans) > 1
    assert listed == {
        ("quarantined", "request", key), *(("reference_outside_migration", "observation", k) for k in orphans)
    }  # fmt: skip
    desk.ecluse("accept", *W, "--key", "keys/dr.martin", "--decision", "accepted_with_differences")
    assert holding(OUT, desk.root, but=["legacy.sqlite"]) == []
    desk.prove()


def test_columns_are_those_ordered(reconciled: Desk) -> None:
    """Only what the plan names is in a parcel; nothing that controls the scope travels."""
    wanted = {
        "patient": {"source_id", "family_name", "given_names", "birth_date", "birth_date_raw", "sex", "sex_raw", "nir"},
        "request": {"source_id", "patient", "registered_on", "registered_on_raw", "site", "prescriber"},
        "observation": {"source_id", "request", "code", "raw_value", "value", "comparator", "unit", "reference_range", "status"},
    }  # fmt: skip
    for name, rows in opened(reconciled):
        assert set(rows.column_names) == wanted[name.split("-")[0]], name


def test_markers_are_found_in_any_form(tmp_path: Path) -> None:
    """The scan itself: it must be able to fail."""
    import base64  # noqa: PLC0415

    for place, made in enumerate((OUT, OUT.decode().encode("utf-16"), base64.b64encode(b"xy" + OUT + b"-12 z"), OUT.hex().encode())):
        (tmp_path / str(place)).write_bytes(b"before " + made + b" after")
    for shift in range(3):
        (tmp_path / f"s{shift}").write_bytes(base64.b64encode(b"abc"[:shift] + OUT + b"-77"))
    assert len(holding(OUT, tmp_path)) == 7
