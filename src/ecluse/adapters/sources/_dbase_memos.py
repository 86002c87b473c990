"""Memo files of dBase III (``.dbt``), dBase IV (``.dbt`` with block heads) and FoxPro (``.fpt``)."""

import mmap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.sources._arrow import Mask
from ecluse.adapters.sources._charset import Charset
from ecluse.domain.errors import Location, MalformedError

_FOUR = frozenset({0x8B, 0xCB})
_BLOCK, _HEAD = 512, 8
_FOUR_MARK = b"\xff\xff\x08\x00"
_LONGEST = 64 << 20
_Numbers = npt.NDArray[np.int64]


def memo_file(table: Path) -> Path | None:
    """The memo file of a table, ``.dbt`` or ``.fpt``, whatever the letters' case; None if there is none."""
    wanted = {f"{table.stem}.{kind}".lower() for kind in ("dbt", "fpt")}
    found = sorted(p for p in table.parent.iterdir() if p.name.lower() in wanted and p.is_file() and not p.is_symlink())
    return found[0] if found else None


def memos_beside(table: Path, version: int, name: str) -> "Memos | None":
    """What the memo file of a table holds; None if there is none. Raises MalformedError."""
    found = memo_file(table)
    if found is None:
        return None
    if not found.stat().st_size:
        raise MalformedError("its memo file is empty", location=Location(name))
    with found.open("rb") as source:
        data = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
    fox = found.suffix.lower() == ".fpt"
    size = int.from_bytes(data[6:8], "big") if fox else int.from_bytes(data[20:22], "little")
    block = (size or 1) if fox else (size or _BLOCK) if version in _FOUR else _BLOCK
    return Memos(data, block, "fox" if fox else "four" if version in _FOUR else "three", name)


@dataclass(frozen=True, slots=True)
class Memos:
    """Texts by the number of their first block."""

    data: mmap.mmap
    block: int
    kind: str
    name: str

    def texts(self, numbers: _Numbers, charset: Charset) -> tuple[pa.Array, Mask]:
        """A text for each number; 0 is NULL. Marks those that point nowhere, and those that do not decode."""
        wanted, places = np.unique(numbers, return_inverse=True)
        found = [self._at(int(number)) if number > 0 else None for number in wanted]
        bad = np.array([text is None for text in found], dtype=np.bool_) & (wanted != 0)
        texts, wrong = charset.text(pa.array([text or b"" for text in found], pa.binary()))
        texts = pc.if_else(pa.array(wanted != 0), texts, pa.scalar(None, pa.string()))
        return texts.take(pa.array(places.ravel())), (bad | wrong)[places.ravel()]

    def _at(self, number: int) -> bytes | None:
        begin = number * self.block
        if begin >= len(self.data):
            return None
        if self.kind == "three":
            end = self.data.find(b"\x1a", begin, begin + _LONGEST)
            return None if end < 0 else self.data[begin:end]
        head = self.data[begin : begin + _HEAD]
        if len(head) < _HEAD or (self.kind == "four" and head[:4] != _FOUR_MARK):
            return None
        if self.kind == "fox" and int.from_bytes(head[:4], "big") != 1:  # pictures and objects are no text
            return None
        length = int.from_bytes(head[4:], "little" if self.kind == "four" else "big")
        stop = begin + length if self.kind == "four" else begin + _HEAD + length
        return None if length > _LONGEST or stop > len(self.data) else self.data[begin + _HEAD : stop]
