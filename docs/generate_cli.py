"""Generate docs/reference/cli.md and exit-codes.md from the commands: ``python docs/generate_cli.py [--check]``.

With ``--check`` nothing is written, and the exit code is 1 where a page is not what the commands say.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from ecluse.cli import _text
from ecluse.cli._commands import APP
from ecluse.cli._exit_codes import table

FOLDER = Path(__file__).parent / "reference"
_HEAD = """# The command line

Generated from `--help` by `docs/generate_cli.py`; do not edit. `ecluse --lang fr` says all of it in French. Exit codes
are in [exit-codes.md](exit-codes.md).
"""


def main(arguments: list[str]) -> int:
    """Write both pages, or check them."""
    pages = {"cli.md": cli_page(), "exit-codes.md": codes_page()}
    stale = [name for name, text in pages.items() if _read(FOLDER / name) != text]
    if "--check" in arguments:
        for name in stale:
            sys.stderr.write(f"docs/reference/{name} is not what the commands say: run docs/generate_cli.py\n")
        return 1 if stale else 0
    for name in stale:
        (FOLDER / name).write_text(pages[name], encoding="utf-8")
    return 0


def cli_page() -> str:
    """Every command's help, in the order of the work."""
    _text.use("en")
    parts = [_HEAD]
    for path, command in _walk(APP, "ecluse"):
        settings = {**command.context_settings, "terminal_width": 100, "max_content_width": 100}
        with click.Context(command, info_name=path, **settings) as context:
            parts.append(f"## `{path}`\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def codes_page() -> str:
    """The exit codes, in both languages."""
    lines = [
        "# Exit codes",
        "",
        "Generated from `ecluse.domain.errors` by `docs/generate_cli.py`; do not edit. A code never gets another",
        "meaning. From 30 to 39 the same command may work later, and nothing is lost.",
        "",
    ]
    for head, pick in (("| code | error | meaning |", 0), ("| code | erreur | sens |", 1)):
        lines += [head, "|---:|---|---|"]
        lines += [f"| {c.code} | {c.name} | {c.text.fr if pick else c.text.en} |" for c in table()]
        lines.append("")
    return "\n".join(lines)


def _walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        with click.Context(command, info_name=path, **command.context_settings) as context:
            for name in command.list_commands(context):
                child = command.get_command(context, name)
                if child is not None:
                    yield from _walk(child, f"{path} {name}")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
