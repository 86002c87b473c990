"""An agent says loudly that nobody watches the room, once, and that somebody does again (law 8)."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ecluse.adapters.room import Room
from ecluse.cli import _output
from ecluse.cli._agent import Worker


@pytest.mark.parametrize("quiet", [False, True])
def test_a_dead_watch_is_said_once_and_nothing_silences_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, quiet: bool
) -> None:
    ages: list[Any] = [5, 500, 500, None, "soon", 3, 200]

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"kept": 1, "watch_age_s": ages.pop(0)}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    monkeypatch.setattr(_output.MODE, "quiet", quiet)
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        room = Room(f"http://localhost:{server.server_port}", "eca_x")
        monkeypatch.setattr(Worker, "room", property(lambda _self: room))
        worker = Worker(tmp_path, None, None)  # type: ignore[arg-type] # a sign of life asks neither
        said = []
        for _ in range(7):
            worker.heartbeat()
            said.append("nobody watches" in capsys.readouterr().err)
        server.shutdown()
    assert said == [False, True, False, False, False, False, True]
