"""A query laid out is the same query, on lines that fit the screen."""

import pytest
import sqlglot
from sqlglot import exp

from ecluse.cli import _text
from ecluse.cli._sql_show import laid_out
from ecluse.domain.order import PersonBasis, PersonExclusion
from ecluse.domain.profile import Engine
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.migration.compile import compile_order
from legacy import DIGEST, order, profile

ENGINES = [Engine.POSTGRESQL, Engine.MYSQL, Engine.SQLITE, Engine.CSV]
HOSTILE = ("A", "L'Isle  d\\'Abeau -- /* \"x\" */", "C:\\", "two\nlines " + "and more " * 20, "É1; :lower")
WIDTHS = (40, 80, 120)


def queries(engine: Engine) -> tuple[str, dict[str, str]]:
    excluded = PersonExclusion(DIGEST, PersonBasis.SOURCE_ID, 2)
    ordered = order(exclude_persons=excluded, sites=HOSTILE, exclude_categories=(SensitiveCategory.HIV,))
    select = "SELECT ID_RESULTAT AS source_id, ID_DOSSIER AS request, CODE_ANA AS code, "
    select += "REPLACE(VALEUR, 'two\nlines', 'it''s  -- x') AS raw_value FROM RESULTATS WHERE VALEUR <> 'a  b' AND VALEUR > ''"
    compiled = compile_order(ordered, profile(engine, observation=select))
    return compiled.dialect, {name: query.sql for name, query in compiled.queries.items()}


def same(tree: exp.Expr) -> exp.Expr:
    """With the conditions of every conjunction in one order, and whatever a comment said left out."""
    for node in tree.walk():
        node.comments = None
    for node in list(tree.find_all(exp.Where)):
        every = node.this
        parts = sorted(every.flatten(unnest=False), key=repr) if isinstance(every, exp.And) else [every]
        node.set("this", exp.and_(*(part.copy() for part in parts), wrap=False))
    return tree


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_query_to_the_server(engine: Engine, width: int) -> None:
    dialect, made = queries(engine)
    for sql in made.values():
        shown = "\n".join(line.text for line in laid_out(sql, dialect, width))
        assert same(sqlglot.parse_one(shown, read=dialect)) == same(sqlglot.parse_one(sql, read=dialect))
        assert shown.count(":lower") == sql.count(":lower")


@pytest.mark.parametrize("engine", ENGINES)
def test_lines_fit_and_the_scope_is_told_apart(engine: Engine) -> None:
    dialect, made = queries(engine)
    for name, sql in made.items():
        lines = laid_out(sql, dialect, 100)
        scope = [line.text for line in lines if line.scope]
        assert all(len(text) <= 100 or "and more" in text for text in scope), name
        told = {text.strip() for text in scope if text.strip().startswith("-- ")}
        wanted = {"-- the ordered dates", "-- the ordered sites", "-- no excluded person", "-- this batch"}
        wanted |= {"-- no category that the order excludes"} if name in {"observation", "comment"} else set()
        assert wanted <= told, name
        assert not any(":lower" in line.text and "É1" not in line.text for line in lines if not line.scope)
        assert max(len(line.text) for line in lines) < len(sql)


def test_french_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_text._Current, "language", "fr")
    dialect, made = queries(Engine.POSTGRESQL)
    assert any(line.text.strip() == "-- les dates ordonnées" for line in laid_out(made["request"], dialect, 80))


def test_a_query_that_no_dialect_reads_is_shown_as_it_is() -> None:
    assert [line.text for line in laid_out("SELECT ((", "postgres", 80)] == ["SELECT (("]
