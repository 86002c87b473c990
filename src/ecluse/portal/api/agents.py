"""Endpoints of agents: enrol, work, estimates, reports, papers, signs of life. No patient's row can come this way."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router

from ecluse.domain.errors import MalformedError, RefusedError, UnseenError
from ecluse.domain.estimate import Estimate
from ecluse.portal.api import shapes
from ecluse.portal.api.base import PROBLEMS, AgentBearer, agent_of, client_address, limited
from ecluse.store import watching
from ecluse.store.acts import agents, orders, relays, reports
from ecluse.store.acts.agreements import artefact_of
from ecluse.store.acts.reports import GivenPaper, Report
from ecluse.store.models import Agent, Migration, OrderVersion
from ecluse.store.reads.work import Asked, SignedPaper, Task, asked_of, order_text, place_in, tasks_of
from ecluse.store.sightings import agent_seen
from ecluse.wire.artefacts import decode, digest_of

router = Router(tags=["agents"], auth=AgentBearer())

_ENROLMENTS = 10
_REFUSED_SECONDS = 600
_NEW = "system"


@router.post("/enrol", response={200: shapes.EnrolOut, PROBLEMS: shapes.Problem}, auth=None)
def enrol(request: HttpRequest, given: shapes.EnrolIn) -> shapes.EnrolOut:
    """Bind an agent to its key, by its one-time code; the token in the answer is never shown again."""
    limited(f"enrol-{client_address(request)}", _ENROLMENTS)
    agent, token = agents.enrol(_NEW, given.code, given.key, given.version)
    slug = agent.organisation.slug
    return shapes.EnrolOut(agent=agent.handle, place=agent.place, organisation=slug, token=token)


@router.get("/work", response={200: shapes.WorkOut, PROBLEMS: shapes.Problem})
def work(request: HttpRequest) -> shapes.WorkOut:
    """Signed orders, instructions and decisions that concern the agent, and estimates that it is asked for.

    The agent verifies every signature itself; nothing here is to be believed.
    """
    agent = agent_of(request)
    return shapes.WorkOut(tasks=[*map(_task, tasks_of(agent))], estimates=[*map(_asked, asked_of(agent))])


@router.post("/estimates/{order}", response={200: shapes.Kept, PROBLEMS: shapes.Problem})
def estimate(request: HttpRequest, order: int, given: shapes.EstimateIn) -> shapes.Kept:
    """Give what was counted for an order's text."""
    agent, version = agent_of(request), _asked_order(agent_of(request), order)
    found = decode(Estimate, _bytes(given.text), file="estimate")
    if found.agent != agent.handle:
        raise MalformedError("an estimate by another agent")
    text = order_text(version)
    if text is None or digest_of(text) != found.order:
        raise UnseenError("the text was changed since: count again")
    orders.give_estimate(agent.handle, version, found)
    return shapes.Kept(kept=1)


@router.post("/migrations/{order}/journal", response={200: shapes.ReportOut, PROBLEMS: shapes.Problem})
def report(request: HttpRequest, order: str, given: shapes.ReportIn) -> shapes.ReportOut:
    """Report the next entries of the place's journal; the room checks that they grow the tree that it knows."""
    agent = agent_of(request)
    entries = [_bytes(entry) for entry in given.entries]
    told = Report(given.log, given.start, entries, _bytes(given.checkpoint))
    migration = _migration(agent, order)
    with _refusals_told(agent, migration):
        known = reports.report(agent.handle, agent, migration, told)
    return shapes.ReportOut(size=known.size, state=str(known.counts.get("state", "")))


@router.post("/migrations/{order}/papers", response={200: shapes.Kept, PROBLEMS: shapes.Problem})
def papers(request: HttpRequest, order: str, given: shapes.PapersIn) -> shapes.Kept:
    """Hand in papers: plan, receipts, reconciliation, decision, instructions, certificates; each is judged first."""
    agent = agent_of(request)
    found = [
        GivenPaper(each.kind, _bytes(each.text), {name: _armour(text) for name, text in each.signatures.items()})
        for each in given.papers
    ]
    migration = _migration(agent, order)
    with _refusals_told(agent, migration, paper=True):
        return shapes.Kept(kept=reports.keep_papers(agent.handle, agent, migration, found))


