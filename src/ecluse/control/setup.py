"""A migration's workspace on one machine: which places it holds, and how each is entered; no secret is in it.

``config.json`` keeps addresses and file names, so that ``run`` and ``resume`` need not be told again. Passwords
stand in environment variables or a passfile, keys in files of their own.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ecluse.domain.errors import Location, MalformedError
from ecluse.wire.canonical import canonical, parse
from ecluse.workspace.files import read, write_atomic
from ecluse.workspace.place import Place

FORMAT = "ecluse.workspace-config/1"
_FILE = "config.json"


@dataclass(frozen=True, slots=True)
class SourceSetup:
    """How the source's place works: address, profile file, agent's key; the lists of persons who stay out.

    ``views`` is the schema of the order's own views, where the source is entered by the order's own role.
    """

    url: str | None = None
    profile: str | None = None
    key: str | None = None
    passfile: str | None = None
    persons: str | None = None
    exclusion_key: str | None = None
    views: str | None = None


@dataclass(frozen=True, slots=True)
class DestinationSetup:
    """How the destination's place works: address, profile file, age identity, agent's key."""

    url: str | None = None
    profile: str | None = None
    identity: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class RelaySetup:
    """How a relay is entered: files of a token, a certificate with its key, an SSH key; by what it is known itself."""

    token: str | None = None
    certificate: str | None = None
    ca: str | None = None
    key: str | None = None
    host_key: str | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """Both, and the mailbox between them: a folder (by default the workspace's own), or a relay's URL.

    ``agreement`` is the digest of the agreement that whoever set this up holds; the mailbox must bring that one.
    ``maintenance`` lists hosts to which nothing may go (R12).
    """

    source: SourceSetup = field(default_factory=SourceSetup)
    destination: DestinationSetup = field(default_factory=DestinationSetup)
    mailbox: str | None = None
    agreement: str | None = None
    relay: RelaySetup = field(default_factory=RelaySetup)
    maintenance: tuple[str, ...] = ()

    @property
    def is_relayed(self) -> bool:
        """Whether the mailbox is a relay."""
        return is_relay(self.mailbox)

    def changed(
        self,
        *,
        source: Mapping[str, str | None],
        destination: Mapping[str, str | None],
        mailbox: str | None,
        relay: Mapping[str, str | None] = {},
        maintenance: tuple[str, ...] = (),
    ) -> "Setup":
        """The same with what is given anew; what is None stays as it was, and no maintenance host is forgotten."""
        return replace(
            self,
            source=replace(self.source, **_given(source)),
            destination=replace(self.destination, **_given(destination)),
            mailbox=mailbox or self.mailbox,
            relay=replace(self.relay, **_given(relay)),
            maintenance=tuple(dict.fromkeys((*self.maintenance, *maintenance))),
        )

    def for_order(self, name: str) -> "Setup":
        """The same for one order: a folder, or a relay's box, of its own; no agreement is known yet."""
        box = self.mailbox and (
            f"{self.mailbox.rstrip('/')}/{name}" if self.is_relayed else str(Path(self.mailbox) / name)
        )
        return replace(self, mailbox=box, agreement=None)

    def told_of(self, agreement: str) -> "Setup":
        """The same, knowing an agreement's digest."""
        return replace(self, agreement=agreement)

    def on_views(self, schema: str) -> "Setup":
        """The same, the source being read through the order's own views."""
        return replace(self, source=replace(self.source, views=schema))


def is_relay(mailbox: str | None) -> bool:
    """Whether a mailbox is a relay's URL, and no folder."""
    return mailbox is not None and mailbox.startswith(("https://", "sftp://"))


def _given(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def place_of(root: Path, place: Place) -> Path:
    """The folder of a place within a workspace."""
    return root / place


def read_setup(root: Path) -> Setup:
    """What the workspace keeps; empty where it keeps nothing yet.

    Raises:
        MalformedError: the file is not one of ours.
    """
    path = root / _FILE
    if not path.is_file():
        return Setup()
    place = Location(file=str(path))
    try:
        value: Any = parse(read(path))
        if value.pop("format") != FORMAT:
            raise MalformedError(f"not of format {FORMAT}", location=place)
        return Setup(
            SourceSetup(**value.pop("source")),
            DestinationSetup(**value.pop("destination")),
            value.pop("mailbox"),
            value.pop("agreement"),
            RelaySetup(**value.pop("relay", {})),
            tuple(value.pop("maintenance", ())),
        )
    except (KeyError, TypeError, AttributeError):
        raise MalformedError("not a workspace's configuration", location=place) from None


def write_setup(root: Path, setup: Setup) -> None:
    """Keep it; raises StorageError."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    value = asdict(setup) | {"maintenance": list(setup.maintenance)}
    write_atomic(root / _FILE, canonical({"format": FORMAT, **value}))
