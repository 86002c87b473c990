"""Databases: only what is needed is fetched, a password goes to who proves who it is, and silence has an end."""

import contextlib
import datetime as dt
import os
import socketserver
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path

import pytest

import inspected_servers as planted
from ecluse.domain.errors import UsageError
from ecluse.inspector import _tabled, database, mysql
from ecluse.inspector._apart import _heard, apart
from ecluse.inspector.budget import Budget
from ecluse.inspector.findings import SERVER, Finding, Limits, Standing
from ecluse.inspector.login import Login, password_of
from ecluse.inspector.personal import Detector
from ecluse.inspector.rules import RULES
from ecluse.inspector.target import Kind, Target, target_of
from ecluse.inspector.visit import Visit
from firebird_servers import firebird_file
from servers import running_mariadb, running_postgresql

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
LIMITS = replace(SERVER, per_second=1000.0)
SECRET = "hard-to-guess-9"
BLOB = 3 << 20


def visit(url: str, login: Login | None = None, ca: Path | None = None, limits: Limits = LIMITS) -> Visit:
    return Visit(target_of(url), login or Login(), Budget(limits), lambda _text: None, NOW, str(ca) if ca else None)


def here(made: Visit, passfile: Path | None = None) -> list[Finding]:
    return list(database.inspect_database(made, str(passfile) if passfile else None))


def failing(found: list[Finding]) -> set[str]:
    return {each.rule for each in found if each.standing is Standing.FAILING}


def unseen(found: list[Finding]) -> list[tuple[str, ...]]:
    return [each.facts for each in found if each.rule == "not-looked-at"]


PERSONS = [(n, "MARTIN", "Jean", f"19{50 + n}-03-1{n % 9}", planted.nir(n), f"Secret{n}pw!") for n in range(40)]


def filled(path: Path) -> str:
    with contextlib.closing(sqlite3.connect(path)) as made:
        made.execute(
            "CREATE TABLE patient (id INT, nom, prenom, naissance, nir, mot_de_passe, scan BLOB, note TEXT, any)"
        )
        made.executemany("INSERT INTO patient VALUES (?,?,?,?,?,?,NULL,'','')", PERSONS)
        made.execute("UPDATE patient SET scan = zeroblob(?), any = zeroblob(?), note = ?", (BLOB, BLOB, "x" * BLOB))
        made.execute("CREATE VIRTUAL TABLE searched USING fts5(nom)")
        made.execute('CREATE TABLE "a ""b"" c" ("Nom", "d""e" TEXT)')
        made.execute("CREATE TABLE pictures (scan BLOB)")
        made.commit()
    return f"sqlite://{path}"


def expected(found: list[Finding], name: str) -> None:
    assert {each.rule for each in found} == {"personal-data-in-tables", "passwords-in-tables"}, found
    assert {each.place.lower() for each in found} == {name, f"{name}.mot_de_passe"}
    (data,) = [each for each in found if each.rule == "personal-data-in-tables"]
    assert dict(data.counts)["social-security-numbers"] == 40


def test_what_is_large_or_bytes_is_not_fetched(tmp_path: Path) -> None:
    made = visit(filled(tmp_path / "a.db"))
    expected(here(made), "patient")
    assert 0 < made.budget.bytes < 1 << 20, "of a quarter of a gigabyte"


def test_each_table_is_judged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real = Detector.__init__
    monkeypatch.setattr(Detector, "__init__", lambda self, name: (made.append(name), real(self, name))[1])
    found = here(visit(filled(tmp_path / "a.db")))
    expected(found, "patient")
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as there:
        plain = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        assert there.execute(plain).fetchone() == (len(made),)


