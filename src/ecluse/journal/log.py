"""The journal: an append-only, signed sequence of opaque entries (laws 4, 5 and 10).

What is committed is what the checkpoint says. An append writes new files beside those that the checkpoint needs, each
durable before the next step, then replaces the checkpoint, which commits, then removes what is superseded. A kill
between two steps leaves files that the checkpoint does not need; the next :meth:`Journal.open` drops them.

What the signature and the tree cannot show is a journal set back as a whole to an earlier state that was once signed.
That is what witnesses, and the checkpoints in receipts and certificates, are for.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

from ecluse.domain.errors import (
    BusyError,
    EcluseError,
    MalformedError,
    RefusedError,
    StorageError,
    TamperError,
    UsageError,
)
from ecluse.journal import merkle
from ecluse.journal.checkpoint import Checkpoint, read_checkpoint
from ecluse.journal.edge import edge_state
from ecluse.journal.keys import LogKey
from ecluse.journal.merkle import TILE_HEIGHT, Frontier, NodeReader, fold, leaf_hash
from ecluse.journal.note import Note
from ecluse.journal.rebuild import expected_files, rebuild
from ecluse.journal.state import Change, State, plan_append, with_checkpoint
from ecluse.journal.store import JournalStore
from ecluse.journal.tiles import (
    CHECKPOINT,
    MAX_ENTRY,
    TILE_FOLDER,
    TILE_WIDTH,
    Tile,
    parse_entries,
    parse_hashes,
)

_Parsed = TypeVar("_Parsed")


class Journal:
    """A journal open for reading and appending, by one process; :meth:`open` makes one. Threads may share it."""

    def __init__(self, store: JournalStore, key: LogKey, state: State) -> None:
        self._store = store
        self._key = key
        self._state = state
        self._uncertain = False

    @classmethod
    def open(cls, store: JournalStore, key: LogKey) -> "Journal":
        """Open the journal, or begin one in an empty store.

        Every file is read and checked against the signed checkpoint (linear in the journal's size). Files that an
        interrupted append left are removed.

        Raises:
            TamperError: the checkpoint is not signed by this key, or a file is not what it signs; the file is named.
            BusyError: another process is appending.
            StorageError: the store cannot be read or written.
        """
        with store.lock():
            raw = _stored_checkpoint(store)
            if raw is None:
                raw = _begin(store, key)
            head, _ = _checked_head(raw, key, CHECKPOINT)
            tree = rebuild(store, head)
            if tree.problems:
                raise TamperError(tree.problems[0])
            _drop_leftovers(store, head.size)
            return cls(store, key, State(tree.frontier, tree.tail, tree.tail_hashes, tree.levels, raw))

    @classmethod
    def take_up(cls, store: JournalStore, key: LogKey) -> "Journal":
        """Open the journal at its right edge, or begin one; O(log n) for an append (see :mod:`ecluse.journal.edge`).

        For a store that is itself one transaction (a database), so that no interrupted append can have left files.

        Raises:
            TamperError: the checkpoint is not signed by this key, or a file does not lead to it.
            StorageError: the store cannot be read or written.
        """
        raw = _stored_checkpoint(store)
        if raw is None:
            with store.lock():
                raw = _stored_checkpoint(store) or _begin(store, key)
        head, _ = _checked_head(raw, key, CHECKPOINT)
        return cls(store, key, edge_state(store, head, raw))

    @property
    def size(self) -> int:
        """Number of entries."""
        return self._state.frontier.size

    @property
    def root(self) -> bytes:
        """Merkle tree hash of all entries, 32 bytes."""
        return self._state.frontier.root

    def checkpoint(self) -> bytes:
        """Give the signed checkpoint (C2SP tlog-checkpoint), with the cosignatures added to it so far."""
        return self._state.checkpoint

    def append(self, entries: Sequence[bytes]) -> int:
        """Append entries of at most 65535 bytes: all of them, durably, or none. Gives the index of the first.

        When this raises, the entries are not in the journal, except after a StorageError from the commit itself:
        then they may be, and the journal refuses to append until it is opened again and looked at.

        Raises:
            MalformedError: an entry is too long; nothing is written.
            StorageError: disk full or unwritable.
            BusyError: another process is appending, or has appended since this journal was opened.
            TamperError: the checkpoint in the store is gone or unreadable.
        """
        if any(len(entry) > MAX_ENTRY for entry in entries):
            raise MalformedError(f"a journal entry is longer than {MAX_ENTRY} bytes")
        with self._store.lock():
            self._check_current()
            first = self.size
            if entries:
                self._commit(plan_append(self._state, tuple(map(bytes, entries))))
            return first

    def add_cosignatures(self, cosigned: bytes) -> None:
        """Keep a witness's cosignatures beside the checkpoint; the next append starts a checkpoint without any.

        Raises:
            TamperError: ``cosigned`` is not the current checkpoint with more signatures.
            StorageError, BusyError: as for :meth:`append`.
        """
        with self._store.lock():
            self._check_current()
            current = Note.parse(self._state.checkpoint)
            _, note = _checked_head(cosigned, self._key, "the cosigned checkpoint")
            if note.text != current.text:
                raise TamperError("the cosigned checkpoint is not the current one")
            merged = tuple(dict.fromkeys((*current.signatures, *note.signatures)))
            raw = Note(note.text, merged).encode()
            self._store.write(CHECKPOINT, raw)
            self._state = with_checkpoint(self._state, raw)

    def entries(self, start: int = 0) -> Iterator[bytes]:
        """Give the entries from index ``start`` to the present end, in order, each checked against the tree.

        Raises:
            UsageError: ``start`` is beyond the end.
            TamperError: a file has changed since the journal was opened; raised before any entry of it is given.
        """
        state = self._state
        if not 0 <= start <= state.frontier.size:
            raise UsageError(f"no entry {start} in a journal of {state.frontier.size} entries")
        return self._entries(state, start)

    def inclusion_proof(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Prove that entry ``index`` is in the tree of the first ``size`` entries (all, by default): 32-byte hashes.

        Raises:
            UsageError: no such entry, or no such size.
            TamperError: a file has changed since the journal was opened.
        """
        state = self._state
        return merkle.inclusion_proof(self._nodes(state), index, _within(state, size))

    def consistency_proof(self, old: int, new: int | None = None) -> tuple[bytes, ...]:
        """Prove that the tree of the first ``new`` entries (all, by default) extends that of the first ``old``.

        Raises:
            UsageError: no such sizes.
            TamperError: a file has changed since the journal was opened.
        """
        state = self._state
        return merkle.consistency_proof(self._nodes(state), old, _within(state, new))

    def _entries(self, state: State, start: int) -> Iterator[bytes]:
        full = state.frontier.size // TILE_WIDTH
        for index in range(start // TILE_WIDTH, full):
            bundle = Tile(None, index)
            entries = _read(self._store, bundle, parse_entries)
            if fold([leaf_hash(entry) for entry in entries]) != state.levels[1][index]:
                raise TamperError(f"{bundle.path}: changed since the journal was opened")
            yield from entries[max(0, start - index * TILE_WIDTH) :]
        yield from state.tail[max(0, start - full * TILE_WIDTH) :]

    def _nodes(self, state: State) -> NodeReader:
        """Give the reader of complete nodes: high ones from memory, low ones from a checked level 0 tile."""
        read: dict[int, Sequence[bytes]] = {state.frontier.size // TILE_WIDTH: state.tail_hashes}

        def leaves(index: int) -> Sequence[bytes]:
            if index not in read:
                tile = Tile(0, index)
                hashes = _read(self._store, tile, parse_hashes)
                if fold(hashes) != state.levels[1][index]:
                    raise TamperError(f"{tile.path}: changed since the journal was opened")
                read[index] = hashes
            return read[index]

        def node(level: int, index: int) -> bytes:
            tile_level, height = divmod(level, TILE_HEIGHT)
            start, width = index << height, 1 << height
            if tile_level:
                return fold(state.levels[tile_level][start : start + width])
            return fold(leaves(start // TILE_WIDTH)[start % TILE_WIDTH : start % TILE_WIDTH + width])

        return node

    def _check_current(self) -> None:
        """Make sure, under the lock, that the stored checkpoint is still ours: never two heads of one size."""
        if self._uncertain:
            raise StorageError("an earlier append failed while committing", hint="open the journal again")
        raw = _stored_checkpoint(self._store)
        if raw == self._state.checkpoint:
            return
        if raw is None:
            raise TamperError(f"{CHECKPOINT}: gone since the journal was opened")
        _, note = _checked_head(raw, self._key, CHECKPOINT)
        if note.text != Note.parse(self._state.checkpoint).text:
            raise BusyError("another process has appended to this journal", hint="open the journal again")
        self._state = with_checkpoint(self._state, raw)

    def _commit(self, change: Change) -> None:
        raw = _signed_head(self._key, change.frontier)
        written: list[str] = []
        try:
            for path, data in change.files:
                written.append(path)
                self._store.write(path, data)
        except BaseException:
            for path in written:
                with suppress(EcluseError):
                    self._store.remove(path)
            raise
        self._uncertain = True
        self._store.write(CHECKPOINT, raw)
        levels = self._state.levels
        for level, hashes in enumerate(change.completed[1:], start=1):
            if level == len(levels):
                levels.append([])
            levels[level] += hashes
        self._state = State(change.frontier, change.tail, change.tail_hashes, levels, raw)
        self._uncertain = False
        for path in change.superseded:
            # The append is committed; a file that stays is dropped by the next open.
            with suppress(StorageError):
                self._store.remove(path)


def _within(state: State, size: int | None) -> int:
    if size is None:
        return state.frontier.size
    if size > state.frontier.size:
        raise UsageError(f"no tree of {size} entries in a journal of {state.frontier.size}")
    return size


def _signed_head(key: LogKey, frontier: Frontier) -> bytes:
    text = Checkpoint(key.name, frontier.size, frontier.root).text
    return Note(text, (key.sign(text),)).encode()


def _stored_checkpoint(store: JournalStore) -> bytes | None:
    try:
        return store.read(CHECKPOINT)
    except MalformedError as error:
        raise TamperError(f"{CHECKPOINT}: {error.message}") from error


def _checked_head(raw: bytes, key: LogKey, what: str) -> tuple[Checkpoint, Note]:
    try:
        note, head = read_checkpoint(raw, key.verifier)
    except RefusedError as error:
        raise TamperError(f"{what}: {error.message}") from error
    return head, note


def _begin(store: JournalStore, key: LogKey) -> bytes:
    if store.names(TILE_FOLDER):
        raise TamperError(f"{CHECKPOINT}: missing, though the journal has entries")
    raw = _signed_head(key, Frontier())
    store.write(CHECKPOINT, raw)
    return raw


def _drop_leftovers(store: JournalStore, size: int) -> None:
    """Remove tiles that the checkpoint does not need; files of other names are none of a journal's and stay."""
    needed = expected_files(size)
    for path in store.names(TILE_FOLDER):
        if path not in needed:
            with suppress(MalformedError):
                store.remove(Tile.parse(path).path)


def _read(store: JournalStore, tile: Tile, parse: Callable[[bytes, int], _Parsed]) -> _Parsed:
    try:
        data = store.read(tile.path)
        if data is not None:
            return parse(data, tile.width)
    except MalformedError as error:
        raise TamperError(f"{tile.path}: {error.message}") from error
    raise TamperError(f"{tile.path}: missing")
