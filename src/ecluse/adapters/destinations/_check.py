"""What must hold before anything is loaded: every ordered column has a place that can hold it."""

from collections.abc import Mapping

import pyarrow as pa

from ecluse.adapters.destinations._columns import Kind, TargetColumn, TargetTable, can_hold, fit
from ecluse.adapters.destinations._sheets import Sheet, constant
from ecluse.domain.catalogue import CATALOGUE, KEY, FieldType
from ecluse.domain.errors import DestinationError, Location
from ecluse.domain.profile import LoadMode, TargetEntity

__all__ = ["check", "check_constant", "loading_order", "mapped"]


def loading_order(entities: Mapping[str, object]) -> tuple[str, ...]:
    """Parents before children, as the catalogue lists them: a target's foreign keys stay satisfied."""
    return tuple(entity.name for entity in CATALOGUE if entity.name in entities)


def mapped(entity: str, fields: list[str], target: TargetEntity, table: TargetTable | None) -> dict[str, TargetColumn]:
    """Catalogue field → the target's column. ``DestinationError`` for a missing table, mapping or column."""
    if table is None:
        raise DestinationError(f"table {target.table} does not exist", location=Location(field=entity))
    for field in fields:
        where = Location(field=f"{entity}.{field}")
        if field not in target.columns:
            raise DestinationError(f"ordered, and mapped to no column of {target.table}", location=where)
        if target.columns[field] not in table.columns:
            raise DestinationError(f"table {target.table} has no column {target.columns[field]}", location=where)
    return {field: table.columns[target.columns[field]] for field in fields}


def check(sheet: Sheet, schema: pa.Schema, table: TargetTable | None) -> None:
    """Refuse, before the first row, what could not be loaded and read back the same.

    Raises ``DestinationError`` naming table and column.
    """
    if table is None:
        raise DestinationError(f"table {sheet.table} does not exist", location=Location(field=sheet.entity))
    written = sheet.written(frozenset(schema.names))
    for name, field in written.items():
        _check_field(sheet, field, _known(table, name, f"{sheet.entity}.{field}"), schema.field(field).type)
    for name in sheet.constants:
        check_constant(sheet, name, table)
    for column in table.columns.values():
        if column.required and column.name not in written and column.name not in sheet.constants:
            raise DestinationError(f"{table.name}.{column.name} must not be null, and the order does not carry it")
    if sheet.mode is LoadMode.MERGE and sheet.key not in table.unique:
        raise DestinationError(
            f"{table.name}.{sheet.key} has no unique key of its own, and rows are merged by it",
            hint="make it unique, or load an empty table with mode: swap",
        )
    if sheet.mode is LoadMode.SWAP and table.obstacles:
        raise DestinationError(
            f"table {table.name} cannot be swapped: {', '.join(table.obstacles)}", hint="use mode: merge"
        )


def check_constant(sheet: Sheet, name: str, table: TargetTable) -> None:
    """Refuse a constant that its column cannot hold, by its place in the profile."""
    path = f"{sheet.path}.constants.{name}"
    constant(sheet.constants[name], _known(table, name, path), path)


def _known(table: TargetTable, column: str, where: str) -> TargetColumn:
    if column not in table.columns:
        raise DestinationError(f"table {table.name} has no column {column}", location=Location(field=where))
    return table.columns[column]


def _check_field(sheet: Sheet, field: str, column: TargetColumn, wire: pa.DataType) -> None:
    where = Location(field=f"{sheet.entity}.{field}")
    if column.generated:
        raise DestinationError(f"{sheet.table}.{column.name} is computed by the database", location=where)
    codes = sheet.values.get(field)
    if not can_hold(column, wire) or not (codes or _as_text(sheet.entity, field, wire, column.kind)):
        raise DestinationError(
            f"{sheet.table}.{column.name} is {column.declared}, which does not hold {wire} exactly", location=where
        )
    if codes:
        if not pa.types.is_string(wire):
            raise DestinationError("codes are given for a field of texts", location=where)
        fit(pa.table({column.name: pa.array(list(codes.values()), pa.string())}), {column.name: column})


def _as_text(entity: str, field: str, wire: pa.DataType, kind: Kind) -> bool:
    """A text goes to a column of numbers if it is a key, to one of dates if it is a date: no other is meant to."""
    if not pa.types.is_string(wire) or kind not in {Kind.INTEGER, Kind.DATE}:
        return True
    column = next(column for column in CATALOGUE.entity(entity).columns if column.name == field)
    if kind is Kind.DATE:
        return column.type is FieldType.PARTIAL_DATE
    return field == KEY or column.refers is not None
