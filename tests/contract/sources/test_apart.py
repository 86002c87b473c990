"""Excel and Parquet are read by processes of their own: whatever those die of, this one lives and the file is refused."""

import io
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecluse.adapters.sources import _apart
from ecluse.adapters.sources._excel import ExcelReader
from ecluse.adapters.sources._parquet import ParquetReader
from ecluse.adapters.sources._reading import Declared
from ecluse.domain.errors import MalformedError, StorageError
from ecluse.domain.files import FileFormat, SourceFile

FINDINGS = Path(__file__).parents[2] / "fuzz" / "findings"


def parquet(path: Path, rows: int = 500_000) -> ParquetReader:
    pq.write_table(pa.table({"n": pa.array(range(rows)), "v": [f"value {n}" for n in range(rows)]}), path)
    return ParquetReader(Declared("t", SourceFile(path.name, format=FileFormat.PARQUET), (path,)))


def excel(path: Path) -> ExcelReader:
    return ExcelReader(Declared("t", SourceFile(path.name, format=FileFormat.EXCEL), (path,)))


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(each) for each in found.split()]


def nursery() -> int:
    process = _apart._NURSERY_HERE._process
    assert process is not None
    return process.pid


def gone(pid: int) -> bool:
    """Whether the process has no children any more, after a while."""
    until = time.monotonic() + 20
    while children(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not children(pid)


def test_rows_and_account_come_from_a_child(tmp_path: Path) -> None:
    reader = parquet(tmp_path / "t.parquet")
    found = [batch for _, batch in reader.passing({"t"})]
    assert pa.Table.from_batches(found)["n"].to_pylist() == list(range(500_000))
    assert reader.intake().records == 500_000
    assert gone(nursery())


def test_a_child_that_is_killed_makes_a_file_that_is_refused(tmp_path: Path) -> None:
    rows = parquet(tmp_path / "t.parquet").passing({"t"})
    next(rows)
    for child in children(nursery()):
        os.kill(child, signal.SIGKILL)
    with pytest.raises(MalformedError, match=r"t\.parquet: what read the file died"):
        list(rows)


def test_a_pass_left_early_leaves_no_process(tmp_path: Path) -> None:
    rows = parquet(tmp_path / "t.parquet").passing({"t"})
    next(rows)
    rows.close()
    assert gone(nursery())


def test_rows_that_are_not_those_announced_are_refused_at_once(tmp_path: Path) -> None:
    reader = parquet(tmp_path / "t.parquet")
    reader.tables = {"t": pa.schema([("n", pa.string())])}
    with pytest.raises(MalformedError, match="what read the file died"):
        list(reader.passing({"t"}))
    assert gone(nursery())


def test_a_nursery_that_died_is_replaced(tmp_path: Path) -> None:
    reader = parquet(tmp_path / "t.parquet", 10)
    os.kill(nursery(), signal.SIGKILL)
    time.sleep(0.1)
    assert sum(batch.num_rows for _, batch in reader.passing({"t"})) == 10


def test_a_nursery_that_dies_with_what_it_was_asked_is_replaced(tmp_path: Path) -> None:
    """It takes the request and is gone before it forks: the file is not to blame."""
    reader = parquet(tmp_path / "t.parquet", 10)
    os.kill(nursery(), signal.SIGSTOP)
    rows: list[int] = []
    asking = threading.Thread(target=lambda: rows.extend(b.num_rows for _, b in reader.passing({"t"})))
    asking.start()
    time.sleep(0.2)
    os.kill(nursery(), signal.SIGKILL)
    asking.join(60)
    assert rows == [10]


def test_nurseries_that_all_die_are_not_the_file_s_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = parquet(tmp_path / "t.parquet", 10)
    _apart._NURSERY_HERE.close()
    monkeypatch.setattr(_apart, "_NURSERY", "ecluse.nowhere")
    with pytest.raises(StorageError, match="no process can be started"):
        list(reader.passing({"t"}))
    monkeypatch.undo()
    assert sum(batch.num_rows for _, batch in reader.passing({"t"})) == 10


def test_no_handler_of_cores_gets_a_childs() -> None:
    """``core_pattern`` may be a pipe, which ignores the limit; what is not dumpable has no core, nor what it forks."""
    code = """
        import ctypes, os, resource, signal, socket
        from ecluse.adapters.sources import _nursery
        line, other = socket.socketpair()
        other.close()
        _nursery.main(line)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if os.fork() == 0:
            print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE), flush=True)
            os._exit(0)
        os.wait()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "0 (0, 0)"


def test_a_child_is_given_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECLUSE_SOURCE_PASSWORD", "geheim")
    _apart._NURSERY_HERE.close()
    parquet(tmp_path / "t.parquet", 10)
    given = Path(f"/proc/{nursery()}/environ").read_bytes()
    assert b"PATH=" in given
    assert b"geheim" not in given


def test_nothing_outlives_a_process_that_is_killed(tmp_path: Path) -> None:
    parquet(tmp_path / "t.parquet")
    code = """
        import sys
        from pathlib import Path
        from ecluse.adapters.sources import _apart
        from ecluse.adapters.sources._parquet import ParquetReader
        from ecluse.adapters.sources._reading import Declared
        from ecluse.domain.files import FileFormat, SourceFile
        path = Path(sys.argv[1])
        rows = ParquetReader(Declared("t", SourceFile(path.name, format=FileFormat.PARQUET), (path,))).passing({"t"})
        next(rows)
        print(_apart._NURSERY_HERE._process.pid, flush=True)
        sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "t.parquet")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        all_of_them = [pid, *children(pid)]
        assert len(all_of_them) == 2
        process.kill()
    until = time.monotonic() + 20
    while any(Path(f"/proc/{each}/exe").exists() for each in all_of_them) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(Path(f"/proc/{each}/exe").exists() for each in all_of_them)


def test_a_sheet_that_claims_to_be_immense_is_refused_and_takes_nothing_here(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet["A1"], sheet["A2"] = "id", "1"
    held = io.BytesIO()
    made.save(held)
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(held) as source, zipfile.ZipFile(path, "w") as target:
        for each in source.infolist():
            text = source.read(each)
            target.writestr(
                each, text.replace(b'r="A2"', b'r="XFD1048576"').replace(b'<row r="2"', b'<row r="1048576"')
            )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(MalformedError, match=r"t\.xlsx: what read the file died"):
        excel(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_a_workbook_that_is_never_read_to_its_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_apart, "_SECONDS", 1)
    path = tmp_path / "t.ods"
    path.write_bytes((FINDINGS.parent / "endless" / "t.ods").read_bytes())
    with pytest.raises(MalformedError, match="what read the file died"):
        excel(path)


@pytest.mark.parametrize("name", ["a-chain-of-sectors-that-is-a-ring", "a-zip-of-a-version-to-come"])
def test_what_the_fuzzer_found(tmp_path: Path, name: str) -> None:
    kind = "xls" if "ring" in name else "xlsx"
    path = tmp_path / f"t.{kind}"
    path.write_bytes((FINDINGS / f"excel-{kind}" / name).read_bytes())
    with pytest.raises(MalformedError, match=f"t.{kind}: (what read the file died|the workbook is damaged)"):
        excel(path)
