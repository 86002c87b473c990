"""Recall and precision, a small share of what ``python -m bench.inspect`` measures; at least 0.95 each."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

import ecluse
from ecluse.inspector._look import look
from ecluse.inspector.findings import FOLDER, Sureness
from ecluse.inspector.personal import Detector

FLOOR = 0.95


def told(path: Path) -> bool:
    seen = look(path, FOLDER, time.monotonic() + 600)
    return any(each.sureness >= Sureness.PROBABLE for each in seen.found)


def rates(samples: Iterable[tuple[str, bool, bool]]) -> tuple[float, float, list[str]]:
    """Recall, precision and the names of those judged wrongly, of (name, personal, told)."""
    judged = list(samples)
    hits = sum(personal and said for _, personal, said in judged)
    wrong = [name for name, personal, said in judged if personal != said]
    return hits / sum(p for _, p, _ in judged), hits / max(1, sum(s for _, _, s in judged)), wrong


def test_exports_of_the_demo_and_decoys(legacy_lis: Path, tmp_path: Path) -> None:
    from inspected_files import decoys, exports  # noqa: PLC0415 - the demo is found by conftest

    judged = []
    samples = [each for rows in (1, 5, 56) for each in exports(rows, legacy_lis)]
    samples += [each for seed in range(6) for each in decoys(seed)]
    for each in samples:
        path = tmp_path / each.name
        path.write_bytes(each.data)
        judged.append((each.name, each.personal, told(path)))
        path.unlink()
    recall, precision, wrong = rates(judged)
    assert len(samples) > 200
    assert recall >= FLOOR, wrong
    assert precision >= FLOOR, wrong


def test_no_finding_in_our_own_source() -> None:
    sources = sorted(Path(ecluse.__file__).parent.rglob("*.py"))
    assert len(sources) > 200
    assert not [path.name for path in sources if told(path)]


def test_a_detector_that_says_nothing_fails_the_measure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"nom;prenom;ddn\nDUPONT;Anne;29/02/1968\n")
    assert rates([("a", True, told(path)), ("b", False, False)]) == (1.0, 1.0, [])
    monkeypatch.setattr(Detector, "found", lambda _: ())
    assert rates([("a", True, told(path)), ("b", False, True)]) == (0.0, 0.0, ["a", "b"])


@pytest.mark.real_data
def test_other_peoples_files_are_all_found() -> None:
    root = Path(os.environ["ECLUSE_REAL_DATA"])
    files = [path for folder in root.iterdir() if folder.is_dir() for path in folder.iterdir()]
    assert len(files) >= 11
    assert not [path.name for path in files if not told(path)]
