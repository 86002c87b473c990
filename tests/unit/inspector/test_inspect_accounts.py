"""Logs and account files: what is told of whom, from lines as the servers write them."""

import gzip
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ecluse.inspector import accounts
from ecluse.inspector.account_files import lines_of
from ecluse.inspector.accounts import inspect_accounts
from ecluse.inspector.budget import Budget
from ecluse.inspector.findings import LOGS, Finding, Limits, Sureness

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{}"
LOGIN = (
    "Nov 22 0{hour}:00:00 sftp sshd[1{hour}]: Accepted {how} for {who} from {origin} port 4711 ssh2: ED25519 SHA256:x"
)


def told(*paths: Path, limits: Limits = LOGS) -> list[Finding]:
    return list(inspect_accounts(paths, limits))


def written(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def logins(who: str, *origins: str, how: str = "publickey") -> list[str]:
    return [LOGIN.format(hour=n % 10, how=how, who=who, origin=origin) for n, origin in enumerate(origins)]


class TestSshd:
    def test_one_account_from_three_networks_in_a_day(self, tmp_path: Path) -> None:
        log = written(tmp_path / "auth.log", *logins("m.martin", "10.1.1.1", "10.1.2.1", "10.1.3.1"))
        (found,) = told(log)
        assert (found.rule, found.sureness) == ("shared-account", Sureness.PROBABLE)
        assert found.place == f"{log}: m.martin"
        assert found.counts == (("logins", 3), ("networks", 3))

    def test_an_office_and_a_home_are_one_person(self, tmp_path: Path) -> None:
        assert told(written(tmp_path / "auth.log", *logins("m.martin", "10.1.1.1", "10.1.1.9", "2001:db8::1"))) == []

    def test_a_generic_name_needs_two(self, tmp_path: Path) -> None:
        (found,) = told(written(tmp_path / "auth.log", *logins("labo", "10.1.1.1", "10.9.2.1")))
        assert found.rule == "shared-account"
        (found,) = told(written(tmp_path / "auth.log", *logins("labo", "10.1.1.1")))
        assert (found.rule, found.sureness) == ("generic-account", Sureness.PROBABLE)

    def test_days_apart_are_only_possibly_shared(self, tmp_path: Path) -> None:
        lines = [
            f"Nov {10 + n} 01:00:00 h sshd[1]: Accepted publickey for a.b from 10.{n}.1.1 port 1 ssh2" for n in range(8)
        ]
        (found,) = told(written(tmp_path / "auth.log", *lines))
        assert (found.rule, found.sureness) == ("shared-account", Sureness.POSSIBLE)

    def test_passwords_and_root(self, tmp_path: Path) -> None:
        found = told(written(tmp_path / "auth.log", *logins("root", "10.1.1.1", how="password")))
        assert {each.rule for each in found} == {"root-login", "ssh-password"}

    def test_guessing_that_nothing_stops(self, tmp_path: Path) -> None:
        line = "Nov 22 01:00:00 h sshd[9]: Failed password for invalid user {} from 203.0.113.9 port 1 ssh2"
        log = written(tmp_path / "auth.log", *(line.format(f"user{n}") for n in range(150)))
        (found,) = told(log)
        assert (found.rule, dict(found.counts)["failures"]) == ("guessing-unanswered", 150)
        assert found.place.endswith("203.0.113.9")
        few = written(tmp_path / "few.log", *(line.format(f"user{n}") for n in range(20)))
        assert told(few) == []

    def test_a_rotated_log(self, tmp_path: Path) -> None:
        path = tmp_path / "auth.log.2.gz"
        with gzip.open(path, "wt") as file:
            file.write("\n".join(logins("x.y", "10.1.1.1", "10.1.2.1", "10.1.3.1")))
        assert [each.rule for each in told(path)] == ["shared-account"]

    def test_a_name_made_to_look_like_a_login(self, tmp_path: Path) -> None:
        """Whoever fails chooses the name that the log repeats; it enters no account."""
        evil = "Nov 22 01:00:00 h sshd[9]: Failed password for invalid user x from 10.0.0.1 port 1 from 10.0.0.2 port 2 ssh2"
        assert told(written(tmp_path / "auth.log", evil)) == []
        forged = (
            "Nov 22 01:00:00 h sshd[9]: Failed password for invalid user sshd[1]: Accepted password for root "
            "from 6.6.6.6 port 1 from 10.0.0.2 port 2 ssh2"
        )
        assert told(written(tmp_path / "forged.log", forged)) == []

    def test_a_rotated_log_that_is_cut_off_is_told_and_ends_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "auth.log.2.gz"
        path.write_bytes(gzip.compress("\n".join(logins("x.y", "10.1.1.1")).encode() * 50)[:-12])
        (found,) = told(path)
        assert found.rule == "not-looked-at"


class TestKeys:
    def test_one_key_of_two_accounts_as_logs_show_it(self, tmp_path: Path) -> None:
        """Rotated logs are one; a password, a name made to look like a key, and one's own key twice are none."""
        line = "Nov 22 01:00:00 h sshd[1]: Accepted {} for {} from 10.1.1.1 port 4711 ssh2{}"
        shared, own = f": ED25519 SHA256:{'a+/9' * 10}abc", f": RSA SHA256:{'b' * 43}"
        first = written(tmp_path / "auth.log.1", line.format("publickey", "anna", shared))
        second = written(
            tmp_path / "auth.log", line.format("publickey", "bruno", shared), line.format("publickey", "chloe", own),
            line.format("publickey", "chloe", own), line.format("password", "dora", ""),
            line.format("publickey", "erik", own + " extra"),
            "Nov 22 01:00:00 h sshd[1]: Failed publickey for invalid user x from 10.1.1.1 port 1 ssh2" + own,
        )  # fmt: skip
        shared_keys = [each for each in told(first, second) if each.rule == "shared-key"]
        assert [(each.place, each.facts) for each in shared_keys] == [("anna, bruno", ("in-log",))]
        assert "SHA256" not in repr(shared_keys)

    def test_one_key_of_two_accounts(self, tmp_path: Path) -> None:
        first = written(tmp_path / "home" / "anna" / ".ssh" / "authorized_keys", KEY.format("aaaa") + " anna@pc")
        second = written(
            tmp_path / "home" / "bruno" / ".ssh" / "authorized_keys", 'from="10.0.0.1" ' + KEY.format("aaaa")
        )
        third = written(
            tmp_path / "home" / "chloe" / ".ssh" / "authorized_keys", KEY.format("cccc"), "# " + KEY.format("aaaa")
        )
        (found,) = told(first, second, third)
        assert (found.rule, found.place) == ("shared-key", "anna, bruno")
        assert KEY.format("aaaa").split()[1] not in repr(found)

    def test_an_account_of_many_keys(self, tmp_path: Path) -> None:
        path = written(tmp_path / "keys" / "transfert", *(KEY.format(each * 4) for each in "abcd"))
        (found,) = told(path)
        assert (found.rule, found.counts) == ("many-keys", (("keys", 4),))


def test_accounts_that_name_nobody(tmp_path: Path) -> None:
    path = written(
        tmp_path / "passwd", "root:x:0:0:root:/root:/bin/bash", "www-data:x:33:33::/var/www:/usr/sbin/nologin",
        "mmartin:x:1000:1000::/home/mmartin:/bin/bash", "labo2:x:1001:1001::/home/labo:/bin/bash",
        "test:x:1002:1002::/home/test:/usr/sbin/nologin",
    )  # fmt: skip
    assert [each.place for each in told(path)] == [f"{path}: labo2"]


def test_accounts_with_an_empty_password(tmp_path: Path) -> None:
    names = (
        "root:x:0:0:root:/root:/bin/bash", "anna::1000:1000:Anna, tel:/home/anna:/bin/bash", "Labo::1001:1001::/:",
        "sync::4:65534:sync:/bin:/bin/sync", "x.y::1:1::/:/usr/sbin/nologin", "::1002:1002::/:/bin/sh", "half::1003",
    )  # fmt: skip
    hidden = ("root:$y$j9T$x:20000:0:99999:7:::", "anna::20000:0:99999:7:::", "daemon:*:1:0:99999:7:::", "bin:!:1::::::")
    found = told(written(tmp_path / "passwd", *names), written(tmp_path / "shadow-", *hidden))
    empty = [each for each in found if each.rule == "guessable-login"]
    assert [each.place.rpartition("/")[2] for each in empty] == ["passwd: anna", "passwd: Labo", "shadow-: anna"]
    assert {each.facts for each in empty} == {("empty-password", "in-configuration")}
    assert told(written(tmp_path / "shadow", hidden[0])) == [], "a file that may well hold nothing to find"


NO_PASSWORDS = "PasswordAuthentication no\n"


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        (NO_PASSWORDS + "PermitRootLogin yes", ["root-login"]),
        (NO_PASSWORDS + "permitrootlogin=yes", ["root-login"]),
        (NO_PASSWORDS + "# PermitRootLogin yes", []),
        (NO_PASSWORDS + "PermitRootLogin prohibit-password", []),
        ("PasswordAuthentication yes", ["ssh-password"]),
        (NO_PASSWORDS + "PasswordAuthentication yes", []),
        (NO_PASSWORDS + "PermitEmptyPasswords yes", ["ssh-without-login"]),
        (NO_PASSWORDS + "Match User x\nPasswordAuthentication no", []),
    ],
)
def test_settings_of_sshd(tmp_path: Path, line: str, rules: list[str]) -> None:
    assert [each.rule for each in told(written(tmp_path / "sshd_config", line))] == rules


