"""PostgreSQL: whether it lets in without a password, talks in the clear, and to whom its tables are open.

What needs no secret is asked without one: a server that would take a password in the clear is told by its asking.
"""

import ipaddress
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg

from ecluse.inspector import banners
from ecluse.inspector import rules_servers as rules
from ecluse.inspector.budget import Budget
from ecluse.inspector.findings import Finding
from ecluse.inspector.target import Target
from ecluse.inspector.visit import Visit

_NOWHERE = "/nonexistent/ecluse-inspect"
_LOCAL_NAMES = frozenset({"localhost", ""})
_CERTMODE_SINCE = 160000
_PUBLIC = """
SELECT n.nspname || '.' || c.relname, string_agg(DISTINCT lower(a.privilege_type), ',')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
WHERE a.grantee = 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') GROUP BY 1 ORDER BY 1
"""
_TRUSTED = """
SELECT count(*) FROM pg_hba_file_rules
WHERE auth_method = 'trust' AND type <> 'local' AND error IS NULL
  AND coalesce(address, '') NOT IN ('127.0.0.1', '::1', 'localhost')
"""
_MASTER = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
_SHOWN = 20


def inspect_postgresql(visit: Visit) -> Iterator[Finding]:
    """What the server does before and after a login; rows are another's business."""
    target, budget = visit.target, visit.budget
    without, asked_in_the_clear, answered = _without_password(target, budget)
    local = is_local(target.host)
    if asked_in_the_clear and not local:
        yield visit.found(rules.CLEAR_DATABASE, facts=("tls-not-demanded",))
    if without is not None:
        yield visit.found(rules.TRUST, facts=("no-password",))
    connection = without or _with_password(visit)
    if connection is None:
        yield visit.unseen("table-grants", "login-refused" if answered else "no-answer")
        return
    with connection:
        try:
            yield from _inside(visit, connection, trusted=without is not None, local=local)
        except psycopg.Error:
            yield visit.unseen("table-grants", "unreadable")


def _inside(visit: Visit, connection: psycopg.Connection[Any], *, trusted: bool, local: bool) -> Iterator[Finding]:
    yield from banners.old(visit, f"PostgreSQL {connection.info.parameter_status('server_version')}")
    if local and not _only_local(_shown(connection, "listen_addresses")) and _shown(connection, "ssl") == "off":
        yield visit.found(rules.CLEAR_DATABASE, facts=("tls-not-offered", "in-configuration"))
    row = connection.execute(_MASTER).fetchone()
    if row and row[0]:
        yield visit.found(rules.SUPERUSER)
        trusting = connection.execute(_TRUSTED).fetchone()
        if trusting and trusting[0] and not trusted:
            yield visit.found(rules.TRUST, at=visit.at(" pg_hba.conf"), facts=("in-configuration",))
    tables = connection.execute(_PUBLIC).fetchall()
    for table, rights in tables[:_SHOWN]:
        facts = tuple(f"right-{right}" for right in str(rights).split(","))
        yield visit.found(rules.PUBLIC_GRANTS, at=str(table), facts=facts)
    if len(tables) > _SHOWN:
        yield visit.found(rules.PUBLIC_GRANTS, at="*", counts=(("tables", len(tables)),))


def _shown(connection: psycopg.Connection[Any], setting: str) -> str:
    row = connection.execute("SELECT current_setting(%s, true)", (setting,)).fetchone()
    return str(row[0] if row else "")


def _options(target: Target, budget: Budget) -> dict[str, Any]:
    """Of a connection that takes no secret and no certificate from this machine's files or environment."""
    given = dict(parse_qsl(urlsplit(target.url).query))
    certmode = {"sslcertmode": "disable"} if psycopg.pq.version() >= _CERTMODE_SINCE else {}
    return {
        "host": target.host, "port": target.port, "user": target.user or "postgres",
        "dbname": target.path.lstrip("/") or "postgres", "password": "", "passfile": _NOWHERE, "gssencmode": "disable",
        "connect_timeout": max(2, int(budget.patience)), "application_name": "ecluse-inspect", "autocommit": True,
        "options": "-c default_transaction_read_only=on -c statement_timeout=20000",
        **({"sslrootcert": given["sslrootcert"]} if "sslrootcert" in given else {}), **certmode,
    }  # fmt: skip


def _without_password(target: Target, budget: Budget) -> tuple[psycopg.Connection[Any] | None, bool, bool]:
    """A connection, if no secret was asked for; whether the server would go on without TLS; whether it said a word."""
    clear = answered = False
    for mode in ("disable", "require"):
        budget.request()
        try:
            made = psycopg.connect(**_options(target, budget) | {"sslmode": mode})
        except psycopg.Error as error:
            # libpq's own words, in its one language here; the password it misses was never there.
            asked = "no password supplied" in str(error)
            clear, answered = clear or (mode == "disable" and asked), answered or asked or "FATAL" in str(error)
            continue
        if not made.pgconn.used_password:
            return made, clear or mode == "disable", True
        answered = True
        made.close()
    return None, clear, answered


def _with_password(visit: Visit) -> psycopg.Connection[Any] | None:
    """With the password that was given: over the network only by TLS whose certificate is believed."""
    target, login = visit.target, visit.login
    if login.password is None:
        return None
    given = dict(parse_qsl(urlsplit(target.url).query)).get("sslmode", "prefer")
    options = _options(target, visit.budget) | {"password": login.password}
    options |= {"sslmode": given if is_local(target.host) else "verify-full"}
    options |= {"sslrootcert": str(visit.ca)} if visit.ca else {}
    visit.budget.request()
    try:
        return psycopg.connect(**options)
    except psycopg.Error:
        return None


def is_local(host: str) -> bool:
    """Whether it is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in _LOCAL_NAMES


def _only_local(addresses: str) -> bool:
    return all(is_local(each.strip()) for each in addresses.split(","))
