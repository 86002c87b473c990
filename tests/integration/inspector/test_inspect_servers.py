"""Real servers, badly kept and well kept: every planted failing is found, and nothing on the twin."""

import datetime as dt
import ftplib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import inspected_servers as planted
from ecluse.inspector import scanners
from ecluse.inspector.findings import FOLDER, SERVER, Finding, Standing, Sureness
from ecluse.inspector.login import Login, password_of
from ecluse.inspector.looking import Asked, inspect
from ecluse.inspector.target import target_of
from inspected_servers import LABO_PASSWORD, ROOT, Server
from servers import running_mariadb, running_postgresql

LIMITS = replace(SERVER, per_second=100.0)
SECRET = "hard-to-guess-9"


@pytest.fixture(autouse=True)
def scanners_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    place = ROOT / "build" / "scanners" / "bin"
    assert (place / "sslyze").exists(), "this test needs sslyze: scripts/scanners"
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")


def look(
    url: str, login: Login | None = None, *, ca: Path | None = None, passfile: Path | None = None,
    logs: tuple[Path, ...] = (), scan: bool = False, limits: object = LIMITS,
) -> list[Finding]:  # fmt: skip
    asked = Asked([(target_of(url), login or Login())] if url else [], logs, limits, FOLDER,  # type: ignore[arg-type]
                  passfile=str(passfile) if passfile else None, ca=str(ca) if ca else None, scanners=scan)  # fmt: skip
    return inspect(asked, dt.datetime.now(dt.UTC), lambda _text: None)


def failing(findings: list[Finding]) -> set[str]:
    return {each.rule for each in findings if each.standing is Standing.FAILING}


def unseen(findings: list[Finding]) -> list[tuple[str, ...]]:
    return [each.facts for each in findings if each.rule == "not-looked-at"]


def only(findings: list[Finding], rule: str) -> Finding:
    (found,) = [each for each in findings if each.rule == rule]
    return found


class TestVsftpd:
    def test_an_anonymous_zone(self, room: Path) -> None:
        with planted.vsftpd(room, hardened=False) as server:
            found = look(f"ftp://127.0.0.1:{server.port}")
            assert failing(found) == {"anonymous-login", "open-listing", "open-personal-data", "clear-text-ftp"}
            data = only(found, "open-personal-data")
            assert data.place == f"127.0.0.1:{server.port}/migration"
            assert dict(data.counts)["social-security-numbers"] == 60
            assert data.sureness is Sureness.CERTAIN
            assert only(found, "clear-text-ftp").facts == ("tls-not-offered",)
            assert unseen(found) == []
            self.its_own_log(server)

    def its_own_log(self, server: Server) -> None:
        """The visits that were just made stand in the server's own log, and are found there."""
        assert "anonymous-in-log" in failing(look("", logs=(server.log,)))
        xferlog = server.folder / "xfer.log"
        assert failing(look("", logs=(xferlog,))) == {"anonymous-in-log"}
        assert failing(look("", logs=(server.folder / "vsftpd.conf",))) == {"anonymous-login", "clear-text-ftp"}

    def test_its_hardened_twin(self, room: Path) -> None:
        with planted.vsftpd(room, hardened=True) as server:
            found = look(f"ftp://127.0.0.1:{server.port}", ca=server.ca)
            assert failing(found) == set()
            assert unseen(found) == [("sslyze", "tool-left-out")]
            assert failing(look("", logs=(server.log, server.folder / "vsftpd.conf"))) == set()


class TestProftpd:
    def test_one_zone_for_all_and_one_account_for_all(self, room: Path) -> None:
        with planted.proftpd(room, hardened=False) as server:
            found = look(f"ftp://127.0.0.1:{server.port}")
            assert failing(found) == {
                "anonymous-login", "open-listing", "open-personal-data", "clear-text-ftp", "tls-certificate-expired",
                "tls-certificate-untrusted", "tls-old-protocol", "tls-weak-cipher",
            }  # fmt: skip
            assert only(found, "clear-text-ftp").facts == ("tls-not-demanded",)
            assert only(found, "tls-old-protocol").facts == ("TLSv1.0", "TLSv1.1")
            for third in range(3):  # three networks of loopback, as three places of three people
                self.enter(server, "labo", f"127.0.{third}.9")
            logged = look("", logs=(server.log,))
            assert failing(logged) == {"anonymous-in-log", "shared-account"}
            shared = only(logged, "shared-account")
            assert shared.place.endswith(": labo")
            assert dict(shared.counts) == {"logins": 3, "networks": 3}

    def test_its_hardened_twin_and_the_files_of_an_account(self, room: Path) -> None:
        with planted.proftpd(room, hardened=True) as server:
            url = f"ftp://127.0.0.1:{server.port}"
            login = Login("m.martin", LABO_PASSWORD)
            found = look(url, login, ca=server.ca)
            assert failing(found) == {"clear-personal-data"}, "by the account that was given, and nothing else"
            assert only(found, "clear-personal-data").place.endswith("/out")
            assert unseen(found) == [("sslyze", "tool-left-out")]
            found = look(url, login)
            assert failing(found) == {"tls-certificate-untrusted"}
            assert ("login", "certificate-not-believed") in unseen(found), "no password to an unknown server"
            assert failing(look("", logs=(server.log,))) == set()
            assert LABO_PASSWORD not in repr(login)

    def enter(self, server: Server, who: str, origin: str) -> None:
        with ftplib.FTP(source_address=(origin, 0)) as client:  # noqa: S321
            client.connect("127.0.0.1", server.port, timeout=10)
            client.login(who, LABO_PASSWORD)


