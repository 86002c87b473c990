"""``ecluse watch``."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from ecluse.cli._app import FILE, define, option
from ecluse.cli._text import Text, tr
from ecluse.domain.errors import UsageError


@define(
    Text(
        "Watch over a control room, beside or instead of the watch that `ecluse serve` starts: events against the "
        "rules, clocks, silence, and telling people. Several may run, on several hosts; one works, the others take "
        "over within 15 seconds.",
        "Veiller sur une salle de contrôle, à côté ou à la place de la veille que lance « ecluse serve » : événements "
        "et règles, délais, silences, et messages. Plusieurs peuvent tourner, sur plusieurs machines ; une travaille, "
        "les autres prennent le relais en moins de 15 secondes.",
    ),
    example="ecluse watch --home control-room --origin https://ecluse.labo.example",
)
@option("--home", type=FILE, default=Path("control-room"), show_default=True,
        text=Text("Folder of the room: its database and its keys.",
                  "Dossier de la salle : sa base et ses clés."))  # fmt: skip
@option("--origin", metavar="URL",
        text=Text("Address that people use, for the links in what they are told.",
                  "Adresse que les gens utilisent, pour les liens des messages."))  # fmt: skip
@option("--database", metavar="URL",
        text=Text("PostgreSQL instead of the folder's SQLite; a password stands in the environment or a passfile.",
                  "PostgreSQL au lieu du SQLite du dossier ; le mot de passe est dans l'environnement ou un "
                  "passfile."))  # fmt: skip
def command(home: Path, origin: str | None, database: str | None) -> None:
    """Become the process that watches."""
    if find_spec("django") is None:
        raise UsageError(tr("this command needs the portal extra", "cette commande demande l'extra « portal »"),
                         hint="pip install 'ecluse[portal]'")  # fmt: skip
    if not (home / "keys").is_dir():
        raise UsageError(tr("there is no control room in this folder", "il n'y a pas de salle dans ce dossier"),
                         hint=tr("ecluse serve --home makes one", "ecluse serve --home en fait une"))  # fmt: skip
    given = {"ECLUSE_HOME": str(home.absolute())}
    given |= {"ECLUSE_ORIGIN": origin.rstrip("/")} if origin else {}
    given |= {"ECLUSE_DATABASE_URL": database} if database else {}
    os.execve(sys.executable, [sys.executable, "-P", "-m", "ecluse.portal.watch"], os.environ | given)  # noqa: S606 - no shell
