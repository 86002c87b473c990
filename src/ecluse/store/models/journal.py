"""The room's journal: its files as they are signed, and its lines as they are searched."""

from typing import ClassVar

from django.db import models


class JournalFile(models.Model):
    """One file of the tlog-tiles layout (:mod:`ecluse.journal.tiles`)."""

    path = models.CharField(max_length=200, primary_key=True)
    data = models.BinaryField()


class JournalLine(models.Model):
    """A projection of one entry, for search; the truth is in :class:`JournalFile`."""

    index = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=64, db_index=True)
    event = models.CharField(max_length=48, db_index=True)
    concerns = models.JSONField(default=list)
    subject = models.CharField(max_length=200, db_index=True)
    detail = models.JSONField(default=dict)

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-index"]


class WitnessedCheckpoint(models.Model):
    """A checkpoint of this journal that a witness has cosigned, as it came back."""

    size = models.PositiveBigIntegerField()
    witness = models.CharField(max_length=200)
    key = models.CharField(max_length=300)
    cosigned_at = models.DateTimeField()
    raw = models.BinaryField()

    class Meta:
        """The farthest first."""

        ordering: ClassVar = ["-size", "-cosigned_at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["size", "key"], name="a_witness_cosigns_a_size_once")]


class JournalConcern(models.Model):
    """Which organisation may read which line."""

    line = models.ForeignKey(JournalLine, models.CASCADE, related_name="readers")
    organisation = models.CharField(max_length=64)

    class Meta:
        """Read by organisation, newest first."""

        indexes: ClassVar = [models.Index(fields=["organisation", "-line"])]
