"""``scan``: a live database, or a folder of CSV files, looked at from outside, to draft a profile.

Reads names and types from the engine's own catalogue, counts rows, and samples each table's first rows in memory; what
is kept of a sample is in :mod:`ecluse.migration.scanning`, and no value is among it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
from sqlglot import exp, parse_one

from ecluse.adapters.sources import folder
from ecluse.adapters.sources.files import FilesSource
from ecluse.adapters.sources.opening import open_source
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import EcluseError, RetryableError, UsageError
from ecluse.domain.files import FileFormat, SourceFile
from ecluse.domain.profile import FILE_ENGINES, Engine
from ecluse.migration.ports import Source
from ecluse.migration.scan_guesses import guess_entities, refers_by_name
from ecluse.migration.scan_words import Role, words
from ecluse.migration.scanning import SHARED_KEY, Reference, ScanReport, TableScan, scan_column

__all__ = ["SAMPLE_ROWS", "scan"]

SAMPLE_ROWS = 20_000
_DOCUMENTS = ("BLOB", "BYTEA", "BINARY", "IMAGE")
_MISSING_ALLOWED = 0.05

_COLUMNS: Mapping[str, str] = {
    "sqlite": (
        "SELECT m.name AS t, p.name AS c, p.type AS kind, p.pk AS pk FROM sqlite_schema m "
        "JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~' "
        "ORDER BY m.name, p.cid"
    ),
    "postgres": (
        "SELECT n.nspname || '.' || r.relname AS t, a.attname AS c, format_type(a.atttypid, a.atttypmod) AS kind, "
        "CASE WHEN EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = r.oid AND i.indisprimary "
        "AND a.attnum = ANY (i.indkey)) THEN 1 ELSE 0 END AS pk "
        "FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid JOIN pg_namespace n ON n.oid = r.relnamespace "
        "WHERE r.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped "
        "AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg~_%' ESCAPE '~' "
        "ORDER BY 1, a.attnum"
    ),
    "mysql": (
        "SELECT c.TABLE_NAME AS t, c.COLUMN_NAME AS c, c.COLUMN_TYPE AS kind, "
        "CASE WHEN c.COLUMN_KEY = 'PRI' THEN 1 ELSE 0 END AS pk FROM information_schema.COLUMNS c "
        "WHERE c.TABLE_SCHEMA = DATABASE() ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION"
    ),
    "firebird": (
        "SELECT r.RDB$RELATION_NAME AS t, c.RDB$FIELD_NAME AS c, "
        "CASE f.RDB$FIELD_TYPE WHEN 7 THEN 'SMALLINT' WHEN 8 THEN 'INTEGER' WHEN 10 THEN 'FLOAT' WHEN 12 THEN 'DATE' "
        "WHEN 13 THEN 'TIME' WHEN 14 THEN 'CHAR' WHEN 16 THEN 'BIGINT' WHEN 23 THEN 'BOOLEAN' WHEN 27 THEN 'DOUBLE' "
        "WHEN 35 THEN 'TIMESTAMP' WHEN 37 THEN 'VARCHAR' "
        "WHEN 261 THEN CASE f.RDB$FIELD_SUB_TYPE WHEN 1 THEN 'LONG TEXT' ELSE 'BLOB' END ELSE 'OTHER' END "
        "|| COALESCE('(' || f.RDB$CHARACTER_LENGTH || ')', '') "
        "|| COALESCE(' CHARACTER SET ' || TRIM(s.RDB$CHARACTER_SET_NAME), '') AS kind, "
        "CASE WHEN EXISTS (SELECT 1 FROM RDB$RELATION_CONSTRAINTS k JOIN RDB$INDEX_SEGMENTS i "
        "ON i.RDB$INDEX_NAME = k.RDB$INDEX_NAME WHERE k.RDB$CONSTRAINT_TYPE = 'PRIMARY KEY' "
        "AND k.RDB$RELATION_NAME = r.RDB$RELATION_NAME AND i.RDB$FIELD_NAME = c.RDB$FIELD_NAME) "
        "THEN 1 ELSE 0 END AS pk "
        "FROM RDB$RELATIONS r JOIN RDB$RELATION_FIELDS c ON c.RDB$RELATION_NAME = r.RDB$RELATION_NAME "
        "JOIN RDB$FIELDS f ON f.RDB$FIELD_NAME = c.RDB$FIELD_SOURCE "
        "LEFT JOIN RDB$CHARACTER_SETS s ON s.RDB$CHARACTER_SET_ID = f.RDB$CHARACTER_SET_ID "
        "WHERE COALESCE(r.RDB$SYSTEM_FLAG, 0) = 0 AND r.RDB$VIEW_BLR IS NULL "
        "ORDER BY r.RDB$RELATION_NAME, c.RDB$FIELD_POSITION"
    ),
}
_REFERENCES: Mapping[str, str] = {
    "sqlite": (
        'SELECT m.name AS t, f."from" AS c, f."table" AS rt, f."to" AS rc FROM sqlite_schema m '
        "JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'"
    ),
    "postgres": (
        "SELECT n.nspname || '.' || r.relname AS t, a.attname AS c, fn.nspname || '.' || fr.relname AS rt, "
        "fa.attname AS rc FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid "
        "JOIN pg_namespace n ON n.oid = r.relnamespace JOIN pg_class fr ON fr.oid = k.confrelid "
        "JOIN pg_namespace fn ON fn.oid = fr.relnamespace "
        "JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.conkey[1] "
        "JOIN pg_attribute fa ON fa.attrelid = fr.oid AND fa.attnum = k.confkey[1] "
        "WHERE k.contype = 'f' AND cardinality(k.conkey) = 1"
    ),
    "mysql": (
        "SELECT u.TABLE_NAME AS t, u.COLUMN_NAME AS c, u.REFERENCED_TABLE_NAME AS rt, u.REFERENCED_COLUMN_NAME AS rc "
        "FROM information_schema.KEY_COLUMN_USAGE u "
        "WHERE u.TABLE_SCHEMA = DATABASE() AND u.REFERENCED_TABLE_NAME IS NOT NULL"
    ),
    "firebird": (
        "SELECT k.RDB$RELATION_NAME AS t, i.RDB$FIELD_NAME AS c, p.RDB$RELATION_NAME AS rt, j.RDB$FIELD_NAME AS rc "
        "FROM RDB$RELATION_CONSTRAINTS k JOIN RDB$REF_CONSTRAINTS f ON f.RDB$CONSTRAINT_NAME = k.RDB$CONSTRAINT_NAME "
        "JOIN RDB$RELATION_CONSTRAINTS p ON p.RDB$CONSTRAINT_NAME = f.RDB$CONST_NAME_UQ "
        "JOIN RDB$INDICES x ON x.RDB$INDEX_NAME = k.RDB$INDEX_NAME AND x.RDB$SEGMENT_COUNT = 1 "
        "JOIN RDB$INDEX_SEGMENTS i ON i.RDB$INDEX_NAME = k.RDB$INDEX_NAME "
        "JOIN RDB$INDEX_SEGMENTS j ON j.RDB$INDEX_NAME = p.RDB$INDEX_NAME"
    ),
}


@dataclass(frozen=True, slots=True)
class _Declared:
    """A column as the engine's catalogue has it."""

    name: str
    kind: str
    key: bool


