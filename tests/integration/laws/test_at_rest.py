"""Law 2: no plaintext at rest. Every row in scope is marked; the marks are looked for in every byte that is written."""

import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from migrating import IN, OUT, Desk, W, forms, holding
from migrating_engines import move_source, move_target
from servers import MariadbServer, PostgresqlServer

Fresh = Callable[[Desk], Desk]

OWN = {"legacy.sqlite", "new.sqlite"}
"""The source, and the destination's own tables."""
_WRITES = "write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendfile,copy_file_range,splice,memfd_create"
_PATH = re.compile(r"^\d+ +(\w+)\((\d+)<([^>]*)>")


def private(desk: Desk) -> dict[str, str]:
    """A home and a temporary folder of one's own, so that whatever is put there is seen."""
    places = {"HOME": "home", "TMPDIR": "tmp", "XDG_CACHE_HOME": "home/cache", "SQLITE_TMPDIR": "tmp"}
    for name in places.values():
        desk.path(name).mkdir(parents=True, exist_ok=True)
    return {name: str(desk.path(place)) for name, place in places.items()}


def shared_files() -> set[Path]:
    """Files of ours in the folders that everybody shares."""
    found = set()
    for folder in ("/dev/shm", "/var/tmp", "/tmp"):
        for path in Path(folder).glob("*"):
            with_owner = path.lstat() if path.is_symlink() or path.exists() else None
            if with_owner is not None and path.is_file() and with_owner.st_uid == os.getuid():
                found.add(path)
    return found


def test_every_byte_written_during_a_run(marked: Desk, fresh: Fresh) -> None:
    """strace shows each write, also to files that are gone again, to pipes, stdout and stderr."""
    assert shutil.which("strace"), "this test needs strace: apt-get install strace"
    desk = fresh(marked)
    trace = desk.root.parent / "trace"
    sniff = ["strace", "-f", "-qq", "-y", "-s", "4000000", "-o", str(trace), "-e", f"trace={_WRITES},mmap"]
    done = desk.spawn("run", *W, "--accept-key", "keys/dr.martin", prefix=sniff, env=private(desk) | {"ECLUSE_DEBUG": "1"})
    lines = trace.read_text(errors="replace").splitlines()
    held: dict[str, int] = {}
    for line in lines:
        found = _PATH.match(line)
        if found and any(form.decode("latin-1") in line for form in (*forms(IN)[:1], *forms(OUT)[:1], *forms(IN)[3:])):
            held[found[3]] = held.get(found[3], 0) + 1
    ours = {str(Path(name).relative_to(desk.root)) for name in held}
    assert "new.sqlite" in {name.removesuffix("-journal").removesuffix("-wal") for name in ours}, "marks are visible"
    assert {name for name in ours if not name.startswith("new.sqlite")} == set()
    shared = [line for line in lines if "MAP_SHARED" in line and "PROT_WRITE" in line and re.search(r"\d+<[^>]*>", line)]
    assert not [line for line in shared if ".sqlite-shm>" not in line]
    assert IN.decode() not in done.out + done.err
    assert holding(IN, desk.root, but=OWN) == holding(OUT, desk.root, but=["legacy.sqlite"]) == []


@pytest.mark.parametrize("engine", ["postgresql", "mysql", "csv"])
def test_files_after_a_run(marked: Desk, fresh: Fresh, request: pytest.FixtureRequest, engine: str) -> None:
    """Each engine's drivers likewise: nothing in the folder, home, temporary folders; nothing on the terminal."""
    before = shared_files()
    signed = fresh(marked)
    shutil.rmtree(signed.path("migration"))
    if engine == "csv":
        move_source(signed, engine)
        desk = replace(signed, source=("csv", "source.yaml"))
    else:
        server: PostgresqlServer | MariadbServer = request.getfixturevalue(
            "postgresql" if engine == "postgresql" else "mariadb"
        )
        source, target = move_source(signed, engine, server), move_target(signed, engine, server)
        assert source is not None
        tls = "?tls=off" if engine == "mysql" else ""
        desk = replace(signed, source=(source.url + tls, "source.yaml"), target=(target.url + tls, "target.yaml"))
    planned = desk.plan("--json")
    done = desk.spawn("run", *W, "--json", env=private(desk))
    legacy = {str(path.relative_to(desk.root)) for path in desk.path("csv").glob("*")}
    assert holding(IN, desk.root, but=OWN | legacy) == []
    accepted = desk.ecluse("accept", *W, "--key", "keys/dr.martin", "--json")
    assert holding(IN, desk.root, but=OWN | legacy) == []
    for said in (planned, done, accepted):
        assert IN.decode() not in said.out + said.err
        assert OUT.decode() not in said.out + said.err
    fresh_files = [path for path in shared_files() - before if path.exists()]
    assert not [path for path in fresh_files if any(form in path.read_bytes() for form in forms(IN))]


