"""``ecluse relay trust``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define
from ecluse.cli._relay import by_option, check_handle, home_option, opened
from ecluse.cli._text import Text, tr
from ecluse.control.papers import read_paper
from ecluse.domain.agreement import Agreement


@define(
    Text(
        "Confirm a signed agreement at a relay. From then on the agents that it names may exchange under it; nothing "
        "that stands on another agreement is taken in. Both parties must have signed, and it must be in force.",
        "Confirmer un contrat signé à un relais. Dès lors les agents qu'il nomme peuvent échanger sous ce contrat ; "
        "rien de ce qui s'appuie sur un autre n'est accepté. Les deux parties doivent l'avoir signé, et il doit être "
        "en vigueur.",
    ),
    example="ecluse relay trust agreement.json --home relay --by adm.roux",
)
@argument("agreement", type=FILE, text=Text("Its canonical file, signatures beside it.",
                                            "Son fichier canonique, signatures à côté."))  # fmt: skip
@home_option
@by_option
def command(agreement: Path, home: Path, by: str) -> None:
    """Confirm one agreement."""
    check_handle(by)
    desk = opened(home)
    paper = read_paper(Agreement, agreement)
    address = desk.admission.trust(paper.value, paper.signatures, by)
    _output.emit({"agreement": address, "signers": sorted(paper.signatures)})
    _output.say(tr(f"{address}: confirmed here", f"{address} : confirmé ici"))
