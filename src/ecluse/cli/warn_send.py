"""``ecluse warn send``."""

from pathlib import Path

import click

from ecluse.adapters.strangers import Stranger
from ecluse.cli import _letters, _output, _text
from ecluse.cli._app import argument, define, option
from ecluse.cli._text import Text, tr
from ecluse.domain.warnings import Function


@define(
    Text(
        "Hand a warning in. It is sealed as it reaches the room, to those who may read it; whoever it is about is not "
        "among them. Prints a receipt number and a secret: they are kept nowhere, here neither. The network that you "
        "use may note that you called the room; your shell may note this command.",
        "Faire un signalement. Il est scellé en arrivant à la salle, pour qui peut le lire ; qui est visé n'en est "
        "pas. Donne un numéro de reçu et un secret : ils ne sont gardés nulle part, ici non plus. Le réseau employé "
        "peut noter que vous avez appelé la salle ; votre shell peut noter cette commande.",
    ),
    example="ecluse warn send --room https://ecluse.labo.example warning.txt\n"
    "ecluse warn send --room https://ecluse.labo.example --sample --attach lines.csv --about security_officer",
)
@argument("file", metavar="[FILE]", required=False,
          text=Text("The text; - or nothing: from the terminal or a pipe.",
                    "Le texte ; - ou rien : du terminal ou d'un tube."))  # fmt: skip
@_letters.room_option
@_letters.attach_option
@option("--exposed", is_flag=True,
        text=Text("Patients' data are open to strangers now: the clocks run in hours.",
                  "Des données de patients sont accessibles à des tiers : les délais courent en heures."))  # fmt: skip
@option("--sample", is_flag=True,
        text=Text("Leaked lines are attached.", "Des lignes qui ont fui sont jointes."))  # fmt: skip
@option("--organisation", default="", metavar="NAME",
        text=Text("The laboratory or firm it is about: name or FINESS number. A laboratory that is named can come to "
                  "read it.",
                  "Le laboratoire ou l'entreprise en cause : nom ou numéro FINESS. Un laboratoire nommé peut en venir "
                  "à le lire."))  # fmt: skip
@option("--share", is_flag=True,
        text=Text("The laboratory may read it at once.", "Le laboratoire peut le lire tout de suite."))  # fmt: skip
@option("--about", "functions", multiple=True, type=click.Choice([str(each) for each in Function]),
        text=Text("It is about whoever holds this function. May be repeated.",
                  "Il est au sujet de qui tient cette fonction. Peut se répéter."))  # fmt: skip
@option("--named", multiple=True, metavar="NAME",
        text=Text("It is about this person: name or address. May be repeated.",
                  "Il est au sujet de cette personne : nom ou adresse. Peut se répéter."))  # fmt: skip
@_letters.ca_option
def command(  # noqa: PLR0917 - one for each option
    file: str | None,
    room: str,
    files: tuple[Path, ...],
    exposed: bool,  # noqa: FBT001 - an option
    sample: bool,  # noqa: FBT001 - an option
    organisation: str,
    share: bool,  # noqa: FBT001 - an option
    functions: tuple[str, ...],
    named: tuple[str, ...],
    ca: Path | None,
) -> None:
    """Hand one in."""
    stranger = Stranger(room, ca)
    text = _letters.words(file)
    more = {
        "language": _text.language(), "exposed": exposed, "sample": sample, "organisation": organisation,
        "shared": share, "functions": list(dict.fromkeys(functions)), "named": list(named),
    }  # fmt: skip
    done = stranger.warn(text, _letters.attached(files, text), more)
    if _output.MODE.json:
        _output.emit(dict(done))
        return
    _output.raw(f"{tr('receipt', 'reçu')}: {done['receipt']}\n{tr('secret', 'secret')}: {done['secret']}")
    _output.say(
        tr("Write both down: the secret is kept nowhere.", "Notez les deux : le secret n'est gardé nulle part.")
    )
    by, answered = done["acknowledge_by"], done["answer_by"]
    _output.say(tr(f"To be acknowledged by {by}, answered by {answered}.",
                   f"Accusé de réception avant {by}, réponse avant {answered}."))  # fmt: skip
