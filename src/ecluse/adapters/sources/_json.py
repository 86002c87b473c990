"""JSON, as lines (NDJSON) or as one list of objects. Numbers keep the digits they are written with.

``fields`` are paths: ``patient.id`` is a column ``patient_id`` of the declared table; ``results[].code`` a column
``code`` of a table ``<declared>_results`` with a row for each item. Every table has ``_record``, the record's number,
and those of items ``_item``. A path that names an object or a list gives NULL, as an absent one does. An account of
bytes is by record: one all of whose values some column takes is mapped, any other unmapped.
"""

import codecs
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ecluse.adapters.sources._reading import Account, CountedInPassing, Declared, opened
from ecluse.adapters.sources._strict_json import parsed, text_of
from ecluse.domain.errors import Location, MalformedError, ProfileError
from ecluse.domain.files import SetAside

_BLOCK = 1 << 20
_LONGEST = 64 << 20
_ROWS = 10_000
_BLANK = b" \t\r\n"
_BLANKS = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class _Table:
    """A table's columns by their paths within a record, or within an item of the list at ``lists``."""

    name: str
    lists: tuple[tuple[str, ...], ...]
    columns: Mapping[str, tuple[str, ...]]

    @property
    def getters(self) -> list[Callable[[Any], str | None]]:
        """What finds each column in a record or item."""
        return [_getter(path) for path in self.columns.values()]

    @property
    def schema(self) -> pa.Schema:
        numbers = [("_record", pa.int64()), *([("_item", pa.int64())] if self.lists else [])]
        return pa.schema([*numbers, *((name, pa.string()) for name in self.columns)])


class JsonReader(CountedInPassing):
    """One file, its records one object each."""

    def __init__(self, declared: Declared) -> None:
        """Raises ProfileError for a path that is none."""
        self._declared, self._name = declared, declared.called(1)
        self._tables = _tables(declared)
        self._taken = _tree(
            (*(part for step in table.lists for part in (*step, "[]")), *path)
            for table in self._tables.values() for path in table.columns.values()
        )  # fmt: skip
        self.tables: Mapping[str, pa.Schema] = {name: table.schema for name, table in self._tables.items()}

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The rows of the tables asked for. Raises MalformedError for a record without end."""
        account = Account()
        rows: dict[str, list[list[Any]]] = {name: [] for name in tables}
        getters = {name: self._tables[name].getters for name in tables}
        for record in self._records(account):
            for name, made in rows.items():
                made.extend(_rows(self._tables[name], getters[name], record, account.records))
                if len(made) >= _ROWS:
                    yield name, self._batch(name, made)
                    made.clear()
        for name, made in rows.items():
            yield name, self._batch(name, made)
        account.structure = self._declared.size - account.told
        self._intake = account.of(self._declared)

    def _batch(self, name: str, rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
        schema = self.tables[name]
        columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
        return pa.RecordBatch.from_arrays(
            [pa.array(list(column), kind.type) for column, kind in zip(columns, schema, strict=True)], schema=schema
        )

    def _records(self, account: Account) -> Iterator[Mapping[str, Any]]:
        """The objects that parse; the others are set aside."""
        for line, start, text in self._texts():
            record, reason = parsed(text)
            if not reason and not isinstance(record, dict):
                reason = "a record that is no object"
            if reason:
                account.aside.append(SetAside(1, line, start, len(text), reason))
                account.bounded(self._declared)
                continue
            account.records += 1
            if _all_taken(record, self._taken):
                account.mapped += len(text)
            else:
                account.unmapped += len(text)
            yield record

    def _texts(self) -> Iterator[tuple[int, int, bytes]]:
        """Each record's line, first byte and text: a line of NDJSON, or an item of the one list."""
        with opened(self._declared.path, self._name) as source:
            head = source.read(_BLOCK)
            skip = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
            first = head[skip:].lstrip(_BLANK)[:1]
            source.seek(skip)
            if first == b"[":
                yield from _items(source.read, skip, self._name)
                return
            line, start = 1, skip
            while text := source.readline(_LONGEST):
                if len(text) == _LONGEST:
                    raise MalformedError("a line does not end", location=Location(self._name, line))
                if stripped := text.strip(_BLANK):
                    yield line, start + text.index(stripped), stripped
                line, start = line + 1, start + len(text)


