"""A control room's records opened from the command line: Django set up over its folder."""

import os
from importlib.util import find_spec
from pathlib import Path

from ecluse.cli._text import tr
from ecluse.domain.errors import Location, UsageError


def enter_room(home: Path, database: str | None) -> None:
    """Make the store's modules importable for one room; once a process.

    Raises:
        UsageError: the ``portal`` extra is missing, or no room lives there.
    """
    if find_spec("django") is None:
        raise UsageError(tr("this command needs the portal extra", "cette commande demande l'extra « portal »"),
                         hint="pip install 'ecluse[portal]'")  # fmt: skip
    if not (home / "keys" / "log.key").is_file():
        raise UsageError(tr("there is no control room here", "il n'y a pas de salle de contrôle ici"),
                         location=Location(file=str(home)))  # fmt: skip
    os.environ["ECLUSE_HOME"] = str(home.absolute())
    if database:
        os.environ["ECLUSE_DATABASE_URL"] = database
    from ecluse.portal.__main__ import ready  # noqa: PLC0415 - settings are read there

    ready()
