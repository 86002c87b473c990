"""``ecluse agent run``."""

import random
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ecluse.cli import _output
from ecluse.cli._agent import Worker
from ecluse.cli._agent_job import Stopped
from ecluse.cli._app import FILE, define, option
from ecluse.cli._options import agents_options, mailbox, setup_of, workspace
from ecluse.cli._text import Text, tr
from ecluse.control.agency import Agency, claimed, read_agency, write_agency
from ecluse.control.papers import read_paper
from ecluse.control.setup import Setup, write_setup
from ecluse.control.signatures import verified_signers
from ecluse.domain.agreement import Agreement, SignerRole
from ecluse.domain.errors import EcluseError, RetryableError
from ecluse.domain.policies import check_agreement_signed
from ecluse.seal.signing import fingerprint
from ecluse.workspace.place import Place

_BEAT = 15.0
_LONGEST = 300.0


@define(
    Text(
        "Work for a control room, until told to stop. Takes signed orders from it, verifies every signature itself, "
        "carries out the steps of its own place, and reports journal and papers; no patient data goes to the room. "
        "Works only under agreements that its owner has confirmed with --agreement. Killed at any instant, the same "
        "command goes on.",
        "Travailler pour une salle de contrôle, jusqu'à ce qu'on l'arrête. Y prend les ordres signés, vérifie lui-même "
        "chaque signature, exécute les étapes de son lieu, et rend compte du journal et des papiers ; aucune donnée "
        "de patient ne va à la salle. Ne travaille que sous les contrats que son propriétaire a confirmés par "
        "--agreement. Tué à tout instant, la même commande continue.",
    ),
    example="ecluse agent run -w agent --agreement agreement.json --mailbox /mnt/exchange \\\n"
    "    --source postgresql://ecluse@lis/dxlab --profile dxlab.yaml",
)
@workspace
@option("--agreement", type=FILE, multiple=True,
        text=Text("An agreement that you hold, signed; remembered. May be repeated.",
                  "Un contrat que vous détenez, signé ; retenu. Peut être répété."))  # fmt: skip
@agents_options
@mailbox
@option("--once", is_flag=True, text=Text("One pass, then end.", "Un seul passage, puis finir."))
@option("--poll", type=click.FloatRange(1, 3600), default=15, show_default=True,
        text=Text("Seconds between two calls.", "Secondes entre deux appels."))  # fmt: skip
def command(*, workspace: Path, agreement: tuple[Path, ...], once: bool, poll: float, **given: Any) -> None:
    """Run one agent."""
    with claimed(workspace):
        agency = read_agency(workspace)
        for path in agreement:
            agency = agency.trusting(_held(path))
        setup = _with_key(setup_of(workspace, given), agency)
        write_agency(workspace, agency)
        write_setup(workspace, setup)
        worker = Worker(workspace, agency, setup, confirm=_confirm if _is_watched() else _refuse)
        before = signal.signal(signal.SIGTERM, lambda *_: worker.stop.set())
        beating = threading.Thread(target=_beat, args=(worker,), daemon=True)
        beating.start()
        try:
            _work(worker, poll, once=once)
        except Stopped:
            _output.say(tr("stopped; run the same command again to go on",
                           "arrêté ; relancez la même commande pour continuer"))  # fmt: skip
        finally:
            worker.stop.set()
            signal.signal(signal.SIGTERM, before)
            beating.join(timeout=5)


def _work(worker: Worker, poll: float, *, once: bool) -> None:
    """Pass after pass; where the room cannot be reached, ever longer between two, up to five minutes."""
    failed, said = 0, list[str]()
    while not worker.stop.is_set():
        wrong: list[EcluseError] = []
        try:
            wrong = worker.one_pass()
            failed = 0
        except RetryableError as error:
            wrong, failed = [error], failed + 1
        write_agency(worker.root, worker.agency)
        if once:
            if wrong:
                for other in wrong[1:]:
                    _output.complain(other)
                raise wrong[0]
            return
        # What keeps a task waiting is said when it begins, not at every pass.
        for other in wrong:
            if str(other) not in said:
                _output.complain(other)
        said = [str(other) for other in wrong]
        delay = min(poll * 2**failed, _LONGEST) if failed else poll
        worker.stop.wait(delay * (0.8 + 0.4 * random.random()))  # noqa: S311 - so that agents do not call all at once
    raise Stopped


def _beat(worker: Worker) -> None:
    while not worker.stop.is_set():
        with suppress(EcluseError):
            worker.heartbeat()
        worker.stop.wait(_BEAT)


def _with_key(setup: Setup, agency: Agency) -> Setup:
    if agency.place is Place.SOURCE:
        return replace(setup, source=replace(setup.source, key=agency.key))
    return replace(setup, destination=replace(setup.destination, key=agency.key))


def _held(path: Path) -> str:
    """The digest of an agreement that the owner holds, once both parties' signatures verify."""
    paper = read_paper(Agreement, path)
    check_agreement_signed(paper.value, verified_signers(paper.value, paper.signatures, paper.value))
    return paper.digest


def _is_watched() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty() and not _output.MODE.quiet


def _refuse(_agreement: Agreement, _digest: str) -> bool:
    return False


def _confirm(agreement: Agreement, digest: str) -> bool:
    """Show the owner what came from the room, to be compared with the agreement that the owner holds."""
    say: Callable[[str], None] = lambda line: click.echo(line, err=True)  # noqa: E731
    number = agreement.agreement
    say(tr(f"The control room offers agreement {number}, which nobody has confirmed here.",
           f"La salle de contrôle propose le contrat {number}, que personne n'a confirmé ici."))  # fmt: skip
    say(f"  {digest}")
    for party in (agreement.controller, agreement.processor):
        for signer in party.signers:
            if signer.role in {SignerRole.DIRECTOR, SignerRole.MANAGEMENT}:
                say(f"  {party.name}: {signer.id} {fingerprint(signer.key)}")
    question = tr("Are digest and fingerprints those of the agreement that you hold?",
                  "Digest et empreintes sont-ils ceux du contrat que vous détenez ?")  # fmt: skip
    return click.confirm(question, default=False, err=True)