def _items(read: Any, start: int, name: str) -> Iterator[tuple[int, int, bytes]]:
    """The items of the list that the file is, by their brackets and quotes."""
    data = read(_LONGEST * 4 + 1)
    if len(data) > _LONGEST * 4:
        raise MalformedError("a list of more than 256 MiB; give it as lines (NDJSON)", location=Location(name))
    bad = -1
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:  # which holds all of the data, and would be the context of what is raised here
        bad = error.start
    if bad >= 0:
        raise MalformedError("bytes that are no UTF-8", location=Location(name, data.count(b"\n", 0, bad) + 1))
    decoder = json.JSONDecoder(parse_float=str, parse_int=str)
    at, byte, line = text.index("[") + 1, 0, 1
    counted, first = 0, True
    while True:
        at = _past_blanks(text, at)
        if text[at : at + 1] == "]":
            if (rest := _past_blanks(text, at + 1)) < len(text):
                line += text.count("\n", counted, rest)
                raise MalformedError("the list ends before the file does", location=Location(name, line))
            return
        parted = first or text[at : at + 1] == ","
        if parted and not first:
            at = _past_blanks(text, at + 1)
        end = _end_of_item(decoder, text, at) if parted else -1
        line += text.count("\n", counted, at)
        byte += len(text[counted:at].encode())
        counted = at
        if end < 0:
            raise MalformedError("the list does not parse from here on", location=Location(name, line))
        yield line, start + byte, text[at:end].encode()
        at, first = end, False


def _past_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def _end_of_item(decoder: json.JSONDecoder, text: str, at: int) -> int:
    """Where the value that begins here ends; -1 where there is none."""
    try:
        return decoder.raw_decode(text, at)[1]
    except (ValueError, RecursionError):
        return -1


_Tree = dict[str, Any]
_LEAF = ""


def _tree(paths: Iterable[tuple[str, ...]]) -> _Tree:
    """Paths by their first names, items of lists as ``[]``; where one ends, ``_LEAF`` stands."""
    made: _Tree = {}
    for path in paths:
        node = made
        for name in path:
            node = node.setdefault(f".{name}", {})
        node[_LEAF] = True
    return made


def _all_taken(value: Any, taken: _Tree) -> bool:
    """Whether some path takes each of a record's values."""
    if type(value) is list:
        items = taken.get(".[]", _NOTHING)
        return all(_all_taken(part, items) for part in value)
    if type(value) is not dict:
        return _LEAF in taken
    for name, part in value.items():
        node = taken.get(f".{name}", _NOTHING)
        if _LEAF not in node if type(part) not in _CONTAINERS else not _all_taken(part, node):
            return False
    return True


_NOTHING: _Tree = {}


_Getters = Sequence[Callable[[Any], str | None]]


def _rows(table: _Table, getters: _Getters, record: Mapping[str, Any], number: int) -> list[list[Any]]:
    if not table.lists:
        return [[number, *[get(record) for get in getters]]]
    items: list[Any] = [record]
    for step in table.lists:
        found = [_at(item, step) for item in items]
        items = [each for part in found if type(part) is list for each in part]
    return [[number, place, *[get(item) for get in getters]] for place, item in enumerate(items, 1)]


def _at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        value = value.get(name) if type(value) is dict else None
    return value


def _getter(path: Sequence[str]) -> Callable[[Any], str | None]:
    if len(path) != 1:
        return lambda item: _value(_at(item, path))
    name = path[0]
    return lambda item: _value(item.get(name)) if type(item) is dict else None


def _value(value: Any) -> str | None:
    return value if type(value) is str else None if type(value) in _CONTAINERS else text_of(value)


_CONTAINERS = frozenset({dict, list})


def _tables(declared: Declared) -> dict[str, _Table]:
    """The tables that the declared paths make. Raises ProfileError."""
    made: dict[str, dict[str, tuple[str, ...]]] = {}
    lists: dict[str, tuple[tuple[str, ...], ...]] = {}
    for place, written in enumerate(declared.file.fields):
        *steps, last = (tuple(part.strip(".").split(".")) if part.strip(".") else () for part in written.split("[]"))
        table = "_".join((declared.table, *("_".join(step) for step in steps)))
        column = "_".join(last) or "value"
        broken = any(not name for step in (*steps, last) for name in step) or any(not step for step in steps[:1])
        if broken or column in made.setdefault(table, {}):
            what = "is no path" if broken else "makes a column that is there already"
            raise ProfileError(what, location=Location(declared.file.path, field=f"fields[{place}]"))
        made[table][column] = last
        lists[table] = tuple(steps)
    return {name: _Table(name, lists[name], columns) for name, columns in made.items()}
