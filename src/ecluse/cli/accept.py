"""``ecluse accept``."""

from pathlib import Path
from typing import Any

import click

from ecluse.cli import _output, _steps
from ecluse.cli._account import write_reports
from ecluse.cli._app import FILE, define, option
from ecluse.cli._erasure import erase_if_due
from ecluse.cli._options import mailbox, setup_of, workspace
from ecluse.cli._overdue import remind
from ecluse.cli._signatures import KEY
from ecluse.cli._site import Site
from ecluse.cli._text import Text, tr
from ecluse.domain.errors import UsageError
from ecluse.domain.records import Decision
from ecluse.wire.artefacts import to_json

_WORDS = {
    Decision.ACCEPTED: Text("accepted", "accepté"),
    Decision.ACCEPTED_WITH_DIFFERENCES: Text("accepted with its differences", "accepté avec ses écarts"),
    Decision.REFUSED: Text("refused", "refusé"),
}


@define(
    Text(
        "Decide on the reconciliation. The controller's director accepts, accepts with the listed differences, or "
        "refuses; without --decision, a clean reconciliation is accepted and any other is refused to be. The decision "
        "goes back to the source through the mailbox; there, without --key, the same command takes it in.",
        "Décider sur la réconciliation. Le directeur du responsable accepte, accepte avec les écarts listés, ou "
        "refuse ; sans --decision, une réconciliation nette est acceptée, aucune autre ne l'est. La décision revient "
        "à la source par la boîte ; là, sans --key, la même commande l'y prend.",
    ),
    example="ecluse accept -w migration --key director.key",
)
@workspace
@option("--key", type=FILE, default=None, text=KEY)
@option(
    "--decision",
    type=click.Choice([str(d) for d in Decision]),
    default=None,
    text=Text("The decision.", "La décision."),
)
@option("--remarks", default="", text=Text("Words kept with the decision.", "Des mots gardés avec la décision."))
@mailbox
def command(*, workspace: Path, key: Path | None, decision: str | None, remarks: str, **given: Any) -> None:
    """Record one decision."""
    site = Site(workspace, setup_of(workspace, given))
    if key is None:
        if not _steps.learn(site):
            raise UsageError(
                tr("no decision waits in the mailbox", "aucune décision n'attend dans la boîte"),
                hint=tr("the director decides with --key", "le directeur décide avec --key"),
            )
        erase_if_due(site)
        _output.emit({"states": _steps.states_json(site)})
        _output.say(tr("the decision is recorded at the source", "la décision est enregistrée à la source"))
        return
    remind(workspace)
    _steps.hear(site)
    made = _steps.accept(site, key, Decision(decision) if decision else None, remarks)
    _output.say(
        tr(f"{_WORDS[made.decision]} by {made.signatory}", f"{_WORDS[made.decision]} par {made.signatory}"),
        style="bold",
    )
    if site.setup.destination.key:
        erase_if_due(site)
    for path in write_reports(workspace):
        _output.say(tr(f"report: {path}", f"rapport : {path}"))
    _output.emit({"acceptance": to_json(made), "states": _steps.states_json(site)})
