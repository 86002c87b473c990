"""A reconciliation as a table that a laboratory's director understands."""

from collections import defaultdict
from typing import Any

from ecluse.cli import _output
from ecluse.cli._plan_show import label
from ecluse.cli._text import Text, tr
from ecluse.domain.records import Difference, DifferenceKind, Reconciliation
from ecluse.wire.artefacts import digest_of, to_json

_SHOWN = 20
_KINDS: dict[DifferenceKind, Text] = {
    DifferenceKind.MISSING: Text("missing at the destination", "manque à la destination"),
    DifferenceKind.UNEXPECTED: Text("not expected at the destination", "inattendue à la destination"),
    DifferenceKind.CHANGED: Text("changed at the destination", "changée à la destination"),
    DifferenceKind.QUARANTINED: Text("set aside, with a reason", "mise de côté, avec un motif"),
    DifferenceKind.COUNT: Text("another count than planned", "autre nombre que prévu"),
    DifferenceKind.DANGLING: Text("refers outside the migration", "renvoie hors de la migration"),
}
_COLUMNS = ("planned", "quarantined", "sealed", "loaded", "read_back")


def reconciliation_json(account: Reconciliation) -> dict[str, Any]:
    """The account for programs."""
    return {"digest": digest_of(account), "clean": account.clean(), "reconciliation": to_json(account)}


def show_reconciliation(account: Reconciliation) -> None:
    """Print it: the verdict, each entity's rows at each station, what differs."""
    _output.say(_verdict(account), style="bold")
    _output.say()
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    clean: dict[str, bool] = defaultdict(lambda: True)
    for flow in account.flows:
        for column in _COLUMNS:
            sums[flow.entity][column] += getattr(flow, column)
        clean[flow.entity] &= flow.clean()
    rows = [
        (label(entity), *(_output.count(found[c]) for c in _COLUMNS), "✓" if clean[entity] else "✗")
        for entity, found in sums.items()
    ]
    head = (
        "",
        tr("planned", "prévu"),
        tr("set aside", "mis de côté"),
        tr("sealed", "scellé"),
        tr("loaded", "chargé"),
        tr("read back", "relu"),
        tr("same rows", "mêmes lignes"),
    )
    _output.table(tr("Rows", "Lignes"), head, rows, right=(1, 2, 3, 4, 5))
    _differences(account.differences)


def _verdict(account: Reconciliation) -> str:
    aside = sum(d.kind is DifferenceKind.QUARANTINED for d in account.differences)
    if not account.clean():
        real = len(account.differences) - aside
        return tr(
            f"NOT CLEAN: {_output.count(real)} differences that somebody must decide on.",
            f"NON CONFORME : {_output.count(real)} écarts sur lesquels il faut décider.",
        )
    if aside:
        return tr(
            f"Every planned row arrived unchanged, but {_output.count(aside)} set aside with a reason.",
            f"Chaque ligne prévue est arrivée inchangée, sauf {_output.count(aside)} mises de côté avec un motif.",
        )
    return tr("Every planned row arrived, unchanged.", "Chaque ligne prévue est arrivée, inchangée.")


def _differences(differences: tuple[Difference, ...]) -> None:
    if not differences:
        return
    rows = [(label(d.entity), str(_KINDS[d.kind]), d.source_key, d.detail) for d in differences[:_SHOWN]]
    head = ("", tr("what", "quoi"), tr("source key", "clé source"), tr("where", "où"))
    shown, total = _output.count(len(rows)), _output.count(len(differences))
    title = tr(f"Differences: {shown} of {total}", f"Écarts : {shown} sur {total}")
    _output.table(title, head, rows)
