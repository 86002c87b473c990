"""FHIR R4 resources in files: one a line (NDJSON, Bulk Data), or in a Bundle, pretty-printed or not.

``fields`` are places as ``adapters.fhir._paths`` has them, each with a column's name where it needs one:
``Observation.code.text``, ``Observation.code.coding.where(system='http://loinc.org').code as loinc``. Each resource
type named is a table ``<declared>_<type>``, with ``_file``, ``_line`` (of the file, where the resource begins) and
``_url`` (``Bundle.entry.fullUrl``: what references in a bundle say). Bytes are accounted for by resource: mapped where
its type has a table, unmapped elsewhere; what is no resource, or no JSON that has one meaning only, is set aside.
"""

import codecs
import contextlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ecluse.adapters.fhir._digits import inside, string_marks
from ecluse.adapters.fhir._paths import Path, parse
from ecluse.adapters.fhir._texts import texts_at
from ecluse.adapters.sources import _duckdb
from ecluse.adapters.sources._reading import Account, CountedInPassing, Declared, opened
from ecluse.adapters.sources._strict_json import parsed
from ecluse.domain.errors import Location, MalformedError, ProfileError
from ecluse.domain.files import FileIntake, SetAside

_LONGEST = 64 << 20
_LARGEST_BUNDLE = 256 << 20
_ROWS = 5_000
_BYTES = 16 << 20
_LINES = (".ndjson", ".jsonl")
_NAMED = re.compile(r"(?P<path>.*?)(?:\s+as\s+(?P<name>[a-z][a-z0-9_]*))?", re.DOTALL)
_FIXED = (("_file", pa.int64()), ("_line", pa.int64()), ("_url", pa.string()))
_RESOURCE_DEPTH = 4  # { "entry": [ { "resource": {


@dataclass(frozen=True, slots=True)
class _Resource:
    """One resource: where it stands, and its bytes."""

    kind: str
    line: int
    url: str | None
    text: bytes


class FhirReader(CountedInPassing):
    """The files of one declaration."""

    def __init__(self, declared: Declared) -> None:
        """Raises ProfileError for a place that is none."""
        self._declared = declared
        self._places = _places(declared)
        self._engine = _duckdb.connect(256, 1)
        self.tables: Mapping[str, pa.Schema] = {
            self._table(kind): pa.schema([*_FIXED, *((name, pa.string()) for name in columns)])
            for kind, columns in self._places.items()
        }

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The resources of the tables asked for. Raises MalformedError for a file too large to be held."""
        account = Account()
        wanted = {kind for kind in self._places if self._table(kind) in tables}
        held: dict[str, list[tuple[int, _Resource]]] = {kind: [] for kind in wanted}
        size = dict.fromkeys(wanted, 0)
        for number in range(1, len(self._declared.paths) + 1):
            for resource in self._resources(number, account):
                kind = resource.kind
                if kind in wanted:
                    held[kind].append((number, resource))
                    size[kind] += len(resource.text)
                    if len(held[kind]) >= _ROWS or size[kind] >= _BYTES:
                        yield self._table(kind), self._batch(kind, held[kind])
                        held[kind], size[kind] = [], 0
        for kind in wanted:
            yield self._table(kind), self._batch(kind, held[kind])
        account.structure = self._declared.size - account.told
        self._intake = account.of(self._declared)

    def intake(self) -> FileIntake:
        """The account of every byte, which needs no columns. Raises MalformedError."""
        if self._intake is None:
            for _ in self.passing(()):
                pass
        return super().intake()

    def _table(self, kind: str) -> str:
        return f"{self._declared.table}_{kind.lower()}"

    def _batch(self, kind: str, found: list[tuple[int, _Resource]]) -> pa.RecordBatch:
        schema = self.tables[self._table(kind)]
        texts = pa.array([each.text for _, each in found], pa.binary()).cast(pa.string())
        columns = texts_at(self._engine, texts, list(self._places[kind].values()))
        if columns is None:  # every text was parsed before it came here
            where = Location(self._declared.table)
            raise MalformedError("a resource that two JSON parsers read differently", location=where)
        fixed = [
            pa.array([number for number, _ in found], pa.int64()),
            pa.array([each.line for _, each in found], pa.int64()),
            pa.array([each.url for _, each in found], pa.string()),
        ]
        return pa.RecordBatch.from_arrays([*fixed, *columns], schema=schema)

    def _resources(self, number: int, account: Account) -> Iterator[_Resource]:
        """A file's resources that parse; the others are set aside."""
        for line, start, text in self._documents(number):
            resources, reason = _taken_apart(text, line)
            if reason:
                account.aside.append(SetAside(number, line, start, len(text), reason))
                continue
            for resource in resources:
                account.records += 1
                if resource.kind in self._places:
                    account.mapped += len(resource.text)
                else:
                    account.unmapped += len(resource.text)
                yield resource

    def _documents(self, number: int) -> Iterator[tuple[int, int, bytes]]:
        """Line, first byte and text of each JSON document: a file's lines, or the whole of it."""
        path, name = self._declared.paths[number - 1], self._declared.called(number)
        with opened(path, name) as source:
            skip = len(codecs.BOM_UTF8) if source.read(3) == codecs.BOM_UTF8 else 0
            source.seek(skip)
            lines = path.suffix.lower() in _LINES or _begins_with_a_line(source.readline(_LONGEST))
            source.seek(skip)
            line, start = 1, skip
            while text := source.readline(_LONGEST) if lines else source.read(_LARGEST_BUNDLE + 1):
                if (lines and len(text) == _LONGEST) or len(text) > _LARGEST_BUNDLE:
                    what = "a line of 64 MiB" if lines else "a bundle of more than 256 MiB; give it as lines (NDJSON)"
                    raise MalformedError(what, location=Location(name, line))
                stripped = text.strip()
                if stripped:
                    lead = text.index(stripped[:1])
                    yield line + text.count(b"\n", 0, lead), start + lead, stripped
                line, start = line + 1, start + len(text)