def scan(spec: SourceSpec, *, show_codes: Collection[str] = (), sample_rows: int = SAMPLE_ROWS) -> ScanReport:
    """Look at a database.

    Args:
        spec: where it is; for a folder without ``files`` declared, every file of a known kind is looked at.
        show_codes: columns (``TABLE.COLUMN``) that hold analysis codes, whose frequent codes may be listed.
        sample_rows: rows of each table that are looked at.

    Raises:
        UsageError: ``show_codes`` names no column; the folder holds no file of a known kind.
        ProfileError, MalformedError, RetryableError: the source cannot be entered.
    """
    if spec.engine in FILE_ENGINES and not spec.files:
        spec = _detected(spec)
    with closing(open_source(spec)) as source:
        source.adopt_snapshot(None)
        looker = _Looker(source, frozenset(show_codes), sample_rows)
        declared = looker.declared()
        known = {f"{table}.{column.name}" for table, columns in declared.items() for column in columns}
        for name in show_codes:
            if name not in known:
                raise UsageError(f"there is no column {name}", hint="write it TABLE.COLUMN")
        return looker.report(spec, declared)


def _detected(spec: SourceSpec) -> SourceSpec:
    """With the folder's files declared as they seem to be; they are ``files`` when not all of them are delimited."""
    if spec.exported:
        raise UsageError("a FHIR server is not scanned", hint="scan a folder of its files, and use that profile")
    place = spec.address().folder()
    found: dict[str, SourceFile] = {}
    for path in sorted(place.iterdir()) if place.is_dir() else ():
        if (file := folder.declared(path)) is not None:
            name = "messages" if file.path.startswith("*") else _table_name(path)
            found[name if name not in found else words(path.name)] = file
    if not found:
        raise UsageError("the folder holds no file of a known kind", hint=", ".join(sorted(folder.SUFFIXES)))
    if all(file.format is FileFormat.DELIMITED for file in found.values()):
        return replace(spec, files=found)
    url = Engine.FILES + spec.url.removeprefix(spec.engine)
    return replace(spec, engine=Engine.FILES, url=url, files=found)


