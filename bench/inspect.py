"""``python -m bench.inspect``: the inspector's recall, precision, speed and memory.

Recall and precision, by file: exports of the demo's LIS at 1 to 1,000 lines in every form, other people's files where
``ECLUSE_REAL_DATA`` says where they are, against decoys (made ones, our own source, the installed packages, the
machine's documentation). Speed: one run over the same files as pattern scanners that are found here (``rg``, ``grep``,
``detect-secrets``, ``trufflehog3``), each with the patterns of its own kind. Memory: a folder of 10 GB, of hard links
to a few files.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_ROOT / "tests"), str(_ROOT)]

from ecluse.inspector._look import look  # noqa: E402
from ecluse.inspector.findings import FOLDER, Sureness  # noqa: E402
from ecluse.inspector.folder import inspect_folder  # noqa: E402
from inspected_files import decoys, exports, legacy  # noqa: E402 - the tests stand beside the package

_MEDICAL = ("stdnum", "hl7", "fhir", "sekmet", "carebundle", "faker", "aiosmtpd")
"""Packages that hold samples of what is looked for: no decoys."""
_PATTERNS = (
    r"\b[1278][ .]?[0-9]{2}[ .]?[0-9]{2}[ .]?([0-9]{2}|2[AB])[ .]?[0-9]{3}[ .]?[0-9]{3}[ .]?[0-9]{2}\b", "naissance",
    "birth_?date", r"\bddn\b", r"\bdob\b", r"PID\|", r"RES\|", r"\*\*\*\*LAB\*\*\*\*", "resourceType", "urn:hl7-org:v3",
    "BEGIN [A-Z ]*PRIVATE KEY", "AGE-SECRET-KEY", r"(password|passwd|mdp|mot_?de_?passe|pwd)[' ]*[:=]", "INSERT INTO",
    "COPY .* FROM stdin", r"[a-z]+://[^ /:]+:[^ /@]+@",
)  # fmt: skip
_GIGABYTES = 10


def main() -> int:
    """Measure and print; 0 where recall and precision are at least 0.95."""
    parser = argparse.ArgumentParser(description="The inspector's recall, precision, speed and memory.")
    parser.add_argument("--only", choices=("rates", "speed", "memory"), help="one part alone")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="where scratch files go, and are erased")  # noqa: S108 - large
    parser.add_argument("--detect-secrets", default="detect-secrets", help="that program, for the comparison")
    parser.add_argument("--trufflehog3", default="trufflehog3", help="that program, for the comparison")
    parser.add_argument("--rg", default="rg", help="that program, for the comparison")
    given = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(prefix="bench-inspect-", dir=given.folder) as scratch:
        if given.only in {None, "rates"}:
            good = _rates(Path(scratch))
        if given.only in {None, "speed"}:
            _speed(Path(scratch), given.rg, given.detect_secrets, given.trufflehog3)
        if given.only in {None, "memory"}:
            _memory(Path(scratch))
    return 0 if good else 1


def _rates(scratch: Path) -> bool:
    database = legacy(scratch)
    positives = {
        f"exports, {rows} lines": _written(scratch, exports(rows, database, seed))
        for rows in (1, 5, 56, 1000)
        for seed in (1,)
    }
    if root := os.environ.get("ECLUSE_REAL_DATA"):
        positives["other people's files"] = (path for path in Path(root).glob("*/*"))
    site = Path(sysconfig.get_path("purelib"))
    negatives = {
        "made decoys": (path for seed in range(20) for path in _written(scratch, decoys(seed))),
        "our own source": (_ROOT / "src").rglob("*.py"),
        "installed packages": (p for p in _files(site) if not p.relative_to(site).parts[0].startswith(_MEDICAL)),
        "the machine's documentation": _files(Path("/usr/share/doc")),
    }
    sums: dict[bool, list[int]] = {True: [0, 0], False: [0, 0]}
    for personal, groups in ((True, positives), (False, negatives)):
        for name, paths in groups.items():
            files, hits = _told(paths, names=not personal)
            sums[personal][0] += files
            sums[personal][1] += hits
            print(f"{name:30}{files:8} files {hits:7} told")
    recall = sums[True][1] / sums[True][0]
    precision = sums[True][1] / (sums[True][1] + sums[False][1])
    print(
        f"recall {recall:.4f}, precision {precision:.4f}, false alarms {sums[False][1] / sums[False][0]:.6f} of a decoy"
    )
    return min(recall, precision) >= 0.95  # noqa: PLR2004 - what issue 6 asks


def _written(scratch: Path, samples: Iterable[object]) -> Iterator[Path]:
    for each in samples:
        path = scratch / each.name  # type: ignore[attr-defined]
        path.write_bytes(each.data)  # type: ignore[attr-defined]
        yield path
        path.unlink()


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def _told(paths: Iterable[Path], *, names: bool) -> tuple[int, int]:
    files = hits = 0
    for path in paths:
        files += 1
        said = any(each.sureness >= Sureness.PROBABLE for each in look(path, FOLDER, float("inf")).found)
        hits += said
        if said and names:
            print("  ", path)
    return files, hits


def _speed(scratch: Path, ripgrep: str, secrets: str, hog: str) -> None:
    """Every scanner over the same text files, read once before."""
    folder = scratch / "same"
    _corpus(folder)
    size = sum(path.stat().st_size for path in _files(folder)) / 1e6
    print(f"speed, over the same {size:.0f} MB of text in one run, wall clock")
    _timed("inspector, 2 processes", size, lambda: list(inspect_folder(folder, FOLDER, lambda _: None, workers=2)))
    _timed("inspector, 1 process", size, lambda: list(inspect_folder(folder, FOLDER, lambda _: None, workers=1)))
    patterns = scratch / "patterns"
    patterns.write_text("\n".join(_PATTERNS) + "\n", encoding="utf-8")
    for name, command in {
        "rg -c -i -a -uuu, our patterns": [ripgrep, "-c", "-i", "-a", "-uuu", "-j2", "-f", str(patterns), str(folder)],
        "grep -E -c -i -a -r, our patterns": ["grep", "-E", "-c", "-i", "-a", "-r", "-f", str(patterns), str(folder)],
        "detect-secrets scan --all-files": [secrets, "scan", "--all-files", str(folder)],
        "trufflehog3 --no-history": [hog, "--no-history", "--format", "JSON", str(folder)],
    }.items():
        if shutil.which(command[0]) is None:
            print(f"  {name:36} not here")
            continue
        _timed(name, size, lambda command=command: _scanned(command))  # type: ignore[misc]


def _scanned(command: list[str]) -> None:
    """Run a scanner; those of patterns say 1 where nothing matches."""
    # Not in our own repository: detect-secrets would look at nothing outside it, and say so to nobody.
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(command[-1]).parent)
    if done.returncode > 1:
        print("   ", *done.stderr.strip().splitlines()[-1:])


def _corpus(folder: Path) -> None:
    """Our source, the packages' text, logs and tables: half of it without anything to find."""
    folder.mkdir()
    site = Path(sysconfig.get_path("purelib"))
    room = 30_000_000
    for number, path in enumerate(sorted(site.rglob("*.py"))):
        room -= path.stat().st_size
        if room < 0:
            break
        shutil.copy(path, folder / f"{number}.py")
    for seed in range(4):
        for each in decoys(seed, 20_000):
            (folder / each.name).write_bytes(each.data)


