"""What a server lets be read is looked into as a folder's files are; what could not be is said, and why."""

import contextlib
import datetime as dt
import gzip
import http.server
import io
import socketserver
import sqlite3
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import openpyxl
import pytest

import inspected_servers as planted
from ecluse.inspector.findings import FOLDER, SERVER, Finding, Limits
from ecluse.inspector.login import Login
from ecluse.inspector.looking import Asked, inspect
from ecluse.inspector.target import target_of

LIMITS = replace(SERVER, per_second=1000.0)


class Quiet(http.server.SimpleHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.endswith("/closed.csv"):
            self.send_error(403)
        elif self.path.endswith("/slow.csv"):
            time.sleep(4)
        else:
            super().do_GET()

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def served(site: Path) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Here", (Quiet,), {"asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(site))) as server:  # type: ignore[arg-type]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join(5)


def look(url: str, limits: Limits = LIMITS) -> list[Finding]:
    asked = Asked([(target_of(url), Login())], (), limits, FOLDER, scanners=False)
    return inspect(asked, dt.datetime.now(dt.UTC), lambda _text: None)


def told(found: list[Finding], rule: str) -> list[Finding]:
    return [each for each in found if each.rule == rule]


def unseen(found: list[Finding]) -> set[tuple[str, ...]]:
    return {each.facts for each in told(found, "not-looked-at")}


@pytest.fixture
def export(tmp_path: Path) -> bytes:
    return planted.export(tmp_path / "made" / "p.csv", 200).read_bytes()


def zipped(export: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("patients.csv", export)
    return held.getvalue()


def tarred(export: bytes) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as made:
        head = tarfile.TarInfo("p.csv")
        head.size = len(export)
        made.addfile(head, io.BytesIO(export))
    return held.getvalue()


def sheet(export: bytes) -> bytes:
    held, book = io.BytesIO(), openpyxl.Workbook()
    for line in export.decode("latin-1").splitlines()[:60]:
        book.active.append(line.split(";"))
    book.save(held)
    return held.getvalue()


def database(export: bytes) -> bytes:
    lines = [line.split(";") for line in export.decode("latin-1").splitlines()]
    with contextlib.closing(sqlite3.connect(":memory:")) as made:
        made.execute(f"CREATE TABLE patient ({', '.join(lines[0])})")
        made.executemany(f"INSERT INTO patient VALUES ({','.join('?' * len(lines[0]))})", lines[1:])
        made.commit()
        return made.serialize()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "e.zip": zipped, "e.csv.gz": gzip.compress, "e.tgz": tarred, "e.xlsx": sheet, "e.db": database,
}  # fmt: skip


@pytest.mark.parametrize("name", PACKED)
def test_archives_and_sheets_are_opened(tmp_path: Path, export: bytes, name: str) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / name).write_bytes(PACKED[name](export))
    with served(site) as (url, _):
        found = look(url)
    (data,) = told(found, "open-personal-data")
    assert dict(data.counts)["social-security-numbers"] >= 59
    assert unseen(found) == set()


