"""The API itself, and its description at ``/api/v1/openapi.json``. No page loads scripts from elsewhere."""

from ecluse.portal.api import acts as _acts  # noqa: F401 - it adds its endpoints to people's router
from ecluse.portal.api import agents, people, strangers
from ecluse.portal.api import alerts as _alerts  # noqa: F401
from ecluse.portal.api import incidents as _incidents  # noqa: F401
from ecluse.portal.api import traces as _traces  # noqa: F401
from ecluse.portal.api.base import RoomApi, handle_errors, parser

api = RoomApi(
    title="Écluse",
    version="1",
    description="The control room for programs. Nothing here signs: that takes a passkey, in a browser.",
    docs_url=None,
    urls_namespace="api",
    parser=parser(),
)
handle_errors(api)
api.add_router("/agent", agents.router)
api.add_router("/report", strangers.router)
# One router for people: of two with the same address, the first would answer for both.
api.add_router("", people.router)
