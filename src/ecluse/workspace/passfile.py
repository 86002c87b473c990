"""Passwords in a file of their own, in libpq's format: ``host:port:database:user:password``, mode 0600."""

import re
import stat
from pathlib import Path

from ecluse.domain.errors import Location, UsageError

_FIELDS = 5
_APART = re.compile(r"(?<!\\):")
_ESCAPED = re.compile(r"\\(.)")


def password_in(passfile: str, host: str, port: int, path: str, user: str) -> str | None:
    r"""The password of the first line that matches; None if none does.

    Args:
        passfile: The file. ``*`` in a field matches anything, ``\`` escapes the next character, ``#`` begins a remark.
        host: Of the server; empty for this machine.
        port: TCP.
        path: The database, or where one goes on a server.
        user: The account.

    Raises:
        UsageError: others may read the file, or it cannot be read.
    """
    where = Location(file=passfile)
    try:
        open_to_others = Path(passfile).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        lines = [] if open_to_others else Path(passfile).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        open_to_others, lines = 0, None
    if lines is None:
        raise UsageError("the passfile cannot be read", location=where)
    if open_to_others:
        raise UsageError("others may read the passfile", location=where, hint="chmod 600")
    wanted = (host or "localhost", str(port), path.lstrip("/"), user)
    for line in lines:
        entry = [_ESCAPED.sub(r"\1", part) for part in _APART.split(line, maxsplit=_FIELDS - 1)]
        if line.startswith("#") or len(entry) != _FIELDS:
            continue
        if all(has in {"*", needs} for has, needs in zip(entry, wanted, strict=False)):
            return entry[-1]
    return None
