"""What every page knows."""

from typing import Any

from django.http import HttpRequest

from ecluse.domain.permissions import Action, Parties, may
from ecluse.portal.access import grants_of


def room(request: HttpRequest) -> dict[str, Any]:
    """The person's grants and which parts of the room they can enter."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"entrances": {}}
    grants = grants_of(request)
    everywhere = Parties(frozenset(g.organisation for g in grants))
    seen = {a.value.replace(".", "_"): may(grants, a, everywhere) for a in Action}
    return {"grants": grants, "entrances": seen}
