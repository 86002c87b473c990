"""Who may: one table of actions, sides and roles (R4, R6, R20, law 6). *When* one may is ``policies``' question.

A person holds grants: a role within an organisation, which is a controller or a processor. What is acted upon has
parties: the controller and the processor of its agreement, or the one organisation that a person, key or session
belongs to. A grant counts only within a party, so that another laboratory's objects do not exist for whoever asks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ecluse.domain.errors import ForbiddenError, UnseenError


class Side(StrEnum):
    """Which kind of party an organisation is (GDPR Art. 4(7), (8))."""

    CONTROLLER = "controller"
    PROCESSOR = "processor"


class Role(StrEnum):
    """What a person does in an organisation. A processor's director is its management."""

    DIRECTOR = "director"
    APPROVER = "approver"
    DPO = "dpo"
    ENGINEER = "engineer"
    SECURITY_OFFICER = "security_officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """Everything that a screen or an endpoint lets one do; each belongs to exactly one of them."""

    SEE_PEOPLE = "people.see"
    INVITE = "people.invite"
    BRING_IN = "people.bring_in"
    REMOVE = "people.remove"
    RECOVER = "people.recover"
    REVIEW_ACCESS = "people.review"
    RECORD_TRAINING = "people.train"
    SEE_AGREEMENT = "agreement.see"
    DRAFT_AGREEMENT = "agreement.draft"
    SIGN_AGREEMENT = "agreement.sign"
    END_AGREEMENT = "agreement.end"
    ANNOUNCE_SUB_PROCESSOR = "agreement.announce_sub_processor"
    OBJECT_TO_SUB_PROCESSOR = "agreement.object_to_sub_processor"
    SEE_REGISTER = "register.see"
    SEE_ORDER = "order.see"
    DRAFT_ORDER = "order.draft"
    APPROVE_ORDER = "order.approve"
    SEE_MIGRATION = "migration.see"
    SUSPEND = "migration.suspend"
    RESUME = "migration.resume"
    DECIDE = "migration.decide"
    ABORT = "migration.abort"
    SEE_JOURNAL = "journal.see"
    COSIGN_JOURNAL = "journal.cosign"
    TAKE_EVIDENCE = "evidence.take"
    SEE_AGENTS = "agent.see"
    ENROL_AGENT = "agent.enrol"
    REVOKE_AGENT = "agent.revoke"
    SEE_WARNINGS = "warning.see"
    HANDLE_WARNING = "warning.handle"
    SET_WARNING_TERMS = "warning.terms"
    SEE_ALERTS = "alert.see"
    ACKNOWLEDGE_ALERT = "alert.acknowledge"
    RESOLVE_ALERT = "alert.resolve"
    SET_ALERT_CLOCKS = "alert.clocks"
    SEE_INCIDENTS = "incident.see"
    SEE_INCIDENT_RECORD = "incident.record.see"
    OPEN_INCIDENT = "incident.open"
    ADD_TO_INCIDENT = "incident.add"
    TELL_CONTROLLER = "incident.tell_controller"
    COUNT_AFFECTED = "incident.count"
    DECIDE_INCIDENT = "incident.decide"
    TELL_TRACE = "incident.trace"
    SEE_TRACING = "tracing.see"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role of a person within an organisation."""

    organisation: str
    side: Side
    role: Role


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose it is: organisations by id. An organisation's own things have one party."""

    organisations: frozenset[str]

    @classmethod
    def of(cls, *organisations: str) -> "Parties":
        """The parties that are named."""
        return cls(frozenset(organisations))


_C = Side.CONTROLLER
_P = Side.PROCESSOR
_EVERY_ROLE = frozenset((side, role) for side in Side for role in Role)


def _both(*roles: Role) -> frozenset[tuple[Side, Role]]:
    return frozenset((side, role) for side in Side for role in roles)


def _only(side: Side, *roles: Role) -> frozenset[tuple[Side, Role]]:
    return frozenset((side, role) for role in roles)


_ADMINISTRATION = _both(Role.ADMINISTRATOR)
_WATCH = _both(Role.ADMINISTRATOR, Role.SECURITY_OFFICER, Role.DPO, Role.DIRECTOR, Role.AUDITOR)
_WORK = _EVERY_ROLE - _both(Role.ADMINISTRATOR)

