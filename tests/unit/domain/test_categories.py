"""Three-valued answers, and lists whose every code is well formed and sourced."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn as oracle

from ecluse.domain.categories import (
    LISTS,
    Answer,
    SensitiveCategory,
    categories_of,
    classify,
    classify_nabm,
    cleared,
    is_loinc,
    matching,
)
from ecluse.domain.codelists_other import INDIRECT, UNRELATED

HIV, ONCOLOGY, GENETICS = SensitiveCategory.HIV, SensitiveCategory.ONCOLOGY, SensitiveCategory.GENETICS
PREGNANCY, DRUGS, BLOOD = SensitiveCategory.PREGNANCY, SensitiveCategory.DRUGS, SensitiveCategory.BLOOD_GROUP
EVERY_LIST = [*LISTS, *INDIRECT]


@pytest.mark.parametrize(
    ("code", "category"),
    [  # those of domain.md section 5, and one more of each kind
        ("56888-1", HIV), ("25836-8", HIV), ("7918-6", HIV), ("33630-5", HIV),
        ("2857-1", ONCOLOGY), ("2039-6", ONCOLOGY), ("10334-1", ONCOLOGY), ("24108-3", ONCOLOGY),
        ("21667-1", GENETICS), ("29770-5", GENETICS), ("21654-9", GENETICS), ("48018-6", GENETICS),
        ("2106-3", PREGNANCY), ("21198-7", PREGNANCY), ("43995-0", PREGNANCY),
        ("3426-4", DRUGS), ("14334-7", DRUGS), ("14698-5", DRUGS),
        ("882-1", BLOOD), ("883-9", BLOOD), ("10331-7", BLOOD), ("1305-2", BLOOD),
    ],
)  # fmt: skip
def test_known_matches(code, category):
    assert classify(category, code) is Answer.MATCH
    assert category in categories_of(code)


@pytest.mark.parametrize("code", ["718-7", "2345-7", "14749-6", "2160-0", "14682-9", "2823-3", "777-3", "2093-3"])
@pytest.mark.parametrize("category", SensitiveCategory)
def test_everyday_chemistry_is_nobodys_secret(category, code):
    assert classify(category, code) is Answer.NO_MATCH


@pytest.mark.parametrize("category", SensitiveCategory)
@pytest.mark.parametrize("code", [None, "", "GLY", "718-8", "7187", "718-7 ", "٧18-7", "99999-9", "0718-77"])
def test_what_cannot_be_told(category, code):
    assert classify(category, code) is Answer.UNCLASSIFIABLE
    assert categories_of(code) == frozenset()


def test_a_good_code_that_nobody_read_is_not_innocent():
    assert is_loinc("99999991-7") is False  # eight digits
    unread = next(f"{n}-{k}" for n in range(9000000, 9000010) for k in range(10) if is_loinc(f"{n}-{k}"))
    assert all(classify(category, unread) is Answer.UNCLASSIFIABLE for category in SensitiveCategory)


@pytest.mark.parametrize(
    ("code", "category", "other"),
    [("24467-3", HIV, BLOOD), ("4576-5", GENETICS, HIV), ("5388-4", PREGNANCY, HIV), ("6301-6", DRUGS, HIV)],
)
def test_indirect_signs_are_unclassifiable_for_their_category_alone(code, category, other):
    assert classify(category, code) is Answer.UNCLASSIFIABLE
    assert classify(other, code) is Answer.NO_MATCH


def test_a_code_may_belong_to_two():
    assert categories_of("21198-7") == {PREGNANCY, ONCOLOGY}
    assert categories_of("43399-5") == {GENETICS, ONCOLOGY}


@pytest.mark.parametrize("codes", EVERY_LIST, ids=lambda codes: codes.en)
def test_every_code_passes_its_check_digit(codes):
    assert codes.codes
    assert [code for code in codes.codes if not is_loinc(code)] == []


@pytest.mark.parametrize("codes", LISTS, ids=lambda codes: codes.en)
def test_every_list_says_where_it_comes_from(codes):
    assert codes.source.title
    assert codes.source.where
    assert codes.source.version
    assert codes.misses
    assert codes.verified is (codes.source.where != "none to cite")
    assert codes.fr


def test_the_unrelated_are_well_formed_and_in_no_list():
    assert [code for code in UNRELATED if not is_loinc(code)] == []
    for codes in EVERY_LIST:
        assert UNRELATED & codes.codes == frozenset()


@pytest.mark.parametrize("category", SensitiveCategory)
def test_the_columns_sets_say_what_classify_says(category):
    assert matching(category) & cleared(category) == frozenset()
    assert all(classify(category, code) is Answer.MATCH for code in matching(category))
    assert all(classify(category, code) is Answer.NO_MATCH for code in cleared(category))
    assert len(matching(category)) >= 15
    assert category.en
    assert category.fr


@pytest.mark.parametrize("category", SensitiveCategory)
def test_every_category_has_its_indirect_signs(category):
    assert any(signs.category is category for signs in INDIRECT)


@given(st.text("0123456789", min_size=1, max_size=7), st.integers(0, 9))
def test_check_digit_is_luhns(body, check):
    assert is_loinc(f"{body}-{check}") == oracle.is_valid(f"{body}{check}")


@given(st.one_of(st.none(), st.text(max_size=12)))
def test_nothing_raises(code):
    assert all(classify(category, code) in Answer for category in SensitiveCategory)
    assert all(classify_nabm(category, code) in Answer for category in SensitiveCategory)


@pytest.mark.parametrize("code", ["393", "0393"])
def test_nabm_without_its_leading_zero(code):
    assert classify_nabm(HIV, code) is Answer.MATCH
    assert classify_nabm(ONCOLOGY, code) is Answer.UNCLASSIFIABLE


@pytest.mark.parametrize("code", [None, "", "1104", "3930", "393 "])
def test_other_billing_codes_cannot_be_told(code):
    assert classify_nabm(HIV, code) is Answer.UNCLASSIFIABLE
