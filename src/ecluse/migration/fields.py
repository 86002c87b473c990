"""Which columns travel, why, and what the source must be asked for to make them."""

from collections.abc import Mapping
from dataclasses import dataclass

from ecluse.domain.catalogue import CATALOGUE, FieldType
from ecluse.domain.catalogue import Field as CatalogueField
from ecluse.domain.errors import Location, OrderError, ProfileError
from ecluse.domain.order import Scope
from ecluse.domain.plan import Because, Column, ColumnType
from ecluse.domain.profile import Parse, SourceProfile
from ecluse.migration.selects import ProfileSelect, read_selects

_TYPES: Mapping[FieldType, ColumnType] = {
    FieldType.TEXT: ColumnType.TEXT,
    FieldType.CODE: ColumnType.TEXT,
    FieldType.PARTIAL_DATE: ColumnType.TEXT,
    FieldType.DATE: ColumnType.DATE,
    FieldType.DATETIME: ColumnType.DATETIME,
    FieldType.DECIMAL: ColumnType.DECIMAL,
    FieldType.INTEGER: ColumnType.INTEGER,
    FieldType.BOOLEAN: ColumnType.BOOLEAN,
    FieldType.BINARY: ColumnType.BINARY,
}
_ORIGINALS = ("raw_value", "reference_range")
"""Companions that hold a parsed field's original text, besides those named ``*_raw``."""


def planned_columns(scope: Scope, profile: SourceProfile) -> Mapping[str, tuple[Column, ...]]:
    """The columns of every parcel, in catalogue order: ordered fields, links, companions of parsed fields (law 3).

    Raises:
        OrderError: the profile does not serve an ordered entity or field.
        ProfileError: it parses a field whose original text cannot travel beside it.
    """
    return {name: made.columns for name, made in planned_fields(scope, profile).items()}


@dataclass(frozen=True)
class EntityFields:
    """One entity's columns as they travel, and the source columns that they are made from."""

    columns: tuple[Column, ...]
    sources: tuple[str, ...]
    """Output columns of the profile's SELECT that the extraction query returns, in the SELECT's order."""


def planned_fields(
    scope: Scope, profile: SourceProfile, selects: Mapping[str, ProfileSelect] | None = None
) -> Mapping[str, EntityFields]:
    """Columns and source columns of every ordered entity; raises as :func:`planned_columns`."""
    read = read_selects(profile) if selects is None else selects
    return {
        entity: _Chooser(scope, profile, _select(entity, profile, read)).chosen(names)
        for entity, names in scope.columns().items()
    }


def _select(entity: str, profile: SourceProfile, selects: Mapping[str, ProfileSelect]) -> ProfileSelect:
    if entity not in selects:
        raise OrderError(
            f"{entity} is ordered, and the profile {profile.profile} does not serve it",
            location=Location(field=f"scope.fields.{entity}"),
            hint=f"it serves {', '.join(selects)}",
        )
    return selects[entity]


@dataclass(frozen=True)
class _Chooser:
    scope: Scope
    profile: SourceProfile
    select: ProfileSelect

    @property
    def entity(self) -> str:
        return self.select.entity

    @property
    def parse(self) -> Mapping[str, Parse]:
        return self.profile.entities[self.entity].parse

    def chosen(self, carried: tuple[str, ...]) -> EntityFields:
        ordered = frozenset(self.scope.fields[self.entity])
        because = {name: Because.ORDERED if name in ordered else Because.LINK for name in carried}
        for name in carried:
            if name in ordered:
                for companion in self.companions(name):
                    because.setdefault(companion, Because.COMPANION)
        columns = tuple(
            Column(field.name, _TYPES[field.type], because[field.name])
            for field in CATALOGUE.entity(self.entity).columns
            if field.name in because
        )
        made_from = {source for column in columns for source in self.served(column.name)}
        return EntityFields(columns, tuple(name for name in self.select.names if name in made_from))

    def companions(self, name: str) -> tuple[str, ...]:
        """What travels beside an ordered field because its value is not the source's own text."""
        field = CATALOGUE.column(self.entity, name)
        parse = self.parse.get(name)
        if parse is None and not self.derived(name):
            return ()
        found = tuple(c for c in field.companions if self.sources(c) is not None)
        if parse is not None and not any(_original(c) for c in (*found, name)):
            raise ProfileError(
                "is parsed, but nothing would hold its original text (law 3)",
                location=Location(field=f"entities.{self.entity}.parse.{name}"),
                hint=_originals_hint(field),
            )
        return found

    def derived(self, name: str) -> bool:
        """Whether the value is looked up from another column by the profile's maps."""
        return (
            self.entity == "observation"
            and name not in self.select.names
            and name in {"loinc", "ucum"}
            and {"loinc": "code", "ucum": "unit"}[name] in self.select.names
        )

    def served(self, name: str) -> tuple[str, ...]:
        found = self.sources(name)
        if found is None:
            raise OrderError(
                f"{self.entity}.{name} is ordered, and the profile {self.profile.profile} does not serve it",
                location=Location(field=f"scope.fields.{self.entity}"),
                hint=f"entities.{self.entity}.select yields {', '.join(self.select.names)}",
            )
        return found

    def sources(self, name: str) -> tuple[str, ...] | None:
        """Columns of the SELECT that make a column that travels; None where it cannot be made."""
        names = self.select.names
        parse, base = self.parse.get(name), name.removesuffix("_raw")
        if self.entity == "observation":
            numeric = (value := self.parse.get("value")) is not None and value.number
            if numeric and name in {"value", "comparator"}:
                return ("raw_value",) if "raw_value" in names else None
            if self.derived(name):
                return ("code",) if name == "loinc" else ("unit",)
        if name in names:
            return (name,)
        if parse is not None and f"{name}_raw" in names:
            return (f"{name}_raw",)
        if base != name and base in names and base in self.parse:
            return (base,)
        return None


def _original(name: str) -> bool:
    return name.endswith("_raw") or name in _ORIGINALS


def _originals_hint(field: CatalogueField) -> str:
    wanted = [c for c in field.companions if _original(c)]
    return f"let the SELECT yield {' or '.join(wanted)}" if wanted else "the catalogue has no companion for it"
