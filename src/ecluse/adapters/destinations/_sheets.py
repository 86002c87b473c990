"""The tables that an entity's rows go to, and what each of their columns gets: a field, a field again, a constant."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.destinations._columns import Kind, TargetColumn, TargetTable, can_hold, fit
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError, Location
from ecluse.domain.profile import Constant, DestinationProfile, LoadMode, TargetEntity

__all__ = ["Sheet", "coded", "constant", "decoded", "place", "place_of", "plain_sheet", "sheets"]

_UNKNOWN = "\ufffd"
_DECIMAL = pa.decimal128(28, 10)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of an entity. ``name`` is the entity's, and of a part its number too; ``path`` is in the profile."""

    entity: str
    name: str
    path: str
    table: str
    mode: LoadMode
    fields: Mapping[str, str]
    """Column → field; the key among them."""
    copies: Mapping[str, str]
    constants: Mapping[str, Constant]
    values: Mapping[str, Mapping[str, str]]

    @property
    def key(self) -> str:
        """The column that holds the source's key."""
        return next(column for column, field in self.fields.items() if field == KEY)

    @property
    def own(self) -> bool:
        """Whether it is the entity's own table, and not a part."""
        return self.name == self.entity

    def holds(self) -> dict[str, str]:
        """Field → column; the key is its own table's."""
        return {field: column for column, field in self.fields.items() if self.own or field != KEY}

    def written(self, ordered: frozenset[str]) -> dict[str, str]:
        """Column → field, of what is ordered."""
        return {column: field for column, field in {**self.fields, **self.copies}.items() if field in ordered}

    def apart(self, ordered: frozenset[str]) -> list[str]:
        """Columns that no field is read back from: what stands there is compared with what was staged."""
        beside = [column for column, field in self.copies.items() if field in ordered]
        return [*([] if self.own else [self.key]), *beside, *self.constants]

    def filled(self, rows: pa.Table, table: TargetTable) -> pa.Table:
        """The rows as this table takes them.

        Raises DestinationError naming the column and the number of rows that it cannot hold.
        """
        written = self.written(frozenset(rows.column_names))
        arrays = {
            column: coded(rows.column(field), self.values.get(field), table.columns[column])
            for column, field in written.items()
        }
        made = fit(pa.table(arrays), {column: table.columns[column] for column in arrays})
        for column, value in self.constants.items():
            one = constant(value, table.columns[column], f"{self.path}.constants.{column}")
            made = made.append_column(column, pa.repeat(one[0], rows.num_rows))
        return made


def place(profile: DestinationProfile, entity: str) -> TargetEntity:
    """Where the profile puts an entity; ``DestinationError`` when nowhere: an ordered row would be lost (law 3)."""
    if entity not in profile.entities:
        raise DestinationError(
            f"{entity} is ordered, and profile {profile.profile} has no table for it", location=Location(field=entity)
        )
    return profile.entities[entity]


def sheets(profile: DestinationProfile, entity: str) -> tuple[Sheet, ...]:
    """Its tables in the order of writing; ``DestinationError`` when the profile has none."""
    target, path = place(profile, entity), f"entities.{entity}"
    turned = {column: field for field, column in target.columns.items()}
    own = Sheet(entity, entity, path, target.table, target.mode, turned, target.copies, target.constants, target.values)
    first: list[Sheet] = []
    later: list[Sheet] = []
    for i, part in enumerate(target.parts):
        sheet = Sheet(
            entity,
            f"{entity}_{i + 1}",
            f"{path}.parts[{i}]",
            part.table,
            LoadMode.MERGE,
            {part.key: KEY} | {column: field for field, column in part.columns.items()},
            part.copies,
            part.constants,
            target.values,
        )
        (first if part.first else later).append(sheet)
    return (*first, own, *later)


def plain_sheet(profile: DestinationProfile, entity: str) -> Sheet:
    """The one table of an entity, where nothing but its fields goes there."""
    if entity in profile.entities and (profile.entities[entity].more_than_columns() or profile.entities[entity].values):
        raise DestinationError("a destination in memory takes fields in one table, as they are")
    return sheets(profile, entity)[0]


