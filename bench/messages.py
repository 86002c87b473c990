"""``python -m bench.messages``: how fast HL7 v2 is parsed, beside python-hl7 and hl7apy, on the same messages.

Écluse's reader gives every listed field as a column, for all rows; the others give their own trees of a message, which
is what anybody who uses them begins with. Each runs in a process of its own, so that its peak memory is its own. Also:
peak memory for a file ten times as large, which must not grow with it.

Targets (issue 3): at least 5 times the rate of each; memory that does not grow with the file.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

TARGET = 5.0
GROWTH = 1.25
"""Peak memory for ten times the bytes, at most so many times that of once."""
_FIELDS = (
    "MSH-7", "MSH-9", "MSH-10", "PID-3.1", "PID-3[2].1", "PID-5.1", "PID-5.2", "PID-7", "PID-8", "PID-11.1", "PID-11.3",
    "PID-11.5", "PV1-3.1", "PV1-7.1", "PV1-19.1", "OBR-2", "OBR-3", "OBR-4.1", "OBR-7", "OBR-14", "OBR-22", "OBR-25",
    "OBX-1", "OBX-2", "OBX-3.1", "OBX-3.2", "OBX-5", "OBX-6", "OBX-7", "OBX-8", "OBX-11", "OBX-14", "NTE-1", "NTE-3",
)  # fmt: skip
_MADE = 20_000


def main() -> int:
    """Run the arms in turn; print rates and ratios; fail below the targets."""
    given = _arguments()
    if given.arm:
        print(json.dumps(_ARMS[given.arm](Path(given.file))))
        return 0
    given.build.mkdir(parents=True, exist_ok=True)
    once = given.file or _generated(given.build / "messages.hl7", _MADE)
    tenfold = given.build / "messages-tenfold.hl7"
    data = once.read_bytes().rstrip(b"\r\n") + b"\r"
    repeats = max(1, (32 << 20) // len(data))
    large = given.build / "messages-large.hl7"
    large.write_bytes(data * repeats)
    with tenfold.open("wb") as file:
        for _ in range(10):
            file.write(data * repeats)
    rates: dict[str, list[float]] = {name: [] for name in _ARMS}
    peaks: dict[str, int] = {}
    for number in range(given.rounds):
        for name in _ARMS:
            told = _run(name, large if name == "ecluse" else once)
            rates[name].append(told["messages"] / told["seconds"])
            peaks[name] = max(peaks.get(name, 0), told["peak"])
            print(
                f"round {number + 1} {name:10} {rates[name][-1]:10,.0f} messages/s, {told['peak'] >> 10} MiB",
                flush=True,
            )
    growth = _run("ecluse", tenfold)["peak"] / peaks["ecluse"]
    medians = {name: statistics.median(each) for name, each in rates.items()}
    ratios = {name: medians["ecluse"] / rate for name, rate in medians.items() if name != "ecluse"}
    for name, ratio in ratios.items():
        print(f"ecluse / {name}: {ratio:.1f} (target {TARGET:.0f})")
    print(f"memory for ten times the bytes: {growth:.2f} times (target {GROWTH})")
    tenfold.unlink()
    large.unlink()
    return 0 if min(ratios.values()) >= TARGET and growth <= GROWTH else 1


def _run(arm: str, file: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.messages", "--arm", arm, "--file", str(file)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _timed(parse: Callable[[], int]) -> dict[str, float]:
    began = time.perf_counter()
    messages = parse()
    seconds = time.perf_counter() - began
    return {"messages": messages, "seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}


def _ecluse(file: Path) -> dict[str, float]:
    from ecluse.adapters.sources._hl7v2 import Hl7v2Reader  # noqa: PLC0415
    from ecluse.adapters.sources._reading import Declared  # noqa: PLC0415
    from ecluse.domain.files import FileFormat, SourceFile  # noqa: PLC0415

    reader = Hl7v2Reader(
        Declared("m", SourceFile(file.name, format=FileFormat.HL7V2, fields=_FIELDS), (file,)),
    )
    return _timed(lambda: sum(batch.num_rows for table, batch in reader.passing(reader.tables) if table == "m_msh"))


def _texts(file: Path) -> list[str]:
    text = file.read_text("utf-8").replace("\n", "\r")
    return ["MSH|" + each.rstrip("\r") for each in text.split("MSH|")[1:]]


def _python_hl7(file: Path) -> dict[str, float]:
    import hl7  # noqa: PLC0415

    texts = _texts(file)
    return _timed(lambda: sum(1 for text in texts if hl7.parse(text)))


def _hl7apy(file: Path) -> dict[str, float]:
    from hl7apy.parser import parse_message  # noqa: PLC0415

    # a few hundred a second: a part is enough to tell the rate
    texts = _texts(file)[:400]
    return _timed(lambda: sum(1 for text in texts if parse_message(text, find_groups=False)))


_ARMS: dict[str, Callable[[Path], dict[str, float]]] = {"ecluse": _ecluse, "python-hl7": _python_hl7, "hl7apy": _hl7apy}


def _generated(path: Path, messages: int) -> Path:
    """Messages of no one: an ORU of one order and five results each, a comment on every second result."""
    if path.exists():
        return path
    with path.open("w", encoding="ascii", newline="") as file:
        for number in range(messages):
            stamp = f"2026{number % 12 + 1:02}{number % 28 + 1:02}0915"
            lines = [
                f"MSH|^~\\&|LIS|SITE{number % 7}|EHR|HOSP|{stamp}00||ORU^R01|{number}|P|2.5||||||ASCII",
                f"PID|1||P{number}^^^LAB^PI~E{number}^^^HOSP^PI||NAME{number}^GIVEN||19700101|F|||1 STREET^^TOWN^^350",
                f"PV1|1|O|WARD^^^HOSP||||D{number % 90}^DOCTOR^D^^^Dr||||||||||||V{number}",
                f"ORC|RE|PL{number}|F{number}||CM||||{stamp}",
                f"OBR|1|PL{number}|F{number}|PANEL^PANEL^L|||{stamp}|||||||{stamp}||||||||{stamp}|||F",
            ]
            for rank in range(1, 6):
                lines.append(
                    f"OBX|{rank}|NM|A{rank}^ANALYSIS {rank}^L||{number % 97}.{rank}|mmol/L|1.0 - 9.0|N|||F|||{stamp}"
                )
                if rank % 2:
                    lines.append(f"NTE|1||COMMENT {number} ON RESULT {rank}")
            file.write("\r".join(lines) + "\r")
    return path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.messages", description=__doc__)
    parser.add_argument("--file", type=Path, help="messages of another's; default: generated ones")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--build", type=Path, default=Path(__file__).resolve().parent.parent / "build" / "bench")
    parser.add_argument("--arm", choices=_ARMS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
