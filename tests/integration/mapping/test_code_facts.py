"""Counting a source's codes: as many as there are, in every engine, and nothing in them that one patient wrote."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from demo.legacy_lis import Built, Scope, build
from demo.lis.analyses import BY_CODE

from ecluse.adapters.sources.opening import open_source
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.codemap import SourceFacts
from ecluse.domain.errors import ProfileError
from ecluse.domain.profile import Engine, SourceProfile
from ecluse.mapping.rank import Ranker
from ecluse.mapping.suggest import suggest
from ecluse.mapping.table import shipped
from ecluse.migration.code_facts import code_facts
from ecluse.wire import documents
from servers import MariadbServer, PostgresqlServer

PROFILES = Path(__file__).parents[3] / "src" / "ecluse" / "profiles"
CANARY = "ZQXCANARY"
SCHEMA = """
CREATE TABLE req (id INTEGER, day DATE, site VARCHAR(9));
CREATE TABLE tube (id VARCHAR(9), kind VARCHAR(20));
CREATE TABLE res (id INTEGER, req INTEGER, tube VARCHAR(9), code VARCHAR(60), label VARCHAR(90), val VARCHAR(90), unit VARCHAR(40));
INSERT INTO req VALUES (1, '2020-01-01', 'S');
INSERT INTO tube VALUES ('B', 'Sang'), ('U', 'Urines');
"""
PROFILE = """
format: ecluse.source-profile/1
profile: small
system: small
engine: %s
entities:
  request:
    select: SELECT id AS source_id, day AS registered_on, site AS site FROM req
    scope: {dates: {registered_on: date}, site: site}
  specimen:
    select: SELECT id AS source_id, 1 AS request, kind AS type FROM tube
  observation:
    select: >
      SELECT id AS source_id, req AS request, tube AS specimen, code AS code, label AS label, val AS raw_value,
      unit AS unit FROM res
    parse:
      value: {number: true}
