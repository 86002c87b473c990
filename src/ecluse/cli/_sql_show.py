"""A plan's query laid out so that a person can read what it lets out; still the query, which can be copied and run.

Structure stands on lines of its own, each condition of ours on one (wrapped where it is longer than the screen), under
a comment that says what it is: the ordered dates, sites, categories, persons, or the batch's bounds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ecluse.cli._text import Text
from ecluse.migration.predicates import EXCLUDED, LOWER, UPPER, to_sql

_OURS = frozenset({"e", "r", "q", "s"})
"""Aliases of the tables that the compiler derives from a profile's SELECTs."""
_MARK = "\u2063"
_INDENT = "    "
_KINDS = {
    "dates": Text("the ordered dates", "les dates ordonnées"),
    "days": Text("days that exist", "des jours qui existent"),
    "sites": Text("the ordered sites", "les sites ordonnés"),
    "categories": Text("no category that the order excludes", "aucune catégorie que l'ordre exclut"),
    "persons": Text("no excluded person", "aucune personne exclue"),
    "batch": Text("this batch", "ce lot"),
    "link": Text("what refers to something", "ce qui renvoie à quelque chose"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a query; ``scope`` where it is part of what keeps rows in."""

    text: str
    scope: bool


def laid_out(sql: str, dialect: str, width: int) -> list[Line]:
    """A query's lines. A dialect that does not read it gives the query as it is, on one line."""
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except SqlglotError:
        return [Line(sql, scope=False)]
    scopes = []
    for select in list(tree.find_all(exp.Select)):
        if _is_ours(select):
            scopes.append(_conditions(select, dialect))
            select.args["where"].set("this", exp.var(f"{_MARK}{len(scopes) - 1}"))
    for hole in list(tree.find_all(exp.Placeholder)):
        hole.replace(exp.var(f":{hole.this}"))
    text = tree.sql(dialect=dialect, pretty=True, comments=False, max_text_width=width)
    return [line for each in text.split("\n") for line in _lines(each, scopes, dialect, width)]


def _is_ours(select: exp.Select) -> bool:
    start = select.args.get("from_")
    return start is not None and start.this.alias in _OURS and select.args.get("where") is not None


def _conditions(select: exp.Select, dialect: str) -> list[tuple[str, str]]:
    """Each condition flat, after its kind; those of one kind beside each other. AND does not mind the order."""
    every = select.args["where"].this
    parts = every.flatten(unnest=False) if isinstance(every, exp.And) else [every]
    order = list(_KINDS)
    return sorted(((_kind(p), to_sql(p, dialect)) for p in parts), key=lambda each: order.index(each[0]))


def _kind(condition: exp.Expr) -> str:
    holes = {hole.this for hole in condition.find_all(exp.Placeholder)}
    if holes & {LOWER, UPPER}:
        return "batch"
    if EXCLUDED in holes:
        return "persons"
    if isinstance(condition, exp.Not) and isinstance(condition.this, exp.Is):
        return "link"
    names = {column.name for column in condition.find_all(exp.Column)}
    if names & {"code", "_code"} or isinstance(condition, exp.Boolean):
        return "categories"
    if isinstance(condition, exp.Case | exp.Between):
        return "days"
    return "sites" if isinstance(condition, exp.In) else "dates"


def _lines(text: str, scopes: list[list[tuple[str, str]]], dialect: str, width: int) -> Iterator[Line]:
    indent, mark, number = text.partition(_MARK)
    if not mark:
        yield Line(text, scope=False)
        return
    last = None
    for place, (kind, condition) in enumerate(scopes[int(number)]):
        if kind != last:
            yield Line(f"{indent}-- {_KINDS[kind]}", scope=True)
        last = kind
        words = [*(["AND"] if place else []), *_words(condition, dialect)]
        yield from (Line(each, scope=True) for each in _wrapped(words, indent, width))


def _words(sql: str, dialect: str) -> Iterator[str]:
    """What blanks part, but for those within quotes, which the dialect's own tokens tell."""
    begin = end = 0
    for token in sqlglot.tokenize(sql, read=dialect):
        if token.start > end and sql[end : token.start].isspace():
            yield sql[begin:end]
            begin = token.start
        end = token.end + 1
    yield sql[begin:]


def _wrapped(words: Iterable[str], indent: str, width: int) -> Iterator[str]:
    """Lines of words, what follows the first further in. A word longer than a line stays whole."""
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = f"{indent}{_INDENT}{word}"
        else:
            line = f"{line} {word}" if line else f"{indent}{word}"
    yield line
