"""Transcripts: what a user types and sees, kept as files. ``ECLUSE_UPDATE_TRANSCRIPTS=1`` writes them anew; read the
difference before you keep it.

A line ``$ ecluse …`` is typed; then comes what stdout and stderr (``! ``) say, and ``= <exit code>``. A line ``@ …``
prepares: ``@ agreement``, ``@ order``, ``@ signed-order``, ``@ keys``, ``@ write NAME TEXT``, ``@ edit NAME OLD NEW``,
``@ absent NAME``, ``@ present NAME``.
"""

import os
import shlex
from pathlib import Path

import pytest

from functional.cli.world import Desk, stable

FOLDER = Path(__file__).parent / "transcripts"
FILES = sorted(FOLDER.glob("*.txt"))


def prepare(desk: Desk, line: str) -> None:
    what, *given = shlex.split(line)
    match what:
        case "keys":
            for name in ("director", "management", "source_agent", "destination_agent"):
                desk.key(name)
            desk.run("key new recipient kalisil.key")
        case "agreement":
            desk.agreement()
        case "order" | "signed-order":
            recipient = desk.run("key show kalisil.key --json").json()["recipient"]
            (desk.order if what == "order" else desk.signed_order)(recipient)
        case "write":
            (desk.root / given[0]).write_text(given[1].encode().decode("unicode_escape"), encoding="utf-8")
        case "edit":
            text = (desk.root / given[0]).read_text(encoding="utf-8")
            assert given[1] in text, line
            (desk.root / given[0]).write_text(text.replace(given[1], given[2], 1), encoding="utf-8")
        case "absent":
            assert not list(desk.root.glob(given[0])), f"{given[0]} was left behind"
        case "present":
            assert list(desk.root.glob(given[0])), f"{given[0]} is missing"
        case _:
            pytest.fail(f"no such preparation: {line}")


def play(desk: Desk, script: str) -> str:
    """Do what the transcript's ``$`` and ``@`` lines say; returns the transcript as it went."""
    told = []
    for line in script.splitlines():
        if line.startswith(("#", "@ ")):
            told.append(line)
        if line.startswith("@ "):
            prepare(desk, line[2:])
        if line.startswith("$ ecluse"):
            result = desk.run(shlex.split(line)[2:], code=None)
            told.append(line)
            told += stable(result.out, desk.root).splitlines()
            told += [f"! {said}".rstrip() for said in stable(result.err, desk.root).splitlines()]
            told.append(f"= {result.code}")
    return "\n".join(told) + "\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_transcript(desk: Desk, path: Path) -> None:
    script = path.read_text(encoding="utf-8")
    told = play(desk, script)
    if os.environ.get("ECLUSE_UPDATE_TRANSCRIPTS"):
        path.write_text(told, encoding="utf-8")
    assert told == script


def test_there_are_transcripts() -> None:
    assert len(FILES) >= 8
