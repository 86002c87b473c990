"""Keys that the auditor has from elsewhere: an OpenSSH allowed_signers file (ssh-keygen(1), ALLOWED SIGNERS)."""

import re
from dataclasses import dataclass
from pathlib import Path

from ecluse.domain.errors import Location, MalformedError, SignatureError, StorageError
from ecluse.verify._sshsig import Key, key_of

_LINE = re.compile(r'(?P<names>[^ \t*?!"]+)[ \t]+(?:namespaces="(?P<spaces>[^"]+)"[ \t]+)?(?P<key>[a-z].*)')
_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class _Pin:
    names: frozenset[str]
    spaces: tuple[re.Pattern[str], ...]
    key: Key


@dataclass(frozen=True, slots=True)
class Trust:
    """Keys by principal."""

    pins: tuple[_Pin, ...]

    def knows(self, principal: str) -> bool:
        """Whether the file says anything of that principal."""
        return any(principal in pin.names for pin in self.pins)

    def keys(self, principal: str, namespace: str) -> frozenset[Key]:
        """Keys by which that principal may sign in that namespace."""
        return frozenset(
            pin.key
            for pin in self.pins
            if principal in pin.names and (not pin.spaces or any(p.fullmatch(namespace) for p in pin.spaces))
        )


def read_trust(path: Path) -> Trust:
    """Read an allowed_signers file: exact principals, the ``namespaces`` option, nothing else.

    Raises:
        MalformedError: a line of another form (patterns, certificates, dates); names the line.
        StorageError: the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StorageError(error.strerror or "cannot be read", location=Location(file=str(path))) from None
    return parse_trust(data, file=str(path))


def parse_trust(data: bytes, *, file: str) -> Trust:
    """As :func:`read_trust`, from bytes."""
    if len(data) > _MAX:
        raise MalformedError(f"longer than {_MAX} bytes", location=Location(file=file))
    pins = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            pins.append(_pin(line.strip(), Location(file=file, line=number)))
    if not pins:
        raise MalformedError("no key is listed here", location=Location(file=file))
    return Trust(tuple(pins))


def _pin(line: str, where: Location) -> _Pin:
    match = _LINE.fullmatch(line)
    if match is None:
        hint = 'names without patterns, optionally namespaces="…", then the key'
        raise MalformedError("not an allowed_signers line that can be pinned", location=where, hint=hint)
    try:
        key = key_of(match["key"])
    except SignatureError as error:
        raise MalformedError(error.message, location=where) from None
    spaces = tuple(_pattern(space) for space in (match["spaces"] or "").split(",") if space)
    return _Pin(frozenset(match["names"].split(",")), spaces, key)


def _pattern(space: str) -> re.Pattern[str]:
    return re.compile(re.escape(space).replace(r"\*", ".*").replace(r"\?", "."))
