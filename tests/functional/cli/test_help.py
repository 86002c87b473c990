"""``--help`` of every command teaches, in both languages, and the reference page is what it says."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ecluse.cli._commands import APP
from functional.cli.world import Desk

ROOT = Path(__file__).parents[3]


def commands(group: click.Command = APP, path: str = "") -> Iterator[str]:
    yield path
    if isinstance(group, click.Group):
        with click.Context(group) as context:
            for name in group.list_commands(context):
                child = group.get_command(context, name)
                assert child is not None
                yield from commands(child, f"{path} {name}".strip())


ALL = list(commands())


@pytest.mark.parametrize("path", ALL)
def test_help_teaches_in_both_languages(desk: Desk, path: str) -> None:
    english, french = (desk.run(f"{path} --help --lang {language}".strip()).out for language in ("en", "fr"))
    assert english.startswith(f"Usage: ecluse {path}".strip())
    assert french.startswith(f"Usage : ecluse {path}".strip())
    said = english.split("\n\n")[1]
    assert said != french.split("\n\n")[1]
    assert "Show this help" in english
    assert "Montre cette aide" in french
    command = APP
    for name in path.split():
        with click.Context(command) as context:
            command = command.get_command(context, name)  # type: ignore[union-attr]
    if not isinstance(command, click.Group):
        assert "Example:\n  ecluse" in english
        assert "Exemple :\n  ecluse" in french
        for option in ("--json", "--quiet", "--lang"):
            assert option in english
        for parameter in command.params:
            name = parameter.make_metavar(click.Context(command)) if parameter.param_type_name == "argument" else ""
            assert name in english


@pytest.mark.parametrize("path", [path for path in ALL if " " not in path])
def test_a_group_without_command_shows_what_there_is(desk: Desk, path: str) -> None:
    if path and path not in {"agreement", "order", "key", "journal", "evidence", "help", "source", "profile"}:
        return
    shown = desk.run(path, code=2)
    assert "Commands:" in shown.out
    assert not shown.err


def test_the_reference_pages_are_what_the_commands_say() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate_cli.py", "--check"],
        env={"PYTHONPATH": str(ROOT / "src"), "LANG": "fr_FR.UTF-8"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_examples_name_commands_and_options_that_exist() -> None:
    for path in ALL:
        command = APP
        for name in path.split():
            with click.Context(command) as context:
                command = command.get_command(context, name)  # type: ignore[union-attr]
        for line in command.example.strip().replace("\\\n", " ").splitlines():  # type: ignore[attr-defined]
            words = line.split()
            assert words[0] == "ecluse", line
            target: click.Command = APP
            for word in words[1:]:
                if not isinstance(target, click.Group):
                    break
                with click.Context(target) as context:
                    found = target.get_command(context, word)
                assert found is not None, f"{path}: {line}"
                target = found
            known = {name for parameter in target.params for name in (*parameter.opts, *parameter.secondary_opts)}
            given = {word.partition("=")[0] for word in words if word.startswith("-") and not word[1:2].isdigit()}
            assert given <= known | {"--help"}, f"{path}: {line}"
