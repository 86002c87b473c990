"""Where a profile puts each catalogue field in an ORU^R01, and what must hold of it before anything is written.

The "table" of an entity is a group of segments, the "column" of a field a place in one of them: ``PID-5.1``. What HL7
has no field for goes into a Z-segment behind (ZPI, ZRQ, ZSP, ZOX, ZNT), which receivers that don't know it pass over.
Practitioners and sites have no segment: their fields are components (``XCN-2``, ``HD-1``) of the fields that name them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from ecluse.adapters.sources._field_paths import FieldPath, parse
from ecluse.domain.catalogue import CATALOGUE, KEY
from ecluse.domain.errors import DestinationError, Location
from ecluse.domain.profile import DestinationProfile

__all__ = ["SEGMENTS", "Places", "places_of"]

SEGMENTS: Mapping[str, tuple[str, ...]] = {
    "patient": ("PID", "PD1", "ZPI"),
    "request": ("MSH", "PV1", "ORC", "OBR", "ZRQ"),
    "specimen": ("SPM", "ZSP"),
    "observation": ("OBX", "ZOX"),
    "comment": ("NTE", "ZNT"),
    "practitioner": ("XCN",),
    "site": ("HD",),
}
"""Which segments hold an entity's fields; ``XCN`` and ``HD`` are no segments but parts of fields (HL7 v2.5, 2.A)."""
_STRUCTURAL = {
    ("request", "patient"): "patient", ("observation", "request"): "request", ("specimen", "request"): "request",
    ("comment", "request"): "request", ("comment", "observation"): "observation",
}  # fmt: skip
"""Links that a segment's place in its message says: their column is that of the key they refer to."""
_NEEDED = {
    "request": ("patient",), "observation": ("request", "code", "status"), "comment": ("request",),
    "specimen": ("request",),
}  # fmt: skip
_OURS = frozenset(
    {("PID", 1), ("ORC", 1), ("OBR", 1), ("OBX", 2), ("NTE", 1), ("SPM", 1)}
    | {("MSH", field) for field in range(1, 30) if field != 4}  # noqa: PLR2004
)
"""Fields that the writer fills itself."""


@dataclass(frozen=True, slots=True)
class Places:
    """The places of what an order carries: entity → field → place; ``values``: entity → field → value → code."""

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

    def written(self, entity: str) -> Mapping[str, FieldPath]:
        """Fields that have a place of their own: all but links that the message's structure says."""
        return {name: path for name, path in self.entities[entity].items() if (entity, name) not in _STRUCTURAL}


def places_of(profile: DestinationProfile, entities: Mapping[str, pa.Schema]) -> Places:
    """The places of the ordered columns. Raises DestinationError naming the field that has none, or cannot be there."""
    for entity in ("patient", "request"):
        if entity not in entities:
            raise DestinationError(f"a message tells of a request and its patient: {entity} is not ordered")
    found: dict[str, dict[str, FieldPath]] = {}
    for entity in (each.name for each in CATALOGUE if each.name in entities):
        target = profile.entities.get(entity)
        if target is None or entity not in SEGMENTS:
            raise DestinationError(
                f"{entity} is ordered, and has no place in a message", location=Location(field=entity)
            )
        names = entities[entity].names
        for name in (KEY, *_NEEDED.get(entity, ())):
            if name not in names:
                raise DestinationError(f"a message needs {entity}.{name}, which is not ordered")
        found[entity] = {name: _place(profile, entity, name) for name in names}
    for (entity, name), to in _STRUCTURAL.items():
        if name in found.get(entity, {}) and found[entity][name] != found.get(to, {}).get(KEY):
            raise _wrong(entity, name, f"must be where {to}.{KEY} is")
    _check_result(found.get("observation", {}))
    values = {entity: profile.entities[entity].values for entity in found}
    return Places(found, values)


def _place(profile: DestinationProfile, entity: str, name: str) -> FieldPath:
    column = profile.entities[entity].columns.get(name)
    if column is None:
        raise _wrong(entity, name, "is ordered, and has no place in a message")
    path = parse(column)
    if path is None or path.repetition:
        raise _wrong(entity, name, f"{column} is no place in a segment")
    if (entity, name) in _STRUCTURAL:
        return path
    if path.segment not in SEGMENTS[entity]:
        raise _wrong(entity, name, f"{column} is in no segment of the entity's: {', '.join(SEGMENTS[entity])}")
    if (path.segment, path.field) in _OURS:
        raise _wrong(entity, name, f"{column} is filled by the writer")
    refers = CATALOGUE.column(entity, name).refers
    if refers in {"practitioner", "site"} and path.component:
        raise _wrong(entity, name, f"{column}: a {refers} takes the whole field")
    if path.segment == "MSH" and refers != "site":
        raise _wrong(entity, name, f"{column} names the site")
    return path


def _check_result(observation: Mapping[str, FieldPath]) -> None:
    """OBX-5 has the number, with its comparator, where there is one; the original text has a place of its own."""
    fixed = {"value": FieldPath("OBX", 5), "comparator": FieldPath("OBX", 5, component=1)}
    for name, path in observation.items():
        if name in fixed and path != fixed[name]:
            raise _wrong("observation", name, f"must be {'OBX-5' if name == 'value' else 'OBX-5.1'}")
        if name not in fixed and (path.segment, path.field) == ("OBX", 5):
            raise _wrong("observation", name, "needs a place of its own, such as ZOX-2: OBX-5 shows the number")
    if "comparator" in observation and "value" not in observation:
        raise DestinationError("observation.comparator is ordered without observation.value")


def _wrong(entity: str, name: str, why: str) -> DestinationError:
    return DestinationError(f"{entity}.{name}: {why}", location=Location(field=f"{entity}.{name}"))
