"""One place of one migration on disk: artefacts by content, the journal, keys, and parcels in folders of state.

The journal alone says what has happened; everything here can be rebuilt from it and the artefacts it names.
"""

import datetime as dt
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar

from ecluse.domain.entry import Entry, Event
from ecluse.domain.errors import (
    BusyError,
    InternalError,
    Location,
    MalformedError,
    StorageError,
    TamperError,
    TransitionError,
    UsageError,
)
from ecluse.domain.values import Identifier
from ecluse.journal.keys import LogKey
from ecluse.journal.log import Journal
from ecluse.journal.store import FolderStore
from ecluse.wire.artefacts import decode, encode, kind_of, utc
from ecluse.wire.canonical import canonical, digest, parse
from ecluse.workspace.files import erase, make_folder, read, sweep_parts, write_atomic
from ecluse.workspace.parcels import Parcels
from ecluse.workspace.progress import Progress, replay

Clock = Callable[[], dt.datetime]
T = TypeVar("T")

_FORMAT = "ecluse.workspace/1"
_MARK = "workspace.json"
_LOCK = "lock"
_SECRET_BYTES = 32


class Place(StrEnum):
    """Which end of the migration a workspace stands at."""

    SOURCE = "source"
    DESTINATION = "destination"


def system_clock() -> dt.datetime:
    """Now, in UTC."""
    return dt.datetime.now(dt.UTC)


class Workspace:
    """An open, locked place. Use as a context manager."""

    def __init__(self, root: Path, *, clock: Clock = system_clock) -> None:
        """Open an existing place; see :meth:`create`.

        Raises:
            UsageError: there is none.
            BusyError: another process has it open.
            TamperError: its journal is not what was signed.
        """
        mark = root / _MARK
        if not mark.is_file():
            raise UsageError("no workspace here", location=Location(file=str(root)), hint="see ecluse plan --help")
        self.root = root
        self.place, self.agent = _read_mark(mark)
        self.clock = clock
        self._lock = _lock(root)
        self._progress = Progress()
        try:
            sweep_parts(root)
            self.key = LogKey.load(root / "keys" / "log.key")
            self.journal = Journal.open(FolderStore(root / "journal"), self.key)
            self.parcels = Parcels(root / "parcels")
            self._is_new = self.journal.size == 0
            if self._is_new:  # also where making the place was cut off, whoever opens it next
                self.log(Event.OPENED, subject=self.place)
        except BaseException:
            self._lock.close()
            raise

    @classmethod
    def create(cls, root: Path, place: Place, agent: Identifier, *, clock: Clock = system_clock) -> Self:
        """Make a new place, or finish making one that was interrupted.

        Raises:
            UsageError: the folder holds a workspace already, or anything else.
            StorageError: the folder cannot be written.
        """
        if (root / _MARK).exists():
            return cls._finish(root, place, agent, clock)
        _prepare(root)
        key = root / "keys" / "log.key"
        if not key.exists():
            LogKey.generate(f"ecluse/{place}/{agent}").save(key)
        write_atomic(root / _MARK, canonical({"format": _FORMAT, "place": place, "agent": agent}))
        return cls._finish(root, place, agent, clock)

    @classmethod
    def _finish(cls, root: Path, place: Place, agent: Identifier, clock: Clock) -> Self:
        made = cls(root, clock=clock)
        if not made._is_new or (made.place, made.agent) != (place, agent):
            made.close()
            raise UsageError("a workspace is here already", location=Location(file=str(root)))
        return made

    def __enter__(self) -> Self:
        """The place itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the lock go."""
        self.close()

    def close(self) -> None:
        """Let the lock go."""
        self._lock.close()

    def now(self) -> dt.datetime:
        """The clock, in UTC and whole seconds, as artefacts carry it."""
        return utc(self.clock())

    def log(self, event: Event, *, order: str | None = None, subject: str = "", **detail: int | str) -> None:
        """Append one entry, on disk before this returns (law 5).

        ``order`` defaults to the order that this place works on.

        Raises:
            TransitionError: the entry would move the migration where it may not go; nothing is written. Once
                written, it would make the journal one that no replay accepts.
        """
        before = self.progress()
        order = order or before.pins.get("order")
        # A clock set back by a step must not make the journal's time run backwards.
        at = max(self.now(), before.last or self.now())
        entry = Entry("ecluse.entry/1", at, self.agent, event, order, subject, detail)
        data = _readable(entry)
        after = replay([entry], before)
        self.journal.append([data])
        self._progress = after

    def entries(self) -> Iterator[Entry]:
        """The journal's entries, oldest first."""
        for data in self.journal.entries():
            yield decode(Entry, data, file="journal")

    def progress(self) -> Progress:
        """What the journal says has happened; read once, then kept up with."""
        if self._progress.size < self.journal.size:
            fresh = (decode(Entry, data, file="journal") for data in self.journal.entries(self._progress.size))
            self._progress = replay(fresh, self._progress)
        return self._progress

    def put(self, value: object, signatures: Mapping[str, bytes]) -> str:
        """Keep an artefact with its signatures (by signer's id); returns its digest. Keeping it twice is harmless.

        Raises:
            InternalError: nobody could read it again; nothing is written.
        """
        data = _readable(value)
        kind, address = kind_of(type(value)), digest(data)
        for signer, signature in signatures.items():
            write_atomic(self._signature(kind, address, signer), signature, mode=0o644)
        write_atomic(self._artefact(kind, address), data, mode=0o644)
        return address

    def get(self, cls: type[T], address: str) -> T:
        """The artefact of that digest.

        Raises:
            TamperError: the file does not have the digest that names it.
            StorageError: there is no such file.
        """
        path = self._artefact(kind_of(cls), address)
        data = read(path)
        if digest(data) != address:
            raise TamperError("the artefact is not what its digest says", location=Location(file=str(path)))
        return decode(cls, data, file=str(path))

    def pinned(self, cls: type[T]) -> T:
        """The agreement, order, plan, reconciliation or acceptance that this place works on.

        Raises:
            TransitionError: the migration has not come that far.
        """
        kind = kind_of(cls)
        address = self.progress().pins.get(kind)
        if address is None:
            raise TransitionError(f"this place has no {kind} yet", location=Location(file=str(self.root)))
        return self.get(cls, address)

    def signatures(self, cls: type, address: str) -> dict[str, bytes]:
        """Signatures kept with an artefact, by signer's id."""
        kind = kind_of(cls)
        stem = f"{address.removeprefix('sha256:')}."
        folder = self.root / "artefacts" / kind
        found = sorted(folder.glob(f"{stem}*.sig")) if folder.is_dir() else []
        return {path.name.removeprefix(stem).removesuffix(".sig"): read(path) for path in found}

    def secret(self, name: str) -> bytes:
        """A random 32-byte secret of this migration, made at first use, destroyed at erasure."""
        path = self.root / "keys" / f"{name}.secret"
        if not path.exists():
            write_atomic(path, os.urandom(_SECRET_BYTES))
        value = read(path)
        if len(value) != _SECRET_BYTES:
            raise MalformedError("not a secret of ours", location=Location(file=str(path)))
        return value

    def secrets(self) -> tuple[Path, ...]:
        """Files that hold secrets to be destroyed at erasure: all keys but the journal's own."""
        return tuple(sorted(path for path in (self.root / "keys").iterdir() if path.name != "log.key"))

    def destroy(self, path: Path) -> None:
        """Erase a file of this place."""
        erase(path)

    def _artefact(self, kind: str, address: str) -> Path:
        return self.root / "artefacts" / kind / f"{address.removeprefix('sha256:')}.json"

    def _signature(self, kind: str, address: str, signer: str) -> Path:
        return self.root / "artefacts" / kind / f"{address.removeprefix('sha256:')}.{signer}.sig"


