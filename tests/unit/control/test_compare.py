"""Two versions side by side: nothing that differs is passed over, and what lets more leave is said to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artefact_samples import AGREEMENT, ORDER, TRACE, digest, key_line, put
from ecluse.control.compare import Change, Effect, agreement_changes, order_changes
from ecluse.control.report_words import LANGUAGES, Lang
from ecluse.domain.agreement import Agreement
from ecluse.domain.errors import UsageError
from ecluse.domain.order import Order
from ecluse.wire.artefacts import validate

RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
SUB = {"name": "Transport SARL", "address": "3 rue du Port", "processing": "Carries sealed parcels.",
       "contact": {"name": "Lou Roy", "role": "gérante", "details": "lou@example.org"}}  # fmt: skip


def of_orders(before: Any, after: Any, lang: Lang = "en") -> tuple[Change, ...]:
    return order_changes(validate(Order, before), validate(Order, after), lang)


ORDERS: list[tuple[str, Any, Effect]] = [
    ("version", 2, Effect.NEITHER),
    ("agreement.id", "DPA-2", Effect.NEITHER),
    ("agreement.digest", digest("other"), Effect.NEITHER),
    ("controller.name", "Other", Effect.NEITHER),
    ("controller.finess", "350005179", Effect.NEITHER),
    ("controller.signatory", "dr.durand", Effect.NEITHER),
    ("source.system", "megabus", Effect.UNTOLD),
    ("source.site", "BREST", Effect.UNTOLD),
    ("source.profile", "other.yaml", Effect.UNTOLD),
    ("destination.system", "other", Effect.NEITHER),
    ("destination.recipient", RECIPIENT, Effect.NEITHER),
    ("scope.dates.field", "request.collected_on", Effect.UNTOLD),
    ("scope.dates.from", "2017-01-01", Effect.WIDENS),
    ("scope.dates.from", "2018-02-01", Effect.NARROWS),
    ("scope.dates.until", "2020-12-31", Effect.WIDENS),
    ("scope.dates.until", "2019-01-31", Effect.NARROWS),
    ("scope.sites", ["RENNES-CENTRE", "RENNES-SUD", "BREST"], Effect.WIDENS),
    ("scope.sites", ["RENNES-SUD"], Effect.NARROWS),
    ("scope.fields.patient", ["source_id", "family_name", "birth_date", "sex", "nir", "birth_name"], Effect.WIDENS),
    ("scope.fields.patient", ["source_id", "family_name", "birth_date", "sex"], Effect.NARROWS),
    ("scope.exclude_categories", ["genetics"], Effect.WIDENS),
    ("scope.exclude_categories", ["genetics", "hiv", "pregnancy"], Effect.NARROWS),
    ("scope.include_unclassifiable", True, Effect.WIDENS),
    ("scope.exclude_persons", None, Effect.WIDENS),
    ("scope.exclude_persons.persons", 11, Effect.UNTOLD),
    ("retention.erase_after_acceptance", "90d", Effect.WIDENS),
    ("retention.erase_by", "2099-12-31", Effect.WIDENS),
    ("retention.erase_by", "2026-01-31", Effect.NARROWS),
    ("trace", TRACE, Effect.WIDENS),
]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("path", "new", "effect"), ORDERS, ids=[f"{path}={new}"[:60] for path, new, _ in ORDERS])
def test_a_change_of_an_order_is_one_line(path: str, new: Any, effect: Effect, lang: Lang) -> None:
    found = of_orders(ORDER, put(ORDER, path, new), lang)
    assert len(found) == 1
    assert found[0].path.startswith(path) or path.startswith(found[0].path)
    assert found[0].effect is effect
    assert found[0].label
    assert found[0].before != found[0].after
    back = of_orders(put(ORDER, path, new), ORDER, lang)
    assert [(c.before, c.after) for c in back] == [(c.after, c.before) for c in found]
    opposite = {Effect.WIDENS: Effect.NARROWS, Effect.NARROWS: Effect.WIDENS}
    assert back[0].effect is opposite.get(effect, effect)


def test_every_field_of_an_order_is_compared() -> None:
    """A field that the domain gains must be given a line here, and a facet there."""
    touched = {path for path, _, _ in ORDERS}

    def under(value: Any, path: str = "") -> set[str]:
        if isinstance(value, dict) and not path.startswith("scope.fields"):
            return {leaf for name, part in value.items() for leaf in under(part, f"{path}.{name}".lstrip("."))}
        return {path}

    constant = {"format", "purpose", "order", "retention.source_disposition"}
    for leaf in under(ORDER) - constant:
        assert any(leaf.startswith(path) or path.startswith(leaf) for path in touched), leaf


def test_words_are_the_laboratory_s() -> None:
    wider = put(ORDER, "scope.fields.patient", [*ORDER["scope"]["fields"]["patient"], "birth_name"])
    assert [(c.label, c.before, c.after) for c in of_orders(ORDER, wider, "fr")] == [
        ("champ (identité)", "", "patient\u00a0: nom de naissance")
    ]
    later = put(ORDER, "scope.dates.until", "2020-01-01")
    assert [(c.before, c.after) for c in of_orders(ORDER, later, "fr")] == [("31 décembre 2019", "1er janvier 2020")]


def test_what_is_carried_besides_is_told_too() -> None:
    """Ordering another entity carries references to it."""
    more = put(ORDER, "scope.fields.specimen", ["source_id"])
    found = of_orders(ORDER, more)
    assert {c.path.partition(".")[0] for c in found} == {"scope", "links"}
    assert {c.effect for c in found} == {Effect.WIDENS}


def test_two_orders_are_not_two_versions() -> None:
    with pytest.raises(UsageError, match="two orders"):
        of_orders(ORDER, put(ORDER, "order", "BIO-2"))


def test_the_same_differs_in_nothing_and_another_arrangement_is_told() -> None:
    assert of_orders(ORDER, ORDER) == ()
    turned = put(ORDER, "scope.sites", ["RENNES-SUD", "RENNES-CENTRE"])
    assert [c.label for c in of_orders(ORDER, turned)] == ["the same things, arranged otherwise"]


@given(st.data())
def test_no_difference_of_scope_is_passed_over(data: Any) -> None:
    sites = st.lists(st.sampled_from(["A", "B", "=C", "D [x]"]), min_size=1, unique=True)
    categories = st.lists(st.sampled_from(["hiv", "genetics", "pregnancy"]), unique=True)
    names = st.lists(st.sampled_from(["family_name", "sex", "birth_date"]), unique=True).map(
        lambda n: ["source_id", *n]
    )

    def draw() -> Any:
        value = put(put(ORDER, "scope.sites", data.draw(sites)), "scope.exclude_categories", data.draw(categories))
        return put(value, "scope.fields.patient", data.draw(names))

    one, other = draw(), draw()
    found = of_orders(one, other)
    assert bool(found) is (one != other)
    paths = {c.path for c in found}
    for site in {*one["scope"]["sites"]} ^ {*other["scope"]["sites"]}:
        assert f"scope.sites[{site}]" in paths
    for name in {*one["scope"]["fields"]["patient"]} ^ {*other["scope"]["fields"]["patient"]}:
        assert f"scope.fields.patient.{name}" in paths


def strings(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        return {p: v for name, part in value.items() for p, v in strings(part, f"{path}.{name}".lstrip(".")).items()}
    if isinstance(value, list):
        return {p: v for n, part in enumerate(value) for p, v in strings(part, f"{path}[{n}]").items()}
    return {path: value} if isinstance(value, str) else {}


BASE = put(put(AGREEMENT, "clauses.d_sub_processing", "specific"), "sub_processors", [SUB])
CHOSEN = {
    "clauses.d_sub_processing": "general", "clauses.g_end_of_service": "return", "hosting.where": "certified_host",
    "in_force_from": "2026-01-02", "in_force_until": "2027-01-31", "hosting.expires": "2030-01-01",
}  # fmt: skip
FIXED = {"format"}


@pytest.mark.parametrize("path", sorted(strings(BASE).keys() - FIXED))
def test_every_text_of_an_agreement_is_compared(path: str) -> None:
    new = CHOSEN.get(path, "changed")
    if path.endswith(".key"):
        new = key_line(path)
    if path.endswith(".role") and "signers" in path:
        new = "engineer"
    found = agreement_changes(validate(Agreement, BASE), validate(Agreement, put(BASE, path, new)), "en")
    assert found, path
    assert all(change.label and change.before != change.after for change in found)
    assert len(found) <= 2, "a renamed item is one taken away and one added; all else is one change"


def test_what_stands_twice_does_not_hide_a_change() -> None:
    twice = [{"heading": "Encryption", "description": text} for text in ("one", "two")]
    before = put(AGREEMENT, "measures", twice)
    found = agreement_changes(
        validate(Agreement, before), validate(Agreement, put(before, "measures[1].description", "three")), "fr"
    )
    assert [(c.path, c.before, c.after) for c in found] == [("measures[Encryption]#2", "two", "three")]


def test_second_approver_and_numbers() -> None:
    other = put(put(AGREEMENT, "second_approver", False), "agreement", "DPA-2027-001")
    found = agreement_changes(validate(Agreement, AGREEMENT), validate(Agreement, other), "en")
    assert {c.path for c in found} == {"second_approver", "agreement"}


@pytest.mark.parametrize(
    ("path", "new", "effect"),
    [
        ("trace.keep_until", "2035-01-01", Effect.WIDENS),
        ("trace.keep_until", "2027-01-01", Effect.NARROWS),
        ("trace.recipient", RECIPIENT, Effect.NEITHER),
        ("trace", None, Effect.NARROWS),
    ],
)
def test_fingerprints_that_last_longer_widen(path: str, new: Any, effect: Effect) -> None:
    traced = put(ORDER, "trace", TRACE)
    (found,) = of_orders(traced, put(traced, path, new))
    assert (found.path, found.effect) == ("trace", effect)
