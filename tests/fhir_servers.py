"""A third party's FHIR server for tests: Medplum's engine, in memory, on loopback. Needs scripts/node-packages."""

import contextlib
import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers import MissingServerError

HERE = Path(__file__).parent
MODULES = HERE.parent / "build" / "node"


@dataclass(frozen=True)
class FhirTestServer:
    """A running server; ``loose`` ones run transactions as batches, as big as one likes."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/fhir"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask past the adapter."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/fhir+json"}
        address = f"http://127.0.0.1:{self.port}/{path}"
        request = urllib.request.Request(address, data, headers, method=method)
        with urllib.request.urlopen(request) as response:  # noqa: S310
            return json.loads(response.read() or b"null")

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """All there are of a type."""
        return [each["resource"] for each in self.ask("GET", f"fhir/{kind}").get("entry") or []]

    def fail(self, status: int, times: int, location: str = "") -> None:
        """Answer the next requests so."""
        self.ask("POST", "fail", {"status": status, "times": times, "location": location})

    def clear(self) -> None:
        """Forget everything."""
        self.ask("POST", "clear", {})

    def stats(self) -> dict[str, int]:
        """How often each method was asked so far."""
        return dict(self.ask("GET", "stats"))


def node(script: str, *arguments: str) -> list[str]:
    """The command that runs a script of ours on the third parties' packages."""
    if shutil.which("node") is None:
        raise MissingServerError("the FHIR tests need Node.js: sudo apt-get install nodejs npm")
    if not (MODULES / "node_modules" / "@medplum").is_dir():
        raise MissingServerError("the FHIR tests need npm packages: scripts/node-packages")
    return ["env", f"ECLUSE_NODE={MODULES}", "node", str(HERE / "fhir_node" / script), *arguments]


@contextlib.contextmanager
def running_fhir(mode: str = "loose", token: str = "") -> Iterator[FhirTestServer]:
    """A server that dies with the block."""
    command = node("server.mjs", mode, *([token] if token else []))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield FhirTestServer(int(process.stdout.readline()))
        finally:
            process.stdin.close()
            process.wait(timeout=20)
