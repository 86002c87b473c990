"""The catalogue: complete, coherent, and refusing what it does not know."""

import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.catalogue import CATALOGUE, KEY, FieldClass, FieldType, check_orderable, closure
from ecluse.domain.errors import OrderError
from ecluse.domain.sensitive import SensitiveCategory

ROOT = Path(__file__).parents[3]
FIELDS = [field for entity in CATALOGUE for field in entity.fields]
ORDERS = st.fixed_dictionaries(
    {},
    optional={
        entity.name: st.lists(st.sampled_from([f.name for f in entity.fields if f.orderable]), max_size=8)
        for entity in CATALOGUE
    },
)


def test_entities():
    assert [entity.name for entity in CATALOGUE] == [
        "patient", "practitioner", "site", "request", "specimen", "observation", "report", "comment", "payer",
    ]  # fmt: skip


def test_links():
    links = {(entity.name, link.field, link.entity) for entity in CATALOGUE for link in entity.links}
    to_request = {(name, "request", "request") for name in ("specimen", "observation", "report", "comment")}
    assert links == to_request | {("request", "patient", "patient"), ("payer", "patient", "patient")}


@pytest.mark.parametrize("entity", CATALOGUE.entities, ids=lambda entity: entity.name)
def test_an_entity_is_coherent(entity):
    names = [column.name for column in entity.columns]
    assert names[0] == KEY
    assert len(set(names)) == len(names)
    assert entity.en
    assert entity.fr
    for field in entity.fields:
        assert field.entity == entity.name
        assert set(field.companions) <= set(names) - {field.name}
        assert field.refers is None or CATALOGUE.entity(field.refers)


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_a_field_speaks_both_languages(field):
    assert field.en
    assert field.fr
    assert field.en_why
    assert field.fr_why
    assert field.en[0] != " "
    assert CATALOGUE.field(field.entity, field.name) is field


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_parsed_values_keep_their_original_text(field):
    parsed = {FieldType.DATE, FieldType.DATETIME, FieldType.PARTIAL_DATE, FieldType.DECIMAL}
    if field.type in parsed and field.name not in {"value", "low", "high"}:
        assert f"{field.name}_raw" in field.companions
    if field.name.endswith("_raw"):
        original = CATALOGUE.field(field.entity, field.name.removesuffix("_raw"))
        assert field.type is FieldType.TEXT
        assert field.kind is original.kind
        assert field.name in original.companions


def test_a_value_travels_with_comparator_and_text():
    assert CATALOGUE.field("observation", "value").companions == ("comparator", "raw_value")


def test_every_class_is_used():
    assert {field.kind for field in FIELDS} == set(FieldClass)


def test_classes_of_what_leaked():
    """R13: the columns of the leak, each in a class that is off unless ordered."""
    expected = {
        "patient.nir": "national_identifier", "patient.phone": "contact", "patient.comment": "free_text",
        "request.comment": "free_text", "request.prescriber": "third_party", "request.collector": "third_party",
        "payer.insured_name": "third_party", "patient.portal_login": "secret", "patient.portal_password": "secret",
        "report.content": "document", "observation.raw_value": "examination",
    }  # fmt: skip
    assert {name: CATALOGUE.field(*name.split(".")).kind.value for name in expected} == expected


def test_fields_that_are_sensitive_by_themselves():
    categories = {str(field): field.category for field in FIELDS if field.category}
    assert categories["request.pregnancy"] is SensitiveCategory.PREGNANCY
    assert categories["patient.blood_group"] is SensitiveCategory.BLOOD_GROUP


@pytest.mark.parametrize("field", [f for f in FIELDS if f.kind is FieldClass.SECRET], ids=str)
def test_secrets_are_refused_by_name(field):
    with pytest.raises(OrderError, match=f"{field} is a secret"):
        check_orderable(field.entity, field.name)
    with pytest.raises(OrderError, match="secret"):
        closure({field.entity: [KEY, field.name]})


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"patiant": []}, "did you mean patient"),
        ({"patient": ["birthdate"]}, "did you mean birth_date"),
        ({"patient": ["*"]}, "unknown field patient"),
        ({"patient": [""]}, "unknown field patient"),
        ({"observation": ["request"]}, "is a link"),
        ({"request": ["source_id", "patient"]}, "is a link"),
        ({"Patient": []}, "unknown entity"),
    ],
)
def test_the_unknown_is_refused(order, message):
    with pytest.raises(OrderError, match=message) as caught:
        closure(order)
    assert caught.value.exit_code == 12


def test_hints_never_advertise_a_secret():
    with pytest.raises(OrderError) as caught:
        closure({"patient": ["portal_pasword"]})
    assert "portal_password" not in str(caught.value)


def test_closure_adds_links_alone():
    carried = closure({"observation": ["value", KEY], "request": ["prescriber", KEY], "patient": ["sex", KEY]})
    assert carried == {
        "patient": (KEY, "sex"),
        "request": (KEY, "patient", "prescriber"),
        "observation": (KEY, "request", "value"),
    }


def test_a_link_needs_both_ends():
    assert closure({"observation": ["value"], "request": [KEY]})["observation"] == ("value",)
    assert closure({"observation": [KEY], "request": ["status"]})["observation"] == (KEY,)
    assert closure({"observation": [KEY]}) == {"observation": (KEY,)}


@given(ORDERS)
def test_nothing_beyond_the_order(order):
    carried = closure(order)
    assert set(carried) == set(order)
    for entity, names in carried.items():
        links = {link.field: link.entity for link in CATALOGUE.entity(entity).links}
        assert set(order[entity]) <= set(names)
        extra = set(names) - set(order[entity])
        assert extra <= set(links)
        assert all(KEY in order[entity] and KEY in order.get(links[name], ()) for name in extra)
        columns = [column.name for column in CATALOGUE.entity(entity).columns]
        assert list(names) == [name for name in columns if name in names]


@given(ORDERS)
def test_closure_is_stable_under_order_and_repetition(order):
    shuffled = {entity: [*reversed(names), *names] for entity, names in reversed(order.items())}
    assert closure(shuffled) == closure(order)


def test_it_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        CATALOGUE.field("patient", "portal_password").kind = FieldClass.IDENTITY  # type: ignore[misc]


def test_the_reference_page_is_current():
    command = [sys.executable, str(ROOT / "docs" / "generate_catalogue.py"), "--check"]
    environment = {"PYTHONPATH": str(ROOT / "src")}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
