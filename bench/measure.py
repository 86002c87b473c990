"""What one arm costs: wall, CPU of client and server, peak memory."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.cluster import Cluster

_SAMPLE = 0.1
_SETTLE = 0.3
"""Seconds until backends have gone and the postmaster has counted them."""


@dataclass(slots=True)
class Cost:
    """Seconds, and KiB."""

    wall: float
    client: float
    server: float
    peak: int
    """VmHWM of the largest process."""
    peak_sum: int
    """Sum of the VmHWM of all its processes, the server's not."""
    detail: dict[str, Any] = field(default_factory=dict)


def measured(cluster: Cluster, command: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[Cost, str]:
    """Run a command and everything it starts; its cost, and what it printed. Raises SystemExit when it fails."""
    before = cluster.cpu()
    began = time.monotonic()
    variables = {**os.environ, **(env or {}), "BENCH_BEGAN": repr(began), "BENCH_POSTMASTER": str(cluster.postmaster)}
    process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True, start_new_session=True)
    peaks: dict[int, int] = {}
    ended = threading.Event()
    sampler = threading.Thread(target=_sample, args=(process.pid, peaks, ended))
    sampler.start()
    assert process.stdout is not None  # noqa: S101 - PIPE
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    ended.set()
    sampler.join()
    if process.returncode:
        raise SystemExit(f"failed ({process.returncode}): {' '.join(command)}\n{output}")
    time.sleep(_SETTLE)
    peak = max(used.ru_maxrss, *peaks.values(), 0)
    cost = Cost(wall, used.ru_utime + used.ru_stime, cluster.cpu() - before, peak, max(peak, sum(peaks.values())))
    return cost, output


def _sample(session: int, peaks: dict[int, int], ended: threading.Event) -> None:
    """Peak of each process of a session; a short one may be missed, the largest is in ``ru_maxrss`` anyway."""
    while not ended.wait(_SAMPLE):
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                _note(entry, session, peaks)


def _note(entry: Path, session: int, peaks: dict[int, int]) -> None:
    try:
        fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        if int(fields[3]) != session:
            return
        status = (entry / "status").read_text(encoding="utf-8", errors="replace")
        found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    except (OSError, IndexError, ValueError):
        return
    if found:
        peaks[int(entry.name)] = int(found[0])
