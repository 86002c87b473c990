"""A bearer token, read from a file that its owner alone may read; never an option's value, never in an error (R5)."""

from pathlib import Path

from ecluse.domain.errors import Location, MalformedError, StorageError, UsageError
from ecluse.workspace.files import read

_MOST = 4096


def read_token(path: Path) -> str:
    """The token.

    Raises:
        UsageError: others may read the file.
        StorageError: it cannot be read.
        MalformedError: no token is in it.
    """
    where = Location(file=str(path))
    try:
        if path.stat().st_mode & 0o077:
            raise UsageError("others may read this token", location=where, hint="chmod 600")
    except OSError as error:
        raise StorageError(error.strerror or "cannot be read", location=where) from None
    found = read(path).strip()
    if not 0 < len(found) <= _MOST or not found.isascii() or not found.decode("ascii").isprintable() or b" " in found:
        raise MalformedError("not a token", location=where)
    return found.decode("ascii")
