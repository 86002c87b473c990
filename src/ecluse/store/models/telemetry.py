"""How far each target of the security log has got."""

from django.db import models


class LogCursor(models.Model):
    """How far a target has got, advanced after it took the events (``UNRECORDED``).

    ``line``: the next line of the room's journal. ``places``: how many entries of each place's journal it has, by the
    journal's id. ``failing_since``: since when it takes nothing; None while it does.
    """

    target = models.CharField(max_length=80, primary_key=True)
    line = models.PositiveBigIntegerField(default=0)
    places = models.JSONField(default=dict)
    sent_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
