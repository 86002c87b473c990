"""CDA R2 documents in files, one each: French laboratory reports of level 3 (CR-BIO) among them.

``fields`` are places as :mod:`._cda_paths` has them. Each kind of row named is a table ``<declared>_<kind>``, with
``_file`` (from 1, in order of names: each is one document), ``_line``, ``_element`` (its place among the document's
elements), ``_within`` (that of the row around it), those of the section, act, organizer, observation and procedure
around it, that of the specimen that it is about, and ``_relation``: as what it is there (``typeCode`` of the element
that holds it). A document that cannot be read is set aside whole.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from ecluse.adapters.sources._cda_paths import Place, parse, snake
from ecluse.adapters.sources._cda_text import RefusedError, readable
from ecluse.adapters.sources._cda_tree import Document, Node, parsed
from ecluse.adapters.sources._cda_values import value
from ecluse.adapters.sources._reading import Account, CountedInPassing, Declared, opened
from ecluse.domain.errors import Location, MalformedError, ProfileError
from ecluse.domain.files import SetAside

_LARGEST = 64 << 20
_MOST_ASIDE = 100_000
_ROWS = 5_000
_CHARACTERS = 16 << 20
_CELL = 8
_AROUND = ("section", "act", "organizer", "observation", "procedure")
_NUMBERS = ("_file", "_line", "_element", "_within", *(f"_{kind}" for kind in _AROUND), "_specimen")
_FIXED = (*_NUMBERS, "_relation")


_Row = list[Any]


@dataclass(slots=True)
class _Held:
    """A table's rows that are still to be given."""

    rows: list[_Row] = field(default_factory=list)
    characters: int = 0

    def add(self, rows: list[_Row]) -> None:
        self.rows += rows
        self.characters += sum(len(each) for row in rows for each in row[len(_FIXED) :] if each is not None)

    def full(self) -> Iterator[list[_Row]]:
        """Rows by batches, once they are many, or long."""
        if self.characters >= _CHARACTERS:
            rows, self.rows, self.characters = self.rows, [], 0
            yield rows
        while len(self.rows) >= _ROWS:
            rows, self.rows = self.rows[:_ROWS], self.rows[_ROWS:]
            yield rows


class CdaReader(CountedInPassing):
    """The files of one declaration."""

    def __init__(self, declared: Declared) -> None:
        """Raises ProfileError for a place that is none."""
        self._declared = declared
        self._places = _places(declared)
        self.tables: Mapping[str, pa.Schema] = {
            self._table(kind): _schema(places) for kind, places in self._places.items()
        }

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The rows of the tables asked for. Raises MalformedError for a file that is gone."""
        account = Account()
        held = {kind: _Held() for kind in self._places if self._table(kind) in tables}
        for number in range(1, len(self._declared.paths) + 1):
            for kind, rows in self._document(number, held, account).items():
                held[kind].add(rows)
                for given in held[kind].full():
                    yield self._batch(kind, given)
        for kind, last in held.items():
            yield self._batch(kind, last.rows)
        account.structure = self._declared.size - account.told
        if set(tables) >= set(self.tables):
            self._intake = account.of(self._declared)

    def _document(self, number: int, kinds: Collection[str], account: Account) -> Mapping[str, list[_Row]]:
        """The rows of a file's document by their kind; none of one that is set aside."""
        with opened(self._declared.paths[number - 1], self._declared.called(number)) as source:
            size = os.fstat(source.fileno()).st_size
            data = source.read(size if size <= _LARGEST else 0)
        aside = None
        try:
            document = parsed(readable(_whole(data, size), self._declared.file.encoding))
            made = {kind: [self._row(number, node, document) for node in document.rows(kind)] for kind in kinds}
        except RefusedError as refused:  # what it comes of may hold the document, and would be the next error's context
            aside = SetAside(number, refused.line, 0, size, refused.reason)
        if aside is not None:
            self._aside(account, aside)
            return {}
        account.records += 1
        _count(document, account)
        document.forget()
        return made

    def _row(self, number: int, node: Node, document: Document) -> _Row:
        places = self._places[node.kind]
        document.spend((len(_FIXED) + len(places)) * _CELL)
        return [number, *_at(node), *(value(place, node, document) for place in places.values())]

    def _table(self, kind: str) -> str:
        return f"{self._declared.table}_{snake(kind)}"

    def _batch(self, kind: str, rows: list[_Row]) -> tuple[str, pa.RecordBatch]:
        name = self._table(kind)
        schema = self.tables[name]
        columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
        arrays = [pa.array(list(column), each.type) for column, each in zip(columns, schema, strict=True)]
        return name, pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _aside(self, account: Account, aside: SetAside) -> None:
        account.aside.append(aside)
        if len(account.aside) > _MOST_ASIDE:
            first = account.aside[0]
            raise MalformedError(
                f"more than {_MOST_ASIDE} documents cannot be read",
                location=Location(self._declared.called(first.file), first.line), hint=f"the first: {first.reason}",
            )  # fmt: skip


def _schema(places: Collection[str]) -> pa.Schema:
    numbers = [(name, pa.int64()) for name in _NUMBERS]
    return pa.schema([*numbers, ("_relation", pa.string()), *((name, pa.string()) for name in places)])


def _whole(data: bytes, size: int) -> bytes:
    if size > _LARGEST:
        raise RefusedError(1, f"a document of more than {_LARGEST >> 20} MiB")
    if not data:
        raise RefusedError(1, "an empty file")
    return data


def _at(node: Node) -> Iterator[int | str | None]:
    """Where a row stands, in what, and as what."""
    around: dict[str, int] = {}
    row = node.row
    while row is not None:
        around.setdefault(row.kind, row.number)
        row = row.row
    yield node.line
    yield node.number
    yield node.row.number if node.row is not None else None
    for kind in _AROUND:
        yield around.get(kind)
    yield _specimen(node)
    yield node.parent.attributes.get("typeCode") if node.parent is not None else None


def _specimen(node: Node) -> int | None:
    """The specimen of the act that a row is, or of the nearest around it; none where one act has several."""
    row: Node | None = node
    while row is not None:
        if row.kind == "specimen":
            return row.number if row is not node else None
        if row.specimen is not None:
            return row.specimen or None
        row = row.row
    return None


def _count(document: Document, account: Account) -> None:
    """The document's bytes: values taken, values and comments that no column has; the rest is structure."""
    mapped = total = 0
    for node in document.nodes:
        mapped += node.mapped()
        total += sum(node.sizes) + node.texts
    account.mapped += mapped
    account.unmapped += total - mapped + document.other


def _places(declared: Declared) -> dict[str, dict[str, Place]]:
    """Columns by kind of row. Raises ProfileError."""
    made: dict[str, dict[str, Place]] = {}
    for number, text in enumerate(declared.file.fields):
        where = Location(declared.file.path, field=f"fields[{number}]")
        place = parse(text)
        if place is None:
            raise ProfileError("is no place in a CDA document, as observation/code/@code", location=where)
        if place.column in made.setdefault(place.kind, {}) or place.column in _FIXED:
            raise ProfileError("makes a column that is there already; give it a name: … as name", location=where)
        made[place.kind][place.column] = place
    return made
