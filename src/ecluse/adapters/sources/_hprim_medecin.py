"""HPRIM Médecin (3.0 of 1997, as parsers of it read it): a laboratory's mail to a physician, header, text and results.

A report is twelve header lines, free text, and after ``****LAB****`` lines ``TEX|`` and ``RES|``, up to
``****FIN****``; ``****FINFICHIER****`` ends the file. As fields: ``HDR-1`` to ``HDR-12`` (a row for each report),
``TXT-1`` (its free text whole, to which a thirteenth header line, which some senders write, belongs), ``TEX-2``, and
``RES-2`` to ``RES-14`` (a row for each line; the name of the line is field 1; what a sender adds
stands behind). The text and the ``RES`` lines tell the
same twice: take one.

A report that cannot be read is set aside whole. Fields: domain.md section 4 (H13 to H15; the official specification was
not at hand).
"""

import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa

from ecluse.adapters.sources._charset import Charset
from ecluse.adapters.sources._field_paths import FieldPath, by_segment
from ecluse.adapters.sources._reading import Account, CountedInPassing, Declared, opened
from ecluse.domain.errors import Location, ProfileError
from ecluse.domain.files import SetAside

_LAB, _END, _LAST = b"****LAB****", b"****FIN****", b"****FINFICHIER****"
_HEADERS = 12
_LINE, _REPORT = 1 << 20, 16 << 20
_ROWS = 10_000
_DATE = re.compile(rb"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}(?:[0-9]{2})?|[0-9]{8}|[0-9]{6}")
_MOST_FIELDS = 60
_FIELDS: Mapping[str, tuple[int, int]] = {"HDR": (1, _HEADERS), "TXT": (1, 1), "TEX": (2, 2), "RES": (2, _MOST_FIELDS)}


@dataclass(frozen=True, slots=True)
class _Line:
    """One line: its text without its end, and the bytes of the end."""

    text: bytes
    end: int


@dataclass(slots=True)
class _Report:
    """One report as it stands in its file."""

    file: int
    line: int
    byte: int
    lines: list[_Line] = field(default_factory=list)
    size: int = 0
    reason: str = ""


def report_rows(data: bytes, paths: Mapping[str, Sequence[FieldPath]], encoding: str) -> dict[str, pa.Table] | None:
    """Reports in memory as tables by line's name (``HDR``, ``TEX``, ``RES``); None if one cannot be read."""
    charset, account = Charset(encoding, ""), Account()
    rows: dict[str, list[list[Any]]] = {name: [] for name in paths}
    for report in _split(io.BytesIO(data), 1, 0, account):
        if report.reason or _aligned(report, account) or _unreadable(report, charset):
            return None
        account.records += 1
        for name, row in _rows(report, account.records, paths, paths):
            rows[name].append(row)
    made = {}
    for name, each in paths.items():
        columns: list[Sequence[Any]] = list(zip(*rows[name], strict=True)) or [() for _ in range(3 + len(each))]
        numbers = [pa.array(column, pa.int64()) for column in columns[:3]]
        texts = [charset.text(pa.array(column, pa.binary()))[0] for column in columns[3:]]
        names = ["_file", "_message", "_line", *(path.column for path in each)]
        made[name] = pa.table([*numbers, *texts], names=names)
    return made


