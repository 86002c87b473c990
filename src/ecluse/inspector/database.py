"""Databases: let in without a password, in the clear, as master, rights for everybody, passwords in tables.

Rows are read through the adapters of sources, read-only, a bounded number from the beginning of each table, and go
through the detector in memory. A laboratory's own database holds patient data by its nature: that is a note, unless
whoever reaches the port may read them.
"""

import csv
import io
import struct
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.domain.errors import EcluseError
from ecluse.domain.profile import Engine
from ecluse.inspector import rules_servers as rules
from ecluse.inspector.budget import SpentError
from ecluse.inspector.findings import Finding
from ecluse.inspector.kinds import HEALTH, Kind
from ecluse.inspector.personal import Detector, Found
from ecluse.inspector.postgresql import inspect_postgresql, is_local
from ecluse.inspector.target import Kind as TargetKind
from ecluse.inspector.target import Target
from ecluse.inspector.visit import Visit
from ecluse.migration.ports import Source

_NO_PASSWORD = "ECLUSE_INSPECT_NO_PASSWORD"  # noqa: S105  (a variable's name; nobody sets it)
_TABLES = {
    "sqlite": "SELECT name AS t FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' "
              "ORDER BY name",
    "postgres": "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS t FROM pg_class c "
                "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') "
                "AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg~_%' ESCAPE '~' "
                "AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') ORDER BY 1",
    "mysql": "SELECT TABLE_NAME AS t FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() "
             "AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME",
    "firebird": "SELECT TRIM(RDB$RELATION_NAME) AS t FROM RDB$RELATIONS WHERE COALESCE(RDB$SYSTEM_FLAG, 0) = 0 "
                "AND RDB$VIEW_BLR IS NULL ORDER BY 1",
}  # fmt: skip
_LONGEST = 2000
_GARBLED = (LookupError, ValueError, TypeError, ArithmeticError, AssertionError, struct.error)
"""What drivers raise of their own where a server does not speak their protocol (PyMySQL: IndexError, measured)."""


def inspect_database(visit: Visit, passfile: str | None) -> Iterator[Finding]:
    """All findings of a database; ``passfile`` for the adapter, which reads it anew."""
    target = visit.target
    open_to_all = False
    if target.kind is TargetKind.POSTGRESQL:
        for finding in inspect_postgresql(visit):
            open_to_all = open_to_all or finding.rule == rules.TRUST.id
            yield finding
    try:
        source, open_to_all = _opened(visit, passfile, open_to_all=open_to_all)
    except (EcluseError, *_GARBLED):
        yield visit.unseen("tables", "login-refused")
        return
    with closing(source):
        try:
            if target.kind is TargetKind.MYSQL:
                yield from _mysql(visit, source, open_to_all=open_to_all)
            source.adopt_snapshot(None)
            yield from _tables(visit, source, open_to_all=open_to_all)
        except SpentError as spent:
            yield visit.unseen("tables", spent.fact)
        except EcluseError:
            yield visit.unseen("tables", "unreadable")


def _opened(visit: Visit, passfile: str | None, *, open_to_all: bool) -> tuple[Source, bool]:
    """The source, and whether it was entered without a password that a server should have asked for."""
    target, budget = visit.target, visit.budget
    engine, url = Engine(target.kind.value), target.url
    if target.kind is TargetKind.MYSQL:
        budget.request()
        try:
            return open_source(SourceSpec(engine, url, password_env=_NO_PASSWORD)), True
        except (EcluseError, *_GARBLED):
            pass
    budget.request()
    if open_to_all:  # as everybody would
        return open_source(SourceSpec(engine, url, password_env=_NO_PASSWORD)), True
    if target.kind is TargetKind.POSTGRESQL:
        url = _believed(target, visit.ca)
    return open_source(SourceSpec(engine, url, passfile=passfile)), False


def _believed(target: Target, ca: str | None) -> str:
    """The URL by which a password goes, off this machine, to a server alone whose certificate is believed."""
    parts = urlsplit(target.url)
    given = dict(parse_qsl(parts.query))
    if "sslmode" in given or is_local(target.host):
        return target.url
    given |= {"sslmode": "verify-full"} | ({"sslrootcert": str(ca)} if ca else {})
    return parts._replace(query=urlencode(given)).geturl()


