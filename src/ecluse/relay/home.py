"""The relay's folder: its settings, keys, journal, accounts, trusted agreements and boxes.

Everything that outlives a request lies here, so that several relays can serve one folder and any of them can be
stopped at any time. No key that opens a parcel is ever here (seizure: see docs/explanation/threat-model.md).
"""

import ipaddress
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from ecluse.domain.errors import Location, MalformedError, SignatureError, StorageError, UsageError
from ecluse.journal import FolderStore, Journal, LogKey
from ecluse.seal.signing import new_signing_key
from ecluse.workspace.files import make_folder, read, write_atomic

SETTINGS = "relay.yaml"
ROOM_TOKEN = "keys/room.token"  # noqa: S105 - a file's name
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_GIB = 2**30
_ABOVE_ZERO = (
    "quota_gib", "papers_mib", "sessions", "idle_s", "login_grace_s", "auth_tries", "account_sessions",
    "origin_sessions", "origin_strangers", "room_silent_s",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """``relay.yaml``. ``networks`` may connect (none: nobody); ``maintenance`` never, whatever the others say (R12).

    ``https_certificate``, ``https_key``: PEM files; none: the relay makes its own. ``metrics_listen``: loopback alone.
    ``quota_gib`` bounds the parcels of one order; ``papers_mib`` its papers; ``sessions`` are open at once,
    ``account_sessions`` of one account, ``origin_sessions`` from one address, ``origin_strangers``
    of which have not entered yet. Whoever has not entered within
    ``login_grace_s`` seconds, or at the ``auth_tries``-th key, is put out; so is who says nothing for ``idle_s``.
    """

    name: str
    sftp: str = "0.0.0.0:2222"
    https: str = "0.0.0.0:8444"
    https_certificate: str | None = None
    https_key: str | None = None
    metrics_listen: str | None = None
    networks: tuple[str, ...] = ()
    maintenance: tuple[str, ...] = ()
    quota_gib: int = 200
    papers_mib: int = 256
    sessions: int = 500
    idle_s: int = 300
    login_grace_s: int = 30
    auth_tries: int = 6
    account_sessions: int = 20
    origin_sessions: int = 100
    origin_strangers: int = 20
    room: str | None = None
    room_token_file: str | None = None
    room_ca: str | None = None
    room_silent_s: int = 300
    notify: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; raises ValueError naming the field."""
        if not _NAME.fullmatch(self.name):
            raise ValueError("name: lower-case letters, digits, hyphens")
        for each in ("networks", "maintenance"):
            for text in getattr(self, each):
                try:
                    ipaddress.ip_network(text)
                except ValueError:
                    raise ValueError(f"{each}: not a network in CIDR form") from None
        for each in _ABOVE_ZERO:
            value = getattr(self, each)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{each}: a whole number above 0")

    @property
    def quota(self) -> int:
        """Bytes that parcels of one order may take."""
        return self.quota_gib * _GIB


@dataclass(frozen=True, slots=True)
class Home:
    """Where a relay's things lie."""

    root: Path

    @property
    def accounts(self) -> Path:
        """One file an account."""
        return self.root / "accounts"

    @property
    def agreements(self) -> Path:
        """Agreements that this relay's administrator has confirmed, with their signatures."""
        return self.root / "agreements"

    @property
    def boxes(self) -> Path:
        """One folder an order."""
        return self.root / "boxes"

    @property
    def journal(self) -> Path:
        """Entries and their tree."""
        return self.root / "journal"

    @property
    def host_key(self) -> Path:
        """The SSH host key (ed25519)."""
        return self.root / "keys" / "host_ed25519"

    @property
    def log_key(self) -> Path:
        """What signs the journal's checkpoints."""
        return self.root / "keys" / "log.key"

    def room_token(self, settings: Settings) -> str:
        """By which the control room knows this relay.

        Raises:
            SignatureError: others may read it.
            StorageError: it cannot be read.
        """
        path = self.root / (settings.room_token_file or ROOM_TOKEN)
        data = read(path)
        if path.stat().st_mode & 0o077:
            raise SignatureError(
                "others may read this relay's token", location=Location(file=str(path)), hint="chmod 600"
            )
        return data.decode("utf-8", "replace").strip()

    def keep_room(self, url: str, token: str, ca: Path | None) -> None:
        """Keep what an enrolment gave; ``relay.yaml`` names the room from now on, after what stands in it.

        Raises:
            StorageError: it cannot be written.
        """
        write_atomic(self.root / ROOM_TOKEN, token.encode("utf-8"))
        named = {"room": url, "room_token_file": ROOM_TOKEN} | ({"room_ca": str(ca)} if ca else {})
        before = read(self.root / SETTINGS)
        more = yaml.safe_dump(named, sort_keys=False, allow_unicode=True).encode("utf-8")
        write_atomic(self.root / SETTINGS, before + (b"" if before.endswith(b"\n") else b"\n") + more)

    def settings(self) -> Settings:
        """What ``relay.yaml`` says.

        Raises:
            UsageError: no relay lives here.
            MalformedError: names the field.
        """
        path = self.root / SETTINGS
        where = Location(file=str(path))
        if not path.is_file():
            raise UsageError("no relay lives here", location=where, hint="ecluse relay init --home DIR")
        try:
            found: Any = yaml.safe_load(read(path))
        except (yaml.YAMLError, UnicodeDecodeError):
            raise MalformedError("not YAML", location=where) from None
        return read_settings(found, where)


def read_settings(found: Any, where: Location) -> Settings:
    """Settings from what a YAML file holds; raises MalformedError naming the field."""
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise MalformedError("not a mapping of names", location=where)
    known = set(Settings.__dataclass_fields__)
    for name in found:
        if name not in known:
            raise MalformedError("no such setting", location=replace(where, field=name[:60]))
    lists = {"networks", "maintenance", "notify"}
    given: dict[str, Any] = {}
    for name, value in found.items():
        if name in lists:
            if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
                raise MalformedError("a list of texts belongs here", location=replace(where, field=name))
            given[name] = tuple(value)
        elif value is not None and not isinstance(value, str | int):
            raise MalformedError("a text or a number belongs here", location=replace(where, field=name))
        else:
            given[name] = value
    try:
        return Settings(**given)
    except ValueError as error:
        name, _, said = str(error).partition(": ")
        raise MalformedError(said, location=replace(where, field=name)) from None
    except TypeError:
        raise MalformedError("name: missing, or another kind of value", location=where) from None


def init(root: Path, settings: dict[str, Any]) -> Home:
    """Make a relay's folder: settings, log key, host key.

    Raises:
        UsageError: one lives here already, or the folder holds something else.
        StorageError: it cannot be written.
    """
    home = Home(root)
    if root.is_dir() and any(root.iterdir()):
        raise UsageError("the folder is not empty", location=Location(file=str(root)))
    checked = read_settings(settings, Location(file=SETTINGS))
    try:
        for folder in (root, root / "keys", home.accounts, home.agreements, home.boxes):
            make_folder(folder)
    except OSError as error:
        raise StorageError(error.strerror or "cannot be made", location=Location(file=str(root))) from None
    key = LogKey.generate(f"ecluse/relay/{checked.name}")
    key.save(home.log_key)
    Journal.open(FolderStore(home.journal), key)  # begun once: a relay whose journal is gone begins no other
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    write_atomic(root / SETTINGS, text.encode("utf-8"))
    host_key(home)
    return home


def host_key(home: Home) -> Path:
    """The file of the relay's SSH host key, made the first time; its public half lies beside it (``.pub``)."""
    if not home.host_key.exists():
        new_signing_key(home.host_key, "relay")
    return home.host_key


def host_line(home: Home) -> str:
    """The public line of the host key, for whoever pins it; raises StorageError where the relay has none yet."""
    path = home.host_key
    return read(path.with_name(f"{path.name}.pub")).decode("ascii", "replace").strip()
