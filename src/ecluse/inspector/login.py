"""The account that an inspection may use: its password from a passfile, its key from a file."""

import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from ecluse.domain.errors import Location, UsageError
from ecluse.inspector.target import Target

_FIELDS = 5

_MAIL = "inspector@ecluse.invalid"
GUESSES = tuple((name, password) for name in ("anonymous", "ftp", "guest") for password in ("", _MAIL))
"""All that is ever tried without being given: names that mean nobody. A longer list would be an attack."""
ANONYMOUS = frozenset({"anonymous", "ftp"})


@dataclass(frozen=True, slots=True)
class Login:
    """How a target is entered. ``key``: a private key's file, for SSH. ``known_hosts``: in OpenSSH's format."""

    user: str = ""
    password: str | None = field(default=None, repr=False)
    key: str | None = None
    known_hosts: str | None = None


def password_of(target: Target, user: str, passfile: str | None) -> str | None:
    """The password that a passfile in libpq's format (``host:port:path:user:password``, mode 0600) holds for a target.

    Raises:
        UsageError: others may read the file, or it cannot be read.
    """
    if passfile is None or not user:
        return None
    path, where = Path(passfile), Location(file=passfile)
    try:
        open_to_others = path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        open_to_others, lines = 0, None
    if lines is None:
        raise UsageError("the passfile cannot be read", location=where)
    if open_to_others:
        raise UsageError("others may read the passfile", location=where, hint="chmod 600")
    wanted = (target.host or "localhost", str(target.port), target.path.lstrip("/"), user)
    for line in lines:
        entry = [re.sub(r"\\(.)", r"\1", part) for part in re.split(r"(?<!\\):", line, maxsplit=_FIELDS - 1)]
        if line.startswith("#") or len(entry) != _FIELDS:
            continue
        if all(has in {"*", needs} for has, needs in zip(entry, wanted, strict=False)):
            return entry[-1]
    return None
