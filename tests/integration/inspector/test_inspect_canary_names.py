"""Names of files, folders, tables, columns and accounts that hold a patient's number and name: what reports say of them.

The number stands nowhere; the name neither, where names are to be hidden.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import inspected_servers as planted
from ecluse.cli import main
from servers import running_postgresql

NIR = planted.nir(7)
NAME, GIVEN = "QUERCANARD", "Zéphyrine"
WRITTEN = (
    NIR, f"{NIR[0]} {NIR[1:3]} {NIR[3:5]} {NIR[5:7]} {NIR[7:10]} {NIR[10:13]} {NIR[13:]}", "_".join(NIR),
    f"{NIR[:13]}-{NIR[13:]}", f"{NIR[:6]} - {NIR[6:]}", f"{NAME}{NIR}{GIVEN}",
)  # fmt: skip
"""As people write it."""


def every(capsys: pytest.CaptureFixture[str], folder: Path, *given: str) -> str:
    """All that an inspection says, in both languages: screen, page, SARIF, JSON, baseline."""
    told = []
    for lang in ("en", "fr"):
        files = [folder / f"{len(given)}.{lang}.{kind}" for kind in ("html", "sarif", "base")]
        options = ["--mine", "--no-scanners", "--rate", "100", "--lang", lang, "--fail-on", "nothing", *given]
        written = ["--html", str(files[0]), "--sarif", str(files[1]), "--write-baseline", str(files[2])]
        for more in (written, ["--json"]):
            assert main(["inspect", *options, *more]) == 0
            printed = capsys.readouterr()
            told += [printed.out, printed.err]
        told += [path.read_text("utf-8") for path in files]
    return "\n".join(told)


@pytest.fixture
def judged(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., None]:
    """Inspect twice, names as they are and hidden: the number is told neither time, and the name but the first."""

    def judge(*given: str, rules: set[str]) -> None:
        plain, hidden = (every(capsys, tmp_path, *given, *more) for more in ((), ("--hide-names",)))
        for told in (plain, hidden):
            joined = re.sub(r"[\s._/\\-]+", "", told)
            assert not [size for size in range(9, 16) if NIR[:size] in joined]
            assert NIR[6:] not in joined
            for rule in rules:
                assert f'"ruleId": "{rule}"' in told, "what has such a name is found all the same"
        assert NAME in plain, "its owner needs it to find the file"
        assert NAME.lower() not in hidden.lower()
        assert "phyrine" not in hidden.lower()

    return judge


def planted_under(folder: Path, forms: tuple[str, ...] = WRITTEN) -> None:
    for number, form in enumerate(forms):
        planted.export(folder / f"{NAME} {GIVEN} {form}.csv")
        planted.export(folder / f"{number} {form}" / f"{NAME}.csv")
    for each in folder.rglob("*"):
        each.chmod(0o755 if each.is_dir() else 0o644)


def test_a_folder(judged: Callable[..., None], tmp_path: Path) -> None:
    planted_under(tmp_path / "zone")
    judged(str(tmp_path / "zone"), rules={"nir-at-rest", "persons-at-rest"})


def test_an_ftp_server(judged: Callable[..., None], room: Path) -> None:
    with planted.pyftpdlib(room, hardened=False) as server:
        (room / "zone").chmod(0o755)
        planted_under(room / "zone" / f"{NAME} {NIR}", WRITTEN[1:3])
        judged(f"ftp://127.0.0.1:{server.port}", rules={"open-personal-data", "open-listing"})


def test_a_web_server(judged: Callable[..., None], room: Path) -> None:
    with planted.nginx(room, hardened=False) as server:
        planted_under(room / "site" / "export" / f"{NAME} {NIR}")
        judged(f"http://127.0.0.1:{server.port}", rules={"open-personal-data", "open-listing"})


def test_a_database(judged: Callable[..., None]) -> None:
    table = f"{NAME}_{GIVEN}_{NIR}"
    persons = "".join(
        f"insert into \"{table}\" values ('MARTIN', 'Jean', '19{50 + n}-03-11', '{planted.nir(n)}', 'Secret{n}pw!');"
        for n in range(40)
    )
    with running_postgresql() as server:
        made = server.database(
            f'create table "{table}"(nom text, prenom text, naissance date, nir text, "mot_de_passe_{NIR}" text);{persons}'
            f'grant select on "{table}" to public; create schema "{NAME}_{NIR}";'
            f'create table "{NAME}_{NIR}"."t{NIR}"(mot_de_passe text);'
            f"insert into \"{NAME}_{NIR}\".\"t{NIR}\" values ('Secret9pw!')"
        )
        judged(made.url, rules={"open-personal-data", "database-public-grants", "passwords-in-tables"})


def test_accounts_and_keys(judged: Callable[..., None], tmp_path: Path) -> None:
    names = (NAME.lower() + NIR, NIR, NAME, f"{NAME}.{GIVEN}", f"labo{NIR}")
    log, passwd = tmp_path / "auth.log", tmp_path / "passwd"
    log.write_text("".join(
        f"Nov 22 01:00:0{n} h sshd[1]: Accepted password for {who} from 10.{n}.1.1 port 1 ssh2\n"
        for who in names for n in range(6)
    ))  # fmt: skip
    passwd.write_text("".join(f"{who}::1000:1000::/:/bin/sh\n" for who in names))
    empty = tmp_path / "empty"
    empty.mkdir()
    judged(str(empty), "--log", str(log), "--log", str(passwd), rules={"shared-account", "ssh-password", "guessable-login"})


def test_a_log_whose_own_name_holds_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = tmp_path / f"{NIR}.log"
    log.write_text("Nov 22 01:00:00 h sshd[1]: Accepted password for root from 10.0.0.1 port 1 ssh2\n")
    told = every(capsys, tmp_path, "--log", str(log), os.devnull)
    assert NIR not in told
    assert "root-login" in told
