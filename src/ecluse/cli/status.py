"""``ecluse status``."""

import datetime as dt
from pathlib import Path
from typing import Any

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define
from ecluse.cli._events import OWNERS, PLACES, STATES
from ecluse.cli._overdue import remind
from ecluse.cli._text import Text, tr
from ecluse.cli.journal_show import PLACE
from ecluse.control.conduct import Clock, Step, clock, next_step
from ecluse.control.reading import View, look, places_under
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.workspace.place import Place
from ecluse.workspace.progress import Progress
from ecluse.workspace.traces import trace_path


@define(
    Text(
        "Say where a migration stands, and whose turn it is. State, owner and deadline of each place, parcels counted, "
        "and the command that comes next. Can be asked while an agent works.",
        "Dire où en est une migration, et à qui est le tour. L'état, le responsable et l'échéance de chaque lieu, les "
        "colis comptés, et la commande qui vient ensuite. Peut se demander pendant qu'un agent travaille.",
    ),
    example="ecluse status migration\necluse status migration --json",
)
@argument("workspace", type=FILE, text=PLACE)
def command(workspace: Path) -> None:
    """Print where one or both places stand."""
    now = dt.datetime.now(dt.UTC)
    remind(workspace)
    views = {view.place: view for view in map(look, places_under(workspace))}
    progress = {place: view.progress() for place, view in views.items()}
    states = [progress[place].state if place in progress else None for place in Place]
    step = next_step(*states)
    answer: dict[str, Any] = {"next": str(step), "places": {}}
    for place, view in views.items():
        turn = clock(view.entries(), progress[place])
        answer["places"][str(place)] = _json(view, progress[place], turn, now)
        _say(view, progress[place], turn, now)
    _output.emit(answer)
    _output.say(_next(step, workspace), style="bold")


def _next(step: Step, workspace: Path) -> str:
    if step is Step.DONE:
        return tr("nothing is left to do", "il n'y a plus rien à faire")
    if step is Step.WAIT:
        return tr(
            "nothing to do here until the other place has done its part",
            "rien à faire ici tant que l'autre lieu n'a pas fait sa part",
        )
    line = f"ecluse {step} --workspace {workspace}"
    return tr(f"next: {line}", f"ensuite : {line}")


def _counts(view: View, progress: Progress) -> dict[str, int]:
    plan = view.pinned(Plan)
    found = {"planned": len(plan.batches) if plan else 0}
    if view.place is Place.SOURCE:
        return found | {"sealed": len(progress.sealed), "delivered": len(progress.delivered)}
    return found | {"received": len(progress.received), "loaded": len(progress.loaded)}


def _json(view: View, progress: Progress, turn: Clock, now: dt.datetime) -> dict[str, Any]:
    order = view.pinned(Order)
    return {
        "state": str(progress.state),
        "agent": view.agent,
        "owner": str(turn.owner),
        "since": turn.since.isoformat() if turn.since else None,
        "due": turn.due.isoformat() if turn.due else None,
        "overdue": turn.overdue(now),
        "order": order.order if order else None,
        "erase_by": order.retention.erase_by.isoformat() if order else None,
        "trace": _trace_json(view, order),
        "parcels": _counts(view, progress),
        "pins": dict(progress.pins),
        "journal_entries": len(view.leaves),
    }


def _trace_json(view: View, order: Order | None) -> dict[str, str | None] | None:
    """Fingerprints as ordered: until when, where they lie; None where none are ordered, or this is no source."""
    if order is None or order.trace is None or view.place is not Place.SOURCE:
        return None
    path = trace_path(view.root, order)
    return {"keep_until": order.trace.keep_until.isoformat(), "file": str(path) if path.exists() else None,
            "digest": view.progress().traced}  # fmt: skip


def _trace_row(view: View, order: Order | None) -> list[tuple[str, str]]:
    found = _trace_json(view, order)
    if found is None:
        return []
    until = found["keep_until"]
    if found["file"]:
        said = tr(f"until {until}: {found['file']}", f"jusqu'au {until} : {found['file']}")
    elif found["digest"] is None:
        said = tr(f"ordered until {until}, none kept yet", f"ordonnées jusqu'au {until}, aucune gardée encore")
    else:
        said = tr("not here any more", "ne sont plus ici")
    return [(tr("fingerprints", "empreintes"), said)]


_COUNTED = {
    "planned": Text("planned", "prévus"),
    "sealed": Text("sealed", "scellés"),
    "delivered": Text("delivered", "remis"),
    "received": Text("received", "reçus"),
    "loaded": Text("loaded", "chargés"),
}


def _say(view: View, progress: Progress, turn: Clock, now: dt.datetime) -> None:
    order = view.pinned(Order)
    due = f"{turn.due:%Y-%m-%d %H:%M} UTC" if turn.due else "—"
    late = tr("  OVERDUE", "  EN RETARD") if turn.overdue(now) else ""
    counts = _counts(view, progress).items()
    rows = [
        (tr("state", "état"), str(STATES[progress.state])),
        (tr("whose turn", "à qui le tour"), str(OWNERS[turn.owner])),
        (tr("by", "avant le"), due + late),
        (tr("order", "ordre"), order.order if order else "—"),
        (tr("parcels", "colis"), ", ".join(f"{_output.count(n)} {_COUNTED[name]}" for name, n in counts)),
        (tr("erased by", "effacé avant le"), order.retention.erase_by.isoformat() if order else "—"),
        *_trace_row(view, order),
        (tr("journal", "journal"), tr(f"{len(view.leaves)} entries, intact", f"{len(view.leaves)} écritures, intact")),
    ]
    _output.table(f"{str(PLACES[view.place]).capitalize()} ({view.root}, {view.agent})", ("", ""), rows)
