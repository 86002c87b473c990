"""Running the stock ``ssh-keygen``, by name, without a shell."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ecluse.domain.errors import SignatureError

# Signing waits for a person (passphrase, PIN, touch) and has no limit; nothing else takes long.
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; ``said`` is what it wrote to its error stream, unless a terminal showed it already."""

    ok: bool
    output: bytes
    said: str


def run(arguments: Sequence[str], message: bytes = b"", *, person: bool = False) -> Outcome:
    """Run ``ssh-keygen`` with ``message`` on its standard input.

    With ``person``, its requests must be seen while it runs: a passphrase is asked on the terminal device in any
    case, but a token's "confirm user presence" goes to the error stream, so that is left alone where it is a terminal.

    Raises:
        SignatureError: ``ssh-keygen`` is not installed, cannot run, or does not answer.
    """
    seen = person and _error_stream_is_terminal()
    try:
        done = subprocess.run(
            ["ssh-keygen", *arguments],
            input=message,
            stdout=subprocess.PIPE,
            stderr=None if seen else subprocess.PIPE,
            timeout=None if person else _TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SignatureError(f"ssh-keygen did not answer within {_TIMEOUT_S} seconds") from None
    except (OSError, ValueError) as error:
        hint = "install the OpenSSH client, version 8.2 or newer"
        raise SignatureError("ssh-keygen could not be run", hint=hint) from error
    said = " / ".join((done.stderr or b"").decode("utf-8", "replace").split("\n")).strip(" /")
    return Outcome(ok=done.returncode == 0, output=done.stdout, said=said)


def _error_stream_is_terminal() -> bool:
    try:
        return sys.stderr.isatty() and sys.stderr.fileno() == 2  # noqa: PLR2004 (the child inherits descriptor 2)
    except (AttributeError, OSError, ValueError):
        return False
