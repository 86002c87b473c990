"""``/metrics``, for the Prometheus of whoever runs the room."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET
from prometheus_client.exposition import choose_encoder

from ecluse.control import supervision
from ecluse.portal.access import for_program
from ecluse.portal.metrics import registry
from ecluse.store.reads.figures import figures


def _told() -> supervision.Supervision:
    return supervision.read(Path(settings.ECLUSE_HOME))


@for_program(lambda: _told().metrics_token)
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """The room's numbers: no person, no patient's value."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    told = _told()
    now = timezone.now()
    made = registry(figures(now, warnings=told.metrics_warnings, controllers=told.metrics_incidents))
    return HttpResponse(encode(made), content_type=content_type)
