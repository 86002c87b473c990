"""``ecluse relay serve``."""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from ecluse.cli._app import define, option
from ecluse.cli._relay import home_option
from ecluse.cli._text import Text, tr
from ecluse.domain.errors import UsageError
from ecluse.relay.home import Home


@define(
    Text(
        "Open a relay's doors, SFTP and HTTPS. Prints where each listens and the fingerprint by which clients know it. "
        "Several may serve one folder at once, and any can be stopped at any time: what was cut off is gone on with at "
        "another. The process that listens holds no code that reads a patient's row, and no key that opens a parcel.",
        "Ouvrir les portes d'un relais, SFTP et HTTPS. Dit où chacune écoute et l'empreinte par laquelle les clients "
        "la reconnaissent. Plusieurs peuvent servir un même dossier, et chacun peut s'arrêter à tout moment : ce qui "
        "est coupé continue auprès d'un autre. Le processus qui écoute ne contient aucun code qui lise une ligne de "
        "patient, ni aucune clé qui ouvre un colis.",
    ),
    example="ecluse relay serve --home relay --sftp 0.0.0.0:2222 --https 0.0.0.0:8444",
)
@home_option
@option("--sftp", metavar="ADDRESS:PORT", text=Text("Where SFTP listens, instead of relay.yaml's.",
                                                    "Où SFTP écoute, au lieu de relay.yaml."))  # fmt: skip
@option("--https", metavar="ADDRESS:PORT", text=Text("Where HTTPS listens, instead of relay.yaml's.",
                                                     "Où HTTPS écoute, au lieu de relay.yaml."))  # fmt: skip
def command(home: Path, sftp: str | None, https: str | None) -> None:
    """Become the process that listens."""
    if find_spec("asyncssh") is None or find_spec("aiohttp") is None:
        raise UsageError(tr("this command needs the relay extra", "cette commande demande l'extra « relay »"),
                         hint="pip install 'ecluse[relay]'")  # fmt: skip
    Home(home).settings()
    for each in (sftp, https):
        if each and not (each.rpartition(":")[0] and each.rpartition(":")[2].isdigit()):
            raise UsageError(tr("ADDRESS:PORT belongs here", "il faut ADRESSE:PORT"))
    told = {"home": str(home.absolute()), "sftp": sftp, "https": https}
    # Another process image: nothing of this one, which can reach the code that reads rows, goes along.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "ecluse.relay", json.dumps(told)])  # noqa: S606 - no shell
