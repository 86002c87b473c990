"""``ecluse timeline``."""

import datetime as dt
from pathlib import Path
from typing import Any

import click

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._documents import FORMATS, LANGUAGE, check_free, keep, lang_of, rendered
from ecluse.cli._overdue import remind
from ecluse.cli._records import found_in, room_words
from ecluse.cli._signatures import KEY
from ecluse.cli._text import Text, tr
from ecluse.control import timeline_words as w
from ecluse.control.report_words import Reader
from ecluse.control.timeline import Timeline, woven
from ecluse.control.timeline_document import (
    NAMESPACE,
    gap_row,
    key_rows,
    moment_row,
    plain_timeline,
    timeline_bytes,
    timeline_document,
)
from ecluse.domain.errors import Location, UsageError
from ecluse.seal.signing import sign

_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])


@define(
    Text(
        "Show what happened, from every record that is left. Journals of places, of relays and of the control room, "
        "each checked against what signs it, and logs of systems, in one order of time; who held which key when; and "
        "what no record tells: a journal that was changed, a relay that stood still, a clock set back, entries that no "
        "witness has seen. Ids, numbers and digests, never a patient's data. With --out it is written, with --key "
        "signed (ssh-keygen -Y verify -n ecluse.timeline checks it).",
        "Montrer ce qui s'est passé, d'après tous les journaux qui restent. Journaux des lieux, des relais et de la "
        "salle de contrôle, chacun vérifié contre ce qui le signe, et journaux de systèmes, dans un seul ordre de "
        "temps ; qui tenait quelle clé, et quand ; et ce qu'aucun journal ne dit : un journal modifié, un relais "
        "arrêté, une horloge reculée, des écritures qu'aucun témoin n'a vues. Identifiants, nombres et empreintes, "
        "jamais une donnée de patient. Avec --out elle est écrite, avec --key signée (ssh-keygen -Y verify -n "
        "ecluse.timeline la vérifie).",
    ),
    example="ecluse timeline migration relay --from 2026-11-01\n"
    "ecluse timeline migration relay --log siem.ocsf.jsonl --out timeline.json --key ~/.ssh/id_ed25519",
)
@argument("folders", type=FILE, nargs=-1,
          text=Text("Places, folders with both places, or relays.",
                    "Lieux, dossiers à deux lieux, ou relais."))  # fmt: skip
@option("--room", type=FILE, text=Text("Folder of the control room.", "Dossier de la salle de contrôle."))
@option("--database", metavar="URL",
        text=Text("PostgreSQL instead of the room's SQLite.", "PostgreSQL au lieu du SQLite de la salle."))  # fmt: skip
@option("--log", "logs", type=FILE, multiple=True,
        text=Text("A system's log, OCSF events as JSON lines; may be given again.",
                  "Journal d'un système, événements OCSF en lignes JSON ; répétable."))  # fmt: skip
@option("--from", "from_", type=_DAY, text=Text("First day or instant, UTC.", "Premier jour ou instant, UTC."))
@option("--until", type=_DAY,
        text=Text("Last day or instant, UTC, included.", "Dernier jour ou instant, UTC, inclus."))  # fmt: skip
@option("--last", type=int, text=Text("On the screen, only that many of the latest lines.",
                                      "À l'écran, seulement les dernières lignes, tant."))  # fmt: skip
@option("--out", type=FILE, text=Text("File to create; never over another.", "Fichier à créer ; jamais sur un autre."))
@option("--format", "form", type=click.Choice(("json", *FORMATS)), default="json", show_default=True,
        text=Text("Kind of file.", "Type de fichier."))  # fmt: skip
@option("--language", **LANGUAGE)
@option("--key", type=FILE, text=KEY)
def command(
    *,
    folders: tuple[Path, ...],
    room: Path | None,
    database: str | None,
    logs: tuple[Path, ...],
    from_: dt.datetime | None,
    until: dt.datetime | None,
    last: int | None,
    out: Path | None,
    form: str,
    language: str | None,
    key: Path | None,
) -> None:
    """Weave, show, write, sign."""
    if key is not None and out is None:
        raise UsageError(tr("what is signed must be written: --out", "ce qui est signé doit être écrit : --out"))
    for path in (out, _signature(out)) if out else ():
        check_free(path)
    start, end = _instant(from_), _end(until)
    if start and end and end < start:
        raise UsageError(tr("the period ends before it begins", "la période finit avant de commencer"),
                         location=Location(field="--until"))  # fmt: skip
    for folder in folders:
        remind(folder)
    found = found_in(folders, room, database, logs)
    made = woven(found.records, found.holdings, start, end, found.gaps())
    written = _write(made, out, form, language, key) if out else {}
    _output.emit(plain_timeline(made) | written)
    if out is None:
        _show_moments(made, last)
    _show_gaps(made)


def _write(made: Timeline, out: Path, form: str, language: str | None, key: Path | None) -> dict[str, Any]:
    today = dt.datetime.now(dt.UTC).date()
    if form == "json":
        data = timeline_bytes(made)
    else:
        data = rendered(timeline_document(made, lang_of(language), today, room_words(made)), form)
    signature = sign(data, key, NAMESPACE) if key else None
    keep(out, data)
    _output.say(f"{out}")
    if signature is None:
        return {"file": str(out)}
    keep(_signature(out), signature)
    _output.say(tr(f"{_signature(out)}: signed", f"{_signature(out)} : signé"))
    return {"file": str(out), "signature": str(_signature(out))}


def _signature(out: Path) -> Path:
    return out.with_name(f"{out.name}.sig")


def _show_moments(made: Timeline, last: int | None) -> None:
    reader = Reader(lang_of(None))
    kinds, words = {record.name: record.source for record in made.records}, room_words(made)
    shown = made.moments[-last:] if last else made.moments
    head = tuple(map(reader.say, (w.TIME, w.RECORD, w.NUMBER, w.BY, w.WHAT, w.SUBJECT, w.ORIGIN)))
    rows = [moment_row(moment, kinds[moment.record], reader, words) for moment in shown]
    _output.table(reader.say(w.MOMENTS), head, rows, right=(2,))
    head = tuple(map(reader.say, (w.HOLDER, w.USE, w.SINCE, w.UNTIL, w.KEY)))
    held = [(*told, key or reader.say(w.NEVER_SHOWN)) for *told, key in key_rows(made, reader)]
    _output.table(reader.say(w.KEYS), head, held)


def _show_gaps(made: Timeline) -> None:
    reader = Reader(lang_of(None))
    head = tuple(map(reader.say, (w.BETWEEN, w.AND, w.RECORD, w.MEANING)))
    _output.table(reader.say(w.GAPS), head, [gap_row(gap, reader) for gap in made.gaps])
    for record in made.records:
        if record.problem:
            _output.alarm(f"{record.name}: {record.problem}")


def _instant(at: dt.datetime | None) -> dt.datetime | None:
    return at.replace(tzinfo=dt.UTC) if at else None


def _end(at: dt.datetime | None) -> dt.datetime | None:
    """A day is included to its end."""
    if at is None:
        return None
    is_day = at.time() == dt.time.min
    return _instant(at + dt.timedelta(days=1, seconds=-1) if is_day else at)
