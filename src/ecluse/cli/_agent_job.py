"""One order at an agent's place: instructions and decision heard, steps done, the room told; it is not believed."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ecluse.adapters.room import PapersBox, Room, RoomPaper, RoomTask
from ecluse.cli import _output, _steps
from ecluse.cli._conduct import advance
from ecluse.cli._erasure import erase_if_due
from ecluse.cli._planning import Papers, admitted_plan
from ecluse.cli._site import Site
from ecluse.cli._text import tr
from ecluse.control.conduct import Step
from ecluse.control.decision import fetch_decision, send_decision, take_decision
from ecluse.control.instruct import exchange_instructions
from ecluse.control.telling import held, parts
from ecluse.domain.errors import EcluseError, RefusedError, TamperError, TransitionError
from ecluse.domain.lifecycle import State
from ecluse.wire.artefacts import decode
from ecluse.workspace.place import Place, Workspace

T = TypeVar("T")

ROOM = Path("control-room")
"""Where the papers came from, for messages."""

_EVERY = 3.0
"""Seconds between two reports during a step."""
_MINE = {
    Place.SOURCE: frozenset({Step.EXTRACT, Step.DELIVER}),
    Place.DESTINATION: frozenset({Step.LOAD, Step.RECONCILE}),
}
_STOPPED = {State.SUSPENDED, State.ABORTED, State.ERASED}


class Stopped(BaseException):
    """The process was told to end; raised between two parts of a step."""


@dataclass
class Told:
    """What the room has had from this process: how many entries (None: not known), which papers."""

    size: int | None = None
    papers: set[tuple[str, int]] = field(default_factory=set)


def decoded(cls: type[T], paper: RoomPaper) -> T:
    """The artefact in a paper of the room; raises MalformedError."""
    return decode(cls, paper.data, file="the control room's paper")


@dataclass
class Job:
    """One order at one place, once the place is made."""

    room: Room
    site: Site
    place: Place
    papers: Papers
    task: RoomTask
    told: Told
    stop: threading.Event
    _last: float = 0.0

    def go_on(self) -> None:
        """Follow instructions and decision, then do step after step as long as it is this place's turn.

        Raises:
            TamperError: the place works on another order than the room's.
            EcluseError: whatever a step meets; what must be erased has been erased before (law 7).
        """
        self._check_order()
        wrong = self._heard(self.task.papers)
        self._erase()
        if wrong is not None:
            raise wrong
        step = _steps.due(self.site)
        if step is Step.PLAN and self.place is Place.SOURCE:
            admitted_plan(self.site, self.papers, None)
            self._after()
        if step is Step.RECEIVE and self.place is Place.DESTINATION:
            _steps.receive(self.site, self._watch)
            self._after()
        step = self._advance()
        if step is Step.ACCEPT:
            wrong = self._heard(self.room.papers_of(self.papers.order.digest))
        self._erase()
        if wrong is not None:
            raise wrong

    def tell(self) -> None:
        """Tell the room what the journal says, and hand in the papers that it has not had from this process."""
        with self.site.open(self.place) as opened:
            self._tell(opened)

    def tell_if_possible(self) -> None:
        """The same; a room that cannot be reached, or refuses, is told later."""
        with suppress(EcluseError):
            self.tell()

    def _check_order(self) -> None:
        with self.site.open(self.place) as opened:
            if opened.progress().pins.get("order") not in {None, self.papers.order.digest}:
                raise TamperError("this place works on another order than the control room's")

    def _advance(self) -> Step:
        try:
            return advance(self.site, _MINE[self.place], self._watch, self._after)
        except TransitionError:
            if self._state() not in _STOPPED:
                raise
            return _steps.due(self.site)

    def _state(self) -> State:
        with self.site.open(self.place) as opened:
            return opened.progress().state

    def _watch(self, opened: Workspace) -> None:
        """Between two parts of a step: tell the room every few seconds, and stop at once when told to."""
        if self.stop.is_set():
            raise Stopped
        now = time.monotonic()
        if now - self._last < _EVERY:
            return
        self._last = now
        # A room that cannot be reached stops nobody; what it could not be told now, it is told later.
        with suppress(EcluseError):
            self._tell(opened)
        self._obey(opened)

    def _after(self) -> None:
        self.tell_if_possible()
        if self.stop.is_set():
            raise Stopped

    def _obey(self, opened: Workspace) -> None:
        try:
            found = self.room.papers_of(self.papers.order.digest)
        except EcluseError:
            return
        with suppress(RefusedError):  # what is not rightly signed stops nobody
            self._follow(opened, found)
        state = opened.progress().state
        if state in _STOPPED:
            raise TransitionError(f"nothing moves in a migration that is {state}")

    def _follow(self, opened: Workspace, papers: Sequence[RoomPaper]) -> None:
        words = {
            "suspend": tr("suspended by", "suspendue par"),
            "resume": tr("resumed by", "reprise par"),
            "abort": tr("aborted by", "abandonnée par"),
        }
        for each in exchange_instructions(opened, PapersBox([p for p in papers if p.kind == "instruction"])):
            _output.say(f"{self.place}: {words[each.action]} {each.signatory}", style="bold")

    def _heard(self, papers: Sequence[RoomPaper]) -> EcluseError | None:
        """Follow instructions, take the decision in; what is wrong with a paper is returned, and stops no erasure."""
        wrong: EcluseError | None = None
        with self.site.open(self.place) as opened:
            try:
                self._follow(opened, papers)
            except RefusedError as error:
                wrong = error
            try:
                self._decide(opened, PapersBox([p for p in papers if p.kind in {"reconciliation", "acceptance"}]))
            except RefusedError as error:
                wrong = wrong or error
        return wrong

    def _decide(self, opened: Workspace, box: PapersBox) -> None:
        if self.place is Place.SOURCE:
            fetch_decision(opened, box)
        elif take_decision(opened, box):
            send_decision(opened, self.site.mailbox)

    def _erase(self) -> None:
        if self._state() is not State.ERASED:
            self._tell_first()
            erase_if_due(self.site)

    def _tell_first(self) -> None:
        """The room learns the end from both places' journals; erasure keeps those, so this can also come later."""
        self.tell_if_possible()

    def _tell(self, opened: Workspace) -> None:
        order = self.papers.order.digest
        size = self.told.size if self.told.size is not None else self.task.size
        # Papers come first: once both places are known to be erased, the room speaks of the order no more.
        fresh = [each for each in held(opened) if (each.digest, len(each.signatures)) not in self.told.papers]
        self.room.hand_in(order, fresh)
        self.told.papers |= {(each.digest, len(each.signatures)) for each in fresh}
        try:
            for part in parts(opened, min(size, opened.journal.size)):
                self.told.size = self.room.report(order, opened.key.vkey, part)
        except EcluseError:
            self.told.size = None
            raise
