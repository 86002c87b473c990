"""Peers: pinned releases in environments of their own, doing the same copy unsealed and unchecked."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

QUIET = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "SLING_DISABLE_TELEMETRY": "true",
    "INGESTR_DISABLE_TELEMETRY": "true",
    "DISABLE_TELEMETRY": "true",
    "PROGRESS": "log",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer: what is installed, how it is set, and its command from (environment, source, target, table)."""

    name: str
    packages: Sequence[str]
    settings: str
    run: Callable[[Path, str, str, str], Sequence[str]]

    def command(self, build: Path, source: str, target: str, table: str) -> Sequence[str]:
        """What is measured."""
        return self.run(build / "peers" / self.name / "bin", source, target, table)


def _dlt(programs: Path, source: str, target: str, table: str) -> Sequence[str]:
    return [str(programs / "python"), str(Path(__file__).with_name("peer_dlt.py")), source, target, table]


def _sling(programs: Path, source: str, target: str, table: str) -> Sequence[str]:
    link = ["--src-conn", f"{source}?sslmode=disable", "--tgt-conn", f"{target}?sslmode=disable"]
    what = ["--src-stream", "public.ordered", "--tgt-object", f"public.{table}", "--mode", "full-refresh"]
    # The command that package sling installs would fetch its program from elsewhere.
    [program] = programs.parent.glob("lib/python*/site-packages/sling_linux_amd64/bin/sling-linux-amd64")
    program.chmod(0o755)
    return [str(program), "run", *link, *what]


def _ingestr(programs: Path, source: str, target: str, table: str) -> Sequence[str]:
    link = ["--source-uri", source, "--dest-uri", target]
    what = ["--source-table", "public.ordered", "--dest-table", f"public.{table}"]
    return [str(programs / "ingestr"), "ingest", *link, *what, "--yes", "--progress", "log"]


# Newer releases of sling and ingestr fetch their program from elsewhere at the first run, and cannot be pinned by pip.
PEERS = (
    Peer(
        "dlt",
        ("dlt[postgres]==1.31.0", "connectorx==0.4.6", "pyarrow", "psycopg2-binary", "sqlalchemy==2.0.43"),
        "sql_table of the view, backend connectorx, loader format csv, replace",
        _dlt,
    ),
    Peer("sling", ("sling-linux-amd64==1.4.11",), "run --mode full-refresh, defaults", _sling),
    Peer("ingestr", ("ingestr==0.15.9",), "ingest, defaults", _ingestr),
)


def install(peer: Peer, build: Path) -> str:
    """Make its environment when it is not there; returns why it could not, or nothing."""
    folder = build / "peers" / peer.name
    mark = folder / "installed.txt"
    wanted = "\n".join(peer.packages)
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return ""
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        command = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*command, *peer.packages], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        return ((error.stderr or "").strip().splitlines() or [str(error)])[-1]
    mark.write_text(wanted, encoding="utf-8")
    return ""