MAY: Mapping[Action, frozenset[tuple[Side, Role]]] = {
    Action.SEE_PEOPLE: _WATCH,
    Action.INVITE: _ADMINISTRATION,
    # A vendor brings in a laboratory, a laboratory a vendor; from then on each administers its own people.
    Action.BRING_IN: _ADMINISTRATION,
    Action.REMOVE: _both(Role.ADMINISTRATOR, Role.SECURITY_OFFICER),
    Action.RECOVER: _ADMINISTRATION,
    Action.REVIEW_ACCESS: _both(Role.ADMINISTRATOR, Role.SECURITY_OFFICER),
    Action.RECORD_TRAINING: _both(Role.ADMINISTRATOR, Role.DPO),
    Action.SEE_AGREEMENT: _WORK,
    Action.DRAFT_AGREEMENT: _both(Role.DIRECTOR, Role.DPO),
    Action.SIGN_AGREEMENT: _both(Role.DIRECTOR),
    Action.END_AGREEMENT: _both(Role.DIRECTOR),
    # Art. 28(2): the processor informs, the controller may object.
    Action.ANNOUNCE_SUB_PROCESSOR: _only(_P, Role.DIRECTOR, Role.DPO),
    Action.OBJECT_TO_SUB_PROCESSOR: _only(_C, Role.DIRECTOR, Role.DPO),
    Action.SEE_REGISTER: _both(Role.DIRECTOR, Role.DPO, Role.SECURITY_OFFICER, Role.AUDITOR),
    Action.SEE_ORDER: _WORK,
    # R2, R3: only the controller says what may leave; the processor's engineer cannot write an order.
    Action.DRAFT_ORDER: _only(_C, Role.DIRECTOR, Role.DPO, Role.ENGINEER),
    Action.APPROVE_ORDER: _only(_C, Role.DIRECTOR, Role.APPROVER),
    Action.SEE_MIGRATION: _WORK,
    # Whoever sees something wrong may stop the line; only the controller lets it go on (policies.check_instruction).
    Action.SUSPEND: _both(Role.DIRECTOR, Role.DPO, Role.ENGINEER, Role.SECURITY_OFFICER, Role.APPROVER),
    Action.RESUME: _only(_C, Role.DIRECTOR),
    Action.DECIDE: _only(_C, Role.DIRECTOR),
    Action.ABORT: _only(_C, Role.DIRECTOR),
    Action.SEE_JOURNAL: _both(Role.DIRECTOR, Role.DPO, Role.SECURITY_OFFICER, Role.AUDITOR),
    Action.COSIGN_JOURNAL: _both(Role.DIRECTOR, Role.DPO, Role.SECURITY_OFFICER),
    Action.TAKE_EVIDENCE: _both(Role.DIRECTOR, Role.DPO, Role.SECURITY_OFFICER, Role.AUDITOR),
    Action.SEE_AGENTS: _both(Role.ENGINEER, Role.SECURITY_OFFICER, Role.ADMINISTRATOR, Role.AUDITOR, Role.DIRECTOR),
    Action.ENROL_AGENT: _both(Role.ENGINEER, Role.ADMINISTRATOR),
    Action.REVOKE_AGENT: _both(Role.ENGINEER, Role.ADMINISTRATOR, Role.SECURITY_OFFICER),
    # R10: that a warning exists, its age and state; who may read and handle one is for domain.warnings to say.
    Action.SEE_WARNINGS: _both(Role.SECURITY_OFFICER, Role.DIRECTOR) | _only(_C, Role.DPO),
    Action.HANDLE_WARNING: _only(_P, Role.SECURITY_OFFICER, Role.DIRECTOR) | _only(_C, Role.DPO, Role.DIRECTOR),
    Action.SET_WARNING_TERMS: _both(Role.SECURITY_OFFICER, Role.DIRECTOR),
    Action.SEE_ALERTS: _both(Role.ENGINEER, Role.SECURITY_OFFICER, Role.DIRECTOR, Role.DPO, Role.AUDITOR),
    # Law 8: whoever is a station of the chain may answer; an engineer answers, and does not end it.
    Action.ACKNOWLEDGE_ALERT: _both(Role.ENGINEER, Role.SECURITY_OFFICER, Role.DIRECTOR, Role.DPO),
    Action.RESOLVE_ALERT: _both(Role.SECURITY_OFFICER, Role.DIRECTOR, Role.DPO),
    Action.SET_ALERT_CLOCKS: _both(Role.SECURITY_OFFICER, Role.DIRECTOR),
    # R17: either side opens and adds what it knows; the processor tells; the controller counts, judges, decides.
    Action.SEE_INCIDENTS: _both(Role.SECURITY_OFFICER, Role.DIRECTOR, Role.DPO, Role.AUDITOR),
    Action.SEE_INCIDENT_RECORD: _only(_C, Role.SECURITY_OFFICER, Role.DIRECTOR, Role.DPO, Role.AUDITOR),
    Action.OPEN_INCIDENT: _both(Role.SECURITY_OFFICER, Role.DIRECTOR, Role.DPO),
    Action.ADD_TO_INCIDENT: _both(Role.SECURITY_OFFICER, Role.DIRECTOR, Role.DPO),
    Action.TELL_CONTROLLER: _only(_P, Role.SECURITY_OFFICER, Role.DIRECTOR, Role.DPO),
    Action.COUNT_AFFECTED: _only(_C, Role.SECURITY_OFFICER, Role.DIRECTOR, Role.DPO),
    Action.DECIDE_INCIDENT: _only(_C, Role.DIRECTOR, Role.DPO),
    # R11: fingerprints open with the controller's identity alone; what they concluded is the controller's own.
    Action.TELL_TRACE: _only(_C, Role.SECURITY_OFFICER, Role.DIRECTOR, Role.DPO),
    Action.SEE_TRACING: _only(_C, Role.SECURITY_OFFICER, Role.DIRECTOR, Role.DPO, Role.AUDITOR),
}
"""Which roles of which side may take each action, within a party. Whatever is not here is refused."""


def sees(grants: Iterable[Grant], parties: Parties) -> bool:
    """Whether somebody belongs to a party at all: to all others, the thing does not exist."""
    return any(grant.organisation in parties.organisations for grant in grants)


def check_may(grants: Iterable[Grant], action: Action, parties: Parties) -> None:
    """The one question that every endpoint asks before it does anything.

    Raises:
        UnseenError: whoever asks belongs to none of the parties: say that there is nothing.
        ForbiddenError: names the roles that may.
    """
    held = tuple(grants)
    if not sees(held, parties):
        raise UnseenError("there is nothing here that you may see")
    allowed = MAY[action]
    if not any(g.organisation in parties.organisations and (g.side, g.role) in allowed for g in held):
        who = ", ".join(sorted(f"{side} {role}" for side, role in allowed))
        raise ForbiddenError(f"your role does not allow {action}", hint=f"who may: {who}")


def may(grants: Iterable[Grant], action: Action, parties: Parties) -> bool:
    """The same as an answer, for what a screen offers."""
    try:
        check_may(grants, action, parties)
    except (ForbiddenError, UnseenError):
        return False
    return True
