"""Real places of a migration that has ended, and their real erasure: what the tests of erasure begin with."""

import random
import shutil
import string
from pathlib import Path

from ecluse.control.erase import erase_place
from ecluse.control.scan import Tree
from ecluse.control.signatures import sign_artefact
from ecluse.domain.records import ErasureCertificate
from ecluse.workspace.place import Place, Workspace
from synthetic_evidence import Keys, Migration

AGENTS = {Place.SOURCE: "agent-a", Place.DESTINATION: "agent-b"}


def planted(number: int = 6) -> tuple[bytes, ...]:
    """Markers shaped as ``migration.canary`` makes them."""
    rng = random.Random(7)
    digits = [str(rng.randrange(10**17, 10**18)).encode() for _ in range(number)]
    return (*digits, *("".join(rng.choices(string.ascii_uppercase, k=20)).encode() for _ in range(number)))


def accepted(root: Path, keys: Keys) -> Migration:
    """A migration up to its acceptance, both secrets and the recipient's identity in their files."""
    migration = Migration(root, keys)
    for _ in migration.run("accepted"):
        pass
    migration.source.secret("canary")
    migration.source.secret("digest")
    keys.identity.save(root / "recipient.age")
    return migration


def erased(
    root: Path, keys_folder: Path, place: Workspace, markers: tuple[bytes, ...] = planted(), **more: object
) -> ErasureCertificate:
    """Erase one place for good."""
    at_destination = place.place is Place.DESTINATION
    agent = AGENTS[place.place]
    given = {
        "identity": root / "recipient.age" if at_destination else None,
        "trees": (Tree("mailbox", root / "mailbox"),),
        **more,
    }
    return erase_place(
        place,
        lambda certificate: {agent: sign_artefact(certificate, keys_folder / agent)},
        markers,
        **given,  # type: ignore[arg-type]
    )


def copy_of(root: Path, to: Path) -> Path:
    """The same places again, to be erased again."""
    shutil.copytree(root, to)
    return to
