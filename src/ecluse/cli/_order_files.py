"""Reading an order from its file, friendly forms expanded, every problem told."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._problems import refuse
from ecluse.cli._text import Text, tr
from ecluse.control.forms import FilledIn, allowed_problem, expand_order, order_problems
from ecluse.control.papers import Paper, read_paper
from ecluse.domain.agreement import Agreement
from ecluse.domain.errors import MalformedError, OrderError
from ecluse.domain.order import Order, PersonExclusion
from ecluse.wire import documents
from ecluse.wire.documents import Document

AGREEMENT = Text(
    "The agreement's signed form, X.json, that the order stands on.",
    "La forme signée X.json du contrat sur lequel l'ordre s'appuie.",
)


@dataclass(frozen=True, slots=True)
class Written:
    """An order as written: its document and value, and the agreement if one was given."""

    document: Document
    order: Order
    agreement: Paper[Agreement] | None
    filled: tuple[FilledIn, ...]


def read_order(file: Path, agreement: Path | None) -> Written:
    """An order without problems.

    Raises:
        MalformedError: it breaks its schema.
        OrderError: it breaks the catalogue; the fields are listed on stderr.
        OrderError, AgreementError: it may not stand on the agreement.
    """
    paper = read_paper(Agreement, agreement) if agreement else None
    written = documents.read(file)
    document, filled = expand_order(written, paper.value if paper else None, _persons, file.parent)
    problems = order_problems(document)
    catalogue = all(problem.path.startswith("scope") for problem in problems)
    refuse(document, problems, OrderError if catalogue else MalformedError)
    order = document.to(Order)
    if paper:
        today = dt.datetime.now(dt.UTC).date()
        refused = allowed_problem(document, order, paper.value, today)
        if refused:
            raise refused
    return Written(document, order, paper, filled)


def tell_filled(filled: tuple[FilledIn, ...]) -> None:
    """Say what the person left to Écluse."""
    for each in filled:
        _output.say(tr(f"filled in: {each.path}: {each.value}", f"complété : {each.path} : {each.value}"))


def _persons(file: Path) -> PersonExclusion:
    from ecluse.migration.persons import read_list  # noqa: PLC0415 - only an order that excludes persons needs it

    return read_list(file).exclusion()
