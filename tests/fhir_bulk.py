"""FHIR servers that export: a third party's (sekmet-fhir), and a small one that keeps the standard but for its faults."""

import contextlib
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_STARTED_IN = 60.0


@dataclass(frozen=True)
class Sekmet:
    """A running sekmet-fhir."""

    port: int
    headers: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/fhir"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask past the adapter."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/fhir+json", **self.headers}
        request = urllib.request.Request(f"{self.url}/{path}", data, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request) as response:  # noqa: S310
            return json.loads(response.read() or b"null")


@contextlib.contextmanager
def running_sekmet(folder: Path, auth: Mapping[str, Any] | None = None, token: str = "") -> Iterator[Sekmet]:
    """A server that dies with the block; ``auth`` as its own settings have it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "base_url": f"http://127.0.0.1:{port}/fhir", "data_dir": str(folder), "log_inbound": False,
        "server_auth": auth or {"types": ["none"]}, "validation": {"inbound": "off"},
        "simulator": {"enabled": False, "delay_seconds": 0.2},
    }  # fmt: skip
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    command = [sys.executable, "-m", "uvicorn", "--factory", "sekmet.main:app_factory", "--host", "127.0.0.1"]
    found = Sekmet(port, {"authorization": f"Bearer {token}"} if token else {})
    with subprocess.Popen(
        [*command, "--port", str(port), "--log-level", "critical"], cwd=folder,
        env={**os.environ, "SEKMET_CONFIG": str(folder / "settings.yaml")},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            deadline = time.monotonic() + _STARTED_IN
            while True:
                try:
                    found.ask("GET", "metadata")
                    break
                except OSError:
                    assert process.poll() is None, "sekmet-fhir did not start"
                    assert time.monotonic() < deadline, "sekmet-fhir did not start in time"
                    time.sleep(0.1)
            yield found
        finally:
            process.terminate()
            process.wait(timeout=20)


Answer = tuple[int, Mapping[str, str], bytes]
Handler = Callable[["Exporter", str, Mapping[str, str]], Answer | None]
"""What is asked at a path → what is answered instead of the usual; None: the usual."""


@dataclass
class Exporter:
    """A server of ``$export`` in a thread. ``files`` are NDJSON by type; ``instead`` answers first."""

    files: dict[str, bytes]
    instead: Handler = lambda _server, _what, _headers: None
    counts: dict[str, int] = field(default_factory=dict)
    errors: bytes = b""
    token: str = ""
    chunked: bool = False
    port: int = 0
    asked: list[str] = field(default_factory=list)
    served: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/fhir"

    def times(self, beginning: str) -> int:
        """How often something was asked."""
        return sum(each.startswith(beginning) for each in self.asked)

    def answer(self, what: str, headers: Mapping[str, str]) -> Answer:  # noqa: PLR0911  (one a place)
        """What the standard says, or what ``instead`` says."""
        self.asked.append(what)
        self.served.append((what, dict(headers)))
        other = self.instead(self, what, headers)
        if other is not None:
            return other
        method, _, target = what.partition(" ")
        path = urllib.parse.urlsplit(target).path.removeprefix("/fhir/")
        if path == "metadata":
            return 200, {}, b'{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1"}'
        if self.token and headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {}, b""
        if path.endswith("$export"):
            if "respond-async" not in headers.get("Prefer", ""):
                return 400, {}, b""
            return 202, {"Content-Location": f"{self.url}/jobs/1"}, b""
        if path == "jobs/1":
            return (202, {}, b"") if method == "DELETE" else (200, {}, json.dumps(self.manifest()).encode())
        kind = path.removeprefix("files/").removesuffix(".ndjson")
        if kind == "errors":
            return 200, {}, self.errors
        return (200, {}, self.files[kind]) if kind in self.files else (404, {}, b"")

    def manifest(self) -> dict[str, Any]:
        """Of all files."""
        output = [
            {"type": kind, "url": f"{self.url}/files/{kind}.ndjson"}
            | ({"count": self.counts[kind]} if kind in self.counts else {})
            for kind in self.files
        ]
        error = [{"type": "OperationOutcome", "url": f"{self.url}/files/errors.ndjson"}] if self.errors else []
        return {
            "transactionTime": "2026-01-01T00:00:00Z", "request": f"{self.url}/$export",
            "requiresAccessToken": bool(self.token), "output": output, "error": error,
        }  # fmt: skip


@contextlib.contextmanager
def running_exporter(exporter: Exporter) -> Iterator[Exporter]:
    """It serves until the block ends."""

    class Asked(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = exporter.answer(f"{self.command} {self.path}", self.headers)  # type: ignore[arg-type]
            cut = headers.get("X-Cut")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            chunked = exporter.chunked and status == 200 and body and cut is None
            self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))))
            self.end_headers()
            if chunked:
                half = len(body) // 2
                for part in (body[:half], body[half:]):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if part else b"")
                self.wfile.write(b"0\r\n\r\n")
            else:
                self.wfile.write(body if cut is None else body[: int(cut)])
            if cut is not None:
                self.close_connection = True

        do_DELETE = do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
        exporter.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield exporter
        finally:
            server.shutdown()
            thread.join()
