"""A server that is inspected: asked at the pace that was promised, read only, and nobody beside it."""

import datetime as dt
import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

import inspected_servers as planted
from ecluse.inspector.findings import FOLDER, SERVER, Finding, Limits
from ecluse.inspector.login import Login
from ecluse.inspector.looking import Asked, inspect
from ecluse.inspector.target import target_of

ODD = "100% 2%35;a+b"
"""A folder's name that reads otherwise once it is decoded twice."""


class Keeping(http.server.SimpleHTTPRequestHandler):
    """Lists of files; keeps what it was asked, and leads elsewhere: by a link, by a redirection."""

    heard: list[tuple[float, str, str]]
    folder: str
    elsewhere: str

    def __init__(self, *given: object) -> None:
        super().__init__(*given, directory=self.folder)  # type: ignore[arg-type]  # a server's own

    def do_GET(self) -> None:
        self.heard.append((time.monotonic(), self.command, self.path))
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", f"{self.elsewhere}/moved/patients.csv")
            self.end_headers()
            return
        super().do_GET()

    def __getattr__(self, name: str) -> object:
        if not name.startswith("do_"):
            raise AttributeError(name)
        self.heard.append((time.monotonic(), self.command, self.path))  # any other method than GET
        return lambda: self.send_error(405)

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def kept(folder: Path, elsewhere: str = "") -> Iterator[tuple[str, list[tuple[float, str, str]]]]:
    heard: list[tuple[float, str, str]] = []
    handler = type("Kept", (Keeping,), {"heard": heard, "folder": str(folder), "elsewhere": elsewhere})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()
        thread.join(5)


def look(url: str, limits: Limits) -> list[Finding]:
    asked = Asked([(target_of(url), Login())], (), limits, FOLDER, scanners=False)
    return inspect(asked, dt.datetime.now(dt.UTC), lambda _text: None)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for number in range(6):
        planted.export(tmp_path / "site" / f"n{number}" / "patients.csv")
    planted.export(tmp_path / "site" / ODD / f"{ODD}.csv")
    (tmp_path / "site" / "moved").mkdir()
    (tmp_path / "other").mkdir()
    return tmp_path / "site"


def test_no_faster_than_was_said_and_read_only(site: Path) -> None:
    limits = replace(SERVER, per_second=10.0)
    with kept(site) as (url, heard):
        found = look(url, limits)
    assert {each.rule for each in found} >= {"open-listing", "open-personal-data"}
    assert {method for _, method, _ in heard} == {"GET"}
    assert len(heard) >= 12
    times = [when for when, _, _ in heard]
    least = (len(times) - 1) / limits.per_second
    assert times[-1] - times[0] >= least - 0.5, "one after the other, at the pace"
    for first, later in zip(times, times[10:], strict=False):
        assert later - first >= 10 / limits.per_second - 0.5, "nor in bursts"


def test_as_many_as_were_allowed_and_no_more(site: Path) -> None:
    with kept(site) as (url, heard):
        found = look(url, replace(SERVER, per_second=1000.0, requests=5))
    assert len(heard) == 5
    assert ("limit-requests",) in [each.facts for each in found if each.rule == "not-looked-at"]


def test_nobody_beside_the_one_that_was_named(site: Path) -> None:
    with kept(site.parent / "other") as (other, nothing):
        (site / "index.html").write_text(
            f"<title>Index of /</title><a href='{other}/n0/'>x</a><a href='//{other[7:]}/n1/'>y</a>"
            f"<a href='n1/'>n1</a><a href='moved/'>moved</a><a href='../../etc/'>up</a>"
        )
        with kept(site, other) as (url, heard):
            found = look(url, replace(SERVER, per_second=1000.0))
    assert nothing == [], "neither by a link nor by a redirection"
    assert {path for _, _, path in heard} == {"/", "/n1/", "/n1/patients.csv", "/moved/", "/.well-known/security.txt"}
    assert [each.place.rpartition("/")[2] for each in found if each.rule == "open-personal-data"] == ["n1"]


def test_a_name_is_asked_for_as_it_is_written(site: Path) -> None:
    with kept(site) as (url, heard):
        found = look(url, replace(SERVER, per_second=1000.0))
    assert any(each.place.endswith(f"/{ODD}") for each in found if each.rule == "open-personal-data")
    assert f"/{quote(ODD, safe=';+')}/" in {path for _, _, path in heard}
