"""``ecluse room verify``."""

from pathlib import Path

from ecluse.cli._app import FILE, define, option
from ecluse.cli._checked import conclude
from ecluse.cli._room import enter_room
from ecluse.cli._text import Text


@define(
    Text(
        "Rebuild the control room's journal and compare. Computes the Merkle tree (RFC 6962) again from the entries "
        "alone, compares it with the signed checkpoint, then every entry with the line that people search and with who "
        "may read it. Nothing is written; the room may go on meanwhile. Exit code 17 when something differs.",
        "Reconstruire le journal de la salle de contrôle et comparer. Recalcule l'arbre de Merkle (RFC 6962) depuis "
        "les seules écritures, le compare au point de contrôle signé, puis compare chaque écriture à la ligne que l'on "
        "cherche et à qui peut la lire. Rien n'est écrit ; la salle peut continuer. Code de sortie 17 si quelque chose "
        "diffère.",
    ),
    example="ecluse room verify --home control-room",
)
@option("--home", type=FILE, default=Path("control-room"), show_default=True,
        text=Text("Folder of the room.", "Dossier de la salle."))  # fmt: skip
@option("--database", metavar="URL",
        text=Text("PostgreSQL instead of the folder's SQLite.",
                  "PostgreSQL au lieu du SQLite du dossier."))  # fmt: skip
@option("--witness", "witnesses", multiple=True,
        text=Text("Public key of a witness whose cosignature is needed.",
                  "Clé publique d'un témoin dont la cosignature est exigée."))  # fmt: skip
def command(home: Path, database: str | None, witnesses: tuple[str, ...]) -> None:
    """Verify the journal of one room."""
    enter_room(home, database)
    from ecluse.store.reads.check import check  # noqa: PLC0415 - models are ready only now

    checked = check(witnesses)
    conclude(home, checked.size, checked.root, checked.problems)
