"""``python -m bench.trace``: how often a leak is traced, never to a wrong export; and how long a thousand exports take.

Ten laboratories of fictional persons, of 20,000 each, neighbours sharing up to 30 % of their patients; each exported
once. Leaks of each, and of laboratories that exported nothing, at 1, 5, 56 and 500 lines, with 0 to 30 % of cells
spoilt, in six layouts; then samples that none of them is the source of, ten thousand by default.

Speed: files of a thousand exports of 500,000 persons. One is a real one, that of the leak; the others hold random
slots, which no reader can tell from a filter under another key, and take as long to ask.
"""

import argparse
import datetime as dt
import hashlib
import json
import random
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from bench.persons import FULL, LAYOUTS, Persons, leaked, persons
from ecluse.migration.fuse import shards_of
from ecluse.migration.trace_asking import ask_all
from ecluse.migration.trace_filter import MAGIC, TraceFilter, TraceHeader, read_filter, write_filter
from ecluse.migration.trace_header import written
from ecluse.migration.trace_match import Matcher, conclude, worth_a_second_look
from ecluse.migration.tracing import fingerprints
from ecluse.seal.armour import armoured
from ecluse.seal.sealing import Identity, seal

_LABS, _PATIENTS = 10, 20_000
_SHARED = (0.0, 0.02, 0.1, 0.3)
_SIZES = (1, 5, 56, 500)
_NOISES = (0.0, 0.1, 0.2, 0.3)
_MIXED = (0, 5, 10, 1, 6, 2, 7)
"""Of twenty samples, those to which lines of an export are added: of strangers who share 10 % at most."""
_ROWS = (1, 5, 12, 20, 56, 56, 56, 120)
HEADER = TraceHeader(
    order="BENCH", order_digest="sha256:" + "0" * 64, plan_digest="sha256:" + "0" * 64, controller="Laboratoire",
    finess="750100125", source="old", destination="new", recipient="age1", period_from=dt.date(2018, 1, 1),
    period_until=dt.date(2019, 12, 31), persons=0, keep_until=dt.date(2030, 1, 1), sealed_key="none",
)  # fmt: skip


@dataclass(frozen=True)
class Export:
    """A file and its key."""

    trace: TraceFilter
    key: bytes


def key_of(seed: int) -> bytes:
    """A key that is the same in every run."""
    return random.Random(seed).randbytes(32)


def export(people: Persons, key: bytes, path: Path, order: str = "BENCH", sealed_key: str = "none") -> Export:
    """What extraction leaves of these persons."""
    prints = np.concatenate([
        fingerprints(people.table, "patient", key), fingerprints(people.requests, "request", key),
    ])  # fmt: skip
    header = replace(HEADER, persons=people.table.num_rows, order=order, sealed_key=sealed_key)
    path.write_bytes(write_filter(prints, header))
    return Export(read_filter(path), key)


def laboratories(count: int, patients: int, shared: Sequence[float] = _SHARED) -> list[Persons]:
    """Each shares some of its patients with the one before, under numbers of its own."""
    made: list[Persons] = []
    for place in range(count):
        own = persons(patients, 1000 + place, 35 + place % 3, 100_000 if place % 2 else 20_000)
        made.append(_neighbour(own, made[-1], shared[place % len(shared)]) if made else own)
    return made


def _neighbour(own: Persons, other: Persons, share: float) -> Persons:
    some = int(own.table.num_rows * share)
    columns = {
        name: own.table.column(name)
        if name == "source_id"
        else pa.concat_arrays([
            *other.table.column(name).slice(0, some).chunks, *own.table.column(name).slice(some).chunks,
        ])
        for name in own.table.column_names
    }  # fmt: skip
    return Persons(pa.table(columns), own.requests)


def traced(lines: Sequence[Sequence[str]], exports: Sequence[Export]) -> tuple[set[str], str]:
    """Orders that a sample is attributed to, and the one that most speaks for."""
    matcher = Matcher(lines)
    answers = [matcher.ask(each.trace, each.key) for each in exports]
    for place in worth_a_second_look(answers):
        answers[place] = matcher.ask_slips(exports[place].trace, exports[place].key, answers[place])
    found = conclude(answers, len(exports))
    named = {each.hits.filter.header.order for each in found if each.named}
    return named, found[0].hits.filter.header.order if found else ""


def drawn_rows(drawn: random.Random, people: Persons, count: int) -> list[dict[str, str]]:
    """Patients, each once."""
    return [people.row(at) for at in drawn.sample(range(people.table.num_rows), count)]


def recall(labs: Sequence[Persons], exports: Sequence[Export], trials: int) -> Iterator[dict[str, object]]:
    """Share of leaks that are traced to their export, and to it alone, by size, noise and layout."""
    for size in _SIZES:
        for noise in _NOISES:
            for columns in LAYOUTS:
                drawn, tally = random.Random(f"{size}{noise}{columns}"), Counter[str]()
                for trial in range(trials):
                    at = trial % len(exports)
                    rows = drawn_rows(drawn, labs[at], size)
                    named, first = traced(leaked(drawn, rows, columns, noise), exports)
                    right = labs_order(at)
                    tally["right" if named == {right} else "wrong" if named - {right} else "undecided"] += 1
                    tally["first"] += first == right
                yield {"lines": size, "noise": noise, "columns": len(columns), "trials": trials, **tally}


def labs_order(place: int) -> str:
    """An export's name."""
    return f"ORDER-{place}"


