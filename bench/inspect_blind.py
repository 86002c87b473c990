"""``python -m bench.inspect_blind``: how well the inspector tells personal data, on files made without knowledge of it.

The kinds of files (``bench/blind``) were written before their author had read the detector. Each seed makes the same
files everywhere. Odd seeds are *seen*: their misses may be looked at when the detector is mended. Even ones are *held
out*: they draw names, headings, wordings and layouts from other halves of the lists, and only their figures are read.

A file is personal data where Article 4(1) GDPR says so: somebody living is identified or can be. Kinds of which
lawyers would argue are reported and not scored. Everything is asked of the command line, as a user does.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.blind import bench_side, doubtful, messages, programs, prose, tables, traces, trade
from bench.blind.dice import DECOY, KINDS, POSITIVE, Dice, Made

SOURCES = (tables, messages, prose, traces, programs, trade, bench_side, doubtful)
"""Modules whose import fills ``KINDS``."""
EACH = 7
"""Files of each kind and seed: more than 300 positives and 300 decoys a seed."""
_ROOT = Path(__file__).resolve().parent.parent
_MANY = "1000000"
_FOLDER = len("000/00")
PERSONAL = (
    "persons-at-rest",
    "nir-at-rest",
    "laboratory-messages-at-rest",
    "results-at-rest",
    "contacts-at-rest",
)
"""Rules that say: personal data lie here."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One file on the disk."""

    kind: str
    sort: str
    folder: str
    path: Path


def made(seed: int, each: int = EACH) -> Iterator[tuple[str, str, int, Made]]:
    """Every file of a seed: class, kind, number, file."""
    for name, (sort, maker) in KINDS.items():
        for number in range(each):
            yield sort, name, number, maker(Dice(seed, name, number))


def written(root: Path, seed: int, each: int = EACH) -> list[Placed]:
    """Write a seed's files, each alone in a folder, so that no file stands for another in the report."""
    placed = []
    ranks = {name: rank for rank, name in enumerate(KINDS)}
    for sort, name, number, file in made(seed, each):
        folder = f"{ranks[name]:03}/{number:02}"
        path = root / folder / (file.name or "x")
        path.parent.mkdir(parents=True, mode=0o750)
        path.write_bytes(file.data)
        path.chmod(0o640)
        placed.append(Placed(name, sort, folder, path))
    return placed


def inspected(root: Path) -> list[dict[str, str]]:
    """Findings of ``ecluse inspect`` on a folder.

    :raises SystemExit: It did not answer.
    """
    command = [
        sys.executable, "-m", "ecluse", "inspect", str(root), "--mine", "--json", "--fail-on", "nothing",
        "--max-files", _MANY, "--max-seconds", _MANY,
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_ROOT)
    if ran.returncode != 0:
        raise SystemExit(f"ecluse inspect: exit code {ran.returncode}: {ran.stderr}")
    found: list[dict[str, str]] = json.loads(ran.stdout)["findings"]
    return found


def judged(placed: Sequence[Placed], findings: Sequence[dict[str, str]]) -> dict[str, list[Placed]]:
    """By kind, the files in which personal data were found."""
    told = {each["place"][:_FOLDER] for each in findings if each["rule"] in PERSONAL}
    held: dict[str, list[Placed]] = {name: [] for name in KINDS}
    for each in placed:
        if each.folder in told:
            held[each.kind].append(each)
    return held


def figures(found: Counter[str], files: Counter[str]) -> tuple[float, float]:
    """Recall and precision over files: kinds that are scored, each file once."""
    of = {sort: [name for name, (which, _) in KINDS.items() if which == sort] for sort in (POSITIVE, DECOY)}
    right = sum(found[name] for name in of[POSITIVE])
    wrong = sum(found[name] for name in of[DECOY])
    return right / sum(files[name] for name in of[POSITIVE]), right / max(1, right + wrong)


def main() -> int:
    """Make, inspect, count, say."""
    given = _arguments()
    for said, half in (("seen", 1), ("held out", 0)):
        seeds = [seed for seed in given.seeds if seed % 2 == half]
        if not seeds:
            continue
        found: Counter[str] = Counter()
        files: Counter[str] = Counter()
        for seed in seeds:
            with tempfile.TemporaryDirectory(dir=given.folder) as root:
                placed = written(Path(root), seed, given.each)
                held = judged(placed, inspected(Path(root)))
            files.update(each.kind for each in placed)
            found.update({name: len(some) for name, some in held.items()})
        recall, precision = figures(found, files)
        print(f"{said}, seeds {seeds}: recall {recall:.3f}, precision {precision:.3f}")
        for name, (sort, _) in KINDS.items():
            as_wished = found[name] == (files[name] if sort == POSITIVE else 0)
            if given.all or not as_wished:
                print(f"  {sort:<9} {name:<38} found {found[name]:>3} of {files[name]}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4], help="odd: seen; even: held out")
    parser.add_argument("--each", type=int, default=EACH, help="files of each kind and seed")
    parser.add_argument("--folder", type=Path, help="where to write them for the while; by default the system's")
    parser.add_argument("--all", action="store_true", help="say every kind, not only those that are not as wished")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
