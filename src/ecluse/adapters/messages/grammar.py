"""Where a profile puts each catalogue field in a format's messages, and what must hold of it.

The "table" of an entity is a group of segments, the "column" of a field a place in one of them: ``PID-5.1``. What a
format has no field for needs a place of Écluse's own (HL7: Z-segments; HPRIM: fields behind a segment's last).
Practitioners and sites have no segment: their fields are components (``XCN-2``, ``HD-1``) of the fields that name them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from ecluse.adapters.messages.texts import Style
from ecluse.adapters.sources._field_paths import FieldPath, parse
from ecluse.domain.catalogue import CATALOGUE, KEY
from ecluse.domain.errors import DestinationError, Location
from ecluse.domain.profile import DestinationProfile

__all__ = ["Grammar", "Places", "places_of", "wrong"]

_STRUCTURAL = {
    ("request", "patient"): "patient", ("observation", "request"): "request", ("specimen", "request"): "request",
    ("comment", "request"): "request", ("comment", "observation"): "observation",
}  # fmt: skip
"""Links that a segment's place in its message says: their column is that of the key they refer to."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """What tells one format of segments from another."""

    segments: Mapping[str, tuple[str, ...]]
    """Which segments hold an entity's fields; those of ``parts`` are no segments but parts of fields."""
    main: Mapping[str, str]
    """The segment of which an entity has one a row."""
    parts: Mapping[str, str]
    """Entities that have no segment, and what their fields' places begin with."""
    head: str
    """The segment in which the site stands."""
    needed: Mapping[str, tuple[str, ...]]
    """Fields without which an entity cannot be written, besides its key."""
    ours: frozenset[tuple[str, int]]
    """Fields that the writer fills itself."""
    first: int
    """The number of a segment's first field: HL7 does not count the name, HPRIM does."""
    style: Style
    check: Callable[[Mapping[str, FieldPath]], None]
    """Raises DestinationError for places of a result's fields that cannot be."""
    result: Callable[[str, pa.Table, "Places"], pa.Array]
    """Value or comparator of each row of the result's main segment, as it is written."""
    looked_at: Mapping[str, tuple[FieldPath, ...]] = field(default_factory=dict)
    """Places that ``result`` looks at."""
    behind: tuple[str, ...] = ()
    """Segments that stand right behind the one that they belong to; all others come once a message."""


@dataclass(frozen=True, slots=True)
class Places:
    """The places of what an order carries: entity → field → place; ``values``: entity → field → value → code."""

    grammar: Grammar
    entities: Mapping[str, Mapping[str, FieldPath]]
    values: Mapping[str, Mapping[str, Mapping[str, str]]]

    def links(self, to: str) -> tuple[tuple[str, str, FieldPath], ...]:
        """Fields that name a practitioner or a site, by entity, in the order of the catalogue."""
        return tuple(
            (entity, name, path)
            for entity, fields in self.entities.items()
            for name, path in fields.items()
            if CATALOGUE.column(entity, name).refers == to and (entity, name) not in _STRUCTURAL
        )

    def parts_of(self, to: str) -> Mapping[str, FieldPath]:
        """Where within a field that names a practitioner or a site theirs stand: the key alone, if nothing is known."""
        return self.entities.get(to) or {KEY: FieldPath(self.grammar.parts[to], 1)}

    def written(self, entity: str) -> Mapping[str, FieldPath]:
        """Fields that have a place of their own: all but links that the message's structure says."""
        return {name: path for name, path in self.entities[entity].items() if (entity, name) not in _STRUCTURAL}


def places_of(grammar: Grammar, profile: DestinationProfile, entities: Mapping[str, pa.Schema]) -> Places:
    """The places of the ordered columns. Raises DestinationError naming the field that has none, or cannot be there."""
    for entity in ("patient", "request"):
        if entity not in entities:
            raise DestinationError(f"a message tells of a request and its patient: {entity} is not ordered")
    found: dict[str, dict[str, FieldPath]] = {}
    for entity in (each.name for each in CATALOGUE if each.name in entities):
        target = profile.entities.get(entity)
        if target is None or entity not in grammar.segments:
            raise DestinationError(
                f"{entity} is ordered, and has no place in a message", location=Location(field=entity)
            )
        names = entities[entity].names
        for name in (KEY, *grammar.needed.get(entity, ())):
            if name not in names:
                raise DestinationError(f"a message needs {entity}.{name}, which is not ordered")
        found[entity] = {name: _place(grammar, profile, entity, name) for name in names}
    for (entity, name), to in _STRUCTURAL.items():
        if name in found.get(entity, {}) and found[entity][name] != found.get(to, {}).get(KEY):
            raise wrong(entity, name, f"must be where {to}.{KEY} is")
    grammar.check(found.get("observation", {}))
    values = {entity: profile.entities[entity].values for entity in found}
    return Places(grammar, found, values)


def _place(grammar: Grammar, profile: DestinationProfile, entity: str, name: str) -> FieldPath:
    column = profile.entities[entity].columns.get(name)
    if column is None:
        raise wrong(entity, name, "is ordered, and has no place in a message")
    path = parse(column)
    if path is None or path.repetition:
        raise wrong(entity, name, f"{column} is no place in a segment")
    if (entity, name) in _STRUCTURAL:
        return path
    if path.segment not in grammar.segments[entity]:
        raise wrong(entity, name, f"{column} is in no segment of the entity's: {', '.join(grammar.segments[entity])}")
    if (path.segment, path.field) in grammar.ours:
        raise wrong(entity, name, f"{column} is filled by the writer")
    refers = CATALOGUE.column(entity, name).refers
    if refers in grammar.parts and path.component:
        raise wrong(entity, name, f"{column}: a {refers} takes the whole field")
    if path.segment == grammar.head and refers != "site":
        raise wrong(entity, name, f"{column} names the site")
    return path


def wrong(entity: str, name: str, why: str) -> DestinationError:
    """The error of a place that cannot be."""
    return DestinationError(f"{entity}.{name}: {why}", location=Location(field=f"{entity}.{name}"))
