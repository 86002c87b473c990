"""Law 5 where parcels are fetched or thrown away: the entry is on disk before the file is touched."""

from pathlib import Path
from typing import Any

import pytest

from ecluse.adapters.mailboxes.folder import FolderMailbox
from ecluse.domain.entry import Entry, Event
from ecluse.journal.keys import LogKey
from ecluse.journal.log import Journal
from ecluse.journal.store import FolderStore
from ecluse.wire.artefacts import decode
from ecluse.workspace.parcels import QUARANTINE, Parcels
from migrating import Desk, W


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk.made(tmp_path_factory.mktemp("planned") / "desk", patients=6)
    desk.plan()
    return desk


@pytest.fixture
def desk(planned: Desk, tmp_path: Path) -> Desk:
    return planned.copy(tmp_path / "desk")


def last_entry(desk: Desk, place: str) -> Entry:
    """What stands last in the journal's files, whatever the process that writes it holds in memory."""
    root = desk.path("migration", place)
    *_, last = Journal.open(FolderStore(root / "journal"), LogKey.load(root / "keys" / "log.key")).entries()
    return decode(Entry, last)


def test_a_stray_parcel_is_journalled_before_it_is_erased(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    stray = f"request-2018-0001{QUARANTINE}"
    path = desk.path("migration", "source", "parcels", "sealed", f"{stray}.age")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"age-encryption.org/v1\n")
    seen: list[Entry] = []
    erase = Parcels.erase

    def watched(self: Parcels, which: Path) -> None:
        assert which.exists()
        seen.append(last_entry(desk, "source"))
        erase(self, which)

    monkeypatch.setattr(Parcels, "erase", watched)
    desk.ecluse("extract", *W)
    assert [(entry.event, entry.subject) for entry in seen] == [(Event.PARCEL_ERASING, stray)]
    assert not path.exists()


def test_a_parcel_is_journalled_before_it_is_fetched(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in ("extract", "deliver"):
        desk.ecluse(step, *W)
    seen: dict[str, Entry] = {}
    collect = FolderMailbox.collect

    def watched(self: FolderMailbox, name: str, path: Path) -> Any:
        if name.endswith(".age"):
            seen[name.removesuffix(".age")] = last_entry(desk, "destination")
        return collect(self, name, path)

    monkeypatch.setattr(FolderMailbox, "collect", watched)
    desk.ecluse("receive", *W)
    assert len(seen) > 3
    for name, entry in seen.items():
        assert entry.event is Event.PARCEL_RECEIVING
        assert entry.subject == name.removesuffix(QUARANTINE)
