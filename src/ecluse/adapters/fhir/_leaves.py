"""How one column stands in one FHIR element: its JSON, and for which rows the element tells it exactly.

Where it does not (an empty text, a code FHIR does not know, 20 digits), the exact value stands in an extension of
the resource besides, and the extension wins on reading (law 3).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.fhir._json import quoted, unquoted
from ecluse.adapters.fhir._times import instants, wall_clock
from ecluse.adapters.fhir._values import as_text, cleaned, from_text, plain, wired
from ecluse.domain.categories import LOINC_PATTERN
from ecluse.domain.identifiers import InsOid

__all__ = ["Kind", "Leaf", "Told", "read", "write"]

_EXACT_DIGITS = 15  # a server may keep numbers as IEEE 754 doubles, which give 15 digits back
_TRUE, _FALSE = pa.scalar(value=True), pa.scalar(value=False)
_NOTHING = pa.scalar(None, pa.string())
_CODE = r"^[^\s\p{Z}\x{85}\x{FEFF}]+( [^\s\p{Z}\x{85}\x{FEFF}]+)*$"
_PARTIAL = r"^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"


class Kind(StrEnum):
    """What an element holds."""

    TEXT = "string"
    KEY = "identifier of ours: the exact text in any case"
    CODE = "code"
    LOINC = "code of LOINC, by its shape"
    OID = "urn:oid:"
    MAPPED = "code of a FHIR value set"
    PARTIAL = "date, dateTime"
    MOMENT = "dateTime"
    INSTANT = "instant"
    DECIMAL = "decimal"
    INTEGER = "integer"
    POSITIVE = "positiveInt"
    BOOLEAN = "boolean"
    BASE64 = "base64Binary"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One column's element. ``needs`` and ``unless`` name a column whose element must, or must not, be there.

    ``codes`` map the source's words to FHIR's, ``default`` is for all others; then the element only derives from the
    column and is not read back, for nobody can tell a mapped word from the one that was written. ``echo``: the column
    stands in another element too, and is read from that.
    """

    column: str
    kind: Kind = Kind.TEXT
    needs: str = ""
    unless: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    default: str = ""
    echo: bool = False

    @property
    def told(self) -> bool:
        """Whether the column is read from the element."""
        return not (self.default or self.echo)


@dataclass(frozen=True, slots=True)
class Told:
    """JSON by row, null where there is no element, and whether it tells the value exactly (null for null)."""

    json: Any
    exact: Any


def write(leaf: Leaf, values: Any, zone: str) -> Told:
    """One column's elements. A column of a type that the element does not hold has none, and is never exact."""
    accepts, make, _ = _KINDS[leaf.kind]
    if not accepts(values.type):
        return _nothing(values)
    return make(leaf, values, zone)


def read(leaf: Leaf, texts: Any, kind: pa.DataType, zone: str) -> Any:
    """Elements' texts → the column. Raises DestinationError naming the column."""
    return _KINDS[leaf.kind][2](leaf, texts, kind, zone)


def _nothing(values: Any) -> Told:
    return Told(pa.nulls(len(values), pa.string()), pc.if_else(pc.is_valid(values), _FALSE, _TRUE))


def _where(good: Any, json: Any) -> Told:
    good = pc.fill_null(good, _FALSE)
    return Told(pc.if_else(good, json, _NOTHING), good)


def _text(_: Leaf, values: Any, _zone: str) -> Told:
    good = plain(values)
    if pc.all(good).as_py() is not False and (pc.max(pc.binary_length(values)).as_py() or 0) <= 1 << 20:
        return Told(quoted(values), good)
    good = pc.and_(good, pc.less_equal(pc.utf8_length(values), 1 << 20))
    return Told(quoted(pc.if_else(good, values, cleaned(values))), good)


def _key(leaf: Leaf, values: Any, _zone: str) -> Told:
    return Told(quoted(wired(values, leaf.column)), pc.is_valid(values))


def _code(_: Leaf, values: Any, _zone: str) -> Told:
    return _where(pc.and_(plain(values), pc.match_substring_regex(values, _CODE)), quoted(values))


def _loinc(_: Leaf, values: Any, _zone: str) -> Told:
    return _where(pc.match_substring_regex(values, f"^{LOINC_PATTERN}$"), unquoted(values))


def _oid(_: Leaf, values: Any, _zone: str) -> Told:
    known = pc.is_in(values, value_set=pa.array([str(oid) for oid in InsOid]))
    return _where(known, unquoted(pc.binary_join_element_wise("urn:oid:", values, "")))


