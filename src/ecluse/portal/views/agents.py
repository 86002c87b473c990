"""Agents: who answers for each, when it was last heard of; invited by a code shown once, revoked at once."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ecluse.domain.errors import EcluseError
from ecluse.domain.permissions import Action, Parties, may
from ecluse.portal.access import grants_of, guarded, organisation_named, person_of
from ecluse.portal.forms.agents import AgentForm
from ecluse.portal.parties import agent_numbered, of_agent
from ecluse.portal.refusals import said
from ecluse.portal.words import tr
from ecluse.store.acts import agents as acts
from ecluse.store.models import Agent, Organisation
from ecluse.store.reads import agents as reads
from ecluse.store.reads.agreements import allowed_in

_A_PAGE = 50


@guarded(Action.SEE_AGENTS)
@require_GET
def agents(request: HttpRequest) -> HttpResponse:
    """Agents of all organisations in which one may see them."""
    grants = grants_of(request)
    seen = allowed_in(grants, Action.SEE_AGENTS)
    page = Paginator(reads.listed(seen), _A_PAGE).get_page(request.GET.get("page"))
    shown = {
        "page": page,
        "rows": [(agent, reads.state_of(agent)) for agent in page],
        "may_invite": Organisation.objects.filter(slug__in=allowed_in(grants, Action.ENROL_AGENT)),
    }
    return render(request, "agents/list.html", shown)


@guarded(Action.ENROL_AGENT, organisation_named)
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, organisation: str) -> HttpResponse:
    """Name an agent that one answers for; its code is shown once."""
    place, by = Organisation.objects.get(slug=organisation), person_of(request)
    form = AgentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        handle, where = form.cleaned_data["handle"], form.cleaned_data["place"]
        try:
            code = acts.invite(by.handle, place, where, handle, owner=by)
        except EcluseError as error:
            form.add_error(None, said(error).message)
        else:
            return _code(request, Agent.objects.get(handle=handle), code)
    return render(request, "agents/invite.html", {"organisation": place, "form": form})


@guarded(Action.SEE_AGENTS, of_agent)
@require_GET
def agent(request: HttpRequest, agent: int) -> HttpResponse:
    """One agent, and what may be done with it."""
    found = agent_numbered(agent)
    grants, parties = grants_of(request), Parties.of(found.organisation.slug)
    state = reads.state_of(found)
    shown = {
        "agent": found,
        "state": state,
        "sighting": getattr(found, "sighting", None),
        "may_code": state in {reads.INVITED, reads.LAPSED} and may(grants, Action.ENROL_AGENT, parties),
        "may_revoke": state != reads.REVOKED and may(grants, Action.REVOKE_AGENT, parties),
    }
    return render(request, "agents/one.html", shown)


@guarded(Action.ENROL_AGENT, of_agent)
@require_POST
def new_code(request: HttpRequest, agent: int) -> HttpResponse:
    """Another code for an agent that is not enrolled yet; the former works no longer."""
    found = agent_numbered(agent)
    code = acts.invite(person_of(request).handle, found.organisation, found.place, found.handle, owner=found.owner)
    return _code(request, found, code)


@guarded(Action.REVOKE_AGENT, of_agent)
@require_POST
def revoke(request: HttpRequest, agent: int) -> HttpResponse:
    """The agent's token works no longer, from now on."""
    found = agent_numbered(agent)
    acts.revoke(person_of(request).handle, found)
    messages.success(
        request,
        tr(f"{found.handle} is revoked: its token is dead.", f"{found.handle} est révoqué : son jeton est mort."),
    )
    return redirect("agents")


def _code(request: HttpRequest, found: Agent, code: str) -> HttpResponse:
    command = f"ecluse agent enrol {settings.ECLUSE_ORIGIN} {code} -w agent --key agent.key"
    return render(request, "agents/code.html", {"agent": found, "command": command, "minutes": acts.CODE_MINUTES})
