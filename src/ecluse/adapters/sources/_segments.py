r"""HPRIM Santé 2.x and ASTM E1394 as tables: one for each segment type that fields are listed of.

Both write messages from ``H`` to ``L`` in segments whose first field is their name, and declare their delimiters in
``H``: HPRIM ``H|~^\&|`` (component ``~``, repetition ``^``: the reverse of HL7), ASTM ``H|\^&|`` (repetition ``\``,
component ``^``, escape ``&``). **The segment's name is field 1**: the patient's name is ``P-6`` in HPRIM Santé. A line
``A|`` (HPRIM) goes on with the one before, mid-word. Escape sequences are read as HL7's; that they are HPRIM's too was
not verified. A message that cannot be read is set aside whole. Fields: domain.md section 4.
"""

import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.sources._arrow import Bounds, Mask, cut
from ecluse.adapters.sources._charset import Charset
from ecluse.adapters.sources._cuts import Bytes, Delimiters, Stretches, edges, last_at
from ecluse.adapters.sources._field_paths import EVERY, FieldPath, parse
from ecluse.adapters.sources._hl7v2_marks import Marks, unescaped
from ecluse.adapters.sources._reading import Account, Declared, opened
from ecluse.domain.errors import Location, MalformedError, ProfileError
from ecluse.domain.files import FileFormat, FileIntake, SetAside

_BLOCK, _LONGEST = 4 << 20, 64 << 20
_MOST_ASIDE = 100_000
_HEAD = re.compile(rb"(?:(?<=[\r\n])|\A)H(?=[^A-Za-z0-9\s])")
_MARK = re.compile(rb"[!-/:-@\[-`{-~]+")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What tells one format of this family from another."""

    order: str
    """Which delimiters follow the field's in ``H``: (c)omponent, (r)epetition, (e)scape, (s)ubcomponent."""
    levels: Mapping[str, int]
    """Segments that others belong to; each ends those of a higher level."""
    continuation: str
    secret: frozenset[str]
    """Fields that are never mounted (secrets are never exportable, R13)."""


DIALECTS: Mapping[FileFormat, Dialect] = {
    FileFormat.HPRIM_SANTE: Dialect("cres", {"P": 1, "OBR": 2, "OBX": 3}, "A", frozenset({"H-4"})),
    FileFormat.ASTM: Dialect("rce", {"P": 1, "O": 2, "R": 3}, "", frozenset({"H-4"})),
}


@dataclass(slots=True)
class _Run:
    """Readable messages one after the other that share their delimiters."""

    marks: Marks
    texts: list[bytes] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    first: int = 1


