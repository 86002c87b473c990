"""Law 3 where a source's keys are none: rows that share one are set aside, all of them, and the migration ends."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import pytest

from migrating import Desk, Rows, W, expected_rows, numbers
from migrating_engines import move_source, move_target, server_rows

Fresh = Callable[[Desk], Desk]
ENGINES = ["sqlite", "postgresql", "mysql", "csv"]


@dataclass(frozen=True)
class Spoilt:
    """Which keys were repeated, and how."""

    two_days: str
    """A request on two days of two years: two batches."""
    one_day: str
    half_out: str
    """A request in scope, and another of the same key outside."""
    results: tuple[str, ...]
    """Results whose key stands twice in scope, on two days and on one."""
    half_out_result: str

    def requests(self) -> tuple[str, ...]:
        return self.two_days, self.one_day, self.half_out


def spoil(desk: Desk) -> Spoilt:
    """Take the keys of requests and results away, and repeat some."""
    requests, results = desk.built.expected["request"], desk.built.expected["observation"]
    filled = [k for k in sorted(requests, key=int) if any(r["request"] == k for r in results.values())]
    early, late = (next(k for k in filled if str(requests[k]["registered_on"]).startswith(y)) for y in ("2018", "2019"))
    two_days, one_day, half_out = [k for k in filled if k not in {early, late}][:3]
    of = {k: [r for r in sorted(results, key=int) if results[r]["request"] == k] for k in (early, late)}
    outside = min((k for k, why in desk.built.out_of_scope["request"].items() if why == "date"), key=int)
    with closing(sqlite3.connect(desk.path("legacy.sqlite"))) as legacy, legacy:
        for table in ("DOSSIERS", "RESULTATS"):
            legacy.execute(f"ALTER TABLE {table} RENAME TO OLD")
            legacy.execute(f"CREATE TABLE {table} AS SELECT * FROM OLD")
            legacy.execute("DROP TABLE OLD")

        def again(table: str, key: str, **changed: Any) -> None:
            cursor = legacy.execute(f"SELECT * FROM {table} WHERE ID_{table[:-1]} = ? LIMIT 1", (int(key),))
            row = dict(zip((c[0] for c in cursor.description), cursor.fetchone(), strict=True)) | changed
            legacy.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", tuple(row.values()))

        year = "2019" if str(requests[two_days]["registered_on"]).startswith("2018") else "2018"
        again("DOSSIERS", two_days, DATE_ENR=f"{year}0615")
        again("DOSSIERS", one_day)
        again("DOSSIERS", half_out, DATE_ENR="20150302")
        again("DOSSIERS", outside, DATE_ENR="20150302")
        again("RESULTATS", of[early][0], ID_DOSSIER=int(late))
        again("RESULTATS", of[late][0])
        again("RESULTATS", of[late][1], ID_DOSSIER=int(outside))
    return Spoilt(two_days, one_day, half_out, (of[early][0], of[late][0]), of[late][1])


def expected(desk: Desk, spoilt: Spoilt) -> tuple[Rows, Counter[tuple[str, str, str]]]:
    """What arrives, and what is listed: (entity, key, reason) and how often."""
    rows = expected_rows(desk.built)
    listed: Counter[tuple[str, str, str]] = Counter()
    for key, times in zip(spoilt.requests(), (2, 2, 1), strict=True):
        del rows["request"][key]
        listed["request", key, "duplicate_key"] = times
        for result in [r for r, row in rows["observation"].items() if row["demande_source"] == key]:
            del rows["observation"][result]
            # read once through each request of its key: which of them it belongs to, nobody can tell
            listed["observation", result, "duplicate_link"] = times
    for key in spoilt.results:
        del rows["observation"][key]
        listed["observation", key, "duplicate_key"] = 2
    return rows, listed


@pytest.mark.parametrize("engine", ENGINES)
def test_repeated_keys_are_set_aside_and_the_migration_ends(
    signed: Desk, fresh: Fresh, request: pytest.FixtureRequest, engine: str
) -> None:
    desk = fresh(signed)
    spoilt = spoil(desk)
    target = None
    if engine == "csv":
        move_source(desk, engine)
        desk = replace(desk, source=("csv", "source.yaml"))
    elif engine != "sqlite":
        server = request.getfixturevalue("postgresql" if engine == "postgresql" else "mariadb")
        source, target = move_source(desk, engine, server), move_target(desk, engine, server)
        assert source is not None
        options = "?tls=off" if engine == "mysql" else ""
        desk = replace(desk, source=(source.url + options, "source.yaml"), target=(target.url + options, "target.yaml"))
    plan = desk.plan("--json").json()["plan"]
    rows, listed = expected(desk, spoilt)
    repeated = {(each["entity"], each["key"]): each["rows"] for each in plan["repeated"]}
    results = {key: times for (entity, key, _why), times in listed.items() if entity == "observation" and times > 1}
    assert repeated == {
        **{("request", key): times for key, times in zip(spoilt.requests(), (2, 2, 1), strict=True)},
        **{("observation", key): times for key, times in results.items()},
    }
    account = desk.ecluse("run", *W, "--json").json()["reconciliation"]
    found = Counter((d["entity"], d["source_key"], d["detail"]) for d in account["differences"])
    assert {d["kind"] for d in account["differences"]} == {"quarantined"}
    assert found == listed
    arrived = numbers(desk.target_rows()) if target is None else server_rows(target)
    if engine == "csv":
        arrived, rows = {e: rows.keys() for e, rows in arrived.items()}, {e: r.keys() for e, r in rows.items()}
    assert arrived == rows
    assert spoilt.half_out_result in arrived["observation"], "its other row is none of this order's"
    desk.finish()


def test_the_director_sees_them_before_anything_moves(signed: Desk, fresh: Fresh) -> None:
    desk = fresh(signed)
    spoilt = spoil(desk)
    shown = desk.plan("--no-sql", "--dry-run").out
    assert "Keys that stand on several rows" in shown
    assert all(key in shown for key in spoilt.requests())


def test_a_key_that_is_none_is_refused(signed: Desk, fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that nobody could work through is not made."""
    desk = fresh(signed)
    spoil(desk)
    monkeypatch.setattr("ecluse.migration.repeated.MOST", 3)
    refused = desk.plan(code=13)
    assert "source_id is no key" in refused.err
    assert not desk.path("migration").exists() or desk.states() != ("planned", None)
