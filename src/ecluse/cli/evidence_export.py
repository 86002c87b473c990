"""``ecluse evidence export``."""

from contextlib import ExitStack
from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._overdue import remind
from ecluse.cli._text import Text, tr
from ecluse.cli.journal_show import PLACE
from ecluse.control.evidence import export
from ecluse.control.reading import places_under
from ecluse.domain.errors import Location, UsageError
from ecluse.workspace.place import Workspace


@define(
    Text(
        "Put all that proves a migration into one file. Signed artefacts, journals, public keys, and how to check them "
        "with stock tools; no patient data: ids, counts, keyed digests, source keys of differing rows. The same "
        "evidence gives the same bytes.",
        "Mettre dans un seul fichier tout ce qui prouve une migration. Documents signés, journaux, clés publiques, "
        "et comment les vérifier avec des outils ordinaires ; aucune donnée de patient : identifiants, nombres, "
        "empreintes à clé, clés source des lignes en écart. Les mêmes preuves donnent les mêmes octets.",
    ),
    example="ecluse evidence export migration --out evidence.zip",
)
@argument("workspace", type=FILE, text=PLACE)
@option("--out", type=FILE, required=True, text=Text("File to create.", "Fichier à créer."))
def command(workspace: Path, out: Path) -> None:
    """Export one bundle."""
    if out.exists():
        raise UsageError(
            "a file with this name exists already", location=Location(file=str(out)), hint="choose another name"
        )
    remind(workspace)
    with ExitStack() as stack:
        places = [stack.enter_context(Workspace(root)) for root in places_under(workspace)]
        address = export(places, out)
    _output.emit({"file": str(out), "digest": address})
    _output.say(f"{out}: {address}")
    _output.say(tr(f"next: ecluse evidence verify {out}", f"ensuite : ecluse evidence verify {out}"))
