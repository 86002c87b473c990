"""The demo's two profiles, proved against the demo's legacy LIS and its naive reference."""

from decimal import Decimal
from pathlib import Path

import pytest
from demo.legacy_lis import DEMO_SCOPE, SITES, Built, Scope, build
from shipped import ALL, Extracted, destination_profile, everything, extract, kind, order_for, source_profile

from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.profile import Engine
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.wire.documents import read

FIELDS = {
    "patient": ("source_id", "family_name", "given_names", "birth_date", "sex", "nir"),
    "request": ("source_id", "registered_on", "prescriber", "site"),
    "observation": ("source_id", "code", "raw_value", "value", "unit", "reference_range", "status"),
}
# Column that travels → what the reference calls it: the original text, where the column is parsed.
ORIGINAL = {"birth_date_raw": "birth_date", "sex_raw": "sex", "registered_on_raw": "registered_on"}
PARSED = {"birth_date", "sex", "registered_on", "value", "comparator"}


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> Built:
    # The order excludes persons by a keyed list, which has its own tests; here nobody is excluded.
    scope = Scope(exclude_patients=())
    return build(tmp_path_factory.mktemp("lis") / "lis.sqlite", patients=300, seed=7, scope=scope)


def spec(path: Path) -> SourceSpec:
    return SourceSpec(Engine.SQLITE, f"sqlite://{path}")


@pytest.fixture(scope="module")
def extracted(legacy: Built) -> Extracted:
    profile = source_profile("demo-dxlab")
    excluded = (SensitiveCategory.HIV, SensitiveCategory.GENETICS)
    order = order_for(profile, FIELDS, ("2018-01-01", "2019-12-31"), DEMO_SCOPE.sites, exclude=excluded)
    return extract(spec(legacy.path), profile, order)


@pytest.mark.parametrize("name", ALL)
def test_every_shipped_profile_parses(name: str) -> None:
    from importlib.resources import files  # noqa: PLC0415

    read(Path(str(files("ecluse.profiles"))) / name).to(kind(name))


@pytest.mark.parametrize("entity", ["patient", "request", "observation"])
def test_rows_are_those_of_the_reference(legacy: Built, extracted: Extracted, entity: str) -> None:
    expected = legacy.expected[entity]
    found = extracted.by_key(entity)
    assert set(found) == set(expected)
    for key, row in found.items():
        for name, value in row.items():
            if name not in PARSED:
                assert value == expected[key][ORIGINAL.get(name, name)], (entity, name)


def test_numbers_are_those_meant(legacy: Built, extracted: Extracted) -> None:
    for key, row in extracted.by_key("observation").items():
        meant = legacy.expected["observation"][key]
        assert row["value"] == (None if meant["value"] is None else Decimal(meant["value"]))
        assert row["comparator"] == meant["comparator"]


def test_dates_and_sexes_are_read(extracted: Extracted) -> None:
    assert not extracted.quarantined
    patients = extracted.rows["patient"].to_pylist()
    assert all((row["birth_date"] is None) == (not row["birth_date_raw"]) for row in patients)
    assert {row["sex"] for row in patients} == {"male", "female", "unknown", None}
    assert all((row["sex"] is None) == (not row["sex_raw"]) for row in patients)


def test_the_profile_serves_every_entity(legacy: Built) -> None:
    """Everything at once: every SELECT runs, every column converts, nothing is set aside."""
    profile = source_profile("demo-dxlab")
    order = order_for(profile, everything(profile), ("2015-01-01", "2020-12-31"), SITES, unclassifiable=True)
    found = extract(spec(legacy.path), profile, order)
    assert set(found.rows) == {
        "patient", "practitioner", "site", "request", "specimen", "observation", "report", "comment", "payer"
    }  # fmt: skip
    assert not found.quarantined
    assert len(everything(profile)["observation"]) >= 15
    assert all(row["content"].startswith(b"%PDF") for row in found.rows["report"].to_pylist())
    collectors = {row["collector"] for row in found.rows["request"].to_pylist()} - {None, ""}
    assert collectors <= set(found.by_key("practitioner"))


def test_the_new_lis_takes_the_demo_order() -> None:
    profile = destination_profile("demo-kalisil")
    planned = {"birth_date_raw", "sex_raw", "registered_on_raw", "comparator", "patient", "request"}
    wanted = {name for names in FIELDS.values() for name in names} | planned
    assert wanted == {name for entity in profile.entities.values() for name in entity.columns}
    import sqlite3  # noqa: PLC0415

    with sqlite3.connect(":memory:") as target:
        target.executescript((Path(__file__).parents[3] / "demo" / "new_lis.sql").read_text(encoding="utf-8"))
        for entity in profile.entities.values():
            columns = {row[1] for row in target.execute(f"PRAGMA table_info({entity.table})")}
            assert set(entity.columns.values()) <= columns
