"""The messages of a block: where each begins, in what delimiters and character set, and which cannot be read.

Everything is found for the whole block at once; Python's own loops go over kinds of messages and over faults only.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from ecluse.adapters.sources._arrow import Bounds, Mask, cut
from ecluse.adapters.sources._cuts import Bytes, Stretches, last_at, places
from ecluse.adapters.sources._hl7v2_blocks import Piece
from ecluse.adapters.sources._hl7v2_marks import ENDS, Marks, charset, defined, marks_of
from ecluse.domain.files import SetAside

_PAD = b"\r" * 16
_KINDS = 256
"""Kinds of messages (delimiters and character set) in one block; no laboratory has so many."""
_CHARSET = 18
_END = np.isin(np.arange(256), list(ENDS))
_ALNUM = np.array([byte < 128 and chr(byte).isalnum() for byte in range(256)])  # noqa: PLR2004
_UPPER = np.isin(np.arange(256), list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
_NAME = _UPPER | np.isin(np.arange(256), list(b"0123456789"))
_NUL, _LF, _FRAMED, _CR, _FRAME_END = 0, 0x0A, 0x0B, 0x0D, 0x1C


def code(name: str) -> int:
    """A segment's name as a number."""
    return int.from_bytes(name.encode(), "big")


_MSH = code("MSH")
_BATCH = [code(name) for name in ("FHS", "BHS", "BTS", "FTS")]
_CONTINUED = [code(name) for name in ("ADD", "DSC")]


@dataclass(frozen=True, slots=True)
class Lines:
    """Segments of readable messages of one kind, in order; all arrays of one length, but ``numbers``."""

    marks: Marks
    data: bytes
    numbers: Bytes
    at: Stretches
    codes: Bounds
    files: Bounds
    messages: Bounds
    """Of all files' messages, from 1."""
    ranks: Bounds
    """In its message, from 1."""


