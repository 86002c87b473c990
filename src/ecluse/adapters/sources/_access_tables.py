"""Tables of an Access database: its catalogue, a table's columns, the pages that its rows stand on."""

from dataclasses import dataclass

import numpy as np

from ecluse.adapters.sources._access_pages import DEFINITION, MAP, Pages
from ecluse.adapters.sources._access_values import KINDS, LONG, TEXTS, WIDTHS
from ecluse.adapters.sources._charset import Charset

CATALOGUE = 2
"""The page of the definition of MSysObjects."""
_MOST_COLUMNS = 255
_CALCULATED = 0xC0
_SCALE = 12


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``number`` counts deleted ones too."""

    name: str
    kind: int
    number: int
    fixed: bool
    place: int
    """Bytes into a row's fixed part, or the number of its variable part."""
    width: int
    """Bytes of a value; of types of no one length those of a fixed column."""
    scale: int
    calculated: bool

    @property
    def width_of_all(self) -> bool:
        """Whether every value of its type has one length."""
        return self.kind in WIDTHS

    @property
    def is_read(self) -> bool:
        """Whether there is a reading for it: lists within a row and what Access computes itself are left."""
        return self.kind in KINDS and not self.calculated


@dataclass(frozen=True, slots=True)
class Table:
    """A table as its definition has it."""

    page: int
    rows: int
    variables: int
    columns: tuple[Column, ...]
    owned: int
    """Points at the map of its pages."""

    @property
    def read(self) -> tuple[Column, ...]:
        """The columns that become columns."""
        return tuple(column for column in self.columns if column.is_read)


def table_at(pages: Pages, page: int, charset: Charset | None) -> Table:
    """The table whose definition begins at a page. Raises MalformedError."""
    layout, data = pages.layout, _definition(pages, page)

    def number(at: int, size: int = 2) -> int:
        if at + size > len(data):
            raise pages.damaged("a table's definition is cut short")
        return int.from_bytes(data[at : at + size], "little")

    count, indexes = number(layout.columns), number(layout.indexes, 4)
    first = layout.blocks + indexes * layout.block
    names = first + count * layout.column
    if not 0 < count <= _MOST_COLUMNS or names > len(data):
        raise pages.damaged("a table's definition makes no sense")
    columns = []
    for place in range(count):
        at = first + place * layout.column
        length = number(names, layout.wide)
        label = _name(data[names + layout.wide : names + layout.wide + length], charset)
        names += layout.wide + length
        columns.append(_column(data[at : at + layout.column], label, pages))
    if names > len(data):
        raise pages.damaged("a table's definition is cut short")
    lowered = {column.name.lower() for column in columns}
    if len(lowered) != count or "" in lowered:
        raise pages.damaged("two columns of a table have one name, or none")
    return Table(page, number(layout.total, 4), number(layout.variables), tuple(columns), number(layout.owned, 4))


def pages_of(pages: Pages, table: Table) -> list[int]:
    """The pages that a table's map says are its own, in order. Raises MalformedError."""
    mapped = pages.row(table.owned)
    if mapped[:1] == b"\0":
        found = _bits(mapped[5:], int.from_bytes(mapped[1:5], "little"))
    elif mapped[:1] == b"\1":
        found, span = [], (pages.layout.page - 4) * 8
        for place, number in enumerate(np.frombuffer(mapped[1 : 1 + (len(mapped) - 1) // 4 * 4], "<u4")):
            if number:
                data = pages.read(int(number))
                if data[0] != MAP:
                    raise pages.damaged("a map of pages is none")
                found += _bits(data[4:], place * span)
    else:
        raise pages.damaged("a map of pages is none")
    if found and found[-1] >= pages.count:
        raise pages.damaged("it points at a page that is not there")
    return found


def charset_of(pages: Pages, encoding: str, name: str) -> Charset | None:
    """How text of Jet 3 is read; None for those that hold Unicode."""
    return Charset(encoding, name) if pages.layout.wide == 1 else None


def _definition(pages: Pages, page: int) -> bytes:
    """A definition over all its pages, which are chained; each after the first without its first eight bytes."""
    data, seen, number = b"", set[int](), page
    while number:
        part = pages.read(number)
        if part[0] != DEFINITION or number in seen or len(seen) > _MOST_COLUMNS:
            raise pages.damaged("a table's definition is not where it should be")
        seen.add(number)
        data += part[8:] if data else part
        number = int.from_bytes(part[4:8], "little")
    return data


def _column(block: bytes, name: str, pages: Pages) -> Column:
    layout, kind = pages.layout, block[0]
    width = int.from_bytes(block[layout.length : layout.length + 2], "little")
    fixed = bool(block[layout.flags] & 1) and kind not in LONG
    calculated = layout.calculated is not None and block[layout.calculated] & _CALCULATED == _CALCULATED
    at = layout.fixed if fixed else layout.variable
    place = int.from_bytes(block[at : at + 2], "little")
    scale = block[_SCALE] if kind not in TEXTS else 0
    number = int.from_bytes(block[layout.number : layout.number + 2], "little")
    return Column(name, kind, number, fixed, place, WIDTHS.get(kind, width), scale, calculated)


def _name(data: bytes, charset: Charset | None) -> str:
    return data.decode(charset.encoding if charset else "utf-16-le", "replace").replace("\ufffd", "").strip("\0")


def _bits(data: bytes, start: int) -> list[int]:
    """The numbers of the bits that are set, the lowest of the first byte being ``start``."""
    found = np.flatnonzero(np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little"))
    return [int(number) + start for number in found]
