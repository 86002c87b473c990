"""What must hold before anything is loaded: every ordered column has a place that can hold it."""

from collections.abc import Mapping

import pyarrow as pa

from ecluse.adapters.destinations._columns import TargetColumn, TargetTable, can_hold
from ecluse.domain.catalogue import CATALOGUE, KEY
from ecluse.domain.errors import DestinationError, Location
from ecluse.domain.profile import DestinationProfile, LoadMode, TargetEntity

__all__ = ["check", "loading_order", "mapped", "place"]


def place(profile: DestinationProfile, entity: str) -> TargetEntity:
    """Where the profile puts an entity; ``DestinationError`` when nowhere: an ordered row would be lost (law 3)."""
    if entity not in profile.entities:
        raise DestinationError(
            f"{entity} is ordered, and profile {profile.profile} has no table for it", location=Location(field=entity)
        )
    return profile.entities[entity]


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


def check(entity: str, schema: pa.Schema, target: TargetEntity, table: TargetTable | None) -> None:
    """Refuse, before the first row, what could not be loaded and read back the same.

    Raises ``DestinationError`` naming table and column.
    """
    columns = mapped(entity, schema.names, target, table)
    if table is None:
        return
    for field, column in columns.items():
        _check_column(f"{entity}.{field}", schema.field(field).type, target.table, column)
    loaded = {column.name for column in columns.values()}
    for column in table.columns.values():
        if column.required and column.name not in loaded:
            raise DestinationError(f"{target.table}.{column.name} must not be null, and the order does not carry it")
    if target.mode is LoadMode.MERGE and columns[KEY].name not in table.unique:
        raise DestinationError(
            f"{target.table}.{columns[KEY].name} has no unique key of its own, and rows are merged by it",
            hint="make it unique, or load an empty table with mode: swap",
        )
    if target.mode is LoadMode.SWAP and table.obstacles:
        raise DestinationError(
            f"table {target.table} cannot be swapped: {', '.join(table.obstacles)}", hint="use mode: merge"
        )


def _check_column(field: str, wire: pa.DataType, table: str, column: TargetColumn) -> None:
    where = Location(field=field)
    if column.generated:
        raise DestinationError(f"{table}.{column.name} is computed by the database", location=where)
    if not can_hold(column, wire):
        raise DestinationError(
            f"{table}.{column.name} is {column.declared}, which does not hold {wire} exactly", location=where
        )
