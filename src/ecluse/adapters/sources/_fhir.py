"""FHIR R4 resources in files: one a line (NDJSON, Bulk Data), or in a Bundle, pretty-printed or not.

``fields`` are places as ``adapters.fhir._paths`` has them, each with a column's name where it needs one:
``Observation.code.text``, ``Observation.code.coding.where(system='http://loinc.org').code as loinc``. Each resource
type named is a table ``<declared>_<type>``, with ``_file``, ``_line`` (of the file, where the resource begins) and
``_url`` (``Bundle.entry.fullUrl``: what references in a bundle say). Bytes are accounted for by resource: mapped where
its type has a table, unmapped elsewhere; what is no resource, or no JSON that has one meaning only, is set aside.
"""

import codecs
import contextlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa

from ecluse.adapters.fhir._paths import Path, getter, parse
from ecluse.adapters.sources._fhir_bundles import Entry, taken_apart
from ecluse.adapters.sources._reading import Account, CountedInPassing, Declared, added
from ecluse.domain.errors import Location, MalformedError, ProfileError
from ecluse.domain.files import SetAside, SourceFile

_LONGEST = 64 << 20
_LARGEST_BUNDLE = 256 << 20
_ROWS = 5_000
_BYTES = 16 << 20
_LINES = (".ndjson", ".jsonl")
_NAMED = re.compile(r"(?P<path>.*?)(?:\s+as\s+(?P<name>[a-z][a-z0-9_]*))?", re.DOTALL)
_FIXED = (("_file", pa.int64()), ("_line", pa.int64()), ("_url", pa.string()))


class _Rows:
    """The rows of one resource type that wait for their batch."""

    def __init__(self, schema: pa.Schema, paths: Mapping[str, Path]) -> None:
        self._schema = schema
        self._getters = [getter(path) for path in paths.values()]
        self._held: list[tuple[Any, ...]] = []
        self._size = 0

    def add(self, number: int, entry: Entry) -> bool:
        """Whether the batch is full. ``number`` is the file's."""
        resource = entry.resource
        self._held.append((number, entry.line, entry.url, *[get(resource) for get in self._getters]))
        self._size += entry.size
        return len(self._held) >= _ROWS or self._size >= _BYTES

    def batch(self) -> pa.RecordBatch:
        """The rows so far, which are forgotten."""
        columns = zip(*self._held, strict=True) if self._held else ([] for _ in self._schema)
        made = [pa.array(list(column), kind.type) for column, kind in zip(columns, self._schema, strict=True)]
        self._held, self._size = [], 0
        return pa.RecordBatch.from_arrays(made, schema=self._schema)


