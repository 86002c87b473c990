"""Canary rows: fake persons and results among the real rows of each parcel, so that a leak names its parcel (R12).

Every canary row carries markers that only the holder of the canary key can make, and can make again: a number of 18
digits, which its key (``source_id``) begins with, and a name of 20 letters. They depend on the key, the parcel's name
and the row's number alone. The loader strips canaries, so no fake patient reaches the clinical target; after erasure
the re-scan looks for the markers, which stand in every parcel whatever columns were ordered, but one without any text
or binary column.
"""

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.catalogue import CATALOGUE, KEY, FieldClass, FieldType
from ecluse.domain.errors import InternalError, Location, TamperError

_CONTEXT = b"ecluse.canary/1"
_CONSONANTS, _VOWELS = "bcdfglmnprstv", "aeiou"
_SYLLABLES = 10
_DIGITS = 18
_FIRST_DAY, _DAYS = dt.date(1950, 1, 1), 18_262  # to 1999-12-31


def plant(rows: pa.Table, key: bytes, name: str, n: int) -> tuple[pa.Table, tuple[int, ...]]:
    """The rows with ``n`` canaries among them, and the canaries' positions, ascending.

    ``name`` is the parcel's. The same arguments give the same canaries. Key columns are never null and never equal
    to a key of ``rows``.

    Raises:
        InternalError: a column of a type that no parcel has.
    """
    if not rows.num_columns:
        raise InternalError("rows without columns")
    seeds = [_Seed(key, name, index) for index in range(n)]
    columns = [_column(rows, field, seeds) for field in rows.schema]
    fakes = pa.table(columns, schema=rows.schema)
    positions = _positions(key, name, n, rows.num_rows + n)
    parts: list[pa.Table] = []
    taken = 0
    for index, position in enumerate(positions):
        before = position - index
        parts += [rows.slice(taken, before - taken), fakes.slice(index, 1)]
        taken = before
    return pa.concat_tables([*parts, rows.slice(taken)]), positions


def strip(rows: pa.Table, positions: Sequence[int]) -> pa.Table:
    """The rows without those at ``positions``; no value is copied.

    Raises:
        TamperError: positions that are not ascending, or outside the rows.
    """
    bounds = [-1, *positions, rows.num_rows]
    if any(left >= right for left, right in pairwise(bounds)):
        raise TamperError("canary positions are not ascending positions of rows")
    pieces = (rows.slice(left + 1, right - left - 1) for left, right in pairwise(bounds))
    return pa.concat_tables([rows.slice(0, 0), *(piece for piece in pieces if piece.num_rows)])


def markers(key: bytes, names: Sequence[str], n: int) -> tuple[bytes, ...]:
    """Byte strings of which at least one is in each canary row of the parcels of those names: two a row."""
    seeds = (_Seed(key, name, index) for name in names for index in range(n))
    return tuple(marker.encode() for seed in seeds for marker in (seed.number(), seed.word()))


@dataclass(frozen=True, slots=True)
class _Seed:
    """All that is random about one canary row."""

    key: bytes
    name: str
    index: int

    def integer(self, what: str) -> int:
        """256 bits drawn for one use. ``what`` and name are set apart by NUL, which neither holds."""
        message = b"\0".join((_CONTEXT, what.encode(), self.name.encode(), str(self.index).encode()))
        return int.from_bytes(hmac.digest(self.key, message, hashlib.sha256), "big")

    def number(self) -> str:
        """The digits marker, about 59 bits, as a legacy system numbers things."""
        return str(10 ** (_DIGITS - 1) + self.integer("number") % (9 * 10 ** (_DIGITS - 1)))

    def word(self) -> str:
        """The letters marker, about 60 bits, as a double surname."""
        drawn, letters = self.integer("word"), []
        for _ in range(_SYLLABLES):
            drawn, consonant = divmod(drawn, len(_CONSONANTS))
            drawn, vowel = divmod(drawn, len(_VOWELS))
            letters.append(_CONSONANTS[consonant] + _VOWELS[vowel])
        return "".join(letters).upper()

    def date(self, what: str) -> dt.date:
        """A day from 1950 to 1999."""
        return _FIRST_DAY + dt.timedelta(days=self.integer(what) % _DAYS)