def place_of(profile: DestinationProfile, entity: str, field: str) -> tuple[Sheet, str]:
    """The table and the column that hold a field; ``DestinationError`` where none does (law 3)."""
    found = sheets(profile, entity)
    for sheet in found:
        if field in sheet.holds():
            return sheet, sheet.holds()[field]
    own = next(sheet for sheet in found if sheet.own)
    raise DestinationError(
        f"ordered, and mapped to no column of {own.table}", location=Location(field=f"{entity}.{field}")
    )


def coded(array: pa.ChunkedArray, codes: Mapping[str, str] | None, column: TargetColumn) -> pa.ChunkedArray:
    """Catalogue values as the target's codes; one that has no code is refused."""
    if codes is None:
        return array
    at = pc.index_in(array.cast(pa.string()), value_set=pa.array(list(codes), pa.string()), skip_nulls=True)
    strange = pc.sum(pc.and_(array.is_valid(), at.is_null())).as_py() or 0
    if strange:
        raise DestinationError(
            f"column {column.name} ({column.declared}) cannot hold {strange} rows: the profile has no code for them"
        )
    return pa.chunked_array([pa.array(list(codes.values()), pa.string())]).take(at)


def decoded(array: pa.Array, codes: Mapping[str, str]) -> pa.Array:
    """The target's codes as catalogue values; one that no value has is marked, so that it equals nothing sealed."""
    at = pc.index_in(array, value_set=pa.array(list(codes.values()), pa.string()), skip_nulls=True)
    known = pa.array(list(codes), pa.string()).take(at)
    strange = pc.binary_join_element_wise(_UNKNOWN, array, "")
    return pc.if_else(at.is_valid(), known, strange)


def constant(value: Constant, column: TargetColumn, path: str) -> pa.ChunkedArray:
    """A profile's constant as one value of its column's type.

    Raises DestinationError naming its place in the profile: the column cannot hold it, or is the database's own.
    """
    where = Location(field=path)
    if column.generated:
        raise DestinationError(f"column {column.name} is computed by the database", location=where)
    if value is None:
        if not column.nullable:
            raise DestinationError(f"column {column.name} must not be null, and the constant is", location=where)
        return pa.chunked_array([pa.nulls(1, column.arrow())])
    made = _typed(value, column.kind)
    if made is None or not can_hold(column, made.type):
        raise DestinationError(f"column {column.name} is {column.declared}, and the constant is not", location=where)
    try:
        return fit(pa.table({column.name: pa.chunked_array([made])}), {column.name: column}).column(0)
    except DestinationError:
        raise DestinationError(
            f"column {column.name} ({column.declared}) cannot hold the constant exactly", location=where
        ) from None


def _typed(value: str | int, kind: Kind) -> pa.Array | None:
    """Of the wire's type that the column's kind asks for; None where the text says no such value."""
    if not isinstance(value, str):
        return pa.array([value], pa.bool_() if isinstance(value, bool) else pa.int64())
    try:
        return _READ[kind](value) if kind in _READ else None
    except (ValueError, InvalidOperation, pa.ArrowException):
        return None


def _day(text: str) -> pa.Array | None:
    day = dt.date.fromisoformat(text)
    return pa.array([day], pa.date32()) if day.isoformat() == text else None


def _moment(text: str) -> pa.Array | None:
    moment = dt.datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  a wall clock: no zone is invented
    return pa.array([moment], pa.timestamp("us")) if moment.isoformat(" ") == text else None


_READ: Mapping[Kind, Callable[[str], pa.Array | None]] = {
    Kind.TEXT: lambda text: pa.array([text], pa.string()),
    Kind.PADDED: lambda text: pa.array([text], pa.string()),
    Kind.DATE: _day,
    Kind.TIMESTAMP: _moment,
    Kind.DECIMAL: lambda text: pa.array([Decimal(text)], _DECIMAL),
    Kind.FLOATING: lambda text: pa.array([Decimal(text)], _DECIMAL),
}
