"""The benchmark's own arithmetic: ratios within a round, the baseline that keeps a later sitting honest."""

import json
from pathlib import Path

from bench.measure import Cost
from bench.report import made, store, worse


def _round(**walls: float) -> dict[str, Cost]:
    costs = {name: Cost(wall, 1.0, 1.0, 1000, 2000) for name, wall in walls.items()}
    if "ecluse" in costs:
        stage = {"wall": costs["ecluse"].wall / 2, "client": 1.0, "server": 1.0}
        stages = dict.fromkeys(("extract", "deliver", "receive", "load", "reconcile"), stage)
        costs["ecluse"].detail = {"plan": stage, "stages": stages}
    return costs


def test_ratios_are_taken_within_a_round_and_their_median_counts():
    rounds = [_round(b=1, c=2, r=2, ecluse=4), _round(b=10, c=20, r=20, ecluse=80), _round(b=1, c=2, r=2, ecluse=8)]
    report = made(10, rounds)
    assert report["ratios"] == {"extract / b": 4.0, "whole / (c + r)": 2.0}
    assert [target["met"] for target in report["targets"]] == [False, False]


def test_a_peer_that_ran_once_is_held_against_its_round():
    report = made(10, [_round(ecluse=10, dlt=60), _round(ecluse=100)])
    assert report["ratios"] == {"whole / dlt": 0.167}
    assert report["targets"][0]["met"]


def test_a_ratio_worse_than_the_baseline_by_a_quarter_is_told(tmp_path: Path):
    baseline = tmp_path / "baseline.json"
    store(made(10, [_round(b=1, ecluse=2)]), baseline)
    assert json.loads(baseline.read_text()) == {"10": {"wall": {"extract / b": 1.0}, "CPU": {"extract / b": 1.0}}}
    assert worse(made(10, [_round(b=1, ecluse=2.4)]), baseline) == []
    assert worse(made(10, [_round(b=1, ecluse=2.6)]), baseline) == ["extract / b of wall: 1.3, 1.0 in the baseline"]
    busy = _round(b=1, ecluse=2)
    busy["b"].server = 0.5
    assert worse(made(10, [busy]), baseline) == ["extract / b of CPU: 1.333, 1.0 in the baseline"]
    assert worse(made(20, [_round(b=1, ecluse=9)]), baseline) == []


def test_memory_above_its_limit_is_told(tmp_path: Path):
    costs = _round(ecluse=2)
    costs["ecluse"].peak = 600 * 1024
    assert worse(made(10, [costs]), tmp_path / "none.json") == ["memory: 600 MiB, 512 allowed"]