def _readable(value: object) -> bytes:
    """Canonical bytes that decode to the same value: what is signed or journalled must be readable for ever."""
    data = encode(value)
    try:
        decode(type(value), data)
    except MalformedError as error:
        raise InternalError(f"made an artefact that cannot be read: {error}") from error
    return data


def _read_mark(mark: Path) -> tuple[Place, str]:
    facts = parse(read(mark))
    try:
        if facts["format"] != _FORMAT:
            raise ValueError(_FORMAT)  # noqa: TRY301 - one refusal for all that is wrong
        return Place(facts["place"]), str(facts["agent"])
    except (KeyError, TypeError, ValueError):
        raise MalformedError("not a workspace of ours", location=Location(file=str(mark))) from None


def _prepare(root: Path) -> None:
    """An empty folder with room for keys; what an interrupted making left may stand there."""
    try:
        make_folder(root)
        strangers = sorted(path.name for path in root.iterdir() if path.name not in {"keys", _MARK + ".part"})
        if strangers:
            raise UsageError(f"the folder is not empty: it holds {strangers[0]}", location=Location(file=str(root)))
        make_folder(root / "keys")
    except OSError as error:
        raise StorageError(error.strerror or "cannot be used", location=Location(file=str(root))) from None


def _lock(root: Path) -> IO[bytes]:
    try:
        file = (root / _LOCK).open("ab")
    except OSError as error:
        raise StorageError(error.strerror or "cannot be used", location=Location(file=str(root / _LOCK))) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with suppress(OSError):
            file.close()
        raise BusyError("another process works here", location=Location(file=str(root))) from None
    return file