@dataclass
class Block:
    """One block's lines. ``first``: the number that its first message gets."""

    pieces: Sequence[Piece]
    fallback: str
    first: int
    asides: list[SetAside] = field(default_factory=list, init=False)
    ranges_aside: list[tuple[int, int]] = field(default_factory=list, init=False)
    """Where they stand in ``data``."""

    def __post_init__(self) -> None:
        """Find lines, messages, faults."""
        self.data = b"\r".join(piece.data for piece in self.pieces)
        lengths = np.array([len(piece.data) for piece in self.pieces])
        self._starts_of_pieces = np.cumsum(lengths + 1) - lengths - 1
        self.numbers = np.frombuffer(self.data + _PAD, dtype=np.uint8)
        ends = np.append(np.flatnonzero(_END[self.numbers[: len(self.data)]]), len(self.data))
        starts = np.append(0, ends[:-1] + 1)
        filled = ends > starts
        self.starts, self.ends = starts[filled], ends[filled]
        self.codes = self._bytes(0) << 16 | self._bytes(1) << 8 | self._bytes(2)
        self._gather()
        self._kinds: dict[int, Marks] = {}
        self._why: dict[int, tuple[int, str]] = {}
        if self.count:
            self._read_headers()
            self._find_faults()
        self._set_aside()

    @property
    def count(self) -> int:
        """Messages that begin in the block."""
        return len(self.heads)

    @property
    def readable(self) -> int:
        """Those of them that are not set aside."""
        return self.count - len(self._why)

    def kinds(self) -> Iterator[Lines]:
        """The readable messages' lines, by kind."""
        whole = not self._why
        good = np.ones(self.count, dtype=np.bool_)
        good[list(self._why)] = False
        for kind, marks in self._kinds.items():
            chosen = good & (self._kind == kind)
            if not chosen.any():
                continue
            lines = np.flatnonzero(self._in_message & chosen[self._message])
            if whole and len(self._kinds) == 1:
                data, numbers, moved = self.data, self.numbers, np.zeros(self.count, dtype=np.int64)
            else:
                data, moved = self._compact(chosen)
                numbers = np.frombuffer(data, dtype=np.uint8)
            message = self._message[lines]
            at = Stretches.of(self.starts[lines] + moved[message], self.ends[lines] + moved[message])
            head = self.heads[message]
            files = self._file_of(self.starts[head])
            codes = self.codes[lines]
            yield Lines(marks, data, numbers, at, codes, files, self.first + message, lines - head + 1)

    def outside(self) -> tuple[Bounds, Bounds]:
        """Lines that belong to no message: those of batches (FHS, BHS, BTS, FTS), which are no one's fields."""
        lines = np.flatnonzero(self._batch)
        return self.starts[lines], self.ends[lines]

    def _bytes(self, place: int) -> Bounds:
        found: Bounds = self.numbers[self.starts + place].astype(np.int64)
        return found

    def _file_of(self, places_: Bounds) -> Bounds:
        piece = np.searchsorted(self._starts_of_pieces, places_, "right") - 1
        found: Bounds = np.array([each.file for each in self.pieces], dtype=np.int64)[piece]
        return found

    def _gather(self) -> None:
        """Which line is of which message; a file's end and a batch's segments end the message before."""
        fourth = self.numbers[self.starts + 3]
        msh = (self.codes == _MSH) & ~_ALNUM[fourth] & ~_END[fourth]
        self._batch = np.isin(self.codes, _BATCH) & ~_ALNUM[fourth]
        files = self._file_of(self.starts)
        other = np.append(True, files[1:] != files[:-1])[: len(files)]
        last = last_at(msh)
        self._in_message = (last >= 0) & (last >= last_at(self._batch | other))
        self._message = np.maximum(np.cumsum(msh) - 1, 0)
        self.heads = np.flatnonzero(msh)
        rank = np.arange(len(self.starts))
        self._tails = np.zeros(self.count, dtype=np.int64)
        np.maximum.at(self._tails, self._message[self._in_message], rank[self._in_message])

    def _read_headers(self) -> None:
        """Delimiters and character set of each message, and by them its kind."""
        begins, ends = self.starts[self.heads], self.ends[self.heads]
        near = self.numbers[begins[:, None] + np.arange(3, 10)]
        stop = (near == near[:, :1]) | _END[near]
        stop[:, 0] = False
        known = stop.any(axis=1)
        length = np.where(known, np.argmax(stop, axis=1), 7)
        near = np.where(np.arange(7) < length[:, None], near, 0).astype(np.int64)
        heads, which = np.unique(near @ (256 ** np.arange(7, dtype=np.int64)), return_inverse=True)
        self._kind = np.full(self.count, -1, dtype=np.int64)
        found = [marks_of(int(head).to_bytes(7, "little").rstrip(b"\0")) for head in heads]
        at = Stretches.of(begins, ends)
        for mark in {marks.field for marks in found if marks}:
            mine = np.flatnonzero(near[:, 0] == mark)
            text = at.chosen(mine).part(places(self.numbers, mark), _CHARSET - 1)
            texts = cut(pa.py_buffer(self.data), text.begins, text.ends).dictionary_encode()
            names = texts.dictionary.to_pylist()
            pairs, whose = np.unique(which[mine] * len(names) + texts.indices.to_numpy(), return_inverse=True)
            kinds = [self._new_kind(found[pair // len(names)], names[pair % len(names)]) for pair in pairs.tolist()]
            self._kind[mine] = np.array(kinds, dtype=np.int64)[whose]
        for message in np.flatnonzero(self._kind < 0).tolist():
            why = {-1: "MSH-1 and MSH-2 are no delimiters", -2: "MSH-18 names a character set that is not read"}.get(
                int(self._kind[message]), f"more than {_KINDS} kinds of delimiters within a block"
            )
            self._fault(message, int(self.heads[message]), why)

    def _new_kind(self, marks: Marks | None, text: bytes) -> int:
        if marks is None:
            return -1
        codec = charset(text, marks.repetition, self.fallback)
        if codec is None:
            return -2
        if len(self._kinds) == _KINDS:
            return -3
        kind = Marks(marks.field, marks.component, marks.repetition, marks.escape, marks.subcomponent, codec)
        for number, known in self._kinds.items():
            if known == kind:
                return number
        self._kinds[len(self._kinds)] = kind
        return len(self._kinds) - 1

    def _find_faults(self) -> None:
        """What makes a message unreadable; of several, the first line's counts."""
        lines = np.flatnonzero(self._in_message)
        message = self._message[lines]
        field_mark = self.numbers[self.starts[self.heads] + 3][message]
        starts, ends = self.starts[lines], self.ends[lines]
        first, second, third, fourth = (self.numbers[starts + place] for place in range(4))
        named = (ends - starts >= 3) & _UPPER[first] & _NAME[second] & _NAME[third]  # noqa: PLR2004
        named &= (self.codes[lines] != _MSH) | (lines == self.heads[message])
        self._faults(lines[~(named & ((ends - starts == 3) | (fourth == field_mark)))], "a line that is no segment")  # noqa: PLR2004
        continued = np.isin(self.codes[lines], _CONTINUED) & (ends - starts > 3)  # noqa: PLR2004
        self._faults(lines[continued], "a message in several parts (ADD, DSC)")
        begins = self.starts[self.heads]
        framed = np.flatnonzero(self.numbers[np.maximum(begins - 1, 0)] == _FRAMED)
        closed = Stretches.of(begins, np.append(begins[1:], len(self.data)))
        count = closed.part(places(self.numbers[: len(self.data)], _FRAME_END), 1).there
        self._faults(self.heads[framed[~count[framed]]], "an MLLP frame that does not end")
        self._bytes_at(np.flatnonzero(self.numbers[: len(self.data)] == _NUL), "a NUL byte")
        for kind, marks in self._kinds.items():
            self._check_text(kind, marks.codec)

    def _check_text(self, kind: int, codec: str) -> None:
        if self.data.isascii():
            return
        words = f"bytes that are no {codec}: is MSH-18, or the declared encoding, right?"
        if codec == "utf-8":
            with contextlib.suppress(UnicodeDecodeError):
                self.data.decode()
                return
            for message in np.flatnonzero(self._kind == kind).tolist():
                begin, end = int(self.starts[self.heads[message]]), int(self.ends[self._tails[message]])
                try:
                    self.data[begin:end].decode()
                except UnicodeDecodeError as error:
                    self._bytes_at(np.array([begin + error.start]), words)
            return
        bad = np.flatnonzero(~defined(codec)[self.numbers[: len(self.data)]])
        if len(bad):
            self._bytes_at(bad, words, kind)

    def _bytes_at(self, found: Bounds, why: str, kind: int | None = None) -> None:
        line = np.searchsorted(self.starts, found, "right") - 1
        line = line[line >= 0]
        line = line[self._in_message[line]]
        if kind is not None:
            line = line[self._kind[self._message[line]] == kind]
        self._faults(line, why)

    def _faults(self, lines: Bounds, why: str) -> None:
        """One fault a message: its first line's."""
        messages, first = np.unique(self._message[lines], return_index=True)
        for message, line in zip(messages.tolist(), lines[first].tolist(), strict=True):
            self._fault(message, line, why)

    def _fault(self, message: int, line: int, why: str) -> None:
        if message not in self._why or line < self._why[message][0]:
            self._why[message] = (line, why)

    def _set_aside(self) -> None:
        for message, (line, why) in self._why.items():
            begin, end = int(self.starts[self.heads[message]]), int(self.ends[self._tails[message]])
            self._aside(begin, end, int(self.starts[line]), why)
        stray = ~self._in_message & ~self._batch
        files = self._file_of(self.starts)
        goes_on = stray[1:] & stray[:-1] & (files[1:] == files[:-1])
        begins = np.flatnonzero(stray & ~np.append(False, goes_on)[: len(stray)])
        ends = np.flatnonzero(stray & ~np.append(goes_on, False)[: len(stray)])
        for first, last in zip(begins.tolist(), ends.tolist(), strict=True):
            begin = int(self.starts[first])
            self._aside(begin, int(self.ends[last]), begin, "text outside a message")
        self.asides.sort(key=lambda each: (each.file, each.byte))

    @cached_property
    def _breaks(self) -> Bounds:
        """Where lines end: CR, LF, or the LF of both together."""
        ends = self.numbers[: len(self.data)]
        broken = (ends == _CR) | (ends == _LF)
        both = (ends[1:] == _LF) & (ends[:-1] == _CR)
        broken[:-1] &= ~both
        broken[self._starts_of_pieces[1:] - 1] = True
        found: Bounds = np.flatnonzero(broken)
        return found

    def _aside(self, begin: int, end: int, fault: int, why: str) -> None:
        number = int(np.searchsorted(self._starts_of_pieces, begin, "right")) - 1
        piece, base = self.pieces[number], int(self._starts_of_pieces[number])
        line = piece.line + int(np.subtract(*np.searchsorted(self._breaks, (fault, base))))
        self.ranges_aside.append((begin, end))
        self.asides.append(SetAside(piece.file, line, piece.byte + begin - base, end - begin, why))

    def _compact(self, chosen: Mask) -> tuple[bytes, Bounds]:
        """The chosen messages' bytes alone, and by how much each has moved."""
        begins, ends = self.starts[self.heads], self.ends[self._tails]
        mine = np.flatnonzero(chosen)
        lengths = ends[mine] - begins[mine] + 1
        moved = np.zeros(self.count, dtype=np.int64)
        moved[mine] = np.cumsum(lengths) - lengths - begins[mine]
        parts = [self.data[b:e] for b, e in zip(begins[mine].tolist(), ends[mine].tolist(), strict=True)]
        return b"\r".join(parts), moved
