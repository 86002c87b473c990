"""Organisations, persons, and what a person holds: one address, one person, one account (R6, R20, law 6)."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from ecluse.domain.permissions import Grant, Role, Side


def choices(kind: type[Side] | type[Role]) -> list[tuple[str, str]]:
    """A domain's words as a column's choices."""
    return [(str(each), str(each)) for each in kind]


class Organisation(models.Model):
    """A controller (laboratory) or a processor (vendor)."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    side = models.CharField(max_length=16, choices=choices(Side))
    address = models.CharField(max_length=400, blank=True)
    finess = models.CharField(max_length=9, blank=True)
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """In the alphabet's order."""

        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        """Its name."""
        return self.name


class PersonManager(BaseUserManager["Person"]):
    """Finds persons by their address, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> "Person":
        """The person of an address."""
        return self.get(email__iexact=username)


class Person(AbstractBaseUser):
    """One human being. ``handle`` names the person in journals and agreements, and never changes."""

    handle = models.SlugField(max_length=64, unique=True)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=2, default="fr")
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)
    enrolled_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        """An address belongs to one person, however it is written."""

        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="one_address_one_person")]

    def __str__(self) -> str:
        """The name."""
        return self.name

    def get_full_name(self) -> str:
        """The name."""
        return self.name

    def grants(self) -> tuple[Grant, ...]:
        """The roles held now; none for whoever has left."""
        return tuple(Grant(m.organisation.slug, Side(m.organisation.side), Role(m.role)) for m in self.held())

    def held(self) -> list["Membership"]:
        """The same with their organisations' names. One query."""
        if not self.is_active:
            return []
        return list(self.memberships.filter(until__isnull=True).select_related("organisation"))


class Membership(models.Model):
    """A role in an organisation, from a day to another; never deleted."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=24, choices=choices(Role))
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        """A role is held once."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "organisation", "role"], condition=Q(until__isnull=True), name="a_role_is_held_once"
            )
        ]


class Invitation(models.Model):
    """A link for one person, once, until a date. Only its digest is kept."""

    email = models.EmailField()
    name = models.CharField(max_length=200)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="invitations")
    role = models.CharField(max_length=24, choices=choices(Role))
    invited_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)


class Training(models.Model):
    """What a person was trained in, and until when that counts (R20)."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="trainings")
    subject = models.CharField(max_length=200)
    done_on = models.DateField()
    expires_on = models.DateField()
    recorded_by = models.ForeignKey(Person, models.PROTECT, related_name="+")


class AccessReview(models.Model):
    """Somebody looked at everybody's access to an organisation, and what was decided."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="reviews")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    kept = models.PositiveIntegerField()
    withdrawn = models.PositiveIntegerField()


class Recovery(models.Model):
    """A person without an authenticator: two administrators must agree before a new one can be enrolled."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="recoveries")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="recoveries")
    asked_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    approved_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField()
    refused_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)


class ApiToken(models.Model):
    """A person's token for programs: scoped, expiring, revocable; only its digest is kept."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)


class TokenUse(models.Model):
    """When a token was last used; a sign of life, no record (``UNRECORDED``)."""

    token = models.OneToOneField(ApiToken, models.CASCADE, primary_key=True, related_name="use")
    at = models.DateTimeField()
