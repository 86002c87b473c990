"""``ecluse journal verify``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._checked import say_sound
from ecluse.cli._overdue import remind
from ecluse.cli._text import Text, tr
from ecluse.cli.journal_show import PLACE
from ecluse.control.reading import check_extends, look, places_under
from ecluse.domain.errors import Location, TamperError
from ecluse.journal import FolderStore, fsck
from ecluse.journal.keys import LogKey
from ecluse.workspace.files import read


@define(
    Text(
        "Rebuild it from its files and compare. Computes the Merkle tree (RFC 6962) again from the entries alone and "
        "compares every file with the signed checkpoint. With --since, also that the journal only grew since a "
        "checkpoint that you kept. Exit code 17 when something differs.",
        "Le reconstruire depuis ses fichiers et comparer. Recalcule l'arbre de Merkle (RFC 6962) depuis les seules "
        "écritures et compare chaque fichier au point de contrôle signé. Avec --since, vérifie aussi qu'il n'a "
        "fait que croître depuis un point de contrôle que vous avez gardé. Code de sortie 17 si quelque chose diffère.",
    ),
    example="ecluse journal verify migration/source --since kept.checkpoint",
)
@argument("workspace", type=FILE, text=PLACE)
@option(
    "--since",
    type=FILE,
    default=None,
    text=Text("An earlier checkpoint, kept elsewhere.", "Un point de contrôle antérieur, gardé ailleurs."),
)
@option(
    "--witness",
    "witnesses",
    multiple=True,
    text=Text(
        "Public key of a witness whose cosignature is needed.",
        "Clé publique d'un témoin dont la cosignature est exigée.",
    ),
)
def command(workspace: Path, since: Path | None, witnesses: tuple[str, ...]) -> None:
    """Verify the journals of one or both places."""
    remind(workspace)
    answer: dict[str, object] = {}
    broken = []
    roots = places_under(workspace)
    for root in roots:
        vkey = LogKey.load(root / "keys" / "log.key").vkey
        report = fsck(FolderStore(root / "journal"), vkey, witnesses)
        answer[root.name] = {"size": report.size, "root": report.root.hex(), "problems": list(report.problems)}
        broken += [(root, problem) for problem in report.problems]
        if not report.problems:
            say_sound(root, report.size, report.root)
    _output.emit(answer)
    for root, problem in broken[1:]:
        _output.complain(TamperError(problem, location=Location(file=str(root / "journal"))))
    if broken:
        raise TamperError(broken[0][1], location=Location(file=str(broken[0][0] / "journal")))
    if since:
        head = check_extends(look(roots[0]), read(since))
        _output.say(
            tr(
                f"{roots[0]}: extends the checkpoint of {head.size} entries",
                f"{roots[0]} : prolonge le point de contrôle de {head.size} écritures",
            )
        )