class SegmentsReader:
    """The declared files' messages, as ``<name>_<segment>`` tables of text columns."""

    def __init__(self, declared: Declared) -> None:
        """Check the declaration. Raises ProfileError naming the field."""
        self._declared, self._dialect = declared, DIALECTS[declared.file.format]
        self._charset = Charset(declared.file.encoding, declared.file.path)
        self._tables = {
            f"{declared.table}_{name.lower()}": _Table(name, tuple(paths), self._dialect)
            for name, paths in self._declared_paths().items()
        }
        self.tables: Mapping[str, pa.Schema] = {name: table.schema for name, table in self._tables.items()}
        self._intake: FileIntake | None = None

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """A pass over the files. Raises MalformedError."""
        for run in self._runs(Account()):
            lines = _Lines(run, self._charset)
            for name in tables:
                batch = self._tables[name].batch(lines)
                if batch.num_rows:
                    yield name, batch

    def intake(self) -> FileIntake:
        """The account of every byte, by a pass of its own. Raises MalformedError."""
        if self._intake is None:
            account = Account()
            for run in self._runs(account):
                _Lines(run, self._charset).count(self._tables.values(), account)
            self._intake = account.of(self._declared)
        return self._intake

    def _declared_paths(self) -> Mapping[str, list[FieldPath]]:
        where = Location(self._declared.file.path, field="fields")
        found: dict[str, list[FieldPath]] = {}
        for text in self._declared.file.fields:
            path = parse(text)
            if path is None or path.field < 2:  # noqa: PLR2004 - field 1 is the name
                raise ProfileError(f"{text} is no field, as P-6.1 is", location=where)
            if f"{path.segment}-{path.field}" in self._dialect.secret:
                raise ProfileError(f"{text} is a password: secrets are never exported", location=where)
            if path in found.setdefault(path.segment, []):
                raise ProfileError(f"{text} is given twice", location=where)
            found[path.segment].append(path)
        return found

    def _runs(self, account: Account) -> Iterator[_Run]:
        """Runs of some megabytes."""
        run, size = _Run(Marks(-1, -1)), 0
        for number in range(1, len(self._declared.paths) + 1):
            for line, byte, message in self._messages(number, account):
                marks, reason = judged(message, self._dialect, self._charset)
                if marks is None:
                    self._set_aside(account, SetAside(number, line, byte, len(message), reason))
                    continue
                if run.texts and (marks != run.marks or size > _BLOCK):
                    yield run
                    run, size = _Run(marks, first=account.records + 1), 0
                run.marks = marks
                text = joined(message, marks, self._dialect)
                account.structure += len(message) - len(text)
                account.records += 1
                run.texts.append(text)
                run.files.append(number)
                size += len(text)
        if run.texts:
            yield run

    def _set_aside(self, account: Account, aside: SetAside) -> None:
        account.aside.append(aside)
        if len(account.aside) > _MOST_ASIDE:
            where = Location(self._declared.called(aside.file), aside.line)
            raise MalformedError(f"more than {_MOST_ASIDE} messages cannot be read", location=where, hint=aside.reason)

    def _messages(self, number: int, account: Account) -> Iterator[tuple[int, int, bytes]]:
        """Each message's first line, first byte and bytes; what stands before the first one is one too."""
        with opened(self._declared.paths[number - 1], self._declared.called(number)) as source:
            line, byte = 1, source.seek(self._charset.mark(source.read(3), self._declared.called(number)))
            account.structure += byte
            for message in _split(source):
                if message.strip(b"\r\n\x1a "):
                    yield line, byte, message
                else:
                    account.structure += len(message)
                line += message.count(b"\n") or message.count(b"\r")
                byte += len(message)


def segment_rows(
    data: bytes, paths: Mapping[str, tuple[FieldPath, ...]], kind: FileFormat, encoding: str
) -> dict[str, pa.Table] | None:
    """Messages in memory as tables by segment, their text as written, escapes and all; None if one cannot be read."""
    dialect, charset = DIALECTS[kind], Charset(encoding, "")
    tables = {name: _Table(name, each, dialect) for name, each in paths.items()}
    found: dict[str, list[pa.RecordBatch]] = {name: [] for name in paths}
    run = _Run(Marks(-1, -1))
    for message in _split(io.BytesIO(data)) if data else ():
        marks, _ = judged(message, dialect, charset)
        if marks is None or (run.texts and marks != run.marks):
            return None
        run.marks = marks
        run.texts.append(joined(message, marks, dialect))
        run.files.append(1)
    if run.texts:
        lines = _Lines(run, charset, raw=True)
        for name, table in tables.items():
            found[name].append(table.batch(lines))
    return {name: pa.Table.from_batches(each, tables[name].schema) for name, each in found.items()}


def judged(message: bytes, dialect: Dialect, charset: Charset) -> tuple[Marks | None, str]:
    """A message's delimiters, or why it cannot be read."""
    marks = _marks(message, dialect.order)
    if len(message) > _LONGEST:
        return None, "a message that does not end within 64 MiB"
    if marks is None:
        return None, "a message whose H declares no delimiters"
    segments, ending = _shapes(marks.field)
    if not segments.fullmatch(message):
        return None, "a line that is no segment"
    if not ending.search(message):
        return None, "a message without its end (L)"
    return (marks, "") if charset.decodes(message) else (None, "bytes outside the declared encoding")


def joined(message: bytes, marks: Marks, dialect: Dialect) -> bytes:
    """With continuation lines joined to theirs."""
    if not dialect.continuation:
        return message
    begun = re.escape(dialect.continuation.encode() + bytes((marks.field,)))
    return re.sub(rb"(?:\r\n|\r|\n)" + begun, b"", message)


