"""``ecluse evidence export``."""

from contextlib import ExitStack
from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._documents import check_free, keep
from ecluse.cli._overdue import remind
from ecluse.cli._signatures import KEY
from ecluse.cli._text import Text, tr
from ecluse.cli.journal_show import PLACE
from ecluse.control.evidence import export
from ecluse.control.reading import places_under
from ecluse.domain.errors import EcluseError
from ecluse.seal.signing import sign
from ecluse.workspace.place import Workspace

NAMESPACE = "ecluse.evidence"
"""Of the SSHSIG over a bundle's bytes: who hands it over. What it proves, its own papers and journals sign."""


@define(
    Text(
        "Put all that proves a migration into one file. Signed artefacts, journals, public keys, and how to check them "
        "with stock tools; no patient data: ids, counts, keyed digests, source keys of differing rows. The same "
        "evidence gives the same bytes. With --key the file is signed too (ssh-keygen -Y verify -n ecluse.evidence "
        "checks it).",
        "Mettre dans un seul fichier tout ce qui prouve une migration. Documents signés, journaux, clés publiques, "
        "et comment les vérifier avec des outils ordinaires ; aucune donnée de patient : identifiants, nombres, "
        "empreintes à clé, clés source des lignes en écart. Les mêmes preuves donnent les mêmes octets. Avec --key le "
        "fichier est signé aussi (ssh-keygen -Y verify -n ecluse.evidence le vérifie).",
    ),
    example="ecluse evidence export migration --out evidence.zip\n"
    "ecluse evidence export migration --out evidence.zip --key ~/.ssh/id_ed25519",
)
@argument("workspace", type=FILE, text=PLACE)
@option("--out", type=FILE, required=True, text=Text("File to create.", "Fichier à créer."))
@option("--key", type=FILE, text=KEY)
def command(workspace: Path, out: Path, key: Path | None) -> None:
    """Export one bundle, and sign it."""
    seal = out.with_name(f"{out.name}.sig")
    for path in (out, seal) if key else (out,):
        check_free(path)
    remind(workspace)
    with ExitStack() as stack:
        places = [stack.enter_context(Workspace(root)) for root in places_under(workspace)]
        address = export(places, out)
    if key is not None:
        _sign(out, seal, key)
    _output.say(f"{out}: {address}")
    _output.emit({"file": str(out), "digest": address} | ({"signature": str(seal)} if key else {}))
    _output.say(tr(f"next: ecluse evidence verify {out}", f"ensuite : ecluse evidence verify {out}"))


def _sign(out: Path, seal: Path, key: Path) -> None:
    """Raises EcluseError: the key does not sign; then nothing is left."""
    try:
        keep(seal, sign(out.read_bytes(), key, NAMESPACE))
    except EcluseError:
        out.unlink()
        raise
    _output.say(tr(f"{seal}: signed", f"{seal} : signé"))
