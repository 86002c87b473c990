"""The script that gives one order its own least-privilege access to the source (law 1): views, and one role.

Written for a database administrator to read and run. The role sees the order's rows and columns through views of its
own schema, and nothing else: should the extracting machine be taken over, the source gives away no more than the order.
The script holds no password and no identity: the administrator sets the password, and excluded persons are left out by
the query on the view and by the gate.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Mapping

from ecluse.domain.errors import OrderError
from ecluse.domain.order import Order
from ecluse.domain.profile import Engine, SourceProfile
from ecluse.migration.compile import compile_order, view_bodies

_LONGEST = 32  # MySQL's user names; PostgreSQL allows 63


def role_name(order: Order) -> str:
    """The role, and the schema of its views, named after the order: ``ecluse_bio_2026_0042``."""
    plain = "ecluse_" + re.sub(r"[^a-z0-9]+", "_", order.order.lower()).strip("_")
    version = f"_v{order.version}" if order.version > 1 else ""
    if len(plain + version) <= _LONGEST and re.fullmatch(r"[a-zA-Z0-9-]+", order.order):
        return plain + version
    # Cut off or folded, two orders could share a name.
    mark = hashlib.sha256(f"{order.order}\n{order.version}".encode()).hexdigest()[:8]
    return f"{plain[: _LONGEST - 9]}_{mark}"


def grants(order: Order, profile: SourceProfile, *, host: str = "%") -> str:
    """The script for PostgreSQL, or for MariaDB and MySQL; an explanation for engines without users.

    Run it in the legacy database, as an administrator who may read its tables; then plan with
    ``views=role_name(order)``.

    Args:
        order: what the role may read, and until when (``retention.erase_by``).
        profile: how the source is read.
        host: from where the role may come (MariaDB, MySQL), as in ``'ecluse'@'10.0.0.8'``.

    Raises:
        OrderError, ProfileError: the order cannot be compiled over the profile.
    """
    if profile.engine not in {Engine.POSTGRESQL, Engine.MYSQL}:
        return _EXPLAINED[profile.engine]
    compiled = compile_order(order, profile)
    bodies, role = view_bodies(compiled), role_name(order)
    if profile.engine is Engine.POSTGRESQL:
        return _postgresql(order, role, bodies)
    if re.fullmatch(r"[A-Za-z0-9.%:/_-]+", host) is None:
        raise OrderError("the host is letters, digits and . % : / _ -")
    return _mariadb(order, role, bodies, host)


_FILES = (
    "-- Files have no columns' rights: whoever can read a file can read all of it.\n"
    "-- Give the extracting account read access to the listed files, for the time of the migration only.\n"
    "-- The order is kept by the compiled query and by both gates.\n"
)
_BY_HAND = (
    "-- For this engine no script is written, since none could be proved here.\n"
    "-- Create a login for the migration alone, GRANT SELECT on the tables that the profile's SELECTs name, and drop\n"
    "-- the login afterwards. Ecluse sends one SELECT at a time and never commits.\n"
    "-- The order is kept by the compiled query and by both gates.\n"
)
_EXPLAINED: Mapping[Engine, str] = {
    Engine.SQLITE: (
        "-- SQLite has no users: whoever can read the file can read all of it.\n"
        "-- Give the extracting account read access to a copy, or to the file, for the time of the migration only;\n"
        "-- Ecluse opens it read-only. The order is kept by the compiled query and by both gates.\n"
    ),
    Engine.CSV: _FILES,
    Engine.FILES: _FILES,
    Engine.ORACLE: _BY_HAND,
    Engine.SQLSERVER: _BY_HAND,
    Engine.FIREBIRD: (
        "-- Firebird has no schemas that an order's views could stand in: access is given table by table.\n"
        "-- Create a user for the migration alone, GRANT SELECT on the tables that the profile's SELECTs name, and\n"
        "-- drop the user afterwards. A database file opened without a server knows no rights at all: give the\n"
        "-- extracting account a copy of it, for the time of the migration only.\n"
        "-- Ecluse reads in a read-only transaction. The order is kept by the compiled query and by both gates.\n"
    ),
}


def _head(order: Order, how: str) -> list[str]:
    dates = order.scope.dates
    return [
        f"-- Order {order.order}, version {order.version}: read access to its rows and columns, and to nothing else.",
        f"-- {dates.field} from {dates.from_} until {dates.until}; role and views end on {order.retention.erase_by}.",
        f"-- {how}",
        "",
    ]


def _postgresql(order: Order, role: str, bodies: Mapping[str, str]) -> str:
    lines = _head(order, f"Run with psql -v ON_ERROR_STOP=1 in the legacy database; then: \\password {role}")
    lines += [
        "BEGIN;",
        f'CREATE ROLE "{role}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT',
        f"  CONNECTION LIMIT 16 VALID UNTIL '{order.retention.erase_by} 23:59:59';",
        f'ALTER ROLE "{role}" SET default_transaction_read_only = on;',
        f'CREATE SCHEMA "{role}";',
        f'REVOKE ALL ON SCHEMA "{role}" FROM PUBLIC;',
    ]
    for name, body in bodies.items():
        # A barrier: no function of the role's own gets to see rows that the view filters out.
        lines += ["", f'CREATE VIEW "{role}"."{name}" WITH (security_barrier) AS', f"{body};"]
        lines += [f'REVOKE ALL ON "{role}"."{name}" FROM PUBLIC;']
    lines += ["", f'GRANT USAGE ON SCHEMA "{role}" TO "{role}";']
    lines += [f'GRANT SELECT ON "{role}"."{name}" TO "{role}";' for name in bodies]
    lines += ["", _NOTHING_ELSE.format(role=role), "COMMIT;", "", "-- To withdraw all of it:"]
    lines += [f'--   DROP SCHEMA "{role}" CASCADE;', f'--   DROP OWNED BY "{role}";', f'--   DROP ROLE "{role}";', ""]
    return "\n".join(lines)


_NOTHING_ELSE = """\
-- Tables that everybody may read would be open to the role as well: then this script undoes itself.
DO $check$
DECLARE open_tables bigint;
BEGIN
  SELECT count(*) INTO open_tables
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname NOT LIKE 'pg\\_%'
    AND pg_catalog.has_schema_privilege('{role}', n.oid, 'USAGE')
    AND pg_catalog.has_any_column_privilege('{role}', c.oid, 'SELECT');
  IF open_tables > 0 THEN
    RAISE EXCEPTION 'PUBLIC can read % table(s): revoke that first', open_tables;
  END IF;
