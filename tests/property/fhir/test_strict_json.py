"""JSON read fast: the same values, digits and refusals as Python's own parser gives, and places found as a list says."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecluse.adapters.fhir._paths import At, Field, Path, Step, Where, getter
from ecluse.adapters.sources import _strict_json
from ecluse.adapters.sources._strict_json import json_text, parsed, text_of

NAMES = st.sampled_from(["a", "b", "url", 'é"', ":"])
NUMBERS = st.sampled_from(
    ["0", "-0", "1.10", "1.1", "1e5", "1E+2", "123456789012345678901234567890", "5.0", "-1.5e-7", "1e400", "224.000",
     "18446744073709551615", "9007199254740993", "1e-400"]
)  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["x", "1.10", ":5,1", '"', ":", "\\", '\\"', ",-3]", "é", "𝄞", "\x00\x1f\x7f", " :", '{"a":1}']
)
STRINGS = st.builds(lambda text, plain: json.dumps(text, ensure_ascii=plain), TEXTS, st.booleans()) | st.sampled_from(
    ['"\\u003a1"', '"\\/:"', '"\\u0041"', '"\\u0022:"', '"\\ud834\\udd1e"', '"\\ud800"', '"\\n:1"', '"\\u000a:"']
)
BLANKS = st.sampled_from(["", "", "", " ", "\n", "\t "])
LEAVES = STRINGS | NUMBERS | st.sampled_from(["true", "false", "null"])


def objects(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    members = st.lists(st.tuples(NAMES, parts), max_size=4)
    return st.builds(
        lambda pairs, w: "{" + ",".join(f"{w}{json.dumps(name)}{w}:{w}{part}{w}" for name, part in pairs) + "}",
        members, BLANKS,
    )  # fmt: skip


def arrays(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda items, w: "[" + f",{w}".join(items) + "]", st.lists(parts, max_size=4), BLANKS)


DOCUMENTS = st.recursive(LEAVES, lambda parts: objects(parts) | arrays(parts), max_leaves=15)
DAMAGE = st.none() | st.tuples(st.integers(0, 200), st.sampled_from(list('{}[]",:0-. \\eé\x00')))


def slowly(text: bytes) -> Any:
    """Python's parser, numbers as they are written; raises ValueError where a text has no meaning, or two."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("twice")
        return dict(pairs)

    def none(_: str) -> None:
        raise ValueError("no number")

    made = json.loads(
        text.decode(), parse_int=str, parse_float=str, parse_constant=none, object_pairs_hook=once
    )  # fmt: skip
    json.dumps(made, ensure_ascii=False).encode()
    return made


def digits(value: Any) -> Any:
    """The value with its numbers as texts."""
    if isinstance(value, dict):
        return {name: digits(part) for name, part in value.items()}
    if isinstance(value, list):
        return [digits(part) for part in value]
    return value if value is None or isinstance(value, bool) else text_of(value)


@given(document=DOCUMENTS, damage=DAMAGE)
@example(document="-0", damage=None)
@example(document='{"a":1,"a":":1"}', damage=None)
@example(document='{"a":1.10,"b":":1.10"}', damage=None)
@example(document='{"a":{"b":1,"b":2},"c":"\\u003a"}', damage=None)
@example(document='{"a":01}', damage=None)
@example(document="{1:2}", damage=None)
@example(document='{"a":1,"a":2,"b":"\\/:"}', damage=None)
def test_any_text_is_what_python_takes_it_for(document: str, damage: tuple[int, str] | None) -> None:
    if damage and document:
        at = damage[0] % len(document)
        document = document[:at] + damage[1] + document[at + 1 :]
    text = document.encode().strip()
    try:
        expected = slowly(text)
    except ValueError:
        expected = ValueError
    made, reason = parsed(text)
    if expected is ValueError:
        assert reason
    else:
        assert not reason
        assert digits(made) == expected


@pytest.mark.parametrize(
    "text",
    ['{"a":[1,2.5,true,null,"é"]}', '{ "a" : [ 1, 2.5 ] ,\n "b": "c d" }', '{"a":1.10,"b":"x 5, y:z"}', '{"a":1E5}',
     '{"a":"\\u00e9\\u2014 \\"x\\""}', '{"a":"\\ud834\\udd1e"}', '{"a":1.10,"b":"\\u00e9"}', '{"a":"http:\\/\\/x"}'],
)  # fmt: skip
def test_what_servers_write_is_read_fast(text: str) -> None:
    """The proof succeeds: these texts need not go to the slow parser."""
    assert _strict_json._fast(text.encode()) is not None


def by_lists(value: Any, steps: tuple[Step, ...]) -> list[Any]:
    """The items that steps lead to, each step from a list to a list."""
    items = [value]
    for step in steps:
        match step:
            case Field(name):
                found = [item[name] for item in items if isinstance(item, dict) and item.get(name) is not None]
                items = [each for part in found for each in (part if isinstance(part, list) else [part])]
            case Where(inner, wanted):
                places = tuple(Field(name) for name in inner)
                items = [item for item in items if wanted in [text_of(each) for each in by_lists(item, places)]]
            case At(index):
                items = items[index : index + 1]
    return items


STEPS = (
    st.builds(Field, NAMES)
    | st.builds(At, st.integers(0, 2))
    | st.builds(Where, st.lists(NAMES, min_size=1, max_size=2).map(tuple), st.sampled_from(["x", "1.10", "true", ":"]))
)


@given(document=objects(DOCUMENTS), first=st.builds(Field, NAMES), others=st.lists(STEPS, max_size=4))
def test_a_place_gives_its_one_text_or_the_list_of_all(document: str, first: Field, others: list[Step]) -> None:
    made, reason = parsed(document.encode())
    if reason:
        return
    found = by_lists(made, (first, *others))
    text = getter(Path("Patient", (first, *others)))(made)
    if len(found) <= 1:
        assert text == (text_of(found[0]) if found else None)
    else:
        assert text == json_text(found)
