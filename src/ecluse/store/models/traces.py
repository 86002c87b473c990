"""Conclusions of tracing, in the record of an incident (R11): what the controller's own machine told, and no sample.

Rows are added and never changed. ``salt`` goes into the digest that the journal holds, as for facts.
"""

from typing import ClassVar

from django.db import models

from ecluse.store.models.incidents import IncidentRow
from ecluse.store.models.people import Person


class IncidentTrace(models.Model):
    """One conclusion, as canonical JSON (``ecluse.trace-conclusion/1``); ``number`` counts within the incident.

    ``replaces``: the number of the one that it takes back.
    """

    incident = models.ForeignKey(IncidentRow, models.PROTECT, related_name="traces")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    conclusion = models.JSONField()
    replaces = models.PositiveSmallIntegerField(null=True, blank=True)
    salt = models.CharField(max_length=32)

    class Meta:
        """As they came."""

        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "number"], name="an_incident_counts_its_traces"),
            models.UniqueConstraint(fields=["incident", "replaces"], name="a_conclusion_is_replaced_once"),
        ]