END
$check$;"""


def _mariadb(order: Order, role: str, bodies: Mapping[str, str], host: str) -> str:
    after = order.retention.erase_by + dt.timedelta(days=1)
    user = f"'{role}'@'{host}'"
    lines = _head(order, "Run with the mariadb (or mysql) client, the legacy database being the current one; then:")
    lines[-1:] = [f"--   ALTER USER {user} IDENTIFIED BY '…' ACCOUNT UNLOCK;", "", f"CREATE DATABASE `{role}`;"]
    for name, body in bodies.items():
        lines += ["", f"CREATE SQL SECURITY DEFINER VIEW `{role}`.`{name}` AS", f"{body};"]
    lines += [
        "",
        # Without a password and locked: nobody comes in before the administrator has set one.
        f"CREATE USER {user} ACCOUNT LOCK;",
    ]
    lines += [f"GRANT SELECT ON `{role}`.`{name}` TO {user};" for name in bodies]
    lines += [
        "",
        "-- The end of the role on its day; needs event_scheduler=ON, else drop it by hand (below).",
        f"CREATE EVENT `{role}`.`end_of_access` ON SCHEDULE AT '{after} 00:00:00' DO DROP USER IF EXISTS {user};",
        "",
        "-- To withdraw all of it:",
        f"--   DROP USER IF EXISTS {user};",
        f"--   DROP DATABASE `{role}`;",
        "",
    ]
    return "\n".join(lines)
