"""Pages of an Access database: its header, and rows by their place. Jet 3 (Access 97), Jet 4 (2000-2003), ACE (2007-).

A file is pages of one size, the first of which says who wrote it. A row is found by its page and its number there. What
is encrypted, or needs a password, is refused. Layout: mdbtools' HACKING.md, checked against files that Access wrote.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import numpy as np
import numpy.typing as npt

from ecluse.adapters.sources._reading import opened
from ecluse.domain.errors import Location, MalformedError

Bytes = npt.NDArray[np.uint8]
DATA, DEFINITION, MAP = 1, 2, 5
START = 0x1FFF
DELETED, ELSEWHERE = 0x8000, 0x4000
LONG_VALUES = b"LVAL"
"""Whom a page of long values belongs to."""
_HEAD = 256
_KEPT = 64
_HOPS = 16
_MASK_KEY = bytes((0xC7, 0xDA, 0x39, 0x6B))
_MASKED, _CODE_PAGE, _KEY, _PASSWORD, _CREATED = 24, 60, 62, 66, 114
_NEWEST = 6  # Access 2019's


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand; all numbers are little-endian. ``wide``: bytes of a row's counts and offsets."""

    page: int
    wide: int
    rows: int
    """In a data page, the number of its rows; the offsets of the rows follow it."""
    total: int
    """In a table's definition: how many rows it has, and so on."""
    variables: int
    columns: int
    indexes: int
    owned: int
    blocks: int
    block: int
    column: int
    number: int
    variable: int
    flags: int
    calculated: int | None
    fixed: int
    length: int

    @property
    def slots(self) -> int:
        """In a data page, the offset of its first row."""
        return self.rows + 2


JET3 = Layout(2048, 1, 8, 12, 23, 25, 31, 35, 43, 8, 18, 1, 3, 13, None, 14, 16)
JET4 = Layout(4096, 2, 12, 16, 43, 45, 51, 55, 63, 12, 25, 5, 7, 15, 16, 21, 23)


@dataclass(frozen=True, slots=True)
class Header:
    """What the first page says. ``code_page``: of Jet 3's text, as the writer's Windows had it."""

    layout: Layout
    code_page: int


def header_of(head: bytes, name: str) -> Header:
    """The header from a file's first bytes. Raises MalformedError for what is no database, or is locked."""

    def refuse(what: str, hint: str | None = None) -> NoReturn:
        raise MalformedError(what, location=Location(name), hint=hint)

    if len(head) < _HEAD or head[4:19] not in {b"Standard Jet DB", b"Standard ACE DB"} or head[20] > _NEWEST:
        refuse("this is no Access database, or one of an unknown version")
    layout = JET4 if head[20] else JET3
    plain = bytearray(head)
    masked = 128 if head[20] else 126
    plain[_MASKED : _MASKED + masked] = _unmasked(head[_MASKED : _MASKED + masked])
    if any(plain[_KEY : _KEY + 4]):
        refuse("the database is encrypted", "decrypt a copy of it in Access")
    password = np.frombuffer(plain, np.uint8, 40 if head[20] else 20, _PASSWORD)
    if head[20]:
        created = np.frombuffer(plain, "<f8", 1, _CREATED)[0]
        day = int(created) if np.isfinite(created) and abs(created) < 2**31 else 0
        password = password ^ np.frombuffer((day & 0xFFFFFFFF).to_bytes(4, "little") * 10, np.uint8)
    if password.any():
        refuse("the database is protected by a password", "take the password off a copy of it in Access")
    return Header(layout, int.from_bytes(plain[_CODE_PAGE : _CODE_PAGE + 2], "little"))


class Pages:
    """An opened database; ``read`` and ``row`` raise MalformedError for what is not there."""

    def __init__(self, path: Path, name: str) -> None:
        """Open it and read its header. Raises MalformedError."""
        self.name = name
        self._file = opened(path, name)
        try:
            self.header = header_of(self._file.read(_HEAD), name)
            self.layout = self.header.layout
            self.count = path.stat().st_size // self.layout.page
        except BaseException:
            self._file.close()
            raise
        self._kept: dict[int, bytes] = {}
        self.budget = self.count * self.layout.page
        """Bytes that may be reached by pointers: in a sound file each row is reached once."""

    def __enter__(self) -> Self:
        """As any file."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close it."""
        self._file.close()

    def read(self, number: int) -> bytes:
        """One page."""
        if (kept := self._kept.get(number)) is not None:
            return kept
        if not 0 <= number < self.count:
            raise self.damaged("it points at a page that is not there")
        self._file.seek(number * self.layout.page)
        data = self._file.read(self.layout.page)
        if len(data) != self.layout.page:
            raise self.damaged("it ends within a page")
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[number] = data
        return data

    def many(self, numbers: Sequence[int]) -> Bytes:
        """Pages as rows of bytes."""
        data = b"".join(map(self.read, numbers))
        return np.frombuffer(data, np.uint8).reshape(-1, self.layout.page)

    def row(self, pointer: int, owner: bytes | None = None) -> bytes:
        """What stands at a pointer: its low byte is the row's number, the others are the page's.

        A row that was moved is followed; deletion marks are not looked at, for moved rows have one. ``owner``: what the
        page must say of whom it belongs to.
        """
        for _ in range(_HOPS):
            page, mark, begin, end = self._slot(pointer)
            if owner is not None and page[4:8] != owner:
                break
            self.budget -= end - begin + 2
            if self.budget < 0:
                raise self.damaged("its rows overlap")
            if not mark & ELSEWHERE:
                return page[begin:end]
            if end - begin < 4:  # noqa: PLR2004 - a pointer's length
                break
            pointer = int.from_bytes(page[begin : begin + 4], "little")
        raise self.damaged("a row that it points at is another table's, or none")

    def _slot(self, pointer: int) -> tuple[bytes, int, int, int]:
        page, number, layout = self.read(pointer >> 8), pointer & 0xFF, self.layout
        at = layout.slots + 2 * number
        if page[0] != DATA or number >= int.from_bytes(page[layout.rows : layout.slots], "little"):
            raise self.damaged("it points at a row that is not there")
        mark = int.from_bytes(page[at : at + 2], "little")
        end = int.from_bytes(page[at - 2 : at], "little") & START if number else layout.page
        if not at + 2 <= mark & START <= end <= layout.page:
            raise self.damaged("a page's rows overlap")
        return page, mark, mark & START, end

    def data_pages(self) -> int:
        """How many pages hold rows, whoever's."""
        self._file.seek(0)
        found, pages = 0, 256
        while data := self._file.read(pages * self.layout.page):
            found += int((np.frombuffer(data, np.uint8)[:: self.layout.page] == DATA).sum())
        return found

    def damaged(self, what: str) -> MalformedError:
        """An error of a file that does not hold together."""
        hint = "compact and repair a copy of it in Access"
        return MalformedError(f"the database is damaged: {what}", location=Location(self.name), hint=hint)


def _unmasked(data: bytes) -> bytes:
    """RC4 with the key that every Access has: no secret, a mask."""
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + _MASK_KEY[i % 4]) & 0xFF
        state[i], state[j] = state[j], state[i]
    i = j = 0
    made = bytearray()
    for byte in data:
        i = (i + 1) & 0xFF
        j = (j + state[i]) & 0xFF
        state[i], state[j] = state[j], state[i]
        made.append(byte ^ state[(state[i] + state[j]) & 0xFF])
    return bytes(made)
