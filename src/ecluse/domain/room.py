"""The control room's own journal: who did what to people, agreements, orders and agents (law 5, R10).

A migration's places keep their own journals (:mod:`ecluse.domain.entry`); this one is of the room that people work in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from ecluse.domain.values import Identifier, Instant, Strict


class RoomEvent(StrEnum):
    """Every kind of entry, one for every way in which the room's records change."""

    OPENED = "room.opened"
    ORGANISATION_ADDED = "organisation.added"
    INVITED = "person.invited"
    INVITATION_WITHDRAWN = "person.invitation_withdrawn"
    JOINED = "person.joined"
    GRANTED = "person.granted"
    WITHDRAWN = "person.withdrawn"
    LEFT = "person.left"
    AUTHENTICATOR_ADDED = "person.authenticator_added"
    AUTHENTICATOR_REMOVED = "person.authenticator_removed"
    SIGNED_IN = "person.signed_in"
    SIGN_IN_FAILED = "person.sign_in_failed"
    SIGNED_OUT = "person.signed_out"
    SESSION_ENDED = "person.session_ended"
    SESSION_ELSEWHERE = "person.session_elsewhere"
    RECOVERY_ASKED = "person.recovery_asked"
    RECOVERY_APPROVED = "person.recovery_approved"
    RECOVERY_REFUSED = "person.recovery_refused"
    RECOVERED = "person.recovered"
    ACCESS_REVIEWED = "person.access_reviewed"
    TRAINED = "person.trained"
    ACCOUNT_CHANGED = "person.account_changed"
    TOKEN_MADE = "token.made"  # noqa: S105 - an event's name
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - an event's name
    AGREEMENT_DRAFTED = "agreement.drafted"
    AGREEMENT_FROZEN = "agreement.frozen"
    AGREEMENT_SIGNED = "agreement.signed"
    AGREEMENT_ENDED = "agreement.ended"
    SUB_PROCESSOR_ANNOUNCED = "agreement.sub_processor_announced"
    SUB_PROCESSOR_OBJECTED = "agreement.sub_processor_objected"
    ORDER_DRAFTED = "order.drafted"
    ORDER_FROZEN = "order.frozen"
    ORDER_APPROVED = "order.approved"
    ORDER_WITHDRAWN = "order.withdrawn"
    ESTIMATE_ASKED = "order.estimate_asked"
    ESTIMATE_GIVEN = "order.estimate_given"
    INSTRUCTED = "migration.instructed"
    DECIDED = "migration.decided"
    REPORTED = "migration.reported"
    RELAY_REPORTED = "relay.reported"
    EVIDENCE_TAKEN = "evidence.taken"
    AGENT_INVITED = "agent.invited"
    AGENT_ENROLLED = "agent.enrolled"
    AGENT_REVOKED = "agent.revoked"
    AGENT_HANDED_OVER = "agent.handed_over"
    ACCESS_REFUSED = "access.refused"
    REPORT_REFUSED = "report.refused"
    TOKEN_ELSEWHERE = "token.elsewhere"  # noqa: S105 - an event's name
    REMINDED = "reminder.sent"
    CHECKPOINT_COSIGNED = "checkpoint.cosigned"
    WARNING_RECEIVED = "warning.received"
    WARNING_ESCALATED = "warning.escalated"
    WARNING_TOLD = "warning.told"
    WARNING_ACKNOWLEDGED = "warning.acknowledged"
    WARNING_NAMED = "warning.named"
    WARNING_TAKEN = "warning.taken"
    WARNING_WRITTEN = "warning.written"
    WARNING_ANSWERED = "warning.answered"
    WARNING_CLOSED = "warning.closed"
    WARNING_KEY_SET = "warning.key_set"
    WARNING_TERMS_SET = "warning.terms_set"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_FACT_ADDED = "incident.fact_added"
    INCIDENT_COUNTED = "incident.counted"
    INCIDENT_CONTROLLER_TOLD = "incident.controller_told"
    INCIDENT_STEP_TAKEN = "incident.step_taken"
    INCIDENT_EXPOSURE_NOTED = "incident.exposure_noted"
    INCIDENT_EXPOSURE_MOVED = "incident.exposure_moved"
    INCIDENT_TRACED = "incident.traced"
    ALERT_RAISED = "alert.raised"
    ALERT_REPEATED = "alert.repeated"
    ALERT_ACKNOWLEDGED = "alert.acknowledged"
    ALERT_RESOLVED = "alert.resolved"
    ALERT_NOTED = "alert.noted"
    ALERT_ESCALATED = "alert.escalated"
    ALERT_PASSED = "alert.passed"
    ALERT_TOLD = "alert.told"
    ALERT_NOT_TOLD = "alert.not_told"
    ALERT_CLOCKS_SET = "alert.clocks_set"
    ALERT_WAYS_SET = "alert.ways_set"
    WATCH_STARTED = "watch.started"
    WATCH_STOPPED = "watch.stopped"
    WATCH_DIED = "watch.died"
    LOG_ERASED = "log.erased"


@dataclass(frozen=True, slots=True)
class RoomEntry(Strict):
    """One line, in ids, counts and digests. ``concerns``: organisations by id, whose people may read it."""

    format: Literal["ecluse.room-entry/1"]
    at: Instant
    actor: Identifier
    event: RoomEvent
    concerns: tuple[Identifier, ...]
    subject: str
    detail: Mapping[str, int | str] = field(default_factory=dict)
