"""The questions of ``source scan --interactive``: one entity after the other, its table, then its columns."""

from collections.abc import Sequence
from dataclasses import replace

import click

from ecluse.cli import _output
from ecluse.cli._plan_show import label
from ecluse.cli._scan_reasons import because
from ecluse.cli._text import tr
from ecluse.domain.catalogue import CATALOGUE
from ecluse.migration.scan_words import Role
from ecluse.migration.scanning import EntityGuess, ScanReport, TableScan

_NONE, _STOP = "-", "q"


def asked(report: ScanReport) -> ScanReport:
    """The report with a person's answers in place of guesses; ``q`` keeps the guesses of what is left."""
    _output.say(
        tr(
            "Enter keeps what is guessed, '-' says that there is none, 'q' keeps all the rest.",
            "Entrée garde la supposition, « - » dit qu'il n'y en a pas, « q » garde tout le reste.",
        ),
        style="bold",
    )
    for entity in CATALOGUE:
        guess = report.guess(entity.name)
        answer = _table(entity.name, guess, report.tables)
        if answer == _STOP:
            break
        kept = [each for each in report.guesses if each.entity != entity.name]
        if answer == _NONE:
            report = replace(report, guesses=tuple(kept))
            continue
        if guess is None or answer != guess.table:
            guess = EntityGuess(entity.name, answer, 1.0, "a person said so")
        report = replace(report, guesses=(*kept, guess))
        table = _columns(report.table(guess.table))
        report = replace(report, tables=tuple(table if t.name == table.name else t for t in report.tables))
    return report


def _table(entity: str, guess: EntityGuess | None, tables: Sequence[TableScan]) -> str:
    """The table of an entity: its name, ``-`` or ``q``."""
    rows = [(str(place), t.name, _output.count(t.rows), t.key or "—") for place, t in enumerate(tables, 1)]
    told = f"{guess.table} ({guess.confidence:.0%}, {because(guess.because)})" if guess else tr("nothing", "rien")
    head = ("", "table", tr("rows", "lignes"), tr("key", "clé"))
    if guess is None:
        _output.table("", head, rows, right=(2,))
    question = tr(f"{label(entity)}: {told}. Which table?", f"{label(entity)} : {told}. Quelle table ?")
    names = [table.name for table in tables]
    while True:
        text = click.prompt(question, default="", show_default=False).strip()
        if text == "":
            return guess.table if guess else _NONE
        if text in {_NONE, _STOP, *names}:
            return text
        if text.isascii() and text.isdigit() and 1 <= int(text) <= len(names):
            return names[int(text) - 1]
        _output.table("", head, rows, right=(2,))


def _columns(table: TableScan) -> TableScan:
    """The table with what a person says its columns hold, until they say no more."""
    while True:
        rows = [
            (c.name, str(c.role or "—"), f"{c.confidence:.0%}" if c.role else "",
             "  ".join(f"{s.mask} {s.share:.0%}" for s in c.shapes[:2]))
            for c in table.columns
        ]  # fmt: skip
        head = (tr("column", "colonne"), tr("seems", "semble"), "", tr("shapes", "formes"))
        _output.table(table.name, head, rows)
        question = tr("COLUMN=ROLE corrects, COLUMN=- takes the role away, Enter goes on",
                      "COLONNE=RÔLE corrige, COLONNE=- retire le rôle, Entrée continue")  # fmt: skip
        text = click.prompt(question, default="", show_default=False).strip()
        if text == "":
            return table
        name, _equals, role = (part.strip() for part in text.partition("="))
        known = {column.name.lower(): column.name for column in table.columns}
        if name.lower() not in known or (role != _NONE and role not in set(Role)):
            _output.say(tr(f"roles: {', '.join(Role)}", f"rôles : {', '.join(Role)}"))
            continue
        said = None if role == _NONE else Role(role)
        columns = tuple(
            replace(c, role=said, confidence=1.0, because="a person said so") if c.name == known[name.lower()] else c
            for c in table.columns
        )
        table = replace(table, columns=columns, key=known[name.lower()] if said is Role.KEY else table.key)
