"""``scripts/fuzz``: the targets in turn, each in a child of its own; what they did is added up in ``build/fuzz/``.

scripts/fuzz --minutes 8 [--rounds N] [--until HH:MM] [target ...]
scripts/fuzz --tally          the sums so far, as the table of docs/reference/fuzzing.md
scripts/fuzz --again          the inputs found before, run once more
"""

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from fuzz.catalogue import TARGETS

_HERE = Path(__file__).parent
_BUILD = _HERE.parents[1] / "build" / "fuzz"
_LEDGER = _BUILD / "ledger.jsonl"
_GRACE = 180


def main() -> int:
    """Exit code 1 where anything was found."""
    given = _arguments()
    if given.tally:
        _tally()
        return 0
    if given.seeds:
        from fuzz import seeds  # noqa: PLC0415 - it needs the libraries that write the formats

        seeds.main()
        return 0
    if given.again:
        return _again(given.targets)
    ends = _moment(given.until)
    found = 0
    for _ in range(given.rounds):
        for name in given.targets or TARGETS:
            seconds = given.minutes * 60
            if ends is not None:
                seconds = min(seconds, ends - time.time())
            if seconds < 30:
                break
            found += _turn(name, seconds)
    return min(found, 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description="Fuzz the readers of outside bytes.")
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], metavar="target", help=", ".join(TARGETS))
    parser.add_argument("--minutes", type=float, default=5.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--until", help="a time of today, as 10:40")
    parser.add_argument("--tally", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--seeds", action="store_true")
    return parser.parse_args()


def _moment(text: str | None) -> float | None:
    if text is None:
        return None
    at = dt.time.fromisoformat(text)
    return dt.datetime.combine(dt.datetime.now().astimezone().date(), at).astimezone().timestamp()


def _turn(name: str, seconds: float) -> int:
    """One target's turn: children one after the other, for a child dies of some inputs. Gives how much was found."""
    folder = _BUILD / name
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    ends, found = time.monotonic() + seconds, 0
    while (left := ends - time.monotonic()) > 5:
        entry = _child(name, left, folder)
        _note(entry)
        found += len(entry["findings"])
        if entry["executions"] == 0 and entry["code"]:
            print(f"{name}: does not start; see {folder / 'log'}", flush=True)  # noqa: T201
            break
    return found


def _child(name: str, seconds: float, folder: Path) -> dict[str, Any]:
    state = folder / "state.json"
    state.unlink(missing_ok=True)
    before = set(_died(folder))
    command = [sys.executable, "-m", "fuzz.child", name, str(seconds), str(folder), str(_HERE / "corpus" / name)]
    begun = time.monotonic()
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    with (folder / "log").open("wb") as log:
        try:
            code = subprocess.run(
                command, stdout=log, stderr=log, env=environment, check=False, timeout=seconds + _GRACE
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
    told = (
        json.loads(state.read_bytes())
        if state.exists()
        else {"executions": 0, "cpu": 0.0, "findings": [], "outcomes": {}}
    )
    died = sorted(set(_died(folder)) - before)
    _summed(folder, told["outcomes"])
    return {
        "target": name, "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "code": code,
        "seconds": round(time.monotonic() - begun, 1), "executions": told["executions"], "cpu": round(told["cpu"], 1),
        "slowest": round(told.get("slowest", 0.0), 2), "findings": [*told["findings"], *died],
    }  # fmt: skip


def _died(folder: Path) -> list[str]:
    """Inputs that libFuzzer left: of crashes, hangs, and too much memory."""
    return [path.name for kind in ("crash", "timeout", "oom") for path in (folder / "findings").glob(f"{kind}-*")]


def _summed(folder: Path, outcomes: dict[str, int]) -> None:
    path = folder / "outcomes.json"
    sums = Counter(json.loads(path.read_bytes()) if path.exists() else {})
    sums.update(outcomes)
    path.write_text(json.dumps(dict(sums.most_common()), indent=1, ensure_ascii=False), encoding="utf-8")


def _note(entry: dict[str, Any]) -> None:
    with _LEDGER.open("a", encoding="utf-8") as ledger:
        ledger.write(json.dumps(entry) + "\n")
    print(json.dumps(entry), flush=True)  # noqa: T201


def _tally() -> None:
    entries = [json.loads(line) for line in _LEDGER.read_text(encoding="utf-8").splitlines()]
    for name in TARGETS:
        mine = [entry for entry in entries if entry["target"] == name]
        executions, cpu = sum(entry["executions"] for entry in mine), sum(entry["cpu"] for entry in mine) / 60
        findings = {found for entry in mine for found in entry["findings"]}
        print(f"| {name} | {executions:,} | {cpu:.1f} | {len(findings)} |")  # noqa: T201


def _again(names: list[str]) -> int:
    """Every finding once more, each in a child: the code may have been mended since."""
    left = 0
    for name in names or TARGETS:
        for path in sorted((_BUILD / name / "findings").glob("*")):
            if path.suffix == ".txt":
                continue
            code = f"from fuzz.catalogue import TARGETS; from pathlib import Path; TARGETS[{name!r}].run(Path({str(path)!r}).read_bytes())"
            done = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300
            )
            if done.returncode:
                left += 1
                print(name, path.name, done.returncode, done.stderr.strip().splitlines()[-1][:300])  # noqa: T201
    return min(left, 1)


if __name__ == "__main__":
    sys.exit(main())
