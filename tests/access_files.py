"""Writes small Access databases, so that their reader meets any value and any damage: Jet 3, Jet 4 and ACE.

Written from mdbtools' HACKING.md; what it writes is read by mdbtools as well (tests/contract/sources/test_access.py).
There are no indexes, which no reader of rows needs.
"""

import datetime as dt
import struct
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

from ecluse.adapters.sources._access_pages import _MASKED, JET3, JET4, Layout, _unmasked

BOOLEAN, BYTE, INTEGER, LONG, MONEY, SINGLE, DOUBLE, MOMENT = 1, 2, 3, 4, 5, 6, 7, 8
BINARY, TEXT, OLE, MEMO, GUID, DECIMAL, LIST, BIG, LONG_MOMENT = 9, 10, 11, 12, 15, 16, 18, 19, 20
_WIDTHS = {BYTE: 1, INTEGER: 2, LONG: 4, MONEY: 8, SINGLE: 4, DOUBLE: 8, MOMENT: 8, GUID: 16, DECIMAL: 17, LIST: 4,
           BIG: 8, LONG_MOMENT: 42}  # fmt: skip
_FORMS = {BYTE: "<B", INTEGER: "<h", LONG: "<i", SINGLE: "<f", DOUBLE: "<d", BIG: "<q", LIST: "<i"}
_EPOCH = dt.date(1899, 12, 30)
_EXACT = Context(prec=60)
VERSIONS = {"jet3": (b"Standard Jet DB\0", 0), "jet4": (b"Standard Jet DB\0", 1), "ace": (b"Standard ACE DB\0", 2)}


@dataclass(frozen=True)
class Col:
    """A column; ``packed``: its text is compressed where it can be. ``fixed``: text or bytes of one length."""

    name: str
    kind: int
    scale: int = 0
    packed: bool = False
    fixed: int = 0
    calculated: bool = False

    @property
    def stands_fixed(self) -> bool:
        return bool(self.fixed) or (self.kind in _WIDTHS and not self.calculated) or self.kind == BOOLEAN

    @property
    def width(self) -> int:
        return 0 if self.kind == BOOLEAN else self.fixed or _WIDTHS.get(self.kind, 0)


@dataclass
class Tab:
    """A table. ``deleted`` and ``moved``: rows by their places. ``kind`` and ``flags`` as the catalogue says them."""

    columns: Sequence[Col]
    rows: Sequence[Sequence[Any]]
    deleted: frozenset[int] = frozenset()
    moved: frozenset[int] = frozenset()
    kind: int = 1
    flags: int = 0
    claimed: int | None = None
    """How many rows the definition says there are."""
    far: int = 0
    """Empty pages between the first half of the rows and the second, so that the map of pages is a long one."""


