"""``ecluse rules test``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define
from ecluse.cli._text import Text, language, tr
from ecluse.cli.rules_check import read
from ecluse.control.watch import Engine, Finding
from ecluse.control.watch.recordings import read_events

_SHOWN = 200


@define(
    Text(
        "Say which rule would have fired when, on recorded events. EVENTS holds one JSON object a line: at, place, "
        "event, actor, and if known mark, subject, origin, concerns, detail. The rules that ship count too, as in a "
        "room. Nothing is sent to anybody.",
        "Dire quelle règle se serait levée quand, sur des événements enregistrés. EVENTS a un objet JSON par ligne : "
        "at, place, event, actor et, s'ils sont connus, mark, subject, origin, concerns, detail. Les règles livrées "
        "comptent aussi, comme dans une salle. Rien n'est envoyé à personne.",
    ),
    example="ecluse rules test control-room/rules events.jsonl",
)
@argument("folder", type=FILE, text=Text("Folder of rules.", "Dossier de règles."))
@argument("events", type=FILE, text=Text("Recorded events.", "Événements enregistrés."))
def command(folder: Path, events: Path) -> None:
    """Test."""
    engine = Engine(read(folder).rules)
    found: list[Finding] = []
    seen = 0
    for event in read_events(events):
        seen += 1
        found += engine.feed(event)
    _output.emit({"events": seen, "findings": [_json(each) for each in found]})
    rows = [
        (f"{each.at:%Y-%m-%d %H:%M:%S}Z", str(each.severity), each.name, plain(each.group), _title(each))
        for each in found[:_SHOWN]
    ]
    head = (tr("when", "quand"), tr("severity", "gravité"), tr("rule", "règle"), tr("group", "groupe"),
            tr("what it says", "ce qu'elle dit"))  # fmt: skip
    if rows:
        _output.table(tr("What would have been told", "Ce qui aurait été dit"), head, rows)
    if len(found) > _SHOWN:
        more = len(found) - _SHOWN
        _output.say(tr(f"… and {more} more: see --json", f"… et {more} de plus : voir --json"))
    said, of = _output.count(len(found)), _output.count(seen)
    _output.say(tr(f"{said} findings in {of} events", f"{said} constats dans {of} événements"))


def plain(text: str) -> str:
    """A text of somebody else's without signs that a terminal would obey."""
    return "".join(each if each.isprintable() else "�" for each in text)


def _title(finding: Finding) -> str:
    return finding.title_fr if language() == "fr" else finding.title_en


def _json(finding: Finding) -> dict[str, object]:
    return {
        "at": finding.at.isoformat().replace("+00:00", "Z"), "rule": finding.rule, "name": finding.name,
        "severity": str(finding.severity), "group": finding.group, "count": finding.count,
        "people": list(finding.people), "concerns": list(finding.concerns), "marks": list(finding.marks),
        "title": _title(finding),
    }  # fmt: skip
