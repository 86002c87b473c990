"""``ecluse help exit-codes``."""

from ecluse.cli import _output
from ecluse.cli._app import define
from ecluse.cli._exit_codes import table
from ecluse.cli._text import Text, tr


@define(
    Text(
        "What each exit code means. A code is never given another meaning. From 30 to 39 the same command may work "
        "later, and nothing is lost.",
        "Ce que dit chaque code de sortie. Un code ne change jamais de sens. De 30 à 39, la même commande peut réussir "
        "plus tard, et rien n'est perdu.",
    ),
    example="ecluse help exit-codes --json",
)
def command() -> None:
    """Print the table."""
    codes = table()
    _output.emit([{"code": c.code, "error": c.name, "meaning": str(c.text)} for c in codes])
    head = (tr("code", "code"), tr("error", "erreur"), tr("meaning", "sens"))
    _output.table("", head, [(str(c.code), c.name, str(c.text)) for c in codes], right=(0,))
