"""The trace file: a compact filter of one export's fingerprints, mapped into memory and asked for many at once (R11).

``docs/reference/trace-file.md`` describes ``ecluse.trace/1``. Layout: the format's name and LF; the header's size
(uint32); the header (canonical JSON); its SHA-256; zeros up to a multiple of 8; the body. Integers are little-endian.

The body is a binary fuse filter (Graf and Lemire, "Binary Fuse Filters", 2022, doi:10.1145/3510449) of 3 places and
12 bits a slot, cut into shards so that it is built in little memory; then a small exact table of the canaries'
markers. A filter lists nothing; whoever holds the key too can try persons out, with one wrong yes in 4096, and with
enough work telephones or names and birth dates one after the other: file and key together are to be kept as a list
would be. This is a parser of bytes from outside: :func:`read_filter` returns what :func:`write_filter` could have
written, or raises; that no bit of the body is another, :meth:`TraceFilter.check` says.
"""

import hashlib
import mmap
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from ecluse.domain.errors import InternalError, Location, MalformedError, TamperError
from ecluse.domain.tracing import BY_CODE, BY_KIND, FORMAT, Kind
from ecluse.migration.fuse import BITS, Chunks, Fuse, body_bytes, build, parts, shards_of
from ecluse.migration.trace_header import MAX_HEADER, TraceHeader, parsed, written
from ecluse.migration.tracing import KIND_SHIFT, Prints

MAGIC = f"{FORMAT}\n".encode()
FALSE_POSITIVES = 2.0**-BITS
"""Of fingerprints that are not in a filter, how many it takes for its own."""

_SIZE = struct.Struct("<I")
_HASH = 32
_ALIGN = 8
_CANARY = struct.Struct("<QI")

__all__ = ["FALSE_POSITIVES", "MAGIC", "TraceFilter", "TraceHeader", "gather_filter", "read_filter", "write_filter"]


def write_filter(fingerprints: Prints, header: TraceHeader, canaries: Mapping[str, Prints] | None = None) -> bytes:
    """The file of these fingerprints (any order, repeated or not): :func:`gather_filter` of one piece."""
    return gather_filter(lambda: (fingerprints,), header, canaries)


def gather_filter(pieces: Chunks, header: TraceHeader, canaries: Mapping[str, Prints] | None = None) -> bytes:
    """The file of all pieces' fingerprints. The header's counts and digest are filled in here.

    ``canaries`` are the markers' fingerprints by parcel. Memory is bounded but for the file itself: see ``fuse.build``.
    """
    marks = _counted(pieces)
    table, parcels = _canary_table(canaries or {})
    body = (*build(pieces, sum(marks.values())), table)
    digest = hashlib.sha256()
    for part in body:
        digest.update(part)
    head = written(header, marks=marks, parcels=parcels, body=f"sha256:{digest.hexdigest()}")
    lead = MAGIC + _SIZE.pack(len(head)) + head
    lead += hashlib.sha256(lead).digest()
    return b"".join((lead, bytes(-len(lead) % _ALIGN), *body))


def _counted(pieces: Chunks) -> Mapping[Kind, int]:
    """How many different ones there are of each kind."""
    counts = np.zeros(16, np.int64)
    for part in parts(pieces):
        counts += np.bincount((part >> KIND_SHIFT).astype(np.int64), minlength=16)
    codes = np.flatnonzero(counts).tolist()
    if not set(codes) <= set(BY_CODE):
        raise InternalError("a fingerprint of no kind that there is")
    return {BY_CODE[code].kind: int(counts[code]) for code in codes}


