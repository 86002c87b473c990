"""``ecluse run``."""

from pathlib import Path
from typing import Any

from ecluse.cli._app import FILE, define, option
from ecluse.cli._conduct import conduct
from ecluse.cli._options import destination_options, mailbox, setup_of, source_options, workspace
from ecluse.cli._site import Site
from ecluse.cli._text import Text

ACCEPT_KEY = Text(
    "The director's key: accept a clean reconciliation and erase, without stopping to ask.",
    "La clé du directeur : accepter une réconciliation nette et effacer, sans s'arrêter pour demander.",
)


@define(
    Text(
        "Carry a planned migration out, step after step, on one machine. Extracts, seals, delivers, receives, loads, "
        "reconciles, and stops before acceptance, which is the controller's own decision. Killed at any instant, the "
        "same command goes on from where it was; a step that is done is not done again.",
        "Exécuter une migration planifiée, étape après étape, sur une machine. Extrait, scelle, remet, reçoit, "
        "charge, réconcilie, et s'arrête avant l'acceptation, décision du seul responsable. Tuée à tout instant, la "
        "même commande continue d'où elle était ; une étape faite n'est pas refaite.",
    ),
    example="ecluse run -w migration --destination new.sqlite --destination-profile demo-kalisil \\\n"
    "    --identity kalisil.key --destination-agent-key agent-dest.key",
)
@workspace
@source_options
@destination_options
@mailbox
@option("--accept-key", type=FILE, default=None, text=ACCEPT_KEY)
def command(*, workspace: Path, accept_key: Path | None, **given: Any) -> None:
    """Run one migration as far as it goes."""
    conduct(Site(workspace, setup_of(workspace, given)), accept_key)
