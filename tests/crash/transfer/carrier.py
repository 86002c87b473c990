"""Deliver and receive, as two short programs: what test_transfer_crash runs, kills and runs again."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from ecluse.adapters.mailboxes.folder import FolderMailbox
from ecluse.control.reading import look
from ecluse.control.transfer import deliver, receive
from ecluse.domain.errors import EcluseError
from ecluse.domain.records import Receipt
from ecluse.wire.artefacts import encode, namespace
from ecluse.workspace.place import Workspace
from killing import killed_at
from synthetic_evidence import BEGIN, sshsig

CALLS = ("fsync", "replace", "unlink", "mkdir")


def carry(root: Path, step: str) -> int:
    """The step's exit code, as the command line would give it."""
    try:
        place = "source" if step == "deliver" else "destination"
        with Workspace(root / place, clock=lambda: BEGIN.replace(hour=9)) as opened:
            mailbox = FolderMailbox(root / "mailbox")
            if step == "deliver":
                deliver(opened, mailbox)
            else:
                known = look(root / "source").progress().pins["agreement"]
                receive(opened, mailbox, lambda receipt: _sign(root, receipt), agreement=known)
    except EcluseError as error:
        return error.exit_code
    return 0


def _sign(root: Path, receipt: Receipt) -> dict[str, bytes]:
    key: Any = load_ssh_private_key((root / "agent-b").read_bytes(), None)
    return {"agent-b": sshsig(encode(receipt), key, namespace("receipt"))}


def killed(root: Path, step: str, at: int, *, after: bool) -> int:
    """The wait status of a step killed at its ``at``-th call of CALLS."""
    return killed_at(CALLS, partial(carry, root, step), at, after=after)


if __name__ == "__main__":
    sys.exit(carry(Path(sys.argv[1]), sys.argv[2]))