class FhirReader(CountedInPassing):
    """The files of one declaration."""

    def __init__(self, declared: Declared, kinds: Sequence[str] = (), counts: Sequence[int | None] = ()) -> None:
        """Raises ProfileError for a place that is none.

        ``kinds``: where files are known to hold one resource type each, those; only what is asked for is then read.
        ``counts``: how many resources each is said to hold.
        """
        self._declared = declared
        self._kinds, self._counts = kinds, counts
        self._accounts: dict[int, Account] = {}
        self._places = _places(declared.file)
        self.tables: Mapping[str, pa.Schema] = {
            self._table(kind): pa.schema([*_FIXED, *((name, pa.string()) for name in columns)])
            for kind, columns in self._places.items()
        }

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The resources of the tables asked for. Raises MalformedError for a file too large to be held."""
        rows = {
            kind: _Rows(self.tables[self._table(kind)], paths)
            for kind, paths in self._places.items() if self._table(kind) in tables
        }  # fmt: skip
        for number in range(1, len(self._declared.paths) + 1):
            if self._kinds and self._kinds[number - 1] not in rows:
                continue
            account = Account()
            yield from self._of_file(number, rows, account)
            self._check_count(number, account)
            account.structure = self._declared.size_of(number) - account.told
            self._accounts[number] = account
        for kind, held in rows.items():
            yield self._table(kind), held.batch()
        if len(self._accounts) == len(self._declared.paths):
            self._intake = added(self._accounts.values()).of(self._declared)

    def _table(self, kind: str) -> str:
        return f"{self._declared.table}_{kind.lower()}"

    def _of_file(
        self, number: int, rows: Mapping[str, _Rows], account: Account
    ) -> Iterator[tuple[str, pa.RecordBatch]]:
        """A file's resources that parse; the others are set aside."""
        for line, start, text in self._documents(number):
            found, reason = taken_apart(text, line)
            if reason:
                account.aside.append(SetAside(number, line, start, len(text), reason))
                account.bounded(self._declared)
            for entry in found:
                if self._kinds and entry.kind != self._kinds[number - 1]:
                    where = Location(self._declared.called(number), entry.line)
                    raise MalformedError("a resource of another type than the file is said to hold", location=where)
                account.records += 1
                if entry.kind in self._places:
                    account.mapped += entry.size
                else:
                    account.unmapped += entry.size
                held = rows.get(entry.kind)
                if held is not None and held.add(number, entry):
                    yield self._table(entry.kind), held.batch()

    def _check_count(self, number: int, account: Account) -> None:
        """Raises MalformedError for a file that is not as long as it is said to be."""
        said = self._counts[number - 1] if self._counts else None
        if said is not None and said != account.records + len(account.aside):
            where = Location(self._declared.called(number))
            raise MalformedError("the file has not as many resources as it is said to hold", location=where)

    def _documents(self, number: int) -> Iterator[tuple[int, int, bytes]]:
        """Line, first byte and text of each JSON document: a file's lines, or the whole of it."""
        path, name = self._declared.paths[number - 1], self._declared.called(number)
        with self._declared.open(number) as source:
            lines = path.suffix.lower() in _LINES
            if not lines:
                lines = _begins_with_a_line(source.readline(_LONGEST).removeprefix(codecs.BOM_UTF8))
                source.seek(0)
            line, start = 1, 0
            while text := source.readline(_LONGEST) if lines else source.read(_LARGEST_BUNDLE + 1):
                if (lines and len(text) == _LONGEST) or len(text) > _LARGEST_BUNDLE:
                    what = "a line of 64 MiB" if lines else "a bundle of more than 256 MiB; give it as lines (NDJSON)"
                    raise MalformedError(what, location=Location(name, line))
                skip = len(codecs.BOM_UTF8) if not start and text.startswith(codecs.BOM_UTF8) else 0
                stripped = text[skip:].strip()
                if stripped:
                    lead = text.index(stripped[:1], skip)
                    yield line + (text.count(b"\n", 0, lead) if lead else 0), start + lead, stripped
                line, start = line + 1, start + len(text)


def _begins_with_a_line(first: bytes) -> bool:
    """Whether the first line is a whole document; of a Bundle on one line, the file's end is the document's too."""
    with contextlib.suppress(orjson.JSONDecodeError):
        return isinstance(orjson.loads(first), dict)
    return False


def resource_types(file: SourceFile) -> list[str]:
    """The resource types that a declaration names. Raises ProfileError."""
    return list(_places(file))


def _places(file: SourceFile) -> dict[str, dict[str, Path]]:
    """Columns by resource type. Raises ProfileError."""
    made: dict[str, dict[str, Path]] = {}
    for number, text in enumerate(file.fields):
        where = Location(file.path, field=f"fields[{number}]")
        found = _NAMED.fullmatch(text)
        path = parse(found["path"]) if found else None
        if found is None or path is None:
            raise ProfileError("is no place in a FHIR resource, as Observation.code.text", location=where)
        name = found["name"] or path.column
        if name in made.setdefault(path.resource, {}) or name in dict(_FIXED):
            raise ProfileError("makes a column that is there already; give it a name: … as name", location=where)
        made[path.resource][name] = path
    return made
