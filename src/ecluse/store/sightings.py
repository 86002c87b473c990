"""Signs of life of programs: when an agent or a token was last heard of. No records: a table each, unjournalled."""

import datetime as dt

from django.utils import timezone

from ecluse.store.models import Agent, AgentSighting, ApiToken, TokenUse

_EVERY = dt.timedelta(seconds=10)


def agent_seen(agent: Agent, *, version: str | None = None, doing: str | None = None) -> None:
    """Note that an agent called now; at most one write in ten seconds unless it says something new (None: nothing)."""
    now = timezone.now()
    last = AgentSighting.objects.filter(agent=agent).first()
    was = (last.version, last.doing) if last else ("", "")
    said = (was[0] if version is None else version[:32], was[1] if doing is None else doing[:32])
    if last is None or now - last.at >= _EVERY or said != was:
        AgentSighting.objects.update_or_create(agent=agent, defaults={"at": now, "version": said[0], "doing": said[1]})


def token_used(token: ApiToken) -> None:
    """Note that a token was used now; at most one write in ten seconds."""
    now = timezone.now()
    last = TokenUse.objects.filter(token=token).first()
    if last is None or now - last.at >= _EVERY:
        TokenUse.objects.update_or_create(token=token, defaults={"at": now})
