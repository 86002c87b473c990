"""``ecluse order check``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._order_files import AGREEMENT, read_order, tell_filled
from ecluse.cli._text import Text, tr


@define(
    Text(
        "Check it against the catalogue and the agreement. Checks the published schema and every field's name; with "
        "--agreement, also that the order may stand on it: dates, controller, signatory, erase-by.",
        "Le vérifier avec le catalogue et le contrat. Vérifie le schéma publié et le nom de chaque champ ; avec "
        "--agreement, vérifie aussi que l'ordre peut s'appuyer dessus : dates, responsable, signataire, date "
        "d'effacement.",
    ),
    example="ecluse order check order.yaml --agreement agreement.json",
)
@argument("file", type=FILE, text=Text("The draft, or its signed form.", "Le brouillon, ou sa forme signée."))
@option("--agreement", type=FILE, text=AGREEMENT)
def command(file: Path, agreement: Path | None) -> None:
    """Check one order."""
    written = read_order(file, agreement)
    _output.emit({"file": str(file), "problems": [], "filled_in": {f.path: f.value for f in written.filled}})
    tell_filled(written.filled)
    if written.order.trace is None:
        _output.say(
            tr(
                "note: no trace is ordered, so no fingerprints are made; a leak of this export could not be traced",
                "note : aucune trace n'est ordonnée, donc aucune empreinte n'est faite ; une fuite de cet export ne "
                "pourrait être retracée ensuite",
            )
        )
    if agreement:
        _output.say(tr(f"{file}: may stand on {agreement}", f"{file} : peut s'appuyer sur {agreement}"))
    else:
        _output.say(
            tr(f"{file}: says all it must, and nothing unknown", f"{file} : dit tout ce qu'il doit, rien d'inconnu")
        )
        _output.warn(
            tr(
                "not checked against its agreement: give --agreement",
                "pas vérifié avec son contrat : donnez --agreement",
            )
        )