def _timed(name: str, size: float, work: object) -> None:
    begun = time.monotonic()
    work()  # type: ignore[operator]
    took = time.monotonic() - begun
    print(f"  {name:36}{took:8.1f} s {size / took:9.1f} MB/s")


def _memory(scratch: Path) -> None:
    """10 GB in a folder: one table of 1 GB, and hard links to it and to a few archives."""
    folder = scratch / "ten"
    folder.mkdir()
    first = folder / "0.csv"
    with first.open("wb") as file:
        file.write(b"NUMPAT;NOM;PRENOM;DATE_NAISS\n")
        line = b"100001;DUPONT;Anne;29/02/1968\n" * 30_000
        while file.tell() < 1 << 30:
            file.write(line)
    for number in range(1, _GIGABYTES):
        (folder / f"{number}.csv").hardlink_to(first)
    begun = time.monotonic()
    with _watched() as peaks:
        found = list(inspect_folder(folder, FOLDER, lambda text: print(" ", text, file=sys.stderr)))
    took = time.monotonic() - begun
    persons = max((dict(each.counts).get("persons", 0) for each in found), default=0)
    print(
        f"{_GIGABYTES} GB: {took:.0f} s, {_GIGABYTES * 1024 / took:.0f} MiB/s, "
        f"largest of {len(peaks)} processes {max(peaks.values()) >> 10} MiB, "
        f"all together {sum(peaks.values()) >> 10} MiB, {persons} persons told"
    )


@contextlib.contextmanager
def _watched() -> Iterator[dict[int, int]]:
    """The peak of resident memory, in KiB, of this process and all below it; those that look are no children of it."""
    peaks: dict[int, int] = {}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            peaks.update(_peaks())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peaks
    finally:
        peaks.update(_peaks())
        ended.set()
        watcher.join()


def _peaks() -> dict[int, int]:
    parents, peaks = {}, {}
    for path in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            said = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
            parents[int(path.parent.name)] = int(said["PPid"])
            peaks[int(path.parent.name)] = int(said.get("VmHWM", "0 kB").split()[0])
    ours = {os.getpid()}
    while more := {each for each, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return {each: peaks[each] for each in ours if each in peaks}


if __name__ == "__main__":
    raise SystemExit(main())
