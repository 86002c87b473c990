"""The account that an inspection may use: its password from a passfile, its key from a file."""

from dataclasses import dataclass, field

from ecluse.inspector.target import Target
from ecluse.workspace.passfile import password_in

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
    """The password that a passfile (``workspace.passfile``) holds for a target. Raises UsageError as it does."""
    return password_in(passfile, target.host, target.port, target.path, user) if passfile and user else None