@dataclass
class _Writer:
    layout: Layout
    encoding: str
    pages: list[bytearray] = field(default_factory=list)
    long: int = -1
    """The page that takes long values now."""

    def new(self, kind: int = 0) -> int:
        page = bytearray(self.layout.page)
        page[0:2] = bytes((kind, 1))
        self.pages.append(page)
        return len(self.pages) - 1

    def put(self, page: int, row: bytes, marks: int = 0) -> int | None:
        """Put a row on a page, and give its pointer; None where there is no room."""
        data, at = self.pages[page], self.layout.rows
        count = struct.unpack_from("<H", data, at)[0]
        end = struct.unpack_from("<H", data, at + 2 * count)[0] & 0x1FFF if count else self.layout.page
        begin = end - len(row)
        if begin < at + 2 + 2 * (count + 1) or count > 254:
            return None
        data[begin:end] = row
        struct.pack_into("<H", data, at + 2 + 2 * count, begin | marks)
        struct.pack_into("<H", data, at, count + 1)
        return page << 8 | count

    def data_page(self, owner: bytes) -> int:
        number = self.new(1)
        self.pages[number][4:8] = owner
        return number

    def lval(self, row: bytes) -> int:
        found = self.put(self.long, row) if self.long >= 0 else None
        if found is None:
            self.long = self.data_page(b"LVAL")
            found = self.put(self.long, row)
        assert found is not None
        return found

    def encoded(self, text: str, *, packed: bool) -> bytes:
        if self.layout is JET3:
            return text.encode(self.encoding)
        plain = text.encode("utf-16-le", "surrogatepass")
        if text[:1] != "\ufeff" and not packed:  # the mark of compressed text: only that can hold it as a character
            return plain
        if not text or any(plain[at : at + 2] == b"\0\0" or plain[at] == 0 for at in range(0, len(plain), 2)):
            return plain
        made, narrow = bytearray(b"\xff\xfe"), True
        for at in range(0, len(plain), 2):
            fits = plain[at + 1] == 0
            if fits is not narrow:
                made.append(0)
                narrow = fits
            made += plain[at : at + (1 if fits else 2)]
        return bytes(made)

    def value(self, column: Col, value: Any) -> bytes:
        kind = column.kind
        if kind in (OLE, MEMO, TEXT):
            data: bytes = value if isinstance(value, bytes) else self.encoded(value, packed=column.packed)
            return data if kind == TEXT else self.long_value(data)
        return value if isinstance(value, bytes) else self.number(column, value)

    def number(self, column: Col, value: Any) -> bytes:
        kind, found = column.kind, value
        if kind in _FORMS:
            return struct.pack(_FORMS[kind], found)
        if kind == MONEY:
            return struct.pack("<q", int(Decimal(found).scaleb(4)))
        if kind == MOMENT:
            return struct.pack("<d", days(found) if isinstance(found, dt.datetime) else found)
        if kind == GUID:
            return uuid.UUID(found).bytes_le
        number = int(Decimal(found).scaleb(column.scale, _EXACT))
        words = struct.unpack(">4I", abs(number).to_bytes(16, "big"))
        return bytes((0x80 if number < 0 else 0,)) + struct.pack("<4I", *words)

    def long_value(self, data: bytes) -> bytes:
        """In the row if it is short, on one page if it fits there, else over a chain of pages."""
        room = self.layout.page - self.layout.slots - 2
        if len(data) <= 64:
            return struct.pack("<III", len(data) | 0x80000000, 0, 0) + data
        if len(data) <= room // 2:
            return struct.pack("<III", len(data) | 0x40000000, self.lval(data), 0)
        parts = [data[at : at + room - 4] for at in range(0, len(data), room - 4)]
        pointer = 0
        for part in reversed(parts):
            pointer = self.lval(struct.pack("<I", pointer) + part)
        return struct.pack("<III", len(data), pointer, 0)

    def row(self, columns: Sequence[Col], values: Sequence[Any]) -> bytes:
        wide, count = self.layout.wide, len(values)
        fixed, parts, nulls = bytearray(), [], bytearray((count + 7) // 8)
        has_parts = any(not column.stands_fixed for column in columns)
        for number, (column, value) in enumerate(zip(columns, values, strict=False)):
            there = bool(value) if column.kind == BOOLEAN else value is not None
            nulls[number // 8] |= there << number % 8
            data = self.value(column, value) if value is not None and column.kind != BOOLEAN else b""
            if column.stands_fixed:
                fixed += data.ljust(column.width, b"\0")
            else:
                parts.append(data)
        head = count.to_bytes(wide, "little") + fixed
        if not has_parts:
            return head + nulls
        offsets = [len(head)]
        for part in parts:
            offsets.append(offsets[-1] + len(part))
        body = head + b"".join(parts)
        if wide == 2:
            return (
                body
                + b"".join(struct.pack("<H", at) for at in reversed(offsets))
                + struct.pack("<H", len(parts))
                + nulls
            )
        tail = len(offsets) + 1 + len(nulls)
        jumps = 0
        while jumps < (len(body) + tail + jumps - 1) // 256:
            jumps += 1
        table = [next((at for at, end in enumerate(offsets) if end >= 256 * (jump + 1)), 0xFF) for jump in range(jumps)]
        return (
            body + bytes(at & 0xFF for at in reversed(offsets)) + bytes(reversed(table)) + bytes((len(parts),)) + nulls
        )

    def definition(self, page: int, table: Tab, owned: int) -> None:
        """The definition of a table, over as many pages as it needs."""
        layout, columns = self.layout, table.columns
        data = bytearray(layout.blocks)
        rows = table.claimed if table.claimed is not None else len(table.rows) - len(table.deleted)
        struct.pack_into("<I", data, layout.total, rows)
        data[layout.variables - 3] = 0x53 if table.flags else 0x4E
        struct.pack_into(
            "<HHH", data, layout.variables - 2, len(columns), sum(not c.stands_fixed for c in columns), len(columns)
        )
        struct.pack_into("<II", data, layout.owned, owned, owned)
        place, part = 0, 0
        for number, column in enumerate(columns):
            block = bytearray(layout.column)
            block[0] = column.kind
            struct.pack_into("<H", block, layout.number, number)
            struct.pack_into("<H", block, layout.variable, part)
            struct.pack_into("<H", block, layout.variable + 2, number)
            if column.kind == DECIMAL:
                block[11:13] = bytes((28, column.scale))
            block[layout.flags] = 2 | column.stands_fixed
            if layout.calculated is not None:
                block[layout.calculated] = 0xC0 if column.calculated else column.packed
            struct.pack_into("<H", block, layout.fixed, place if column.stands_fixed else 0)
            long = column.kind in (MEMO, OLE)
            struct.pack_into(
                "<H", block, layout.length, 0 if long else column.width or (1 if column.kind == BOOLEAN else 510)
            )
            place, part = (place + column.width, part) if column.stands_fixed else (place, part + 1)
            data += block
        for column in columns:
            name = column.name.encode(self.encoding if layout is JET3 else "utf-16-le")
            data += len(name).to_bytes(layout.wide, "little") + name
        data += b"\xff\xff"
        struct.pack_into("<I", data, 8, len(data))
        room, number = layout.page - 8, page
        chunks = [bytes(data[8 + at : 8 + at + room]) for at in range(0, len(data) - 8, room)]
        for at, chunk in enumerate(chunks):
            self.pages[number][0:4] = b"\x02\x01VC" if layout is JET3 else b"\x02\x01\0\0"
            self.pages[number][8 : 8 + len(chunk)] = chunk
            if at + 1 < len(chunks):
                following = self.new(2)
                struct.pack_into("<I", self.pages[number], 4, following)
                number = following

    def table(self, page: int, table: Tab, maps: int) -> None:
        """Rows, the map of their pages, and the definition."""
        owner = struct.pack("<I", page)
        own, aside = [self.data_page(owner)], -1
        for number, values in enumerate(table.rows):
            if table.far and number == len(table.rows) // 2:
                for _ in range(table.far):
                    self.new()
                own.append(self.data_page(owner))
            row, marks = self.row(table.columns, values), 0
            if number in table.moved:
                if aside < 0 or (pointer := self.put(aside, row, 0x8000)) is None:
                    aside = self.data_page(owner)
                    own.append(aside)
                    pointer = self.put(aside, row, 0x8000)
                assert pointer is not None
                row, marks = struct.pack("<I", pointer), 0x4000
            marks |= 0xC000 if number in table.deleted else 0
            if aside == own[-1] or self.put(own[-1], row, marks) is None:
                own.append(self.data_page(owner))
                assert self.put(own[-1], row, marks) is not None
        owned = self.put(maps, self.map(own))
        assert owned is not None
        self.definition(page, table, owned)

    def map(self, own: Sequence[int]) -> bytes:
        size, first = 128 if self.layout is JET3 else 64, min(own)
        if max(own) - first < size * 8:
            bits = sum(1 << number - first for number in own)
            return b"\0" + struct.pack("<I", first) + bits.to_bytes(size, "little")
        span = (self.layout.page - 4) * 8
        pointers = []
        for group in range(max(own) // span + 1):
            number = self.new(5)
            bits = sum(1 << each - group * span for each in own if each // span == group)
            self.pages[number][4:] = bits.to_bytes(self.layout.page - 4, "little")
            pointers.append(number)
        return b"\1" + b"".join(struct.pack("<I", number) for number in pointers) + bytes(size + 4 - 4 * len(pointers))


def days(moment: dt.datetime) -> float:
    """As Access counts: days from 1899-12-30, the time of day always forward."""
    whole = (moment.date() - _EPOCH).days
    part = (moment - moment.replace(hour=0, minute=0, second=0, microsecond=0)) / dt.timedelta(days=1)
    return float(whole - part if whole < 0 else whole + part)


_CATALOGUE = (
    Col("Id", LONG), Col("ParentId", LONG), Col("Name", TEXT), Col("Type", INTEGER), Col("DateCreate", MOMENT),
    Col("DateUpdate", MOMENT), Col("Owner", BINARY), Col("Flags", LONG), Col("LvProp", OLE),
)  # fmt: skip
_MADE = dt.datetime.fromisoformat("2019-03-01 08:30:00")
_SYSTEM = -0x80000000


def write(
    path: Path, tables: Mapping[str, Tab], version: str = "ace", encoding: str = "cp1252", password: bytes = b"",
    key: bytes = b"",
) -> Path:  # fmt: skip
    """A database of these tables. ``password`` as it stands in the header before it is masked; ``key``: encrypted."""
    made = _Writer(JET3 if version == "jet3" else JET4, encoding)
    made.new()
    made.new(5)
    made.new(2)
    maps = made.data_page(b"\0\0\0\0")
    objects: list[Sequence[Any]] = [(0x0F000001, 0x0F000000, "Tables", 3, _MADE, _MADE, b"\1", _SYSTEM, None)]
    objects.append((2, 0x0F000001, "MSysObjects", 1, _MADE, _MADE, b"\1", _SYSTEM, None))
    for name, table in tables.items():
        page = made.new(2)
        objects.append((page, 0x0F000001, name, table.kind, _MADE, _MADE, b"\1", table.flags, None))
        made.table(page, table, maps)
    made.table(2, Tab(_CATALOGUE, objects, flags=_SYSTEM), maps)
    head = made.pages[0]
    mark, number = VERSIONS[version]
    head[0:21] = b"\0\1\0\0" + mark + bytes((number,))
    struct.pack_into("<H", head, 60, 1252)
    head[62 : 62 + len(key)] = key
    head[66 : 66 + len(password)] = password
    size = 126 if version == "jet3" else 128
    if version != "jet3":
        struct.pack_into("<d", head, 114, 43_525.5)
        dated = struct.pack("<i", 43_525) * 10
        head[66:106] = bytes(a ^ b for a, b in zip(head[66:106], dated, strict=True))
    head[_MASKED : _MASKED + size] = _unmasked(bytes(head[_MASKED : _MASKED + size]))
    path.write_bytes(b"".join(made.pages))
    return path
