"""``python -m bench.fhir``: how fast results become FHIR NDJSON, beside building the same with fhir.resources.

Écluse makes lines of a table's columns; fhir.resources is given the same resources as dictionaries, already made, and
has to validate and write them. Each runs in a process of its own. Both outputs are compared before anything is timed.

Target (issue 3): at least 3 times the rate.
"""

import argparse
import datetime as dt
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa

from ecluse.adapters.fhir.writer import Naming, write_rows

TARGET = 3.0
_ROWS = {"ecluse": 200_000, "fhir.resources": 10_000}


def main() -> int:
    """Run the arms in turn; print rates and the ratio; fail below the target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--arm", choices=_ARMS)
    given = parser.parse_args()
    if given.arm:
        print(json.dumps(_ARMS[given.arm](_ROWS[given.arm])))
        return 0
    _compare()
    rates: dict[str, list[float]] = {name: [] for name in _ARMS}
    for number in range(given.rounds):
        for name in _ARMS:
            command = [sys.executable, "-m", "bench.fhir", "--arm", name]
            rates[name].append(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))
            print(f"round {number + 1} {name:15} {rates[name][-1]:10,.0f} resources/s", flush=True)
    medians = {name: statistics.median(each) for name, each in rates.items()}
    ratio = medians["ecluse"] / medians["fhir.resources"]
    print(f"FHIR NDJSON: {ratio:.1f} times the rate of fhir.resources (target {TARGET:.0f})")
    return 0 if ratio >= TARGET else 1


def results(count: int) -> pa.Table:
    """Results as a French laboratory has them: numbers with and without comparator, texts, one in ten abnormal."""
    every = range(count)
    moments = [dt.datetime(2018, 3, 4, 9, 30) + dt.timedelta(minutes=i) for i in every]  # noqa: DTZ001  wall clock
    halves = [None if i % 9 == 0 else Decimal(i % 500) + Decimal("0.5") for i in every]
    return pa.table({
        "source_id": [f"R{i}" for i in every],
        "request": [f"D{i // 8}" for i in every],
        "rank": pa.array([i % 8 for i in every], pa.int64()),
        "code": [("NA", "K", "GLY", "HB")[i % 4] for i in every],
        "label": [("Sodium", "Potassium", "Glycémie à jeun", "Hémoglobine")[i % 4] for i in every],
        "loinc": [("2951-2", "2823-3", "2345-7", "718-7")[i % 4] for i in every],
        "raw_value": ["négatif" if i % 9 == 0 else f"{i % 500},5" for i in every],
        "value": pa.array(halves, pa.decimal128(28, 10)),
        "comparator": ["<" if i % 9 and i % 20 == 1 else None for i in every],
        "unit": [("mmol/l", "mmol/l", "g/l", "g/dl")[i % 4] for i in every],
        "ucum": [("mmol/L", "mmol/L", "g/L", "g/dL")[i % 4] for i in every],
        "reference_range": ["136 - 145" for _ in every],
        "abnormal_flag": ["H" if i % 10 == 0 else None for i in every],
        "status": ["F" for _ in every],
        "observed_on": pa.array(moments, pa.timestamp("us")),
    })  # fmt: skip


def _lines(rows: pa.Table, naming: Naming) -> pa.Array:
    subjects = pa.array([f"P{i // 40}" for i in range(rows.num_rows)])
    return write_rows("observation", rows, naming, subjects=subjects).with_ids()


def _ecluse(count: int) -> float:
    rows, naming = results(count), Naming("bench", "Europe/Paris")
    began = time.perf_counter()
    for start in range(0, count, 20_000):
        assert len(_lines(rows.slice(start, 20_000), naming))  # noqa: S101
    return count / (time.perf_counter() - began)


def _peer(count: int) -> float:
    made = [json.loads(line) for line in _lines(results(count), Naming("bench", "Europe/Paris")).to_pylist()]
    build = _building()
    began = time.perf_counter()
    for each in made:
        build(each)
    return count / (time.perf_counter() - began)


def _building() -> Callable[[dict[str, Any]], str]:
    from fhir.resources.R4B.observation import Observation  # noqa: PLC0415

    return lambda made: str(Observation.model_validate(made).model_dump_json())


def _compare() -> None:
    """Both write the same, member for member."""
    build = _building()
    for line in _lines(results(200), Naming("bench", "Europe/Paris")).to_pylist():
        mine, theirs = json.loads(line), json.loads(build(json.loads(line)))
        moments = [found.pop("effectiveDateTime") for found in (mine, theirs)]
        if mine != theirs or len({dt.datetime.fromisoformat(each) for each in moments}) != 1:
            raise SystemExit("the two do not write the same resources")


_ARMS: dict[str, Callable[[int], float]] = {"ecluse": _ecluse, "fhir.resources": _peer}

if __name__ == "__main__":
    sys.exit(main())
