"""Giving an instruction: recorded at every place of this machine, and sent to the place that is elsewhere."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ecluse.cli import _output, _steps
from ecluse.cli._app import FILE, option
from ecluse.cli._site import Site
from ecluse.cli._text import Text, tr
from ecluse.control.instruct import admit_instruction, signed_instruction
from ecluse.control.reading import places_under
from ecluse.domain.errors import EcluseError, TransitionError, UsageError
from ecluse.domain.instruction import Action, Instruction
from ecluse.workspace.place import Place

Function = Callable[..., None]


def instruction_options(key: Text, *, required: bool) -> Callable[[Function], Function]:
    """``--key`` and ``--reason``."""
    reason = Text("Why, in words; kept in the journal. Name no patient.",
                  "Pourquoi, en toutes lettres ; gardé au journal. Ne nommez aucun patient.")  # fmt: skip

    def add(function: Function) -> Function:
        function = option("--reason", default=None, required=required, text=reason)(function)
        return option("--key", type=FILE, default=None, required=required, text=key)(function)

    return add


def instruct(site: Site, key: Path, action: Action, reason: str | None) -> tuple[Instruction, list[Place]]:
    """Sign one instruction, record it at each place here that can follow it, send it; returns it and those places.

    Raises:
        UsageError: no place here, or no reason.
        SignatureError, OrderError: the key's owner may not instruct that.
        TransitionError: no place here can follow it.
    """
    if not (reason or "").strip():
        raise UsageError(tr("an option is missing: --reason", "il manque une option : --reason"))
    places_under(site.root)
    if action is Action.SUSPEND:
        # A mailbox that fails, or holds what is no paper, keeps nobody from stopping; it is said once that is done.
        with suppress(EcluseError):
            _steps.learn(site)
    else:
        # Nor does a stray paper keep the director from anything; a decision that cannot be read does.
        _steps.heard(site)
        _steps.decided(site)
    made, followed, refused = None, [], None
    for place in Place:
        if not site.has(place):
            continue
        with site.open(place) as opened:
            try:
                made = made or signed_instruction(opened, key, action, str(reason).strip())
                admit_instruction(opened, *made)
                followed.append(place)
            except TransitionError as error:
                refused = refused or error
    if made is None or not followed:
        raise refused or TransitionError(tr("no place here has an order", "aucun lieu ici n'a d'ordre"))
    stray = _steps.heard(site)
    if stray is not None and action is Action.SUSPEND:
        raise stray  # whoever resumes or aborts has more to do, and says it then
    return made[0], followed


def tell(instruction: Instruction, places: list[Place]) -> None:
    """Say what was done, by whom, where."""
    words = {
        Action.SUSPEND: tr("suspended by", "suspendue par"),
        Action.RESUME: tr("resumed by", "reprise par"),
        Action.ABORT: tr("aborted by", "abandonnée par"),
    }
    here = ", ".join(places)
    _output.say(f"{words[instruction.action]} {instruction.signatory} ({here})", style="bold")
