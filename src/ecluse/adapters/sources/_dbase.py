"""dBase III and IV, FoxPro and Visual FoxPro tables, as obsolete systems and the French NABM come: all columns as text.

Records have one length, so that a block of them is cut into columns at once. Memos (``.dbt``, ``.fpt``) are read beside
the table. Deleted records are not read; they count as unmapped. Numbers keep their digits as written; dates are
``YYYYMMDD`` as in the file; Visual FoxPro's NULL is NULL. Layout: the formats' descriptions as published by dBase's and
FoxPro's makers, checked against files of a third-party writer (tests).
"""

from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.sources._arrow import Mask, cut
from ecluse.adapters.sources._charset import Charset
from ecluse.adapters.sources._dbase_header import Field, read_header
from ecluse.adapters.sources._dbase_memos import memos_beside
from ecluse.adapters.sources._reading import Account, CountedInPassing, Declared, opened
from ecluse.domain.errors import Location, MalformedError
from ecluse.domain.files import SetAside

_BLOCK = 4 << 20
_DELETED, _LIVE = 0x2A, 0x20
_ASCII = 0x7F
_UNIX_EPOCH = 2440588  # Julian day of 1970-01-01
_Bytes = npt.NDArray[np.uint8]


class DbaseReader(CountedInPassing):
    """One table file with its memo file, if it has one."""

    def __init__(self, declared: Declared) -> None:
        """Read the header. Raises ProfileError, MalformedError."""
        self._declared, self._name = declared, declared.called(1)
        self._charset = Charset(declared.file.encoding, declared.file.path)
        with opened(declared.path, self._name) as source:
            self._header = read_header(source, self._charset.encoding, self._name)
        memo = any(field.kind in "MGP" for field in self._header.fields)
        self._memos = memos_beside(declared.path, self._header.version, self._name) if memo else None
        schema = pa.schema([(field.name, pa.string()) for field in self._header.fields if _is_read(field)])
        if not len(schema):
            raise MalformedError("no field of this table can be read", location=Location(self._name))
        self.tables: Mapping[str, pa.Schema] = {declared.table: schema}

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The records that are not deleted. Raises MalformedError when the file ends before them."""
        for table in tables:
            account = Account()
            for first, records in self._blocks():
                batch, kept = self._batch(first, records, account.aside)
                account.records += kept
                account.bounded(self._declared)
                yield table, batch
            self._count(account)
            self._intake = account.of(self._declared)

    def _count(self, account: Account) -> None:
        """Of each live record the columns that are read; deleted ones whole count as unmapped."""
        header = self._header
        kept = sum(field.length for field in header.fields if _is_read(field))
        deleted = header.records - account.records - len(account.aside)
        account.mapped = account.records * kept
        account.unmapped = account.records * (header.width - 1 - kept) + deleted * header.width
        account.structure = self._declared.size - account.told

    def _blocks(self) -> Iterator[tuple[int, _Bytes]]:
        """Records as rows of bytes, some megabytes at a time, with the first one's number."""
        header, done = self._header, 0
        with opened(self._declared.path, self._name) as source:
            source.seek(header.size)
            while done < header.records:
                count = min(max(1, _BLOCK // header.width), header.records - done)
                data = source.read(count * header.width)
                if len(data) != count * header.width:
                    raise MalformedError(
                        "the file ends before the records that its header counts", location=Location(self._name)
                    )
                yield done, np.frombuffer(data, dtype=np.uint8).reshape(count, header.width)
                done += count

    def _batch(self, first: int, records: _Bytes, aside: list[SetAside]) -> tuple[pa.RecordBatch, int]:
        marks = records[:, 0]
        odd = (marks != _LIVE) & (marks != _DELETED)
        live = marks == _LIVE
        bad = np.zeros(len(records), dtype=np.bool_)
        columns = []
        for field in self._header.fields:
            if _is_read(field):
                made, wrong = self._column(field, records)
                columns.append(made)
                bad |= wrong & live
        for place in np.flatnonzero(odd | bad):
            reason = "a deletion mark that is none" if odd[place] else "bytes outside the declared encoding"
            start = self._header.size + (first + int(place)) * self._header.width
            aside.append(SetAside(1, first + int(place) + 1, start, self._header.width, reason))
        batch = pa.RecordBatch.from_arrays(columns, schema=self.tables[self._declared.table])
        keep = live & ~bad
        return batch.filter(pa.array(keep)), int(keep.sum())

    def _column(self, field: Field, records: _Bytes) -> tuple[pa.Array, Mask]:
        part = np.ascontiguousarray(records[:, field.start : field.start + field.length])
        made, wrong = _READ[field.kind](self, part)
        flags = self._header.flags
        if field.null is None or flags is None or field.null >= flags.length * 8:
            return made, wrong
        # A NULL's own bytes are zeros or blanks, which would be a number or a text.
        null = (records[:, flags.start + field.null // 8] >> (field.null % 8) & 1).astype(np.bool_)
        return pc.if_else(pa.array(null), pa.scalar(None, pa.string()), made), wrong & ~null

    def _text(self, part: _Bytes) -> tuple[pa.Array, Mask]:
        """Characters, padded by blanks (some writers: by NULs)."""
        found, wrong = self._charset.text(_whole(part))
        return pc.utf8_rtrim(found, " \0"), wrong

    def _written(self, part: _Bytes) -> tuple[pa.Array, Mask]:
        """Numbers, dates and truths as written; blank is NULL, for these types have no empty value."""
        found, wrong = self._charset.text(_whole(part))
        trimmed = pc.utf8_trim(found, " \0")
        return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed), wrong

    def _integer(self, part: _Bytes) -> tuple[pa.Array, Mask]:
        return pa.array(part.view("<i4").ravel()).cast(pa.string()), _none(part)

    def _double(self, part: _Bytes) -> tuple[pa.Array, Mask]:
        return pa.array(part.view("<f8").ravel()).cast(pa.string()), _none(part)

    def _currency(self, part: _Bytes) -> tuple[pa.Array, Mask]:
        """Ten-thousandths, exactly."""
        whole = pa.array(part.view("<i8").ravel()).cast(pa.decimal128(19, 0))
        return pc.multiply(whole, pa.scalar("0.0001").cast(pa.decimal128(5, 4))).cast(pa.string()), _none(part)

    def _moment(self, part: _Bytes) -> tuple[pa.Array, Mask]:
        """A Julian day and milliseconds, as ``2019-03-01 08:30:00.000``; zero is NULL."""
        pair = part.view("<i4").reshape(-1, 2).astype(np.int64)
        stamps = (pair[:, 0] - _UNIX_EPOCH) * 86_400_000 + pair[:, 1]
        made = pa.array(stamps, pa.timestamp("ms"), mask=pair[:, 0] == 0)
        return made.cast(pa.string()), _none(part)

    def _memo(self, part: _Bytes) -> tuple[pa.Array, Mask]:
        """The text that a block number points at; blank or 0 is NULL."""
        memos = self._memos
        if memos is None:
            raise MalformedError("the file has memos, and no memo file beside it", location=Location(self._name))
        return memos.texts(_numbers(part), self._charset)


_Column = Callable[[DbaseReader, _Bytes], tuple[pa.Array, Mask]]
_READ: Mapping[str, _Column] = {
    "C": DbaseReader._text,  # noqa: SLF001 - the table of this module's own class
    "N": DbaseReader._written,  # noqa: SLF001
    "F": DbaseReader._written,  # noqa: SLF001
    "D": DbaseReader._written,  # noqa: SLF001
    "L": DbaseReader._written,  # noqa: SLF001
    "I": DbaseReader._integer,  # noqa: SLF001
    "B": DbaseReader._double,  # noqa: SLF001
    "Y": DbaseReader._currency,  # noqa: SLF001
    "T": DbaseReader._moment,  # noqa: SLF001
    "M": DbaseReader._memo,  # noqa: SLF001
}
"""By the header's letter. Pictures, objects and flags (``G``, ``P``, ``0``) are left, and count as unmapped."""


def _is_read(field: Field) -> bool:
    """A ``B`` of ten bytes points at a dBase V picture; one of eight is FoxPro's double."""
    return field.kind in _READ and not (field.kind == "B" and field.length != 8)  # noqa: PLR2004


def _whole(part: _Bytes) -> pa.Array:
    """The rows of a matrix of bytes as binary values."""
    rows, width = part.shape
    starts = np.arange(rows, dtype=np.int64) * width
    return cut(pa.py_buffer(part.tobytes()), starts, starts + width)


def _none(part: _Bytes) -> Mask:
    return np.zeros(len(part), dtype=np.bool_)


def _numbers(part: _Bytes) -> npt.NDArray[np.int64]:
    """Block numbers: ten digits, or four bytes; -1 for what is no number."""
    if part.shape[1] == 4:  # noqa: PLR2004 - FoxPro's
        return part.view("<u4").ravel().astype(np.int64)
    digits = pc.utf8_trim(_whole(np.where(part > _ASCII, ord("?"), part).astype(np.uint8)).cast(pa.string()), " \0")
    blank = pc.equal(digits, "")
    good = pc.match_substring_regex(digits, "^[0-9]{1,10}$")
    made = pc.if_else(good, digits, pc.if_else(blank, "0", "-1")).cast(pa.int64())
    numbers: npt.NDArray[np.int64] = made.to_numpy(zero_copy_only=False)
    return numbers
