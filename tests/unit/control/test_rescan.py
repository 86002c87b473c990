"""The re-scan: whatever should be gone is found, wherever and however it is written; fast, and in bounded memory."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ecluse
from ecluse.control import scan as module
from ecluse.control.needles import Needles
from ecluse.control.scan import AGE_HEADER, Tree, looked_for, scan
from ecluse.domain.errors import InternalError
from erasing import planted

MARKERS = planted()
NEEDLES = Needles(MARKERS)
NUMBER, WORD = MARKERS[0].decode(), MARKERS[-1].decode()
ENCODINGS = ("ascii", "utf-16-le", "utf-16-be")


def kinds(root: Path, needles: Needles = NEEDLES, since: float | None = None) -> list[str]:
    return sorted(f"{f}" for f in scan(Tree("t", root, since), needles)[1])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("marker", MARKERS)
def test_every_marker_is_found_in_every_encoding_at_every_phase(marker: bytes, encoding: str) -> None:
    """Runs of the class just before and after it must not hide it; nor must any position."""
    text = marker.decode()
    for before in ("", "x", "xy", "1", "12", "A", "AB", "123456789", "QQQQQQQQQQQQ", "é"):
        for after in ("", "x", "7", "Z", "00000000"):
            form = encoding.replace("ascii", "latin-1")
            assert NEEDLES.among(b"." * 3 + f"{before}{text}{after}".encode(form))
            assert not NEEDLES.among(f"{before}{text[:-1]}".encode(form))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("marker", [NUMBER, WORD])
def test_split_across_the_windows_border_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marker: str, encoding: str
) -> None:
    monkeypatch.setattr(module, "_WINDOW", 64)
    form = marker.encode(encoding)
    for at in range(64):
        (tmp_path / "f").write_bytes(b"." * at + form + b"." * 100)
        assert kinds(tmp_path) == ["t/f: a planted marker in the clear"], at
        (tmp_path / "f").write_bytes(b"." * at + form[:-2] + b"." * 100)
        assert kinds(tmp_path) == []


def test_the_header_split_across_the_windows_border(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WINDOW", 32)
    for at in range(70):
        (tmp_path / "f").write_bytes(b"-" * at + AGE_HEADER + b"-> X25519 ")
        assert kinds(tmp_path, Needles(())) == ["t/f: age ciphertext"], at


def test_the_real_window_is_overlapped_too(tmp_path: Path) -> None:
    for before in (-9, -1, 0):
        (tmp_path / "f").write_bytes(b"x" * ((1 << 22) + before) + WORD.encode() + b"x" * 10)
        assert kinds(tmp_path) == ["t/f: a planted marker in the clear"]


@given(
    st.lists(st.one_of(st.text("0123456789", min_size=1, max_size=40), st.text("ABCXYZ", min_size=1, max_size=40),
                       st.text("aA0-é\0 ", min_size=1, max_size=12)).filter(str.isascii), min_size=1, max_size=6),
    st.lists(st.text("0123456789", max_size=30) | st.text("ABCXYZ", max_size=30) | st.text("aA0- \0é", max_size=8)),
    st.sampled_from(("latin-1", "utf-8", "utf-16-le", "utf-16-be")),
    st.data(),
)  # fmt: skip
def test_it_says_what_plain_search_says(
    markers: list[str], pieces: list[str], encoding: str, data: st.DataObject
) -> None:
    """Any ASCII text can be a marker; nothing is found that is not there."""
    if data.draw(st.booleans()):
        pieces.insert(data.draw(st.integers(0, len(pieces))), data.draw(st.sampled_from(markers)))
    window = "".join(pieces).encode(encoding)
    forms = {marker.encode(each) for marker in markers for each in ENCODINGS}
    assert Needles([m.encode() for m in markers]).among(window) == any(form in window for form in forms)


@pytest.mark.parametrize("marker", [b"", "é".encode()])
def test_a_marker_that_would_be_found_everywhere_or_nowhere_is_refused(marker: bytes) -> None:
    with pytest.raises(InternalError):
        Needles([marker])


def test_names_of_files_are_looked_at_and_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / f"patient {WORD}.pdf").write_bytes(b"")
    assert kinds(tmp_path) == ["t/export: a planted marker in a file's name"]


def test_a_name_that_is_no_text_can_be_written_down(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")).write_bytes(AGE_HEADER)
    assert kinds(tmp_path) == ["t/caf\\udce9: age ciphertext"]


def test_links_are_followed_where_all_is_ours_and_loops_end(tmp_path: Path) -> None:
    ours, elsewhere = tmp_path / "ours", tmp_path / "elsewhere"
    ours.mkdir()
    elsewhere.mkdir()
    (elsewhere / "parcel").write_bytes(AGE_HEADER)
    (ours / "moved").symlink_to(elsewhere)
    (ours / "one").symlink_to(elsewhere / "parcel")
    (ours / "broken").symlink_to(elsewhere / "gone")
    (elsewhere / "up").symlink_to(ours)
    assert kinds(ours) == ["t/moved/parcel: age ciphertext", "t/one: age ciphertext"]


def test_in_a_shared_folder_only_this_users_files_since_then_and_no_links(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.write_text(NUMBER)
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "link").symlink_to(private)
    (shared / "foreign.age").write_bytes(AGE_HEADER)
    for name in ("new", "set back", "old"):
        (shared / name).write_text(NUMBER)
    os.utime(shared / "set back", (0, 0))
    began = time.time() - 60
    found = kinds(shared, since=began)
    assert found == [f"t/{name}: a planted marker in the clear" for name in ("new", "old", "set back")]
    assert kinds(shared, since=time.time() + 60) == []
    os.chown(shared / "new", 65534, 65534)
    assert kinds(shared, since=began) == found[1:]


def test_what_cannot_be_read_or_listed_is_found(tmp_path: Path) -> None:
    """As another user than root, for whom nothing is unreadable."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "file").chmod(0)
    (tmp_path / "folder").mkdir(mode=0)
    script = (
        "import os, sys; from pathlib import Path; from ecluse.control.needles import Needles;"
        "from ecluse.control.scan import Tree, scan; os.setuid(65534);"
        "ours = scan(Tree('t', Path(sys.argv[1])), Needles(()));"
        "shared = scan(Tree('t', Path(sys.argv[1]), 0.0), Needles(()));"
        "print(*ours[1], *shared[1], sep='\\n')"
    )
    os.chown(tmp_path, 65534, 65534)
    os.chown(tmp_path / "file", 65534, 65534)
    os.chown(tmp_path / "folder", 65534, 65534)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o011)
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=_environment(), capture_output=True,
                          text=True, check=True)  # fmt: skip
    each = ["t/file: could not be read (Permission denied)", "t/folder: could not be listed (Permission denied)"]
    assert sorted(done.stdout.split("\n")[:-1]) == sorted(each * 2)