def _table_name(path: Path) -> str:
    return words(path.stem)


@dataclass(frozen=True)
class _Looker:
    source: Source
    show_codes: frozenset[str]
    sample_rows: int

    @property
    def dialect(self) -> str:
        return self.source.dialect

    def declared(self) -> dict[str, list[_Declared]]:
        """Tables and columns, as the engine's catalogue has them."""
        found: dict[str, list[_Declared]] = defaultdict(list)
        if isinstance(self.source, FilesSource):
            for name in self.source.tables():
                head = self.source.query(f"SELECT * FROM {self._name(name)} LIMIT 0")  # noqa: S608 - quoted
                found[name] = [_Declared(column, "text", key=False) for column in head.column_names]
            return dict(found)
        if self.dialect not in _COLUMNS:
            raise UsageError(
                f"a source of dialect {self.dialect} cannot be looked at yet",
                hint="write the profile by hand, and prove it with profile check",
            )
        for table, column, kind, key in self._rows(_COLUMNS[self.dialect]):
            found[_text(table)].append(_Declared(_text(column), _text(kind), key=int(_text(key)) > 0))
        return {name.removeprefix("public."): columns for name, columns in found.items()}

    def report(self, spec: SourceSpec, declared: Mapping[str, Sequence[_Declared]]) -> ScanReport:
        """Everything."""
        tables, unread = [], {}
        for name, columns in declared.items():
            try:
                tables.append(self._table(name, columns))
            except RetryableError:
                raise
            except EcluseError as error:
                unread[name] = error.message
        references = (*self._declared_references(), *self._guessed_references(tables))
        facts = self.source.facts()
        guesses = guess_entities(tables, references)
        return ScanReport(str(spec.engine), facts.version, tuple(tables), references, guesses, dict(spec.files), unread)

    def _table(self, name: str, columns: Sequence[_Declared]) -> TableScan:
        [(rows,)] = self._rows(f"SELECT count(*) AS n FROM {self._name(name)}")  # noqa: S608 - quoted
        sample = self._sample(name, columns)
        scanned = tuple(
            scan_column(c.name, c.kind, sample.column(c.name), show_codes=f"{name}.{c.name}" in self.show_codes)
            for c in columns
        )
        keys = [column.name for column in columns if column.key]
        key, why = (keys[0], "declared") if len(keys) == 1 else self._guessed_key(name, columns, int(_text(rows)))
        # A key is a key whatever its name speaks of: ID_COMMENTAIRE is no comment.
        keyed = tuple(replace(c, role=Role.KEY) if c.name == key else c for c in scanned)
        return TableScan(name, int(_text(rows)), sample.num_rows, key, why, keyed)

    def _sample(self, name: str, columns: Sequence[_Declared]) -> pa.Table:
        """The first rows; of documents their sizes' worth of bytes stays unread."""
        plain = [c.name for c in columns if not any(word in c.kind.upper() for word in _DOCUMENTS)]
        wanted = ", ".join(map(self._name, plain)) or "1 AS nothing"
        sql = self._first(f"SELECT {wanted} FROM {self._name(name)}", self.sample_rows)  # noqa: S608 - quoted
        table = pa.Table.from_batches(list(self.source.stream(sql, self.sample_rows)))
        for column in columns:
            if column.name not in plain:
                table = table.append_column(column.name, pa.nulls(table.num_rows, pa.binary()))
        return table

    def _guessed_key(self, name: str, columns: Sequence[_Declared], rows: int) -> tuple[str | None, str]:
        """A column without repetition, named like a key or first; else one named after the table, repetitions told."""
        likely = [c.name for c in columns if _key_like(c.name)]
        likely += [c.name for c in columns[:1] if c.name not in likely]
        for column in likely:
            [(different,)] = self._rows(
                f"SELECT count(DISTINCT {self._name(column)}) AS n FROM {self._name(name)}"  # noqa: S608 - quoted
            )
            if rows and int(_text(different)) == rows:
                return column, "guessed: no two rows share it"
        stem = words(name).removesuffix("s")
        after = next((c.name for c in columns if words(c.name) in {f"{stem}_id", f"id_{stem}"}), None)
        return after, SHARED_KEY if after else "none"

    def _declared_references(self) -> Iterator[Reference]:
        for row in self._rows(_REFERENCES[self.dialect]) if self.dialect in _REFERENCES else ():
            table, column, to_table, to_column = (_text(value).removeprefix("public.") for value in row)
            yield Reference(table, column, to_table, to_column, declared=True, because="declared")

    def _guessed_references(self, tables: Sequence[TableScan]) -> Iterator[Reference]:
        for table in tables:
            for column in table.columns:
                for target in tables:
                    own = column.name == table.key
                    why = refers_by_name(column.name, target, own=own) if target.name != table.name else None
                    if why is not None and target.key is not None and (not own or table.rows < target.rows):
                        contained = self._contained(table.name, column.name, target.name, target.key)
                        if contained is not None and contained >= 1 - _MISSING_ALLOWED:
                            because = f"{why}; {contained:.0%} of its values are there"
                            yield Reference(table.name, column.name, target.name, target.key, False, because)  # noqa: FBT003

    def _contained(self, table: str, column: str, target: str, key: str) -> float | None:
        """Share of a column's different values that are keys of another table; None where the two do not compare."""
        c, k = self._name(column), self._name(key)
        some = self._first(f"SELECT DISTINCT {c} AS v FROM {self._name(table)} WHERE {c} IS NOT NULL", 5000)  # noqa: S608
        sql = (
            f"SELECT count(*) AS n, count(r.k) AS hits FROM ({some}) d "  # noqa: S608 - quoted
            f"LEFT JOIN (SELECT DISTINCT {k} AS k FROM {self._name(target)}) r ON r.k = d.v"
        )
        try:
            [(found, hits)] = self._rows(sql)
        except RetryableError:
            raise
        except EcluseError:
            return None
        return int(_text(hits)) / int(_text(found)) if int(_text(found)) else None

    def _first(self, select: str, rows: int) -> str:
        tree = parse_one(select, read=self.dialect, into=exp.Select)
        return tree.limit(rows).sql(dialect=self.dialect)

    def _name(self, name: str) -> str:
        parts = [exp.to_identifier(part, quoted=True) for part in name.split(".", 1)]
        return ".".join(part.sql(dialect=self.dialect) for part in parts)

    def _rows(self, sql: str) -> Iterator[tuple[object, ...]]:
        table = self.source.query(sql)
        yield from zip(*(column.to_pylist() for column in table.columns), strict=True)


def _key_like(name: str) -> bool:
    parts = words(name).split("_")
    return bool({"id", "num", "numero", "code", "key", "no", "ref"} & set(parts)) or parts[0].startswith("num")


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
