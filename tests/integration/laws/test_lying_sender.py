"""Laws 1 and 3 at the recipient: a sender whose own gates let everything by is found out before anything is published."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from ecluse.adapters.destinations import MemoryDestination, MemoryStore
from ecluse.cli import _site
from ecluse.domain.profile import DestinationProfile
from ecluse.domain.records import GroupDigest
from ecluse.migration import extract
from ecluse.migration.gate import Gate
from ecluse.migration.normalise import Normalised, Normaliser
from ecluse.wire.documents import read
from migrating import ROOT, Desk, W, expected_rows
from migrating_engines import move_target, server_rows

Fresh = Callable[[Desk], Desk]
LIE = "DANS-LE-MENSONGE"


@pytest.fixture(params=["memory", "sqlite", "postgresql", "mysql"])
def desk(
    signed: Desk, fresh: Fresh, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> tuple[Desk, Callable[[], int]]:
    """A planned desk, and how many rows stand in its new system."""
    desk = fresh(signed)
    if request.param == "memory":
        store = MemoryStore({table: pa.table({c: pa.array([], t) for c, t in _columns(table)}) for table in _TABLES})
        monkeypatch.setattr(_site, "open_destination", lambda spec: MemoryDestination(store, spec.profile))
        desk.plan()
        return desk, lambda: sum(table.num_rows for table in store.tables.values())
    if request.param == "sqlite":
        desk.plan()
        return desk, lambda: sum(map(len, desk.target_rows().values()))
    server = request.getfixturevalue("postgresql" if request.param == "postgresql" else "mariadb")
    target = move_target(desk, request.param, server)
    options = "?tls=off" if request.param == "mysql" else ""
    desk = replace(desk, target=(target.url + options, "target.yaml"))
    desk.plan()
    return desk, lambda: sum(map(len, server_rows(target).values()))


_PROFILE = read(ROOT / "src" / "ecluse" / "profiles" / "demo-kalisil.yaml").to(DestinationProfile)
_TABLES = {entity.table: entity for entity in _PROFILE.entities.values()}


def _columns(table: str) -> list[tuple[str, pa.DataType]]:
    names = _TABLES[table].columns.values()
    return [(name, pa.decimal128(28, 10) if name == "valeur" else pa.string()) for name in names]


def test_an_honest_sender_is_loaded(desk: tuple[Desk, Callable[[], int]]) -> None:
    """The bench itself: what is refused below would have been taken."""
    made, published = desk
    made.ecluse("run", *W)
    assert published() == sum(len(rows) for rows in expected_rows(made.built).values())


def changed(column: str, value: str) -> Callable[[Normalised], Normalised]:
    """The last row of a batch says something else."""

    def lie(made: Normalised) -> Normalised:
        values = [*made.rows.column(column).to_pylist()[:-1], value]
        at = made.rows.column_names.index(column)
        return replace(made, rows=made.rows.set_column(at, column, pa.array(values, pa.string())))

    return lie


def lying(patch: pytest.MonkeyPatch, entity: str, lie: Callable[[Normalised], Normalised]) -> None:
    """The sender's gates are open, and the first batch of an entity is not what the source holds."""
    patch.setattr(Gate, "check_raw", lambda *_: None)
    patch.setattr(Gate, "check_columns", lambda *_: None)
    honest, told = Normaliser.__call__, list[str]()

    def normalise(self: Normaliser, raw: pa.Table) -> Normalised:
        made = honest(self, raw)
        if self._planned.entity != entity or not made.rows.num_rows or told:
            return made
        told.append(entity)
        return lie(made)

    patch.setattr(Normaliser, "__call__", normalise)


@pytest.mark.parametrize(
    ("entity", "column", "rule"),
    [
        ("observation", "request", "observation: a row of a request that was not received"),
        ("patient", "source_id", "patient: a row to which no received request leads"),
    ],
)
def test_what_no_received_request_leads_to_is_not_published(
    desk: tuple[Desk, Callable[[], int]], monkeypatch: pytest.MonkeyPatch, entity: str, column: str, rule: str
) -> None:
    made, published = desk
    with monkeypatch.context() as patch:
        lying(patch, entity, changed(column, LIE))
        stopped = made.ecluse("run", *W, code=15)
    last = made.ecluse("journal", "show", "migration", "--json").json()["destination"][-2:]
    assert [entry["event"] for entry in last] == ["scope.violation", "migration.suspended"]
    assert last[0]["detail"]["rule"] == rule
    assert last[0]["subject"].startswith(f"{entity}-")
    assert LIE not in stopped.out + stopped.err + json.dumps(last)
    assert published() == 0
    assert made.states() == ("delivered", "suspended")


def test_the_links_of_an_earlier_attempt_count(
    signed: Desk, fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests were loaded before the process died: what hangs on them still arrives, and nothing else."""
    desk = fresh(signed)
    desk.plan()
    calls: list[str] = []

    class Dying:
        def __init__(self, destination: Any) -> None:
            self.destination = destination

        def __getattr__(self, name: str) -> Any:
            return getattr(self.destination, name)

        def stage(self, order: str, batch: Any) -> None:
            calls.append(batch.entity)
            if batch.entity == "patient":
                raise KeyboardInterrupt
            self.destination.stage(order, batch)

    whole = _site.open_destination
    with monkeypatch.context() as patch:
        patch.setattr(_site, "open_destination", lambda spec: Dying(whole(spec)))
        desk.ecluse("run", *W, code=None)
    assert "request" in calls
    assert desk.states()[1] == "delivered"
    desk.ecluse("resume", *W)
    assert len(desk.target_rows()["patient"]) == len(desk.built.expected["patient"])


@pytest.mark.parametrize("entity", ["request", "observation"])
def test_a_sender_that_misstates_sites_is_named(
    signed: Desk, fresh: Fresh, monkeypatch: pytest.MonkeyPatch, entity: str
) -> None:
    """Everything arrives and is in scope; the account says whose receipt counted it under other sites."""
    desk = fresh(signed)
    desk.plan()
    honest = extract.group_digests

    def shuffled(rows: pa.Table, years: pa.Array, sites: pa.Array, key: bytes) -> tuple[GroupDigest, ...]:
        names = rows.column_names
        if (entity == "request") == ("registered_on" in names) and "birth_date" not in names:
            swapped = {"RENNES-SUD": "RENNES-CENTRE", "RENNES-CENTRE": "RENNES-SUD"}
            sites = pa.array([swapped.get(site, site) for site in sites.to_pylist()], pa.string())
        return honest(rows, years, sites, key)

    with monkeypatch.context() as patch:
        patch.setattr(extract, "group_digests", shuffled)
        desk.ecluse("run", *W, code=None)
    account = desk.ecluse("status", "migration", "--json").json()
    assert account["places"]["destination"]["state"] == "reconciled"
    [path] = desk.path("migration").rglob("artefacts/reconciliation/*.json")
    told = [d for d in json.loads(path.read_text())["differences"] if d["kind"] == "receipt_differs_from_rows"]
    assert {d["entity"] for d in told} == {entity}
    assert {d["detail"] for d in told} == {"agent-source"}
    assert all(d["source_key"].startswith(f"{entity}-") for d in told)
