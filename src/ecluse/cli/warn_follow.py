"""``ecluse warn follow``."""

import sys
from pathlib import Path

from ecluse.adapters.strangers import Stranger
from ecluse.cli import _letters, _output
from ecluse.cli._app import argument, define, option
from ecluse.cli._text import Text, tr
from ecluse.seal.letters import shown_text

_STATES = {
    "received": Text("received", "reçu"),
    "acknowledged": Text("acknowledged", "accusé de réception"),
    "answered": Text("answered", "répondu"),
    "closed": Text("closed", "clos"),
}
_LATE = {
    "unacknowledged": Text("the time to acknowledge it is over", "le délai pour en accuser réception est passé"),
    "unanswered": Text("the time to answer it is over", "le délai pour y répondre est passé"),
}


@define(
    Text(
        "See what became of a warning, and write again. The secret is asked for, or read from standard input; never "
        "given on the command line.",
        "Voir ce qu'il advient d'un signalement, et écrire encore. Le secret est demandé, ou lu sur l'entrée "
        "standard ; jamais donné sur la ligne de commande.",
    ),
    example="ecluse warn follow --room https://ecluse.labo.example W-7K3Q-9X2M",
)
@argument("receipt", text=Text("The receipt number.", "Le numéro de reçu."))
@_letters.room_option
@option("--message", default=None, metavar="FILE",
        text=Text("One more message: a text file.", "Un message de plus : un fichier texte."))  # fmt: skip
@_letters.attach_option
@_letters.ca_option
def command(receipt: str, room: str, message: str | None, files: tuple[Path, ...], ca: Path | None) -> None:
    """Follow one up."""
    stranger = Stranger(room, ca)
    secret = _output.secret(tr("Secret", "Secret")) if sys.stdin.isatty() else sys.stdin.readline().strip()
    text = _letters.words(message) if message else ""
    sent = _letters.attached(files, text) if message else ()
    found = stranger.follow(receipt, secret, text, sent)
    if _output.MODE.json:
        _output.emit(dict(found))
        return
    state = str(found.get("state", ""))
    _output.say(f"{found.get('receipt', '')}: {_STATES.get(state, state)}", style="bold")
    if found.get("overdue"):
        _output.alarm(str(_LATE.get(str(found["overdue"]), "")))
    if found.get("informed"):
        _output.say(tr("the laboratory has been told", "le laboratoire est prévenu"))
    for each in found.get("messages", []):
        who = tr("you", "vous") if each.get("mine") else tr("answer", "réponse")
        _output.say(f"\n{shown_text(str(each.get('at', '')))}, {who}:")
        _output.say(shown_text(str(each.get("text", ""))))
        for name in each.get("attachments", []):
            _output.say(f"  + {shown_text(str(name))}")
