"""``ecluse journal checkpoint``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._overdue import remind
from ecluse.cli._text import Text
from ecluse.control.papers import write_new
from ecluse.control.reading import look, places_under
from ecluse.domain.errors import Location, UsageError


@define(
    Text(
        "Print its signed state, for a witness to keep. A C2SP signed note over the whole journal: who keeps it can "
        "show later that nothing before it was changed (journal verify --since).",
        "Donner son état signé, à garder par un témoin. Une note signée C2SP sur tout le journal : qui la garde peut "
        "montrer plus tard que rien d'antérieur n'a changé (journal verify --since).",
    ),
    example="ecluse journal checkpoint migration/source --out kept.checkpoint",
)
@argument("place", type=FILE, text=Text("One place.", "Un lieu."))
@option(
    "--out",
    type=FILE,
    default=None,
    text=Text("File to create, instead of stdout.", "Fichier à créer, au lieu de la sortie standard."),
)
def command(place: Path, out: Path | None) -> None:
    """Print one checkpoint."""
    roots = places_under(place)
    if len(roots) > 1:
        names = ", ".join(str(root) for root in roots)
        raise UsageError("two places lie here: name one", location=Location(file=str(place)), hint=names)
    remind(roots[0])
    view = look(roots[0])
    text = view.checkpoint.decode("utf-8")
    if out:
        write_new(out, text)
    elif not _output.MODE.json:
        _output.raw(text)
    _output.emit({"checkpoint": text, "log": view.vkey, "entries": len(view.leaves)})
