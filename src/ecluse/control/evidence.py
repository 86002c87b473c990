"""The evidence bundle: all that proves a migration, in one deterministic file (law 10).

A ZIP of stored members in sorted order with fixed dates, so that the same evidence is the same bytes anywhere. What is
in it: docs/reference/evidence-bundle.md. No patient data: ids, counts, keyed digests, source keys of differing rows.
"""

import base64
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ecluse.control.evidence_readme import readme
from ecluse.control.instruct import is_instructed
from ecluse.domain.agreement import Agreement
from ecluse.domain.errors import StorageError, TransitionError, UsageError
from ecluse.domain.plan import Plan
from ecluse.domain.profile import SourceProfile
from ecluse.journal.note import VerifierKey
from ecluse.journal.rebuild import expected_files
from ecluse.journal.store import FolderStore
from ecluse.journal.tiles import CHECKPOINT
from ecluse.seal.signing import allowed_signers
from ecluse.wire.artefacts import KINDS, encode
from ecluse.wire.canonical import canonical, digest
from ecluse.workspace.files import write_atomic
from ecluse.workspace.place import Place, Workspace

MANIFEST_FORMAT = "ecluse.manifest/1"
_MANIFEST = "manifest.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_0644 = 0o100644 << 16
_UNIX = 3
_MAX_MEMBERS = 0xFFFE


@dataclass(frozen=True, slots=True)
class PlaceEvidence:
    """What is known of one place: papers by kind and digest, each with its signatures; its journal's files and key."""

    place: Place
    papers: Mapping[tuple[str, str], tuple[bytes, Mapping[str, bytes]]]
    journal: Mapping[str, bytes]
    key: VerifierKey


def export(places: Sequence[Workspace], target: Path) -> str:
    """Write the evidence of one or both places of a migration to ``target``; returns the bundle's digest.

    The file appears whole or not at all. Only artefacts that a journal names are in it.

    Raises:
        UsageError: no place, or one end twice.
        TransitionError: no order has been admitted yet.
        UsageError: the places work on different orders, or a bundle of them would be too large.
        TamperError: an artefact or journal file is not what its name says.
        StorageError: a file cannot be read, or the target not written.
    """
    _check(places)
    agreement = next(place for place in places if "agreement" in place.progress().pins).pinned(Agreement)
    data = bundle([_of_workspace(place) for place in places], agreement)
    write_atomic(target, data, mode=0o644)
    return digest(data)


def bundle(places: Sequence[PlaceEvidence], agreement: Agreement) -> bytes:
    """The bundle's bytes: the same evidence gives the same.

    Raises:
        UsageError: it would have too many members.
    """
    members = {name: data for place in places for name, data in _members(place)}
    members["allowed_signers"] = _allowed_signers([place.key for place in places], agreement)
    names = sorted(members)
    members |= {name: readme(lang, names) for name, lang in (("README.txt", "en"), ("LISEZMOI.txt", "fr"))}
    listed = {name: digest(data) for name, data in members.items()}
    members[_MANIFEST] = canonical({"format": MANIFEST_FORMAT, "members": listed})
    return _packed(members)


def _check(places: Sequence[Workspace]) -> None:
    if not places:
        raise UsageError("evidence of no place")
    if len({place.place for place in places}) != len(places):
        raise UsageError("two places are the same end of a migration")
    orders = {place.progress().pins["order"] for place in places if "order" in place.progress().pins}
    if not orders:
        raise TransitionError("no order has been admitted yet: there is nothing to prove")
    if len(orders) > 1:
        raise UsageError("the places work on different orders")


def _members(known: PlaceEvidence) -> Iterator[tuple[str, bytes]]:
    """Everything of one place, by member name."""
    for (kind, address), (data, signatures) in sorted(known.papers.items()):
        stem = f"{known.place}/artefacts/{kind}/{address.removeprefix('sha256:')}"
        yield f"{stem}.json", data
        for signer, signature in signatures.items():
            yield f"{stem}.{signer}.sig", signature
    for path, data in known.journal.items():
        yield f"{known.place}/journal/{path}", data
    yield f"{known.place}/journal/vkey", f"{known.key}\n".encode()


def _of_workspace(place: Workspace) -> PlaceEvidence:
    papers = {}
    for kind, address in sorted(named_papers(place)):
        cls = KINDS[kind]
        papers[kind, address] = encode(place.get(cls, address)), place.signatures(cls, address)
    store, journal = FolderStore(place.root / "journal"), {CHECKPOINT: place.journal.checkpoint()}
    for path in expected_files(place.journal.size):
        data = store.read(path)
        if data is None:
            raise StorageError(f"{path}: gone since the journal was opened")
        journal[path] = data
    return PlaceEvidence(place.place, papers, journal, place.key.verifier)


def named_papers(place: Workspace) -> set[tuple[str, str]]:
    """Kind and digest of every artefact that the journal names, and of the profile that the plan names."""
    done = place.progress()
    named = set(done.pins.items())
    named |= {("instruction", entry.subject) for entry in place.entries() if is_instructed(entry)}
    named |= {("receipt", address) for address in (*done.sealed.values(), *done.received.values())}
    if "plan" in done.pins:
        profile = place.get(Plan, done.pins["plan"]).profile
        with suppress(StorageError):
            place.get(SourceProfile, profile)
            named.add(("source-profile", profile))
    return named


def _allowed_signers(logs: Sequence[VerifierKey], agreement: Agreement) -> bytes:
    """The agreement's keys, and the logs' keys under their logs' names, for whoever wants to pin them."""
    parties = (agreement.controller, agreement.processor)
    people = allowed_signers([(signer.id, signer.key) for party in parties for signer in party.signers])
    return people + "".join(sorted(map(_log_line, logs))).encode()


def _log_line(key: VerifierKey) -> str:
    parts = (b"ssh-ed25519", key.public)
    blob = base64.b64encode(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).decode()
    return f'{key.name} namespaces="ecluse.checkpoint" ssh-ed25519 {blob}\n'


def _packed(members: dict[str, bytes]) -> bytes:
    if len(members) > _MAX_MEMBERS:
        raise UsageError(f"a bundle has at most {_MAX_MEMBERS} members", hint="export each place by itself")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = _UNIX, _REGULAR_0644
            archive.writestr(info, members[name])
    return buffer.getvalue()
