"""The documentation's pages, their code blocks and links; and a shell that types a page's commands."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SNAPSHOT = re.compile(r"<!-- snapshot: (\w+) -->")
_TOOLS = re.compile(r"<!-- run: (\w+) -->")
_END = "\x1e"


@dataclass(frozen=True)
class Command:
    """One ``$`` line of a console block, the lines shown under it, and the exit code it announces."""

    line: str
    shown: tuple[str, ...]
    code: int


def pages() -> list[Path]:
    """Every page that people read."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(path for path in found if "build" not in path.parts)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(text: str, language: str) -> Iterator[str]:
    for kind, body in _FENCE.findall(text):
        if kind == language:
            yield body


def commands(text: str) -> list[Command]:
    """The commands of a text's console blocks; a line that ends with ``\\`` goes on in the next."""
    found: list[Command] = []
    for block in blocks(text, "console"):
        lines = block.splitlines()
        while lines:
            line = lines.pop(0)
            assert line.startswith("$ "), f"a console block shows output before a command: {line}"
            while line.endswith("\\"):
                line = line[:-1] + lines.pop(0).strip()
            shown = []
            while lines and not lines[0].startswith("$ "):
                shown.append(lines.pop(0))
            code = next((int(m[1]) for m in map(re.compile(r"\(exit code (\d+)\)").fullmatch, shown) if m), 0)
            found.append(Command(line[2:], tuple(s for s in shown if not s.startswith("(exit code")), code))
    return found


def starting_point(text: str) -> str | None:
    """The snapshot from which a page's commands are typed; None for a page whose commands are only parsed."""
    found = _TOOLS.search(text)
    return found[1] if found else None


def sections(text: str) -> list[tuple[str | None, list[Command]]]:
    """Commands up to each ``snapshot`` comment, with that snapshot's name; the last has none."""
    parts = _SNAPSHOT.split(text)
    names: list[str | None] = [*parts[1::2], None]
    return [(mark, commands(part)) for part, mark in zip(parts[::2], names, strict=True)]


def type_in(folder: Path, lines: list[Command], home: Path) -> None:
    """Type commands into one shell in ``folder``; compare what they print with what the page shows."""
    script = "".join(f"{c.line}\nprintf '{_END}%s{_END}' $?\n" for c in lines)
    place = {name: value for name, value in os.environ.items() if not name.startswith(("ECLUSE_", "LC_", "LANG"))}
    python = Path(sys.prefix) / "bin"
    place |= {"LANG": "C.UTF-8", "COLUMNS": "110", "NO_COLOR": "1", "HOME": str(home), "PWD": str(folder)}
    place |= {"PATH": f"{python}{os.pathsep}{os.environ['PATH']}", "TZ": "UTC"}
    done = subprocess.run(
        ["bash", "--norc", "-s"], input=script, cwd=folder, env=place, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    pieces = done.stdout.split(_END)
    for place_, command in enumerate(lines):
        assert len(pieces) > 2 * place_ + 1, f"$ {command.line}\nended the shell:\n{pieces[-1]}"
        printed, code = pieces[2 * place_], int(pieces[2 * place_ + 1])
        assert code == command.code, f"$ {command.line}\nended with {code}, the page says {command.code}:\n{printed}"
        _compare(command, printed)


def _compare(command: Command, printed: str) -> None:
    """Each line shown is printed, in that order; ``…`` stands for anything, blanks for any blanks."""
    left = [" ".join(line.split()) for line in printed.splitlines()]
    for shown in command.shown:
        wanted = re.compile(".*".join(re.escape(" ".join(p.split())) for p in shown.split("…")) or "$")
        if not shown.strip() or shown.strip() == "…":
            continue
        place = next((i for i, line in enumerate(left) if wanted.fullmatch(line)), None)
        assert place is not None, f"$ {command.line}\nthe page shows: {shown}\nprinted:\n{printed}"
        left = left[place + 1 :]

