"""A binder is quicker than ``bind``, and gives the same."""

from itertools import pairwise

import pytest

from ecluse.domain.errors import InternalError
from ecluse.domain.order import PersonBasis, PersonExclusion
from ecluse.domain.profile import Engine
from ecluse.migration import binding
from ecluse.migration.binding import Binder
from ecluse.migration.compile import bind, compile_order
from legacy import DIGEST, order, profile

PERSONS = PersonExclusion(DIGEST, PersonBasis.SOURCE_ID, 2)
TEXTS = [
    "2018-01-01",
    "2018-10-02",
    "x') OR 1=1 --\\",
    "",
    "'",
    "''",
    "\\",
    "\\'",
    "a-b",
    ":upper",
    "%s",
    "{}\n\t",
    "é’",
    "\\1",
]


@pytest.mark.parametrize("engine", [Engine.POSTGRESQL, Engine.MYSQL, Engine.SQLITE, Engine.FIREBIRD, Engine.CSV])
def test_a_binder_gives_what_bind_gives(engine: Engine) -> None:
    compiled = compile_order(order(exclude_persons=PERSONS), profile(engine))
    for excluded in ([], ["9", "x'y"]):
        binder = Binder(compiled.dialect, excluded)
        for query in compiled.queries.values():
            for lower, upper in [*pairwise([None, *TEXTS, None]), (None, None)]:
                wanted = bind(query.sql, compiled.dialect, lower=lower, upper=upper, excluded=excluded)
                assert binder(query.sql, lower, upper) == wanted
            with pytest.raises(InternalError):
                binder(query.sql, "a\0b", None)


def test_a_binder_parses_a_query_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(binding, "bind", lambda sql, *_, **given: calls.append(sql) or f"'{given['lower']}'")
    binder = Binder("sqlite", [])
    assert [binder("q", text, None) for text in "abc"] == ["'a'", "'b'", "'c'"]
    assert calls == ["q"]
