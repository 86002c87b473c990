"""Migrations as their places report them: projections of signed journals, and the papers they sent."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from ecluse.store.models.agents import Agent
from ecluse.store.models.orders import OrderVersion


class Migration(models.Model):
    """One approved order on its way."""

    order = models.OneToOneField(OrderVersion, models.PROTECT, related_name="migration")
    state = models.CharField(max_length=16, db_index=True)
    since = models.DateTimeField(default=timezone.now)
    due = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(default=timezone.now)


class PlaceJournal(models.Model):
    """How far a place's journal is known here, and under which checkpoint.

    ``log``: its key, pinned at the first report. ``frontier``: the tree of the entries that are here, as ``[level,
    hexadecimal hash]``. ``counts``: what they say (``store.acts.reports``).
    """

    migration = models.ForeignKey(Migration, models.PROTECT, related_name="places")
    place = models.CharField(max_length=16)
    agent = models.ForeignKey(Agent, models.PROTECT, related_name="+")
    log = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField(default=0)
    checkpoint = models.BinaryField(default=b"")
    frontier = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    reported_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """A migration has one source and one destination."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["migration", "place"], name="one_journal_a_place")]


class PlaceEntry(models.Model):
    """One entry of a place's journal, as it was received."""

    journal = models.ForeignKey(PlaceJournal, models.PROTECT, related_name="entries")
    index = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=64)
    event = models.CharField(max_length=48)
    subject = models.CharField(max_length=200)
    detail = models.JSONField(default=dict)
    data = models.BinaryField()

    class Meta:
        """In the journal's own order."""

        ordering: ClassVar = ["index"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["journal", "index"], name="one_entry_an_index")]


class Paper(models.Model):
    """A signed artefact about a migration: plan, receipts, reconciliation, decision, certificates."""

    migration = models.ForeignKey(Migration, models.PROTECT, related_name="papers")
    kind = models.CharField(max_length=32)
    digest = models.CharField(max_length=71, db_index=True)
    data = models.BinaryField()
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """Content-addressed."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["migration", "digest"], name="a_paper_once")]
