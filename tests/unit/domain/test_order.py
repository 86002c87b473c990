"""Law 1, R2, R13–R16: an order is an allow-list; what it may not say is refused at the very word."""

import datetime as dt
from typing import Any

import pytest

from artefact_samples import ORDER, RECIPIENT, TRACE, paths, put, without
from ecluse.domain.catalogue import CATALOGUE, KEY
from ecluse.domain.order import Order, Retention, SourceDisposition
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.wire.artefacts import InvalidError, validate

OPTIONAL = {"scope.include_unclassifiable", "scope.exclude_persons", "trace"}
SECRETS = [(e.name, f.name) for e in CATALOGUE for f in e.fields if not f.orderable]
LINKS = [(e.name, link.field) for e in CATALOGUE for link in e.links]
OF_A_CATEGORY = [(e.name, f.name, str(f.category)) for e in CATALOGUE for f in e.fields if f.category]


def _refused(value: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidError) as caught:
        validate(Order, value)
    return [(problem.path, problem.message) for problem in caught.value.problems]


def _fields(entity: str, *names: str) -> Any:
    return put(ORDER, "scope.fields", {entity: [KEY, *names]})


@pytest.mark.parametrize("path", [path for path in paths(ORDER) if not path.startswith("scope.fields.")])
def test_removing_any_one_field(path: str) -> None:
    if path in OPTIONAL:
        validate(Order, without(ORDER, path))
    else:
        assert _refused(without(ORDER, path))[0] == (path, "this field is missing")


def test_what_is_left_out_includes_nothing() -> None:
    least = validate(Order, without(without(ORDER, "scope.include_unclassifiable"), "scope.exclude_persons"))
    assert least.scope.include_unclassifiable is False
    assert least.scope.exclude_persons is None


@pytest.mark.parametrize(("entity", "name"), SECRETS)
def test_no_secret_can_be_ordered(entity: str, name: str) -> None:
    ((path, message),) = _refused(_fields(entity, name))
    assert path == f"scope.fields.{entity}[1]"
    assert f"{entity}.{name} is a secret" in message
    assert SECRETS


@pytest.mark.parametrize(("entity", "name"), LINKS)
def test_no_link_can_be_ordered(entity: str, name: str) -> None:
    ((path, message),) = _refused(_fields(entity, name))
    assert path == f"scope.fields.{entity}[1]"
    assert "link" in message


@pytest.mark.parametrize(("entity", "name", "category"), OF_A_CATEGORY)
def test_a_field_of_an_excluded_category(entity: str, name: str, category: str) -> None:
    asked = put(_fields(entity, name), "scope.exclude_categories", [category])
    ((path, message),) = _refused(asked)
    assert path == f"scope.fields.{entity}[1]"
    assert category in message
    others = [str(one) for one in SensitiveCategory if one != category]
    validate(Order, put(_fields(entity, name), "scope.exclude_categories", others))


@pytest.mark.parametrize("entity", [entity.name for entity in CATALOGUE])
def test_everything_orderable_can_be_ordered(entity: str) -> None:
    names = [f.name for f in CATALOGUE.entity(entity).fields if f.orderable]
    asked = put(put(ORDER, "scope.fields", {entity: names}), "scope.exclude_categories", [])
    assert validate(Order, asked).scope.fields[entity] == tuple(names)