def _begins_with_a_line(first: bytes) -> bool:
    """Whether the first line is a whole document; of a Bundle on one line, the file's end is the document's too."""
    with contextlib.suppress(ValueError, RecursionError):
        return isinstance(json.loads(first), dict)
    return False


def _taken_apart(text: bytes, line: int) -> tuple[list[_Resource], str]:
    """A document's resources, or why there are none to be had."""
    made, reason = parsed(text)
    kind = made.get("resourceType") if isinstance(made, dict) else None
    if reason or not isinstance(kind, str) or not kind:
        return [], reason or "no FHIR resource"
    if kind != "Bundle":
        return [_Resource(kind, line, None, text)], ""
    return _entries(made, text, line)


def _entries(bundle: Mapping[str, Any], text: bytes, line: int) -> tuple[list[_Resource], str]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return [], "a bundle whose entries are none"
    told = [entry for entry in entries if isinstance(entry.get("resource"), dict)]
    numbers = np.frombuffer(text, dtype=np.uint8)
    braces, depths = _structure(numbers)
    opening = np.flatnonzero((depths == _RESOURCE_DEPTH) & (numbers[braces] == ord("{")))
    closing = np.flatnonzero(depths == _RESOURCE_DEPTH - 1)
    found = []
    for at in opening.tolist():
        start = int(braces[at])
        if re.search(rb'"resource"\s*:\s*\Z', text[max(0, start - 200) : start]):
            end = int(braces[closing[np.searchsorted(closing, at)]]) + 1
            found.append((start, end))
    kinds = [entry["resource"].get("resourceType") for entry in told]
    if len(found) != len(told) or not all(isinstance(kind, str) and kind for kind in kinds):
        return [], "a bundle whose entries are not all resources"
    lines = np.flatnonzero(numbers == ord("\n"))
    return [
        _Resource(str(kind), line + int(np.searchsorted(lines, start)), _url(entry), text[start:end])
        for kind, entry, (start, end) in zip(kinds, told, found, strict=True)
    ], ""


def _url(entry: Mapping[str, Any]) -> str | None:
    url = entry.get("fullUrl")
    return url if isinstance(url, str) else None


def _structure(numbers: Any) -> tuple[Any, Any]:
    """Braces and brackets outside strings, and how deep one is after each."""
    places = np.flatnonzero(_DEPTH[numbers])
    places = places[~inside(places, string_marks(numbers))]
    return places, np.cumsum(_DEPTH[numbers[places]].astype(np.int64))


_DEPTH = np.zeros(256, dtype=np.int8)
_DEPTH[list(b"{[")] = 1
_DEPTH[list(b"}]")] = -1


def _places(declared: Declared) -> dict[str, dict[str, Path]]:
    """Columns by resource type. Raises ProfileError."""
    made: dict[str, dict[str, Path]] = {}
    for number, text in enumerate(declared.file.fields):
        where = Location(declared.file.path, field=f"fields[{number}]")
        found = _NAMED.fullmatch(text)
        path = parse(found["path"]) if found else None
        if found is None or path is None:
            raise ProfileError("is no place in a FHIR resource, as Observation.code.text", location=where)
        name = found["name"] or path.column
        if name in made.setdefault(path.resource, {}) or name in dict(_FIXED):
            raise ProfileError("makes a column that is there already; give it a name: … as name", location=where)
        made[path.resource][name] = path
    return made
