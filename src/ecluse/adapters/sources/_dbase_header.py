"""The header of a dBase or FoxPro table, strictly: what does not add up is refused before a record is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from ecluse.domain.errors import Location, MalformedError

_HEADER, _FIELD = 32, 32
_END_OF_FIELDS = 0x0D
_VERSIONS = frozenset({0x02, 0x03, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8B, 0x8E, 0xCB, 0xF5, 0xFB})
_ENCRYPTED = 15
_FOX = frozenset({0x30, 0x31, 0x32})
_FLAGS, _NULLABLE = 18, 0x02


@dataclass(frozen=True, slots=True)
class Field:
    """One column as the header has it: ``start`` counts from the record's first byte, ``kind`` is a letter."""

    name: str
    kind: str
    start: int
    length: int
    null: int | None = None
    """Of a Visual FoxPro field that may be NULL: the bit of the record's flags that says so."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the records."""

    version: int
    records: int
    size: int
    width: int
    fields: tuple[Field, ...]

    @property
    def flags(self) -> Field | None:
        """Where each record says which of its fields are NULL."""
        return next((each for each in self.fields if each.kind == "0"), None)


def read_header(source: BinaryIO, encoding: str, name: str) -> Header:
    """The header of an opened table. Raises MalformedError for what is no table of these formats."""

    def refuse(what: str) -> MalformedError:
        return MalformedError(what, location=Location(name))

    head = source.read(_HEADER)
    if len(head) < _HEADER or head[0] not in _VERSIONS:
        raise refuse("this is no dBase or FoxPro table")
    records, size, width = (int.from_bytes(head[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
    if head[_ENCRYPTED]:
        raise refuse("the table is encrypted")
    if size <= _HEADER or not width:
        raise refuse("its header is damaged")
    rest = source.read(size - _HEADER)
    if len(rest) != size - _HEADER:
        raise refuse("the file ends within its header")
    fields: list[Field] = []
    at, start = 0, 1
    while at + _FIELD <= len(rest) and rest[at] != _END_OF_FIELDS:
        field = _field(rest[at : at + _FIELD], start, encoding)
        if field is None:
            raise refuse(f"field {len(fields) + 1} of its header is damaged")
        fields.append(field)
        at, start = at + _FIELD, start + field.length
    lowered = [field.name.lower() for field in fields]
    if not fields or start > width or len(set(lowered)) != len(lowered):
        raise refuse("its header is damaged: fields and record length do not agree, or two have one name")
    if head[0] in _FOX:
        fields = _with_nulls(fields, rest)
    return Header(head[0], records, size, width, tuple(fields))


def _with_nulls(fields: Sequence[Field], rest: bytes) -> list[Field]:
    """Bits of the flags in the fields' order: one for a width that varies (V, Q), one for NULL."""
    made, bit = [], 0
    for place, each in enumerate(fields):
        bit += each.kind in "VQ"
        nullable = bool(rest[place * _FIELD + _FLAGS] & _NULLABLE)
        made.append(replace(each, null=bit) if nullable else each)
        bit += nullable
    return made


def _field(described: bytes, start: int, encoding: str) -> Field | None:
    """One field's description; None for one that cannot be."""
    label = described[:11].partition(b"\0")[0].decode(encoding, "replace").strip()
    kind, length = chr(described[11]), described[16]
    if kind == "C":  # Clipper's and FoxPro's way to widths above 255
        length += described[17] << 8
    fits = kind not in _WIDTHS or length in _WIDTHS[kind]
    if not label or "\ufffd" in label or not length or not (kind.isascii() and kind.isalnum()) or not fits:
        return None
    return Field(label, kind, start, length)


_WIDTHS: Mapping[str, frozenset[int]] = {
    "I": frozenset({4}), "B": frozenset({8, 10}), "Y": frozenset({8}), "T": frozenset({8}), "D": frozenset({8}),
    "L": frozenset({1}), "M": frozenset({4, 10}),
}  # fmt: skip
