"""What every mailbox promises; run over each."""

from pathlib import Path

import pytest

from ecluse.adapters.mailboxes.folder import FolderMailbox
from ecluse.control.ports import Mailbox
from ecluse.domain.errors import MalformedError, StorageError
from memory_mailbox import MemoryMailbox


@pytest.fixture(params=["folder", "memory"])
def mailbox(request: pytest.FixtureRequest, tmp_path: Path) -> Mailbox:
    return FolderMailbox(tmp_path / "not" / "there" / "yet") if request.param == "folder" else MemoryMailbox()


@pytest.fixture
def parcel(tmp_path: Path) -> Path:
    file = tmp_path / "patient-0001.age"
    file.write_bytes(b"sealed" * 100_000)
    return file


def test_empty_at_first(mailbox: Mailbox) -> None:
    assert mailbox.waiting() == ()


def test_what_is_delivered_is_collected_and_still_there(mailbox: Mailbox, parcel: Path, tmp_path: Path) -> None:
    mailbox.deliver("b.age", parcel)
    mailbox.deliver("a.json", parcel)
    assert mailbox.waiting() == ("a.json", "b.age")
    for _ in range(2):
        mailbox.collect("b.age", tmp_path / "deep" / "er" / "x.age")
        assert (tmp_path / "deep" / "er" / "x.age").read_bytes() == parcel.read_bytes()
    assert mailbox.waiting() == ("a.json", "b.age")
    assert list((tmp_path / "deep" / "er").glob("[!.]*")) == [tmp_path / "deep" / "er" / "x.age"]
    assert parcel.exists()


def test_delivering_twice_replaces(mailbox: Mailbox, parcel: Path, tmp_path: Path) -> None:
    mailbox.deliver("a.age", parcel)
    parcel.write_bytes(b"")
    mailbox.deliver("a.age", parcel)
    mailbox.collect("a.age", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b""
    assert mailbox.waiting() == ("a.age",)


def test_collecting_replaces_what_a_cut_off_copy_left(mailbox: Mailbox, parcel: Path, tmp_path: Path) -> None:
    mailbox.deliver("a.age", parcel)
    (tmp_path / "x").write_bytes(b"half")
    (tmp_path / "x.part").write_bytes(b"half" * 300_000)
    mailbox.collect("a.age", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == parcel.read_bytes()
    assert not (tmp_path / "x.part").exists()


def test_discarding_twice_is_harmless(mailbox: Mailbox, parcel: Path) -> None:
    mailbox.deliver("a.age", parcel)
    mailbox.discard("a.age")
    mailbox.discard("a.age")
    assert mailbox.waiting() == ()


def test_what_is_not_there(mailbox: Mailbox, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        mailbox.collect("a.age", tmp_path / "x")
    with pytest.raises(StorageError):
        mailbox.deliver("a.age", tmp_path / "nothing.age")
    assert mailbox.waiting() == ()
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", ["../a.age", "/etc/a.age", "a/b.age", ".a.age", "..", "", "a.age.part"])
def test_names_that_are_paths_or_hidden(mailbox: Mailbox, parcel: Path, tmp_path: Path, name: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    for call in (
        lambda: mailbox.deliver(name, parcel),
        lambda: mailbox.collect(name, tmp_path / "x"),
        lambda: mailbox.discard(name),
    ):
        with pytest.raises(MalformedError):
            call()
    assert sorted(tmp_path.rglob("*")) == before