class HprimMedecinReader(CountedInPassing):
    """The declared files' reports as tables ``<name>_hdr``, ``_txt``, ``_tex``, ``_res``."""

    def __init__(self, declared: Declared) -> None:
        """Check the declaration. Raises ProfileError naming the field."""
        self._declared = declared
        name = declared.file.path
        self._charset = Charset(declared.file.encoding, name)
        self._paths = by_segment(declared.file.fields, name, 3)
        for path in (path for paths in self._paths.values() for path in paths):
            low, high = _FIELDS.get(path.segment, (1, 0))
            if not low <= path.field <= high or path.component or path.repetition:
                known = ", ".join(f"{each}-{a} to {each}-{b}" for each, (a, b) in _FIELDS.items())
                where = Location(name, field="fields")
                raise ProfileError(f"{path.segment}-{path.field} is none of {known}", location=where)
        numbers = [(each, pa.int64()) for each in ("_file", "_message", "_line")]
        self.tables: Mapping[str, pa.Schema] = {
            f"{declared.table}_{segment.lower()}": pa.schema(
                [*numbers, *((path.column, pa.string()) for path in paths)]
            )
            for segment, paths in self._paths.items()
        }

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """A pass over the files. Raises MalformedError."""
        wanted = {name.rpartition("_")[2].upper(): name for name in tables}
        account = Account()
        rows: dict[str, list[Sequence[Any]]] = {segment: [] for segment in wanted}
        for report in self._reports(account):
            account.records += 1
            for segment, row in _rows(report, account.records, self._paths, wanted):
                rows[segment].append(row)
            for segment, made in rows.items():
                if len(made) >= _ROWS:
                    yield from self._batch(wanted[segment], made)
                    made.clear()
        for segment, made in rows.items():
            yield from self._batch(wanted[segment], made)
        self._intake = account.of(self._declared)

    def _batch(self, name: str, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, pa.RecordBatch]]:
        if not rows:
            return
        schema = self.tables[name]
        columns = []
        for kind, values in zip(schema, zip(*rows, strict=True), strict=True):
            if kind.type == pa.string():
                text, _ = self._charset.text(pa.array(values, pa.binary()))
                columns.append(text)
            else:
                columns.append(pa.array(values, kind.type))
        yield name, pa.RecordBatch.from_arrays(columns, schema=schema)

    def _reports(self, account: Account) -> Iterator[_Report]:
        for number in range(1, len(self._declared.paths) + 1):
            with opened(self._declared.paths[number - 1], self._declared.called(number)) as source:
                mark = source.seek(self._charset.mark(source.read(3), self._declared.called(number)))
                account.structure += mark
                for report in _split(source, number, mark, account):
                    reason = report.reason or _aligned(report, account) or _unreadable(report, self._charset)
                    if reason:
                        account.aside.append(SetAside(number, report.line, report.byte, report.size, reason))
                        account.bounded(self._declared)
                        continue
                    self._count(report, account)
                    yield report

    def _count(self, report: _Report, account: Account) -> None:
        """The bytes of a readable report: the columns' values, structure, the rest."""
        took = {segment: {path.field for path in paths} for segment, paths in self._paths.items()}
        mapped = structure = 0
        for place, line in enumerate(report.lines[:_HEADERS], 1):
            mapped += len(line.text) if place in took.get("HDR", ()) else 0
        text = _text_lines(report.lines)
        mapped += sum(len(line.text) for line in text) if "TXT" in took else 0
        for line in _after_lab(report.lines):
            segment = line.text[:3].decode("ascii", "replace")
            parts = line.text.split(b"|") if segment == "RES" else line.text.split(b"|", 1)
            structure += len(line.text) - sum(map(len, parts[1:]))
            mapped += sum(len(parts[number - 1]) for number in took.get(segment, ()) if number <= len(parts))
        marks = {_lab(report.lines), len(report.lines) - 1}
        structure += sum(len(report.lines[place].text) for place in marks)
        structure += sum(line.end for line in report.lines)
        account.mapped += mapped
        account.structure += structure
        account.unmapped += report.size - mapped - structure


