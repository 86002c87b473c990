"""Records for a timeline, found where they lie: places, relays, the control room, logs of systems."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ecluse.cli._room import enter_room
from ecluse.cli._text import tr
from ecluse.control.reading import is_place
from ecluse.control.report_words import Words
from ecluse.control.timeline import (
    Gap,
    Held,
    Holding,
    Missing,
    Record,
    Source,
    Timeline,
    holdings_of_accounts,
    holdings_of_room,
    of_relay,
    of_room,
)
from ecluse.control.timeline_sources import holdings_of_place, journal_record, place_record, system_record
from ecluse.domain.access import AccessEntry
from ecluse.domain.errors import EcluseError, Location, UsageError
from ecluse.domain.room import RoomEntry
from ecluse.journal import FolderStore, LogKey
from ecluse.relay.accounts import Accounts
from ecluse.relay.home import SETTINGS, Home
from ecluse.wire.artefacts import utc
from ecluse.workspace.place import Place


@dataclass
class Found:
    """What was found. ``ends``: the places that are here, by end of the migration."""

    records: list[Record] = field(default_factory=list)
    holdings: list[Holding] = field(default_factory=list)
    papers: list[Gap] = field(default_factory=list)
    ends: dict[Place, str] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)

    def named(self, path: Path) -> str:
        """What a record is called: the end of its path that no other has. Raises UsageError: it is here already."""
        whole, taken = path.resolve(), {record.name for record in self.records}
        if whole in self.paths:
            raise UsageError(tr("a record is given twice", "un journal est donné deux fois"),
                             location=Location(file=str(path)))  # fmt: skip
        self.paths.append(whole)
        ends = ("/".join(whole.parts[-n:]) for n in range(1, len(whole.parts)))
        return next((end for end in ends if end not in taken), str(whole))

    def gaps(self) -> list[Gap]:
        """What no single journal shows: papers gone, an end of the migration that is not here."""
        alone = list(self.ends.values()) if len(self.ends) == 1 else []
        return [*self.papers, *(Gap(name, Missing.ONE_END) for name in alone)]


def found_in(folders: Sequence[Path], room: Path | None, database: str | None, logs: Sequence[Path]) -> Found:
    """Read all of it.

    Raises:
        UsageError: a folder with no record, a record named twice, no record at all.
        MalformedError: a line of a system's log that is no OCSF event.
    """
    found = Found()
    for folder in folders:
        _add_folder(folder, found)
    if room is not None:
        _add_room(room, database, found)
    for path in logs:
        found.records.append(system_record(path, found.named(path)))
    if not found.records:
        raise UsageError(tr("no record to read", "aucun journal à lire"),
                         hint=tr("name a place, a relay, or --room: ecluse timeline --help",
                                 "nommez un lieu, un relais, ou --room : ecluse timeline --help"))  # fmt: skip
    return found


def room_words(made: Timeline) -> dict[str, Words]:
    """What the room's events are called, where the room is among the records."""
    if all(record.source is not Source.ROOM for record in made.records):
        return {}
    from ecluse.portal.events import EVENTS  # noqa: PLC0415 - only where Django is there

    return {event: Words(text.en, text.fr) for event, text in EVENTS.items()}


def _add_folder(folder: Path, found: Found) -> None:
    if (folder / SETTINGS).is_file():
        _add_relay(Home(folder), found)
        return
    places = (folder,) if is_place(folder) else tuple(folder / end for end in Place if is_place(folder / end))
    if not places:
        raise UsageError(
            tr("no place and no relay here", "ni lieu ni relais ici"),
            location=Location(file=str(folder)),
            hint=tr("the control room is given by --room", "la salle de contrôle se donne par --room"),
        )
    for place in places:
        record, view = place_record(place, found.named(place))
        found.records.append(record)
        if view is None:
            continue
        found.ends[view.place] = record.name
        try:
            found.holdings += list(holdings_of_place(view, record.name))
        except EcluseError:
            found.papers.append(Gap(record.name, Missing.PAPER))


def _add_relay(home: Home, found: Found) -> None:
    name = found.named(home.root)
    try:
        vkey = LogKey.load(home.log_key).vkey
    except EcluseError as error:
        found.records.append(Record(name, Source.RELAY, problem=error.message))
        return
    record = journal_record(name, Source.RELAY, FolderStore(home.journal), vkey, AccessEntry, of_relay)
    found.records.append(record)
    first = record.moments[0].at if record.moments else None
    found.holdings.append(Holding(name, Held.VOUCHES, vkey, first, None, name))
    told = list(holdings_of_accounts(record))
    found.holdings += told
    if not record.problem and not _are_on_file(home, told):
        found.papers.append(Gap(name, Missing.PAPER))


def _are_on_file(home: Home, told: Iterable[Holding]) -> bool:
    """Whether the accounts on file hold the keys that the journal says they hold, and no other."""
    try:
        kept = {(account.id, key) for account in Accounts(home.accounts).all() if not account.revoked
                for key in account.shown_marks()}  # fmt: skip
    except EcluseError:
        return False
    return kept == {(each.holder.partition(" ")[0], each.key) for each in told if each.until is None}


def _add_room(home: Path, database: str | None, found: Found) -> None:
    enter_room(home, database)
    from ecluse.store.journal_files import STORE, log_key  # noqa: PLC0415 - models are ready only now

    vkey = log_key().vkey
    record = journal_record(found.named(home), Source.ROOM, STORE, vkey, RoomEntry, of_room)
    found.records.append(record)
    first = utc(record.moments[0].at) if record.moments else None
    found.holdings.append(Holding(record.name, Held.VOUCHES, vkey, first, None, record.name))
    found.holdings += holdings_of_room(record)
