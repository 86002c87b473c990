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
class Setup:
    """Both, and the mailbox between them (a folder; by default the workspace's own).

    ``agreement`` is the digest of the agreement that whoever set this up holds; the mailbox must bring that one.
    """

    source: SourceSetup = field(default_factory=SourceSetup)
    destination: DestinationSetup = field(default_factory=DestinationSetup)
    mailbox: str | None = None
    agreement: str | None = None

    def changed(
        self, *, source: Mapping[str, str | None], destination: Mapping[str, str | None], mailbox: str | None
    ) -> "Setup":
        """The same with what is given anew; what is None stays as it was."""
        return Setup(
            replace(self.source, **{name: value for name, value in source.items() if value is not None}),
            replace(self.destination, **{name: value for name, value in destination.items() if value is not None}),
            mailbox or self.mailbox,
            self.agreement,
        )

    def told_of(self, agreement: str) -> "Setup":
        """The same, knowing an agreement's digest."""
        return replace(self, agreement=agreement)

    def on_views(self, schema: str) -> "Setup":
        """The same, the source being read through the order's own views."""
        return replace(self, source=replace(self.source, views=schema))


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
        )
    except (KeyError, TypeError, AttributeError):
        raise MalformedError("not a workspace's configuration", location=place) from None


def write_setup(root: Path, setup: Setup) -> None:
    """Keep it; raises StorageError."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomic(root / _FILE, canonical({"format": FORMAT, **asdict(setup)}))
