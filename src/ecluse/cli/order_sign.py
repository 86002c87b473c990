"""``ecluse order sign``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._order_files import AGREEMENT, read_order, tell_filled
from ecluse.cli._signatures import KEY, sign_and_say
from ecluse.cli._text import Text
from ecluse.control.signatures import verified_signers
from ecluse.domain.errors import InternalError
from ecluse.domain.policies import check_agreement_signed


@define(
    Text(
        "Sign or approve it. Writes the canonical form X.json beside X.yaml, friendly forms expanded, and a signature "
        "X.json.<signer>.sig. The director named as signatory signs; where the agreement asks for a second approver, "
        "they sign with the same command. Refused on an agreement that both parties have not signed.",
        "Le signer ou l'approuver. Écrit la forme canonique X.json à côté de X.yaml, formes abrégées développées, et "
        "une signature X.json.<signataire>.sig. Le directeur nommé signataire signe ; si le contrat demande un second "
        "approbateur, il signe par la même commande. Refusé sur un contrat que les deux parties n'ont pas signé.",
    ),
    example="ecluse order sign order.yaml --agreement agreement.json --key director.key",
)
@argument(
    "file",
    type=FILE,
    text=Text("The draft, or X.json from another signer.", "Le brouillon, ou X.json venu d'un autre signataire."),
)
@option("--agreement", type=FILE, required=True, text=AGREEMENT)
@option("--key", type=FILE, required=True, text=KEY)
def command(file: Path, agreement: Path, key: Path) -> None:
    """Sign one order."""
    written = read_order(file, agreement)
    if written.agreement is None:
        raise InternalError("an agreement was given and not read")
    signed = written.agreement
    check_agreement_signed(signed.value, verified_signers(signed.value, signed.signatures, signed.value))
    tell_filled(written.filled)
    _output.emit(sign_and_say(written.order, file, key, signed.value))
