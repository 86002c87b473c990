"""The plan: the exact queries, batches and counts by which an order will be carried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from ecluse.domain.files import FileIntake
from ecluse.domain.values import (
    Count,
    Digest,
    FieldError,
    Identifier,
    Instant,
    LogVerifier,
    Name,
    Sql,
    Strict,
    Verbatim,
    Year,
    check_log,
)

RESERVED = ".quarantine"
"""How the name of a quarantine's parcel ends; a batch so named would lie where another's quarantined rows lie."""


class ColumnType(StrEnum):
    """Types on the wire; the digest of a row is taken over values of these types."""

    TEXT = "text"
    DATE = "date"
    DATETIME = "datetime"
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    BINARY = "binary"


class Because(StrEnum):
    """Why a column travels."""

    ORDERED = "ordered"
    LINK = "link"
    COMPANION = "companion"


@dataclass(frozen=True, slots=True)
class Column(Strict):
    """One column of a parcel."""

    name: Identifier
    type: ColumnType
    because: Because


@dataclass(frozen=True, slots=True)
class PlannedEntity(Strict):
    """One entity's query. ``:lower``, ``:upper`` bound a batch; ``:excluded_persons`` never leaves memory."""

    entity: Identifier
    sql: Sql
    columns: tuple[Column, ...]
    rows: Count

    def __post_init__(self) -> None:
        """A column travels once."""
        _refuse_repeats("columns", self.names(), "two columns share a name")

    def names(self) -> tuple[str, ...]:
        """The columns' names, in parcel order."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Batch(Strict):
    """A range of one entity: keys or scope dates from ``lower`` up to, but without, ``upper``; null is open."""

    id: Identifier
    entity: Identifier
    lower: str | None
    upper: str | None
    rows: Count


@dataclass(frozen=True, slots=True)
class Tally(Strict):
    """Planned rows of one entity, year, site; null where the entity has none of its own."""

    entity: Identifier
    year: Year | None
    site: str | None
    rows: Count


class LeftOutReason(StrEnum):
    """Why rows stay in the source."""

    DATES = "outside_dates"
    SITES = "outside_sites"
    NO_DATE = "no_scope_date"
    CATEGORY = "excluded_category"
    UNCLASSIFIABLE = "unclassifiable"
    PERSON = "excluded_person"
    ENTITY = "entity_not_ordered"
    FIELD = "field_not_ordered"
    UNREACHED = "no_request_in_scope"


@dataclass(frozen=True, slots=True)
class LeftOut(Strict):
    """Something that stays, why, and how many rows (null where columns are meant)."""

    entity: Identifier
    reason: LeftOutReason
    subject: Verbatim
    rows: Count | None


@dataclass(frozen=True, slots=True)
class RepeatedKey(Strict):
    """A source key on several rows: its ``rows`` planned ones are set aside, sealed too (law 3).

    A request's key is repeated also by a row outside the scope: whose results are whose could not be told.
    """

    entity: Identifier
    key: Verbatim
    rows: Count


class Snapshot(StrEnum):
    """What consistency the source can give to all workers of an extraction."""

    SHARED = "shared"
    SINGLE_CONNECTION = "single_connection"
    FILES = "files"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SourceFacts(Strict):
    """What the plan was made against."""

    engine: Name
    version: Name
    snapshot: Snapshot
    workers: Count
    files: tuple[FileIntake, ...] = ()
    """Of files, the account of every byte (law 3)."""


@dataclass(frozen=True, slots=True)
class Plan(Strict):
    """The processor's agent's plan, signed by it; pins order, agreement and profile by digest."""

    format: Literal["ecluse.plan/1"]
    order: Digest
    agreement: Digest
    profile: Digest
    made_at: Instant
    agent: Identifier
    source: SourceFacts
    entities: tuple[PlannedEntity, ...]
    batches: tuple[Batch, ...]
    tallies: tuple[Tally, ...]
    left_out: tuple[LeftOut, ...]
    repeated: tuple[RepeatedKey, ...] = ()
    analyses: Mapping[str, str] = field(default_factory=dict)
    """Where results are planned, the profile's map from local code to LOINC (empty: unmapped), by which the recipient
    judges each result's category again."""
    log: LogVerifier | None = None
    """The key of the source place's journal, so that the order's chain pins it; None in a draft, which nobody signs."""

    def __post_init__(self) -> None:
        """Batches and tallies must add up to the entities' rows."""
        if self.log is not None:
            check_log(self.log, "source", self.agent)
        for place, planned in enumerate(self.entities):
            batched = sum(batch.rows for batch in self.batches if batch.entity == planned.entity)
            tallied = sum(tally.rows for tally in self.tallies if tally.entity == planned.entity)
            if not batched == tallied == planned.rows:
                raise FieldError(f"entities[{place}].rows", "rows of batches, tallies and entity differ")
        names = [planned.entity for planned in self.entities]
        _refuse_repeats("entities", names, "an entity is planned twice")
        _refuse_repeats("batches", [batch.id for batch in self.batches], "two batches share an id")
        _refuse_repeats("tallies", [(t.entity, t.year, t.site) for t in self.tallies], "rows are tallied twice")
        for place, tally in enumerate(self.tallies):
            if tally.entity not in names:
                raise FieldError(f"tallies[{place}].entity", "an entity that is not planned")
        for place, batch in enumerate(self.batches):
            if batch.entity not in names:
                raise FieldError(f"batches[{place}].entity", "an entity that is not planned")
            if batch.id.endswith(RESERVED):
                raise FieldError(f"batches[{place}].id", f"{RESERVED} names the parcels of quarantined rows")
        self._check_repeated(names)

    def _check_repeated(self, names: Sequence[str]) -> None:
        _refuse_repeats("repeated", [(each.entity, each.key) for each in self.repeated], "a key is listed twice")
        left = {planned.entity: planned.rows for planned in self.entities}
        for place, each in enumerate(self.repeated):
            if each.entity not in names:
                raise FieldError(f"repeated[{place}].entity", "an entity that is not planned")
            left[each.entity] -= each.rows
            if left[each.entity] < 0:
                raise FieldError(f"repeated[{place}].rows", "more rows than are planned")

    def entity(self, name: str) -> PlannedEntity:
        """The planned entity of that name; KeyError if none."""
        return {planned.entity: planned for planned in self.entities}[name]

    def batch(self, id_: str) -> Batch:
        """The batch of that id; KeyError if none."""
        return {batch.id: batch for batch in self.batches}[id_]

    def loinc_of(self, code: str) -> str | None:
        """The LOINC code of a local analysis code, as the plan says; None when nobody has mapped it."""
        return self.analyses.get(code) or None

    def repeated_keys(self) -> Mapping[str, tuple[str, ...]]:
        """Keys on several rows, by entity; only entities that have some."""
        found: dict[str, list[str]] = {}
        for each in self.repeated:
            found.setdefault(each.entity, []).append(each.key)
        return {entity: tuple(keys) for entity, keys in found.items()}


def _refuse_repeats(field: str, names: Sequence[object], message: str) -> None:
    seen: set[object] = set()
    for place, name in enumerate(names):
        if name in seen:
            raise FieldError(f"{field}[{place}]", message)
        seen.add(name)
