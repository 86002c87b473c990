"""Doing what is due, until something is due that is not this command's to do."""

from collections.abc import Callable, Container, Mapping
from pathlib import Path

from ecluse.cli import _output, _steps
from ecluse.cli._account import tell_account, write_reports
from ecluse.cli._erasure import erase_if_due
from ecluse.cli._instruct import instruct
from ecluse.cli._site import Site
from ecluse.cli._text import tr
from ecluse.control.conduct import Step
from ecluse.control.instruct import suspension
from ecluse.control.setup import write_setup
from ecluse.domain.entry import Event
from ecluse.domain.errors import Location, SignatureError, TransitionError, UsageError
from ecluse.domain.instruction import Action
from ecluse.domain.lifecycle import State
from ecluse.workspace.place import Place

_DOES: Mapping[Step, Callable[[Site, _steps.Watch], object]] = {
    Step.EXTRACT: _steps.extract,
    Step.DELIVER: _steps.deliver,
    Step.RECEIVE: _steps.receive,
    Step.LOAD: _steps.load,
    Step.RECONCILE: _steps.reconcile,
}


def advance(
    site: Site,
    steps: Container[Step] = frozenset(_DOES),
    watch: _steps.Watch = _steps.unwatched,
    after: Callable[[], None] = lambda: None,
) -> Step:
    """Do step after step as long as the next is one of ``steps``; gives the next one. ``after`` follows each."""
    step = _steps.due(site)
    while step in _DOES and step in steps:
        _DOES[step](site, watch)
        _steps.hear(site)
        after()
        step = _steps.due(site)
    return step


def conduct(site: Site, accept_key: Path | None) -> None:
    """Do step after step; stop before acceptance unless the director's key is given."""
    if erase_if_due(site):
        raise TransitionError(
            tr("the erase-by date has come: nothing was moved, and everything is erased",
               "la date d'effacement est venue : rien n'a bougé, et tout est effacé"),
            location=Location(file=str(site.root)),
        )  # fmt: skip
    step = _steps.due(site)
    if step is Step.PLAN:
        raise UsageError(
            tr("nothing is planned in this workspace", "rien n'est planifié dans cet espace de travail"),
            hint=tr("see ecluse plan --help", "voir ecluse plan --help"),
        )
    if step is Step.RESUME:
        raise TransitionError(
            tr("this migration is suspended", "cette migration est suspendue"),
            hint=tr(f"see why: ecluse journal show {site.root} --last 5; then: ecluse resume -w {site.root}",
                    f"voyez pourquoi : ecluse journal show {site.root} --last 5 ; puis : ecluse resume -w {site.root}"),
        )  # fmt: skip
    write_setup(site.root, site.setup)
    step = advance(site)
    account = tell_account(site.root) if site.has(Place.DESTINATION) else {}
    if step is Step.ACCEPT and accept_key is not None:
        made = _steps.accept(site, accept_key, None, "")
        _output.say(tr(f"accepted by {made.signatory}", f"accepté par {made.signatory}"), style="bold")
        step = _steps.due(site)
    if step is Step.ERASE:
        erase_if_due(site)
        step = _steps.due(site)
    if account:
        write_reports(site.root)
    _output.emit({"next": str(step), "states": _steps.states_json(site), **account})
    _say_next(site, step)


def lift_suspension(site: Site, key: Path | None, reason: str | None) -> list[Place]:
    """Journal that suspended places go on; returns them. With ``key``, by its owner's instruction.

    A stray paper in the mailbox keeps nobody from it: whatever follows says it.

    Raises:
        SignatureError: somebody suspended it, and no director's key is given.
    """
    _steps.heard(site)
    suspended = [place for place in Place if site.has(place) and _is_suspended(site, place)]
    if suspended and key is not None:
        return instruct(site, key, Action.RESUME, reason)[1]
    for place in suspended:
        with site.open(place) as opened:
            told = suspension(opened)
            if told is not None:
                raise SignatureError(
                    tr(f"suspended by {told.signatory}: only the controller's director resumes it",
                       f"suspendue par {told.signatory} : seul le directeur du responsable la reprend"),
                    location=Location(file=str(opened.root)),
                    hint=tr(f"ecluse resume -w {site.root} --key KEY --reason WHY",
                            f"ecluse resume -w {site.root} --key CLÉ --reason MOTIF"),
                )  # fmt: skip
    for place in suspended:
        with site.open(place) as opened:
            opened.log(Event.RESUMED)
    return suspended


def _is_suspended(site: Site, place: Place) -> bool:
    with site.open(place) as opened:
        return opened.progress().state is State.SUSPENDED


def _say_next(site: Site, step: Step) -> None:
    words = {
        Step.ACCEPT: tr(f"next, the director: ecluse accept -w {site.root} --key KEY",
                        f"ensuite, le directeur : ecluse accept -w {site.root} --key CLÉ"),
        Step.ERASE: tr(f"next: ecluse erase -w {site.root}", f"ensuite : ecluse erase -w {site.root}"),
        Step.DONE: tr(f"done; next: ecluse evidence export {site.root} --out evidence.zip",
                      f"fini ; ensuite : ecluse evidence export {site.root} --out preuves.zip"),
        Step.WAIT: tr("nothing more to do here until the other place has done its part",
                      "rien de plus à faire ici tant que l'autre lieu n'a pas fait sa part"),
    }  # fmt: skip
    if step in words:
        _output.say(words[step], style="bold")