class TestPyftpdlib:
    def test_a_zone_for_all_and_a_guest(self, room: Path) -> None:
        with planted.pyftpdlib(room, hardened=False) as server:
            found = look(f"ftp://127.0.0.1:{server.port}")
        assert failing(found) == {
            "anonymous-login", "guessable-login", "open-listing", "open-personal-data", "clear-text-ftp",
        }  # fmt: skip
        assert only(found, "guessable-login").facts == ("guest", "empty-password")
        at = f"127.0.0.1:{server.port}"
        data = {each.place: dict(each.counts) for each in found if each.rule == "open-personal-data"}
        assert set(data) == {f"{at}/", f"{at}/out"}
        assert {counts["social-security-numbers"] for counts in data.values()} == {60}, "the packed one too"
        assert only(found, "clear-text-ftp").facts == ("tls-not-offered",)
        assert unseen(found) == []

    def test_its_hardened_twin_and_the_files_of_an_account(self, room: Path) -> None:
        with planted.pyftpdlib(room, hardened=True) as server:
            url = f"ftp://127.0.0.1:{server.port}"
            found = look(url, ca=server.ca, scan=True)
            assert {each.rule for each in found} == {"seen-from-inside-only"}
            entered = look(url, Login("m.martin", LABO_PASSWORD), ca=server.ca)
            assert failing(entered) == {"clear-personal-data"}, "by the account that was given, and nothing else"
            assert {each.place for each in entered if each.rule == "clear-personal-data"} == {
                f"127.0.0.1:{server.port}/", f"127.0.0.1:{server.port}/out",
            }  # fmt: skip


class TestNginx:
    def test_lists_of_files_http_and_old_tls(self, room: Path) -> None:
        with planted.nginx(room, hardened=False) as server:
            found = look(f"http://127.0.0.1:{server.port}")
            assert failing(found) == {"clear-text-http", "open-listing", "open-personal-data"}
            assert only(found, "open-listing").place == f"127.0.0.1:{server.port}/export/"
            found = look(f"https://localhost:{server.tls}", scan=True)
            assert failing(found) == {
                "open-listing", "open-personal-data", "tls-certificate-name", "tls-certificate-untrusted",
                "tls-old-protocol", "tls-weak-cipher",
            }  # fmt: skip
            assert only(found, "tls-old-protocol").facts == ("TLSv1.0", "TLSv1.1")
            assert dict(only(found, "tls-weak-cipher").counts)["ciphers"] > 10
            assert only(found, "security-txt-missing").standing is Standing.NOTE
            assert unseen(found) == []

    def test_its_hardened_twin(self, room: Path) -> None:
        with planted.nginx(room, hardened=True) as server:
            for url in (f"http://127.0.0.1:{server.port}", f"https://localhost:{server.tls}"):
                found = look(url, ca=server.ca, scan=True)
                assert {each.rule for each in found} == {"seen-from-inside-only"}

    def test_limits_are_kept_and_told(self, room: Path) -> None:
        with planted.nginx(room, hardened=False) as server:
            for number in range(8):
                planted.export(room / "site" / "export" / f"{number}.csv", rows=30)
            url = f"http://127.0.0.1:{server.port}"
            few = look(url, limits=replace(LIMITS, files=3))
            assert dict(only(few, "open-personal-data").counts)["files"] == 3
            assert ("limit-files",) in unseen(few)
            assert ("limit-requests",) in unseen(look(url, limits=replace(LIMITS, requests=5)))
            assert ("limit-bytes",) in unseen(look(url, limits=replace(LIMITS, bytes_all=100)))
        over = look(f"http://127.0.0.1:{planted.free_port()}", limits=replace(LIMITS, seconds=0.0))
        assert unseen(over) == [("limit-time",)], "not even asked whether somebody answers"


