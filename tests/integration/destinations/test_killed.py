"""Law 4: a loader that is killed before any one of its effects, and started again, gives the same target."""

import signal
import time
from typing import Any

import pytest
from victim import ROWS, steps, victim, victim_by_clock

from destination_benches import ORDER, SCHEMAS, Bench, batch, patients, read, without_control
from ecluse.domain.profile import Engine, LoadMode

_MOST = 60


def _killed_everywhere(processes: Any, bench: Bench, mode: LoadMode, step: str) -> int:
    """Kill before the first effect, the second…, until one lives; returns how many died."""
    for effects in range(_MOST):
        whose = (Engine(bench.engine), bench.url, bench.profile(mode))
        process = processes.Process(target=victim, args=(*whose, step, effects))
        process.start()
        process.join(60)
        assert process.exitcode in (0, -signal.SIGKILL)
        if process.exitcode == 0:
            return effects
        if step == "publish":
            _check_whole(bench)
    raise AssertionError("it never came to its end")


def _check_whole(bench: Bench) -> None:
    counts = [bench.count("patient"), bench.count("resultat")]
    assert counts[0] in (0, 30)
    assert counts[1] in (0, 50)
    if bench.engine != "mysql":  # one transaction for all; there, RENAME TABLE and the merges are two
        assert counts in ([0, 0], [30, 50])


@pytest.mark.parametrize("mode", list(LoadMode))
def test_killed_before_every_effect_and_resumed(processes: Any, bench: Bench, mode: LoadMode) -> None:
    for step, fewest in (("prepare", 3), ("stage", 8), ("publish", 3), ("finish", 2)):
        assert _killed_everywhere(processes, bench, mode, step) >= fewest
        with bench.open(mode) as destination:
            if step == "publish":
                for name, rows in ROWS.items():
                    assert without_control(read(destination, name)).equals(rows.combine_chunks())
                assert len(destination.loaded(ORDER)) == 7
            steps(destination, step)
    assert (bench.count("patient"), bench.count("resultat")) == (30, 50)
    assert bench.count("ecluse_ledger") == 7


@pytest.mark.parametrize("mode", list(LoadMode))
@pytest.mark.parametrize("after", [0.01, 0.05, 0.1, 0.2])
def test_killed_by_the_clock_amid_a_long_load(processes: Any, bench: Bench, mode: LoadMode, after: float) -> None:
    rows = 60_000
    with bench.open(mode) as destination:
        destination.prepare(ORDER, {"patient": SCHEMAS["patient"]})
    listener, speaker = processes.Pipe(duplex=False)
    whose = (Engine(bench.engine), bench.url, bench.profile(mode))
    process = processes.Process(target=victim_by_clock, args=(*whose, rows, speaker))
    process.start()
    assert listener.recv() == "about to load"
    time.sleep(after)
    process.kill()
    process.join()
    with bench.open(mode) as destination:
        destination.stage(ORDER, batch("long", "patient", patients(rows)))
        destination.publish(ORDER)
        assert without_control(read(destination, "patient")).num_rows == rows
    assert bench.count("patient") == rows
