"""Codec of every artefact: what is taken is written back byte for byte; what is broken is refused, and never by a crash."""

# ruff: noqa: PT017 - a property says what holds whichever way it goes

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from artefact_samples import SAMPLES, paths, put
from artefact_strategies import artefacts
from ecluse.domain.errors import EcluseError, InternalError, MalformedError
from ecluse.wire import documents
from ecluse.wire.artefacts import KINDS, InvalidError, decode, digest_of, encode, to_json, validate
from ecluse.wire.canonical import canonical, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=6), parts, max_size=4),
    max_leaves=12,
)
BYTES_OF_JSON = b'{}[]",:0123456789-+.eE\\utrfalsn \n\t\x00\xff\xc3'


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_what_is_taken_is_written_back(kind: str, data: st.DataObject) -> None:
    value = data.draw(artefacts(kind))
    made = validate(KINDS[kind], value)
    written = encode(made)
    again = decode(KINDS[kind], written)
    assert again == made
    assert encode(again) == written
    assert digest_of(again) == digest_of(made)
    assert json.loads(written) == value == to_json(again)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_two_values_never_share_bytes(kind: str, data: st.DataObject) -> None:
    one, other = data.draw(artefacts(kind)), data.draw(artefacts(kind))
    assert (one == other) == (canonical(one) == canonical(other))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_mutated_bytes(kind: str, data: st.DataObject) -> None:
    """Whatever is flipped, cut, repeated or put in: taken as it stands, or MalformedError; nothing else, ever."""
    given_ = bytearray(canonical(SAMPLES[kind]))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(given_) - 1)) if given_ else 0
        cut = data.draw(st.integers(0, 3))
        put_in = bytes(data.draw(st.lists(st.sampled_from(list(BYTES_OF_JSON)) | st.integers(0, 255), max_size=3)))
        given_[at : at + cut] = put_in
    try:
        made = decode(KINDS[kind], bytes(given_), file="x")
    except MalformedError as error:
        assert error.exit_code == 10
        assert str(error).startswith("x")
    else:
        assert encode(made) == bytes(given_)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_mutated_values(kind: str, data: st.DataObject) -> None:
    """Any value in any place: taken without loss, or refused at that place or above."""
    path = data.draw(st.sampled_from(list(paths(SAMPLES[kind]))))
    value = put(SAMPLES[kind], path, data.draw(JSON))
    try:
        made = validate(KINDS[kind], value)
    except InvalidError as error:
        assert error.problems
    else:
        assert decode(KINDS[kind], encode(made)) == made


@given(st.binary(max_size=200) | st.lists(st.sampled_from(list(BYTES_OF_JSON)), max_size=60).map(bytes))
def test_hostile_json(data: bytes) -> None:
    try:
        value = parse(data)
    except MalformedError:
        return
    assert parse(canonical(value)) == value


@given(
    st.binary(max_size=200) | st.text("abc:-[]{}#&*!|>'\"%@`,? \n\t\x00\x85\ufeff0123~=<", max_size=80).map(str.encode)
)
def test_hostile_yaml(data: bytes) -> None:
    """No crash, no fault of ours; whatever the document says, asking for an order of it is refused."""
    try:
        document = documents.parse(data, file="order.yaml")
        document.to(KINDS["order"])
    except InternalError:
        raise
    except EcluseError as error:
        assert isinstance(error, MalformedError)
        assert str(error).startswith("order.yaml")
    else:
        pytest.fail("that was no order")


PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cn", "Co"]), max_size=12)
SMALL = st.integers(-(10**14), 10**14)
WRITTEN = st.dictionaries(
    st.from_regex(r"[a-z_]{1,6}", fullmatch=True),
    st.recursive(
        st.none() | st.booleans() | SMALL | PLAIN,
        lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.sampled_from("abc"), parts, max_size=3),
    ),
    min_size=1,
    max_size=4,
)


@given(WRITTEN, st.sampled_from([None, 1, 4]))
def test_json_is_yaml_and_every_field_has_its_line(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    document = documents.parse(text.encode())
    assert document.value == value
    assert set(document.lines) >= set(paths(value))
    for path, line in document.lines.items():
        name = path.rpartition(".")[2]
        if not path.endswith("]"):
            assert name in text.splitlines()[line - 1]


@given(st.dictionaries(st.sampled_from("abc"), PLAIN, min_size=1), st.sampled_from([None, "'", '"', "|", ">"]))
def test_texts_in_every_style_of_yaml(value: Any, style: str | None) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, default_style=style)
    assert documents.parse(text.encode()).value == value
