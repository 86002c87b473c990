"""Alerts about warnings and their incidents: whoever a warning names neither hears, sees nor answers them (R10)."""

from collections.abc import Collection, Iterable

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from ecluse.domain.errors import UnseenError
from ecluse.domain.permissions import Side
from ecluse.store.models import (
    Alert,
    AlertConcern,
    IncidentRow,
    JournalConcern,
    JournalLine,
    Organisation,
    Person,
    WarningNamed,
    WarningParty,
)
from ecluse.store.reads.spared import told_of
from ecluse.store.reads.warnings import open_to, whole

OF_WARNINGS = "clock_warning_"
"""How the names of rules begin whose alerts are about a warning; such an alert's subject is the warning's receipt."""
OF_INCIDENTS = "clock_incident_"
"""The same of incidents; the subject is the incident's number."""
_BEHIND = ((OF_WARNINGS, "warning__receipt"), (OF_INCIDENTS, "warning__incidents__number"))


def of_warning(alert: Alert) -> bool:
    """Whether it is about a warning."""
    return alert.rule.startswith(OF_WARNINGS)


def of_incident(alert: Alert) -> bool:
    """Whether it is about an incident."""
    return alert.rule.startswith(OF_INCIDENTS)


def about(receipt: str) -> Q:
    """Which alerts are about a warning, or about an incident that was made from it."""
    incidents = IncidentRow.objects.filter(warning__receipt=receipt).order_by().values("number")
    return Q(rule__startswith=OF_WARNINGS, subject=receipt) | Q(rule__startswith=OF_INCIDENTS, subject__in=incidents)


def of_warnings() -> Q:
    """Which alerts are about a warning, or about an incident that was made from one."""
    made = IncidentRow.objects.filter(warning__isnull=False).order_by().values("number")
    return Q(rule__startswith=OF_WARNINGS) | Q(rule__startswith=OF_INCIDENTS, subject__in=made)


def of_controllers() -> Q:
    """Which alerts are about what a controller has to do in an incident: they concern no processor."""
    shared = AlertConcern.objects.filter(alert=OuterRef("pk"), organisation__side=Side.PROCESSOR)
    return Q(rule__startswith=OF_INCIDENTS) & ~Q(Exists(shared))


def for_persons(alert: Alert) -> bool:
    """Whether it goes to persons alone, and never where nobody knows who reads: whoever is named, or the other side."""
    if not (of_warning(alert) or of_incident(alert)):
        return False
    return Alert.objects.filter(of_warnings() | of_controllers(), pk=alert.pk).exists()


def unseen_by(person: Person) -> Q:
    """Which alerts do not exist for a person: those about a warning that names them, or about its incidents."""
    found = Q()
    for rules, path in _BEHIND:
        names = WarningNamed.objects.filter(**{path: OuterRef("subject")}, person=person)
        found |= Q(rule__startswith=rules) & Q(Exists(names))
    return found


def names(alert: Alert, person: Person) -> bool:
    """Whether it is about a warning that names a person, or an incident of it, whenever it came to name them."""
    paths = [path for rules, path in _BEHIND if alert.rule.startswith(rules)]
    return any(WarningNamed.objects.filter(**{path: alert.subject}, person=person).exists() for path in paths)


def check_exists_for(alert: Alert, person: Person) -> None:
    """For whoever its warning names, it does not exist.

    Raises:
        UnseenError: it does; in the words of an alert that is not there.
    """
    if names(alert, person):
        raise UnseenError("there is no such alert")


def controllers_of(receipts: Collection[str]) -> dict[str, set[str]]:
    """The controllers that warnings concern, by slug: nobody else's come to hear of them. One query."""
    parties = WarningParty.objects.filter(warning__receipt__in=receipts, organisation__side=Side.CONTROLLER)
    found: dict[str, set[str]] = {receipt: set() for receipt in receipts}
    for receipt, slug in parties.values_list("warning__receipt", "organisation__slug"):
        found[receipt].add(slug)
    return found


def journalled(alert: Alert, concerned: Iterable[str]) -> tuple[str, ...]:
    """The organisations whose journal tells of an alert: those it concerns; of one about a warning, as the warning's.

    It may have come to an organisation of which somebody is named: they would read it there. The same of incidents.
    """
    if of_incident(alert):
        row = IncidentRow.objects.select_related("controller").filter(number=alert.subject).first()
        return tuple(concerned) if row is None else told_of(row, concerned)
    warning = whole().filter(receipt=alert.subject).defer("sealed", "lock").first() if of_warning(alert) else None
    return tuple(concerned) if warning is None else open_to(warning)


def for_programs(
    lines: QuerySet[JournalLine], *, warnings: bool = False, controllers: bool = False
) -> QuerySet[JournalLine]:
    """Of the journal's lines those that a program may be told of, whose reader nobody knows. Two queries at once.

    Left out are warnings, incidents that one led to, and what the journal tells controllers alone of an incident
    (counts, decisions, filings); and alerts about any of these. ``warnings``, ``controllers``: they may know of these.
    """
    hidden = Q(pk__in=())
    if not warnings:
        hidden |= of_warnings()
        made = list(IncidentRow.objects.filter(warning__isnull=False).values_list("number", flat=True))
        lines = lines.exclude(event__startswith="warning.").exclude(subject__in=made)
    if not controllers:
        hidden |= of_controllers()
        sides = Organisation.objects.filter(side=Side.PROCESSOR).values("slug")
        shared = JournalConcern.objects.filter(line=OuterRef("pk"), organisation__in=sides)
        lines = lines.exclude(Q(event__startswith="incident.") & ~Exists(shared))
    alerts = Alert.objects.filter(hidden).values_list("pk", flat=True)
    return lines.exclude(subject__in=[f"alert-{pk}" for pk in alerts])


def hidden_from(person: Person) -> Q:
    """Which of the journal's lines do not exist for a person: of warnings that name them, their incidents and alerts.

    Lines that were written before they were named cannot be taken back; they are shown to them no more. No query.
    """
    receipts = WarningNamed.objects.filter(person=person).values("warning__receipt")
    numbers = IncidentRow.objects.filter(warning__named__person=person).order_by().values("number")
    raised = Alert.objects.filter(
        Q(rule__startswith=OF_WARNINGS, subject__in=receipts) | Q(rule__startswith=OF_INCIDENTS, subject__in=numbers)
    ).order_by()
    lines = raised.annotate(line=Concat(Value("alert-"), Cast("pk", CharField()))).values("line")
    return Q(subject__in=receipts) | Q(subject__in=numbers) | Q(subject__in=lines)
