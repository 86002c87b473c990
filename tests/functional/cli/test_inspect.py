"""``ecluse inspect`` as a person or a pipeline runs it: consent, exit codes, baseline, reports, no secret anywhere."""

import http.server
import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from world import Desk

import inspected_servers as planted


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Python's own server: its lists of files are a server's badly kept."""

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    site = tmp_path / "site"
    planted.export(site / "patients.csv")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(5)


FAST = "--rate 100 --no-scanners"


class TestConsent:
    def test_nothing_is_looked_at_unasked(self, desk: Desk) -> None:
        done = desk.run("inspect ftp://127.0.0.1:1", 2)
        assert "only targets of one's own" in done.err
        assert "--mine" in done.err
        done = desk.run("inspect ftp://127.0.0.1:1 --lang fr", 2)
        assert "on ne regarde que ce qui est à soi" in done.err

    @pytest.mark.parametrize(
        ("target", "said"),
        [
            ("smb://server/share", "mount the share read-only"),
            ("ftp://anna:secret-9@server/", "holds a password"),
            ("postgresql://server/db?password=secret-9", "holds a password"),
            ("gopher://server", "not known"),
            ("no/such/folder", "no such folder"),
            ("ftp://[::1", "does not parse"),
            ("ftp:///path", "names no host"),
        ],
    )
    def test_what_is_no_target(self, desk: Desk, target: str, said: str) -> None:
        done = desk.run(f"inspect {target} --mine", 2)
        assert said in done.err
        assert "secret-9" not in done.err + done.out
        french = desk.run(f"inspect {target} --mine --lang fr", 2)
        assert said not in french.err


class TestRun:
    def test_failings_reports_and_a_baseline(self, desk: Desk, url: str) -> None:
        done = desk.run(f"inspect {url} --mine {FAST} --html r.html --sarif r.sarif --write-baseline known.json", 24)
        assert "Patient data can be read without a login" in done.out
        assert "failings" in done.err
        everything = done.out + done.err + Path("r.html").read_text() + Path("r.sarif").read_text()
        for value in ("MARTIN", "Nathalie", planted.nir(0), "01/01/1950"):
            assert value not in everything
        assert json.loads(Path("r.sarif").read_text())["version"] == "2.1.0"
        assert Path("r.html").stat().st_mode & 0o077 == 0

        again = desk.run(f"inspect {url} --mine {FAST} --baseline known.json --json", 0)
        found = again.json()["findings"]
        assert {each["rule"] for each in found if each["standing"] == "failing"} == {
            "clear-text-http", "open-listing", "open-personal-data",
        }  # fmt: skip
        assert all(each["known"] for each in found if each["standing"] == "failing")

    def test_the_least_that_fails(self, desk: Desk, url: str) -> None:
        desk.run(f"inspect {url} --mine {FAST} --fail-on critical", 24)
        desk.run(f"inspect {url} --mine {FAST} --fail-on nothing", 0)

    def test_in_french(self, desk: Desk, url: str) -> None:
        done = desk.run(f"inspect {url} --mine {FAST} --html r.html --lang fr", 24)
        assert "Des données de patients se lisent sans authentification" in done.out
        assert "NIR au moins : 60" in done.out
        assert '<html lang="fr">' in Path("r.html").read_text()

    def test_nobody_answers(self, desk: Desk) -> None:
        done = desk.run(f"inspect http://127.0.0.1:{planted.free_port()} --mine {FAST}", 0)
        assert "no answer" in done.out
        assert "0 failings" in done.out
        assert "not looked at" in done.err, "never silently clean"

    def test_one_is_one(self, desk: Desk) -> None:
        log = Path("auth.log")
        log.write_text("Nov 22 01:00:00 h sshd[1]: Accepted publickey for labo from 10.1.1.1 port 1 ssh2\n")
        Path("empty").mkdir()
        assert "error: 1 failing\n" in desk.run("inspect empty --log auth.log", 24).err
        assert "erreur : 1\u00a0manquement\n" in desk.run("inspect empty --log auth.log --lang fr", 24).err
        desk.run("inspect empty --log auth.log --write-baseline known.json --fail-on nothing")
        log.write_text(log.read_text() + log.read_text().replace("labo", "test"))
        some = "inspect empty --log auth.log --baseline known.json"
        assert "1 failing, and 1 that was known" in desk.run(some, 24).err
        assert "1\u00a0manquement, et 1\u00a0déjà connu\n" in desk.run(f"{some} --lang fr", 24).err

    def test_a_folder_needs_no_question(self, desk: Desk) -> None:
        Path("empty").mkdir()
        desk.run("inspect empty --fail-on critical", 0)

    def test_names_from_outside_are_spelt_out_everywhere(self, desk: Desk) -> None:
        folder = Path("export\x1b[2J\u202e\u200b 1 70 01 75 101 123")
        folder.mkdir()
        planted.export(folder / "p\x1b]0;x\x07.csv")
        log = Path("x\x1b[1A.log")
        log.write_text("nothing\n")
        given = [str(folder), "--log", str(log), "--html", "r.html", "--sarif", "r.sarif", "--fail-on", "nothing"]
        told = [desk.run(["inspect", *given], 0).out, desk.run(["inspect", *given, "--json"], 0).out]
        told += [Path("r.html").read_text(), Path("r.sarif").read_text()]
        assert len([text for text in told if "p\\u001b]0;x\\u0007.csv" in text.replace("\\\\", "\\")]) == 4
        for text in told:
            assert not set(text) & {"\x1b", "\x07", "\u202e", "\u200b"}
            assert "70 01 75" not in text
        missing = desk.run(["inspect", "no\x1b[2J such"], 2)
        assert "\x1b" not in missing.err

    def test_a_broken_baseline(self, desk: Desk) -> None:
        Path("known.json").write_text('{"format": "other"}')
        Path("empty").mkdir()
        assert "no baseline" in desk.run("inspect empty --baseline known.json", 10).err

    def test_a_passfile_that_others_may_read(self, desk: Desk) -> None:
        Path("pass").write_text("h:*:*:anna:secret-9\n")
        Path("pass").chmod(0o644)
        done = desk.run("inspect ftp://anna@127.0.0.1:1 --mine --passfile pass", 2)
        assert "others may read" in done.err
        assert "secret-9" not in done.err
