"""Agreements and the signatures on them (R1, law 9)."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from ecluse.store.models.people import Organisation, Person


class AgreementVersion(models.Model):
    """One version of an agreement: a draft while ``artefact`` is empty, then canonical bytes that never change."""

    number = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    controller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    processor = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    draft = models.JSONField(default=dict)
    artefact = models.BinaryField(default=b"", blank=True)
    digest = models.CharField(max_length=71, blank=True, db_index=True)
    drafted_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField(default=timezone.now)
    frozen_at = models.DateTimeField(null=True, blank=True)
    in_force_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """A number and a version name one text."""

        ordering: ClassVar = ["-drafted_at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["number", "version"], name="one_agreement_version")]


class SubProcessorNotice(models.Model):
    """A sub-processor that the processor wants to bring in, announced; the controller may object (Art. 28(2))."""

    agreement = models.ForeignKey(AgreementVersion, models.PROTECT, related_name="notices")
    name = models.CharField(max_length=300)
    address = models.CharField(max_length=300)
    contact = models.CharField(max_length=300)
    processing = models.TextField()
    announced_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    announced_on = models.DateField()
    notice_days = models.PositiveSmallIntegerField()
    objected_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    objected_on = models.DateField(null=True, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-announced_on", "-pk"]


class ArtefactSignature(models.Model):
    """An SSHSIG over an artefact, by a passkey or a key of an agent."""

    digest = models.CharField(max_length=71, db_index=True)
    kind = models.CharField(max_length=32)
    signer = models.CharField(max_length=64)
    armor = models.TextField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """Each signs once."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["digest", "signer"], name="each_signs_once")]