"""
#: Twelve patients' slips in the columns of codes, units and labels.
ROWS = [
    *[(n, "B", "GLY", "Glycémie", f"{1 + n / 100:.2f}".replace(".", ","), "g/L") for n in range(60)],
    *[(100 + n, "U", "gly", "Glucose", "5", "mmol/L") for n in range(8)],
    *[(200 + n, "U", "FREE", f"{CANARY} label {n}", f"{CANARY} value {n}", "") for n in range(50)],
    *[(300 + n, "B", f"{CANARY}{n}", "Secret", "1", "g") for n in range(4)],
    *[(400 + n, "B", "K", "Potassium", "4,1", f"{CANARY}{n}" if n < 3 else "mmol/L") for n in range(30)],
    *[(500 + n, "B", f"{CANARY} is far too long a code", "x", "1", "g") for n in range(9)],
    (600, "B", None, None, None, None),
    *[(800 + n, "B", "MIX", "Note" if n < 30 else f"{CANARY} {n}", "1", "g/L") for n in range(80)],
    *[(700 + n, "B", "NEG", "Base", "-2" if n % 2 else "0", "mmol/L") for n in range(24)],
]


def profile(engine: Engine) -> SourceProfile:
    return documents.parse((PROFILE % engine).encode()).to(SourceProfile)


def script() -> str:
    def text(value: str | None) -> str:
        return "NULL" if value is None else "'" + value.replace("'", "''") + "'"

    rows = (f"({n}, 1, {', '.join(map(text, more))})" for n, *more in ROWS)
    return SCHEMA + "INSERT INTO res VALUES " + ",\n".join(rows) + ";"


@pytest.fixture(params=[Engine.SQLITE, Engine.POSTGRESQL, Engine.MYSQL])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> SourceSpec:
    if request.param is Engine.SQLITE:
        with closing(sqlite3.connect(tmp_path / "s.sqlite")) as base, base:
            base.executescript(script())
        return SourceSpec(Engine.SQLITE, f"sqlite://{tmp_path / 's.sqlite'}")
    if request.param is Engine.POSTGRESQL:
        postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
        return SourceSpec(Engine.POSTGRESQL, f"{postgresql.database(script()).url}?sslmode=disable")
    mariadb: MariadbServer = request.getfixturevalue("mariadb")
    return SourceSpec(Engine.MYSQL, f"{mariadb.database(script()).url}?tls=off")


@contextmanager
def counted(spec: SourceSpec, profile: SourceProfile) -> Iterator[SourceFacts]:
    with closing(open_source(spec)) as source:
        yield code_facts(profile, source)


def test_codes_units_and_numbers_are_counted(small: SourceSpec) -> None:
    with counted(small, profile(small.engine)) as facts:
        by = {each.code: each for each in facts.codes}
    assert {code: each.rows for code, each in by.items()} == {"GLY": 60, "MIX": 80, "FREE": 50, "K": 30, "NEG": 24, "gly": 8}
    assert (facts.unnamed, facts.rows) == (14, len(ROWS))
    gly = by["GLY"]
    assert (gly.label, gly.specimen, gly.units, gly.numbers) == ("Glycémie", "Sang", (("g/L", 60),), 60)
    [(unit, spread)] = gly.spreads
    assert unit == "g/L"
    assert (spread.low, spread.median, spread.high) == pytest.approx((1.03, 1.3, 1.57), rel=0.05)
    assert all(float(f"{bound:.2g}") == bound for bound in (spread.low, spread.median, spread.high))
    assert by["MIX"].label == ""
    assert (by["gly"].specimen, by["gly"].spreads) == ("Urines", ())
    assert by["K"].units == (("mmol/L", 27),)
    assert (by["NEG"].numbers, by["NEG"].spreads) == (24, ())


def test_nothing_that_one_patient_has_is_in_the_facts(small: SourceSpec) -> None:
    with counted(small, profile(small.engine)) as facts:
        map_ = suggest(facts, profile(small.engine), Ranker(shipped())).map
    assert CANARY not in repr(facts)
    assert CANARY not in repr(map_)
    assert next(each for each in facts.codes if each.code == "FREE").label == ""


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> Built:
    scope = Scope(mark_in_scope=True, mark_raw_value=True)
    return build(tmp_path_factory.mktemp("lis") / "lis.sqlite", patients=200, seed=5, scope=scope)


def demo() -> SourceProfile:
    return documents.read(PROFILES / "demo-dxlab.yaml").to(SourceProfile)


def test_the_demo_system_s_codes(legacy: Built) -> None:
    with closing(sqlite3.connect(legacy.path)) as base:
        rows = base.execute("SELECT CODE_ANA, COUNT(*) FROM RESULTATS GROUP BY 1").fetchall()
    with counted(SourceSpec(Engine.SQLITE, f"sqlite://{legacy.path}"), demo()) as facts:
        pass
    assert {each.code for each in facts.codes} == {code for code, _rows in rows if code in BY_CODE}
    # The normaliser sets aside what an extraction would: results of no request.
    assert facts.rows == sum(count for _code, count in rows)
    assert facts.unnamed <= 10
    known = [each for each in facts.codes if BY_CODE[each.code].loinc]
    ranker = Ranker(shipped())
    first = [each for each in known if ranker.rank(each)[0].term.loinc == BY_CODE[each.code].loinc]
    assert len(first) == len(known)


def test_a_profile_without_codes_has_nothing_to_map(legacy: Built) -> None:
    text = (PROFILE % "sqlite").replace("code AS code,", "")
    with (
        closing(open_source(SourceSpec(Engine.SQLITE, f"sqlite://{legacy.path}"))) as source,
        pytest.raises(ProfileError, match="no result with a code"),
    ):
        code_facts(documents.parse(text.encode()).to(SourceProfile), source)


def test_another_engine_s_source_is_refused(legacy: Built) -> None:
    other = profile(Engine.MYSQL)
    with (
        closing(open_source(SourceSpec(Engine.SQLITE, f"sqlite://{legacy.path}"))) as source,
        pytest.raises(ProfileError, match="stands on mysql"),
    ):
        code_facts(other, source)
