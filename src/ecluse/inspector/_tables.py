"""Tables and pairs of name and value in bytes: delimited lines, SQL, JSON, XML and forms.

A window of text is first asked, in whole, for a few announcing words (:data:`ANNOUNCING`); only around a hit is
anything parsed, and only so many hits of a window.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice, takewhile

from ecluse.inspector._columns import DATE, Judged, Row, is_date, is_header, is_name, judge, role
from ecluse.inspector._dates import PLACEHOLDERS
from ecluse.inspector._headless import judge_headless
from ecluse.inspector.findings import Sureness
from ecluse.inspector.kinds import Kind

_BIRTH = (b"naiss", b"birth", b"ddn", b"dob", b" le ")
_HEADS = (b"naiss", b"birth", b"ddn", b"dob", b"patient", b"passw", b"mdp")
_SQL = (b"insert into", b"copy ", b"create table")
ANNOUNCING = frozenset((*_BIRTH, *_HEADS, *_SQL))
"""Words that announce personal data, looked for in lower case. A file's first lines are looked at without any."""

_STATEMENTS = 200
"""Of each kind, looked at in one window."""
_MANY, _VAIN = 4000, 300
"""Hits of a word of birth that are looked at in one window; and how many of them in vain."""

_HITS = 6
"""Of each word, looked around in one window."""
_ROWS, _STRETCH = 200, 1 << 16
_LINE = 1 << 14
_EVEN = 0.6
"""Share of a table's lines that have as many cells as most."""
_APART = re.compile(r" {2,}")
_COLUMN_WORDS = re.compile(r"[^\W\d][\w .°]{0,40}")
_QUOTES = " \"'`\ufeff"
_DELIMITERS = (";", "\t", "|", ",")
_TABLE = rb"[`\"\[]?([\w.$`\"\[\]]{1,130}?)[`\"\]]?\s*"
_INSERT = re.compile(rb"insert into\s+" + _TABLE + rb"\(([^()]{1,8000})\)\s*(?:output\s[^()]*)?values\s*")
_INSERT_BARE = re.compile(rb"insert into\s+" + _TABLE + rb"values\s*")
_COPY = re.compile(rb"copy\s+\"?([\w.\"]{1,130})\"?\s*\(([^()]{1,8000})\)\s*from\s+stdin[^\n]{0,200}\n")
_CREATE = re.compile(rb"create\s+table\s+(?:if\s+not\s+exists\s+)?[`\"\[]?([\w.$`\"\[\]]{1,130}?)[`\"\]]?\s*\(")
_COLUMN = re.compile(
    rb"(?:^|,)[^\S\n]*[`\"\[]?(\w{1,64})[`\"\]]?\s+(?:national\s+)?(?:var|char|n?text|n?varchar|int|big|small|tiny|medium|date|time"
    rb"|numeric|decimal|float|double|real|bool|bit|serial|uuid|blob|clob|enum|money|number|json)",
    re.IGNORECASE | re.MULTILINE,
)
_VALUE = re.compile(
    rb"\s*(?:n?'((?:[^'\\]|''|\\.){0,4000})'|\"((?:[^\"\\]|\\.){0,4000})\"|([^,()'\"]{0,200}))\s*(,|\))",
    re.DOTALL | re.IGNORECASE,
)
_KEYED = re.compile(
    rb"(?:ance|_?date|_?day|_?dt|_?time|date|day|_?pat\w{0,6})?(?:\s+(?:du\s+)?patiente?)?[\"'`]?(?:\s+value)?\s{0,3}(?:[>:=]|(?<=\s))\s{0,3}[\"'(\[]?\s{0,2}("
    + re.sub(r"\?P<(\w)>", r"?P<\1>", DATE).encode("latin-1") + rb")(?!\d)",
)  # fmt: skip
"""After a word of birth: the rest of it, and a date."""
_BORN = re.compile(rb"\bn(?:e|\xe9|\xc3\xa9|\x82)(?:e|\(e\))? le $")
_NAMED = re.compile(
    rb"(?<![a-z])(?:(?:(?:patient|full|display|given|family|first|last|sur|birth|prenom|nom)?_?-?"
    rb"(?:name|nom|prenoms?|family|given|patients?)(?:_?(?:de_?)?(?:naissance|usage|usuel|patient|famille|utilise))?"
    rb"|pr(?:\xe9|\xc3\xa9|\x82)noms?)(?![a-z])[\"'`]?(?:\s+value)?\s{0,6}[:=>]"
    rb"|(?:patiente?|nom|m\.|mme|mlle|monsieur|madame)\s)\s{0,6}"
    rb"[\"'(\[]{0,3}\s{0,20}([^\W\d_][^\d\"'<>{}\[\]\r\n:;=|,]{1,40})",
    re.IGNORECASE,
)
"""A word for a name, and a name: after a sign, or after a title by a space."""
_AROUND = (200, 1500)
"""How near a name must be: first looked for close by, for that is quick."""


