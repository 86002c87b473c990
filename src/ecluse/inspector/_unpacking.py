"""Archives opened in bounded memory: whatever an archive claims, no more is unpacked than its budget allows.

Nothing is written anywhere (law 2). What a limit cuts off is named by an :class:`UnseenError` with a fixed word; so is
an archive that contradicts itself.
"""

import bz2
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ecluse.inspector._natures import Nature

BLOCK = 1 << 20
_LZMA_MEMORY = 1 << 28
_HELD = 1 << 26
"""Bytes of an archive within an archive that are held to be opened, where opening it needs its end first."""
_DIRECTORY = 1 << 24
"""Bytes of a zip file's directory."""
_SLACK = 1 << 22
"""Unpacked bytes that no ratio is asked of: small files may be very repetitive."""
_EMPTY = 22
"""Bytes of a zip file without members."""
_MEMBER = b"PK\3\4"
_HEAD = struct.Struct("<6xHH8xI4xHH")
"""Of a member (APPNOTE 4.3.7): flags, method, packed size, lengths of its name and of what is said besides."""
_LATER, _DESCRIPTOR = 8, 24
_RECORD = 512
_PLAIN = b"0\x007"


class UnseenError(Exception):
    """Something that cannot be looked at, by a fixed word of ``rules_data.FACTS_DATA``."""

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class Reads(Protocol):
    """Anything that gives its bytes in pieces."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""


@dataclass
class Budget:
    """What may still be unpacked of one outermost file: ``bytes`` at all; ``swelling`` times what is packed."""

    bytes: int
    swelling: int

    def spend(self, number: int, unpacked: int, packed: int) -> None:
        """Account for ``number`` more bytes, of ``unpacked`` so far out of ``packed``.

        Raises:
            UnseenError: the archive swells too much, or the budget is spent.
        """
        self.bytes -= number
        if unpacked > _SLACK and unpacked > self.swelling * max(1, packed):
            raise UnseenError("archive-swells")
        if self.bytes < 0:
            raise UnseenError("limit-bytes")


class Unpacked:
    """A gzip, bzip2 or xz stream, read in pieces: members one after the other are one stream."""

    def __init__(self, source: Reads, nature: Nature, budget: Budget) -> None:
        """Over a source at its beginning."""
        self._source, self._nature, self._budget = source, nature, budget
        self._packed = self._unpacked = 0
        self._waiting = b""
        self._decoder = self._new()
        self._ended = False

    def _new(self) -> "zlib._Decompress | bz2.BZ2Decompressor | lzma.LZMADecompressor":
        if self._nature is Nature.GZIP:
            return zlib.decompressobj(31)
        return bz2.BZ2Decompressor() if self._nature is Nature.BZIP2 else lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes.

        Raises:
            UnseenError: damaged, or over budget.
        """
        while not self._ended:
            if self._hungry() and not self._more():
                raise UnseenError("archive-damaged")
            try:
                made = self._decoder.decompress(self._waiting, size)
            except (zlib.error, OSError, lzma.LZMAError, EOFError, MemoryError) as error:
                raise UnseenError("archive-damaged") from error
            self._waiting = getattr(self._decoder, "unconsumed_tail", b"")
            if self._decoder.eof:
                self._next_member()
            if made:
                self._unpacked += len(made)
                self._budget.spend(len(made), self._unpacked, self._packed)
                return made
        return b""

    def _hungry(self) -> bool:
        """Whether the decoder can do nothing without more bytes; those of bzip2 and xz hold what they have not used."""
        if isinstance(self._decoder, bz2.BZ2Decompressor | lzma.LZMADecompressor):
            return not self._waiting and self._decoder.needs_input
        return not self._waiting

    def _more(self) -> bool:
        self._waiting = self._source.read(BLOCK)
        self._packed += len(self._waiting)
        return bool(self._waiting)

    def _next_member(self) -> None:
        rest = self._decoder.unused_data.lstrip(b"\0")
        if not rest:
            rest = self._source.read(BLOCK).lstrip(b"\0")
            self._packed += len(rest)
        if not rest:
            self._ended = True
            return
        self._waiting = rest
        self._decoder = self._new()
        if self._nature is Nature.GZIP and not rest.startswith(b"\x1f\x8b"):
            self._ended = True


class Part:
    """A member of so many bytes, of a stream that goes on behind it."""

    def __init__(self, source: Reads, size: int) -> None:
        """The next ``size`` bytes of a stream."""
        self._source, self.left = source, size

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none where the stream ends before the member does."""
        made = self._source.read(min(size, self.left)) if self.left else b""
        self.left -= len(made)
        return made


class Prefixed:
    """A stream whose first bytes have been read already."""

    def __init__(self, head: bytes, rest: Reads) -> None:
        """``head`` first, then what is left."""
        self._head, self._rest = head, rest

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes."""
        if self._head:
            made, self._head = self._head[:size], self._head[size:]
            return made + self._rest.read(size - len(made)) if len(made) < size else made
        return self._rest.read(size)


