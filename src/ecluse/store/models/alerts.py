"""Alerts: what was raised, whom it concerns, who was told and answered; and where the watch stands (law 8)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from ecluse.domain.alerts import AlertState, Severity
from ecluse.store.models.people import Organisation, Person


def _words(kind: type[Severity] | type[AlertState]) -> list[tuple[str, str]]:
    return [(str(each), str(each)) for each in kind]


class Alert(models.Model):
    """One matter: a rule and the group that it struck. Open once; what strikes again adds to ``count``.

    ``people``: handles of those whose own doing it is. ``marks``: the last events seen, by their marks. ``opened_at``:
    when it was raised here, by which the clocks run; ``first_at`` and ``latest_at`` are the events' own times.
    ``reached``: the furthest station that was told, -1 before the first. ``round``: how often its severity rose, each
    time with all stations anew. ``former``: the resolved one that it follows.
    """

    rule = models.CharField(max_length=64, db_index=True)
    severity = models.CharField(max_length=8, choices=_words(Severity))
    group = models.CharField(max_length=200)
    subject = models.CharField(max_length=200, blank=True)
    title_en = models.CharField(max_length=200)
    title_fr = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=_words(AlertState), default=AlertState.OPEN, db_index=True)
    count = models.PositiveIntegerField(default=1)
    people = models.JSONField(default=list)
    marks = models.JSONField(default=list)
    opened_at = models.DateTimeField()
    first_at = models.DateTimeField()
    latest_at = models.DateTimeField()
    reached = models.SmallIntegerField(default=-1)
    round = models.PositiveSmallIntegerField(default=0)
    acknowledged_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    resolved_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    former = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        """The newest first; one open alert of a rule and group."""

        ordering: ClassVar = ["-latest_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule", "group"], condition=~Q(state="resolved"), name="one_open_alert_a_group"
            )
        ]


class AlertConcern(models.Model):
    """Which organisation an alert concerns: its people may see it, and hold the stations of its side."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="concerned")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")

    class Meta:
        """Once each."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["alert", "organisation"], name="one_concern_each")]


class AlertTold(models.Model):
    """That a person is to be told of an alert at a station, and what came of it.

    Without a person: one of the room's channels is to be told, or (``passed``, no channel) nobody held the roles.

    A row that waits is the outbox: ``due_at`` is when it is tried (quiet hours, backoff), ``tries`` how often it was,
    ``channel`` the way it went or was last tried. ``outcome``: ``waiting``, ``told``, ``passed`` (nobody), ``moot``.
    """

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="told")
    round = models.PositiveSmallIntegerField(default=0)
    station = models.PositiveSmallIntegerField()
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=8, default="waiting", db_index=True)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)
    channel = models.CharField(max_length=64, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    link_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Each person and each of the room's channels once a station; one that nobody holds is passed once."""

        ordering: ClassVar = ["made_at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert", "round", "station", "person"], name="told_once_a_station"),
            models.UniqueConstraint(
                fields=["alert", "round", "station", "channel"], condition=Q(person=None), name="once_a_channel"
            ),
        ]


class AlertNote(models.Model):
    """A line of an alert's history: what happened, by whom; ``text`` is what a person wrote."""

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="notes")
    at = models.DateTimeField()
    actor = models.CharField(max_length=64)
    event = models.CharField(max_length=48)
    detail = models.JSONField(default=dict)
    text = models.TextField(blank=True)

    class Meta:
        """In the order in which it happened."""

        ordering: ClassVar = ["at", "pk"]


class AlertClocks(models.Model):
    """An organisation's own clocks: ``{severity: [seconds to acknowledge, seconds to resolve]}``."""

    organisation = models.OneToOneField(Organisation, models.PROTECT, primary_key=True, related_name="alert_clocks")
    clocks = models.JSONField(default=dict)
    set_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    set_at = models.DateTimeField()


class AlertWays(models.Model):
    """How a person is told: ``channels`` in their order, as ``{"channel", "to"}``; mail is always the last.

    Between ``quiet_from`` and ``quiet_until`` (the room's time) medium and low alerts wait; others never do.
    """

    person = models.OneToOneField(Person, models.PROTECT, primary_key=True, related_name="alert_ways")
    channels = models.JSONField(default=list)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    set_at = models.DateTimeField()


class Watch(models.Model):
    """Where the watch stands: who holds it, its last beat, and how far it has read (``UNRECORDED``; one row).

    ``cursors``: how far each source was read, by its name. ``broken``: why the room's journal cannot be trusted or
    written, empty while it can: no alert could be recorded then.
    """

    holder = models.CharField(max_length=100, blank=True)
    held_until = models.DateTimeField()
    beat_at = models.DateTimeField()
    cursors = models.JSONField(default=dict)
    verified_at = models.DateTimeField(null=True, blank=True)
    broken = models.CharField(max_length=200, blank=True)
