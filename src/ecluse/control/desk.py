"""A place's desk: where papers lie on their way into and out of a mailbox; nothing stays there."""

from pathlib import Path

from ecluse.control.ports import Mailbox
from ecluse.domain.errors import Location, MalformedError
from ecluse.wire.artefacts import MAX_BYTES, encode, kind_of
from ecluse.workspace.files import erase, read, write_atomic
from ecluse.workspace.place import Workspace

DESK = "desk"
"""Folder of a place where papers wait to be sent or read."""


def papers_of(place: Workspace, cls: type, address: str) -> dict[str, bytes]:
    """A recorded artefact and its signatures, by the names under which they travel; the artefact last.

    Where it lies, its signatures do.
    """
    stem = f"{kind_of(cls)}.{address.removeprefix('sha256:')}"
    signatures = place.signatures(cls, address)
    papers = {f"{stem}.{signer}.sig": signature for signer, signature in signatures.items()}
    return {**papers, f"{stem}.json": encode(place.get(cls, address))}


def send(place: Workspace, mailbox: Mailbox, name: str, data: bytes) -> None:
    """Deliver a paper; doing it twice is harmless."""
    path = place.root / DESK / name
    write_atomic(path, data, mode=0o644)
    mailbox.deliver(name, path)
    erase(path)


def fetch(place: Workspace, mailbox: Mailbox, name: str) -> bytes:
    """A paper's bytes. Raises MalformedError for one that is too long."""
    path = place.root / DESK / Path(name).name
    path.parent.mkdir(exist_ok=True, mode=0o700)
    mailbox.collect(name, path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MalformedError(f"longer than {MAX_BYTES} bytes", location=Location(file=name))
        return read(path)
    finally:
        erase(path)