@dataclass
class Tables:
    """What a file's windows showed.

    Attributes:
        judged: Kinds, by how sure and by which columns.
        rows: Rows counted, by kind.
    """

    judged: dict[Kind, Judged] = field(default_factory=dict)
    rows: dict[Kind, int] = field(default_factory=dict)
    _known: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _open: list[Kind] = field(default_factory=list, repr=False)
    """Kinds of a delimited table that goes on to the end of the file, as far as we know."""

    def scan(self, text: bytes, low: bytes, hits: AbstractSet[bytes], *, first: bool) -> None:
        """One window, of whole lines; ``hits``: which announcing words stand in it; ``first``: it begins the file."""
        if self._open:
            lines = text.count(b"\n")
            for kind in self._open:
                self.rows[kind] += lines
        elif first:
            self._head(text)
        for word in _BIRTH:
            if word in hits:
                self._pairs(text, low, word)
        if any(word in hits for word in _SQL):
            self._sql(text, low, hits)
        if not self._open:
            spots = sorted(spot for word in _HEADS if word in hits for spot in _spots(word, low))
            self._lines(text, spots)

    def _add(self, made: list[Judged], rows: int, *, ahead: bool = False) -> None:
        for each in made:
            before = self.judged.get(each.kind)
            if before is None or before.sureness < each.sureness:
                self.judged[each.kind] = each
            self.rows[each.kind] = self.rows.get(each.kind, 0) + rows
            if ahead and each.kind not in self._open:
                self._open.append(each.kind)

    def _head(self, text: bytes) -> None:
        """A delimited file from its first line on, with or without a header."""
        table = _delimited(text[:_STRETCH])
        if table is None:
            return
        made, headed = _judged(table)
        if made:
            self._add(made, max(1, text.count(b"\n") + (not text.endswith(b"\n")) - headed), ahead=True)

    def _lines(self, text: bytes, spots: list[int]) -> None:
        """Headers further down: the line of each spot, and the rows below it."""
        done = -1
        for spot in spots:
            if spot < done:
                continue
            begin = max(text.rfind(b"\n", 0, spot), text.rfind(b"\r", max(0, spot - _LINE), spot)) + 1
            done = end = _end_of_line(text, spot)
            if end - begin > _LINE or begin == 0:
                continue
            header = _text(text[begin:end])
            delimiter = max(_DELIMITERS, key=header.count)
            names = [cell.strip(" \"'`") for cell in header.split(delimiter)]
            if len(names) < 3 or "(" in names[0] or not is_header(names):  # noqa: PLR2004 - a header of a table
                continue
            below = _rows(text[end : end + _STRETCH], delimiter)
            rows = _even(below, len(names))
            if rows:
                self._add(judge(names, rows), len(rows))

    def _sql(self, text: bytes, low: bytes, hits: AbstractSet[bytes]) -> None:
        """Statements that create, fill or copy into a table."""
        for match in islice(_CREATE.finditer(low), _STATEMENTS) if b"create table" in hits else ():
            body = text[match.end() : match.end() + (1 << 14)].partition(b";")[0]
            names = [found.decode("latin-1") for found in _COLUMN.findall(body)]
            if len(self._known) < 500 and any(role(name) for name in names):  # noqa: PLR2004 - tables of a dump
                self._known[_text(match[1])] = names
        for match in islice(_INSERT.finditer(low), _STATEMENTS) if b"insert into" in hits else ():
            self._filled(_names(text[match.start(2) : match.end(2)]), list(_tuples(text, match.end())))
        for match in islice(_INSERT_BARE.finditer(low), _STATEMENTS) if self._known and b"insert into" in hits else ():
            known = self._known.get(_text(match[1]))
            if known:
                self._filled(known, list(_tuples(text, match.end())))
        for match in islice(_COPY.finditer(low), _STATEMENTS) if b"copy " in hits else ():
            end = text.find(b"\n\\.", match.end())
            stretch = text[match.end() : end if end >= 0 else len(text)]
            rows = [line.split("\t") for line in _text(stretch[:_STRETCH]).split("\n")[:_ROWS] if line]
            self._add(_both(_names(text[match.start(2) : match.end(2)]), rows), stretch.count(b"\n") + 1)

    def _filled(self, names: list[str], rows: list[list[str]]) -> None:
        if rows:
            self._add(_both(names, rows[:_ROWS]), len(rows))

    def _pairs(self, text: bytes, low: bytes, word: bytes) -> None:
        """A date of birth said to be one, and a name said to be one nearby."""
        persons = tried = vain = 0
        at = low.find(word)
        while at >= 0 and tried < _MANY and vain < _VAIN:
            at, tried = at + len(word), tried + 1
            match = _KEYED.match(low, at)
            if match is None or match[1].decode("latin-1") in PLACEHOLDERS:
                vain += match is not None
            elif word != b" le " or _BORN.search(low, at - 12, at):
                named = any(_named(text[max(0, at - far) : match.end() + far]) for far in _AROUND)
                persons, vain = persons + named, vain + (not named)
            at = low.find(word, at)
        if persons:
            sure = Sureness.CERTAIN if persons > 2 else Sureness.PROBABLE  # noqa: PLR2004 - not one example
            self._add([Judged(Kind.PERSONS, sure, ("names", "birth-dates"))], persons)