def _rows(source: Source, sql: str) -> list[dict[str, Any]]:
    return [{name.lower(): value for name, value in row.items()} for row in source.query(sql).to_pylist()]


def _mysql(visit: Visit, source: Source, *, open_to_all: bool) -> Iterator[Finding]:
    if open_to_all:
        yield visit.found(rules.TRUST, facts=("no-password",))
    row = _rows(source, "SELECT @@have_ssl AS tls, @@require_secure_transport AS demanded, @@bind_address AS bound")[0]
    bound = str(row["bound"] or "*")
    if bound not in {"127.0.0.1", "::1", "localhost"}:
        if str(row["tls"]).upper() != "YES":
            yield visit.found(rules.CLEAR_DATABASE, facts=("tls-not-offered",))
        elif str(row["demanded"]).upper() not in {"1", "ON"}:
            yield visit.found(rules.CLEAR_DATABASE, facts=("tls-not-demanded",))
    sql = "SELECT COUNT(*) AS n FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'SUPER'"
    if int(_rows(source, sql)[0]["n"]) > 0:
        yield visit.found(rules.SUPERUSER)


def _tables(visit: Visit, source: Source, *, open_to_all: bool) -> Iterator[Finding]:
    dialect, budget = source.dialect, visit.budget
    budget.request()
    rule, unread = rules.OPEN_DATA if open_to_all else rules.TABLE_DATA, 0
    for row in _rows(source, _TABLES[dialect]):
        budget.request()
        visit.tell(f"{visit.target.name}: {row['t']}")
        try:
            table = source.query(_sample(dialect, str(row["t"]), budget.limits.rows))
        except EcluseError:
            unread += 1
            continue
        budget.read(table.nbytes)
        found = _judged(table.column_names, table.to_pylist())
        patients = [each for each in found if each.kind in HEALTH]
        if patients:
            counts = (("rows", table.num_rows), *((str(each.kind), each.number) for each in patients))
            yield visit.found(rule, max(each.sureness for each in patients), at=str(row["t"]), counts=counts)
        yield from _secrets(visit, str(row["t"]), table)
    if unread:
        yield visit.unseen("not-allowed", counts=(("tables", unread),))


def _sample(dialect: str, table: str, rows: int) -> str:
    """The first rows of a table; its name is the catalogue's own, quoted as its engine does."""
    if dialect == "postgres":
        return f"SELECT * FROM {table} LIMIT {rows}"  # noqa: S608 - quoted by the server
    if dialect == "mysql":
        return f"SELECT * FROM `{table.replace('`', '``')}` LIMIT {rows}"  # noqa: S608
    quoted = '"' + table.replace('"', '""') + '"'
    if dialect == "firebird":
        return f"SELECT FIRST {rows} * FROM {quoted}"  # noqa: S608
    return f"SELECT * FROM {quoted} LIMIT {rows}"  # noqa: S608


def _judged(columns: Sequence[str], rows: list[dict[str, Any]]) -> tuple[Found, ...]:
    """What a table holds, written as the CSV file that an export of it would be; in memory, and forgotten."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
    detector = Detector("table.csv")
    detector.feed(text.getvalue().encode("utf-8", "replace"))
    return detector.found()


def _cell(value: object) -> str:
    if value is None or isinstance(value, bytes | bytearray | memoryview):
        return ""
    return str(value)[:_LONGEST]


def _secrets(visit: Visit, name: str, table: Any) -> Iterator[Finding]:
    """Columns of passwords in the clear, one by one beside the row's first column."""
    rows = table.to_pylist()
    columns = table.column_names
    for place, column in enumerate(columns):
        beside = columns[0 if place else min(1, len(columns) - 1)]
        pair = [beside, column] if beside != column else [column]
        for each in _judged(pair, rows):
            if each.kind is Kind.PASSWORDS and not _has_secret([beside], rows):
                counts = (("rows", len(rows)), (str(Kind.PASSWORDS), each.number))
                yield visit.found(rules.TABLE_SECRETS, each.sureness, at=f"{name}.{column}", counts=counts)


def _has_secret(columns: list[str], rows: list[dict[str, Any]]) -> bool:
    return any(each.kind is Kind.PASSWORDS for each in _judged(columns, rows))
