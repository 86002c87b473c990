"""Orders and their versions (R2, R14)."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from ecluse.store.models.agreements import AgreementVersion
from ecluse.store.models.people import Person


class OrderVersion(models.Model):
    """One version of an order: a draft while ``artefact`` is empty, then canonical bytes that never change."""

    number = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    agreement = models.ForeignKey(AgreementVersion, models.PROTECT, related_name="orders")
    draft = models.JSONField(default=dict)
    artefact = models.BinaryField(default=b"", blank=True)
    digest = models.CharField(max_length=71, blank=True, db_index=True)
    drafted_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField(default=timezone.now)
    frozen_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    estimate = models.JSONField(null=True, blank=True)
    estimate_asked_at = models.DateTimeField(null=True, blank=True)
    estimate_given_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """A number and a version name one text."""

        ordering: ClassVar = ["-drafted_at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["number", "version"], name="one_order_version")]