@pytest.mark.parametrize("which", [signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT])
def test_no_core_is_left(marked: Desk, fresh: Fresh, which: signal.Signals) -> None:
    """Killed in the middle of an extraction by what dumps core, with core dumps asked for."""
    desk = fresh(marked)
    environment = desk.environment(**private(desk))

    def dump_core() -> None:
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    process = subprocess.Popen(
        desk.command("extract", *W), cwd=desk.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=dump_core,  # noqa: PLW1509  (one system call, no lock taken)
    )  # fmt: skip
    sealed = desk.path("migration", "source", "parcels", "sealed")
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline and not list(sealed.glob("*")):
        time.sleep(0.001)
    process.send_signal(which)
    out, err = process.communicate(timeout=60)
    assert process.returncode in (-which, 0)
    assert IN not in out + err
    assert not [path for path in desk.root.rglob("*") if re.match(r"core(\.|$)", path.name)]
    assert holding(IN, desk.root, but=OWN) == []
    desk.ecluse("resume", *W)


def test_a_handler_of_cores_gets_none() -> None:
    """``core_pattern`` may be a pipe, which ignores the limit; a process that is not dumpable has no core at all."""
    code = (
        "import ctypes, resource; from ecluse.cli import main; main(['help', 'exit-codes', '--quiet']);"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    path = str(Path(sys.modules["ecluse"].__path__[0]).parent)
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 (0, 0)"


def refusing(desk: Desk, postgresql: PostgresqlServer) -> Desk:
    """A new LIS whose own words about a refusal quote the row."""
    target = move_target(desk, "postgresql", postgresql)
    target.execute("ALTER TABLE patient ADD CHECK (prenoms IS NULL OR position('DANS-ORDRE' in prenoms) = 0)")
    shutil.rmtree(desk.path("migration"))
    desk = replace(desk, target=(target.url, "target.yaml"))
    desk.plan()
    return desk


@pytest.mark.parametrize("debug", [{}, {"ECLUSE_DEBUG": "1"}])
def test_a_refusing_destination_shows_no_value(
    marked: Desk, fresh: Fresh, postgresql: PostgresqlServer, debug: dict[str, str]
) -> None:
    desk = refusing(fresh(marked), postgresql)
    done = desk.spawn("run", *W, code=19, env=private(desk) | debug)
    assert ("Traceback" in done.err or "File " in done.err) == bool(debug)
    assert IN.decode() not in done.out + done.err
    assert not re.search(r"\d{13}", done.err), "no number of a person's either"
    assert holding(IN, desk.root, but=OWN) == []


@pytest.mark.parametrize("debug", [{}, {"ECLUSE_DEBUG": "1"}])
def test_a_choking_source_shows_no_value(
    marked: Desk, fresh: Fresh, postgresql: PostgresqlServer, debug: dict[str, str]
) -> None:
    """A cast that a row does not survive: the server's words quote the value."""
    desk = fresh(marked)
    shutil.rmtree(desk.path("migration"))
    source = move_source(desk, "postgresql", postgresql)
    assert source is not None
    profile = desk.path("source.yaml")
    profile.write_text(profile.read_text().replace("p.PRENOM AS given_names", "CAST(p.PRENOM AS INT) AS given_names"))
    assert "CAST(p.PRENOM" in profile.read_text()
    desk = replace(desk, source=(source.url, "source.yaml"))
    desk.plan()
    done = desk.spawn("run", *W, code=13, env=private(desk) | debug)
    assert IN.decode() not in done.out + done.err
    assert holding(IN, desk.root, but=OWN) == []


def test_sqlite_destination_spills_nowhere(marked: Desk, fresh: Fresh) -> None:
    """Sorting and merging in the destination leave no temporary file but its own journal."""
    desk = fresh(marked)
    trace = desk.root.parent / "opens"
    sniff = ["strace", "-f", "-qq", "-o", str(trace), "-e", "trace=openat,creat,memfd_create"]
    desk.spawn("run", *W, prefix=sniff, env=private(desk))
    made = re.findall(r'openat\([^,]+, "([^"]+)", [^)\n]*O_CREAT', trace.read_text())
    outside = {
        name for name in made
        if not name.startswith((str(desk.root), "migration/", "keys/", "/dev/null")) and "__pycache__" not in name
    }  # fmt: skip
    assert outside == set()
    temporary = {name for name in made if str(desk.path("tmp")) in name or "etilqs" in name}
    assert temporary == set()
    with closing(sqlite3.connect(desk.path("new.sqlite"))) as target:
        assert target.execute("SELECT count(*) FROM resultat").fetchone()[0] > 0