def innocent(
    labs: Sequence[Persons], strangers: Sequence[Persons], exports: Sequence[Export], trials: int, seed: int = 1
) -> Counter[str]:
    """Samples of laboratories that exported nothing, some of whose patients are in an export; what they come to."""
    drawn, tally = random.Random(seed), Counter[str]()
    for trial in range(trials):
        people = strangers[trial % len(strangers)]
        size = drawn.choice(_ROWS)
        rows = drawn_rows(drawn, people, size)
        if trial % 20 in _MIXED:  # beside lines of an export: with those of common patients, under OVERLAP
            own = drawn.choice(labs)
            rows[: size // 5] = drawn_rows(drawn, own, size // 5)
        lines = leaked(drawn, rows, drawn.choice(LAYOUTS), drawn.choice(_NOISES))
        named, _ = traced(lines, exports)
        tally["attributed" if named else "not"] += 1
        if named:
            print(f"attributed: trial {trial}, {size} lines", flush=True)
    return tally


def strangers_of(labs: Sequence[Persons], patients: int) -> list[Persons]:
    """Laboratories that exported nothing: far away, and next door with 2, 10, 20 and 30 % of patients in common."""
    return [
        _neighbour(persons(patients, 5000 + place, 35 + place % 3, 60_000), labs[place % len(labs)], share)
        for place, share in enumerate((0.0, 0.02, 0.1, 0.2, 0.3))
    ]


def speed(count: int, patients: int, folder: Path, rounds: int) -> dict[str, object]:
    """Seconds for 56 lines against so many exports, from opening the files, which the page cache holds, to the answer.

    Each file's key is opened with the controller's identity; memory is that of the process, builder of a file included.
    """
    people, identity = persons(patients, 1), Identity.generate()
    real = export(people, key_of(0), folder / "0.trace", sealed_key=_sealed(0, identity))
    size = real.trace.path.stat().st_size
    _random_exports(real.trace, count, folder, identity)
    files = [folder / f"{place}.trace" for place in range(count)]
    drawn = random.Random(3)
    lines = leaked(drawn, drawn_rows(drawn, people, 56), FULL, 0.1)
    seconds, processor = [], []
    for _ in range(rounds):
        begun, used = time.perf_counter(), time.process_time()
        answer = ask_all(lines, files, identity, HEADER.period_until)
        seconds.append(time.perf_counter() - begun)
        processor.append(time.process_time() - used)
        if [each.hits.filter.path.name for each in answer.findings if each.named] != ["0.trace"]:
            raise SystemExit("the leak is not traced to its export alone")
    marks = real.trace.header.total
    return {
        "exports": count, "persons": patients, "marks a person": round(marks / patients, 1),
        "bytes a person": round(size / patients, 1), "bits a mark": round(8 * size / marks, 2),
        "seconds": [round(each, 2) for each in seconds], "median": round(statistics.median(seconds), 2),
        "seconds of processor": round(statistics.median(processor), 2),
        "MiB resident at most": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


def _sealed(place: int, identity: Identity) -> str:
    return armoured(seal(key_of(place), [identity.recipient]))


def _random_exports(real: TraceFilter, count: int, folder: Path, identity: Identity) -> None:
    """Files of the same shape with random slots: a filter of 500,000 persons takes ten seconds to build."""
    data, marks = real.path.read_bytes(), real.header.marks
    lead, drawn = shards_of(real.header.total) * 8, np.random.default_rng(5)
    body = data[len(data) - len(real) :]
    for place in range(1, count):
        made = body[:lead] + drawn.bytes(len(body) - lead - 4) + bytes(4)
        header = replace(real.header, order=f"ORDER-{place}", sealed_key=_sealed(place, identity))
        head = written(header, marks=marks, parcels=(), body=f"sha256:{hashlib.sha256(made).hexdigest()}")
        start = MAGIC + len(head).to_bytes(4, "little") + head
        start += hashlib.sha256(start).digest()
        (folder / f"{place}.trace").write_bytes(start + bytes(-len(start) % 8) + made)


def main() -> int:
    """Measure, print JSON; 1 where anything was attributed wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000, help="samples of no export (default 10,000)")
    parser.add_argument("--leaks", type=int, default=20, help="leaks of each size, noise and layout (default 20)")
    parser.add_argument("--exports", type=int, default=1000, help="files for the speed (default 1000)")
    parser.add_argument("--persons", type=int, default=500_000, help="persons of each (default 500,000)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=None, help="where the files go: 8 GB for a thousand")
    parser.add_argument("--only", choices=("speed", "recall", "innocent"), default=None)
    given = parser.parse_args()
    wrong = 0
    with TemporaryDirectory(dir=given.folder) as held:
        folder = Path(held)
        if given.only in {None, "speed"}:
            print(json.dumps(speed(given.exports, given.persons, folder, given.rounds)), flush=True)
        if given.only != "speed":
            labs = laboratories(_LABS, _PATIENTS)
            exports = [
                export(each, key_of(place), folder / f"lab{place}.trace", labs_order(place))
                for place, each in enumerate(labs)
            ]
            if given.only in {None, "recall"}:
                for row in recall(labs, exports, given.leaks):
                    print(json.dumps(row), flush=True)
                    wrong += int(row.get("wrong", 0))  # type: ignore[call-overload]
            if given.only in {None, "innocent"}:
                found = innocent(labs, strangers_of(labs, _PATIENTS), exports, given.trials)
                print(json.dumps({"samples of no export": given.trials, **found}), flush=True)
                wrong += found["attributed"]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