@pytest.mark.parametrize(
    ("name", "text", "rule", "sureness", "fact"),
    [
        ("sshd_config", "Port 22", "ssh-password", Sureness.PROBABLE, "by-default"),
        ("sshd_config", "Include /etc/ssh/sshd_config.d/*.conf", "ssh-password", Sureness.POSSIBLE, "by-default"),
        ("sshd_config", NO_PASSWORDS + "Match User labo\n  PasswordAuthentication yes", "ssh-password",
         Sureness.PROBABLE, "in-configuration"),
        ("vsftpd.conf", "anonymous_enable=NO", "clear-text-ftp", Sureness.CERTAIN, "by-default"),
        ("vsftpd.conf", "ssl_enable=1", "anonymous-login", Sureness.POSSIBLE, "by-default"),
        ("vsftpd.conf", "ssl_enable=YES\nanonymous_enable=NO\nanonymous_enable=TRUE", "anonymous-login",
         Sureness.CERTAIN, "in-configuration"),
    ],
)  # fmt: skip
def test_what_settings_leave_unsaid_or_say_of_some(
    tmp_path: Path, name: str, text: str, rule: str, sureness: Sureness, fact: str
) -> None:
    (found,) = told(written(tmp_path / name, text))
    assert (found.rule, found.sureness, found.facts) == (rule, sureness, (fact,))


