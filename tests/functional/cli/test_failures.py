"""The edge of the program: nothing of a patient's in what it says, nothing left behind, every exit code met once."""

import fcntl
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ecluse.cli import _guard, main, status
from functional.cli import lis
from functional.cli.world import Desk

ROOT = Path(__file__).parents[3]
CANARY = "DUPONT-CANARY-1234"


def broken(error: BaseException):
    def fail(*_: object, **__: object) -> None:
        secret = CANARY  # a local that no trace may show
        raise error from ValueError(f"cause {secret}")

    return fail


def test_an_unexpected_error_says_its_type_and_our_frame_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "places_under", broken(KeyError(CANARY)))
    said = desk.run("status .", code=70)
    assert CANARY not in said.err + said.out
    assert "KeyError" in said.err
    assert "Traceback" not in said.err
    assert "cli/status.py" in said.err or "at ecluse/" in said.err


def test_debugging_shows_frames_without_values(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "places_under", broken(KeyError(CANARY)))
    monkeypatch.setenv(_guard.DEBUG, "1")
    said = desk.run("status .", code=70)
    assert CANARY not in said.err
    assert "-- KeyError" in said.err
    assert "-- ValueError" in said.err
    assert "line " in said.err


def test_an_interruption_says_what_to_do(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "places_under", broken(KeyboardInterrupt()))
    assert "run the same command again" in desk.run("status .", code=130).err
    assert "relancez" in desk.run("status . --lang fr", code=130).err


def test_a_full_disk_is_a_storage_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "places_under", broken(OSError(28, "No space left on device", "here")))
    said = desk.run("status .", code=31)
    assert said.err.startswith("error: here: No space left on device")


def test_no_core_dump_and_files_for_their_owner_alone(desk: Desk) -> None:
    desk.run("agreement new a.yaml")
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
    assert Path("a.yaml").stat().st_mode & 0o077 == 0


def test_a_closed_pipe_is_no_failure(tmp_path: Path) -> None:
    line = f"{sys.executable} -m ecluse help exit-codes | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, cwd=tmp_path, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stderr