@router.post("/heartbeat", response={200: shapes.HeartbeatOut, PROBLEMS: shapes.Problem})
def heartbeat(request: HttpRequest, given: shapes.HeartbeatIn) -> shapes.HeartbeatOut:
    """Say that the agent is alive, which version it is, and what it does; hear whether the room's watch is."""
    agent_seen(agent_of(request), version=given.version, doing=given.doing)
    return shapes.HeartbeatOut(kept=1, watch_age_s=watching.age(timezone.now()))


@router.get("/relay", response={200: shapes.RelayOut, PROBLEMS: shapes.Problem})
def relay(request: HttpRequest) -> shapes.RelayOut:
    """How much of the calling relay's journal is known here, and whether anybody watches."""
    return shapes.RelayOut(size=relays.size_of(agent_of(request)), watch_age_s=watching.age(timezone.now()))


@router.post("/relay/journal", response={200: shapes.RelayOut, PROBLEMS: shapes.Problem})
def relay_report(request: HttpRequest, given: shapes.ReportIn) -> shapes.RelayOut:
    """Report the next entries of a relay's journal; the room checks that they grow the tree that it knows."""
    agent = agent_of(request)
    told = Report(given.log, given.start, [_bytes(entry) for entry in given.entries], _bytes(given.checkpoint))
    try:
        known = relays.report(agent.handle, agent, told)
    except UnseenError:
        raise
    except RefusedError as error:
        if cache.add(f"relay-refused:{agent.pk}:{type(error).__name__}", 1, _REFUSED_SECONDS):
            relays.refuse(agent.handle, agent, error)
        raise
    return shapes.RelayOut(size=known.size, watch_age_s=watching.age(timezone.now()))


@contextmanager
def _refusals_told(agent: Agent, migration: Migration, *, paper: bool = False) -> Iterator[None]:
    """What an agent reports wrongly is journalled, once in ten minutes a kind: agents try again and again."""
    try:
        yield
    except UnseenError:
        raise
    except RefusedError as error:
        if cache.add(f"report-refused:{agent.pk}:{migration.pk}:{type(error).__name__}:{paper}", 1, _REFUSED_SECONDS):
            reports.refuse(agent.handle, agent, migration, error, paper=paper)
        raise


def _migration(agent: Agent, order: str) -> Migration:
    found = Migration.objects.select_related("order__agreement__controller", "order__agreement__processor")
    migration = found.filter(order__digest=order).first() if order else None
    if migration is None or not _names(agent, migration.order):
        raise UnseenError("there is no such order for this agent")
    return migration


def _names(agent: Agent, version: OrderVersion) -> bool:
    return place_in(agent, artefact_of(version.agreement)) is not None


def _asked_order(agent: Agent, order: int) -> OrderVersion:
    if agent.place != "source":
        raise Http404
    version = OrderVersion.objects.select_related("agreement").filter(pk=order).first()
    if version is None or version.estimate_asked_at is None or not _names(agent, version):
        raise UnseenError("no estimate is asked of this agent")
    return version


def _paper(paper: SignedPaper) -> shapes.PaperOut:
    return shapes.PaperOut(
        kind=paper.kind, digest=paper.digest, text=paper.data.decode("utf-8"), signatures=paper.signatures
    )


def _task(task: Task) -> shapes.TaskOut:
    return shapes.TaskOut(
        agreement=_paper(task.agreement),
        order=_paper(task.order),
        state=task.state,
        states=task.states,
        size=task.size,
        papers=[*map(_paper, task.papers)],
    )


def _asked(asked: Asked) -> shapes.AskedOut:
    text = asked.order.decode("utf-8")
    return shapes.AskedOut(id=asked.id, agreement=_paper(asked.agreement), order=text, digest=asked.digest)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8")  # the parser has refused lone surrogates


def _armour(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise MalformedError("a signature is not ASCII") from None
