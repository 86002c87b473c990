"""Which rows received requests lead to, in any order of batches, in bounded memory; and what a receipt may count."""

import datetime as dt
import threading
from dataclasses import replace

import pyarrow as pa
import pytest

from ecluse.domain.errors import ScopeViolationError
from ecluse.domain.plan import Batch, Plan, Snapshot, SourceFacts, Tally
from ecluse.domain.records import GroupDigest, Receipt
from ecluse.migration.load import stated
from ecluse.migration.reach import Reach, StoppedError, in_turn
from migration_parts import CANARY, DIGEST, planned

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
COLUMNS = {
    "request": ("source_id", "patient", "prescriber", "site"),
    "observation": ("source_id", "request"),
    "patient": ("source_id",),
    "practitioner": ("source_id",),
    "site": ("source_id",),
    "payer": ("source_id", "patient"),
}


def plan(*batches: Batch, columns: dict[str, tuple[str, ...]] = COLUMNS) -> Plan:
    entities = tuple(replace(planned(name, *names), rows=_rows(name, batches)) for name, names in columns.items())
    tallies = tuple(Tally(name, None, None, _rows(name, batches)) for name in columns)
    facts = SourceFacts("postgresql", "15", Snapshot.SHARED, 1)
    return Plan("ecluse.plan/1", DIGEST, DIGEST, DIGEST, NOW, "agent", facts, entities, batches, tallies, ())


def _rows(name: str, batches: tuple[Batch, ...]) -> int:
    return sum(batch.rows for batch in batches if batch.entity == name)


def days(entity: str, number: int, first: str, after: str) -> Batch:
    return Batch(f"{entity}-{number}", entity, first, after, 2)


def whole(entity: str) -> Batch:
    return Batch(f"{entity}-1", entity, None, None, 2)


def receipt(batch: Batch, *groups: GroupDigest) -> Receipt:
    return Receipt(
        "ecluse.receipt/1", DIGEST, DIGEST, batch.id, batch.entity, DIGEST, 1, COLUMNS[batch.entity],
        sum(g.rows for g in groups), 3, None, None, groups, (), None, NOW, "agent",
    )  # fmt: skip


def requests(*rows: tuple[str, ...]) -> pa.Table:
    names = COLUMNS["request"]
    return pa.table({name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)})


def table(entity: str, *values: str | None) -> pa.Table:
    link = COLUMNS[entity][-1]
    made = {"source_id": pa.array([str(n) for n in range(len(values))])} | {link: pa.array(values, pa.string())}
    return pa.table(made)


R18 = days("request", 1, "2018-01-01", "2019-01-01")
R19 = days("request", 2, "2019-01-01", "2020-01-01")
O18 = days("observation", 1, "2018-01-01", "2019-01-01")
O19 = days("observation", 2, "2019-01-01", "2020-01-01")
ALL = (R18, R19, O18, O19, *map(whole, ("patient", "practitioner", "site", "payer")))


@pytest.fixture
def reach() -> Reach:
    """Two years of requests: one each, and one set aside in 2018."""
    made = Reach(plan(*ALL), [receipt(batch) for batch in ALL])
    made.admit(receipt(R18), requests(("A", "P1", "D1", "NORD")), pa.table({"source_id": ["X"], "patient": ["P9"], "_reason": ["key"]}))
    made.admit(receipt(R19), requests(("B", "P2", "D1", "SUD"), ("C", "p3", None, "NORD")), None)
    return made


def refused(reach: Reach, batch: Batch, rows: pa.Table) -> str:
    with pytest.raises(ScopeViolationError) as caught:
        reach.check(receipt(batch), rows)
    assert CANARY not in str(caught.value)
    return str(caught.value)


def test_rows_of_received_requests_pass_and_show_year_and_site(reach: Reach) -> None:
    years, sites, aside = reach.check(receipt(O19), table("observation", "B", "C", "B"))
    assert years.to_pylist() == [2019] * 3
    assert sites.to_pylist() == ["SUD", "NORD", "SUD"]
    assert aside == 0


def test_rows_of_requests_set_aside_pass_and_show_no_site(reach: Reach) -> None:
    _years, sites, aside = reach.check(receipt(O18), table("observation", "X", "A", "X"))
    assert sites.to_pylist() == [None, "NORD", None]
    assert aside == 2


@pytest.mark.parametrize("link", [CANARY, "b", "B ", "", None, "A", "X", "P2"])
def test_rows_of_no_request_of_their_days(reach: Reach, link: str | None) -> None:
    assert "a request that was not received" in refused(reach, O19, table("observation", "B", link))


@pytest.mark.parametrize(
    ("entity", "good", "bad"),
    [
        ("patient", ("P1", "P2", "p3", "P9"), CANARY),
        ("payer", ("P1", "P1", "P9"), CANARY),
        ("practitioner", ("D1",), "D2"),
        ("site", ("NORD", "SUD"), "EST"),
        ("patient", (), "D1"),
        ("patient", (), None),
    ],
)
def test_whom_a_request_names(reach: Reach, entity: str, good: tuple[str, ...], bad: str | None) -> None:
    batch = whole(entity)
    reach.check(receipt(batch), table(entity, *good))
    assert "no received request leads" in refused(reach, batch, table(entity, *good, bad))


@pytest.mark.parametrize("key", ["P3", "p3 ", "0P3", "ṕ3", "P3.0"])
def test_keys_that_a_lenient_engine_joined_pass(reach: Reach, key: str) -> None:
    reach.check(receipt(whole("patient")), table("patient", key))
    assert "leads" in refused(reach, whole("patient"), table("patient", "P33"))


