"""Reading back: what the target's tables hold → the parcel's own schema, exactly."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.destinations._columns import TargetColumn, restore
from ecluse.adapters.destinations._sheets import decoded
from ecluse.adapters.sources._arrow import holds_infinity
from ecluse.adapters.sources.opening import open_source
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import ConnectionLostError, DestinationError, EcluseError, MalformedError, ProfileError
from ecluse.migration.ports import Source

__all__ = ["CONTROL", "READ_BATCH_ROWS", "ReadColumn", "restored", "server_stream", "with_control"]

READ_BATCH_ROWS = 100_000
CONTROL = ("_date", "_site")


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """One column of a read-back: the SQL expression, its alias, and the column it stands for.

    ``codes``: catalogue value → the target's code, where the profile translates.
    """

    expression: str
    alias: str
    column: TargetColumn
    codes: Mapping[str, str] | None = None


def server_stream(
    spec: SourceSpec, sql: str, opened: Callable[[SourceSpec], Source] = open_source
) -> Iterator[pa.RecordBatch]:
    """The rows of a query on a server, through the reader that sources use: exact types, bounded memory, no spill."""
    failure: EcluseError | None = None
    try:
        source = opened(spec)
        try:
            yield from source.stream(sql, READ_BATCH_ROWS)
        finally:
            source.close()
    except ConnectionLostError:
        failure = ConnectionLostError("the connection to the destination was lost while reading back")
    except (ProfileError, MalformedError):
        failure = DestinationError("the destination refuses to be read back, or holds values of other types")
    if failure:
        raise failure


def with_control(schema: pa.Schema) -> pa.Schema:
    """The parcel's schema, then the row's date and site."""
    date, site = CONTROL
    return pa.schema([*schema, pa.field(date, pa.date32()), pa.field(site, pa.string())])


def restored(batch: pa.RecordBatch, columns: Sequence[ReadColumn], schema: pa.Schema) -> pa.RecordBatch:
    """A batch as the engine reads it → ``schema``, the last two of whose columns are those of ``with_control``."""
    arrays = []
    for array, read, field in zip(batch.columns, columns, schema, strict=True):
        column = read.column
        if holds_infinity(array):
            raise DestinationError(f"column {column.name} of the target holds infinity, which was not loaded")
        if array.null_count == len(array):  # whatever type a driver gives to nothing
            arrays.append(pa.nulls(len(array), field.type))
            continue
        value = _day(array) if field.name == CONTROL[0] else restore(array, field.type, column.name)
        arrays.append(value if read.codes is None else decoded(value, read.codes))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _day(array: pa.Array) -> pa.Array:
    """The request's date as a date; a text that is none is null."""
    if not pa.types.is_string(array.type):
        return array.cast(pa.date32())
    day = pc.utf8_slice_codeunits(array, 0, 10)
    day = pc.if_else(pc.match_substring_regex(day, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), day, None)
    moment = pc.strptime(day, format="%Y-%m-%d", unit="s", error_is_null=True)
    return moment.cast(pa.date32())
