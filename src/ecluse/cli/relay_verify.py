"""``ecluse relay verify``."""

from collections.abc import Iterator
from pathlib import Path

from ecluse.cli._app import define, option
from ecluse.cli._checked import conclude
from ecluse.cli._relay import home_option, opened
from ecluse.cli._text import Text
from ecluse.domain.errors import EcluseError
from ecluse.journal import FolderStore, fsck
from ecluse.relay.boxes import Box, files, parcel_hex
from ecluse.relay.desk import Desk
from ecluse.seal.digests import sha256_file


@define(
    Text(
        "Check a relay's journal and what lies there. Rebuilds the Merkle tree (RFC 6962) from the entries alone and "
        "compares it with the signed checkpoint; reads every account, agreement and box; digests every parcel. Nothing "
        "is written, and the relay may go on meanwhile. Exit code 17 when something differs.",
        "Vérifier le journal d'un relais et ce qui s'y trouve. Recalcule l'arbre de Merkle (RFC 6962) depuis les "
        "seules écritures et le compare au point de contrôle signé ; lit chaque compte, contrat et boîte ; recalcule "
        "l'empreinte de chaque colis. Rien n'est écrit, et le relais peut continuer. Code de sortie 17 si quelque "
        "chose diffère.",
    ),
    example="ecluse relay verify --home relay",
)
@home_option
@option("--witness", "witnesses", multiple=True,
        text=Text("Public key of a witness whose cosignature is needed.",
                  "Clé publique d'un témoin dont la cosignature est exigée."))  # fmt: skip
def command(home: Path, witnesses: tuple[str, ...]) -> None:
    """Verify one relay."""
    desk = opened(home)
    report = fsck(FolderStore(desk.home.journal), desk.log.vkey, witnesses)
    problems = [*report.problems, *_problems(desk)]
    conclude(home, report.size, report.root, problems)


def _problems(desk: Desk) -> Iterator[str]:
    try:
        desk.accounts.all()
    except EcluseError as error:
        yield f"accounts: {error}"
    for path in sorted(desk.home.agreements.glob("*.json")):
        try:
            if desk.admission.trusted(f"sha256:{path.stem}") is None:
                yield f"agreements/{path.name}: not what its name says"
        except EcluseError as error:
            yield f"agreements/{path.name}: {error.message}"
    for folder in sorted(desk.home.boxes.iterdir()):
        yield from _box_problems(Box(folder))


def _box_problems(box: Box) -> Iterator[str]:
    try:
        if box.is_open():
            box.facts()
        for name, _ in files(box.root / "parcels"):
            if sha256_file(box.root / "parcels" / name) != f"sha256:{parcel_hex(name)}":
                yield f"boxes/{box.name}/{name}: not what its name says"
    except FileNotFoundError:  # taken away, or erased, meanwhile
        return
    except EcluseError as error:
        yield f"boxes/{box.name}: {error.message}"