def _named(near: bytes) -> bool:
    return any(is_name(_text(found[1]).strip()) for found in _NAMED.finditer(near))


def _spots(word: bytes, low: bytes) -> Iterator[int]:
    at = low.find(word)
    for _ in range(_HITS):
        if at < 0:
            return
        yield at
        at = low.find(word, at + len(word))


def _end_of_line(text: bytes, spot: int) -> int:
    ends = [end for end in (text.find(b"\n", spot), text.find(b"\r", spot, spot + _LINE)) if end >= 0]
    return min(ends, default=len(text))


def _text(cell: bytes) -> str:
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return cell.decode("latin-1")


def _names(listed: bytes) -> list[str]:
    return [name.strip(' \t\r\n`"[]') for name in _text(listed).split(",")]


def _tuples(text: bytes, at: int) -> Iterator[list[str]]:
    """Rows of a VALUES list, so many of them."""
    for _ in range(10_000):
        begin = text.find(b"(", at, at + 12)
        if begin < 0:
            return
        at, row = begin + 1, []
        while (match := _VALUE.match(text, at)) is not None:
            row.append(_text(next((group for group in match.groups()[:3] if group is not None), b"")).strip())
            at = match.end()
            if match[4] == b")" or len(row) > 400:  # noqa: PLR2004 - columns
                break
        else:
            return
        yield row


def _rows(text: bytes, delimiter: str) -> list[Row]:
    lines = _text(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")[: _ROWS + 1]
    if len(text) >= _STRETCH:
        lines = lines[:-1]
    try:
        return [row for row in csv.reader([line[:_LINE] for line in lines if line.strip()], delimiter=delimiter) if row]
    except csv.Error:
        return [line.split(delimiter) for line in lines if line.strip()]


def _even(rows: list[Row], width: int) -> list[Row]:
    """The first rows, as long as they are so wide."""
    return list(takewhile(lambda row: len(row) == width, rows))


def _fixed(text: bytes) -> list[Row]:
    """Lines of columns of a fixed width: cells are apart by two spaces or more."""
    lines = _text(text).replace("\r", "").split("\n")[: _ROWS + 1]
    return [_APART.split(line[:_LINE].strip()) for line in lines if line.strip()]


def _delimited(text: bytes) -> list[Row] | None:
    """A text as a table, by the delimiter under which its lines are of equal width; None if there is none."""
    best: list[Row] | None = None
    share = 0.0
    for delimiter in _DELIMITERS:
        if delimiter.encode() not in text:
            continue
        rows = _rows(text, delimiter)
        widths = [len(row) for row in rows]
        if not widths:
            continue
        usual = max(set(widths), key=widths.count)
        even = widths.count(usual) / len(widths)
        enough = usual > 2 or (usual == 2 and is_header([cell.strip(_QUOTES) for cell in rows[0]]))  # noqa: PLR2004 - columns
        if enough and even >= _EVEN and even * usual > share:
            best, share = rows, even * usual
    if best is None and b"  " in text:
        rows = _fixed(text)
        if rows and len(rows[0]) > 2 and is_header(rows[0]) and all(_COLUMN_WORDS.fullmatch(cell) for cell in rows[0]):  # noqa: PLR2004 - columns
            return rows
    return best


def _judged(rows: list[Row]) -> tuple[list[Judged], int]:
    """What a table holds, and whether its first line names its columns."""
    header = [cell.strip(_QUOTES) for cell in rows[0]]
    if rows[1:] and is_header(header):
        return _both(header, rows[1:]), 1
    named = len(rows) > 1 and not any(cell.isdigit() or is_date(cell) for cell in header)
    return judge_headless(rows, header) or judge_headless(rows[1:], header), int(named)


def _both(header: Row, rows: Sequence[Row]) -> list[Judged]:
    """What the columns' names say; where they say nothing of persons or results, what the cells look like."""
    made = judge(header, rows)
    known = {each.kind for each in made}
    if known & {Kind.PERSONS, Kind.RESULTS, Kind.NIR}:
        return made
    return [*made, *judge_headless(rows, header)]


__all__ = ["ANNOUNCING", "Tables"]
