"""Every command of the documentation: typed where its page says so, else parsed as the command line would."""

import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ecluse.cli import _text
from ecluse.cli._commands import APP
from unit.docs.pages import ROOT, Command, commands, name, pages, sections, starting_point, type_in

STARTED = ROOT / "docs" / "getting-started.md"
TYPED = [p for p in pages() if starting_point(p.read_text(encoding="utf-8")) and p != STARTED]


def checkout(place: Path) -> Path:
    """A checkout's root as the pages know it, with a ``build`` of its own."""
    place.mkdir()
    for part in ("docs", "demo", "src"):
        (place / part).symlink_to(ROOT / part)
    (place / ".venv").symlink_to(sys.prefix)
    return place


@pytest.fixture(scope="session")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The tutorial's folder at each of its ``snapshot`` comments, its commands typed in order."""
    base = tmp_path_factory.mktemp("docs")
    root = checkout(base / "checkout")
    kept: dict[str, Path] = {}
    folder = root
    for mark, lines in sections(STARTED.read_text(encoding="utf-8")):
        type_in(folder, lines, home=base)
        folder = root / "build" / "first"
        if mark:
            kept[mark] = base / "kept" / mark / "build" / "first"
            shutil.copytree(root, base / "kept" / mark, symlinks=True)
    return kept


def test_the_tutorial_can_be_typed(snapshots: dict[str, Path]) -> None:
    assert set(snapshots) == {"papers", "done"}


@pytest.mark.parametrize("page", TYPED, ids=name)
def test_a_how_to_can_be_typed(page: Path, snapshots: dict[str, Path], tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    start = snapshots[starting_point(text) or ""]
    shutil.copytree(start.parents[1], tmp_path / "checkout", symlinks=True)
    lines = commands(text)
    assert lines, "a page that is to be typed has commands"
    type_in(tmp_path / "checkout" / "build" / "first", lines, home=tmp_path)


def _parsed() -> Iterator[tuple[str, Command]]:
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if not starting_point(text):
            yield from ((name(page), command) for command in commands(text))


@pytest.mark.parametrize(("page", "command"), list(_parsed()), ids=lambda v: v if isinstance(v, str) else v.line[:40])
def test_a_command_that_is_not_typed_parses(page: str, command: Command) -> None:
    words = shlex.split(command.line, comments=True)
    if words[0] == "make":
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        assert set(words[1:]) <= targets, f"{page}: no such target"
    elif words[0] == "ecluse":
        _text.use("en")
        parse(words[1:])
    else:
        assert shutil.which(words[0]) or (ROOT / words[0]).exists(), f"{page}: what is {words[0]}?"


def parse(words: list[str]) -> None:
    """Find the command and parse its options; raises click's own error where it would refuse them."""
    command, path, rest = APP, "ecluse", words
    while isinstance(command, click.Group):
        with click.Context(command, info_name=path) as context:
            child = command.get_command(context, rest[0])
        assert child is not None, f"no such command: {path} {rest[0]}"
        command, path, rest = child, f"{path} {rest[0]}", rest[1:]
    with click.Context(command, info_name=path) as context:
        command.parse_args(context, list(rest))


def test_a_wrong_option_is_seen() -> None:
    with pytest.raises(click.UsageError):
        parse(["run", "-w", "migration", "--no-such-option"])


def test_what_a_page_shows_is_compared(tmp_path: Path) -> None:
    type_in(tmp_path, [Command("printf 'a b\\nc\\n'", ("a … b", "c"), 0)], home=tmp_path)
    with pytest.raises(AssertionError, match="the page shows"):
        type_in(tmp_path, [Command("echo a", ("b",), 0)], home=tmp_path)
    with pytest.raises(AssertionError, match="ended with 1"):
        type_in(tmp_path, [Command("false", (), 0)], home=tmp_path)