def _mapped(leaf: Leaf, values: Any, _zone: str) -> Told:
    words = pa.array(list(leaf.codes), pa.string())
    codes = pa.array(list(leaf.codes.values()), pa.string())
    found = codes.take(pc.index_in(values, value_set=words))
    if leaf.default:
        return Told(unquoted(pc.fill_null(found, leaf.default)), pc.if_else(pc.is_valid(values), _FALSE, _TRUE))
    return Told(unquoted(found), pc.fill_null(pc.equal(found, values), _FALSE))


def _partial(_: Leaf, values: Any, _zone: str) -> Told:
    texts = as_text(values)
    shaped = pc.and_not(pc.match_substring_regex(texts, _PARTIAL), pc.starts_with(texts, "0000"))
    whole = pc.equal(pc.utf8_length(texts), 10)
    day = pc.strptime(pc.if_else(whole, texts, _NOTHING), format="%Y-%m-%d", unit="s", error_is_null=True)
    real = pc.or_(pc.invert(whole), pc.equal(day.cast(pa.date32()).cast(pa.string()), texts))
    return _where(pc.and_(shaped, pc.fill_null(real, _FALSE)), unquoted(texts))


def _moment(leaf: Leaf, values: Any, zone: str) -> Told:
    if not pa.types.is_timestamp(values.type):
        return _partial(leaf, values, zone)
    texts = instants(values, zone)
    return _where(pc.is_valid(texts), unquoted(texts))


def _decimal(_: Leaf, values: Any, _zone: str) -> Told:
    texts = as_text(values)
    digits = pc.utf8_ltrim(pc.replace_substring_regex(texts, r"[-.]", ""), characters="0")
    return _where(pc.less_equal(pc.utf8_length(digits), _EXACT_DIGITS), texts)


def _integer(leaf: Leaf, values: Any, _zone: str) -> Told:
    low = 1 if leaf.kind is Kind.POSITIVE else -(2**31)
    good = pc.and_(pc.greater_equal(values, low), pc.less_equal(values, 2**31 - 1))
    return _where(good, as_text(values))


def _boolean(leaf: Leaf, values: Any, _zone: str) -> Told:
    if leaf.codes:
        text = pc.if_else(values, leaf.codes["true"], leaf.codes["false"])
        return _where(pc.is_valid(values), unquoted(text))
    return _where(pc.is_valid(values), as_text(values))


def _base64(_: Leaf, values: Any, _zone: str) -> Told:
    return _where(pc.greater(pc.binary_length(values), 0), unquoted(as_text(values)))


def _as_is(leaf: Leaf, texts: Any, kind: pa.DataType, _zone: str) -> Any:
    return from_text(texts, kind, leaf.column)


def _unmapped(leaf: Leaf, texts: Any, kind: pa.DataType, _zone: str) -> Any:
    if leaf.kind is Kind.OID:
        texts = pc.replace_substring_regex(texts, "^urn:oid:", "")
    elif leaf.kind is Kind.BOOLEAN and leaf.codes:
        words = pa.array([leaf.codes["true"], leaf.codes["false"]])
        texts = pa.array(["true", "false"]).take(pc.index_in(texts, value_set=words))
    return from_text(texts, kind, leaf.column)


def _moments(leaf: Leaf, texts: Any, kind: pa.DataType, zone: str) -> Any:
    if not pa.types.is_timestamp(kind):
        return from_text(texts, kind, leaf.column)
    return wall_clock(texts, zone).cast(kind)


_Accepts = Callable[[pa.DataType], bool]
_Write = Callable[[Leaf, Any, str], Told]
_Read = Callable[[Leaf, Any, pa.DataType, str], Any]


def _dated(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_date32(kind))


_KINDS: Mapping[Kind, tuple[_Accepts, _Write, _Read]] = {
    Kind.TEXT: (pa.types.is_string, _text, _as_is),
    Kind.KEY: (pa.types.is_string, _key, _as_is),
    Kind.CODE: (pa.types.is_string, _code, _as_is),
    Kind.LOINC: (pa.types.is_string, _loinc, _as_is),
    Kind.OID: (pa.types.is_string, _oid, _unmapped),
    Kind.MAPPED: (pa.types.is_string, _mapped, _as_is),
    Kind.PARTIAL: (_dated, _partial, _as_is),
    Kind.MOMENT: (lambda kind: _dated(kind) or bool(pa.types.is_timestamp(kind)), _moment, _moments),
    Kind.INSTANT: (pa.types.is_timestamp, _moment, _moments),
    Kind.DECIMAL: (lambda kind: bool(pa.types.is_decimal(kind) or pa.types.is_integer(kind)), _decimal, _as_is),
    Kind.INTEGER: (pa.types.is_integer, _integer, _as_is),
    Kind.POSITIVE: (pa.types.is_integer, _integer, _as_is),
    Kind.BOOLEAN: (pa.types.is_boolean, _boolean, _unmapped),
    Kind.BASE64: (lambda kind: bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind)), _base64, _as_is),
}