def test_weak_digests_and_passwords_in_a_text(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as made:
        made.execute("CREATE TABLE users (login, pwd)")
        made.execute("CREATE TABLE notes (id, body)")
        made.executemany("INSERT INTO users VALUES (?, ?)", [(f"u{n}", f"{n:032x}") for n in range(9)])
        made.execute("INSERT INTO notes VALUES (1, 'VPN du labo, mot de passe: Ker0uan35')")
        made.commit()
    found = here(visit(f"sqlite://{tmp_path}/a.db"))
    assert {(each.rule, each.place) for each in found} == {
        ("weak-password-digests", "users.pwd"),
        ("passwords-in-tables", "notes"),
    }


def test_firebird_too(tmp_path: Path) -> None:
    made = firebird_file(
        tmp_path / "a.fdb",
        "CREATE TABLE patient (id INT, nom VARCHAR(40), prenom VARCHAR(40), naissance DATE, nir CHAR(15), "
        "mot_de_passe VARCHAR(40), scan BLOB, note BLOB SUB_TYPE TEXT)",
        "CREATE TABLE pictures (scan BLOB)",
    )
    made.fill(
        "INSERT INTO patient (id, nom, prenom, naissance, nir, mot_de_passe, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(*each, "x" * 5000) for each in PERSONS],
    )
    looked = replace(visit("sqlite:///x"), target=Target(Kind.FIREBIRD, "firebird://a", url=made.url))
    found = here(looked)
    expected([each for each in found if each.standing is not Standing.UNSEEN], "patient")
    assert unseen(found) == []
    assert looked.budget.bytes < 1 << 17


def test_postgresql_and_its_columns(tmp_path: Path) -> None:
    with running_postgresql() as server:
        made = server.database(
            planted.TABLES + 'alter table patient add scan bytea, add note text, add "D""e" json;'
            f"update patient set scan = repeat('x', {BLOB // 9})::bytea, note = repeat('x', {BLOB // 9});"
            "create table mixed(\"Nom\" text, nom text, span interval, parts int[]); insert into mixed values ('a', 'b', '1 day', '{1}');"
        )
        looked = visit(made.url)
        found = here(looked)
    assert failing(found) >= {"open-personal-data", "passwords-in-tables"}
    assert unseen(found) == []
    assert looked.budget.bytes < 1 << 18


def test_mariadb_by_a_certificate_that_is_believed(room: Path) -> None:
    ca, other = planted.certificate(room, name="127.0.0.2"), room / "other"
    other.mkdir()
    (room / "key.pem").chmod(0o644)  # the server runs as another account; the key of nobody
    passfile = room / "passfile"
    passfile.write_text(f"127.0.0.2:*:*:lis:{SECRET}\n")
    passfile.chmod(0o600)
    settings = (f"ssl-cert={ca}", f"ssl-key={room / 'key.pem'}", "bind-address=127.0.0.1,127.0.0.2")
    with running_mariadb(*settings) as server:
        made = server.database(planted.TABLES.replace("grant select, update on patient to public;", "")
                               + "create table odd(jour date, scan longblob, note longtext);"
                               "set sql_mode=''; insert into odd values ('2019-02-00', repeat('x', 900000), repeat('x', 900000));")  # fmt: skip
        server.execute(f"create user lis@'%' identified by '{SECRET}' require ssl")
        server.execute(f"grant select on {made.name}.* to lis@'%'")
        url = f"mysql://lis@127.0.0.2:{server.port}/{made.name}"
        login = Login("lis", password_of(target_of(url), "lis", str(passfile)))
        assert login.password == SECRET
        believed = visit(url, login, ca)
        found = here(believed, passfile)
        assert unseen(found) == []
        assert {"personal-data-in-tables", "passwords-in-tables"} <= {each.rule for each in found}
        assert "clear-text-database" in failing(found), "which it does not demand of everybody"
        assert "database-trust" not in failing(found)
        assert believed.budget.bytes < 1 << 18
        for not_believed in (
            visit(url, login),
            visit(url, login, planted.certificate(other)),
            visit(f"{url}?tls=off", login),
        ):
            assert unseen(here(not_believed, passfile)) == [("tables", "certificate-not-believed")]
        server.execute("alter user lis@'%' identified by 'another'")
        assert unseen(here(believed, passfile)) == [("tables", "login-refused")]
        server.execute("create user guest@'%'")
        server.execute(f"grant select on {made.name}.* to guest@'%'")
        anybody = here(visit(url.replace("lis@", "guest@")))
        assert failing(anybody) >= {"database-trust"}, "no certificate is asked of whoever sends no secret"


def test_mariadb_beyond_this_machine_without_tls(tmp_path: Path) -> None:
    """Its first words say that it has none; no password is sent to it, whatever there is."""
    passfile = tmp_path / "passfile"
    passfile.write_text(f"*:*:*:lis:{SECRET}\n")
    passfile.chmod(0o600)
    with running_mariadb() as server:
        name = server.database(planted.TABLES.replace("grant select, update on patient to public;", "")).name
        server.execute(f"create user lis@'%' identified by '{SECRET}'")
        server.execute(f"grant select on {name}.* to lis@'%'")
        for password, why in ((SECRET, "tls-not-offered"), (None, "no-login-given")):
            far = here(visit(f"mysql://lis@127.1:{server.port}/{name}", Login("lis", password)), passfile if password else None)
            assert [(each.rule, each.facts) for each in far] == [
                ("clear-text-database", ("tls-not-offered",)), ("not-looked-at", ("tables", why)),
            ]  # fmt: skip
        near = here(visit(f"mysql://lis@127.0.0.1:{server.port}/{name}", Login("lis", SECRET)), passfile)
        assert failing(near) == {"passwords-in-tables"}, "on this machine nothing goes by a network"


def packet(version: bytes, flags: bytes) -> bytes:
    said = b"\x0a" + version + b"\0thrdchalleng\0" + flags + b"more"
    return len(said).to_bytes(3, "little") + b"\0" + said


@pytest.mark.parametrize(("said", "told"), [
    (packet(b"8.4.3", b"\xff\xff"), ("8.4.3", True)),
    (packet(b"5.5.5-10.4.1-MariaDB", b"\xfe\xf7"), ("5.5.5-10.4.1-MariaDB", False)),
    (packet(b"8", b"\xff\xff")[:12], None),
    (b"\x10\0\0\0\xffHost is not allowed", None),
    (b"SSH-2.0-OpenSSH_9.2\r\n", None),
    (b"\xff\xff\xff\0\x0a" + b"9" * 5000, None),
    (b"", None),
])  # fmt: skip
def test_the_first_words_of_a_mysql(said: bytes, told: tuple[str, bool] | None) -> None:
    class Speaking(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(said)

    with planted.speaking(Speaking) as port:
        looked = visit(f"mysql://a@127.0.0.1:{port}/b")
        met = mysql.greeting(looked.target, looked.budget)
    assert (met and (met.version, met.tls)) == told
    old = [each.facts[:2] for each in mysql.inspect_greeting(looked, met)] if met else []
    assert old == ([("MariaDB", "10.4.1")] if b"10.4.1" in said else [])


def test_what_is_no_sqlite_is_not_told_as_a_refused_login(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database at all" * 99)
    assert unseen(here(visit(f"sqlite://{tmp_path}/a.db"))) == [("tables", "unreadable")]


class Silent(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while self.request.recv(4096):
                pass


class Chatting(socketserver.BaseRequestHandler):
    """A PostgreSQL that lets everybody in, and answers any question with remarks without end."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            if self.request.recv(4096)[4:8] == b"\x04\xd2\x16\x2f":  # TLS? No.
                self.request.sendall(b"N")
                return
            self.request.sendall(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I")
            for _ in range(600):
                self.request.sendall(b"N\0\0\0\x08Ma\0\0")
                time.sleep(0.1)


@pytest.mark.parametrize(("scheme", "handler", "seconds", "before"), [
    ("mysql", Silent, 3.0, set()), ("postgresql", Chatting, 10.0, {"database-trust"}),
])  # fmt: skip
def test_silence_and_chatter_have_an_end(
    scheme: str, handler: type[socketserver.BaseRequestHandler], seconds: float, before: set[str]
) -> None:
    with planted.speaking(handler) as port:
        begun, limits = time.monotonic(), replace(LIMITS, seconds=seconds)
        found = list(apart(database.inspect_database, visit(f"{scheme}://a@127.0.0.1:{port}/b", limits=limits), None))
        took = time.monotonic() - begun
    assert took < 40, "they go on for a minute"
    assert failing(found) == before, "what was found before is told"
    assert unseen(found) == [("tables", "limit-time")]


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_nobody_listens(scheme: str) -> None:
    found = here(visit(f"{scheme}://a@127.0.0.1:{planted.free_port()}/b"))
    assert {facts[-1] for facts in unseen(found)} == {"no-answer"}, "which is no refusal"


@pytest.mark.parametrize("option", ["host=10.0.0.9", "HOST=10.0.0.9", "sslmode=prefer&hostaddr=10.0.0.9", "h%6Fst=10.0.0.9", "host="])
@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "firebird"])
def test_the_server_that_is_judged_is_the_one_that_is_asked(scheme: str, option: str) -> None:
    with pytest.raises(UsageError, match="two hosts") as caught:
        target_of(f"{scheme}://lis@localhost/lab?{option}")
    assert "10.0.0.9" not in f"{caught.value} {caught.value.hint}"


ASKING = """
import datetime as dt, sys
from ecluse.inspector import database
from ecluse.inspector._apart import apart
from ecluse.inspector.budget import Budget
from ecluse.inspector.findings import SERVER
from ecluse.inspector.login import Login
from ecluse.inspector.target import target_of
from ecluse.inspector.visit import Visit
if len(sys.argv) > 2:  # the process of its own runs these lines too
    def seen(visit, _passfile):
        library = ctypes.CDLL(None)
        library.getenv.restype = ctypes.c_char_p
        for name in os.environ:
            visit.tell(f"{name}={library.getenv(name.encode()).decode()}")
        for name in sys.argv[2].split():
            assert library.getenv(name.encode()) is None, name
        yield from ()
    import ctypes, os
    database.inspect_database = seen
if __name__ == "__main__":
    made = Visit(target_of(sys.argv[1]), Login(), Budget(SERVER), print, dt.datetime.now(dt.UTC), None)
    print([each.facts for each in apart(database.inspect_database, made, None)])
"""
SECRET_NAMES = (
    "PGPASSWORD PGUSER PGDATABASE PGHOST PGHOSTADDR PGPORT PGSERVICE PGSERVICEFILE PGSYSCONFDIR PGSSLROOTCERT PGOPTIONS "
    "PGSSLMODE PGREALM PGKRBSRVNAME MYSQL_PWD MYSQL_HOST MYSQL_HOME MARIADB_HOME ISC_USER ISC_PASSWORD ISC_PATH "
    "KRB5CCNAME KRB5_CONFIG SSH_AUTH_SOCK SSLKEYLOGFILE OPENSSL_CONF ECLUSE_SOURCE_PASSWORD ECLUSE_FHIR_TOKEN "
    "ECLUSE_DATABASE_URL AWS_SECRET_ACCESS_KEY GITHUB_TOKEN HTTPS_PROXY PYTHONPATH XDG_CONFIG_HOME USER LOGNAME"
)
"""Variables by which a driver, or a program started by one, would take a secret, a host, a name or a file."""


def asked(folder: Path, url: str, variables: dict[str, str], *more: str) -> str:
    """What is said of a database, in an interpreter of its own: processes get the environment of the first."""
    script = folder / "asking.py"
    script.write_text(ASKING)
    command = [sys.executable, str(script), url, *more]
    return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=True).stdout.strip()


def test_of_the_environment_little_is_left_to_a_driver(tmp_path: Path) -> None:
    secrets = {name: str(tmp_path / SECRET) for name in SECRET_NAMES.split() if name not in {"OPENSSL_CONF", "PYTHONPATH"}}
    given = secrets | {"LC_ALL": "C.UTF-8", "SSL_CERT_DIR": str(tmp_path), "A_NAME_THAT_NOBODY_KNOWS": SECRET}
    said = asked(tmp_path, "postgresql://a@127.0.0.1:1/b", given, SECRET_NAMES + " A_NAME_THAT_NOBODY_KNOWS")
    *told, end = said.splitlines()
    assert end == "[]", "it came to its end"
    assert SECRET not in said
    seen = dict(line.split("=", 1) for line in told)
    assert seen["HOME"] == seen["PGPASSFILE"] == seen["PGSSLCERT"] == seen["PGSSLKEY"] == "/nonexistent/ecluse-inspect"
    assert seen["LC_ALL"] == "C.UTF-8"
    assert seen["SSL_CERT_DIR"] == str(tmp_path), "whom this machine believes is no secret"
    kept = {"HOME", "PGPASSFILE", "PGSSLCERT", "PGSSLKEY", "PGGSSENCMODE", "PGREQUIREAUTH", "SSL_CERT_DIR", "SSL_CERT_FILE"}
    assert {name for name in seen if not name.startswith("LC_")} <= kept | {
        "PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "FIREBIRD",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["PGHOSTADDR", "PGPORT"])
def test_no_variable_leads_to_another_server(tmp_path: Path, name: str) -> None:
    heard: list[bytes] = []

    class Here(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heard.append(self.request.recv(64))

    with planted.speaking(Here) as port:
        said = asked(tmp_path, f"postgresql://a@127.0.0.1:{port}/b", {name: {"PGHOSTADDR": "127.0.0.9", "PGPORT": "1"}[name]})
    assert "('tables', 'no-answer')" in said
    assert len(heard) == 2, "with TLS and without; it hangs up"


def test_no_password_of_the_environment_is_sent(tmp_path: Path) -> None:
    heard: list[bytes] = []

    class Asking(socketserver.BaseRequestHandler):
        """A PostgreSQL that asks for a password in the clear."""

        def handle(self) -> None:
            with contextlib.suppress(OSError):
                if self.request.recv(4096)[4:8] == b"\x04\xd2\x16\x2f":
                    self.request.sendall(b"N")
                    self.request.recv(4096)
                self.request.sendall(b"R\0\0\0\x08\0\0\0\x03")
                heard.append(self.request.recv(4096))

    secrets = dict.fromkeys(("PGPASSWORD", "ECLUSE_SOURCE_PASSWORD", "MYSQL_PWD"), SECRET)
    with planted.speaking(Asking) as port:
        said = asked(tmp_path, f"postgresql://a@127.0.0.1:{port}/b", secrets)
    assert "('tables', 'no-login-given')" in said
    assert SECRET.encode() not in b"".join(heard)


def test_what_firebird_would_send_of_itself_is_not_sent(tmp_path: Path) -> None:
    heard: list[bytes] = []

    class Listening(socketserver.BaseRequestHandler):
        """A Firebird that hears who calls, and by which proofs, and hangs up."""

        def handle(self) -> None:
            heard.append(self.request.recv(1 << 16))

    given = ({}, {"ISC_USER": "SOMEBODY"}, {"ISC_USER": "SOMEBODY", "ISC_PASSWORD": SECRET})
    with planted.speaking(Listening) as port:
        for variables in given:
            said = asked(tmp_path, f"firebird://127.0.0.1:{port}/b", variables)
            assert said == "[('tables', 'no-answer')]"
    without, *others = heard
    assert others == [without, without], "nobody's name, and no public key made of a password"
    assert b"Srp256" in without
    assert b"Legacy" not in without, "which would give any server that asks for it a hash"


def test_a_process_that_dies_is_said() -> None:
    receiving, sending = Pipe(duplex=False)
    made = visit("postgresql://a@127.0.0.1:1/b")
    sending.send("a word of progress")
    sending.send(made.found(RULES["database-trust"]))
    sending.close()
    with receiving:
        found = list(_heard(made, receiving))
    assert failing(found) == {"database-trust"}
    assert unseen(found) == [("tables", "unreadable")]


def test_a_catalogue_that_never_ends_and_names_of_any_letters() -> None:
    rows: list[dict[str, object]] = [{"t": "t", "c": f"c{n}", "k": "text"} for n in range(2000)]
    (table,) = _tabled.tables([*rows, {"t": "t", "c": "C1", "k": ""}, {"t": "t", "c": "b", "k": "BYTEA"}])
    assert len(table.columns) == 400
    odd = _tabled.Table('a"`; DROP TABLE b', (('c"`d', "text"),))
    assert '"a""`; DROP TABLE b"' in _tabled.sample("sqlite", odd, 5)
    assert '`a"``; DROP TABLE b`' in _tabled.sample("mysql", odd, 5)
