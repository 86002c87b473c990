"""For whom a warning does not exist, and so nothing that was made of it: incidents, alerts about either (R10).

One rule for all of them: whoever it names, whenever they came to be named.
"""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q

from ecluse.domain.errors import UnseenError
from ecluse.store.models import IncidentRow, Membership, Person, WarningNamed


def named_in(person: Person, warning: str) -> Q:
    """Which rows hang on a warning that names a person; ``warning``: the row's path to it. Safe where there is none."""
    return Q(Exists(WarningNamed.objects.filter(warning=OuterRef(warning), person=person)))


def check_incident_exists_for(row: IncidentRow, person: Person) -> None:
    """For whoever the warning names that it was made from, it does not exist.

    Raises:
        UnseenError: it does; in the words of an incident that is not there.
    """
    if row.warning_id is not None and WarningNamed.objects.filter(warning=row.warning_id, person=person).exists():
        raise UnseenError("there is no such incident")


def clear_of(named: Iterable[int], slugs: Iterable[str], laboratories: Iterable[str]) -> tuple[str, ...]:
    """Of organisations those whose journal may tell of it: those to which nobody belongs whom it names.

    Where it names somebody in each, the laboratories all the same: they are never left out.
    """
    theirs = Membership.objects.filter(person__in=set(named), until__isnull=True)
    with_named = set(theirs.values_list("organisation__slug", flat=True))
    return tuple(slug for slug in slugs if slug not in with_named) or tuple(laboratories)


def told_of(row: IncidentRow, slugs: Iterable[str]) -> tuple[str, ...]:
    """Of an incident's organisations those whose journal tells of it: all, unless a warning led to it."""
    if row.warning_id is None:
        return tuple(slugs)
    named = WarningNamed.objects.filter(warning=row.warning_id).values_list("person_id", flat=True)
    return clear_of(named, slugs, [row.controller.slug])