@cache
def _shapes(mark: int) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """What a message of segments looks like, and how one ends; by its field delimiter.

    Nothing is taken back (``++``), or a run of blank lines would be tried from each of its places.
    """
    delimiter = re.escape(bytes((mark,)))
    segment = rb"[A-Z][A-Z0-9]{0,2}(?:" + delimiter + rb"[^\r\n\x00\x1a]*+)?+"
    whole = segment + rb"(?:[\r\n]++" + segment + rb")*+[\r\n]*+(?:\x1a[\r\n]*+)?"
    end = rb"(?:[\r\n]|\A)L(?:" + delimiter + rb"[^\r\n]*)?[\r\n\x1a]*\Z"
    return re.compile(whole), re.compile(end)


def _split(source: BinaryIO) -> Iterator[bytes]:
    """A file's messages. One that grows beyond all bounds is given up to its next beginning."""
    data = b""
    while True:
        read = source.read(_BLOCK)
        data += read
        begins = [found.start() for found in _HEAD.finditer(data)]
        cuts = [begin for begin in begins if begin]
        last = 0
        for begin in cuts if not read else cuts[:-1]:
            yield data[last:begin]
            last = begin
        if not read:
            yield data[last:]
            return
        data = data[last:]
        if len(data) > 4 * _LONGEST:
            raise MalformedError("a message does not end within 256 MiB")


def _marks(message: bytes, order: str) -> Marks | None:
    """Delimiters as ``H`` declares them."""
    field_mark, rest = message[1:2], message[2 : 2 + len(order) + 1]
    if not _MARK.fullmatch(field_mark):
        return None
    declared = rest.split(field_mark)[0].split(b"\r")[0].split(b"\n")[0]
    if len(declared) < 2 or len(set(declared)) != len(declared) or not _MARK.fullmatch(declared):  # noqa: PLR2004
        return None
    each = dict(zip(order, declared, strict=False))
    return Marks(field_mark[0], each["c"], each["r"], each.get("e", -1), each.get("s", -1))


