"""How far each target of the security log has got."""

from django.db import models


class LogCursor(models.Model):
    """How far a target has got, moved on after it took the events (``UNRECORDED``).

    ``cursors``: how far it has each source, by the source's name (``store.reads.observed``). ``failing_since``: since
    when it takes nothing; None while it does.
    """

    target = models.CharField(max_length=80, primary_key=True)
    cursors = models.JSONField(default=dict)
    sent_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
