"""Catalogue rows → FHIR R4 resources, one JSON text a row, made column by column.

Each resource carries its source key in a system of its own, its deterministic UUID, every ordered column either in the
element that FHIR has for it or in an extension, the security labels of its sensitive categories, and nothing else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.fhir._ids import uuids
from ecluse.adapters.fhir._json import array, literal, object_, quoted, unquoted
from ecluse.adapters.fhir._labels import labels
from ecluse.adapters.fhir._leaves import Leaf, write
from ecluse.adapters.fhir._templates import TEMPLATES, Else, Link, Made, Node, Own, constant
from ecluse.adapters.fhir._times import check_zone
from ecluse.adapters.fhir._values import as_text, wired
from ecluse.adapters.sources import _duckdb
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError, Location, ProfileError

__all__ = ["EXTENSION", "Linked", "Naming", "Written", "check_naming", "extension_url", "own", "write_rows"]

EXTENSION = "urn:ecluse:fhir:"
Linked = Callable[[str, Any], Any]
"""(entity, keys) → addresses as ``Patient/…``, null where there is none to give."""
_NOTHING = pa.scalar(None, pa.string())
_HL7 = "http://terminology.hl7.org/CodeSystem"
_CONSTANTS = {
    "unknown": '"unknown"',
    "absent": f'{{"coding":[{{"system":"{_HL7}/data-absent-reason","code":"unknown"}}]}}',
    "laboratory": f'{{"coding":[{{"system":"{_HL7}/observation-category","code":"laboratory"}}]}}',
    "laboratory_service": f'{{"coding":[{{"system":"{_HL7}/v2-0074","code":"LAB"}}]}}',
}


@dataclass(frozen=True, slots=True)
class Naming:
    """What a source's keys and times mean outside it: ``source`` names its key spaces, ``zone`` its wall clocks."""

    source: str
    zone: str
    engine: duckdb.DuckDBPyConnection = field(default_factory=lambda: _duckdb.connect(256, 1))

    def ids(self, entity: str, keys: Any) -> Any:
        """The resources' UUIDs."""
        return uuids(self.engine, self.source, entity, keys)

    def addresses(self, entity: str, keys: Any) -> Any:
        """Where resources with their own UUIDs are: ``Patient/<uuid>``."""
        return pc.binary_join_element_wise(f"{TEMPLATES[entity].resource}/", self.ids(entity, keys), "")


@dataclass(frozen=True, slots=True)
class Written:
    """Resources, and their UUIDs. ``text`` has no ``id``; ``with_ids`` puts it in."""

    ids: Any
    text: Any

    def with_ids(self) -> Any:
        """The resources, each with its UUID as its id."""
        rest = pc.binary_replace_slice(self.text.cast(pa.binary()), 0, 1, b"").cast(pa.string())
        return pc.binary_join_element_wise('{"id":"', self.ids, '",', rest, "")


def check_naming(zone: str) -> None:
    """Raises ProfileError for a time zone that there is none of."""
    if not check_zone(zone):
        raise ProfileError("there is no such time zone", location=Location(field="fhir.zone"))


def own(naming: Naming, name: str) -> str:
    """A system of ours."""
    return f"urn:ecluse:{naming.source}:{name}"


def extension_url(entity: str, column: str) -> str:
    """Where a column stands that FHIR has no element for, or that its element cannot tell exactly."""
    return f"{EXTENSION}{entity}-{column}"


def write_rows(
    entity: str,
    rows: pa.Table,
    naming: Naming,
    *,
    linked: Linked | None = None,
    subjects: Any = None,
    tags: Sequence[tuple[str, str]] = (),
) -> Written:
    """One entity's rows → its resources.

    Args:
        entity: the catalogue's name of it.
        rows: the parcel's columns, ``source_id`` among them.
        naming: the source system and its time zone.
        linked: addresses of referenced resources; by default those of their UUIDs.
        subjects: patients' keys by row, where the row's own columns do not tell them.
        tags: (system, code) of ``meta.tag``.

    Raises:
        DestinationError: a row without key, or a text that FHIR cannot hold; names the column.
    """
    columns = {name: _plain_column(rows.column(name)) for name in rows.column_names}
    if KEY not in columns or columns[KEY].null_count:
        raise DestinationError(f"a row of {entity} has no {KEY}: it cannot be loaded exactly once")
    making = _Making(entity, columns, naming, linked or naming.addresses, subjects)
    return Written(making.ids, making.resource(tags))


def _plain_column(column: Any) -> Any:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_decode()
    return whole.cast(pa.string()) if pa.types.is_large_string(whole.type) else whole


