"""What the relay's commands share: its folder, who acts, its rules opened."""

import re
from collections.abc import Callable
from pathlib import Path

from ecluse.cli._app import FILE, option
from ecluse.cli._text import Text, tr
from ecluse.domain.errors import Location, UsageError
from ecluse.domain.names import is_the_rooms
from ecluse.relay.desk import Desk
from ecluse.relay.home import SETTINGS, Home
from ecluse.relay.log import Log

Function = Callable[..., None]
_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def home_option(function: Function) -> Function:
    """``--home``."""
    text = Text("Folder of the relay.", "Dossier du relais.")
    return option("--home", type=FILE, default=Path("relay"), show_default=True, text=text)(function)


def by_option(function: Function) -> Function:
    """``--by``."""
    text = Text("Who does this: their handle, for the relay's journal.",
                "Qui fait cela : son identifiant, pour le journal du relais.")  # fmt: skip
    return option("--by", required=True, metavar="HANDLE", text=text)(function)


def opened(home: Path) -> Desk:
    """A relay's rules.

    Raises:
        UsageError: none lives there.
    """
    if not (home / SETTINGS).is_file():
        raise UsageError(tr("no relay lives here", "aucun relais ici"), location=Location(file=str(home)),
                         hint="ecluse relay init --home DIR")  # fmt: skip
    found = Home(home)
    return Desk(found, Log(found))


def check_handle(name: str) -> None:
    """Refuse who cannot be written into a journal."""
    if not _HANDLE.fullmatch(name) or is_the_rooms(name):
        raise UsageError(tr("a handle is letters, digits, '.', '_', '-'",
                            "un identifiant est fait de lettres, chiffres, « . », « _ », « - »"),
                         location=Location(field=name[:60]))  # fmt: skip
