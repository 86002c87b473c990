"""How commands are made: bilingual help with an example; groups that load a command's module when it is asked for."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ecluse.cli import _text
from ecluse.cli._help import Argument, Bilingual, Option, first_sentence
from ecluse.cli._output import MODE
from ecluse.cli._text import LANGUAGES, Text, tr
from ecluse.domain.errors import UsageError

_EXTRAS = dict.fromkeys((
    "pyarrow", "duckdb", "numpy", "polars", "pyrage", "sqlglot", "pgpq", "psycopg", "pymysql",
    "adbc_driver_sqlite", "adbc_driver_manager",
), "migration") | dict.fromkeys(("typst", "docx", "lxml"), "documents") | {
    "apprise": "portal", "asyncssh": "relay", "aiohttp": "relay", "python_calamine": "excel",
}  # fmt: skip
_MIN_WIDTH, _MAX_WIDTH = 60, 100


def missing_extra(error: ModuleNotFoundError) -> UsageError | None:
    """The user's error for a module of an extra that is not installed; None for any other module."""
    extra = _EXTRAS.get((error.name or "").partition(".")[0])
    if extra is None:
        return None
    return UsageError(
        tr(f"this command needs the {extra} extra", f"cette commande demande l'extra « {extra} »"),
        hint=f"pip install 'ecluse[{extra}]'",
    )


class Command(Bilingual):
    """One command; every one takes ``--json``, ``--quiet`` and ``--lang``."""

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.params += _common()


@dataclass(frozen=True, slots=True)
class Entry:
    """A command in a group's list: its module under ``ecluse.cli``, and what the list says of it."""

    module: str
    text: Text


class Group(Bilingual, click.Group):
    """A group whose commands' modules are imported when one is called, so that help needs no database driver."""

    def __init__(self, *args: Any, entries: Mapping[str, "Entry | Group"], **rest: Any) -> None:
        super().__init__(*args, no_args_is_help=False, **rest)
        self.entries = entries
        self.params.append(_lang())

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named; without one, show what there is."""
        if not ctx.args and not ctx._protected_args:  # noqa: SLF001 - as click's own Group does
            sys.stdout.write(f"{ctx.get_help()}\n")
            ctx.exit(UsageError.exit_code)
        return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order of the work, not of the alphabet."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load one. Raises UsageError where the ``migration`` extra is missing."""
        entry = self.entries.get(cmd_name)
        if not isinstance(entry, Entry):
            return entry
        try:
            module = import_module(f"ecluse.cli.{entry.module}")
        except ModuleNotFoundError as error:
            ours = missing_extra(error)
            if ours is None:
                raise
            raise ours from None
        made: click.Command = module.command
        return made

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, then the options."""
        rows = [(name, first_sentence(entry.text)) for name, entry in self.entries.items()]
        with formatter.section(tr("Commands", "Commandes ")):
            formatter.write_dl(rows)
        super().format_options(ctx, formatter)


def define(text: Text, *, example: str = "") -> Callable[[Callable[..., None]], Command]:
    """Make a command of a function; its name is its place in the group."""

    def wrap(function: Callable[..., None]) -> Command:
        params = list(reversed(getattr(function, "__click_params__", [])))
        return Command(None, text=text, example=example, callback=function, params=params, context_settings=SETTINGS)

    return wrap


def option(*names: str, text: Text, **rest: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option of a command."""
    return click.option(*names, cls=Option, text=text, **rest)


def argument(name: str, *, text: Text, **rest: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An argument of a command."""
    return click.argument(name, cls=Argument, text=text, **rest)


FILE = click.Path(path_type=Path)
"""A path; that it exists and can be read is said by what reads it, with our own exit codes."""

SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": _MAX_WIDTH}


def _lang() -> Option:
    def choose(_ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
        if value:
            _text.use(value)

    text = Text("Language; by default that of LC_ALL, LC_MESSAGES or LANG.",
                "Langue ; par défaut celle de LC_ALL, LC_MESSAGES ou LANG.")  # fmt: skip
    return Option(
        ["--lang"], text=text, type=click.Choice(LANGUAGES), expose_value=False, is_eager=True, callback=choose
    )


def _common() -> list[click.Parameter]:
    def flag(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001, FBT001 - click's protocol
        setattr(MODE, str(param.name), value)

    json = Text("Answer in JSON on stdout, for programs.", "Répond en JSON sur la sortie standard, pour un programme.")
    quiet = Text("Say nothing but errors.", "Ne dit que les erreurs.")
    return [
        Option(["--json"], text=json, is_flag=True, expose_value=False, is_eager=True, callback=flag),
        Option(["--quiet", "-q"], text=quiet, is_flag=True, expose_value=False, is_eager=True, callback=flag),
        _lang(),
    ]
