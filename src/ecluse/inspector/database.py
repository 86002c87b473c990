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
from ecluse.domain.errors import ConnectionLostError, EcluseError, ProfileError
from ecluse.domain.profile import Engine
from ecluse.inspector import rules_data
from ecluse.inspector import rules_servers as rules
from ecluse.inspector._columns import Role, judge, role
from ecluse.inspector._tabled import CATALOGUE, LONGEST, Table, sample, tables
from ecluse.inspector.budget import Budget, SpentError
from ecluse.inspector.findings import Finding
from ecluse.inspector.kinds import HEALTH, Kind
from ecluse.inspector.mysql import greeting, inspect_greeting
from ecluse.inspector.personal import Detector, Found
from ecluse.inspector.postgresql import believed, inspect_postgresql, is_local
from ecluse.inspector.rule import Rule
from ecluse.inspector.target import Kind as TargetKind
from ecluse.inspector.target import Target
from ecluse.inspector.visit import Visit
from ecluse.migration.ports import Source

_NO_PASSWORD = "ECLUSE_INSPECT_NO_PASSWORD"  # noqa: S105  (a variable's name; nobody sets it)
_AT_ONCE = 200
_GARBLED = (LookupError, ValueError, TypeError, ArithmeticError, AssertionError, struct.error)
"""What drivers raise of their own where a server does not speak their protocol (PyMySQL: IndexError, measured)."""
_BARRED = frozenset({"no-answer", "no-login-given", "tls-not-offered", "certificate-not-believed", "login-refused"})
"""Why nobody got into a PostgreSQL."""
_SECRETS = {Kind.PASSWORDS: rules.TABLE_SECRETS, Kind.PASSWORD_DIGESTS: rules_data.DIGESTS}


def inspect_database(visit: Visit, passfile: str | None) -> Iterator[Finding]:
    """All findings of a database, in this process, which a server that falls silent may hold up for ever.

    ``passfile`` for the adapter. For a process of its own: :mod:`ecluse.inspector._apart`.
    """
    target = visit.target
    open_to_all, barred, met = False, "", None
    if target.kind is TargetKind.POSTGRESQL:
        for finding in inspect_postgresql(visit):
            open_to_all = open_to_all or finding.rule == rules.TRUST.id
            barred = finding.facts[-1] if finding.rule == rules.NOT_LOOKED_AT.id else barred
            yield finding
    if target.kind is TargetKind.MYSQL and (met := greeting(target, visit.budget)):
        yield from inspect_greeting(visit, met)
    # A login that failed is not tried a second time: servers count.
    tls = met is None or met.tls
    opened = barred if barred in _BARRED else _opened(visit, passfile, open_to_all=open_to_all, tls=tls)
    if isinstance(opened, str):
        yield visit.unseen("tables", opened)
        return
    source, open_to_all = opened
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


def _opened(visit: Visit, passfile: str | None, *, open_to_all: bool, tls: bool) -> tuple[Source, bool] | str:
    """The source, and whether it was entered without a password that a server should ask for; or why not, as a fact."""
    target, budget, answered = visit.target, visit.budget, False
    engine, trusted = Engine(target.kind.value), _believed(target, visit.ca)
    without = list[str]()  # as everybody would enter, who proves nothing and believes anything
    if open_to_all:
        without = [_with(target.url, sslmode="prefer")]
    elif target.kind is TargetKind.MYSQL:
        without = [_with(target.url, tls="off"), trusted]
    for url in without:
        budget.request()
        try:
            return open_source(SourceSpec(engine, url, password_env=_NO_PASSWORD)), True
        except ProfileError:
            answered = True
        except (EcluseError, *_GARBLED):
            continue
    budget.request()
    try:
        return open_source(SourceSpec(engine, trusted, password_env=_NO_PASSWORD, passfile=passfile)), False
    except (ConnectionLostError, *_GARBLED):
        if answered and visit.login.password is None:
            return "no-login-given"
        return ("certificate-not-believed" if tls else "tls-not-offered") if answered else "no-answer"
    except EcluseError:
        if engine is Engine.SQLITE:
            return "unreadable"
        return "login-refused" if visit.login.password is not None else "no-login-given"


def _believed(target: Target, ca: str | None) -> str:
    """The URL by which a password goes, off this machine, to a server alone whose certificate is believed."""
    if target.kind is TargetKind.MYSQL:
        return _with(target.url, tls="on", **({"ca": str(ca)} if ca else {}))
    if target.kind is not TargetKind.POSTGRESQL or is_local(target.host):
        return target.url
    return _with(target.url, **believed(target, ca))


def _with(url: str, **options: str) -> str:
    parts = urlsplit(url)
    return parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | options)).geturl()


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
    budget = visit.budget
    budget.request()
    unread = 0
    for table in tables(_rows(source, CATALOGUE[source.dialect])):
        if not table.columns:
            continue
        budget.request()
        visit.tell(f"{visit.target.name}: {table.name}")
        try:
            rows = _sampled(source, sample(source.dialect, table, budget.limits.rows), budget)
        except EcluseError:
            unread += 1
            continue
        yield from _table(visit, table, rows, rules.OPEN_DATA if open_to_all else rules.TABLE_DATA)
    if unread:
        yield visit.unseen("not-allowed", counts=(("tables", unread),))


def _sampled(source: Source, sql: str, budget: Budget) -> list[list[str]]:
    """The cells of some rows. Raises EcluseError, SpentError."""
    rows = list[list[str]]()
    for batch in source.stream(sql, _AT_ONCE):
        budget.time()
        budget.read(batch.nbytes)
        rows += [[_cell(value) for value in row.values()] for row in batch.to_pylist()]
    return rows


def _table(visit: Visit, table: Table, rows: list[list[str]], rule: Rule) -> Iterator[Finding]:
    """What a table holds: of patients by ``rule``, and secrets by their columns."""
    columns = [name for name, _ in table.columns]
    found = _judged(columns, rows)
    patients = [each for each in found if each.kind in HEALTH]
    if patients:
        counts = (("rows", len(rows)), *((str(each.kind), each.number) for each in patients))
        yield visit.found(rule, max(each.sureness for each in patients), at=table.name, counts=counts)
    named = [place for place, name in enumerate(columns) if role(name) is Role.PASSWORD]
    told = False
    for place in named:
        for secret in judge([columns[place]], [[row[place]] for row in rows]):
            told = True
            counts = (("rows", len(rows)), (str(secret.kind), sum(bool(row[place]) for row in rows)))
            at = f"{table.name}.{columns[place]}"
            yield visit.found(_SECRETS[secret.kind], secret.sureness, at=at, counts=counts)
    for each in found:
        if each.kind is Kind.PASSWORDS and not told:  # written in a text, beside the word for it
            counts = (("rows", len(rows)), (str(each.kind), each.number))
            yield visit.found(rules.TABLE_SECRETS, each.sureness, at=table.name, counts=counts)


def _judged(columns: Sequence[str], rows: list[list[str]]) -> tuple[Found, ...]:
    """What a table holds, written as the CSV file that an export of it would be; in memory, and forgotten."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(columns)
    writer.writerows(rows)
    detector = Detector("table.csv")
    detector.feed(text.getvalue().encode("utf-8", "replace"))
    return detector.found()


def _cell(value: object) -> str:
    if value is None or isinstance(value, bytes | bytearray | memoryview):
        return ""
    return str(value)[:LONGEST]
