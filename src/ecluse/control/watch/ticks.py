"""What no event tells: deadlines that passed, agents that fell silent, checks that failed. A clock tells them (law 8).

The watch makes an event of each, of the place ``watch``, and feeds it to the rules like any other: so every alert has
a rule document, with its severity, its words and what to do.
"""

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum

from ecluse.domain.observed import Observed

WATCH = "watch"
"""The place, and the actor, of what a clock tells."""


class Tick(StrEnum):
    """Every kind of thing that a clock tells."""

    ERASURE_OVERDUE = "clock.erasure_overdue"
    ERASURE_SOON = "clock.erasure_soon"
    AGENT_SILENT = "clock.agent_silent"
    RELAY_SILENT = "clock.relay_silent"
    TURN_OVERDUE = "clock.turn_overdue"
    WARNING_UNACKNOWLEDGED = "clock.warning_unacknowledged"
    WARNING_UNANSWERED = "clock.warning_unanswered"
    INCIDENT_NOTICE_OVERDUE = "clock.incident_notice_overdue"
    INCIDENT_TOLD = "clock.incident_told"
    INCIDENT_AUTHORITY_SOON = "clock.incident_authority_soon"
    INCIDENT_AUTHORITY_OVERDUE = "clock.incident_authority_overdue"
    JOURNAL_BROKEN = "clock.journal_broken"
    JOURNAL_UNWITNESSED = "clock.journal_unwitnessed"
    PLAINTEXT_FOUND = "clock.plaintext_found"
    TRAINING_EXPIRED = "clock.training_expired"
    AGREEMENT_EXPIRES = "clock.agreement_expires"
    ACCESS_UNREVIEWED = "clock.access_unreviewed"
    CHANNEL_FAILING = "clock.channel_failing"
    STATION_EMPTY = "clock.station_empty"
    WATCH_WAS_DEAD = "clock.watch_was_dead"
    WATCH_CROWDED = "clock.watch_crowded"
    RULE_OFF = "clock.rule_off"
    RULES_BROKEN = "clock.rules_broken"


def ticked(tick: Tick, at: dt.datetime, subject: str, *, concerns: Iterable[str] = (), **detail: int | str) -> Observed:
    """What a clock tells, for :meth:`Engine.feed`.

    ``subject``: the migration, agent, warning, rule … that it is about: one alert each. Its mark holds the day, so that
    telling it every ten seconds is one event, and telling it the next day another.
    """
    mark = f"{WATCH}/{tick}/{subject}/{at.astimezone(dt.UTC):%Y-%m-%d}"
    return Observed(at, WATCH, str(tick), WATCH, mark, subject, None, tuple(concerns), detail)
