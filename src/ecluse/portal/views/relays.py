"""Relays: how far each has told its journal, what it could not erase in time, whom it refused (R7, R8, R10)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ecluse.domain.permissions import Action
from ecluse.portal.access import grants_of, guarded
from ecluse.store.reads import relays as reads
from ecluse.store.reads.agents import state_of
from ecluse.store.reads.agreements import allowed_in


@guarded(Action.SEE_AGENTS)
@require_GET
def relays(request: HttpRequest) -> HttpResponse:
    """The relays of one's organisations."""
    found = reads.relays(allowed_in(grants_of(request), Action.SEE_AGENTS))
    return render(request, "relays/list.html", {"relays": [(each, state_of(each.agent)) for each in found]})
