"""Medians, ratios, targets; the page that says them; the comparison with the stored baseline."""

import datetime as dt
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import peers
from bench.arms import SHELL
from bench.measure import Cost

WORSE = 1.25
"""A ratio worse than the baseline's by more than this fails ``--compare``: noise is 15 to 20 per cent."""
MEMORY_KIB = 512 * 1024
_LIBRARIES = ("duckdb", "pyarrow", "polars", "cryptography", "pyrage", "pgpq", "psycopg")
_STAGES = ("extract", "deliver", "receive", "load", "reconcile")


def made(rows: int, rounds: Sequence[Mapping[str, Cost]]) -> dict[str, Any]:
    """The report: every round, medians, ratios and targets."""
    ratios, in_cpu = _ratios(rounds, _wall), _ratios(rounds, _cpu)
    return {
        "made_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "rows": rows,
        "machine": _machine(),
        "versions": {name: version(name) for name in _LIBRARIES} | _programs(),
        "rounds": [{name: _plain(cost) for name, cost in each.items()} for each in rounds],
        "medians": _medians(rounds),
        "stages": _stages(rounds),
        "ratios": ratios,
        "ratios_of_cpu": in_cpu,
        "targets": [_target(name, ratios, limit) for name, limit in _LIMITS.items() if name in ratios],
        "memory": {"peak_kib": max(c.peak for c in _costs(rounds, "ecluse")), "limit_kib": MEMORY_KIB}
        if _costs(rounds, "ecluse")
        else None,
    }


_LIMITS = {
    "extract / b": 1.0,
    "whole / (c + r)": 1.0,
    "whole / dlt": 1 / 5,
    "whole / sling": 1 / 3.5,
    "whole / ingestr": 1 / 1.3,
}
_PEERS = tuple(peer.name for peer in peers.PEERS)


def _wall(cost: Cost | Mapping[str, float]) -> float:
    return cost.wall if isinstance(cost, Cost) else cost["wall"]


def _cpu(cost: Cost | Mapping[str, float]) -> float:
    """Client's and server's CPU: what a machine's other work hardly changes."""
    return cost.client + cost.server if isinstance(cost, Cost) else cost["client"] + cost["server"]


def _ratios(
    rounds: Sequence[Mapping[str, Cost]], of: Callable[[Cost | Mapping[str, float]], float]
) -> dict[str, float]:
    """Medians of the ratios within each round, which drift of the machine leaves alone; lower is better.

    A peer that ran in fewer rounds is held against the rounds that it ran in.
    """
    found: dict[str, list[float]] = {}
    for each in rounds:
        if "ecluse" not in each:
            continue
        whole, extract = of(each["ecluse"]), of(each["ecluse"].detail["stages"]["extract"])
        if "b" in each:
            found.setdefault("extract / b", []).append(extract / of(each["b"]))
        if {"c", "r"} <= set(each):
            found.setdefault("whole / (c + r)", []).append(whole / (of(each["c"]) + of(each["r"])))
        for peer in set(_PEERS) & set(each):
            found.setdefault(f"whole / {peer}", []).append(whole / of(each[peer]))
    return {name: round(statistics.median(found[name]), 3) for name in _LIMITS if name in found}


def _target(name: str, ratios: Mapping[str, float], limit: float) -> dict[str, Any]:
    return {"ratio": name, "limit": round(limit, 3), "found": ratios[name], "met": ratios[name] <= limit}


def _costs(rounds: Sequence[Mapping[str, Cost]], name: str) -> list[Cost]:
    return [each[name] for each in rounds if name in each]


def _medians(rounds: Sequence[Mapping[str, Cost]]) -> dict[str, dict[str, float]]:
    names = [name for name in (*SHELL, "ecluse", *_PEERS) if _costs(rounds, name)]
    fields = ("wall", "client", "server", "peak", "peak_sum")
    return {
        name: {field: statistics.median(getattr(cost, field) for cost in _costs(rounds, name)) for field in fields}
        | {"runs": len(_costs(rounds, name))}
        for name in names
    }


def _stages(rounds: Sequence[Mapping[str, Cost]]) -> dict[str, dict[str, float]]:
    costs = [{"plan": cost.detail["plan"], **cost.detail["stages"]} for cost in _costs(rounds, "ecluse")]
    fields = ("wall", "client", "server")
    return {
        stage: {field: statistics.median(cost[stage][field] for cost in costs) for field in fields}
        for stage in (("plan", *_STAGES) if costs else ())
    }


