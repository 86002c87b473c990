"""The room's channels beside mail, as ``supervision.yaml`` in its home names them."""

from pathlib import Path

from django.conf import settings

from ecluse.control import supervision
from ecluse.control.supervision import Channel
from ecluse.domain.alerts import Severity, rises
from ecluse.domain.errors import MalformedError


def channels() -> tuple[Channel, ...]:
    """All of them, as configured now; raises MalformedError where the file is wrong."""
    return supervision.read(Path(settings.ECLUSE_HOME)).channels


def names_for(severity: Severity) -> tuple[str, ...]:
    """Those that take an alert so urgent; none where the file is wrong, which the watch tells for itself."""
    try:
        return tuple(each.name for each in channels() if not rises(severity, each.least))
    except MalformedError:
        return ()
