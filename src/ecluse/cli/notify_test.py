"""``ecluse notify test``."""

import datetime as dt
from pathlib import Path

from ecluse.adapters.notifiers import notifier
from ecluse.cli import _output
from ecluse.cli._app import FILE, define, option
from ecluse.cli._messages import translated
from ecluse.cli._text import Text, tr
from ecluse.control import supervision
from ecluse.control.ports import Notice
from ecluse.domain.alerts import Severity
from ecluse.domain.errors import ConnectionLostError, EcluseError, Location, UsageError


@define(
    Text(
        "Send a test notice by each channel of supervision.yaml, and say how each went. Addresses, passwords and keys "
        "are never shown. Exit code 30 when a channel did not take it.",
        "Envoyer un avis d'essai par chaque canal de supervision.yaml, et dire ce qu'il en est. Ni adresse, ni mot de "
        "passe, ni clé ne s'affiche. Code de sortie 30 quand un canal ne l'a pas pris.",
    ),
    example="ecluse notify test --home control-room\necluse notify test --home control-room --channel night",
)
@option("--home", type=FILE, default=Path("control-room"), show_default=True,
        text=Text("Folder of the room or relay.", "Dossier de la salle ou du relais."))  # fmt: skip
@option("--channel", metavar="NAME", text=Text("This channel alone.", "Ce canal seulement."))
@option("--to", metavar="ADDRESS",
        text=Text("Whom a channel tells that has {to} in its URL.",
                  "Qui prévient un canal dont l'URL contient {to}."))  # fmt: skip
def command(home: Path, channel: str | None, to: str | None) -> None:
    """Try the channels of one home."""
    found = supervision.read(home)
    where = Location(file=str(home / supervision.FILE))
    chosen = tuple(each for each in found.channels if channel in {None, each.name})
    if not chosen:
        said = tr("there is no channel of this name", "il n'y a pas de canal de ce nom") if channel else tr(
            "no channel is configured", "aucun canal n'est configuré")  # fmt: skip
        raise UsageError(said, location=where)
    went = _tried(chosen, (to,) if to else ())
    for name, refusal in went:
        _output.say(f"{name}: {translated(refusal) if refusal else tr('taken', 'pris')}")
    _output.emit([{"channel": name, "taken": not refusal, "why": refusal} for name, refusal in went])
    failed = sum(bool(refusal) for _, refusal in went)
    if failed:
        raise ConnectionLostError(
            tr(f"{failed} of {len(went)} channels failed", f"{failed} canaux sur {len(went)} ont échoué"),
            location=where,
        )


def _tried(channels: tuple[supervision.Channel, ...], to: tuple[str, ...]) -> list[tuple[str, str]]:
    """Each channel's name and what was said against it; empty where it took the notice.

    One that is wrong in the file stops no other.
    """
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    notice = Notice(
        subject=tr("Écluse: a test", "Écluse : un essai"),
        body=tr("This is a test: nothing has happened.", "Ceci est un essai : rien ne s'est passé."),
        severity=Severity.CRITICAL,
        mark=f"test-{now:%Y%m%dT%H%M%SZ}",
        at=now,
        to=to,
    )
    went = []
    for channel in channels:
        try:
            notifier(channel).send(notice)
        except EcluseError as error:
            went.append((channel.name, error.message))
        else:
            went.append((channel.name, ""))
    return went
