"""HL7 v2 (2.3 to 2.5; ORU, ORM, ADT and their like) as tables: one for each segment type that fields are listed of.

A message's delimiters and character set are its own (MSH-1, MSH-2, MSH-18). Values come decoded, their escape sequences
read; ``""``, the explicit null, stays as written; an empty field is an empty text, one beyond its segment's end is
NULL. A message that cannot be read is set aside whole.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from ecluse.adapters.sources._arrow import Bounds, cut
from ecluse.adapters.sources._charset import codec_over_ascii
from ecluse.adapters.sources._cuts import Delimiters, Stretches, edges, last_at
from ecluse.adapters.sources._field_paths import EVERY, FieldPath, by_segment
from ecluse.adapters.sources._hl7v2_blocks import Blocks, Piece
from ecluse.adapters.sources._hl7v2_marks import ENDS, unescaped, widths
from ecluse.adapters.sources._hl7v2_messages import Block, Lines, code
from ecluse.adapters.sources._reading import Account, Declared
from ecluse.domain.errors import Location, MalformedError, ProfileError
from ecluse.domain.files import FileIntake, SetAside

_LEVELS: Mapping[str, int] = {"PID": 1, "PV1": 2, "ORC": 3, "OBR": 4, "SPM": 5, "OBX": 6}
"""Segments that others belong to. Each ends those of a higher level: an OBR's comments are not of the OBX before."""
_MOST_ASIDE = 100_000
_DECLARING = 2  # MSH-1 and MSH-2 declare the delimiters, and are not parted by them


class Hl7v2Reader:
    """The declared files' messages, as ``<name>_<segment>`` tables of text columns."""

    def __init__(self, declared: Declared) -> None:
        """Check the declaration. Raises ProfileError naming the field."""
        self._declared = declared
        name = declared.file.path
        self._fallback = ""
        if declared.file.encoding:
            codec = codec_over_ascii(declared.file.encoding)
            if codec is None:
                raise ProfileError(
                    "messages are in UTF-8, or in one byte a character", location=Location(name, field="encoding")
                )
            self._fallback = codec
        paths = by_segment(declared.file.fields, name, 3)
        for path in paths.get("MSH", ()):
            if path.field <= _DECLARING and (path.component or path.repetition):
                raise ProfileError("MSH-1 and MSH-2 have no parts", location=Location(name, field="fields"))
        self._segments = {
            f"{declared.table}_{segment.lower()}": _Segment(segment, each) for segment, each in paths.items()
        }
        self.tables: Mapping[str, pa.Schema] = {table: segment.schema for table, segment in self._segments.items()}
        self._intake: FileIntake | None = None

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """A pass over the files. Raises MalformedError."""
        for block in self._blocks(lambda _: None):
            for lines in block.kinds():
                values = _Values(lines)
                for table in tables:
                    batch = self._segments[table].batch(values)
                    if batch.num_rows:
                        yield table, batch

    def intake(self) -> FileIntake:
        """The account of every byte, by a pass of its own. Raises MalformedError."""
        if self._intake is None:
            self._intake = self._counted()
        return self._intake

    def _counted(self) -> FileIntake:
        account = _Sums()
        blocks = Blocks(self._declared, account.aside.append)
        for block in self._of(blocks):
            account.aside += block.asides
            account.records += block.readable
            account.add_block(block)
            for lines in block.kinds():
                account.add(_Values(lines), self._segments.values())
        account.aside.sort(key=lambda each: (each.file, each.byte))
        account.structure += blocks.bom
        return account.of(self._declared)

    def _blocks(self, aside: Callable[[SetAside], None]) -> Iterator[Block]:
        return self._of(Blocks(self._declared, aside))

    def _of(self, blocks: Blocks) -> Iterator[Block]:
        first, aside = 1, 0
        earliest: SetAside | None = None
        for pieces in blocks:
            block = Block(pieces, self._fallback, first)
            first += block.count
            aside += len(block.asides)
            earliest = earliest or next(iter(block.asides), None)
            if earliest is not None and aside > _MOST_ASIDE:
                raise MalformedError(
                    f"more than {_MOST_ASIDE} messages cannot be read",
                    location=Location(self._declared.called(earliest.file), earliest.line),
                    hint=f"the first: {earliest.reason}",
                )
            yield block


def segment_rows(data: bytes, paths: Mapping[str, tuple[FieldPath, ...]]) -> dict[str, pa.Table] | None:
    """Messages in memory as tables by segment, their text as written, escapes and all; None if one cannot be read."""
    block = Block([Piece(1, 0, 1, data)], "utf-8", 1)
    if block.asides:
        return None
    segments = {name: _Segment(name, each, raw=True) for name, each in paths.items()}
    found: dict[str, list[pa.RecordBatch]] = {name: [] for name in paths}
    for lines in block.kinds():
        values = _Values(lines)
        for name, segment in segments.items():
            found[name].append(segment.batch(values))
    return {name: pa.Table.from_batches(each, segments[name].schema) for name, each in found.items()}