def _canary_table(canaries: Mapping[str, Prints]) -> tuple[bytes, tuple[str, ...]]:
    parcels = tuple(sorted(canaries))
    rows = sorted((int(print_), place) for place, name in enumerate(parcels) for print_ in canaries[name])
    return _SIZE.pack(len(rows)) + b"".join(_CANARY.pack(*row) for row in rows), parcels


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """One export's filter. Close it: the file stays mapped until then."""

    path: Path
    header: TraceHeader
    _map: mmap.mmap
    _body: memoryview
    _fuse: Fuse
    _canaries: np.ndarray[tuple[int], np.dtype[np.void]]

    def __len__(self) -> int:
        """Bytes of the body."""
        return len(self._body)

    def holds(self, fingerprints: Prints) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Which of them the filter takes for its own."""
        return self._fuse.holds(fingerprints)

    def canaries(self, fingerprints: Prints) -> tuple[tuple[int, str], ...]:
        """Places of the fingerprints that are a canary's marker, each with its parcel's name."""
        prints = self._canaries["print"]
        if not len(prints):
            return ()
        at = np.searchsorted(prints, fingerprints)
        hit = prints[np.minimum(at, len(prints) - 1)] == fingerprints
        places = np.flatnonzero(hit)
        return tuple((int(p), self.header.parcels[int(self._canaries["parcel"][at[p]])]) for p in places)

    def check(self) -> None:
        """Compare the whole body with the header's digest. Raises TamperError."""
        if f"sha256:{hashlib.sha256(self._body).hexdigest()}" != self.header.body:
            raise TamperError("the trace file is not what was written", location=Location(file=str(self.path)))

    def close(self) -> None:
        """Let the file go."""
        self._fuse.release()
        object.__setattr__(self, "_canaries", self._canaries[:0].copy())
        self._body.release()
        self._map.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close it."""
        self.close()


def read_filter(path: Path) -> TraceFilter:
    """Map a trace file. Its header is verified; its body's shape alone, see :meth:`TraceFilter.check`.

    Raises:
        MalformedError: not a trace file, or one that :func:`write_filter` could not have written.
        TamperError: the header is not the one that was written.
    """
    where = Location(file=str(path))
    try:
        with path.open("rb") as source:
            held = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError:
        raise MalformedError("there is no readable file here", location=where) from None
    except ValueError:
        raise MalformedError("not a trace file", location=where) from None
    try:
        return _read(path, held, memoryview(held))
    except (MalformedError, TamperError) as error:
        # The map goes with the last view of it, which the error's own frames may still hold.
        where = replace(where, field=error.location.field if error.location else None)
        raise type(error)(error.message, location=where, hint=error.hint) from None


def _read(path: Path, held: mmap.mmap, view: memoryview) -> TraceFilter:
    start = len(MAGIC) + _SIZE.size
    if len(view) < start or bytes(view[: len(MAGIC)]) != MAGIC:
        raise MalformedError("not a trace file")
    (size,) = _SIZE.unpack_from(view, len(MAGIC))
    if size > MAX_HEADER or len(view) < start + size + _HASH:
        raise MalformedError("not a trace file")
    lead = bytes(view[: start + size])
    if hashlib.sha256(lead).digest() != bytes(view[len(lead) : len(lead) + _HASH]):
        raise TamperError("the trace file is not what was written")
    header = parsed(lead[start:])
    begin = len(lead) + _HASH
    begin += -begin % _ALIGN
    if any(view[len(lead) + _HASH : begin]):
        raise MalformedError("not a trace file")
    with memoryview(view[begin:]) as body:
        end, rows = _shape(body, header)
        fuse = Fuse.over(bytes(body[: _lead_of(header)]), np.frombuffer(held, np.uint8, end, begin), header.total)
    table = np.frombuffer(held, _ROW, rows, begin + end + _SIZE.size)
    _check_canaries(table, header.parcels)
    return TraceFilter(path, header, held, view[begin:], fuse, table)


_ROW = np.dtype([("print", "<u8"), ("parcel", "<u4")])


def _lead_of(header: TraceHeader) -> int:
    return shards_of(header.total) * 8


def _shape(body: memoryview, header: TraceHeader) -> tuple[int, int]:
    """Where the fuse filter ends, and the canary table's rows."""
    lead = _lead_of(header)
    if len(body) < lead:
        raise MalformedError("a trace file cut short")
    end = body_bytes(bytes(body[:lead]), header.total)
    if len(body) < end + _SIZE.size:
        raise MalformedError("a trace file cut short")
    (rows,) = _SIZE.unpack_from(body, end)
    if len(body) != end + _SIZE.size + rows * _CANARY.size:
        raise MalformedError("a trace file cut short, or lengthened")
    return end, rows


def _check_canaries(table: "np.ndarray[tuple[int], np.dtype[np.void]]", parcels: Sequence[str]) -> None:
    prints = table["print"]
    kind = np.uint64(BY_KIND[Kind.CANARY].code)
    right = bool((prints[1:] >= prints[:-1]).all() and (prints >> KIND_SHIFT == kind).all())
    if not right or (len(table) and int(table["parcel"].max()) >= len(parcels)):
        raise MalformedError("a trace file whose canaries are in disorder")