BLOCKER = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
from ecluse.cli import main
sys.exit(main(sys.argv[1:]))
"""
EXTRA = {"pyarrow", "duckdb", "numpy", "polars", "pyrage", "sqlglot", "stdnum", "psycopg", "pymysql", "pgpq",
         "typst", "docx", "lxml"}  # fmt: skip


def base_install(*arguments: str) -> subprocess.CompletedProcess[str]:
    """``ecluse`` as the base install has it: no module of an extra can be imported."""
    return subprocess.run(
        [sys.executable, "-c", BLOCKER.format(names=EXTRA), *arguments],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "line",
    ["--help", "evidence verify --help", "agreement new --help", "order check --help", "journal verify --help",
     "key new --help", "help exit-codes"],
)  # fmt: skip
def test_the_base_install_does_the_auditor_s_work(line: str) -> None:
    done = base_install(*line.split())
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", ["run --help", "plan --help", "key new recipient x", "profile check --help"])
def test_a_missing_extra_names_the_command_that_installs_it(line: str) -> None:
    done = base_install(*line.split())
    assert done.returncode == 2
    assert "pip install 'ecluse[migration]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_verifying_works_in_the_base_install(desk: Desk) -> None:
    lis.prepared(desk)
    desk.run(lis.PLAN)
    desk.run("evidence export w --out evidence.zip")
    desk.verify()
    bundle = ("evidence", "verify", str(desk.root / "evidence.zip"))
    done = base_install(*bundle, "--trust", str(desk.root / "my_signers"))
    assert done.returncode == 0, done.stderr
    assert base_install(*bundle).returncode == 21


class TestExitCodes:
    """Codes that the other tests do not meet: 2, 10, 11, 12, 15, 16, 18, 31, 70 and 130 are above or in transcripts."""

    def test_13_a_profile_that_does_not_fit_its_source(self, desk: Desk) -> None:
        lis.prepared(desk)
        lis.source(desk, "ALTER TABLE DOSSIERS RENAME COLUMN CODE_SITE TO SITE")
        said = desk.run(lis.PLAN, code=13)
        assert said.err

    def test_14_a_key_that_the_agreement_does_not_list(self, desk: Desk) -> None:
        lis.prepared(desk)
        desk.run("key new signing stranger.key")
        desk.run(lis.PLAN.replace("source_agent.key", "stranger.key"), code=14)
        assert not Path("w").exists()

    def test_14_a_signature_of_another_order(self, desk: Desk) -> None:
        lis.prepared(desk)
        Path("order.json.dr.martin.sig").write_bytes(Path("agreement.json.dr.martin.sig").read_bytes())
        desk.run(lis.PLAN, code=14)
        assert not Path("w").exists()

    def test_11_an_agreement_that_one_party_has_not_signed(self, desk: Desk) -> None:
        lis.prepared(desk)
        Path("agreement.json.p.legoff.sig").unlink()
        said = desk.run(lis.PLAN, code=11)
        assert "processor" in said.err
        assert not Path("w").exists()

    def test_17_one_bit_of_the_evidence(self, desk: Desk) -> None:
        lis.prepared(desk)
        desk.run(lis.PLAN)
        desk.run("evidence export w --out evidence.zip")
        data = bytearray(Path("evidence.zip").read_bytes())
        data[len(data) // 2] ^= 1
        Path("evidence.zip").write_bytes(data)
        said = desk.run("evidence verify evidence.zip", code=17)
        assert "step" in said.err

    def test_17_a_journal_that_was_changed(self, desk: Desk) -> None:
        lis.prepared(desk)
        desk.run(lis.PLAN)
        [bundle] = [path for path in Path("w/source/journal/tile/entries").rglob("*") if path.is_file()]
        bundle.write_bytes(bundle.read_bytes().replace(b"agent-source", b"agent-sourcf", 1))
        desk.run("journal verify w", code=17)
        desk.run("status w", code=17)
        desk.run("journal show w", code=17)

    def test_19_a_destination_without_the_tables(self, desk: Desk) -> None:
        lis.prepared(desk)
        desk.run(lis.PLAN)
        Path("new.sqlite").unlink()
        sqlite3.connect("new.sqlite").execute("CREATE TABLE other (id TEXT)").connection.close()
        desk.run(f"run -w w {lis.DESTINATION}", code=19)

    def test_20_something_that_should_be_gone(self, desk: Desk) -> None:
        lis.prepared(desk)
        desk.run(lis.PLAN)
        desk.run(f"run -w w {lis.DESTINATION}")
        [parcel, *_] = Path("w/destination/parcels/loaded").glob("*.age")
        Path("w/destination/forgotten.bin").write_bytes(parcel.read_bytes())
        said = desk.run("accept -w w --key director.key", code=20)
        assert "forgotten.bin" in said.err

    def test_30_a_database_that_does_not_answer(self, desk: Desk) -> None:
        lis.prepared(desk)
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        profile = Path("pg.yaml")
        text = (ROOT / "src" / "ecluse" / "profiles" / "demo-dxlab.yaml").read_text(encoding="utf-8")
        profile.write_text(text.replace("engine: sqlite", "engine: postgresql"), encoding="utf-8")
        line = lis.PLAN.replace("legacy.sqlite", f"postgresql://nobody@127.0.0.1:{port}/none")
        said = desk.run(line.replace("demo-dxlab", "pg.yaml"), code=30)
        assert said.err
        assert not Path("w").exists()

    def test_31_a_workspace_that_cannot_be_made(self, desk: Desk) -> None:
        lis.prepared(desk)
        Path("file").write_text("x")
        desk.run(lis.PLAN.replace("-w w", "-w file/w"), code=31)

    def test_32_two_at_once(self, desk: Desk) -> None:
        lis.prepared(desk)
        desk.run(lis.PLAN)
        with Path("w/source/lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            desk.run("extract -w w", code=32)
            desk.run("status w")
            desk.run("journal show w")


def test_a_password_in_a_url_is_refused_and_never_repeated(desk: Desk) -> None:
    lis.prepared(desk)
    line = lis.PLAN.replace("legacy.sqlite", f"postgresql://user:{CANARY}@127.0.0.1/lis")
    said = desk.run(line.replace("demo-dxlab", "demo-dxlab"), code=2)
    assert CANARY not in said.err + said.out
    assert not Path("w").exists()


def test_a_profile_of_bad_form_is_named_with_its_line(desk: Desk) -> None:
    lis.prepared(desk)
    text = (ROOT / "src" / "ecluse" / "profiles" / "demo-dxlab.yaml").read_text(encoding="utf-8")
    Path("p.yaml").write_text(text.replace("system: dxlab", "system: dxlab\nsystems: [a]"), encoding="utf-8")
    said = desk.run(lis.PLAN.replace("demo-dxlab", "p.yaml"), code=10)
    assert "p.yaml:" in said.err
    assert "systems: unknown field" in said.err
    assert not Path("w").exists()


def test_a_killed_run_goes_on(desk: Desk) -> None:
    """One kill -9 somewhere in the middle, by the clock; the crash tests kill at every entry and fsync."""
    lis.prepared(desk)
    desk.run(lis.PLAN)
    line = [sys.executable, "-m", "ecluse", "run", "-w", "w", *lis.DESTINATION.split()]
    with subprocess.Popen(line, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, stdout=subprocess.DEVNULL) as run:
        sealed = Path("w/source/parcels/sealed")
        until = time.monotonic() + 60
        while not (sealed.is_dir() and any(sealed.iterdir())) and run.poll() is None and time.monotonic() < until:
            time.sleep(0.002)
        run.send_signal(signal.SIGKILL)
    again = desk.run("run -w w --json").json()
    assert again["clean"]
    assert again["next"] == "accept"
    desk.run("journal verify w")


def test_main_gives_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "exit-codes"]) == 0
    assert main(["nothing"]) == 2
    capsys.readouterr()
