"""``ecluse reconcile``."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output, _steps
from ecluse.cli._account import tell_account
from ecluse.cli._app import define
from ecluse.cli._erasure import erase_if_due
from ecluse.cli._options import destination_options, setup_of, workspace
from ecluse.cli._site import Site
from ecluse.cli._text import Text
from ecluse.control.setup import write_setup
from ecluse.domain.lifecycle import State


@define(
    Text(
        "Read everything back and give account. Counts and keyed digests of what was planned, sealed, loaded and now "
        "stands in the new system, by entity, year and site; every difference listed by its source key. Asked again, "
        "shows the account there is.",
        "Tout relire et rendre compte. Nombres et empreintes à clé de ce qui était prévu, scellé, chargé et se "
        "trouve maintenant dans le nouveau système, par entité, année et site ; chaque écart listé par sa clé "
        "source. Redemandée, montre le compte rendu qui existe.",
    ),
    example="ecluse reconcile -w migration",
)
@workspace
@destination_options
def command(*, workspace: Path, **given: Any) -> None:
    """Reconcile one migration, or show its account."""
    site = Site(workspace, setup_of(workspace, given))
    erase_if_due(site)
    if _steps.states(site)[1] in {State.LOADED, None}:
        _steps.reconcile(site)
        write_setup(workspace, site.setup)
    account = tell_account(workspace)
    if not account:
        _steps.reconcile(site)  # says whose turn it is
    _output.emit(account)