def _lines(source: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Each line without its end, and its size with it; of one above 1 MiB the beginning alone."""
    while raw := source.readline(_LINE):
        # DOS's end mark is one in a file's last line alone; before a line's end it is a value's
        text, size = raw.rstrip(b"\r\n" if raw.endswith(b"\n") else b"\r\n\x1a"), len(raw)
        while not raw.endswith(b"\n") and (raw := source.readline(_LINE)):
            size += len(raw)
        yield text, size


def _unreadable(report: _Report, charset: Charset) -> str:
    if report.lines[-1].text.strip() != _END:
        return "a report without its end"
    _, bad = charset.text(pa.array([line.text for line in report.lines], pa.binary()))
    if bad.any():
        return "bytes outside the declared encoding"
    results = _after_lab(report.lines)
    if any(line.text[:3] not in {b"TEX", b"RES", b""} or line.text[3:4] not in {b"|", b""} for line in results):
        return "a line after LAB that is neither TEX nor RES"
    return ""


def _split(source: BinaryIO, number: int, byte: int, account: Account) -> Iterator[_Report]:
    """The reports of a file from ``byte`` on. Blank lines between them and the file's last line are structure."""
    line = 1
    report: _Report | None = None
    for text, size in _lines(source):
        if report is None and text.strip() == _LAST and size <= _LINE:
            account.structure += size
        else:
            report = report or _Report(number, line, byte)
            report.size += size
            if size > _LINE:
                report.reason = "a line of more than 1 MiB"
            elif report.size > _REPORT:
                report.reason, report.lines = "a report that does not end within 16 MiB", []
            elif text.strip() == _LAST and (report.reason or any(each.text.strip() for each in report.lines)):
                report.reason = report.reason or "a report without its end"
            elif text.strip() == _LAST:
                account.structure += report.size
                report = None
            else:
                report.lines.append(_Line(text, size - len(text)))
            if report is not None and size <= _LINE and text.strip() in {_END, _LAST}:
                yield report
                report = None
        byte += size
        line += 1
    if report is not None and not any(line.text.strip() for line in report.lines) and not report.reason:
        account.structure += report.size
    elif report is not None:
        yield report


def _aligned(report: _Report, account: Account) -> str:
    """Find the header's first line: blank lines may stand before a report, and its first line may be blank itself.

    The dates of birth (line 7) and of the request (line 10) tell. Returns why it cannot be told.
    """
    lines = [line.text for line in report.lines]
    blank = next((place for place, text in enumerate(lines) if text.strip()), len(lines))
    whole = [
        begin for begin in range(blank + 1)
        if len(lines) - begin > _HEADERS and not any(t.startswith(b"****") for t in lines[begin : begin + _HEADERS])
    ]  # fmt: skip
    fits = [begin for begin in whole if _dated(lines, begin)]
    if not whole:
        return "a report with fewer than twelve header lines"
    if not fits:
        return "a header whose dates are not in their places"
    if len(fits) > 1:
        return "a header that may begin at several lines"
    skipped = sum(len(line.text) + line.end for line in report.lines[: fits[0]])
    account.structure += skipped
    report.size -= skipped
    del report.lines[: fits[0]]
    return ""


def _dated(lines: Sequence[bytes], begin: int) -> bool:
    at = (begin + 6, begin + 9)
    birth, request = (lines[place].strip() if place < len(lines) else b"?" for place in at)
    return all(not text or _DATE.fullmatch(text) for text in (birth, request))


def _lab(lines: Sequence[_Line]) -> int:
    """Where the results begin; the report's last line when it has none."""
    for place, line in enumerate(lines):
        if place >= _HEADERS and line.text.strip() == _LAB:
            return place
    return len(lines) - 1


def _text_lines(lines: Sequence[_Line]) -> Sequence[_Line]:
    return lines[_HEADERS : _lab(lines)]


def _after_lab(lines: Sequence[_Line]) -> Sequence[_Line]:
    return lines[_lab(lines) + 1 : -1]


def _rows(
    report: _Report, message: int, paths: Mapping[str, Sequence[FieldPath]], wanted: Collection[str]
) -> Iterator[tuple[str, list[Any]]]:
    """A report's rows, bytes still undecoded; ``_line`` counts the report's lines from 1."""
    head = (report.file, message)
    if "HDR" in wanted:
        yield "HDR", [*head, 1, *(report.lines[path.field - 1].text for path in paths["HDR"])]
    if "TXT" in wanted:
        yield "TXT", [*head, _HEADERS + 1, b"\n".join(line.text for line in _text_lines(report.lines))]
    start = _lab(report.lines) + 2
    for place, line in enumerate(_after_lab(report.lines), start):
        segment = line.text[:3].decode("ascii")
        if segment in wanted:
            parts = line.text.split(b"|") if segment == "RES" else line.text.split(b"|", 1)
            at = [path.field - 1 for path in paths[segment]]
            yield segment, [*head, place, *(parts[each] if each < len(parts) else None for each in at)]
