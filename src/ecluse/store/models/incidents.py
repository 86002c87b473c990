"""Incidents: what is known of a breach at one laboratory, what was decided, where data lie (GDPR Art. 33; R17).

Rows are added and never changed, but for an incident's phase, which its steps tell, and the
moment at which its warning came to the controller, once. ``salt`` goes into the digest that
the journal holds, so that nobody who sees a digest can guess a short text.
"""

from typing import ClassVar

from django.db import models

from ecluse.domain.incident_exposures import ExposureKind, ExposureState
from ecluse.domain.incidents import Basis, FactKind, Ground, Phase, Risk, Step
from ecluse.domain.permissions import Side
from ecluse.store.models.people import Organisation, Person
from ecluse.store.models.warnings import ReportedWarning

_Words = (
    type[Basis] | type[FactKind] | type[Ground] | type[Phase] | type[Risk] | type[Side] | type[Step]
    | type[ExposureKind] | type[ExposureState]
)  # fmt: skip


def _words(kind: _Words) -> list[tuple[str, str]]:
    return [(str(each), str(each)) for each in kind]


class IncidentRow(models.Model):
    """One breach at one controller. ``matter``: the same at several laboratories, for the vendor that opened them.

    ``found_at``: when the side that opened it became aware. ``warning``: the warning that it came from;
    ``controller_told_at``: when that came to the first of the controller's people.
    """

    number = models.CharField(max_length=20, unique=True)
    matter = models.CharField(max_length=32, db_index=True)
    title = models.CharField(max_length=120)
    controller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    processor = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    phase = models.CharField(max_length=16, choices=_words(Phase), db_index=True)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    opened_side = models.CharField(max_length=16, choices=_words(Side))
    found_at = models.DateTimeField()
    controller_told_at = models.DateTimeField(null=True, blank=True)
    warning = models.ForeignKey(ReportedWarning, models.PROTECT, null=True, blank=True, related_name="incidents")
    salt = models.CharField(max_length=32)

    class Meta:
        """The newest first; a warning leads to one incident at a laboratory."""

        ordering: ClassVar = ["-opened_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["warning", "controller", "processor"], name="a_warning_opens_one_incident_each"
            )
        ]


class IncidentFact(models.Model):
    """One thing that is known; ``number`` counts within the incident."""

    incident = models.ForeignKey(IncidentRow, models.PROTECT, related_name="facts")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=16, choices=_words(FactKind))
    text = models.TextField(blank=True)
    count = models.PositiveBigIntegerField(null=True, blank=True)
    exact = models.BooleanField(default=False)
    known_since = models.DateTimeField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    side = models.CharField(max_length=16, choices=_words(Side))
    corrects = models.PositiveSmallIntegerField(null=True, blank=True)
    salt = models.CharField(max_length=32)

    class Meta:
        """As they came."""

        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "number"], name="an_incident_counts_its_facts"),
            models.UniqueConstraint(fields=["incident", "corrects"], name="a_fact_is_corrected_once"),
        ]


class IncidentMove(models.Model):
    """One step: a notice, a decision, a filing. ``happened_at`` as it is stated, ``at`` when it was written down."""

    incident = models.ForeignKey(IncidentRow, models.PROTECT, related_name="moves")
    number = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=16, choices=_words(Step))
    happened_at = models.DateTimeField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    side = models.CharField(max_length=16, choices=_words(Side))
    reasons = models.TextField(blank=True)
    reference = models.CharField(max_length=200, blank=True)
    risk = models.CharField(max_length=16, choices=_words(Risk), blank=True)
    basis = models.CharField(max_length=16, choices=_words(Basis), blank=True)
    ground = models.CharField(max_length=16, choices=_words(Ground), blank=True)
    salt = models.CharField(max_length=32)

    class Meta:
        """As they were taken."""

        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "number"], name="an_incident_counts_its_steps")
        ]


class IncidentExposure(models.Model):
    """One place where leaked data lie."""

    incident = models.ForeignKey(IncidentRow, models.PROTECT, related_name="exposures")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=16, choices=_words(ExposureKind))
    address = models.CharField(max_length=2000)
    holder = models.CharField(max_length=200, blank=True)
    capture = models.CharField(max_length=64, blank=True)
    seen_at = models.DateTimeField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    side = models.CharField(max_length=16, choices=_words(Side))
    salt = models.CharField(max_length=32)

    class Meta:
        """As they were noted."""

        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "number"], name="an_incident_counts_its_places")
        ]


class IncidentExposureMove(models.Model):
    """What was asked about a place, answered or seen."""

    exposure = models.ForeignKey(IncidentExposure, models.PROTECT, related_name="moves")
    to = models.CharField(max_length=16, choices=_words(ExposureState))
    happened_at = models.DateTimeField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    whom = models.CharField(max_length=400, blank=True)
    reference = models.CharField(max_length=200, blank=True)
    salt = models.CharField(max_length=32)

    class Meta:
        """As they came."""

        ordering: ClassVar = ["pk"]