@pytest.mark.parametrize("entity", [entity.name for entity in CATALOGUE])
def test_no_entity_without_its_key(entity: str) -> None:
    names = [f.name for f in CATALOGUE.entity(entity).fields if f.orderable and f.name != KEY]
    asked = put(put(ORDER, "scope.fields", {entity: names}), "scope.exclude_categories", [])
    assert _refused(asked)[0][0] == f"scope.fields.{entity}"
    assert _refused(put(ORDER, "scope.fields", {entity: []}))[0][0] == f"scope.fields.{entity}"


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("scope.fields.patient[1]", "familly_name", "scope.fields.patient[1]"),
        ("scope.fields.patient[1]", "*", "scope.fields.patient[1]"),
        ("scope.fields.patient[1]", "", "scope.fields.patient[1]"),
        ("scope.fields.patient[1]", "Family_Name", "scope.fields.patient[1]"),
        ("scope.fields.patient", "*", "scope.fields.patient"),
        ("scope.fields.*", ["source_id"], "scope.fields.*"),
        ("scope.fields", "all", "scope.fields"),
        ("scope.sites[1]", "RENNES-CENTRE", "scope.sites[1]"),
        ("scope.sites", "all", "scope.sites"),
        ("scope.exclude_categories", "none", "scope.exclude_categories"),
        ("purpose", "backup", "purpose"),
        ("controller.finess", "75010012", "controller.finess"),
        ("retention.source_disposition", "processor", "retention.source_disposition"),
        ("scope.exclude_persons.basis", "patient.family_name", "scope.exclude_persons.basis"),
        ("scope.exclude_persons", "persons.keyed", "scope.exclude_persons"),
    ],
)
def test_never_a_wildcard_a_guess_or_a_default(path: str, value: Any, where: str) -> None:
    assert {found for found, _ in _refused(put(ORDER, path, value))} == {where}


def test_a_near_miss_is_named() -> None:
    ((_, message),) = _refused(put(ORDER, "scope.fields.patient[1]", "birthdate"))
    assert "birthdate" in message
    assert "birth_date" in message


def test_one_day_is_a_range() -> None:
    one = validate(Order, put(ORDER, "scope.dates.until", "2018-01-01"))
    assert one.scope.dates.from_ == one.scope.dates.until


@pytest.mark.parametrize(
    ("text", "delay"),
    [("0d", dt.timedelta()), ("30d", dt.timedelta(days=30)), ("12h", dt.timedelta(hours=12)),
     ("0h", dt.timedelta()), ("9999d", dt.timedelta(days=9999)), ("9999h", dt.timedelta(hours=9999))],
)  # fmt: skip
def test_delays(text: str, delay: dt.timedelta) -> None:
    assert Retention(text, dt.date(2026, 12, 31), SourceDisposition.CONTROLLER).delay() == delay
    validate(Order, put(ORDER, "retention.erase_after_acceptance", text))


@pytest.mark.parametrize("text", ["", "d", "0", "-1d", "1.5d", "10000d", "1w", "1 d", "1D", "٣d", "1d\n"])
def test_delays_that_are_none(text: str) -> None:
    assert _refused(put(ORDER, "retention.erase_after_acceptance", text))[0][0] == "retention.erase_after_acceptance"


@pytest.mark.parametrize(
    ("trace", "path", "word"),
    [
        (TRACE | {"recipient": RECIPIENT}, "trace.recipient", "the destination's key"),
        (TRACE | {"keep_until": "2026-12-30"}, "trace.keep_until", "before erase_by"),
        (TRACE | {"keep_until": "2037-01-01"}, "trace.keep_until", "3653 days"),
        ({"recipient": TRACE["recipient"]}, "trace.keep_until", "missing"),
        ({"keep_until": TRACE["keep_until"]}, "trace.recipient", "missing"),
    ],
)
def test_fingerprints_are_the_controllers_and_end(trace: Any, path: str, word: str) -> None:
    ((found, message),) = _refused(put(ORDER, "trace", trace))
    assert found == path
    assert word in message


@pytest.mark.parametrize("day", ["2026-12-31", "2036-12-31"])
def test_fingerprints_are_kept_from_erase_by_to_ten_years_after(day: str) -> None:
    made = validate(Order, put(ORDER, "trace", TRACE | {"keep_until": day}))
    assert made.trace is not None
    assert str(made.trace.keep_until) == day


def test_the_last_days_of_the_calendar() -> None:
    late = put(ORDER, "retention.erase_by", "9999-12-30")
    assert validate(Order, put(late, "trace", TRACE | {"keep_until": "9999-12-31"})).trace is not None
