"""Files made to harm whoever reads them: each has a named outcome, in bounded time and memory, and nothing crashes."""

import gzip
import io
import os
import resource
import struct
import subprocess
import sys
import threading
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from ecluse.inspector._look import Looked, look
from ecluse.inspector.findings import FOLDER, Finding, Standing
from ecluse.inspector.folder import inspect_folder

PATIENTS = b"NOM;PRENOM;DATE_NAISS\nDUPONT;Anne;29/02/1968\nMARTIN;Paul;01/03/1971\n"


def seen(path: Path, data: bytes) -> Looked:
    path.write_bytes(data)
    return look(path, FOLDER, float("inf"))


def unseen(folder: Path) -> set[str]:
    found: list[Finding] = list(inspect_folder(folder, FOLDER, lambda _: None, workers=1))
    return {fact for each in found if each.standing is Standing.UNSEEN for fact in each.facts}


def zipped(**members: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return held.getvalue()


def test_bombs_of_every_packing_are_named(tmp_path: Path) -> None:
    import bz2  # noqa: PLC0415
    import lzma  # noqa: PLC0415

    zeros = bytes(64 << 20)
    for name, data in {"a.gz": gzip.compress(zeros), "a.bz2": bz2.compress(zeros), "a.xz": lzma.compress(zeros, preset=1),
                       "a.zip": zipped(a=zeros), "b.zip": zipped(b=gzip.compress(zeros))}.items():  # fmt: skip
        assert "archive-swells" in seen(tmp_path / name, data).unseen, name


def test_what_stood_before_the_bomb_is_told(tmp_path: Path) -> None:
    looked = seen(tmp_path / "a.zip", zipped(**{"a.csv": PATIENTS, "b": bytes(64 << 20)}))
    assert looked.found
    assert "archive-swells" in looked.unseen


def test_archives_within_archives_have_an_end(tmp_path: Path) -> None:
    data = PATIENTS
    for _ in range(12):
        data = gzip.compress(data)
    assert seen(tmp_path / "a.gz", data).unseen == ("archive-too-deep",)


def test_an_archive_that_holds_itself(tmp_path: Path) -> None:
    # droste.gz: the next member repeats the first without end as far as depth goes.
    one = gzip.compress(b"x" * 10)
    assert not seen(tmp_path / "a.gz", one * 5000).unseen


@pytest.mark.parametrize("data", [
    b"PK\3\4" + bytes(60), b"PK\5\6" + b"\xff" * 18, b"\x1f\x8b\x08" + b"\xff" * 40, b"BZh9" + bytes(40), b"\xfd7zXZ\0" + bytes(40),
    gzip.compress(PATIENTS * 50)[:-20], b"x" * 257 + b"ustar" + b"9" * 260, zipped(a=PATIENTS)[:-30] + b"PK\5\6" + bytes(18),
])  # fmt: skip
def test_damaged_archives_are_named(tmp_path: Path, data: bytes) -> None:
    assert seen(tmp_path / "a", data).unseen in {("archive-damaged",), ("archive-too-many",)}


def test_a_tar_that_promises_more_than_it_has(tmp_path: Path) -> None:
    head = bytearray(512)
    head[0:5] = b"p.csv"
    head[124:136] = b"77777777777\0"
    head[156:157], head[257:262] = b"0", b"ustar"
    looked = seen(tmp_path / "a.tar", bytes(head) + PATIENTS)
    assert looked.unseen == ("archive-damaged",)
    assert looked.found


def test_a_tar_with_an_extended_header_of_gigabytes_costs_nothing(tmp_path: Path) -> None:
    head = bytearray(512)
    head[124:136], head[156:157], head[257:262] = b"77777777777\0", b"x", b"ustar"
    packed = zlib.compressobj(9, wbits=31)
    data = packed.compress(bytes(head)) + b"".join(packed.compress(bytes(1 << 20)) for _ in range(64)) + packed.flush()
    assert seen(tmp_path / "a.tgz", data).unseen == ("archive-swells",)


def test_a_sheet_with_endless_rows_and_hostile_places(tmp_path: Path) -> None:
    sheet = b'<row><c r="ZZZ1" t="s"><v>99999999999999999999</v></c><c r="A1"><v>1</v></c></row>' * 1000
    data = zipped(
        **{"[Content_Types].xml": b"", "xl/sharedStrings.xml": b"<si><t>" * 9999, "xl/worksheets/sheet1.xml": sheet}
    )
    assert not seen(tmp_path / "a.xlsx", data).unseen


def test_damaged_tables_are_named(tmp_path: Path) -> None:
    head = bytes((3, 126, 1, 1)) + struct.pack("<IHH", 2**32 - 1, 65, 1) + bytes(84)
    assert seen(tmp_path / "a.dbf", head).unseen == ("table-damaged",)
    assert seen(tmp_path / "a.db", b"SQLite format 3\0" + os.urandom(4000)).unseen == ("table-damaged",)


def test_a_table_that_is_a_program(tmp_path: Path) -> None:
    """A view that never ends, and a table named to be another statement, are not run."""
    import sqlite3  # noqa: PLC0415

    path = tmp_path / "a.db"
    made = sqlite3.connect(path)
    made.execute('CREATE TABLE "p""; DROP TABLE q; --" (a)')
    made.execute("CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n")
    made.commit()
    made.close()
    assert not look(path, FOLDER, float("inf")).unseen


def test_a_large_cell_hides_no_other_table(tmp_path: Path) -> None:
    import sqlite3  # noqa: PLC0415

    path = tmp_path / "a.db"
    made = sqlite3.connect(path)
    made.execute('CREATE TABLE a (nom, prenom, "date""naiss", ddn, scan)')
    made.execute("INSERT INTO a VALUES ('DUPONT', 'Anne', '', '29/02/1968', zeroblob(20000000))")
    made.execute("CREATE TABLE b (t)")
    made.execute("INSERT INTO b VALUES (?)", ("x" * 20_000_000,))
    made.execute("CREATE TABLE c (nom, prenom, ddn)")
    made.execute("INSERT INTO c VALUES ('MARTIN', 'Paul', '01/03/1971')")
    made.commit()
    made.close()
    seen = look(path, FOLDER, float("inf"))
    assert [each.number for each in seen.found] == [2]
    assert seen.unseen == ("cell-too-large",)


def test_pipes_links_loops_and_sockets_are_passed_by(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "outside").symlink_to("/etc")
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "file.csv").symlink_to("/etc/passwd")
    assert list(inspect_folder(tmp_path, FOLDER, lambda _: None, workers=1)) == []


