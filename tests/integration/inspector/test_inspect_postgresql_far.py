"""PostgreSQL beyond this machine: a password goes by TLS to who proves who it is, and what stops it is told rightly.

``127.1`` is loopback as well, written so that it is not taken for this machine.
"""

import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import inspected_servers as planted
from ecluse.inspector import database
from ecluse.inspector.budget import Budget
from ecluse.inspector.findings import SERVER, Finding, Standing
from ecluse.inspector.login import Login
from ecluse.inspector.target import target_of
from ecluse.inspector.visit import Visit
from servers import Database, running_postgresql

FAR = "127.1"
SECRET = "hard-to-guess-9"
NOT_BELIEVED = [("table-grants", "certificate-not-believed"), ("tables", "certificate-not-believed")]


@contextmanager
def far(room: Path, kind: str, *, name: str = "127.0.0.1") -> Iterator[tuple[Database, Path]]:
    """A PostgreSQL with a certificate of ours, with patients that ``lis`` reads with a password; ``kind``: pg_hba's."""
    ca = planted.certificate(room, name=name)
    shutil.chown(room / "key.pem", "postgres")
    settings = ("ssl=on", f"ssl_cert_file={ca}", f"ssl_key_file={room / 'key.pem'}", "log_connections=on")
    with running_postgresql(*settings) as server:
        made = server.database(planted.TABLES.replace("grant select, update on patient to public;", ""))
        made.execute(f"create role lis login password '{SECRET}'")
        made.execute("grant select on patient to lis")
        (server.folder / "data" / "pg_hba.conf").write_text(f"{kind} all lis 127.0.0.1/32 scram-sha-256\n")
        made.execute("select pg_reload_conf()")
        yield made, ca


def look(
    made: Database, ca: Path | None, *, host: str = FAR, password: str | None = SECRET, more: str = ""
) -> list[Finding]:
    url = f"postgresql://lis@{host}:{made.server.port}/{made.name}{more}"
    limits = replace(SERVER, per_second=1000.0)
    now = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    visit = Visit(
        target_of(url), Login("lis", password), Budget(limits), lambda _text: None, now, str(ca) if ca else None
    )
    passfile = made.server.folder / "passfile"
    passfile.write_text(f"*:*:*:lis:{password}\n" if password else "")
    passfile.chmod(0o600)
    return list(database.inspect_database(visit, str(passfile)))


def failing(found: list[Finding]) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.rule, each.facts) for each in found if each.standing is Standing.FAILING]


def unseen(found: list[Finding]) -> list[tuple[str, ...]]:
    return [each.facts for each in found if each.standing is Standing.UNSEEN]


def log(made: Database) -> str:
    return (made.server.folder / "server.log").read_text(errors="replace")


def entered(made: Database) -> int:
    """How often ``lis`` has entered: nobody does so without the password."""
    return log(made).count("connection authorized: user=lis")


def test_a_password_goes_to_a_certificate_that_is_believed(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (room / "other").mkdir()
    other = planted.certificate(room / "other", name="127.0.0.1")
    with far(room, "hostssl") as (made, ca):
        for more in ("", "?sslmode=disable", "?sslmode=prefer"):
            found = look(made, ca, more=more)
            assert [each.rule for each in found] == ["personal-data-in-tables"], "a note: TLS is demanded"
        assert unseen(look(made, None, more=f"?sslrootcert={ca}")) == []
        before = entered(made)
        assert before > 0
        lines = [line for line in log(made).splitlines() if "connection authorized: user=lis" in line]
        assert all("SSL enabled" in line for line in lines), "never in the clear"
        for nobody in (other, room / "key.pem", room / "missing.pem", None):
            for more in ("", "?sslmode=disable", "?sslmode=require"):
                assert unseen(look(made, nobody, more=more)) == NOT_BELIEVED, (nobody, more)
        assert entered(made) == before
        assert "password authentication failed" not in log(made), "nor was one sent in vain"
        monkeypatch.setenv("SSL_CERT_FILE", str(ca))
        assert unseen(look(made, None)) == [], "without --ca the system's are believed"
        assert unseen(look(made, other)) == NOT_BELIEVED, "and with it that one alone"


def test_a_certificate_of_another_name(room: Path) -> None:
    with far(room, "hostssl", name="autre.example") as (made, ca):
        assert unseen(look(made, ca)) == NOT_BELIEVED
        assert entered(made) == 0


def test_a_wrong_password_is_tried_once_and_none_is_told_as_none(room: Path) -> None:
    with far(room, "host") as (made, ca):
        wrong = look(made, ca, password="another")
        assert failing(wrong) == [("clear-text-database", ("tls-not-demanded",))], "it asks for one in the clear, too"
        assert unseen(wrong) == [("table-grants", "login-refused"), ("tables", "login-refused")]
        assert log(made).count("password authentication failed") == 1, "servers count, and lock accounts"
        without = look(made, ca, password=None)
        assert unseen(without) == [("table-grants", "no-login-given"), ("tables", "no-login-given")]


def test_no_tls_at_all() -> None:
    with running_postgresql() as server:
        made = server.database(planted.TABLES)
        server.execute(f"create role lis login password '{SECRET}' in role needs_password")
        asked = look(made, None)
        assert failing(asked) == [("clear-text-database", ("tls-not-offered",))], "not: not demanded"
        assert unseen(asked) == [("table-grants", "tls-not-offered"), ("tables", "tls-not-offered")]
        server.execute("alter role lis password null")
        server.execute("revoke needs_password from lis")
        anybody = look(made, None, password=None)
        assert unseen(anybody) == []
        told = dict(failing(anybody))
        assert told["clear-text-database"] == ("tls-not-offered",)
        assert {"database-trust", "open-personal-data", "database-public-grants"} <= set(told), "by whoever reaches it"
