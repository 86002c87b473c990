"""One target, fuzzed in this process until its time is over: coverage-guided by atheris, bounded in memory and time.

``python -m fuzz.child <target> <seconds> <folder> <corpus>``. Inputs that break an invariant go to ``<folder>/findings``
with what they raised; those of which the process dies (a signal, no end, no memory) libFuzzer leaves there itself.
"""

import faulthandler
import hashlib
import json
import random
import resource
import sys
import time
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import atheris

_MEMORY = 6 << 30
_SLOW = 10.0
_HANG = 600
"""Seconds of the clock: at the lowest priority beside other work, an input of milliseconds has waited a minute."""
_EVERY, _MUCH = 400, 1 << 20
_TELL = 1.0

with atheris.instrument_imports(include=["ecluse"]):
    from ecluse.adapters.sources import _apart, _reading
    from fuzz.catalogue import TARGETS
    from fuzz.invariants import Outcomes
    from fuzz.mutators import mutated

    # Readers are loaded where a profile has their format: here all, so that all are instrumented.
    for _module, _ in _reading._READERS.values():
        with suppress(ImportError):  # of a format whose optional library is not here
            import_module(f"ecluse.adapters.sources.{_module}")


class _Run:
    """What one process did."""

    def __init__(self, name: str, folder: Path) -> None:
        self.target, self.folder = TARGETS[name], folder
        self.executions, self.told, self.slowest = 0, 0.0, 0.0
        self.findings: set[str] = set()
        self.outcomes = Outcomes()
        self.findings_folder = folder / "findings"
        self.findings_folder.mkdir(parents=True, exist_ok=True)

    def once(self, data: bytes) -> None:
        """One input."""
        before = time.process_time()
        try:
            self.outcomes.add(self.target.run(data))
        except Exception as error:  # noqa: BLE001 - any that came this far is a finding
            self._found(error, data)
        took = time.process_time() - before
        self.slowest = max(self.slowest, took)
        if took > _SLOW:
            self._found(TimeoutError(f"{took:.0f} seconds"), data)
        self.executions += 1
        if self.executions % _EVERY == 0:
            self._much(data)
        if time.monotonic() - self.told > _TELL:
            self.tell()

    def _much(self, data: bytes) -> None:
        """A piece of the input a great many times: work must not grow by the square."""
        dice = random.Random(self.executions)
        begin = dice.randrange(len(data) + 1)
        end = begin + dice.choice((1, 2, 3, 8, 40))
        piece = data[begin:end]
        if not piece or self.target.shape in {"zip", "packed"}:
            return
        made = data[:end] + piece * (_MUCH // len(piece)) + data[end:]
        before = time.process_time()
        try:
            self.target.run(made)
        except Exception as error:  # noqa: BLE001 - as above
            self._found(error, made)
        took = time.process_time() - before
        if took > _SLOW:
            self._found(TimeoutError("much takes long"), made)

    def tell(self) -> None:
        """Leave the sums, for this process may die at any input."""
        self.told = time.monotonic()
        sums = {
            "executions": self.executions, "cpu": time.process_time(), "slowest": self.slowest,
            "findings": sorted(self.findings), "outcomes": self.outcomes.counts,
        }  # fmt: skip
        (self.folder / "state.json").write_text(json.dumps(sums), encoding="utf-8")

    def _found(self, error: Exception, data: bytes) -> None:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "ecluse" in frame.filename]
        where = [f"{Path(frame.filename).name}:{frame.name}" for frame in frames[-3:]]
        sign = hashlib.sha256(
            " ".join((type(error).__name__, str(error).partition(":")[0] * (not frames), *where)).encode()
        ).hexdigest()[:12]
        if sign in self.findings:
            return
        self.findings.add(sign)
        path = self.findings_folder / sign
        if not path.exists() or path.stat().st_size > len(data):
            path.write_bytes(data)
            said = "".join(traceback.format_exception(error))
            path.with_suffix(".txt").write_text(said, encoding="utf-8")


def main() -> None:
    """Until the time is over, or the process dies."""
    name, seconds, folder, corpus = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable()
    _apart._SECONDS = 3
    run = _Run(name, folder)
    target = run.target
    words = folder / "words"
    escaped = ["".join(f"\\x{byte:02x}" for byte in word) for word in target.words]
    words.write_text("".join(f'"{word}"\n' for word in escaped or ["0"]), encoding="ascii")

    def custom(data: bytes, limit: int, seed: int) -> bytes:
        return mutated(target, bytes(data), limit, random.Random(seed), atheris.Mutate)

    options = [
        sys.argv[0], f"-artifact_prefix={run.findings_folder}/", f"-timeout={_HANG}", f"-max_len={target.longest}",
        f"-dict={words}", f"-max_total_time={int(seconds)}", "-rss_limit_mb=4096", "-malloc_limit_mb=4096",
        "-len_control=0", "-print_final_stats=1", "-use_value_profile=1", str(folder / "corpus"), corpus,
    ]  # fmt: skip
    atheris.Setup(options, lambda data: run.once(bytes(data)), custom_mutator=custom)
    try:
        atheris.Fuzz()
    finally:
        run.tell()


if __name__ == "__main__":
    main()
