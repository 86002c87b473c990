"""Rows for messages, drawn by Hypothesis: texts that break formats, lunar dates, numbers with comparators."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

NUMBER = pa.decimal128(28, 10)
SCHEMAS = {
    "patient": pa.schema([("source_id", pa.string()), ("family_name", pa.string()), ("birth_date", pa.string()),
                          ("birth_date_raw", pa.string()), ("sex", pa.string()), ("address", pa.string())]),
    "practitioner": pa.schema([("source_id", pa.string()), ("family_name", pa.string())]),
    "site": pa.schema([("source_id", pa.string()), ("name", pa.string())]),
    "request": pa.schema([("source_id", pa.string()), ("patient", pa.string()), ("registered_on", pa.timestamp("us")),
                          ("prescribed_on", pa.date32()), ("prescriber", pa.string()), ("collector", pa.string()),
                          ("site", pa.string()), ("comment", pa.string())]),
    "observation": pa.schema([("source_id", pa.string()), ("request", pa.string()), ("rank", pa.int64()),
                              ("code", pa.string()), ("label", pa.string()), ("loinc", pa.string()),
                              ("raw_value", pa.string()), ("value", NUMBER), ("comparator", pa.string()),
                              ("unit", pa.string()), ("ucum", pa.string()), ("status", pa.string()),
                              ("observed_on", pa.timestamp("us"))]),
    "comment": pa.schema([("source_id", pa.string()), ("request", pa.string()), ("observation", pa.string()),
                          ("text", pa.string())]),
}  # fmt: skip
Rows = dict[str, pa.Table]

HOSTILE = ["", '""', "|^~\\&", "\\F\\", "\\.br\\", "a\r\nb", "\x0b\x1c\r", "’“€œ", "éàÜß", "🧪𝄞", "\\X22\\", "~~~", "&", "  ",
           "224.000", "<0,5", "H|~^\\&|x", "L|1", "A|", "x" * 700, "é|" * 200, "\\", "\\E", "^^", "a\0b", "\x1a", "\x85",
           "****FIN****", "RES|a", "\n", "\ufdd0x"]  # fmt: skip
TEXT = st.one_of(
    st.none(),
    st.text(st.characters(max_codepoint=255), max_size=12),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.sampled_from(HOSTILE),
)
TAME = st.one_of(
    st.none(),
    st.text("aZé0 ,.~^&\\<", min_size=1, max_size=12),
    st.sampled_from(["224.000", "<0,5", "  ", "éàÜß", "x" * 700, "RES", "00/00/1950", "TEX"]),
)
"""What any format can write."""
TAME_KEYS = st.text("aZé0-", min_size=1, max_size=4)
KEYED = st.text(st.characters(max_codepoint=255, exclude_characters="\0"), min_size=1, max_size=6)
TIMES = st.one_of(st.none(), st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=moment.microsecond // 100 * 100)))  # fmt: skip
DATES = st.one_of(st.none(), st.dates())
PARTIAL = st.one_of(
    st.none(), st.sampled_from(["1950", "1950-07", "1950-07-31", "", "00/00/1950", "1950-", "19500731x"])
)
NUMBERS = st.one_of(st.none(), st.decimals(-(10**17), 10**17, places=10), st.sampled_from([Decimal("0.0000000001")]))


Texts = tuple[st.SearchStrategy[str | None], st.SearchStrategy[str]]
"""Of texts, and of keys."""


@st.composite
def rows(draw: st.DrawFn, schemas: Mapping[str, pa.Schema] = SCHEMAS, texts: Texts | None = None) -> Rows:
    """``texts``: by default hostile ones, or tame."""
    text, keyed = texts or ((TEXT, KEYED) if draw(st.booleans()) else (TAME, TAME_KEYS))
    patients = draw(st.lists(keyed, min_size=1, max_size=3, unique=True))
    doctors = draw(st.lists(keyed, max_size=3, unique=True))
    sites = draw(st.lists(keyed, max_size=2, unique=True))
    requests = draw(st.lists(keyed, min_size=1, max_size=4, unique=True))
    results = draw(st.lists(st.tuples(keyed, st.sampled_from(requests)), max_size=6, unique_by=lambda pair: pair[0]))
    made: dict[str, list[dict[str, Any]]] = {entity: [] for entity in schemas}
    by_request: dict[str, list[str]] = {}
    for key, request in results:
        by_request.setdefault(request, []).append(key)
        made["observation"].append(
            {"source_id": key, "request": request, "rank": draw(st.one_of(st.none(), st.integers(-5, 5))),
             "value": draw(NUMBERS), "status": draw(st.sampled_from("FPCX")), "observed_on": draw(TIMES),
             "comparator": draw(st.sampled_from([None, None, "<", ">=", "<="])),
             **{name: draw(text) for name in ("label", "loinc", "raw_value", "unit", "ucum", "code")}}
        )  # fmt: skip
    for key in patients:
        made["patient"].append({"source_id": key, "birth_date": draw(PARTIAL), "sex": draw(st.sampled_from([None, "male", "unknown"])),
                                **{name: draw(text) for name in ("family_name", "birth_date_raw", "address")}})  # fmt: skip
    made["practitioner"] = [{"source_id": key, "family_name": draw(text)} for key in doctors]
    made["site"] = [{"source_id": key, "name": draw(text)} for key in sites]
    for key in requests:
        someone = st.one_of(st.none(), st.sampled_from(doctors)) if doctors else st.none()
        made["request"].append(
            {"source_id": key, "patient": draw(st.sampled_from(patients)), "registered_on": draw(TIMES),
             "prescribed_on": draw(DATES), "prescriber": draw(someone), "collector": draw(someone),
             "site": draw(st.one_of(st.none(), st.sampled_from(sites)) if sites else st.none()), "comment": draw(text)}
        )  # fmt: skip
    for number in range(draw(st.integers(0, 3))):
        if "specimen" in schemas:
            made["specimen"].append(
                {"source_id": f"S{number}", "request": draw(st.sampled_from(requests)), "type": draw(text)}
            )
        request = draw(st.sampled_from(requests))
        result = draw(st.sampled_from([None, *by_request.get(request, [])]))
        made["comment"].append(
            {"source_id": f"N{number}", "request": request, "observation": result, "text": draw(text)}
        )
    return {entity: pa.Table.from_pylist(each, schemas[entity]) for entity, each in made.items()}


def shuffled(found: Rows, chance: Random) -> Rows:
    """The same rows in another order."""
    made = {}
    for entity, table in found.items():
        order = list(range(table.num_rows))
        chance.shuffle(order)
        made[entity] = table.take(pa.array(order, pa.int64()))
    return made


def one(schemas: Mapping[str, pa.Schema] = SCHEMAS, **changes: Any) -> Rows:
    """One request with one result, changed: ``entity__column``."""
    made: dict[str, dict[str, Any]] = {
        "patient": {"source_id": "P", "family_name": "MARTIN"},
        "request": {"source_id": "R", "patient": "P"},
        "observation": {"source_id": "O", "request": "R", "code": "CRP", "status": "F"},
    }
    for name, value in changes.items():
        entity, column = name.split("__")
        made[entity][column] = value
    return {
        entity: pa.Table.from_pylist([made[entity]] if entity in made else [], schema)
        for entity, schema in schemas.items()
    }


def fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def of_requests(found: Rows, keys: set[str]) -> Rows:
    """The rows that messages of these requests hold: theirs, and those whom they name."""
    requests = [row for row in found["request"].to_pylist() if row["source_id"] in keys]
    used = {
        "patient": {row["patient"] for row in requests},
        "practitioner": {row.get(name) for row in requests for name in ("prescriber", "collector")},
        "site": {row["site"] for row in requests},
    }
    made = {}
    for entity, table in found.items():
        every = table.to_pylist()
        if entity in used:
            kept = [row for row in every if row["source_id"] in used[entity]]
        else:
            kept = [row for row in every if row["source_id" if entity == "request" else "request"] in keys]
        made[entity] = pa.Table.from_pylist(kept, table.schema)
    return made


def texts_of(found: Rows) -> list[str]:
    """Every text in them."""
    return [
        value
        for table in found.values()
        for row in table.to_pylist()
        for value in row.values()
        if isinstance(value, str)
    ]


def listed(table: pa.Table, *, once: bool = False) -> list[tuple[object, ...]]:
    every = [tuple(row.values()) for row in table.to_pylist()]
    return sorted(set(every) if once else every, key=repr)
