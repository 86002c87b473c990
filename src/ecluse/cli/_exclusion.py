"""The controller's key of the list of persons who stay out."""

import re
from pathlib import Path

from ecluse.cli._text import Text
from ecluse.domain.errors import Location, MalformedError, SignatureError, UsageError

KEY = Text("The controller's exclusion key.", "La clé d'exclusion du responsable.")
_OTHERS = 0o077
_HEX = re.compile(r"[0-9a-f]{64}")


def read_key(path: Path) -> bytes:
    """The key's bytes: the file's 64 hexadecimal digits as text, so that ``openssl dgst -hmac "$(cat FILE)"`` agrees.

    Raises:
        UsageError: no such file.
        SignatureError: others may read it.
        MalformedError: not a key that ``ecluse key new exclusion`` wrote.
    """
    place = Location(file=str(path))
    try:
        mode, data = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", location=place) from None
    if mode & _OTHERS:
        raise SignatureError("others may read or change this key", location=place, hint="chmod 600")
    text = data.decode("ascii", "replace").strip()
    if not _HEX.fullmatch(text):
        raise MalformedError("not an exclusion key", location=place, hint="make one with: ecluse key new exclusion")
    return text.encode("ascii")
