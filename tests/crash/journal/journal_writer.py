"""Run by the crash tests: appends batches of three entries up to a size, acknowledging each append that returned.

Acknowledged by pwrite, so that faults injected into write, fsync and rename hit the journal alone. An append that
failed is noted as ``!`` and the journal opened again, as a resumed migration does.
"""

import os
import sys
from pathlib import Path

from ecluse.domain.errors import StorageError
from ecluse.journal.keys import LogKey
from ecluse.journal.log import Journal
from ecluse.journal.store import FolderStore

BATCH = 3


def entry(index: int) -> bytes:
    return f"entry {index};".encode() * (index % 5)


def main(folder: str, key_file: str, acknowledged: str, target: int) -> None:
    key = LogKey.load(Path(key_file))
    handle = os.open(acknowledged, os.O_WRONLY | os.O_CREAT, 0o600)
    place = 0
    done = False
    while not done:
        try:
            journal = Journal.open(FolderStore(Path(folder)), key)
            while journal.size < target:
                journal.append([entry(journal.size + i) for i in range(BATCH)])
                place += os.pwrite(handle, f"{journal.size}\n".encode(), place)
            done = True
        except StorageError:
            place += os.pwrite(handle, b"!\n", place)
    os.close(handle)


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]))
