"""A destination profile against its database: tables, columns, keys, constants and codes; nothing is written."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pyarrow as pa

from ecluse.adapters.destinations._check import check_constant
from ecluse.adapters.destinations._columns import TargetTable, can_hold, fit
from ecluse.adapters.destinations._sheets import Sheet, sheets
from ecluse.adapters.destinations._sql import SqlDestination
from ecluse.adapters.destinations.opening import DestinationSpec, open_destination
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError
from ecluse.domain.profile import Engine, LoadMode
from ecluse.wire.artefacts import Problem

__all__ = ["TABLELESS", "Proof", "Seen", "check_destination_profile"]

TABLELESS = frozenset({Engine.FHIR, Engine.HL7, Engine.HPRIM})
"""Destinations that cannot be asked what they take."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One table that was looked at: its place in the profile, its name, how many of its columns the profile writes.

    ``right``: nothing was found against it.
    """

    path: str
    table: str
    columns: int
    right: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked at, and every place of the profile that it contradicts, both in the profile's order."""

    seen: tuple[Seen, ...] = ()
    problems: tuple[Problem, ...] = ()


def check_destination_profile(spec: DestinationSpec) -> Proof:
    """Hold a profile against its database's tables.

    Whether a field's type fits depends on the source and on the order: that is checked when a load begins. Messages and
    FHIR have no tables: nothing is looked at, and nothing connected to.

    Raises UsageError, DestinationError (login refused, a table without transactions), ConnectionLostError.
    """
    if not spec.profile.entities or spec.engine in TABLELESS:
        return Proof()
    with closing(open_destination(spec)) as destination:
        if not isinstance(destination, SqlDestination):
            return Proof()
        seen: list[Seen] = []
        found: list[Problem] = []
        for entity in spec.profile.entities:
            for sheet in sheets(spec.profile, entity):
                table = destination.described(sheet.table)
                against = tuple(_sheet(sheet, table))
                if table is not None:
                    seen.append(Seen(f"{sheet.path}.table", table.name, len(_written(sheet)), not against))
                found += against
        return Proof(tuple(seen), tuple(found))


def _sheet(sheet: Sheet, table: TargetTable | None) -> Iterator[Problem]:
    if table is None:
        yield Problem(f"{sheet.path}.table", f"table {sheet.table} does not exist")
        return
    for column, path in _places(sheet).items():
        if column not in table.columns:
            yield Problem(path, f"table {table.name} has no column {column}")
        elif table.columns[column].generated:
            yield Problem(path, f"column {column} is computed by the database")
    key = _places(sheet)[sheet.key]
    if sheet.mode is LoadMode.MERGE and sheet.key in table.columns and sheet.key not in table.unique:
        yield Problem(key, f"{table.name}.{sheet.key} has no unique key of its own, and rows are merged by it")
    if sheet.mode is LoadMode.SWAP and table.obstacles:
        yield Problem(f"{sheet.path}.mode", f"table {table.name} cannot be swapped: {', '.join(table.obstacles)}")
    yield from _constants(sheet, table)
    yield from _codes(sheet, table)
    for each in table.columns.values():
        if each.required and each.name not in _written(sheet):
            yield Problem(f"{sheet.path}.table", f"column {each.name} must not be null, and nothing goes there")


def _written(sheet: Sheet) -> frozenset[str]:
    """The columns that the profile fills."""
    return frozenset({*sheet.fields, *sheet.copies, *sheet.constants})


def _places(sheet: Sheet) -> dict[str, str]:
    """Column → where the profile names it."""
    own = {column: f"{sheet.path}.columns.{field}" for column, field in sheet.fields.items()}
    if not sheet.own:
        own[sheet.key] = f"{sheet.path}.key"
    return own | {column: f"{sheet.path}.copies.{column}" for column in sheet.copies}


def _constants(sheet: Sheet, table: TargetTable) -> Iterator[Problem]:
    for name in sheet.constants:
        try:
            check_constant(sheet, name, table)
        except DestinationError as error:
            yield Problem(f"{sheet.path}.constants.{name}", error.message)


def _codes(sheet: Sheet, table: TargetTable) -> Iterator[Problem]:
    for field, name in sheet.holds().items():
        codes, column = sheet.values.get(field), table.columns.get(name)
        if codes is None or column is None or field == KEY:
            continue
        path = f"entities.{sheet.entity}.values.{field}"
        if not can_hold(column, pa.string()):
            yield Problem(path, f"column {name} is {column.declared}, and codes are texts or whole numbers")
            continue
        try:
            fit(pa.table({name: pa.array(list(codes.values()), pa.string())}), {name: column})
        except DestinationError as error:
            yield Problem(path, error.message)
