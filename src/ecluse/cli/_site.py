"""A migration's workspace, its places and systems opened as its setup says."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote, urlsplit

from ecluse.adapters.destinations import DestinationSpec, open_destination
from ecluse.adapters.mailboxes.address import relay_address
from ecluse.adapters.mailboxes.folder import FolderMailbox
from ecluse.adapters.mailboxes.opening import Entry, open_relay
from ecluse.adapters.mailboxes.relay import RelayMailbox
from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.adapters.targets import check_folder, check_host
from ecluse.cli._exclusion import read_key
from ecluse.cli._text import tr
from ecluse.control.agency import short
from ecluse.control.ports import Mailbox
from ecluse.control.reading import look
from ecluse.control.setup import Setup, place_of
from ecluse.domain.errors import UsageError
from ecluse.domain.order import Order
from ecluse.domain.profile import FILE_ENGINES, DestinationProfile, Engine, SourceProfile
from ecluse.migration.compile import compile_order
from ecluse.migration.persons import PersonList, read_list, resolve, resolve_on_views
from ecluse.migration.ports import Destination, Source
from ecluse.seal.sealing import Identity
from ecluse.wire import documents
from ecluse.workspace.place import Place, Workspace

_SHIPPED = files("ecluse.profiles")


@dataclass(frozen=True, slots=True)
class Site:
    """A workspace folder and its setup."""

    root: Path
    setup: Setup

    def has(self, place: Place) -> bool:
        """Whether that place is made on this machine."""
        return (place_of(self.root, place) / "workspace.json").is_file()

    @contextmanager
    def open(self, place: Place) -> Iterator[Workspace]:
        """Open a place of this machine, locked."""
        with Workspace(place_of(self.root, place)) as opened:
            yield opened

    @property
    def mailbox(self) -> Mailbox:
        """What is between the places: a folder, or a relay."""
        return self.relay or self.folder

    @property
    def folder(self) -> FolderMailbox:
        """The folder between the places; raises ForbiddenError for one on a maintenance host's share (R12)."""
        check_folder(self.mailbox_folder, self.setup.maintenance)
        return FolderMailbox(self.mailbox_folder)

    @property
    def relay(self) -> RelayMailbox | None:
        """The relay between the places, and this order's box there; None where a folder is.

        Raises:
            ForbiddenError: it is on a maintenance host (R12).
        """
        if not self.setup.is_relayed:
            return None
        entry = Entry(**asdict(self.setup.relay), maintenance=self.setup.maintenance)
        return open_relay(relay_address(str(self.setup.mailbox)), entry, self._box())

    @property
    def mailbox_folder(self) -> Path:
        """Where the folder is."""
        return Path(self.setup.mailbox) if self.setup.mailbox and not self.setup.is_relayed else self.root / "mailbox"

    @property
    def mailbox_name(self) -> str:
        """Folder or address, for messages."""
        return str(self.setup.mailbox) if self.setup.is_relayed else str(self.mailbox_folder)

    def _box(self) -> str | None:
        """The box of the order that a place here works on."""
        pinned = (look(place_of(self.root, place)).progress().pins.get("order") for place in Place if self.has(place))
        return next((short(order) for order in pinned if order), None)

    def source_profile(self) -> SourceProfile:
        """How the source is read."""
        return documents.read(profile_file(_needed(self.setup.source.profile, "--profile"))).to(SourceProfile)

    def destination_profile(self) -> DestinationProfile:
        """How the destination is written."""
        name = _needed(self.setup.destination.profile, "--destination-profile")
        return documents.read(profile_file(name)).to(DestinationProfile)

    def agreement(self) -> str:
        """Digest of the agreement that whoever set this workspace up holds."""
        if self.setup.agreement is None:
            raise UsageError(
                tr("an option is missing: --agreement", "il manque une option : --agreement"),
                hint=tr("the agreement that you hold: one that comes through the mailbox alone vouches for itself",
                        "le contrat que vous détenez : celui qui vient par la boîte seule se porte garant de lui-même"),
            )  # fmt: skip
        return self.setup.agreement

    def source_key(self) -> Path:
        """The signing key of the source's agent."""
        return Path(_needed(self.setup.source.key, "--agent-key"))

    def destination_key(self) -> Path:
        """The signing key of the destination's agent."""
        return Path(_needed(self.setup.destination.key, "--destination-agent-key"))

    def identity(self) -> Identity:
        """The key that opens the parcels."""
        return Identity.load(Path(_needed(self.setup.destination.identity, "--identity")))

    def open_source(self, profile: SourceProfile) -> Source:
        """One connection to the source."""
        return open_source_at(_needed(self.setup.source.url, "--source"), profile, self.setup.source.passfile)

    def open_destination(self, profile: DestinationProfile) -> AbstractContextManager[Destination]:
        """One connection to the destination."""
        url = _needed(self.setup.destination.url, "--destination")
        self._check_target(url)
        ledger = place_of(self.root, Place.DESTINATION) / "messages.sqlite"
        spec = DestinationSpec(profile.engine, address(url, profile.engine), profile, ledger)
        return _closing(open_destination(spec))

    def _check_target(self, url: str) -> None:
        """Rows no more than parcels go to a maintenance host (R12); raises ForbiddenError."""
        host = urlsplit(url).hostname if "://" in url else None
        if host:
            check_host(host, self.setup.maintenance)

    def persons(self) -> PersonList | None:
        """The list of persons who stay out, if one is given."""
        return read_list(Path(self.setup.source.persons)) if self.setup.source.persons else None

    def excluded(self, source: Source, profile: SourceProfile, order: Order) -> tuple[str, ...] | None:
        """Source keys of the persons who stay out, in memory only; None where the order excludes nobody."""
        persons = self.persons()
        if persons is None:
            return None
        key = read_key(Path(_needed(self.setup.source.exclusion_key, "--exclusion-key")))
        if self.setup.source.views:
            return resolve_on_views(source, compile_order(order, profile, views=self.setup.source.views), persons, key)
        return resolve(source, profile, persons, key)


def open_source_at(url: str, profile: SourceProfile, passfile: str | None = None) -> Source:
    """One connection to the source that a URL, or for SQLite and CSV a path, names."""
    spec = SourceSpec(profile.engine, address(url, profile.engine), files=profile.files, passfile=passfile)
    return open_source(spec)


def address(url: str, engine: Engine) -> str:
    """A URL as given, or that of a path."""
    if "://" in url or engine not in {Engine.SQLITE, Engine.FIREBIRD, *FILE_ENGINES}:
        return url
    return f"{engine}://{quote(str(Path(url).resolve()))}"


def profile_file(name: str) -> Path:
    """A profile's file: a path, or the name of one that ships with Écluse."""
    path = Path(name)
    shipped = Path(str(_SHIPPED)) / f"{name}.yaml"
    return shipped if not path.exists() and "/" not in name and shipped.is_file() else path


def _needed(value: str | None, option: str) -> str:
    if value is None:
        raise UsageError(
            tr(f"an option is missing: {option}", f"il manque une option : {option}"),
            hint=tr("give it once; the workspace remembers it",
                    "donnez-la une fois ; l'espace de travail s'en souvient"),
        )  # fmt: skip
    return value


@contextmanager
def _closing(destination: Destination) -> Iterator[Destination]:
    try:
        yield destination
    finally:
        destination.close()
