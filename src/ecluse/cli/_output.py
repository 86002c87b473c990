"""What commands print: tables and lines for people, JSON for programs, progress only where somebody watches."""

import getpass
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

from ecluse.cli._messages import translated
from ecluse.cli._text import tr
from ecluse.domain.errors import EcluseError

_PLAIN_WIDTH = 120
Advance = Callable[[int], None]


@dataclass(slots=True)
class _Mode:
    json: bool = False
    quiet: bool = False


MODE = _Mode()


def _console(*, stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PLAIN_WIDTH
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


def width() -> int:
    """Columns of the person's screen."""
    return _console().width


def say(text: str = "", *, style: str = "") -> None:
    """A line for the person; silent under ``--json`` and ``--quiet``. Never wrapped, so that it can be copied."""
    if not MODE.json and not MODE.quiet:
        _console().print(RichText(text, style=style), soft_wrap=True)


def show(renderable: Any) -> None:
    """A rich renderable for the person; silent under ``--json`` and ``--quiet``."""
    if MODE.json or MODE.quiet:
        return
    console = _console()
    with console.capture() as captured:
        console.print(renderable)
    lines = captured.get().splitlines()
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in lines))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """A table for the person, who may compare what stands there: nothing is cut. ``right``: columns of numbers."""
    if MODE.json or MODE.quiet:
        return
    made = Table(title=title or None, title_justify="left", title_style="bold", box=SIMPLE, pad_edge=False)
    made.show_header = any(columns)
    for place, column in enumerate(columns):
        made.add_column(RichText(column), justify="right" if place in right else "left", no_wrap=place in right,
                        overflow="fold")  # fmt: skip
    for row in rows:
        made.add_row(*(RichText(cell) for cell in row))
    show(made)
    say()


def emit(value: Any) -> None:
    """The machine's answer on stdout, under ``--json``."""
    if MODE.json:
        sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def secret(label: str) -> str:
    """What a person types, unseen."""
    return getpass.getpass(f"{label}: ", stream=sys.stderr)


def raw(text: str) -> None:
    """Text that is the command's very product (a document, a script): always on stdout."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def warn(text: str) -> None:
    """A remark on stderr; silent under ``--quiet``."""
    if not MODE.quiet:
        sys.stderr.write(f"{tr('warning:', 'attention :')} {text}\n")


def alarm(text: str) -> None:
    """What must not be missed, on stderr; nothing silences it."""
    sys.stderr.write(f"{tr('WARNING:', 'ATTENTION :')} {text}\n")


def complain(error: EcluseError) -> None:
    """An error on stderr: ``error: file:line: field: message``, then ``hint: …``."""
    place = f"{error.location}: " if error.location and str(error.location) else ""
    sys.stderr.write(f"{tr('error:', 'erreur :')} {place}{translated(error.message)}\n")
    if error.hint:
        sys.stderr.write(f"{tr('hint:', 'conseil :')} {translated(error.hint)}\n")


def count(value: int) -> str:
    """A number as the reader writes it: ``12,345`` or ``12 345`` (narrow no-break space)."""
    return f"{value:,}".replace(",", tr(",", "\u202f"))


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Advance]:
    """A bar on stderr when that is a terminal; nothing otherwise. Yields what to call with rows done.

    ``total`` None where nobody has counted: the bar then only moves, and says how many were done.
    """
    if MODE.json or MODE.quiet or not sys.stderr.isatty():
        yield lambda _rows: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_console(stderr=True)) as bar:
        task = bar.add_task(label, total=total)
        yield lambda rows: bar.advance(task, rows)
