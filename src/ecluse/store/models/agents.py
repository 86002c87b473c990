"""Agents: machines at the source and the destination, each owned by a person."""

from django.db import models
from django.utils import timezone

from ecluse.store.models.people import Organisation, Person


class Agent(models.Model):
    """A process that works at one place. It signs with its own key; it cannot sign in."""

    handle = models.SlugField(max_length=64, unique=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="agents")
    owner = models.ForeignKey(Person, models.PROTECT, related_name="agents")
    place = models.CharField(max_length=16)
    key = models.TextField(blank=True)
    token_digest = models.CharField(max_length=64, blank=True, db_index=True)
    invited_at = models.DateTimeField(default=timezone.now)
    enrolled_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    version = models.CharField(max_length=32, blank=True)


class AgentSighting(models.Model):
    """When an agent was last heard of, and what it said of itself; a sign of life, no record (``UNRECORDED``)."""

    agent = models.OneToOneField(Agent, models.CASCADE, primary_key=True, related_name="sighting")
    at = models.DateTimeField()
    version = models.CharField(max_length=32, blank=True)
    doing = models.CharField(max_length=32, blank=True)


class EnrolmentCode(models.Model):
    """A one-time code by which an agent is enrolled; only its digest is kept."""

    agent = models.ForeignKey(Agent, models.PROTECT, related_name="codes")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