def test_links_that_do_not_travel_are_not_followed() -> None:
    columns = {"request": ("source_id",), "patient": ("source_id",), "observation": ("source_id", "rank")}
    made = Reach(plan(R18, O18, whole("patient"), columns=columns), [receipt(R18), receipt(O18)])
    made.admit(receipt(R18), pa.table({"source_id": ["A"]}), None)
    rows = pa.table({"source_id": [CANARY]})
    assert made.check(receipt(O18), rows)[0].to_pylist() == [2018]
    made.check(receipt(whole("patient")), rows)
    assert not made.tells_sites("observation")


def test_batches_come_so_that_nobody_waits_for_one_that_has_not_begun() -> None:
    early, late = days("request", 1, "2019-01-01", "2019-03-01"), days("request", 2, "2019-03-01", "2020-01-01")
    across, last = days("observation", 1, "2019-02-20", "2019-03-10"), days("observation", 2, "2019-03-10", "2020-01-01")
    first = days("observation", 3, "2019-01-01", "2019-02-20")
    batches = (whole("patient"), last, across, first, late, early)
    turns = [each.batch for each in in_turn([receipt(batch) for batch in batches], plan(*batches))]
    assert turns == ["request-1", "observation-3", "request-2", "observation-1", "observation-2", "patient-1"]


def test_requests_are_let_go_with_the_last_batch_of_their_days() -> None:
    made = Reach(plan(*ALL), [receipt(batch) for batch in ALL])
    made.admit(receipt(R18), requests(("A", "P1", "D1", "NORD")), None)
    assert set(made._requests) == {"request-1"}
    made.check(receipt(O18), table("observation", "A"))
    assert not made._requests
    made.admit(receipt(R19), requests(("B", "P2", "D1", "SUD")), None)
    made.check(receipt(whole("patient")), table("patient", "P1", "P2"))


def test_what_was_loaded_before_is_wanted_only_where_it_still_serves() -> None:
    loaded = [receipt(R18), receipt(R19), receipt(O18)]
    assert [r.batch for r in Reach(plan(*ALL), [receipt(O19)]).wanted(loaded)] == ["request-2"]
    assert [r.batch for r in Reach(plan(*ALL), [receipt(whole("site"))]).wanted(loaded)] == ["request-1", "request-2"]
    assert Reach(plan(*ALL), []).wanted(loaded) == []


def test_a_batch_waits_for_the_requests_of_its_days_alone() -> None:
    made = Reach(plan(*ALL), [receipt(batch) for batch in ALL])
    made.admit(receipt(R18), requests(("A", "P1", "D1", "NORD")), None)
    ended: list[str] = []

    def work(batch: Batch, rows: pa.Table) -> None:
        try:
            made.check(receipt(batch), rows)
            ended.append(batch.id)
        except StoppedError:
            ended.append("stopped")

    made.check(receipt(O18), table("observation", "A"))
    threads = [
        threading.Thread(target=work, args=(O19, table("observation", "B"))),
        threading.Thread(target=work, args=(whole("patient"), table("patient", "P2"))),
    ]
    for thread in threads:
        thread.start()
    assert not ended
    made.admit(receipt(R19), requests(("B", "P2", "D1", "SUD")), None)
    for thread in threads:
        thread.join(10)
    assert sorted(ended) == ["observation-2", "patient-1"]


def test_nobody_waits_for_requests_that_failed() -> None:
    made = Reach(plan(*ALL), [receipt(batch) for batch in ALL])
    made.stop()
    for batch, rows in ((O18, table("observation", "A")), (whole("patient"), table("patient", "P1"))):
        with pytest.raises(StoppedError):
            made.check(receipt(batch), rows)


# What receipts count.

ONE, TWO, THREE = (f"{n:032x}" for n in (1, 2, 3))


def groups(*given: tuple[int | None, str | None, int, str]) -> tuple[GroupDigest, ...]:
    return tuple(GroupDigest(*each) for each in given)


SAID = receipt(R18, *groups((2018, "NORD", 1, ONE), (2018, "SUD", 2, TWO)))


@pytest.mark.parametrize(
    ("found", "sites", "aside", "true"),
    [
        (((2018, "NORD", 1, ONE), (2018, "SUD", 2, TWO)), True, 0, True),
        (((2018, "NORD", 2, TWO), (2018, "SUD", 1, ONE)), True, 0, False),
        (((2018, "NORD", 1, TWO), (2018, "SUD", 2, ONE)), True, 0, False),
        (((2018, "NORD", 3, THREE),), True, 0, False),
        (((2019, "NORD", 1, ONE), (2018, "SUD", 2, TWO)), True, 0, False),
        (((2018, None, 3, THREE),), False, 0, True),
        (((2019, None, 3, THREE),), False, 0, False),
        (((2018, None, 1, ONE), (2018, "SUD", 2, TWO)), True, 1, True),
        (((2018, None, 1, ONE), (2018, "NORD", 2, TWO)), True, 1, False),
        (((2019, None, 1, ONE), (2019, "SUD", 2, TWO)), True, 1, False),
    ],
)
def test_what_a_receipt_counts_is_held_against_its_rows(
    found: tuple[tuple[int, str | None, int, str], ...], sites: bool, aside: int, true: bool
) -> None:
    assert stated(groups(*found), SAID, sites=sites, aside=aside) is true
