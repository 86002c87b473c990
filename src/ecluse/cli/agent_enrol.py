"""``ecluse agent enrol``."""

from pathlib import Path

import ecluse
from ecluse.adapters.room import Room
from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._options import workspace
from ecluse.cli._text import Text, tr
from ecluse.control.agency import Agency, is_enrolled, write_agency
from ecluse.domain.errors import Location, UsageError
from ecluse.seal.signing import fingerprint, public_key
from ecluse.workspace.files import make_folder
from ecluse.workspace.place import Place


@define(
    Text(
        "Enrol this machine's agent with a control room. Its owner makes the one-time code there; the code binds the "
        "agent to its public key and is spent. The room's token is kept in the folder, for its owner alone; the "
        "private key never leaves its file.",
        "Enrôler l'agent de cette machine auprès d'une salle de contrôle. Son propriétaire y fait le code à usage "
        "unique ; le code lie l'agent à sa clé publique, et il est dépensé. Le jeton de la salle est gardé dans le "
        "dossier, pour son seul propriétaire ; la clé privée ne quitte jamais son fichier.",
    ),
    example="ecluse key new signing agent-source.key\n"
    "ecluse agent enrol https://ecluse.labo.example CODE -w agent --key agent-source.key",
)
@argument("url", text=Text("The room's address: https.", "L'adresse de la salle : https."))
@argument("code", text=Text("The one-time code; - reads it from the terminal.",
                            "Le code à usage unique ; - le lit au terminal."))  # fmt: skip
@workspace
@option("--key", type=FILE, required=True, text=Text("The agent's signing key.", "La clé de signature de l'agent."))
@option("--ca", type=FILE, default=None,
        text=Text("Certificates (PEM) to trust instead of the system's.",
                  "Certificats (PEM) à croire au lieu de ceux du système."))  # fmt: skip
def command(url: str, code: str, workspace: Path, key: Path, ca: Path | None) -> None:
    """Enrol one agent."""
    if is_enrolled(workspace):
        raise UsageError(
            tr("an agent is enrolled here already", "un agent est déjà enrôlé ici"),
            location=Location(file=str(workspace)),
        )
    line = public_key(key)
    if code == "-":
        code = _output.secret(tr("Code", "Code"))
    make_folder(workspace)
    found = Room(url, ca=ca.resolve() if ca else None).enrol(code.strip(), line, ecluse.__version__)
    agency = Agency(
        url=url,
        agent=found["agent"],
        place=Place(found["place"]),
        organisation=found["organisation"],
        token=found["token"],
        key=str(key.resolve()),
        ca=str(ca.resolve()) if ca else None,
    )
    write_agency(workspace, agency)
    _output.emit({"agent": agency.agent, "place": str(agency.place), "fingerprint": fingerprint(line)})
    _output.say(
        tr(f"enrolled: {agency.agent}, at the {agency.place}, key {fingerprint(line)}",
           f"enrôlé : {agency.agent}, à la {agency.place}, clé {fingerprint(line)}"),
        style="bold",
    )  # fmt: skip
    _output.say(tr("compare the fingerprint with the one that the control room shows",
                   "comparez l'empreinte avec celle que montre la salle de contrôle"))  # fmt: skip
