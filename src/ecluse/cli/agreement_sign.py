"""``ecluse agreement sign``."""

import datetime as dt
from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._problems import refuse
from ecluse.cli._signatures import KEY, sign_and_say
from ecluse.cli._text import Text
from ecluse.control.forms import agreement_problems
from ecluse.domain.agreement import Agreement, letter_of
from ecluse.domain.errors import AgreementError
from ecluse.wire import documents


@define(
    Text(
        "Sign it. Writes the canonical form X.json beside X.yaml, or makes sure that it is the same, and a signature "
        "X.json.<signer>.sig. Both parties sign: a director for the controller, the management for the processor. "
        "ssh-keygen -Y verify accepts the signature.",
        "Le signer. Écrit la forme canonique X.json à côté de X.yaml, ou vérifie qu'elle est la même, et une signature "
        "X.json.<signataire>.sig. Les deux parties signent : un directeur pour le responsable, la direction pour le "
        "sous-traitant. ssh-keygen -Y verify accepte la signature.",
    ),
    example="ecluse agreement sign agreement.yaml --key director.key",
)
@argument(
    "file",
    type=FILE,
    text=Text("The draft, or X.json from the other party.", "Le brouillon, ou X.json venu de l'autre partie."),
)
@option("--key", type=FILE, required=True, text=KEY)
def command(file: Path, key: Path) -> None:
    """Sign one agreement."""
    document = documents.read(file)
    refuse(document, agreement_problems(document, dt.datetime.now(dt.UTC).date()), AgreementError, letter_of)
    agreement = document.to(Agreement)
    _output.emit(sign_and_say(agreement, file, key, agreement))
