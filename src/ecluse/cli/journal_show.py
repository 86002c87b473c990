"""``ecluse journal show``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._events import EVENTS
from ecluse.cli._overdue import remind
from ecluse.cli._text import Text, tr
from ecluse.control.reading import look, places_under
from ecluse.wire.artefacts import to_json

PLACE = Text("A place, or a workspace with a source and a destination.",
             "Un lieu, ou un espace de travail avec une source et une destination.")  # fmt: skip


@define(
    Text(
        "Show what has happened. One line an entry, oldest first; entries hold ids, counts and digests, never a "
        "patient's data. Can be read while an agent works.",
        "Montrer ce qui s'est passé. Une ligne par écriture, la plus ancienne d'abord ; elles contiennent "
        "identifiants, nombres et empreintes, jamais une donnée de patient. Se lit pendant qu'un agent travaille.",
    ),
    example="ecluse journal show migration --last 20",
)
@argument("workspace", type=FILE, text=PLACE)
@option(
    "--last",
    type=int,
    default=None,
    text=Text("Only that many of the latest entries.", "Seulement les dernières écritures, tant."),
)
def command(workspace: Path, last: int | None) -> None:
    """Print the entries of one or both places."""
    remind(workspace)
    answer = {}
    for root in places_under(workspace):
        view = look(root)
        first = max(0, len(view.leaves) - last) if last is not None else 0
        entries = list(enumerate(view.entries()))[first:]
        answer[str(view.place)] = [{"index": index, **to_json(entry)} for index, entry in entries]
        rows = [
            (str(index), f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.actor, str(EVENTS[entry.event]), _short(entry.subject),
             ", ".join(f"{name} {_short(str(value))}" for name, value in entry.detail.items()))
            for index, entry in entries
        ]  # fmt: skip
        head = ("", tr("time (UTC)", "heure (UTC)"), tr("by", "par"), tr("what", "quoi"), tr("subject", "objet"),
                tr("detail", "détail"))  # fmt: skip
        _output.table(str(root), head, rows, right=(0,))
    _output.emit(answer)


def _short(text: str) -> str:
    return f"{text[:19]}…" if text.startswith("sha256:") else text
