"""People as the screens show them."""

from ecluse.store.models import Person


def places_of(person: Person) -> list[str]:
    """The names of the organisations in which a person holds a role."""
    held = person.memberships.filter(until__isnull=True).select_related("organisation")
    return sorted({membership.organisation.name for membership in held})