def _plain(cost: Cost) -> dict[str, Any]:
    return {name: getattr(cost, name) for name in ("wall", "client", "server", "peak", "peak_sum", "detail")}


def _machine() -> dict[str, Any]:
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 1048576, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def _programs() -> dict[str, str]:
    commands = {"psql": ["psql", "--version"], "zstd": ["zstd", "-qV"], "age": ["age", "--version"]}
    return {name: _said(command) for name, command in commands.items()}


def _said(command: Sequence[str]) -> str:
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else "?"


def write(build: Path, page: Path, report: Mapping[str, Any]) -> None:
    """``report-<rows>.json`` and ``report.json`` of the largest scale; the page shows every scale there is."""
    build.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=1, ensure_ascii=False)
    (build / f"report-{report['rows']}.json").write_text(text, encoding="utf-8")
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in build.glob("report-*.json")]
    reports.sort(key=lambda each: -each["rows"])
    (build / "report.json").write_text(json.dumps(reports[0], indent=1, ensure_ascii=False), encoding="utf-8")
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(_page(reports)) + "\n", encoding="utf-8")


def worse(report: Mapping[str, Any], baseline: Path) -> list[str]:
    """Ratios that got worse than the baseline's of that scale by more than ``WORSE``, and memory above its limit.

    Ratios of wall drift with what else the machine does; those of CPU do not show a worker that idles: both count.
    """
    before = _stored(baseline).get(str(report["rows"]), {})
    found = [
        f"{name} of {kind}: {report[key][name]}, {value} in the baseline"
        for kind, key in _KINDS.items()
        for name, value in before.get(kind, {}).items()
        if report[key].get(name, 0.0) > value * WORSE
    ]
    if report["memory"] and report["memory"]["peak_kib"] > MEMORY_KIB:
        found.append(f"memory: {report['memory']['peak_kib'] // 1024} MiB, 512 allowed")
    return found


def store(report: Mapping[str, Any], baseline: Path) -> None:
    """Make this report's ratios the baseline of its scale."""
    stored = _stored(baseline)
    mine = stored.setdefault(str(report["rows"]), {})
    for kind, key in _KINDS.items():
        mine[kind] = {**mine.get(kind, {}), **report[key]}
    baseline.write_text(json.dumps(dict(sorted(stored.items())), indent=1) + "\n", encoding="utf-8")


_KINDS = {"wall": "ratios", "CPU": "ratios_of_cpu"}


def _stored(baseline: Path) -> dict[str, Any]:
    return dict(json.loads(baseline.read_text(encoding="utf-8"))) if baseline.exists() else {}


def _page(reports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield (HERE / "page.md").read_text(encoding="utf-8").rstrip()
    for report in reports:
        yield from _scale(report)


def _scale(report: Mapping[str, Any]) -> Iterator[str]:
    machine, rows = report["machine"], report["rows"]
    yield f"\n## {rows:,} results, {len(report['rounds'])} rounds, {report['made_at'][:10]}\n"
    yield (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}; load "
        f"average {machine['load']:.1f} at the end of the sitting. "
        + ", ".join(f"{name} {text}" for name, text in report["versions"].items())
        + ".\n"
    )
    yield "| ratio (lower is better) | of wall | allowed | | of CPU |\n|---|---|---|---|---|"
    for target in report["targets"]:
        missed = f"missed by {100 * (target['found'] / target['limit'] - 1):.0f} %"
        told = "met" if target["met"] else missed
        of_cpu = report["ratios_of_cpu"][target["ratio"]]
        yield f"| {target['ratio']} | {target['found']} | {target['limit']} | {told} | {of_cpu} |"
    if report["memory"]:
        yield f"\nPeak resident memory of Écluse: {report['memory']['peak_kib'] / 1024:.0f} MiB (512 allowed).\n"
    yield "| arm | runs | wall s | client CPU s | server CPU s | largest MiB | sum MiB |\n|---|---|---|---|---|---|---|"
    for name, cost in report["medians"].items():
        yield (
            f"| {name} | {cost['runs']} | {cost['wall']:.1f} | {cost['client']:.1f} | {cost['server']:.1f} "
            f"| {cost['peak'] / 1024:.0f} | {cost['peak_sum'] / 1024:.0f} |"
        )
    yield "\nWhere Écluse's time goes:\n"
    yield "| stage | wall s | client CPU s | server CPU s |\n|---|---|---|---|"
    for name, cost in report["stages"].items():
        yield f"| {name} | {cost['wall']:.1f} | {cost['client']:.1f} | {cost['server']:.1f} |"


HERE = Path(__file__).parent
