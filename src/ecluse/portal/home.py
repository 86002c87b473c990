"""The room's folder: its keys are made once, readable by their owner alone. Settings import this: no Django here."""

import secrets
from pathlib import Path

from ecluse.journal import LogKey
from ecluse.workspace.files import make_folder, read, write_atomic

_SECRET = "django.secret"  # noqa: S105 - a file's name
_LOG = "log.key"


def prepare(home: Path) -> None:
    """Make the folder and its keys, where they are not there yet; raises StorageError."""
    make_folder(home)
    make_folder(home / "keys")
    if not (home / "keys" / _SECRET).exists():
        write_atomic(home / "keys" / _SECRET, secrets.token_urlsafe(64).encode())
    if not (home / "keys" / _LOG).exists():
        LogKey.generate("ecluse/control-room").save(home / "keys" / _LOG)


def secret_key(home: Path) -> str:
    """The secret that signs cookies; one for this process alone where there is no room (tools that read settings)."""
    path = home / "keys" / _SECRET
    return read(path).decode() if path.is_file() else secrets.token_urlsafe(64)
