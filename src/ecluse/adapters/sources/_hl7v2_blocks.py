"""Files of HL7 v2 messages, a block of bytes at a time: several small files, or a part of a large one.

A block ends where a message does. A message longer than ``LONGEST`` is set aside without being held.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from ecluse.adapters.sources._hl7v2_marks import ENDS
from ecluse.adapters.sources._reading import Declared, opened
from ecluse.domain.files import SetAside

BLOCK = 4 << 20
LONGEST = 64 << 20
_BOM = b"\xef\xbb\xbf"
# a header segment: at a line's start, and its separator is there
_HEADER = re.compile(rb"[\r\n\x0b\x1c]MSH[^0-9A-Za-z\r\n\x0b\x1c]")
_TAIL = 4  # bytes that may be a header's beginning


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file within a block. ``byte`` and ``line``: where it begins in the file (from 0, from 1)."""

    file: int
    byte: int
    line: int
    data: bytes


@dataclass
class Blocks:
    """One pass over all files. ``aside`` is told of messages too long to be held; ``bom`` counts byte order marks."""

    declared: Declared
    aside: Callable[[SetAside], None]
    bom: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[list[Piece]]:
        """Lists of pieces; a file's next piece begins with a message. Raises MalformedError."""
        held: list[Piece] = []
        size = 0
        for number, path in enumerate(self.declared.paths, 1):
            with opened(path, self.declared.called(number)) as source:
                for piece in self._pieces(source, number):
                    held.append(piece)
                    size += len(piece.data)
                    if size >= BLOCK:
                        yield held
                        held, size = [], 0
        if held:
            yield held

    def _pieces(self, source: BinaryIO, number: int) -> Iterator[Piece]:
        rest = source.read(max(BLOCK, len(_BOM)))
        byte, line = 0, 1
        if rest.startswith(_BOM):
            rest, byte = rest[len(_BOM) :], len(_BOM)
            self.bom += len(_BOM)
        last = False
        while not last:
            read = source.read(BLOCK)
            last = not read
            # a message that ends with the file is whole; another may go on in what was just read
            data = rest + read
            whole = len(data) if last else last_header(data)
            if whole:
                yield Piece(number, byte, line, data[:whole])
            byte, line, rest = byte + whole, line + lines_in(data, whole), data[whole:]
            if len(rest) > LONGEST:
                skipped, lines, rest = _skipped(source, rest)
                self.aside(SetAside(number, line, byte, skipped, f"no message ends within {LONGEST >> 20} MiB"))
                byte, line = byte + skipped, line + lines


def last_header(data: bytes) -> int:
    """Where the last message begins, if it is not the first of ``data``; else 0."""
    end = len(data)
    while (place := data.rfind(b"MSH", 0, end)) > 0:
        if _HEADER.match(data, place - 1):
            return place - _framed(data, place)
        end = place + 2
    return 0


def _framed(data: bytes, place: int) -> bool:
    """Whether an MLLP frame's first byte stands before: it goes with its message."""
    return data[place - 1] == ENDS[2]


def lines_in(data: bytes, stop: int) -> int:
    """Ends of lines before ``stop``: CR, LF, or both together."""
    return data.count(b"\r", 0, stop) + data.count(b"\n", 0, stop) - data.count(b"\r\n", 0, stop)


def _skipped(source: BinaryIO, data: bytes) -> tuple[int, int, bytes]:
    """Bytes and lines until the next message begins, and what was read of it."""
    skipped = lines = 0
    begin = 2  # past the message's own header
    while True:
        found = _HEADER.search(data, begin)
        begin = 0
        read = b"" if found else source.read(BLOCK)
        done = len(data) - _TAIL if read else len(data)
        if found:
            done = found.start() + 1 - _framed(data, found.start() + 1)
        if not found and data[done - 1 : done + 1] == b"\r\n":
            done -= 1  # a line's end is not cut in two
        skipped, lines, data = skipped + done, lines + lines_in(data, done), data[done:] + read
        if found or not read:
            return skipped, lines, data
