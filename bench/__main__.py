"""``python -m bench``: see ``docs/benchmarks.md``."""

import argparse
import shutil
import sys
from pathlib import Path

from bench import report
from bench.arms import Sitting, arms, peer_arms
from bench.cluster import running
from bench.measure import Cost

_ROOT = Path(__file__).resolve().parent.parent
_PUBLISHED_ROUNDS = 3
"""Medians of fewer are no figures to publish: the page then lies beside the data."""
_PROGRAMS = ("psql", "zstd", "age", "age-keygen")


def main() -> int:
    """Run the arms, write the report, compare."""
    given = _arguments()
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"not installed: {', '.join(missing)} (scripts/system-packages test)")
    build = given.build.resolve()
    build.mkdir(parents=True, exist_ok=True)
    with running(build, given.rows, given.port) as cluster:
        sitting = Sitting.begin(cluster, build / "work")
        chosen = {name: arm for name, arm in arms(sitting).items() if name in given.arms}
        others = dict(peer_arms(sitting, build)) if given.peers else {}
        rounds: list[dict[str, Cost]] = []
        for number in range(given.rounds):
            todo = {**chosen, **(others if number < given.peer_rounds else {})}
            names = list(todo) if number % 2 == 0 else list(reversed(todo))
            costs: dict[str, Cost] = {}
            for name in names:
                try:
                    costs[name] = todo[name]()
                except SystemExit as failure:
                    if name not in others:
                        raise
                    print(f"{name} is left out: {failure}", flush=True)
                    del others[name]
                else:
                    _say(number, name, costs[name])
            rounds.append(costs)
    shutil.rmtree(build / "work", ignore_errors=True)
    made = report.made(given.rows, rounds)
    published = given.rounds >= _PUBLISHED_ROUNDS
    report.write(build, given.page or (_ROOT / "docs" if published else build) / "benchmarks.md", made)
    return _judge(made, given)


def _judge(made: dict[str, object], given: argparse.Namespace) -> int:
    for name, found in made["ratios"].items():  # type: ignore[attr-defined]
        print(f"{name}: {found}")
    baseline = Path(__file__).with_name("baseline.json")
    worse = report.worse(made, baseline)
    if given.store:
        report.store(made, baseline)
    elif given.compare and worse:
        print("worse than the baseline:", *worse, sep="\n  ", file=sys.stderr)
        return 1
    return 0


def _say(number: int, name: str, cost: Cost) -> None:
    stages = cost.detail.get("stages", {})
    told = "".join(f" {stage} {each['wall']:.1f}" for stage, each in stages.items())
    print(
        f"round {number + 1} {name:8} {cost.wall:6.1f} s, CPU {cost.client:5.1f} + server {cost.server:5.1f} s, "
        f"{cost.peak // 1024} MiB{told}",
        flush=True,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000_000, help="results in the legacy LIS")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--arms", nargs="+", default=["a", "b", "c", "r", "ecluse"])
    parser.add_argument("--no-peers", dest="peers", action="store_false")
    parser.add_argument(
        "--peer-rounds", type=int, default=3, help="rounds in which the peers, which are slow, take part"
    )
    parser.add_argument("--compare", action="store_true", help="fail where a ratio is worse than bench/baseline.json's")
    parser.add_argument("--store", action="store_true", help="make this sitting the baseline of its scale")
    parser.add_argument("--build", type=Path, default=_ROOT / "build" / "bench", help="where data and environments lie")
    parser.add_argument("--page", type=Path, help="the page; default docs/benchmarks.md")
    parser.add_argument("--port", type=int, default=55_439)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
