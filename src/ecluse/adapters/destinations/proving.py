"""A destination profile against its database: tables, columns, keys, constants and codes; nothing is written."""

from collections.abc import Iterator
from contextlib import closing

import pyarrow as pa

from ecluse.adapters.destinations._check import check_constant
from ecluse.adapters.destinations._columns import TargetTable, can_hold, fit
from ecluse.adapters.destinations._sheets import Sheet, sheets
from ecluse.adapters.destinations._sql import SqlDestination
from ecluse.adapters.destinations.opening import DestinationSpec, open_destination
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError
from ecluse.domain.profile import LoadMode
from ecluse.wire.artefacts import Problem

__all__ = ["check_destination_profile"]


def check_destination_profile(spec: DestinationSpec) -> tuple[Problem, ...]:
    """Every place of the profile that its database contradicts, in the profile's order.

    Whether a field's type fits depends on the source and on the order: that is checked when a load begins. Messages and
    FHIR have no tables: there is nothing to find.

    Raises UsageError, DestinationError (login refused, a table without transactions), ConnectionLostError.
    """
    with closing(open_destination(spec)) as destination:
        if not isinstance(destination, SqlDestination):
            return ()
        found: list[Problem] = []
        for entity in spec.profile.entities:
            for sheet in sheets(spec.profile, entity):
                found += _sheet(sheet, destination.described(sheet.table))
        return tuple(found)


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
    yield from _constants(sheet, table)
    yield from _codes(sheet, table)
    written = {*sheet.fields, *sheet.copies, *sheet.constants}
    for each in table.columns.values():
        if each.required and each.name not in written:
            yield Problem(f"{sheet.path}.table", f"column {each.name} must not be null, and nothing goes there")


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
