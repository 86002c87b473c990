"""Warnings: what came, sealed; who it names; to whom it was sealed; who was told when (R10).

No column holds a text that somebody wrote: words are in ``sealed``, which this room cannot open.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from ecluse.store.models.people import Organisation, Person


class WarningKey(models.Model):
    """A person's age recipient for warnings; the identity is on their own machine."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="warning_keys")
    recipient = models.CharField(max_length=62)
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        """One at a time."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person"], condition=Q(until__isnull=True), name="one_warning_key")
        ]


class WarningTerms(models.Model):
    """An organisation's own clocks, shorter than the law's."""

    organisation = models.OneToOneField(Organisation, models.PROTECT, primary_key=True, related_name="warning_terms")
    acknowledge_days = models.PositiveSmallIntegerField()
    answer_days = models.PositiveSmallIntegerField()
    exposure_hours = models.PositiveSmallIntegerField()


class ReportedWarning(models.Model):
    """One warning. ``receipt`` is its public number.

    ``salt`` and ``verifier`` check the reporter's secret; ``mailbox`` is an age recipient; its identity is in ``lock``,
    which that secret alone opens: answers are sealed to it.
    """

    receipt = models.CharField(max_length=16, unique=True)
    received_at = models.DateTimeField()
    language = models.CharField(max_length=2)
    exposed = models.BooleanField()
    sample = models.BooleanField()
    shared = models.BooleanField()
    sealed = models.BinaryField()
    digest = models.CharField(max_length=71)
    attachments = models.PositiveSmallIntegerField()
    salt = models.BinaryField()
    verifier = models.BinaryField()
    mailbox = models.CharField(max_length=62)
    lock = models.BinaryField()
    acknowledge_by = models.DateTimeField()
    answer_by = models.DateTimeField()
    state = models.CharField(max_length=16, db_index=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=16, blank=True)

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-received_at"]


class WarningParty(models.Model):
    """An organisation that a warning concerns; ``reads``: its people may come to read it."""

    warning = models.ForeignKey(ReportedWarning, models.PROTECT, related_name="parties")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    reads = models.BooleanField()

    class Meta:
        """Once each."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["warning", "organisation"], name="a_warning_concerns_each_once")
        ]


class WarningReader(models.Model):
    """A person to whose key a warning was sealed when it came."""

    warning = models.ForeignKey(ReportedWarning, models.PROTECT, related_name="readers")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        """Once each."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["warning", "person"], name="a_warning_is_sealed_to_each_once")
        ]


class WarningNamed(models.Model):
    """A person whom a warning is about: for them it does not exist. Never deleted."""

    warning = models.ForeignKey(ReportedWarning, models.PROTECT, related_name="named")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        """Once each."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["warning", "person"], name="a_warning_names_each_once")
        ]


class WarningMessage(models.Model):
    """A message of the reporter (no author) or to them, sealed to the reporter's mailbox and to who may read."""

    warning = models.ForeignKey(ReportedWarning, models.PROTECT, related_name="messages")
    author = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    sealed = models.BinaryField()
    digest = models.CharField(max_length=71)

    class Meta:
        """As they came."""

        ordering: ClassVar = ["at", "pk"]


class WarningStation(models.Model):
    """That a warning came to a station; ``waiting``: handles of those whom a mail has not reached yet."""

    warning = models.ForeignKey(ReportedWarning, models.PROTECT, related_name="stations")
    station = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    told = models.JSONField(default=list)
    waiting = models.JSONField(default=list)

    class Meta:
        """Each station once."""

        ordering: ClassVar = ["station"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["warning", "station"], name="a_warning_comes_to_a_station_once")
        ]
