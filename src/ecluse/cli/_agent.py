"""What an agent does with the room's work: verify, carry out its own place's steps, tell; it believes nothing.

Every step is the command line's own. Killed at any instant, the next pass goes on from what the journals say.
"""

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import ecluse
from ecluse.adapters.room import Room, RoomAsked, RoomPaper, RoomTask
from ecluse.cli import _output, _steps
from ecluse.cli._agent_job import ROOM, Job, Stopped, Told, decoded
from ecluse.cli._erasure import erase_if_due
from ecluse.cli._planning import Papers, admitted_plan, counted
from ecluse.cli._site import Site
from ecluse.cli._text import tr
from ecluse.control.agency import Agency, order_folder
from ecluse.control.papers import Paper
from ecluse.control.setup import Setup, write_setup
from ecluse.domain.agreement import Agreement
from ecluse.domain.errors import EcluseError, TransitionError, UsageError
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.migration.estimating import estimate_of
from ecluse.wire.artefacts import decode, encode
from ecluse.workspace.place import Place

_UNWATCHED = 120
"""Seconds after which a room's watch that has not beaten is dead, for those who look at it from outside."""
_DELIVERED = {State.DELIVERED, State.LOADED, State.RECONCILED}


@dataclass
class Worker:
    """One agent at work: its folder, the room, how its system is entered; ``stop`` is set to end it."""

    root: Path
    agency: Agency
    setup: Setup
    stop: threading.Event = field(default_factory=threading.Event)
    confirm: Callable[[Agreement, str], bool] = lambda _agreement, _digest: False
    told: dict[str, Told] = field(default_factory=dict)
    doing: str = ""
    unwatched: bool = False

    @property
    def room(self) -> Room:
        """The room, as this agent."""
        return Room(self.agency.url, self.agency.token, Path(self.agency.ca) if self.agency.ca else None)

    def heartbeat(self) -> None:
        """Say that this agent is alive, and what it does; where nobody watches the room, say so here (law 8)."""
        age = self.room.heartbeat(ecluse.__version__, self.doing)
        unwatched = age is None or age > _UNWATCHED
        if unwatched and not self.unwatched:
            _output.alarm(tr("nobody watches the control room: its watch is silent, and no alert will be raised there; "
                             "tell the controller's data protection officer",
                             "personne ne veille sur la salle de contrôle : sa veille se tait, et aucune alerte n'y "
                             "sera levée ; prévenez le délégué à la protection des données"))  # fmt: skip
        if self.unwatched and not unwatched:
            _output.say(tr("the control room is watched again", "la salle de contrôle est de nouveau surveillée"))
        self.unwatched = unwatched

    def one_pass(self) -> list[EcluseError]:
        """Do all that can be done now; gives what kept a task from going on. One task keeps no other from it.

        Raises:
            Stopped: the process was told to end.
            ForbiddenError, RetryableError: the room does not know this agent, or cannot be reached; what must be erased
                has been erased all the same.
        """
        try:
            work = self.room.work()
        except EcluseError:
            for error in self._overdue(set()):
                _output.complain(error)
            raise
        wrong: list[EcluseError] = []
        for asked in work.estimates:
            wrong += self._try(partial(self._count, asked))
        for task in work.tasks:
            wrong += self._try(partial(self._carry, task))
        self.doing = ""
        return wrong + self._overdue({order_folder(self.root, task.order.digest) for task in work.tasks})

    def _try(self, do: Callable[[], object]) -> list[EcluseError]:
        if self.stop.is_set():
            raise Stopped
        try:
            do()
        except EcluseError as error:
            return [error]
        return []

    def _overdue(self, known: set[Path]) -> list[EcluseError]:
        """Orders that the room does not speak of: what must be erased is erased all the same (law 7)."""
        folder, wrong = self.root / "orders", list[EcluseError]()
        for root in sorted(folder.iterdir()) if folder.is_dir() else ():
            site = Site(root, self._setup(root))
            if root not in known and site.has(self.agency.place):
                wrong += self._try(partial(_erase, site))
        return wrong

    def _count(self, asked: RoomAsked) -> None:
        agreement = self._agreement(asked.agreement)
        order = decode(Order, asked.order, file="order")
        self.doing = f"estimate {order.order}"
        papers = Papers(agreement, Paper(order, {}, ROOM))
        report = counted(Site(self.root, self.setup), papers, dt.datetime.now(dt.UTC))
        self.room.estimate(asked.id, encode(estimate_of(report, self.agency.agent, dt.datetime.now(dt.UTC))))
        _output.say(tr(f"estimated: order {order.order}", f"estimé : ordre {order.order}"))

    def _agreement(self, paper: RoomPaper) -> Paper[Agreement]:
        """An agreement that the owner has confirmed; asked, where somebody is there to answer.

        Raises:
            SignatureError: nobody has.
        """
        made = Paper(decoded(Agreement, paper), dict(paper.signatures), ROOM)
        if not self.agency.trusts(made.digest) and self.confirm(made.value, made.digest):
            self.agency = self.agency.trusting(made.digest)
        self.agency.check_trusted(made.digest, made.value.agreement)
        return made

    def _setup(self, root: Path, agreement: str | None = None) -> Setup:
        """How this agent's system is entered for one order: a mailbox of its own, the agreement that is trusted."""
        if self.setup.mailbox is None:
            raise UsageError(tr("an option is missing: --mailbox", "il manque une option : --mailbox"))
        made = self.setup.for_order(root.name)
        return made.told_of(agreement) if agreement else made

    def _carry(self, task: RoomTask) -> None:
        """Do what is due at this agent's place for one order, and tell the room."""
        agreement = self._agreement(task.agreement)
        papers = Papers(agreement, Paper(decoded(Order, task.order), dict(task.order.signatures), ROOM))
        root = order_folder(self.root, papers.order.digest)
        site = Site(root, self._setup(root, agreement.digest))
        self.doing = f"order {papers.order.value.order}"
        if not site.has(self.agency.place):
            papers.check(dt.datetime.now(dt.UTC).date())
            if not self._begin(site, papers, task):
                return
        told = self.told.setdefault(papers.order.digest, Told())
        job = Job(self.room, site, self.agency.place, papers, task, told, self.stop)
        try:
            job.go_on()
        except BaseException:
            job.tell_if_possible()
            raise
        job.tell()

    def _begin(self, site: Site, papers: Papers, task: RoomTask) -> bool:
        """Make this agent's place; False where it is not its turn yet."""
        if self.agency.place is Place.SOURCE:
            write_setup(site.root, site.setup)
            admitted_plan(site, papers, None)
            _output.say(tr(f"planned: {papers.order.value.order}", f"planifié : {papers.order.value.order}"))
            return True
        # A hint, by which nothing is believed: a room that lies makes the reception fail, and no more.
        if task.states.get(Place.SOURCE) not in _DELIVERED:
            return False
        write_setup(site.root, site.setup)
        _steps.receive(site)
        return True


def _erase(site: Site) -> None:
    if erase_if_due(site):
        raise TransitionError(
            tr("the erase-by date has come: everything is erased", "la date d'effacement est venue : tout est effacé")
        )