def test_a_tree_that_is_not_there(tmp_path: Path) -> None:
    assert kinds(tmp_path / "gone", since=0.0) == []
    assert scan(Tree("t", tmp_path / "gone"), NEEDLES)[0].files == 0


def test_what_is_said_fits_a_certificate_and_never_claims_markers_that_nobody_knew() -> None:
    assert all(len(each) <= 300 for each in looked_for(10**9))
    assert len(looked_for(0)) == 1
    assert "12 planted markers" in looked_for(12)[1]


MEMORY = """
import resource, sys
from pathlib import Path
from ecluse.control.needles import Needles
from ecluse.control.scan import Tree, scan
from erasing import planted
needles = Needles(planted(6000))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
_scanned, found = scan(Tree("t", Path(sys.argv[1])), needles)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, len(found))
"""


def _environment() -> dict[str, str]:
    places = [str(Path(ecluse.__file__).parents[1]), str(Path(__file__).parents[2])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(places), "PYTHONDONTWRITEBYTECODE": "1"}


def test_bounded_memory_with_12_000_markers(tmp_path: Path) -> None:
    """On what lies in workspaces and temporary folders: tables of numbers, binary, text in UTF-16."""
    rng = random.Random(1)
    line = "{0},DURAND,{1}-0{2}-1{2},{3:.4f};{4}\n".format
    rows = "".join(
        line(rng.randrange(10**7), rng.randrange(1900, 2020), rng.randrange(9), rng.random(), rng.randrange(10**13))
        for _ in range(50_000)
    )
    for name, content in (("rows.csv", rows.encode()), ("rows.utf16", rows.encode("utf-16")), ("blob", rng.randbytes(1 << 21)),
                          ("zeros", bytes(1 << 21))):  # fmt: skip
        (tmp_path / name).write_bytes(content * ((48 << 20) // len(content)))
    done = subprocess.run([sys.executable, "-c", MEMORY, str(tmp_path)], env=_environment(), capture_output=True,
                          text=True, check=True)  # fmt: skip
    memory, found = map(float, done.stdout.split())
    assert found == 0
    assert memory < 32, f"{memory:.0f} MiB"
