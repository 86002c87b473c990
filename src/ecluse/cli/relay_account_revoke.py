"""``ecluse relay account revoke``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import argument, define
from ecluse.cli._relay import by_option, check_handle, home_option, opened
from ecluse.cli._text import Text, tr


@define(
    Text(
        "Close an account of a relay for good. Its open sessions end within seconds; it stays on file, so that its "
        "keys are never bound to somebody else.",
        "Fermer pour de bon un compte d'un relais. Ses sessions ouvertes finissent en quelques secondes ; il reste au "
        "dossier, pour que ses clés ne soient jamais liées à quelqu'un d'autre.",
    ),
    example="ecluse relay account revoke agent-source --home relay --by adm.roux",
)
@argument("id_", metavar="ID", text=Text("The account's id.", "L'identifiant du compte."))
@home_option
@by_option
def command(id_: str, home: Path, by: str) -> None:
    """Close one account."""
    check_handle(by)
    desk = opened(home)
    desk.accounts.revoke(id_, desk.log, by)
    _output.emit({"account": id_, "revoked": True})
    _output.say(tr(f"{id_}: revoked", f"{id_} : révoqué"))
