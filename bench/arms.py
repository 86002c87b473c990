"""The arms: the shell's own tools, Écluse, the peers; each does its work once and is measured."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import peers
from bench.cluster import HERE, Cluster
from bench.measure import Cost, measured

ORDER = "select * from ordered"
COLUMNS = (
    "nip text, numero text, date_prelevement timestamp, code text, valeur_num numeric(14,4), valeur_txt text,"
    " unite text, commentaire text"
)
SHELL = {
    "a": "psql COPY text to /dev/null",
    "b": "psql COPY text | zstd -1 | age -r > file",
    "c": "b | age -d | zstd -d | psql COPY into the target",
    "r": "psql COPY text of the target's table to /dev/null",
}


@dataclass(frozen=True, slots=True)
class Sitting:
    """What all arms of one sitting share."""

    cluster: Cluster
    work: Path
    recipient: str
    key: Path

    @classmethod
    def begin(cls, cluster: Cluster, work: Path) -> "Sitting":
        """A clean folder and an age key."""
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        key = work / "shell.agekey"
        _bash(cluster, f"age-keygen -o {key} 2>/dev/null; echo")
        _, recipient = _bash(cluster, f"age-keygen -y {key}")
        return cls(cluster, work, recipient.strip(), key)


def arms(sitting: Sitting) -> Mapping[str, Callable[[], Cost]]:
    """Every arm by name, the peers' only those that can be installed."""
    made: dict[str, Callable[[], Cost]] = {name: lambda name=name: _shell(sitting, name) for name in SHELL}  # type: ignore[misc]
    made["ecluse"] = lambda: _ecluse(sitting)
    return made


def peer_arms(sitting: Sitting, build: Path) -> Mapping[str, Callable[[], Cost]]:
    """The peers that can be installed."""
    made: dict[str, Callable[[], Cost]] = {}
    for peer in peers.PEERS:
        reason = peers.install(peer, build)
        if reason:
            print(f"{peer.name}: not installed: {reason}", flush=True)
        else:
            made[peer.name] = lambda peer=peer: _peer(sitting, peer, build)  # type: ignore[misc]
    return made


def _shell(sitting: Sitting, name: str) -> Cost:
    cluster = sitting.cluster
    psql = "psql -Xq -v ON_ERROR_STOP=1"
    out = f"{psql} {cluster.url}/legacy -c 'copy ({ORDER}) to stdout'"
    seal = f"{out} | zstd -q -1 | age -r {sitting.recipient}"
    load = f"age -d -i {sitting.key} | zstd -dq | {psql} {cluster.url}/target -c 'copy shell from stdin'"
    command = {
        "a": f"{out} > /dev/null",
        "b": f"{seal} > {sitting.work}/shell.age",
        "c": f"{seal} | {load}",
        "r": f"{psql} {cluster.url}/target -c 'copy shell to stdout' > /dev/null",
    }[name]
    if name == "c" or (name == "r" and not cluster.psql("target", "-c", "select to_regclass('shell')")):
        cluster.psql("target", "-c", f"drop table if exists shell; create table shell({COLUMNS})")
        if name == "r":
            _bash(cluster, f"{seal} | {load}")
    return _bash(cluster, command)[0]


def _bash(cluster: Cluster, command: str) -> tuple[Cost, str]:
    return measured(cluster, ["bash", "-c", f"set -o pipefail; {command}"])


def _ecluse(sitting: Sitting) -> Cost:
    """Plan (apart), then extract to reconcile in one process; ``detail`` has each stage."""
    cluster, folder = sitting.cluster, sitting.work / "migration"
    shutil.rmtree(folder, ignore_errors=True)
    cluster.psql("target", "-f", str(HERE / "target.sql"))
    root = HERE.parent
    env = {"PYTHONPATH": f"{root / 'src'}:{root}"}

    def step(name: str) -> tuple[Cost, dict[str, Any]]:
        command = [sys.executable, "-m", "bench.migration", name, str(folder)]
        cost, output = measured(cluster, [*command, f"{cluster.url}/legacy", f"{cluster.url}/target"], env)
        return cost, json.loads(output)

    planned, plan = step("plan")
    cost, run = step("run")
    cost.wall = sum(stage["wall"] for stage in run["stages"].values())
    cost.detail = {**plan, **run, "plan": {"wall": planned.wall, "client": planned.client, "server": planned.server}}
    return cost


def _peer(sitting: Sitting, peer: peers.Peer, build: Path) -> Cost:
    cluster, table = sitting.cluster, f"{peer.name}_ordered"
    cluster.psql("target", "-c", f"drop table if exists {table}; drop schema if exists dlt_bench cascade")
    url = cluster.url.replace("postgres@", "postgres:any@")  # the server asks for none, some peers do
    command = peer.command(build, f"{url}/legacy", f"{url}/target", table)
    folders = dict.fromkeys(("HOME", "BENCH_WORK", "DLT_DATA_DIR"), str(sitting.work))
    env = {**peers.QUIET, **folders}
    cost, _ = measured(cluster, command, env)
    place = f"dlt_bench.{table}" if peer.name == "dlt" else f"public.{table}"
    cost.detail = {"rows": int(cluster.psql("target", "-c", f"select count(*) from {place}"))}
    cluster.psql("target", "-c", f"drop table {place}")
    return cost