class _Lines:
    """A run's segments, ready to be cut into columns."""

    def __init__(self, run: _Run, charset: Charset, *, raw: bool = False) -> None:
        self.marks, self._charset, self._raw = run.marks, charset, raw
        self.data = b"".join(text if text.endswith((b"\r", b"\n", b"\x1a")) else text + b"\n" for text in run.texts)
        self._added = len(self.data) - sum(map(len, run.texts))
        self.numbers: Bytes = np.frombuffer(self.data + b"\r" * 4, dtype=np.uint8)
        self._buffer = pa.py_buffer(self.data)
        ended = np.isin(self.numbers[: len(self.data)], list(b"\r\n\x1a"))
        self._ended = int(np.count_nonzero(ended))
        begins = np.flatnonzero(~ended & np.concatenate(([True], ended[:-1])))
        stops = np.flatnonzero(ended & np.concatenate(([False], ~ended[:-1])))
        self.at = Stretches.of(begins, stops)
        self.delimiters = Delimiters.of(self.numbers, self.marks)
        names = self.at.part(self.delimiters.fields, 0)
        self.names = names
        self.codes = self._codes(names)
        sizes = np.cumsum([len(t) + (not t.endswith((b"\r", b"\n", b"\x1a"))) for t in run.texts])
        whose = np.searchsorted(sizes, begins, side="right")
        self.messages = whose + run.first
        self.files = np.array(run.files, dtype=np.int64)[whose]
        heads = last_at(np.concatenate(([True], whose[1:] != whose[:-1])))
        self.heads = heads
        self.ranks = np.arange(len(begins)) - heads + 1

    def _codes(self, names: Stretches) -> Bounds:
        length = names.ends - names.begins
        found = np.zeros(len(length), dtype=np.int64)
        for place in range(3):
            there = length > place
            found = np.where(there, found * 256 + self.numbers[np.minimum(names.begins + place, len(self.data))], found)
        return found

    def rows(self, name: str) -> Bounds:
        """Which lines are this segment's."""
        found: Bounds = np.flatnonzero(self.codes == int.from_bytes(name.encode(), "big"))
        return found

    def text(self, at: Stretches) -> pa.Array:
        """The stretches' text; NULL where there is none."""
        found, _ = self._charset.text(cut(self._buffer, at.begins, at.ends))
        found = found if self._raw else unescaped(found, self.marks)
        return found if at.there.all() else pc.if_else(pa.array(at.there), found, pa.scalar(None, pa.string()))

    def parent(self, name: str, ending: Collection[str], rows: Bounds) -> pa.Array:
        """In its message, the place of the segment that each row belongs to, or NULL."""
        last = last_at(self.codes == int.from_bytes(name.encode(), "big"))
        codes = [int.from_bytes(each.encode(), "big") for each in ending]
        ended = np.maximum(last_at(np.isin(self.codes, codes)), self.heads)
        there: Mask = last > ended
        return pa.array(self.ranks[last[rows]], mask=~there[rows])

    def count(self, tables: Collection["_Table"], account: Account) -> None:
        """The bytes of the run: values taken, structure, the rest."""
        size = len(self.data) + 1
        cover = np.zeros(size, dtype=np.int64)
        for table in tables:
            for taken in table.taken(self):
                cover += edges(taken, size)
        mapped = np.cumsum(cover) > 0
        marks = self.delimiters.marked(size)
        heads = self.at.chosen(np.flatnonzero(self.codes == ord("H")))
        declaring = Stretches.of(heads.begins, heads.part(self.delimiters.fields, 1).ends)
        marks |= np.cumsum(edges(self.names, size) + edges(declaring, size)) > 0
        inside = np.cumsum(edges(self.at, size)) > 0
        account.mapped += int(np.count_nonzero(mapped))
        account.structure += int(np.count_nonzero(marks & inside & ~mapped)) + self._ended - self._added
        account.unmapped += int(np.count_nonzero(inside & ~marks & ~mapped))


@dataclass(frozen=True, slots=True)
class _Table:
    """One segment type's table."""

    name: str
    paths: tuple[FieldPath, ...]
    dialect: Dialect
    parents: tuple[str, ...] = field(init=False)
    schema: pa.Schema = field(init=False)

    def __post_init__(self) -> None:
        levels = self.dialect.levels
        level = 0 if self.name == "H" else levels.get(self.name, len(levels) + 1)
        object.__setattr__(self, "parents", tuple(name for name, each in levels.items() if each < level))
        numbers = ["_file", "_message", "_line", *(f"_{name.lower()}" for name in self.parents)]
        columns: list[Any] = [(name, pa.int64()) for name in numbers]
        columns += [(path.column, pa.string()) for path in self.paths]
        object.__setattr__(self, "schema", pa.schema(columns))

    def batch(self, lines: _Lines) -> pa.RecordBatch:
        """The table's rows among ``lines``."""
        rows, levels = lines.rows(self.name), self.dialect.levels
        found = [pa.array(each[rows]) for each in (lines.files, lines.messages, lines.ranks)]
        for parent in self.parents:
            ending = [name for name, each in levels.items() if each < levels[parent]]
            found.append(lines.parent(parent, ending, rows))
        at, delimiters = lines.at.chosen(rows), lines.delimiters
        for path in self.paths:
            whole = at.part(delimiters.fields, path.field - 1)
            if path.repetition == EVERY:
                found.append(delimiters.joined(whole, path, lines.marks.repetition, lines.text))
            else:
                found.append(lines.text(delimiters.part(whole, path)))
        return pa.RecordBatch.from_arrays(found, schema=self.schema)

    def taken(self, lines: _Lines) -> Iterator[Stretches]:
        """The bytes that became values."""
        at = lines.at.chosen(lines.rows(self.name))
        for path in self.paths:
            whole = at.part(lines.delimiters.fields, path.field - 1)
            if path.repetition == EVERY:
                whole, _ = whole.parts(lines.delimiters.repetitions)
            yield lines.delimiters.part(whole, path)
