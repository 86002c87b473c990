"""`profile check`: what it finds in the demo's dirty base, in broken profiles, and that it shows no value."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from demo.legacy_lis import Built, Scope, build
from shipped import source_profile

from ecluse.adapters.sources.memory import MemorySource
from ecluse.adapters.sources.opening import open_source
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import ProfileError
from ecluse.domain.profile import Analysis, Engine, NumberRule, Parse, SourceProfile
from ecluse.migration.profile_check import check_profile
from ecluse.migration.profile_findings import RULES, CheckReport, Level


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> Built:
    scope = Scope(mark_in_scope=True, mark_raw_value=True)
    return build(tmp_path_factory.mktemp("lis") / "lis.sqlite", patients=300, seed=3, scope=scope)


def checked(path: Path, profile: SourceProfile) -> CheckReport:
    with closing(open_source(SourceSpec(Engine.SQLITE, f"sqlite://{path}"))) as source:
        return check_profile(profile, source)


@pytest.fixture(scope="module")
def report(legacy: Built) -> CheckReport:
    return checked(legacy.path, source_profile("demo-dxlab"))


def rows(report: CheckReport, rule: str, field: str) -> int:
    [finding] = [f for f in report.findings if f.rule == rule and f.field == f"entities.{field}"]
    return finding.rows


def test_the_demo_profile_stands(report: CheckReport) -> None:
    assert report.worst is Level.WARN
    report.refuse()
    assert {f.entity for f in report.findings} >= {"patient", "request", "observation", "report", "payer"}


def test_it_counts_the_dirt(legacy: Built, report: CheckReport) -> None:
    with closing(sqlite3.connect(legacy.path)) as base:
        [nirs] = base.execute("SELECT count(*) FROM PATIENTS WHERE trim(coalesce(NUM_SS, '')) <> ''").fetchone()
    [keys] = [f for f in report.findings if f.rule == "nir.keys"]
    assert keys.of == nirs
    assert 0 < keys.rows < nirs / 5
    assert rows(report, "link.orphans", "observation.request") == 2
    assert rows(report, "scope.unreadable", "request.registered_on") == 4
    assert rows(report, "scope.no_site", "request.site") == 1
    assert rows(report, "merge.cycles", "patient.merged_into") == 2
    misread = [f for f in report.findings if f.rule == "text.mojibake"]
    assert {f.what for f in misread} == {"cp850_as_cp1252", "utf8_as_latin1"}
    assert dict(report.sites)["RENNES"] == 1
    [unmapped] = [f for f in report.findings if f.rule == "code.unmapped"]
    assert re.search(r"\bCMT \d+", unmapped.what)
    assert "vih" not in unmapped.what


def test_it_shows_no_value(legacy: Built, report: CheckReport) -> None:
    """Everything told, in both languages, against every text of the base that belongs to a person."""
    told = "\n".join(f"{f!r} {f.text('en')} {f.text('fr')}" for f in report.findings) + repr(report.codes)
    assert "ORDRE" not in told
    with closing(sqlite3.connect(legacy.path)) as base:
        values = [
            v for row in base.execute("SELECT NOM, PRENOM, DATE_NAISS, NUM_SS, ADRESSE FROM PATIENTS") for v in row
        ]
        values += [v for (v,) in base.execute("SELECT VALEUR FROM RESULTATS WHERE length(VALEUR) > 5")]
    words = set(re.split(r"[^\w/']+", told))
    assert not {v for v in values if v and len(v) > 4} & words


def change(profile: SourceProfile, entity: str, change: Callable[[str], str], **more: object) -> SourceProfile:
    old = profile.entities[entity]
    new = replace(old, select=change(old.select), **more)  # type: ignore[arg-type]
    return replace(profile, entities={**profile.entities, entity: new})


@pytest.mark.parametrize(
    ("entity", "old", "new", "rule"),
    [
        ("patient", "p.NOM ", "p.NAME ", "select.fails"),
        ("patient", "PATIENTS p", "PATIENT p", "select.fails"),
        ("request", "d.ID_DOSSIER AS source_id", "d.NUM_DOSSIER AS source_id", "key.duplicate"),
        ("observation", "r.ID_RESULTAT AS source_id", "r.ID_PRECEDENT AS source_id", "key.empty"),
        ("observation", "r.ID_DOSSIER AS request", "r.ID_RESULTAT AS request", "link.orphans"),
        ("request", "d.DATE_ENR AS registered_on", "d.CODE_MED AS registered_on", "scope.unreadable"),
    ],
)
def test_a_wrong_select_is_an_error(legacy: Built, entity: str, old: str, new: str, rule: str) -> None:
    profile = source_profile("demo-dxlab")
    assert old in profile.entities[entity].select
    found = checked(legacy.path, change(profile, entity, lambda sql: sql.replace(old, new)))
    assert rule in {f.rule for f in found.findings if f.level is Level.ERROR and f.entity == entity}
    with pytest.raises(ProfileError, match=r"."):
        found.refuse()


def test_a_wrong_rule_is_seen(legacy: Built) -> None:
    profile = source_profile("demo-dxlab")
    parse = {**profile.entities["patient"].parse, "sex": Parse(values={"M": "male"})}
    parse["birth_date"] = Parse(date=("%Y-%m-%d",))
    profile = change(profile, "patient", str, parse=parse)
    profile = replace(profile, analyses={**profile.analyses, "TSH": Analysis("3016-3", NumberRule(","))})
    found = {(f.rule, f.field, f.what): f for f in checked(legacy.path, profile).findings}
    assert found["value.aside", "entities.patient.sex", "value.sex"].level is Level.WARN
    assert found["value.aside", "entities.patient.birth_date", "date.birth_date"].rows > 200
    mixed = found["number.mixed", "entities.observation.raw_value", "TSH"]
    assert mixed.rows > 50


def test_another_engine_is_refused(legacy: Built) -> None:
    with pytest.raises(ProfileError, match="stands on sqlite"):
        check_profile(source_profile("demo-dxlab"), MemorySource({}))


def test_every_rule_speaks_both_languages() -> None:
    holes = re.compile(r"{(\w+)}")
    for english, french in RULES.values():
        assert set(holes.findall(english)) == set(holes.findall(french))
        assert english != french