class _Values:
    """One kind's lines, ready to be cut into columns."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        marks = lines.marks
        self.delimiters = Delimiters.of(lines.numbers, marks)
        self._text, self._moved = pa.py_buffer(lines.data), None
        if marks.codec not in ("ascii", "utf-8") and not lines.data.isascii():
            numbers = lines.numbers[: len(lines.data)]
            self._moved = np.append(0, np.cumsum(widths(marks.codec)[numbers]))
            self._text = pa.py_buffer(lines.data.decode(marks.codec, "replace").encode())

    def rows(self, segment: str) -> Bounds:
        """Which lines are this segment's."""
        found: Bounds = np.flatnonzero(self.lines.codes == code(segment))
        return found

    def field_of(self, at: Stretches, segment: str, number: int) -> Stretches:
        """A field whole. MSH-1 is the separator itself, so that MSH's others stand one place earlier."""
        if segment != "MSH":
            return at.part(self.delimiters.fields, number)
        if number == 1:
            return Stretches.of(at.begins + 3, at.begins + 4)
        return at.part(self.delimiters.fields, number - 1)

    def text(self, at: Stretches, *, raw: bool = False) -> pa.Array:
        """The stretches' text; NULL where there is none."""
        begins, ends = at.begins, at.ends
        if self._moved is not None:
            begins, ends = self._moved[begins], self._moved[ends]
        found = cut(self._text, begins, ends, None if at.there.all() else ~at.there).view(pa.string())
        return found if raw else unescaped(found, self.lines.marks)

    def parent(self, segment: str, rows: Bounds) -> pa.Array:
        """In its message, the place of the ``segment`` that each row belongs to, or NULL."""
        codes, level = self.lines.codes, _LEVELS[segment]
        last = last_at(codes == code(segment))
        ending = ["MSH", *(name for name, each in _LEVELS.items() if each < level)]
        there = last > last_at(np.isin(codes, [code(name) for name in ending]))
        return pa.array(self.lines.ranks[last[rows]], mask=~there[rows])


@dataclass(frozen=True, slots=True)
class _Segment:
    """One segment type's table."""

    name: str
    paths: tuple[FieldPath, ...]
    raw: bool = False
    """Whether escapes stay."""
    parents: tuple[str, ...] = field(init=False)
    schema: pa.Schema = field(init=False)

    def __post_init__(self) -> None:
        level = 0 if self.name == "MSH" else _LEVELS.get(self.name, len(_LEVELS) + 1)
        object.__setattr__(self, "parents", tuple(name for name, each in _LEVELS.items() if each < level))
        numbers = ["_file", "_message", "_line", *(f"_{name.lower()}" for name in self.parents)]
        columns = [(name, pa.int64()) for name in numbers] + [(path.column, pa.string()) for path in self.paths]
        object.__setattr__(self, "schema", pa.schema(columns))

    def batch(self, values: _Values) -> pa.RecordBatch:
        """The table's rows among ``values``."""
        lines, rows = values.lines, values.rows(self.name)
        found = [pa.array(each[rows]) for each in (lines.files, lines.messages, lines.ranks)]
        found += [values.parent(name, rows) for name in self.parents]
        at = lines.at.chosen(rows)
        fields: dict[int, Stretches] = {}
        for path in self.paths:
            whole = fields.get(path.field)
            if whole is None:
                whole = fields[path.field] = values.field_of(at, self.name, path.field)
            if path.repetition == EVERY:
                found.append(values.delimiters.joined(whole, path, lines.marks.repetition, values.text))
            else:
                raw = self.raw or (self.name == "MSH" and path.field <= _DECLARING)
                found.append(values.text(values.delimiters.part(whole, path), raw=raw))
        return pa.RecordBatch.from_arrays(found, schema=self.schema)

    def taken(self, values: _Values) -> Iterator[Stretches]:
        """The bytes that became values."""
        at = values.lines.at.chosen(values.rows(self.name))
        for path in self.paths:
            whole = values.field_of(at, self.name, path.field)
            if path.repetition == EVERY:
                whole, _ = whole.parts(values.delimiters.repetitions)
            yield values.delimiters.part(whole, path)


@dataclass
class _Sums(Account):
    """The account of a pass."""

    def add_block(self, block: Block) -> None:
        """What is of no readable message: ends of segments, batches' own segments."""
        begins, ends = block.outside()
        self.unmapped += int((ends - begins).sum())
        found = np.flatnonzero(np.isin(block.numbers[: len(block.data)], list(ENDS)))
        bounds = np.array(block.ranges_aside, dtype=np.int64).reshape(-1, 2)
        within = np.searchsorted(found, bounds[:, 1]) - np.searchsorted(found, bounds[:, 0])
        self.structure += len(found) - int(within.sum()) - (len(block.pieces) - 1)

    def add(self, values: _Values, segments: Collection[_Segment]) -> None:
        """One kind's segments: values taken, delimiters and names, the rest."""
        lines = values.lines
        size = len(lines.data) + 1
        cover = np.zeros(size, dtype=np.int64)
        for segment in segments:
            for taken in segment.taken(values):
                cover += edges(taken, size)
        mapped = np.cumsum(cover) > 0
        inside = np.cumsum(edges(lines.at, size)) > 0
        named = Stretches.of(lines.at.begins, lines.at.begins + 3)
        heads = lines.at.chosen(values.rows("MSH"))
        declaring = Stretches.of(heads.begins, heads.part(values.delimiters.fields, 1).ends)
        marks = values.delimiters.marked(size)
        marks |= np.cumsum(edges(named, size) + edges(declaring, size)) > 0
        self.mapped += int(np.count_nonzero(mapped))
        self.structure += int(np.count_nonzero(marks & inside & ~mapped))
        self.unmapped += int(np.count_nonzero(inside & ~marks & ~mapped))
