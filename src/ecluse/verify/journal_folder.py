"""The offline check of one journal's folder, and of a checkpoint that somebody kept, against each other."""

import datetime as dt
from dataclasses import replace
from functools import partial
from pathlib import Path

from ecluse.domain.errors import Location, MalformedError, StorageError
from ecluse.verify import _notes, _steps_journal, _tree
from ecluse.verify._case import Case, PlaceCase, fits
from ecluse.verify._trust import read_trust
from ecluse.verify.audit import Rule, run
from ecluse.verify.report import FailedError, NotReachedError, Report, Words

_MAX_FILE = 64 << 20


def verify_journal(
    folder: Path,
    *,
    now: dt.datetime,
    vkey: str | None = None,
    kept: Path | None = None,
    trust: Path | None = None,
) -> Report:
    """Check a journal's folder: signature, root from entries and from tiles, entries, time, transitions, law 5.

    Args:
        folder: a place's ``journal`` folder, or one unpacked from a bundle.
        now: the auditor's own time, with its zone.
        vkey: the log's public key, ``name+id+base64``; None: the file ``vkey`` in the folder, for which nobody but
            ``trust`` then vouches.
        kept: a checkpoint of this journal that somebody kept; the journal must be a continuation of it.
        trust: an allowed_signers file that may list the log's key under the log's name.

    Raises:
        StorageError: a file cannot be read.
        MalformedError: the trust file is not one, or a file is larger than any of a journal.
    """
    files = _read(folder)
    if vkey is not None:
        files["vkey"] = vkey.encode()
    case = Case(now=now.astimezone(dt.UTC), trust=read_trust(trust) if trust else None, load=dict)
    name = _place_of(files.get("vkey", b""))
    case.places[name] = PlaceCase(name, journal=files)
    steps = _steps_journal
    rules = [
        Rule("key", partial(steps.key, name)),
        Rule("checkpoint", partial(steps.checkpoint, name), ("key",)),
        Rule("root", partial(steps.root, name), ("checkpoint",)),
        Rule("tiles", partial(steps.tiles, name), ("root",)),
        Rule("entries", partial(steps.entries, name), ("root",)),
        Rule("time", partial(steps.time, name), ("entries",)),
        Rule("transitions", partial(steps.transitions, name), ("entries",)),
        Rule("laws", partial(steps.laws, name), ("entries",)),
        Rule("consistency", partial(_consistency, name, kept), ("root",)),
    ]
    report, key = run(rules, case), case.places[name].key
    listed = case.trust is not None and key is not None and case.trust.knows(key.name)
    return replace(report, vouched=vkey is not None or listed)


def _consistency(name: str, kept: Path | None, case: Case) -> Words:
    """The kept checkpoint is of this log, and the tree of its size over today's entries has its root."""
    if kept is None:
        raise NotReachedError("no earlier checkpoint was given", "aucun point de contrôle antérieur n'est donné")
    place = case.place(name)
    head = _notes.read_checkpoint(_file(kept))
    if place.key is None:
        raise FailedError("no log key", "pas de clé de journal")
    _notes.check_log(head, place.key)
    fits(
        head.size <= len(place.raw),
        f"the journal has been set back: {head.size} entries were signed, {len(place.raw)} are there",
        f"le journal a été ramené en arrière : {head.size} entrées signées, {len(place.raw)} présentes",
    )
    own = _tree.root_of([_tree.leaf(entry) for entry in place.raw[: head.size]])
    fits(own == head.root, "the journal has been rewritten since", "le journal a été réécrit depuis")
    return Words(f"a continuation of the {head.size} entries kept", f"prolonge les {head.size} entrées conservées")


def _place_of(vkey: bytes) -> str:
    parts = vkey.decode("utf-8", "replace").split("+")[0].split("/")
    return parts[1] if len(parts) == len(("ecluse", "place", "agent")) else "journal"


def _read(folder: Path) -> dict[str, bytes]:
    """Every file of the folder but hidden ones, which are the store's own."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    names = {path.relative_to(folder).as_posix(): path for path in found}
    return {name: _file(path) for name, path in names.items() if not name.startswith(".")}


def _file(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_FILE:
            raise MalformedError("larger than any file of a journal", location=Location(file=str(path)))
        return path.read_bytes()
    except OSError as error:
        raise StorageError(error.strerror or "cannot be read", location=Location(file=str(path))) from None
