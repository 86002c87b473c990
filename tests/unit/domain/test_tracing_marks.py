"""Normal forms of marks: what copies do to a value does not hide it."""

import pytest

from ecluse.domain import tracing
from ecluse.domain.catalogue import CATALOGUE
from ecluse.domain.tracing import BY_CODE, BY_KIND, FORMS, ORIGINS, RULES, Form, Kind

SAME = [
    (Form.FAMILY, ["Lefèvre", "LEFEVRE", "lefèvre "], "LEFEVRE"),
    (Form.FAMILY, ["de la Tour", "DE LA TOUR", "La Tour"], "TOUR"),
    (Form.FAMILY, ["D'Alméida", "d’almeida", "D ALMEIDA"], "ALMEIDA"),
    (Form.FAMILY, ["Saint-Exupéry", "SAINT EXUPERY", "SAINTEXUPERY", "SAINTEXU"], "SAINTEXU"),
    (Form.FAMILY, ["Dupont ép. Martin", "DUPONT NEE MARTIN", "Dupont"], "DUPONT"),
    (Form.FAMILY, ["Lœuillet", "LOEUILLET"], "LOEUILLE"),
    (Form.GIVEN, ["Jean-Pierre", "JEAN PIERRE", "Jean", "Jean, Marie"], "JEAN"),
    (Form.GIVEN, ["Françoise", "FRANCOISE", "Franç"], "FRANC"),
    (Form.DAY, ["1960-03-12", "1960-03-12T08:00:00", " 1960-03-12 08:00"], "19600312"),
    (Form.DAY, ["1960-03", "1960-03-00"], "196003"),
    (Form.DAY, ["1960", "1960-00-00"], "1960"),
    (Form.NIR, ["2600335123456", "2 60 03 35 123 456", "2 60 03 35 123 456 78", "260033512345678"], "2600335123456"),
    (Form.NIR, ["160032A123456", "1 60 03 2a 123 456"], "160032A123456"),
    (Form.PHONE, ["06 12 34 56 78", "0612345678", "+33 6 12 34 56 78", "0033612345678", "+33 (0)6.12.34.56.78"],
     "612345678"),
    (Form.POSTCODE, ["35000", " 35000 "], "35000"),
    (Form.POSTCODE, ["1000", "01000"], "01000"),
    (Form.EMAIL, ["A.Martin@Example.org", "a.martin@example.org "], "a.martin@example.org"),
    (Form.NUMBER, ["P-00123", "p 00123", "P00123"], "P00123"),
    (Form.NUMBER, ["000123", "123"], "123"),
]  # fmt: skip
NOTHING = [
    (Form.FAMILY, "A"), (Form.FAMILY, "123"), (Form.GIVEN, "J."), (Form.DAY, "12/03/1960"), (Form.DAY, "0000-01-01"),
    (Form.NIR, "9600335123456"), (Form.NIR, "26003351234"), (Form.PHONE, "0000000000"), (Form.PHONE, "0666666666"),
    (Form.PHONE, "12"), (Form.POSTCODE, "350"), (Form.EMAIL, "martin"), (Form.NUMBER, "000"), (Form.NUMBER, "X" * 41),
]  # fmt: skip


@pytest.mark.parametrize(("form", "texts", "normal"), SAME)
def test_what_copies_do_is_undone(form: Form, texts: list[str], normal: str) -> None:
    made = {text: FORMS[form](text) for text in texts}
    assert made == dict.fromkeys(texts, normal)


@pytest.mark.parametrize(("form", "text"), NOTHING)
def test_what_is_no_such_value_leaves_no_mark(form: Form, text: str) -> None:
    assert FORMS[form](text) is None


def test_marks_are_of_fields_that_the_catalogue_has() -> None:
    for entity, origins in ORIGINS.items():
        for origin in origins:
            assert len(origin.fields) == len(BY_KIND[origin.kind].forms)
            for name in origin.fields:
                assert CATALOGUE.column(entity, name).name == name


def test_codes_fit_in_four_bits_and_never_change() -> None:
    """A file made years ago is read by them."""
    assert {str(rule.kind): rule.code for rule in RULES} == {
        "nir": 1, "name_birth": 2, "family_birth": 3, "given_birth_postcode": 4, "name_postcode": 5, "phone": 6,
        "email": 7, "patient_birth": 8, "request_patient": 9, "request_day": 10, "canary": 15,
    }  # fmt: skip
    assert set(BY_KIND) == set(Kind)
    assert len(BY_CODE) == len(RULES)


def test_a_name_with_its_date_never_stands_without_the_surname_and_date() -> None:
    """Matching asks for the surname first."""
    for origins in ORIGINS.values():
        pairs = {origin.fields for origin in origins if origin.kind is Kind.FAMILY_BIRTH}
        for origin in origins:
            if origin.kind is Kind.NAME_BIRTH:
                assert (origin.fields[0], origin.fields[2]) in pairs


@pytest.mark.parametrize(("form", "days"), [("19600312", 1), ("196003", 31), ("1960", 366)])
def test_a_partial_date_says_how_little_it_says(form: str, days: int) -> None:
    assert tracing.days_in(form) == days
