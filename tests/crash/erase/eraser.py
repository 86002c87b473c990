"""Run by the crash tests: erases one place, with all that belongs to it; says so when it is done."""

import datetime as dt
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from ecluse.adapters.mailboxes.folder import FolderMailbox
from ecluse.control.erase import empty_mailbox, erase_place
from ecluse.control.scan import Tree
from ecluse.domain.errors import StorageError
from ecluse.wire.artefacts import encode
from ecluse.workspace.place import Place, Workspace
from erasing import AGENTS, planted
from synthetic_evidence import sshsig

NOW = dt.datetime(2026, 3, 20, 12, 0, tzinfo=dt.UTC)
FAILED = 9


def main(root: Path, end: str, keys: Path, *, markers: bool = True) -> None:
    """The caller works markers out anew each time; ``markers`` False: it no longer can."""
    temporary = patch.object(tempfile, "tempdir", str(root / "temporary"))
    with temporary, Workspace(root / end, clock=lambda: NOW) as place:
        agent = AGENTS[place.place]
        key = load_ssh_private_key((keys / agent).read_bytes(), None)
        assert isinstance(key, Ed25519PrivateKey)
        empty_mailbox(place, FolderMailbox(root / "mailbox"))
        erase_place(
            place,
            lambda certificate: {agent: sshsig(encode(certificate), key, "ecluse.erasure")},
            planted() if markers else (),
            identity=root / "recipient.age" if place.place is Place.DESTINATION else None,
            trees=(Tree("mailbox", root / "mailbox"),),
        )


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
    except StorageError as error:
        sys.stdout.write(f"{error}\n")
        sys.exit(FAILED)
