"""Addresses of agents, and of one's own tokens."""

from django.urls import path

from ecluse.portal.views import agents, tokens

urlpatterns = [
    path("agents/", agents.agents, name="agents"),
    path("agents/invite/<slug:organisation>/", agents.invite, name="invite_agent"),
    path("agents/<int:agent>/", agents.agent, name="agent"),
    path("agents/<int:agent>/code/", agents.new_code, name="agent_code"),
    path("agents/<int:agent>/revoke/", agents.revoke, name="revoke_agent"),
    path("me/tokens/", tokens.tokens, name="tokens"),
    path("me/tokens/<int:token>/revoke/", tokens.revoke, name="revoke_token"),
]