def test_settings_that_were_cut_off_say_nothing_by_default(tmp_path: Path) -> None:
    found = told(written(tmp_path / "sshd_config", "Port 22", *["# long"] * 99), limits=replace(LOGS, bytes_each=300))
    assert {each.facts for each in found} == {("limit-bytes",)}


def test_what_is_no_log_is_said(tmp_path: Path) -> None:
    found = told(written(tmp_path / "notes.txt", "nothing of that kind"), tmp_path / "missing.log", tmp_path)
    assert [each.facts for each in found] == [("unknown-form",), ("unreadable",), ("unreadable",)]
    assert {each.rule for each in found} == {"not-looked-at"}


class TestLimits:
    @pytest.mark.parametrize(("limits", "fact"), [
        (replace(LOGS, bytes_each=300), "limit-bytes"), (replace(LOGS, bytes_all=300), "limit-bytes"),
        (replace(LOGS, seconds=0.0), "limit-time"), (replace(LOGS, files=0), "limit-files"),
    ])  # fmt: skip
    def test_what_they_cut_off_is_said(self, tmp_path: Path, limits: Limits, fact: str) -> None:
        log = written(tmp_path / "auth.log", *logins("labo", *["10.1.1.1"] * 9))
        (unseen,) = [each.facts for each in told(log, limits=limits) if each.rule == "not-looked-at"]
        assert unseen == (fact,)

    def test_a_log_of_everybodys_names_is_bounded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(accounts, "_Log", partial(accounts._Log, room=1000))
        line = "Nov 22 01:00:00 h sshd[1]: Accepted publickey for {} from 10.{}.{}.1 port 1 ssh2"
        many = [line.format(f"a{n}", n // 250, n % 250) for n in range(3000)]
        log = written(tmp_path / "auth.log", *logins("labo", "10.1.1.1"), *many)
        found = told(log)
        assert [each.place for each in found if each.rule == "generic-account"] == [f"{log}: labo"], "first come"
        assert [each.facts for each in found if each.rule == "not-looked-at"] == [("limit-names",)]
        counted = accounts._counted(lines_of(log, Budget(LOGS)))
        kept = len(counted.logins) + len(counted.entered_from) + len(counted.networks)
        assert counted.full
        assert kept <= 1000 + len(counted.networks)

    def test_so_many_findings_of_one_file(self, tmp_path: Path) -> None:
        line = "Nov 22 01:00:00 h sshd[1]: Accepted password for a{} from 10.1.1.1 port 1 ssh2"
        found = told(written(tmp_path / "auth.log", *(line.format(n) for n in range(600))))
        assert len(found) == 501
        assert found[-1].facts == ("limit-names",)

    def test_a_name_of_any_length(self, tmp_path: Path) -> None:
        line = f"Nov 22 01:00:00 h sshd[1]: Accepted password for {'a' * 60_000} from {'b' * 5000} port 1 ssh2"
        log = written(tmp_path / "auth.log", line)
        counted = accounts._counted(lines_of(log, Budget(LOGS)))
        assert max(map(len, (*counted.logins, *counted.entered_from))) == 128
