"""PostgreSQL as a destination: binary COPY in, DuckDB's scanner out.

Staging tables are logged: a crash of the server would empty unlogged ones while the ledger survives, and they are no
faster here (measured: decision 0004). COPY writes 16,384 rows at a time: half again as fast as a whole batch at once.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pgpq
import psycopg
import pyarrow as pa
from psycopg import conninfo

from ecluse.adapters.destinations._columns import Kind, TargetColumn, TargetTable
from ecluse.adapters.destinations._reading import ReadColumn, server_stream
from ecluse.adapters.destinations._sql import SqlDestination, scrubbed
from ecluse.adapters.sources.postgresql import PostgresqlSource
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import BusyError, ConnectionLostError, DestinationError, EcluseError, StorageError
from ecluse.domain.profile import DestinationProfile
from ecluse.migration.ports import StagedBatch

__all__ = ["PostgresqlDestination"]

_COPY_ROWS = 16_384
_READING = ("SET LOCAL work_mem = '64MB'",)
"""A read-back joins each row to its request: in one pass with this, in eight with the 4 MB that servers come with
(measured: 3.1 s of the server's CPU instead of 4.5)."""
_PASSWORD_HINT = "the password stands in ECLUSE_DESTINATION_PASSWORD"  # noqa: S105  where, not what
_PREPARE_LOCK = 0x45434C55  # "ECLU": one prepare at a time

_KINDS = {
    "text": Kind.TEXT,
    "varchar": Kind.TEXT,
    "bpchar": Kind.PADDED,
    "date": Kind.DATE,
    "timestamp": Kind.TIMESTAMP,
    "numeric": Kind.DECIMAL,
    "int2": Kind.INTEGER,
    "int4": Kind.INTEGER,
    "int8": Kind.INTEGER,
    "bool": Kind.BOOLEAN,
    "bytea": Kind.BINARY,
}

_COLUMNS = """
SELECT a.attname, t.typname, a.atttypmod, format_type(a.atttypid, a.atttypmod),
       a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', a.attgenerated <> '' OR a.attidentity = 'a',
       NOT a.attnotnull
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""

_UNIQUE = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = to_regclass(%s) AND i.indisunique AND i.indisvalid AND i.indimmediate
  AND i.indnkeyatts = 1 AND i.indpred IS NULL AND i.indexprs IS NULL"""

# What a table of the same name would not inherit, and what holds on to the old one.
_OBSTACLES = """
WITH t AS (SELECT to_regclass(%s)::oid AS oid)
SELECT 'it is not an ordinary table' FROM pg_class c, t WHERE c.oid = t.oid AND c.relkind <> 'r'
UNION SELECT 'foreign keys of other tables refer to it' FROM pg_constraint c, t
  WHERE c.confrelid = t.oid AND c.conrelid <> t.oid AND c.contype = 'f'
UNION SELECT 'views or rules depend on it' FROM pg_depend d, t
  WHERE d.refobjid = t.oid AND d.classid = 'pg_rewrite'::regclass
UNION SELECT 'it has triggers' FROM pg_trigger g, t WHERE g.tgrelid = t.oid AND NOT g.tgisinternal
UNION SELECT 'it has row security' FROM pg_class c, t WHERE c.oid = t.oid AND c.relrowsecurity
UNION SELECT 'it is part of an inheritance' FROM pg_inherits h, t WHERE t.oid IN (h.inhrelid, h.inhparent)
UNION SELECT 'it is published for replication' FROM pg_publication_rel p, t WHERE p.prrelid = t.oid
UNION SELECT 'it has column privileges' FROM pg_attribute a, t WHERE a.attrelid = t.oid AND a.attacl IS NOT NULL"""

# Statements that give the table under the old one's name what the old one had. ``format`` quotes; no value is involved.
_AFTERWARDS = """
WITH t AS (SELECT c.* FROM pg_class c WHERE c.oid = to_regclass(%(table)s))
SELECT * FROM (
SELECT 1, format('ALTER TABLE %%s SET (%%s)', %(table)s::text, array_to_string(t.reloptions, ', ')) FROM t
  WHERE t.reloptions IS NOT NULL
UNION ALL SELECT 2, format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', %(table)s::text, c.conname,
    pg_get_constraintdef(c.oid))
  FROM pg_constraint c, t WHERE c.conrelid = t.oid AND c.contype IN ('p', 'u', 'x')
UNION ALL SELECT 3, pg_get_indexdef(i.indexrelid) FROM pg_index i, t
  WHERE i.indrelid = t.oid AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)
UNION ALL SELECT 4, format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', %(table)s::text, c.conname,
    pg_get_constraintdef(c.oid))
  FROM pg_constraint c, t WHERE c.conrelid = t.oid AND c.contype = 'f'
UNION ALL SELECT 5, format('COMMENT ON TABLE %%s IS %%L', %(table)s::text, obj_description(t.oid, 'pg_class')) FROM t
  WHERE obj_description(t.oid, 'pg_class') IS NOT NULL
UNION ALL SELECT 6, format('REVOKE ALL ON %%s FROM PUBLIC', %(table)s::text) FROM t WHERE t.relacl IS NOT NULL
UNION ALL SELECT 7, format('GRANT %%s ON %%s TO %%s%%s', x.privilege_type, %(table)s::text,
    CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
    CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM t, aclexplode(t.relacl) x WHERE x.grantee <> t.relowner
UNION ALL SELECT 8, format('ALTER TABLE %%s OWNER TO %%I', %(table)s::text, pg_get_userbyid(t.relowner)) FROM t
  WHERE pg_get_userbyid(t.relowner) <> current_user
) s ORDER BY 1, 2"""

_OWNED_SEQUENCES = """
SELECT format('ALTER SEQUENCE %%s OWNED BY %%s.%%I', s.oid::regclass, %(stage)s::text, a.attname)
FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.refobjid = to_regclass(%(table)s) AND d.deptype = 'a'"""


class PostgresqlDestination(SqlDestination):
    """One connection. Everything of a step, DDL included, is one transaction."""

    ledger_columns = {"name": "text", "moment": "timestamptz"}  # noqa: RUF012  a constant of the class

    def __init__(self, spec: SourceSpec, profile: DestinationProfile) -> None:
        """Connects. ``ConnectionLostError`` when nobody answers, ``DestinationError`` when the login is refused."""
        super().__init__(profile)
        self._spec, self._depth = spec, 0
        address = spec.address()
        named = {"host": address.host, "port": address.port, "user": address.user, "dbname": address.database}
        given: dict[str, Any] = {key: value for key, value in named.items() if value} | dict(address.options)
        if not address.local:
            given.setdefault("sslmode", "require")  # libpq's default falls back to clear text without a word
        try:
            text = conninfo.make_conninfo("", **given, application_name="ecluse", connect_timeout=15)
            self._connection = psycopg.connect(text, password=spec.password(), autocommit=True, client_encoding="utf8")
        except psycopg.Error as error:
            failure = _translated(error, connecting=True)
        else:
            return
        raise failure

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    @scrubbed
    def prepare(self, order: str, entities: Mapping[str, pa.Schema]) -> None:
        """As the port says; of two at once the second waits."""
        with self._transaction():
            self._run("SELECT pg_advisory_xact_lock(%s)", _PREPARE_LOCK)
            super().prepare(order, entities)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._depth:
            yield
            return
        self._depth += 1
        failure: EcluseError
        try:
            with self._connection.transaction():
                yield
        except psycopg.Error as error:
            failure = _translated(error)
        else:
            return
        finally:
            self._depth -= 1
        raise failure  # outside the handler: theirs, whose text holds values, is not even its context

    def _run(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(sql.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []

    def _exists(self, table: str) -> bool:
        return self._run("SELECT to_regclass(%s) IS NOT NULL", self.table(table)) == [(True,)]

    def _describe(self, table: str) -> TargetTable | None:
        quoted = self.table(table)
        if not self._exists(table):
            return None
        columns = {row[0]: _column(row) for row in self._run(_COLUMNS, quoted)}
        unique = frozenset(str(name) for (name,) in self._run(_UNIQUE, quoted))
        obstacles = tuple(sorted(str(what) for (what,) in self._run(_OBSTACLES, quoted)))
        return TargetTable(table, columns, unique, obstacles)

    def _create_stage(self, stage: str, table: str, columns: Sequence[str] | None) -> None:
        if self._exists(stage):
            return
        stage, table = self.table(stage), self.table(table)
        if columns is None:
            # Keys and indexes come with the swap: a load into a table that has them takes twice as long.
            kept = ("DEFAULTS", "CONSTRAINTS", "GENERATED", "IDENTITY", "STORAGE", "COMPRESSION", "COMMENTS")
            including = " ".join(f"INCLUDING {what}" for what in kept)
            self._run(f"CREATE TABLE {stage} (LIKE {table} {including})")
        else:
            names = ", ".join(map(self.name, columns))
            self._run(f"CREATE TABLE {stage} AS SELECT {names} FROM {table} WHERE false")  # noqa: S608

    def _claim(self, order: str, batch: StagedBatch) -> bool:
        sql = (
            "INSERT INTO ecluse_ledger (order_digest, batch, entity, parcel_digest, row_count) "
            "VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1"
        )
        return bool(self._run(sql, order, batch.batch, batch.entity, batch.parcel, batch.rows.num_rows))

    def _load(self, stage: str, rows: pa.Table, columns: Sequence[TargetColumn]) -> None:
        names = ", ".join(self.name(column.name) for column in columns)
        statement = f"COPY {self.table(stage)} ({names}) FROM STDIN (FORMAT binary)"
        encoder = pgpq.ArrowToPostgresBinaryEncoder(rows.schema)
        with self._connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.write(encoder.write_header())
            for batch in rows.to_batches(max_chunksize=_COPY_ROWS):
                copy.write(encoder.write_batch(batch))
            copy.write(encoder.finish())

    def _swap(self, pairs: Sequence[tuple[str, str, str]]) -> None:
        for staged, target, _ in pairs:
            stage, table = self.table(staged), self.table(target)
            self._run(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            described = self._describe(target)
            if described is None or described.obstacles or self._has_rows(target):
                raise DestinationError(f"table {target} was used since the order was prepared: it cannot be swapped")
            names = {"table": table, "stage": stage}
            afterwards = [row[1] for row in self._connection.execute(_AFTERWARDS.encode(), names)]
            for (statement,) in self._connection.execute(_OWNED_SEQUENCES.encode(), names).fetchall():
                self._run(statement)
            self._run(f"DROP TABLE {table}")
            self._run(f"ALTER TABLE {stage} RENAME TO {self.name(target.rpartition('.')[2])}")
            for statement in afterwards:
                self._run(statement)
            self._run(f"ANALYZE {table}")

    def _differs(self, left: str, right: str, column: TargetColumn) -> str:
        if column.kind in (Kind.TEXT, Kind.PADDED):
            return f'({left})::text COLLATE "C" IS DISTINCT FROM ({right})::text COLLATE "C"'
        return f"{left} IS DISTINCT FROM {right}"

    def _fill(self, stage: str, table: str, key: str, columns: Sequence[str]) -> str:
        sets = ", ".join(f"{c} = COALESCE(t.{c}, s.{c})" for c in columns)
        empty = " OR ".join(f"t.{c} IS NULL AND s.{c} IS NOT NULL" for c in columns)
        return f"UPDATE {table} t SET {sets} FROM {stage} s WHERE t.{key} = s.{key} AND ({empty})"  # noqa: S608

    def _read(self, side: str, column: TargetColumn) -> str:
        name = super()._read(side, column)
        return f"{name}::text" if column.kind is Kind.PADDED else name

    def _stream(self, sql: str, columns: Sequence[ReadColumn]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002  one shape
        yield from server_stream(self._spec, sql, partial(PostgresqlSource, settings=_READING))


def _column(row: tuple[Any, ...]) -> TargetColumn:
    name, type_, modifier, declared, required, generated, nullable = row
    kind = _KINDS.get(type_, Kind.OTHER)
    plain = TargetColumn(name, kind, declared, required=required, nullable=nullable, generated=generated)
    limit = modifier - 4 if modifier > 0 else None
    match plain.kind:
        case Kind.TEXT | Kind.PADDED:
            return replace(plain, characters=limit, zero_byte=False)
        case Kind.DECIMAL if limit is not None:
            return replace(plain, digits=limit >> 16, scale=limit & 0x7FF)
        case Kind.TIMESTAMP:
            return replace(plain, digits=modifier if modifier >= 0 else None)
        case Kind.INTEGER:
            return replace(plain, digits=int(type_[3:]) * 8)
    return plain


def _translated(error: psycopg.Error, *, connecting: bool = False) -> EcluseError:
    """Our error for theirs: their DETAIL and text hold values, so only SQLSTATE and names of things go on."""
    state, diagnosis = error.sqlstate or "", error.diag
    table = diagnosis.table_name or "the target"
    refusals = {
        "23505": f"{table}: unique constraint {diagnosis.constraint_name} refuses rows",
        "23503": f"{table}: foreign key {diagnosis.constraint_name} refuses rows",
        "23514": f"{table}: check constraint {diagnosis.constraint_name} refuses rows",
        "23502": f"{table}: column {diagnosis.column_name} must not be null",
        "42501": "the role lacks a privilege that the load needs",
    }
    if state in refusals:
        return DestinationError(refusals[state])
    if state in ("40001", "40P01", "55P03"):
        return BusyError(f"another session holds what this step needs (SQLSTATE {state})")
    if state.startswith("53") or state == "58030":
        return StorageError(f"the server has no room left (SQLSTATE {state})")
    if connecting and re.search(r"authentication failed|no password|does not exist", str(error)):
        return DestinationError("the server refuses the login, or has no such database", hint=_PASSWORD_HINT)
    if not state or state[:2] in ("08", "57"):
        return ConnectionLostError("the connection to the destination was lost or refused")
    return DestinationError(f"the destination refuses a statement (SQLSTATE {state})")