class TestOpenssh:
    def test_an_old_configuration(self, tmp_path: Path) -> None:
        with planted.sshd(tmp_path, hardened=False) as server:
            found = look(f"sftp://127.0.0.1:{server.port}", scan=True)
            assert failing(found) == {"ssh-password", "ssh-weak-algorithm"}
            weak = {each.place.rpartition(" ")[2]: each.facts for each in found if each.rule == "ssh-weak-algorithm"}
            assert set(weak) == {"kex", "host-key", "cipher", "mac"}
            assert "diffie-hellman-group1-sha1" in weak["kex"]
            assert "3des-cbc" in weak["cipher"]
            assert unseen(found) == []
            settings = look("", logs=(tmp_path / "sshd_config",))
            assert failing(settings) == {"root-login", "ssh-password"}

    def test_its_hardened_twin_and_the_files_of_an_account(self, tmp_path: Path) -> None:
        with planted.sshd(tmp_path, hardened=True) as server:
            url = f"sftp://127.0.0.1:{server.port}"
            assert {each.rule for each in look(url, scan=True)} == {"seen-from-inside-only"}
            assert failing(look("", logs=(tmp_path / "sshd_config",))) == set()
            me = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
            login = Login(me, key=str(tmp_path / "client"))
            entered = look(f"{url}{tmp_path}/zone", login)
            assert failing(entered) == {"clear-personal-data"}
            assert only(entered, "clear-personal-data").place.endswith("/zone/depot")
            unknown = look(url, Login(me, "a password", known_hosts=os.devnull))
            assert ("login", "login-refused") in unseen(unknown)
            assert "Failed password" not in server.log.read_text(), "no password to an unknown host"
            shared = look("", logs=(server.log,))
            assert failing(shared) == ({"root-login"} if me == "root" else set())

    def test_without_the_scanner_it_is_said(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(scanners.sys, "executable", str(tmp_path / "python"))  # type: ignore[attr-defined]
        with pytest.MonkeyPatch.context() as there:
            there.setenv("PATH", "/usr/sbin:/usr/bin:/bin")
            running = planted.sshd(tmp_path, hardened=True)
            server = running.__enter__()
        try:
            found = look(f"sftp://127.0.0.1:{server.port}", scan=True)
        finally:
            running.__exit__(None, None, None)
        assert unseen(found) == [("ssh-audit", "tool-missing")]


class TestPostgresql:
    def test_trust_no_tls_a_master_and_rights_for_all(self) -> None:
        with running_postgresql("listen_addresses=*") as server:
            found = look(server.database(planted.TABLES).url)
        assert failing(found) == {
            "database-trust", "clear-text-database", "database-superuser", "database-public-grants",
            "passwords-in-tables", "open-personal-data",
        }  # fmt: skip
        assert only(found, "passwords-in-tables").place == "public.acces.mot_de_passe"
        assert only(found, "open-personal-data").place == "public.patient"
        assert only(found, "database-public-grants").facts == ("right-select", "right-update")

    def test_its_hardened_twin(self, tmp_path: Path) -> None:
        passfile = tmp_path / "passfile"
        passfile.write_text(f"127.0.0.1:*:*:lis:{SECRET}\n")
        passfile.chmod(0o600)
        with running_postgresql() as server:
            server.execute(f"create role lis login password '{SECRET}' in role needs_password")
            database = server.database(
                "create table analyses(code text, libelle text); grant select on analyses to lis"
            )
            url = server.url_of(database.name, "lis")
            password = password_of(target_of(url), "lis", str(passfile))
            assert password == SECRET
            assert look(url, Login("lis", password), passfile=passfile) == []
            assert {facts[-1] for facts in unseen(look(url, Login("lis")))} == {"no-login-given"}


def test_mariadb_without_a_password(tmp_path: Path) -> None:
    with running_mariadb() as server:
        database = server.database(planted.TABLES.replace("grant select, update on patient to public;", ""))
        found = look(database.url)
        assert failing(found) == {
            "database-trust", "database-superuser", "passwords-in-tables", "open-personal-data",
        }  # fmt: skip
        passfile = tmp_path / "passfile"
        passfile.write_text(f"127.0.0.1:*:*:lis:{SECRET}\n")
        passfile.chmod(0o600)
        server.execute(f"create user lis@'127.0.0.1' identified by '{SECRET}'")
        server.execute(f"grant select on {database.name}.patient to lis@'127.0.0.1'")
        found = look(server.url_of(database.name, "lis"), Login("lis", SECRET), passfile=passfile)
        assert failing(found) == set()
        assert [each.rule for each in found] == ["personal-data-in-tables"], "in a laboratory's own system, a note"