def test_a_file_swapped_for_a_pipe_or_a_link_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    (tmp_path / "l").symlink_to("/etc/passwd")
    assert look(tmp_path / "p", FOLDER, float("inf")).unseen == ("unreadable",)
    assert look(tmp_path / "l", FOLDER, float("inf")).unseen == ("unreadable",)


def test_what_vanishes_is_not_told(tmp_path: Path) -> None:
    assert look(tmp_path / "gone", FOLDER, float("inf")).gone
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            path = tmp_path / "d" / "x.csv"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(PATIENTS)
            path.unlink()
            path.parent.rmdir()

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(60):
            assert "unreadable" not in unseen(tmp_path)
    finally:
        stop.set()
        thread.join()


def test_what_may_not_be_read_is_named(tmp_path: Path) -> None:
    """As another account, for root may read anything."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "closed.csv").write_bytes(PATIENTS)
    (tmp_path / "in" / "closed.csv").chmod(0)
    (tmp_path / "in" / "folder").mkdir(mode=0)
    for each in (tmp_path, *tmp_path.parents):
        if each != Path("/") and each.stat().st_uid == os.getuid() and os.getuid() == 0 and each != Path("/tmp"):
            each.chmod(each.stat().st_mode | 0o055)
    code = (
        "import os,sys;from pathlib import Path;from ecluse.inspector.findings import FOLDER;"
        "from ecluse.inspector.folder import inspect_folder;os.getuid() or os.setuid(65534);"
        "print(sorted({f for e in inspect_folder(Path(sys.argv[1]),FOLDER,print,workers=1) for f in e.facts}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "in")], capture_output=True, text=True, check=False
    )
    (tmp_path / "in" / "folder").chmod(0o700)
    assert (done.stdout.strip(), done.stderr) == ("['not-allowed']", "")


def test_names_of_any_bytes(tmp_path: Path) -> None:
    name = os.fsdecode(b"p\xff\n\x1b[31m 268022912345678.csv")
    (tmp_path / name).write_bytes(PATIENTS)
    found = list(inspect_folder(tmp_path, FOLDER, lambda _: None, workers=1))
    assert "persons-at-rest" in {each.rule for each in found}
    for each in found:
        each.place.encode("utf-8", "strict")
        assert each.place in {".", "p[31m ###############.csv"}


HUGE = """
import resource, sys
from pathlib import Path
from ecluse.inspector._look import look
from ecluse.inspector.findings import FOLDER
resource.setrlimit(resource.RLIMIT_AS, (768 << 20, 768 << 20))
looked = look(Path(sys.argv[1]), FOLDER, float("inf"))
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(looked.size, looked.unseen, int(peak.split()[1]) >> 10)  # getrusage tells the parent's, from before the exec
"""


@pytest.mark.parametrize("unit", [b"x", b"1890175112233", b";"], ids=["letters", "digits", "delimiters"])
@pytest.mark.slow
def test_a_gigabyte_without_an_end_in_bounded_memory(tmp_path: Path, unit: bytes) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        for _ in range(1024):
            file.write((unit * (1 << 20))[: 1 << 20])
    done = subprocess.run(
        [sys.executable, "-c", HUGE, str(path)], capture_output=True, text=True, check=True, timeout=600
    )
    size, unread, peak = done.stdout.split()
    assert (int(size), unread) == (1 << 30, "()")
    assert int(peak) < 400


def test_a_long_line_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        for _ in range(64):
            file.write(b"NOM;" * (1 << 18))
    done = subprocess.run(
        [sys.executable, "-c", HUGE, str(path)], capture_output=True, text=True, check=True, timeout=120
    )
    size, unread, peak = done.stdout.split()
    assert (int(size), unread) == (64 << 20, "()")
    assert int(peak) < 400


def test_many_hits_take_no_square_of_time(tmp_path: Path) -> None:
    for word in (
        b"patient,",
        b"born le 12/03/1956 ",
        b"INSERT INTO p (nom) VALUES (",
        b"PID|1||",
        b'{"resourceType":"Patient"',
        b"password=",
        b"naiss:",
    ):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        looked = seen(tmp_path / "a.txt", word * ((4 << 20) // len(word)))
        assert looked.size
        assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 20, word


def test_budgets_are_of_the_outermost_file(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(a=os.urandom(90_000), b=os.urandom(90_000)))
    looked = look(tmp_path / "a.zip", replace(FOLDER, bytes_each=100_000), float("inf"))
    assert looked.unseen == ("limit-bytes",)


def test_members_without_a_name(tmp_path: Path) -> None:
    data = zipped(x=PATIENTS).replace(b"x\xf3", b"\0\xf3").replace(b"x", b"\0")
    assert seen(tmp_path / "a.zip", data).found


def test_runs_of_letters_after_a_mark_take_no_square_of_time(tmp_path: Path) -> None:
    """What fuzzing found: a record that goes on without a delimiter."""
    for mark in (b"PID|1|", b"H|~^\\&|\rP|1|", b"RES|", b"****LAB****", b"hl7 <Patient ", b"naissance"):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        seen(tmp_path / "a.txt", mark + b"RY" * (1 << 20))
        assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 10, mark