def exactly(source: Reads, size: int) -> bytes:
    """So many bytes, or fewer at the end."""
    pieces: list[bytes] = []
    while size and (piece := source.read(min(size, BLOCK))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def tar_members(source: Reads) -> Iterator[tuple[str, Reads]]:
    """Regular files of a tar stream, each to be read before the next; links, devices, extended headers are passed over.

    Read here and not by ``tarfile``, which holds an extended header of any size in memory.

    Raises:
        UnseenError: damaged.
    """
    while len(head := exactly(source, _RECORD)) == _RECORD and head.strip(b"\0"):
        size = _tar_size(head[124:136])
        part = Part(source, size)
        if head[156:157] in _PLAIN:
            yield head[:100].rstrip(b"\0").decode("utf-8", "replace"), part
        while part.read(BLOCK):
            pass
        if part.left:
            raise UnseenError("archive-damaged")
        exactly(source, -size % _RECORD)


def _tar_size(text: bytes) -> int:
    try:
        size = int.from_bytes(text[1:], "big") if text[0] & 0x80 else int(text.strip(b" \0") or b"0", 8)
    except ValueError as error:
        raise UnseenError("archive-damaged") from error
    if size < 0 or size > 1 << 62:
        raise UnseenError("archive-damaged")
    return size


class _Spending:
    """A zip member, accounted for."""

    def __init__(self, source: Reads, packed: int, budget: Budget) -> None:
        self._source, self._packed, self._budget, self._unpacked = source, packed, budget, 0

    def read(self, size: int, /) -> bytes:
        try:
            made = self._source.read(size)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, NotImplementedError) as error:
            raise UnseenError("archive-damaged") from error
        self._unpacked += len(made)
        self._budget.spend(len(made), self._unpacked, self._packed)
        return made


def held(source: Reads) -> io.BytesIO:
    """A whole stream in memory, to be opened from its end. Raises UnseenError if it is too large for that."""
    data = exactly(source, _HELD + 1)
    if len(data) > _HELD:
        raise UnseenError("nested-too-large")
    return io.BytesIO(data)


def opened_zip(file: io.BufferedIOBase) -> zipfile.ZipFile:
    """A zip file, its directory bounded.

    Raises:
        UnseenError: damaged, or with a directory too large.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - (1 << 16) - 22))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 22:
        raise UnseenError("archive-damaged")
    if int.from_bytes(tail[at + 12 : at + 16], "little") > _DIRECTORY:
        raise UnseenError("archive-too-many")
    try:
        opened = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, OverflowError, IndexError) as error:
        raise UnseenError("archive-damaged") from error
    if not opened.infolist() and size > _EMPTY:  # it denies what it holds
        raise UnseenError("archive-damaged")
    return opened


def zip_members(opened: zipfile.ZipFile, budget: Budget) -> Iterator[tuple[str, Reads | None]]:
    """Files of a zip file; None for one that is encrypted.

    Raises:
        UnseenError: damaged.
    """
    for info in opened.infolist():
        if info.filename.endswith("/"):  # is_dir() falls over a name that is empty
            continue
        if info.flag_bits & 1:
            yield info.filename, None
            continue
        try:
            with opened.open(info) as member:
                yield info.filename, _Spending(member, info.compress_size, budget)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError) as error:
            raise UnseenError("archive-damaged") from error


class _Inflated:
    """A member packed by deflate, of an archive's beginning: it may end before its end."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._decoder, self._waiting, self._budget = zlib.decompressobj(-15), data, budget
        self._packed, self._unpacked = len(data), 0

    def read(self, size: int, /) -> bytes:
        while self._waiting and not self._decoder.eof:
            try:
                made = self._decoder.decompress(self._waiting, size)
            except zlib.error as error:
                raise UnseenError("archive-damaged") from error
            self._waiting = self._decoder.unconsumed_tail
            if made:
                self._unpacked += len(made)
                self._budget.spend(len(made), self._unpacked, self._packed - len(self._waiting))
                return made
        return b""

    @property
    def behind(self) -> bytes | None:
        """What follows the member; None if its end is not there."""
        return self._decoder.unused_data if self._decoder.eof else None


def leading_members(data: bytes, budget: Budget) -> Iterator[tuple[str, Reads]]:
    """Members of a zip file's beginning, without its directory: each to be read before the next.

    Those that are encrypted are passed over. It ends where a member's head does not say how long it is.

    Raises:
        UnseenError: damaged, or over budget.
    """
    while data.startswith(_MEMBER) and len(data) >= _HEAD.size:
        flags, method, packed, named, extra = _HEAD.unpack_from(data)
        name = data[_HEAD.size : _HEAD.size + named].decode("utf-8", "replace")
        body = data[_HEAD.size + named + extra :]
        if method == zipfile.ZIP_DEFLATED and not flags & 1:
            member = _Inflated(body, budget)
            yield name, member
            while member.read(BLOCK):
                pass
            # A member whose size was not known when it was begun has it behind (APPNOTE 4.3.9): up to 24 bytes.
            data = member.behind or b""
            data = data[max(0, data.find(_MEMBER, 0, _DESCRIPTOR + len(_MEMBER))) :]
        elif flags & _LATER:
            return
        else:
            if method == zipfile.ZIP_STORED and not flags & 1:
                yield name, io.BytesIO(body[:packed])
            data = body[packed:]
