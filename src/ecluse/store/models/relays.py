"""Relays as they report themselves: their journals, entry by entry (law 5). A relay is enrolled as an agent is."""

from typing import ClassVar

from django.db import models

from ecluse.store.models.agents import Agent


class RelayJournal(models.Model):
    """How far a relay's journal is known here, and under which checkpoint; fields as ``PlaceJournal``'s."""

    agent = models.OneToOneField(Agent, models.PROTECT, related_name="relay_journal")
    log = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField(default=0)
    checkpoint = models.BinaryField(default=b"")
    frontier = models.JSONField(default=list)
    reported_at = models.DateTimeField(null=True, blank=True)


class RelayEntry(models.Model):
    """One entry of a relay's journal, as it was received: who came, from where, and did what."""

    journal = models.ForeignKey(RelayJournal, models.PROTECT, related_name="entries")
    index = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=100)
    event = models.CharField(max_length=48)
    origin = models.CharField(max_length=64, blank=True)
    box = models.CharField(max_length=16, blank=True)
    subject = models.CharField(max_length=200)
    detail = models.JSONField(default=dict)
    data = models.BinaryField()

    class Meta:
        """In the journal's own order."""

        ordering: ClassVar = ["index"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["journal", "index"], name="one_relay_entry_an_index")]
