"""One order, carried out twice: the same target, under different keys."""

import json
from typing import Any

import pytest

from migrating import Desk, W


def receipts(desk: Desk) -> dict[str, dict[str, Any]]:
    found = [json.loads(path.read_bytes()) for path in desk.path("migration", "destination", "artefacts", "receipt").glob("*.json")]
    return {receipt["batch"]: receipt for receipt in found}


@pytest.fixture
def twice(planned: Desk, tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, Desk]:
    first, second = (planned.copy(tmp_path_factory.mktemp("twice") / name) for name in ("first", "second"))
    for desk in (first, second):
        desk.ecluse("run", *W)
    return first, second


def test_targets_are_equal_and_digests_are_not(twice: tuple[Desk, Desk]) -> None:
    first, second = twice
    assert first.target_rows() == second.target_rows()
    one, other = receipts(first), receipts(second)
    assert one.keys() == other.keys()
    for batch, receipt in one.items():
        twin = other[batch]
        for same in ("entity", "columns", "rows", "canaries", "min_date", "max_date", "quarantined", "order", "plan"):
            assert receipt[same] == twin[same], (batch, same)
        places = [(group["year"], group["site"], group["rows"]) for group in receipt["groups"]]
        assert places == [(group["year"], group["site"], group["rows"]) for group in twin["groups"]]
        digests = {group["digest"] for group in receipt["groups"]}
        assert not digests & {group["digest"] for group in twin["groups"]}, "the digest key is each migration's own"
        assert receipt["parcel"] != twin["parcel"], "two seals of the same rows are told apart by nobody"


def test_equal_rows_have_equal_digests_within_a_migration(twice: tuple[Desk, Desk]) -> None:
    """Sealed and read back: what reconciliation compares."""
    for desk in twice:
        (path,) = desk.path("migration", "destination", "artefacts", "reconciliation").glob("*.json")
        for flow in json.loads(path.read_bytes())["flows"]:
            assert flow["sealed_digest"] == flow["read_back_digest"] != "0" * 32


def test_a_plan_is_the_same_twice(signed: Desk, tmp_path_factory: pytest.TempPathFactory) -> None:
    plans = []
    for name in ("first", "second"):
        desk = signed.copy(tmp_path_factory.mktemp("plans") / name)
        plan = desk.plan("--json").json()["plan"]
        plans.append({key: value for key, value in plan.items() if key not in {"made_at", "log"}})  # each place has a log of its own
    assert plans[0] == plans[1]