class _Making:
    """One batch of rows on its way."""

    def __init__(self, entity: str, columns: Mapping[str, Any], naming: Naming, linked: Linked, subjects: Any) -> None:
        template = TEMPLATES[entity]
        self._entity, self._template, self._columns = entity, template, columns
        self._naming, self._linked, self._subjects = naming, linked, subjects
        self.ids = naming.ids(entity, columns[KEY])
        self._rows = len(self.ids)
        self._homes: dict[str, Any] = {}
        self._exact: dict[str, Any] = {}
        self._leaves = {leaf.column: leaf for leaf in _leaves(template.body) if not leaf.echo}

    def resource(self, tags: Sequence[tuple[str, str]]) -> Any:
        members: list[tuple[str, Any]] = [("meta", self._meta(tags))]
        for name, node in self._template.body.items():
            if name != "extension" and not constant(node):
                made = self._node(node)
                if made is not None:
                    members.append((name, made))
        members.append(("extension", self._extensions()))
        constants = {"resourceType": literal(self._template.resource)}
        constants |= {name: self._text_of(node) for name, node in self._template.body.items() if constant(node)}
        members = [(name, made) for name, made in members if made is not None]
        return object_(members, constants)

    def _meta(self, tags: Sequence[tuple[str, str]]) -> Any:
        made = [
            ("tag", self._every(_codings(tags)) if tags else None),
            ("security", labels(self._entity, self._columns)),
        ]
        found = [(name, value) for name, value in made if value is not None]
        return object_(found) if found else None

    def _node(self, node: Node) -> Any:
        made: Any = None
        match node:
            case Leaf():
                made = self._home(node) if node.column in self._columns else None
            case Link():
                made = self._reference(node)
            case Made():
                made = self._made(node.name)
            case Else():
                made = self._node(node.node)
                made = self._every(node.json) if made is None else pc.fill_null(made, node.json)
            case Mapping():
                found = [(name, self._node(each)) for name, each in node.items() if not constant(each)]
                members = [(name, each) for name, each in found if each is not None]
                constants = {name: self._text_of(each) for name, each in node.items() if constant(each)}
                made = object_(members, constants) if members else None
            case Sequence() if not isinstance(node, str):
                items = [each for each in map(self._node, node) if each is not None]
                made = array(items) if items else None
        return made

    def _home(self, leaf: Leaf) -> Any:
        if leaf.echo:
            return write(leaf, self._columns[leaf.column], self._naming.zone).json
        if leaf.column not in self._homes:
            told = write(leaf, self._columns[leaf.column], self._naming.zone)
            json, exact = told.json, told.exact
            for other, wanted in ((leaf.needs, True), (leaf.unless, False)):
                if other:
                    there = self._stands(other)
                    stands = there if wanted else pc.invert(there)
                    json, exact = pc.if_else(stands, json, _NOTHING), pc.and_(exact, stands)
            self._homes[leaf.column], self._exact[leaf.column] = json, exact
        return self._homes[leaf.column]

    def _stands(self, column: str) -> Any:
        if column not in self._columns:
            return pa.repeat(pa.scalar(value=False), self._rows)
        return pc.is_valid(self._home(self._leaves[column]))

    def _reference(self, link: Link) -> Any:
        if link.column not in self._columns:
            return None
        keys = self._columns[link.column]
        if not pa.types.is_string(keys.type):
            return None
        self._exact[link.column] = pc.is_valid(keys)
        return self._reference_to(link.entity, link.column, keys)

    def _reference_to(self, entity: str, column: str, keys: Any) -> Any:
        values = quoted(wired(keys, column))
        identifier = object_([("value", values)], {"system": literal(own(self._naming, entity))})
        address = self._linked(entity, keys)
        kind = {"type": literal(TEMPLATES[entity].resource)}
        return object_([("reference", quoted(address)), ("identifier", identifier)], kind)

    def _made(self, name: str) -> Any:
        match name:
            case "uuid":
                return unquoted(pc.binary_join_element_wise("urn:uuid:", self.ids, ""))
            case "subject":
                return None if self._subjects is None else self._reference_to("patient", "patient", self._subjects)
            case "ucum":
                return pc.if_else(self._stands("ucum"), literal("http://unitsofmeasure.org"), _NOTHING)
            case "absent":
                known = pc.or_(self._stands("value"), self._stands("raw_value"))
                return pc.if_else(known, _NOTHING, _CONSTANTS[name])
        return self._every(_CONSTANTS[name])

    def _extensions(self) -> Any:
        node = self._template.body.get("extension", [])
        items = [self._node(each) for each in node] if isinstance(node, Sequence) else []
        found = [made for made in items if made is not None]
        for name, values in self._columns.items():
            exact = self._exact.get(name)
            there = pc.is_valid(values)
            if exact is not None:
                there = pc.and_not(there, pc.fill_null(exact, pa.scalar(value=False)))
            if pc.any(there).as_py():
                texts = wired(pc.if_else(there, as_text(values), _NOTHING), name)
                url = {"url": literal(extension_url(self._entity, name))}
                found.append(object_([("valueString", quoted(texts))], url))
        return array(found) if found else None

    def _text_of(self, node: Node) -> str:
        match node:
            case Own():
                return literal(own(self._naming, node.name))
            case str():
                return literal(node)
            case int():
                return str(node)
            case Mapping():
                return "{" + ",".join(f'"{name}":{self._text_of(each)}' for name, each in node.items()) + "}"
            case Sequence():
                return "[" + ",".join(map(self._text_of, node)) + "]"
        raise TypeError(node)

    def _every(self, json: str) -> Any:
        return pa.repeat(json, self._rows)


def _codings(tags: Sequence[tuple[str, str]]) -> str:
    return "[" + ",".join(f'{{"system":{literal(system)},"code":{literal(code)}}}' for system, code in tags) + "]"


def _leaves(node: Node) -> Iterator[Leaf]:
    match node:
        case Leaf():
            yield node
        case Else():
            yield from _leaves(node.node)
        case str() | int() | Own() | Made() | Link():
            return
        case Mapping():
            for each in node.values():
                yield from _leaves(each)
        case Sequence():
            for each in node:
                yield from _leaves(each)
