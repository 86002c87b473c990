"""PostgreSQL: whether it lets in without a password, talks in the clear, and to whom its tables are open.

What needs no secret is asked without one: a server that would take a password in the clear is told by its asking.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg

from ecluse.inspector import banners
from ecluse.inspector import rules_servers as rules
from ecluse.inspector._bare import NOWHERE, certificates
from ecluse.inspector.budget import Budget
from ecluse.inspector.findings import Finding
from ecluse.inspector.target import Target
from ecluse.inspector.visit import Visit

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


@dataclass(frozen=True, slots=True)
class _Met:
    """What a server does with who proves nothing.

    ``within``: a connection, if it let in. ``clear``: it would go on without TLS. ``tls``: it did not say that it has
    none. ``answered``: it said a word.
    """

    within: psycopg.Connection[Any] | None
    clear: bool
    tls: bool
    answered: bool


def inspect_postgresql(visit: Visit) -> Iterator[Finding]:
    """What the server does before and after a login; rows are another's business.

    Where nobody gets in, the last fact of what is told as not looked at says why.
    """
    target, budget = visit.target, visit.budget
    met = _without_password(target, budget)
    local = is_local(target.host)
    if met.within is not None:
        yield visit.found(rules.TRUST, facts=("no-password",))
    if met.clear and not local:
        tls = met.tls and (met.within is None or _offers_tls(met.within))
        yield visit.found(rules.CLEAR_DATABASE, facts=("tls-not-demanded" if tls else "tls-not-offered",))
    connection = met.within or (_with_password(visit, met) if met.answered else "no-answer")
    if isinstance(connection, str):
        yield visit.unseen("table-grants", connection)
        return
    with connection:
        try:
            yield from _inside(visit, connection, trusted=met.within is not None, local=local)
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
    certmode = {"sslcertmode": "disable"} if psycopg.pq.version() >= _CERTMODE_SINCE else {}
    return {
        "host": target.host, "port": target.port, "user": target.user or "postgres",
        "dbname": target.path.lstrip("/") or "postgres", "password": "", "passfile": NOWHERE, "gssencmode": "disable",
        "connect_timeout": max(2, int(budget.patience)), "application_name": "ecluse-inspect", "autocommit": True,
        "options": "-c default_transaction_read_only=on -c statement_timeout=20000",
        **certmode,
    }  # fmt: skip


def _without_password(target: Target, budget: Budget) -> _Met:
    clear = answered = False
    tls = True
    for mode in ("disable", "require"):
        budget.request()
        try:
            made = psycopg.connect(**_options(target, budget) | {"sslmode": mode})
        except psycopg.Error as error:
            # libpq's own words, in its one language here; the password it misses was never there.
            said = str(error)
            asked, refused = "no password supplied" in said, "does not support SSL" in said
            clear, tls = clear or (mode == "disable" and asked), tls and not refused
            answered = answered or asked or refused or "FATAL" in said
            continue
        if not made.pgconn.used_password:
            return _Met(made, clear or mode == "disable", tls, answered=True)
        answered = True
        made.close()
    return _Met(None, clear, tls, answered)


def _offers_tls(connection: psycopg.Connection[Any]) -> bool:
    try:
        return _shown(connection, "ssl") != "off"
    except psycopg.Error:  # a go-between that answers no such question
        return True


def _with_password(visit: Visit, met: _Met) -> psycopg.Connection[Any] | str:
    """With the password that was given: over the network only by TLS whose certificate is believed; or why not."""
    target, login = visit.target, visit.login
    if login.password is None:
        return "no-login-given"
    far = not is_local(target.host)
    if far and not met.tls:
        return "tls-not-offered"
    given = dict(parse_qsl(urlsplit(target.url).query)).get("sslmode", "prefer")
    options = _options(target, visit.budget) | {"password": login.password}
    options |= believed(target, visit.ca) if far else {"sslmode": given}
    visit.budget.request()
    try:
        return psycopg.connect(**options)
    except psycopg.Error as error:
        judged = far and "certificate" in str(error) and "FATAL" not in str(error)
        return "certificate-not-believed" if judged else "login-refused"


def believed(target: Target, ca: str | None) -> dict[str, str]:
    """Options (libpq's) by which a password goes to a server alone whose certificate is believed, and names it."""
    named = dict(parse_qsl(urlsplit(target.url).query)).get("sslrootcert")
    return {"sslmode": "verify-full", "sslrootcert": certificates(ca or named) or NOWHERE}


def is_local(host: str) -> bool:
    """Whether it is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in _LOCAL_NAMES


def _only_local(addresses: str) -> bool:
    return all(is_local(each.strip()) for each in addresses.split(","))
