"""Law 5 over every act: it is one, its entry commits with it, and neither is left when either fails."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

import ecluse.portal
import ecluse.store.reads
from ecluse.domain.errors import InternalError
from ecluse.domain.permissions import Side
from ecluse.journal import Journal
from ecluse.store import acts, journal_files, recording
from ecluse.store.acts import people
from ecluse.store.journal_files import STORE, log_key
from ecluse.store.models import JournalFile, JournalLine, Organisation
from ecluse.store.recording import SYSTEM
from rooms import Room

WRITES = re.compile(
    r"\.(save|create|bulk_create|update_or_create|get_or_create|bulk_update|delete)\(|objects\.[^\n]*\.update\("
)
ALLOWED = re.compile(r"session\.|LogKey")


def _functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function of every module of acts, private ones too."""
    for module in pkgutil.iter_modules(acts.__path__):
        loaded = importlib.import_module(f"{acts.__name__}.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            if inspect.unwrap(function).__module__ == loaded.__name__:
                yield f"{module.name}.{name}", function


def test_every_function_that_changes_the_records_is_an_act() -> None:
    """What is neither an act nor a part of one (private, or given the act) holds no write."""
    found = {
        name
        for name, function in _functions()
        if not getattr(function, "is_act", False)
        and not name.partition(".")[2].startswith("_")
        and "act" not in inspect.signature(function).parameters
        and WRITES.search(inspect.getsource(inspect.unwrap(function)))
    }
    assert found <= NO_RECORDS


NO_RECORDS = {"access.end_all_sessions"}
"""Writes to what is no record of the room (``recording.UNRECORDED``); the guard refuses it any other table."""


def test_every_act_records() -> None:
    """By itself or by a part or another act that it calls; which entry it is, its own tests say."""
    unrecorded = []
    for name, function in _functions():
        if getattr(function, "is_act", False):
            source = inspect.getsource(inspect.unwrap(function))
            if not re.search(r"act\.record\(|\(act\b", source.partition("\n")[2]):
                unrecorded.append(name)
    assert not unrecorded


def test_no_other_module_writes() -> None:
    """What is not an act reads: views and reads never call save, create, update or delete on a model."""
    for package in (ecluse.portal, ecluse.store.reads):
        for path in Path(package.__path__[0]).rglob("*.py"):
            found = [line for line in path.read_text().splitlines() if WRITES.search(line) and not ALLOWED.search(line)]
            assert not found, (path.name, found)


def test_the_entry_goes_when_the_effect_goes(room: Room) -> None:
    size = Journal.take_up(STORE, log_key()).size
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        people.add_organisation(SYSTEM, "gone", "Gone", Side.PROCESSOR)
        1 / 0  # noqa: B018
    assert not Organisation.objects.filter(slug="gone").exists()
    assert Journal.take_up(STORE, log_key()).size == size == JournalLine.objects.count()


@pytest.mark.parametrize("name", ["write", "lock"])
def test_the_effect_goes_when_the_entry_cannot_be_written(
    room: Room, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(journal_files.DatabaseStore, name, broken)
    with pytest.raises(recording.UnwritableError, match="disk full"):
        people.add_organisation(SYSTEM, "gone", "Gone", Side.PROCESSOR)
    assert not Organisation.objects.filter(slug="gone").exists()


def test_a_damaged_journal_stops_the_room(room: Room) -> None:
    """If the journal cannot be continued, nothing is done unwatched."""
    with recording.schema_change():
        tile = JournalFile.objects.filter(path__startswith="tile/entries").order_by("-path").first()
        assert tile is not None
        tile.data = bytes(tile.data)[:-1] + b"\x00"
        tile.save()
    with pytest.raises(Exception, match="tile/entries"):
        people.add_organisation(SYSTEM, "gone", "Gone", Side.PROCESSOR)
    assert not Organisation.objects.filter(slug="gone").exists()


def test_sql_of_ones_own_passes_the_guard_no_better(room: Room) -> None:
    for sql in (
        "DELETE FROM store_journalline", "  update store_person set name = 'x'", "INSERT OR IGNORE INTO store_journalfile VALUES ('a', 'b')",
        "WITH gone AS (SELECT 1) DELETE FROM store_person", "/* c */ DELETE FROM store_person", "-- c\nDELETE FROM store_person",
        'REPLACE INTO "store_person" (id) VALUES (1)', "TRUNCATE store_person", "DROP TABLE store_person", "ALTER TABLE store_person ADD x int",
    ):  # fmt: skip
        with pytest.raises(InternalError, match="outside an act"), connection.cursor() as cursor:
            cursor.execute(sql)


def test_a_part_that_fails_leaves_nothing_in_the_whole(room: Room) -> None:
    """A form shows an act's refusal and the request goes on: what the act had begun must be gone."""

    @recording.act
    def half(act: recording.Act) -> None:
        people.add_organisation(SYSTEM, "gone", "Gone", Side.PROCESSOR)
        raise ZeroDivisionError

    size = JournalLine.objects.count()
    with recording.acting(SYSTEM):
        people.add_organisation(SYSTEM, "kept", "Kept", Side.PROCESSOR)
        with pytest.raises(ZeroDivisionError):
            half(SYSTEM)
    assert list(Organisation.objects.filter(slug__in=["gone", "kept"]).values_list("slug", flat=True)) == ["kept"]
    assert JournalLine.objects.count() == size + 1