def _positions(key: bytes, name: str, n: int, total: int) -> tuple[int, ...]:
    """``n`` different positions below ``total``, drawn without replacement (Floyd's algorithm)."""
    chosen: set[int] = set()
    for index, top in enumerate(range(total - n, total)):
        drawn = _Seed(key, name, index).integer("position") % (top + 1)
        chosen.add(top if drawn in chosen else drawn)
    return tuple(sorted(chosen))


def _column(rows: pa.Table, field: pa.Field, seeds: Sequence[_Seed]) -> pa.Array:
    if not _is_text(field.type):
        return pa.array([_value(field.name, field.type, seed) for seed in seeds], field.type)
    if field.name == KEY:
        return pa.array(_keys(rows.column(KEY), seeds), field.type)
    unmarked = not any(_is_text(other.type) and other.name not in _PLAIN for other in rows.schema)
    return pa.array([seed.word() if unmarked else _text(field.name, seed) for seed in seeds], field.type)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _keys(real: pa.ChunkedArray, seeds: Sequence[_Seed]) -> Iterator[str]:
    """Keys that begin with the digits marker and that no row has."""
    for seed in seeds:
        made = seed.number()
        while pc.index(real, pa.scalar(made, real.type)).as_py() >= 0:
            made += str(seed.integer(made) % 10)
        yield made


def _value(name: str, kind: pa.DataType, seed: _Seed) -> Any:
    """A plausible value, null one time in eight; bytes are never null and carry the letters marker."""
    drawn, is_ = seed.integer(name), pa.types
    if is_.is_binary(kind):
        return f"%PDF-1.4\n% {seed.word()}\n%%EOF\n".encode()
    if is_.is_null(kind) or seed.integer(f"null.{name}") % 8 == 0:
        return None
    for found, value in (
        (is_.is_date(kind), seed.date(name)),
        (is_.is_timestamp(kind), dt.datetime.combine(seed.date(name), dt.time(7 + drawn % 12))),
        (is_.is_boolean(kind), drawn % 2 == 0),
        (is_.is_integer(kind), 1 + drawn % 99),
        (is_.is_decimal(kind), is_.is_decimal(kind) and Decimal(drawn % _whole(kind))),
    ):
        if found:
            return value
    raise InternalError(f"no canary of type {kind}", location=Location(field=name))


def _whole(kind: pa.Decimal128Type) -> int:
    """One more than the largest whole number, below 1000, of a decimal type."""
    return int(10 ** max(0, min(3, kind.precision - kind.scale)))


def _text(name: str, seed: _Seed) -> str:
    """A number, name, date or code, by what the catalogue says of columns so called."""
    if name in _NUMBERED:
        return f"{seed.number()}{seed.integer(name) % 10}"
    if name == "sex":
        return "FM"[seed.integer(name) % 2]
    if name in _CODES:
        return "".join(chr(65 + seed.integer(f"{place}.{name}") % 26) for place in range(3))
    if name in _DAYS_AS_TEXT:
        day = seed.date(name.removesuffix("_raw"))
        return f"{day:%d/%m/%Y}" if name.endswith("_raw") else day.isoformat()
    return f"Vu avec {seed.word()}" if name in _REMARKS else seed.word()


_FIELDS = [field for entity in CATALOGUE for field in entity.columns]
_NUMBERS = ("_id", "number", "barcode", "phone", "mobile", "rpps", "adeli", "finess")
_NUMBERED = {
    field.name
    for field in _FIELDS
    if field.type is FieldType.TEXT
    and (field.refers or field.kind is FieldClass.NATIONAL_IDENTIFIER or field.name.endswith(_NUMBERS))
}
_CODES = {field.name for field in _FIELDS if field.type is FieldType.CODE}
_REMARKS = {field.name for field in _FIELDS if field.kind is FieldClass.FREE_TEXT}
_DAYS_AS_TEXT = {field.name for field in _FIELDS if field.type is FieldType.PARTIAL_DATE} | {
    field.name for field in _FIELDS if field.name.endswith(("_on_raw", "_date_raw"))
}
_PLAIN = (_CODES | _DAYS_AS_TEXT) - _NUMBERED
"""Texts that cannot look natural and carry a marker; they carry one where no other text of the row does."""
