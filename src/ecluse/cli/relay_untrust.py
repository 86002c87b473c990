"""``ecluse relay untrust``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import argument, define
from ecluse.cli._relay import by_option, check_handle, home_option, opened
from ecluse.cli._text import Text, tr


@define(
    Text(
        "No longer trust an agreement at a relay. Nothing new comes in under it; what lies there goes on being erased "
        "on time.",
        "Ne plus se fier à un contrat, à un relais. Rien de nouveau n'entre sous ce contrat ; ce qui s'y trouve "
        "continue d'être effacé à temps.",
    ),
    example="ecluse relay untrust sha256:DIGEST --home relay --by adm.roux",
)
@argument("digest", text=Text("The agreement's digest, as relay status shows it.",
                              "L'empreinte du contrat, comme relay status la montre."))  # fmt: skip
@home_option
@by_option
def command(digest: str, home: Path, by: str) -> None:
    """End one agreement."""
    check_handle(by)
    opened(home).admission.end(digest, by)
    _output.emit({"agreement": digest, "trusted": False})
    _output.say(tr(f"{digest}: no longer confirmed here", f"{digest} : n'est plus confirmé ici"))
