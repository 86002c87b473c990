"""A throw-away PostgreSQL with the floor's settings and data, kept prepared under ``build/bench``."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
_SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "shared_buffers": "1GB",
    "random_page_cost": "1.1",
    "max_wal_size": "4GB",
    "fsync": "on",
}
_PARTS = 2
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server: databases ``legacy`` and ``target``, no password, loopback alone."""

    folder: Path
    port: int
    rows: int
    postmaster: int

    @property
    def url(self) -> str:
        """Where it is, but for the database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}"

    def psql(self, database: str, *arguments: str) -> str:
        """Run psql; returns what it prints. Raises CalledProcessError."""
        command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", f"{self.url}/{database}", *arguments]
        return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, env=_quiet()).stdout.strip()

    def cpu(self) -> float:
        """Seconds of CPU of all backends that have ended."""
        return reaped_cpu(self.postmaster)


def reaped_cpu(postmaster: int) -> float:
    """Seconds of CPU of a process's children that have ended."""
    fields = Path(f"/proc/{postmaster}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / _TICKS


@contextmanager
def running(build: Path, rows: int, port: int) -> Iterator[Cluster]:
    """The cluster of that scale, made when it is not there yet, stopped at the end."""
    folder = build / f"postgresql-{rows}"
    fresh = not (folder / "ready").exists()
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        _server("initdb", "-D", str(folder / "data"), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust")
    options = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
    options += f" -c port={port} -c unix_socket_directories='{folder}'"
    control = ("pg_ctl", "-D", str(folder / "data"), "-w", "-t", "300", "-l", str(folder / "log"))
    _server(*control, "-o", options, "start")
    try:
        postmaster = int((folder / "data" / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])
        cluster = Cluster(folder, port, rows, postmaster)
        if fresh:
            _fill(cluster)
            (folder / "ready").touch()
        yield cluster
    finally:
        _server(*control, "-m", "fast", "stop")


def _fill(cluster: Cluster) -> None:
    began, rows = time.monotonic(), cluster.rows
    print(f"making {rows:,} results in {cluster.folder}", flush=True)
    for name in ("legacy", "target"):
        cluster.psql("postgres", "-c", f"create database {name}")
    sizes = ("-v", f"patients={rows // 40}", "-v", f"requests={rows // 10}", "-v", f"results={rows}")
    cluster.psql("legacy", *sizes, "-f", str(HERE / "schema.sql"))
    step = rows // _PARTS
    parts = [(i * step + 1, rows if i == _PARTS - 1 else (i + 1) * step) for i in range(_PARTS)]
    for first, last in parts:
        cluster.psql("legacy", *sizes, "-v", f"a={first}", "-v", f"b={last}", "-f", str(HERE / "results.sql"))
    cluster.psql("legacy", "-f", str(HERE / "indexes.sql"))
    print(f"made in {time.monotonic() - began:.0f} s", flush=True)


def _server(*command: str) -> None:
    """One of the server's own programs, as the user that it accepts to run as."""
    program, *arguments = command
    found = shutil.which(program) or str(_newest() / program)
    user: Sequence[str] = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
    # Not captured: the server inherits what is captured, and would hold it open.
    done = subprocess.run([*user, found, *arguments], check=False, stdout=subprocess.DEVNULL, cwd="/")
    if done.returncode:
        raise SystemExit(f"{program} failed: can user postgres reach the folder? See --build")


def _newest() -> Path:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not versions:
        raise SystemExit("PostgreSQL is not installed: scripts/system-packages test")
    return versions[-1]


def _quiet() -> dict[str, str]:
    return {**os.environ, "PGOPTIONS": "-c client_min_messages=warning"}
