"""The erase-by date, said aloud by every command that opens a place past it (law 7)."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._text import tr
from ecluse.control.reading import is_place, look
from ecluse.domain.errors import EcluseError
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.tracing import is_past
from ecluse.workspace.place import Place, system_clock
from ecluse.workspace.traces import trace_path

now = system_clock
"""Replaced by tests."""


def remind(root: Path) -> bool:
    """Say loudly which places of a folder are past their erase-by date and not erased; whether any is.

    Fingerprints past the day that the order keeps them until are told likewise.

    On stderr, whatever ``--quiet`` and ``--json`` say; the exit code stays the command's own.
    """
    late = [said for place in (root, *(root / name for name in Place)) if is_place(place) and (said := _late(place))]
    for said in late:
        _output.alarm(said)
    return bool(late)


def _late(root: Path) -> str | None:
    try:
        view = look(root)
        order, state = view.pinned(Order), view.progress().state
    except EcluseError:
        return None  # what is wrong with the place, the command itself says
    if order is not None and state is State.ERASED:
        return _late_trace(root, order)
    if order is None or now().date() < order.retention.erase_by:
        return None
    by = order.retention.erase_by
    return tr(
        f"{root}: ERASE-BY DATE {by} HAS COME, and this place is not erased. Nothing moves any more; erase it now: "
        f"ecluse erase -w {root.parent if root.name in set(Place) else root}",
        f"{root} : LA DATE D'EFFACEMENT {by} EST VENUE, et ce lieu n'est pas effacé. Plus rien ne bouge ; effacez-le "
        f"maintenant : ecluse erase -w {root.parent if root.name in set(Place) else root}",
    )


def _late_trace(root: Path, order: Order) -> str | None:
    path = trace_path(root, order)
    if order.trace is None or not is_past(order.trace.keep_until, now().date()) or not path.exists():
        return None
    until = order.trace.keep_until
    return tr(
        f"{path}: FINGERPRINTS KEPT UNTIL {until} STILL LIE HERE. Erase them now: ecluse erase -w {root.parent}",
        f"{path} : DES EMPREINTES GARDÉES JUSQU'AU {until} SONT ENCORE ICI. Effacez-les maintenant : "
        f"ecluse erase -w {root.parent}",
    )