@pytest.mark.parametrize("name", PACKED)
def test_the_end_of_a_large_one_is_said_to_be_unseen(tmp_path: Path, export: bytes, name: str) -> None:
    site = tmp_path / "site"
    site.mkdir()
    large = PACKED[name](export)
    (site / name).write_bytes(large)
    with served(site) as (url, _):
        found = look(url, replace(LIMITS, bytes_each=len(large) // 2))
    assert ("limit-bytes",) in unseen(found)
    if name not in {"e.xlsx", "e.db"}:  # whose tables are told by their ends
        assert told(found, "open-personal-data"), "what stood before the end is told"


def test_what_cannot_be_opened_is_said(tmp_path: Path, export: bytes) -> None:
    site = tmp_path / "site"
    site.mkdir()
    for name, data in {
        "a.7z": b"7z\xbc\xaf\x27\x1c", "b.pdf": b"%PDF-1.7", "c.jpg": b"\xff\xd8\xff", "d.zip": b"PK\3\4" + bytes(60),
        "e.fbk": b"\x01\0gbak\0", "f.csv.age": b"age-encryption.org/v1\n",
    }.items():  # fmt: skip
        (site / name).write_bytes(data + bytes(200))
    with served(site) as (url, _):
        found = look(url)
    assert unseen(found) == {("archive-closed",), ("pdf",), ("picture",), ("archive-damaged",)}
    (backup,) = told(found, "unencrypted-backup")
    assert backup.facts == ("gbak",)


def test_who_refuses_and_who_is_silent_are_told_apart(tmp_path: Path, export: bytes) -> None:
    site = tmp_path / "site"
    site.mkdir()
    for name in ("closed.csv", "slow.csv", "open.csv"):
        (site / name).write_bytes(export)
    with served(site) as (url, asked):
        found = look(url, replace(LIMITS, seconds=3.0))
    assert ("not-allowed",) in unseen(found)
    assert unseen(found) & {("no-answer",), ("limit-time",)}
    assert told(found, "open-personal-data")
    assert asked.count("/") == 1, "a list is fetched once"


def dripping(greeting: bytes, drop: bytes) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                self.request.sendall(greeting)
                for _ in range(600):
                    self.request.sendall(drop)
                    time.sleep(0.1)

    return Handler


@pytest.mark.parametrize(("scheme", "greeting", "drop"), [
    ("ftp", b"220", b"a"), ("ftp", b"", b"220-a\r\n"), ("sftp", b"", b"a"), ("sftp", b"", b"a\r\n"),
    ("https", b"\x16\x03\x03\x40\x00", b"a"), ("ftps", b"\x16\x03\x03\x40\x00", b"a"),
    ("http", b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), ("http", b"HTTP/1.1 200 OK\r\n\r\n<title>Index of /</title>", b"a"),
    ("http", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"), ("http", b"HTTP/1.1 200 O", b"K"),
])  # fmt: skip
def test_a_server_that_drips_does_not_outlast_the_budget(scheme: str, greeting: bytes, drop: bytes) -> None:
    with planted.speaking(dripping(greeting, drop)) as port:
        begun = time.monotonic()
        found = look(f"{scheme}://127.0.0.1:{port}", replace(LIMITS, seconds=1.0))
        took = time.monotonic() - begun
    assert took < 30, "it drips for a minute"
    assert unseen(found) & {("limit-time",), ("no-answer",)}


class Ftp(socketserver.StreamRequestHandler):
    """Lets everybody in, and then drips its list."""

    said: list[str]
    drips = True
    data: socketserver.TCPServer | None = None

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self._speak()

    def finish(self) -> None:
        if self.data:
            self.data.server_close()
        with contextlib.suppress(OSError):
            super().finish()

    def _speak(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline(512).decode("ascii", "replace").strip():
            self.said.append(line)
            word = line.split()[0].upper()
            if word in {"PASV", "EPSV"}:
                self.data = socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler)
                port = self.data.server_address[1]
                self.wfile.write(b"229 open (|||%d|)\r\n" % port if word == "EPSV" else
                                 b"227 open (127,0,0,1,%d,%d)\r\n" % divmod(port, 256))  # fmt: skip
            elif word in {"MLSD", "RETR"}:
                self._send()
            else:
                answers = {"USER": b"331 who", "PASS": b"230 in", "TYPE": b"200 so"}
                self.wfile.write(b"530 no\r\n" if line == "USER guest" else answers.get(word, b"500 no") + b"\r\n")

    def _send(self) -> None:
        assert self.data
        connection, _ = self.data.get_request()
        self.data.server_close()
        self.wfile.write(b"150 here\r\n")
        with connection, contextlib.suppress(OSError):
            if not self.drips:
                connection.sendall(b"type=file;size=3; a.csv\r\ntype=file;size=3; b.csv\r\n")
            for _ in range(600 if self.drips else 0):
                connection.sendall(b"a")
                time.sleep(0.1)
        self.wfile.write(b"226 done\r\n")


def test_a_list_that_drips_by_ftp(tmp_path: Path) -> None:
    handler = type("Dripping", (Ftp,), {"said": []})
    with planted.speaking(handler) as port:
        begun = time.monotonic()
        found = look(f"ftp://127.0.0.1:{port}", replace(LIMITS, seconds=2.0))
        assert time.monotonic() - begun < 30
    assert ("limit-time",) in unseen(found)


def test_every_command_of_ftp_is_counted_and_no_list_asked_twice() -> None:
    said: list[str] = []
    with planted.speaking(type("Counted", (Ftp,), {"said": said, "drips": False})) as port:
        assert unseen(look(f"ftp://127.0.0.1:{port}")) == set()
        assert len([line for line in said if line.startswith("MLSD")]) == 1
        assert len([line for line in said if line == "TYPE I"]) == 1
        said.clear()
        limited = look(f"ftp://127.0.0.1:{port}", replace(LIMITS, requests=12))
        assert ("limit-requests",) in unseen(limited)
        assert len(said) <= 12
