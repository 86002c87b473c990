"""Catalogue rows with hostile values, for whatever has to carry every one of them (FHIR both ways)."""
# ruff: noqa: DTZ001  the wire has local wall-clock times: no zone is invented

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from ecluse.domain.catalogue import CATALOGUE, KEY, FieldType

ARROW = {
    FieldType.TEXT: pa.string(),
    FieldType.CODE: pa.string(),
    FieldType.PARTIAL_DATE: pa.string(),
    FieldType.DATE: pa.date32(),
    FieldType.DATETIME: pa.timestamp("us"),
    FieldType.DECIMAL: pa.decimal128(28, 10),
    FieldType.INTEGER: pa.int64(),
    FieldType.BOOLEAN: pa.bool_(),
    FieldType.BINARY: pa.binary(),
}

TEXTS = (
    "", " ", "NULL", "null", "\\", "\\N", "a\tb\nc\r\nd", 'l\'Hôpital "Sud" ; -- `x`', "𝄞 🧪 é e\u0301 \u200b", "\x00",
    "\x1a\x01\x7f", '"', '""', '"DUPONT "', "DUPONT ", " DUPONT", "<0,5", "224.000", "‘’“”€œ", "|^~\\&", "a,b", "$x|y",
    "1955-02-31", "0000", "1955", "1955-02", "1955-02-28", "31/02/1955", "male", "M", "final", "F", "H", "urn:oid:1.2",
    "1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.10", "{}", "[1]", "\u2028", "\ufeff", "x" * 3000, "a  b", "true",
    "\\u0041", "\xa0", "text/plain",
)  # fmt: skip
NUMBERS = tuple(
    map(Decimal, ("0", "-0.0000000001", "0.0000000001", "123456789012345678.1234567891", "-99999999999999999",
                  "1.5", "100", "0.1", "13.3", "224000", "123456789012345", "1234567890123456"))
)  # fmt: skip
MOMENTS = (
    dt.datetime(1000, 1, 1), dt.datetime(1969, 12, 31, 23, 59, 59, 999999), dt.datetime(2018, 3, 25, 2, 30),
    dt.datetime(2018, 10, 28, 2, 30, 0, 5), dt.datetime(9999, 12, 31, 23, 59, 59, 1), dt.datetime(2018, 7, 1),
    dt.datetime(1905, 5, 5, 5, 5), dt.datetime(1, 1, 1),
)  # fmt: skip

_texts = st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
_VALUES: dict[FieldType, st.SearchStrategy[Any]] = {
    FieldType.TEXT: _texts,
    FieldType.CODE: _texts,
    FieldType.PARTIAL_DATE: _texts,
    FieldType.DATE: st.dates() | st.just(dt.date(1582, 10, 10)),
    FieldType.DATETIME: st.sampled_from(MOMENTS) | st.datetimes(),
    FieldType.DECIMAL: st.sampled_from(NUMBERS)
    | st.decimals(min_value=-(10**17), max_value=10**17, places=10, allow_nan=False),
    FieldType.INTEGER: st.integers(-(2**63), 2**63 - 1) | st.sampled_from((0, 1, -1, 2**31, 2**31 - 1)),
    FieldType.BOOLEAN: st.booleans(),
    FieldType.BINARY: st.binary(max_size=40),
}


def schema(entity: str) -> pa.Schema:
    """Every column that an order of this entity may carry."""
    columns = [field for field in CATALOGUE.entity(entity).columns if field.orderable]
    return pa.schema([(field.name, ARROW[field.type]) for field in columns])


@st.composite
def rows(draw: st.DrawFn, entity: str, most: int = 6) -> pa.Table:
    """Rows of some of an entity's columns, the key among them; keys differ."""
    fields = [field for field in CATALOGUE.entity(entity).columns if field.orderable]
    kept = [field for field in fields if field.name == KEY or draw(st.booleans())]
    count = draw(st.integers(0, most))
    columns: dict[str, Any] = {}
    for field in kept:
        values = _VALUES[field.type]
        if field.name == KEY:
            columns[KEY] = draw(st.lists(values, min_size=count, max_size=count, unique=True))
        else:
            columns[field.name] = draw(st.lists(st.none() | values, min_size=count, max_size=count))
    return pa.table({f.name: pa.array(columns[f.name], ARROW[f.type]) for f in kept})
