"""Names, namespaces and messages of the codec; what it says of a breach, and what it never says."""

import dataclasses
import datetime as dt
import re
from typing import Any

import pytest

from artefact_samples import ENTRY, ORDER, SAMPLES, paths, put
from ecluse.domain.entry import Entry, Event
from ecluse.domain.errors import InternalError, MalformedError
from ecluse.domain.order import Order
from ecluse.wire.artefacts import (
    KINDS,
    InvalidError,
    decode,
    digest_of,
    encode,
    format_of,
    kind_of,
    namespace,
    schema,
    to_json,
    utc,
    validate,
)
from ecluse.wire.canonical import MAX_DEPTH, canonical, digest, parse


@pytest.mark.parametrize("kind", KINDS)
def test_names(kind: str) -> None:
    assert format_of(KINDS[kind]) == f"ecluse.{kind}/1" == SAMPLES[kind]["format"]
    assert kind_of(KINDS[kind]) == kind
    assert namespace(kind) == f"ecluse.{kind}"
    assert schema(kind)["$id"] == f"ecluse:{kind}:1"
    assert set(schema(kind)["properties"]) == set(SAMPLES[kind])


def test_what_is_no_artefact() -> None:
    with pytest.raises(InternalError):
        kind_of(dict)


@pytest.mark.parametrize("kind", KINDS)
def test_every_object_in_a_schema_is_closed(kind: str) -> None:
    made = schema(kind)
    for name, part in [(kind, made), *made.get("$defs", {}).items()]:
        if part["type"] == "object":
            assert part["additionalProperties"] is False, name
            assert part["description"], name


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_frozen(kind: str) -> None:
    value = validate(KINDS[kind], SAMPLES[kind])
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.format = "x"


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_is_not_another(kind: str) -> None:
    for other, cls in KINDS.items():
        if other != kind:
            with pytest.raises(MalformedError):
                decode(cls, canonical(SAMPLES[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_every_leaf_has_a_type_and_its_breach_a_path(kind: str) -> None:
    free = re.compile(r"detail\.")
    for path in paths(SAMPLES[kind]):
        with pytest.raises(InvalidError) as caught:
            validate(KINDS[kind], put(SAMPLES[kind], path, [[{"MARTIN": "MARTIN"}]]))
        assert all(p.path.startswith(path) for p in caught.value.problems), (path, caught.value.problems)
        assert "MARTIN" not in str(caught.value) or not free.match(path)


@pytest.mark.parametrize(
    ("cls", "value", "path", "message"),
    [
        (Order, put(ORDER, "purpose", "x"), "purpose", "must be one of 'migration'"),
        (Order, put(ORDER, "source.system", "a b"), "source.system", "must be letters, digits, '.', '_', '-'"),
        (Order, put(ORDER, "agreement.digest", "x"), "agreement.digest", "must be SHA-256 as sha256:<64 hex digits>"),
        (Order, put(ORDER, "scope.sites[0]", ""), "scope.sites[0]", "at least 1 character"),
        (Order, put(ORDER, "scope.sites[0]", " "), "scope.sites[0]", "must be a text that is not blank"),
        (Order, put(ORDER, "zzz", 1), "zzz", "unknown field"),
        (Entry, put(ENTRY, "at", "2026-03-02T08:01:00"), "at", "must be an instant in UTC, whole seconds"),
        (Entry, put(ENTRY, "detail.rows", None), "detail.rows", "valid"),
    ],
)
def test_messages(cls: type, value: Any, path: str, message: str) -> None:
    with pytest.raises(InvalidError) as caught:
        validate(cls, value)
    assert caught.value.problems[0].path == path
    assert message in caught.value.problems[0].message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON at line 1, column 1"),
        (b"{", "not JSON"),
        (b'{"a":1}\n{', "not JSON at line 2"),
        (b'{"a":1,"a":1}', "given twice"),
        (b'{"a":{"b":1,"b":2}}', "given twice"),
        (b'{"a":1.0}', "no floating-point"),
        (b'{"a":1e2}', "no floating-point"),
        (b'{"a":-Infinity}', "no floating-point"),
        (b'{"a":9007199254740992}', "beyond"),
        (b'{"a":-9007199254740992}', "beyond"),
        (b'{"a":' + b"9" * 5000 + b"}", "beyond"),
        (b'{"a":"\\ud800"}', "half a character"),
        (b'{"\\udfff":1}', "half a character"),
        (b'{"a":"\xff"}', "not UTF-8 at byte 6"),
        (b'\xef\xbb\xbf{"a":1}', "not JSON"),
        (b"[" * 66 + b"]" * 66, "too deeply"),
        (b"[" * 900 + b"]" * 900, "too deeply"),
        (b"[" * 200_000 + b"]" * 200_000, "too deeply"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "too deeply"),
    ],
)
def test_json_that_is_not_taken(data: bytes, said: str) -> None:
    for take in (parse, lambda given: decode(Order, given, file="o.json")):
        with pytest.raises(MalformedError, match=said) as caught:
            take(data)
        assert caught.value.exit_code == 10


def test_json_at_the_limits() -> None:
    for data in (
        b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
        b"9007199254740991",
        b"-9007199254740991",
        b'"\xf0\x9f\x98\x80"',
        b"0",
    ):
        assert canonical(parse(data)) == data


def test_canonical_form_is_rfc_8785s() -> None:
    """Its own examples for texts and order (sections 3.2.2.2, 3.2.3), in numbers that artefacts hold."""
    given = '{"\u20ac":1,"\\r":2,"\ufb33":3,"1":4,"\U0001f600":5,"\u0080":6,"\u00f6":7}'
    assert list(parse(canonical(parse(given.encode())))) == [
        "\r",
        "1",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]
    text = '\u20ac$\u000f\nA\'B"\\\\"/'
    assert canonical(text) == b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'
    assert digest(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("value", [2**53, object(), b"x", {1: 2}, "\ud800", dt.date(2026, 1, 1), {"a": {1, 2}}])
def test_what_we_make_ourselves_and_cannot_write_is_our_fault(value: Any) -> None:
    with pytest.raises(InternalError):
        canonical(value)


@pytest.mark.parametrize("value", [1.5, b"x", dt.date(2026, 1, 1), {"a": {1}}, object()])
def test_what_others_give_and_is_no_json_is_theirs(value: Any) -> None:
    with pytest.raises(MalformedError):
        validate(Order, {"order": value})


def test_instants() -> None:
    paris = dt.timezone(dt.timedelta(hours=1))
    assert utc(dt.datetime(2026, 3, 2, 9, 1, 0, 999_999, tzinfo=paris)) == dt.datetime(2026, 3, 2, 8, 1, tzinfo=dt.UTC)
    entry = Entry("ecluse.entry/1", utc(dt.datetime.now(paris)), "a", Event.OPENED, None, "")
    assert decode(Entry, encode(entry)) == entry
    assert str(to_json(entry)["at"]).endswith("Z")


def test_the_address_is_of_the_bytes() -> None:
    value = validate(Order, ORDER)
    assert digest_of(value) == digest(encode(value)) == digest(canonical(ORDER))
