"""Row by row, where digests differ: which source keys are missing, unexpected or changed, and in which columns.

Off the hot path: it runs only when a reconciliation is not clean. Values are compared in memory and never shown.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.catalogue import KEY
from ecluse.domain.plan import PlannedEntity
from ecluse.domain.records import Difference, DifferenceKind
from ecluse.migration.digest import row_digests

_SCRATCH_KEY = b"only compared within one process"
"""Digests below never leave this function, so their key need not be secret."""


def compare(planned: PlannedEntity, sealed: Iterable[pa.Table], found: Iterable[pa.Table]) -> Iterator[Difference]:
    """Every row that is not the same on both sides, sorted by source key.

    ``sealed`` and ``found`` are tables of the planned columns. A key that stands twice in the target is unexpected.
    """
    left, right = _digests(planned, sealed), _digests(planned, found)
    counts = right.group_by(KEY).aggregate([([], "count_all")])
    twice = counts.filter(pc.greater(counts.column("count_all"), 1)).column(KEY)
    for key in sorted(twice.to_pylist()):
        yield Difference(DifferenceKind.UNEXPECTED, planned.entity, key, "more than one row has this key")
    joined = left.join(
        right.filter(pc.invert(pc.is_in(right.column(KEY), twice))),
        KEY,
        join_type="full outer",
        right_suffix="_right",
    )
    joined = joined.filter(pc.invert(pc.is_in(joined.column(KEY), twice))).sort_by(KEY)
    yield from _differing(planned, joined)


def _digests(planned: PlannedEntity, tables: Iterable[pa.Table]) -> pa.Table:
    """Key, whole-row digest, and one digest a column; 17 bytes a value, no value."""
    parts = [_digest_table(planned, table) for table in tables]
    return pa.concat_tables(parts) if parts else _digest_table(planned, _empty(planned))


def _digest_table(planned: PlannedEntity, rows: pa.Table) -> pa.Table:
    columns = {KEY: rows.column(KEY).cast(pa.string())}
    for name in planned.names():
        if name != KEY:
            columns[name] = _fixed(row_digests(rows.select([name]), _SCRATCH_KEY))
    columns["_here"] = pa.array([True]).take(pa.nulls(rows.num_rows, pa.int64()).fill_null(0))
    return pa.table(columns)


def _fixed(digests: object) -> pa.Array:
    raw = digests.tobytes()  # type: ignore[attr-defined]
    return pa.Array.from_buffers(pa.binary(16), len(raw) // 16, [None, pa.py_buffer(raw)])


def _empty(planned: PlannedEntity) -> pa.Table:
    return pa.table({name: pa.array([], pa.string()) for name in planned.names()})


def _differing(planned: PlannedEntity, joined: pa.Table) -> Iterator[Difference]:
    names = [name for name in planned.names() if name != KEY]
    here = joined.column("_here").is_valid()
    there = joined.column("_here_right").is_valid() if "_here_right" in joined.column_names else here
    for key in joined.filter(pc.invert(there)).column(KEY).to_pylist():
        yield Difference(DifferenceKind.MISSING, planned.entity, key, "sealed and not in the target")
    for key in joined.filter(pc.invert(here)).column(KEY).to_pylist():
        yield Difference(DifferenceKind.UNEXPECTED, planned.entity, key, "in the target and not sealed")
    both = joined.filter(pc.and_(here, there))
    changed = [pc.not_equal(both.column(name), both.column(f"{name}_right")) for name in names]
    flags = pa.table(dict(zip(names, changed, strict=True)) | {KEY: both.column(KEY)})
    some = pa.array([False] * both.num_rows)
    for column in changed:
        some = pc.or_(some, column)
    for row in flags.filter(some).to_pylist():
        detail = ", ".join(name for name in names if row[name])
        yield Difference(DifferenceKind.CHANGED, planned.entity, row[KEY], detail)
