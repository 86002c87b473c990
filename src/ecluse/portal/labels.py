"""The words for what the room shows of states, roles and owners, and what each state asks of a reader."""

from dataclasses import dataclass
from enum import StrEnum

from ecluse.control import incident_words
from ecluse.domain.alerts import AlertState, Severity
from ecluse.domain.incident_exposures import ExposureState
from ecluse.domain.incidents import Phase, Step
from ecluse.domain.lifecycle import Owner, State
from ecluse.domain.permissions import Role, Side
from ecluse.domain.warnings import Outcome
from ecluse.portal.words import Text


class Tone(StrEnum):
    """How a state reads at a glance. Each has a sign of its own: colour alone tells nobody anything."""

    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"
    PLAIN = "plain"


SIGNS = {Tone.GOOD: "✓", Tone.WAIT: "◷", Tone.BAD: "!", Tone.PLAIN: "·"}


@dataclass(frozen=True, slots=True)
class Label:
    """A state's words and tone."""

    words: Text
    tone: Tone = Tone.PLAIN


STATES: dict[str, Label] = {
    State.ORDERED: Label(Text("waiting for an order", "en attente d'un ordre"), Tone.WAIT),
    State.APPROVED: Label(Text("order approved", "ordre approuvé"), Tone.WAIT),
    State.PLANNED: Label(Text("planned", "planifiée"), Tone.WAIT),
    State.EXTRACTING: Label(Text("extracting", "en extraction"), Tone.WAIT),
    State.SEALED: Label(Text("sealed", "scellée"), Tone.WAIT),
    State.DELIVERED: Label(Text("delivered", "remise"), Tone.WAIT),
    State.LOADED: Label(Text("loaded", "chargée"), Tone.WAIT),
    State.RECONCILED: Label(Text("reconciled", "réconciliée"), Tone.WAIT),
    State.ACCEPTED: Label(Text("accepted", "acceptée"), Tone.GOOD),
    State.REFUSED: Label(Text("refused", "refusée"), Tone.BAD),
    State.ABORTED: Label(Text("given up", "abandonnée"), Tone.BAD),
    State.SUSPENDED: Label(Text("suspended", "suspendue"), Tone.BAD),
    State.ERASED: Label(Text("erased", "effacée"), Tone.GOOD),
    # Agreements, orders, invitations, agents, tokens: what they share.
    "draft": Label(Text("draft", "brouillon")),
    "frozen": Label(Text("waiting for signatures", "en attente de signatures"), Tone.WAIT),
    "in_force": Label(Text("in force", "en vigueur"), Tone.GOOD),
    "ended": Label(Text("ended", "terminé")),
    "withdrawn": Label(Text("withdrawn", "retiré")),
    "expired": Label(Text("expired", "expiré"), Tone.BAD),
    "open": Label(Text("open", "ouverte"), Tone.WAIT),
    "active": Label(Text("active", "actif"), Tone.GOOD),
    "left": Label(Text("has left", "est parti")),
    "invited": Label(Text("waiting for its code", "en attente de son code"), Tone.WAIT),
    "lapsed": Label(Text("its code has expired", "son code a expiré"), Tone.BAD),
    "live": Label(Text("enrolled", "enrôlé"), Tone.GOOD),
    "waiting": Label(Text("waiting", "en attente"), Tone.WAIT),
    "revoked": Label(Text("revoked", "révoqué"), Tone.BAD),
    "missing": Label(Text("missing", "manquant"), Tone.BAD),
    "valid": Label(Text("valid", "valable"), Tone.GOOD),
    "overdue": Label(Text("overdue", "en retard"), Tone.BAD),
    # A decision, and instructions; a batch's steps.
    "accepted_with_differences": Label(Text("accepted with differences", "acceptée avec des écarts"), Tone.GOOD),
    "suspend": Label(Text("stop", "arrêt"), Tone.BAD),
    "resume": Label(Text("go on", "reprise"), Tone.GOOD),
    "abort": Label(Text("give up", "abandon"), Tone.BAD),
    "received": Label(Text("received", "reçu"), Tone.WAIT),
    "ready": Label(Text("planned", "prévu")),
    "verified": Label(Text("verified", "vérifié"), Tone.GOOD),
    # A warning's, besides "received".
    "acknowledged": Label(Text("acknowledged", "accusé de réception"), Tone.WAIT),
    "answered": Label(Text("answered", "répondu"), Tone.GOOD),
    "closed": Label(Text("closed", "clos")),
}

ALERT_STATES: dict[AlertState, Label] = {
    AlertState.OPEN: Label(Text("open", "ouverte"), Tone.WAIT),
    AlertState.ACKNOWLEDGED: Label(Text("in hand", "en main"), Tone.WAIT),
    AlertState.RESOLVED: Label(Text("resolved", "résolue"), Tone.GOOD),
}

SEVERITIES: dict[Severity, Label] = {
    Severity.CRITICAL: Label(Text("critical", "critique"), Tone.BAD),
    Severity.HIGH: Label(Text("high", "élevée"), Tone.BAD),
    Severity.MEDIUM: Label(Text("medium", "moyenne"), Tone.WAIT),
    Severity.LOW: Label(Text("low", "faible")),
}

STATIONS: tuple[Text, ...] = (
    Text("the vendor's engineers", "les ingénieurs de l'éditeur"),
    Text("the vendor's security officer", "la sécurité de l'éditeur"),
    Text("the vendor's management", "la direction de l'éditeur"),
    Text("the laboratory's data protection officer and director", "le DPO et la direction du laboratoire"),
)
"""The stations of ``domain.alerts.CHAIN``, in its order."""

OUTCOMES: dict[Outcome, Text] = {
    Outcome.MENDED: Text("what it told was so, and is mended", "ce qu'il disait était vrai, et c'est réparé"),
    Outcome.UNFOUNDED: Text("what it told was not so", "ce qu'il disait n'était pas vrai"),
    Outcome.HANDED_ON: Text("handed on to an authority", "transmis à une autorité"),
    Outcome.TWICE: Text("the same was told by another one", "un autre disait la même chose"),
}

_PHASE_TONES = {
    Phase.OPENED: Tone.BAD, Phase.AWARE: Tone.BAD, Phase.TO_NOTIFY: Tone.BAD, Phase.NOTIFIED: Tone.WAIT,
    Phase.COMPLETED: Tone.GOOD, Phase.NOT_NOTIFIED: Tone.PLAIN, Phase.CLOSED: Tone.GOOD,
}  # fmt: skip
PHASES: dict[Phase, Label] = {
    each: Label(Text(words.en, words.fr), _PHASE_TONES[each]) for each, words in incident_words.PHASES.items()
}
ACTS: dict[Step, Text] = {
    Step.NOTIFY: Text("It is to be notified", "Elle est à notifier"),
    Step.NOT_NOTIFY: Text("It need not be notified", "Elle n'est pas à notifier"),
    Step.FILED: Text("Record the notification", "Consigner la notification"),
    Step.SUPPLEMENTED: Text("Record a supplement", "Consigner un complément"),
    Step.COMPLETED: Text("Record the last part", "Consigner la dernière partie"),
    Step.TELL: Text("They are to be told", "Elles sont à informer"),
    Step.NOT_TELL: Text("They need not be told", "Elles ne sont pas à informer"),
    Step.TOLD: Text("Record that they were told", "Consigner qu'elles ont été informées"),
    Step.REPORT: Text("It is to be reported", "Il est à déclarer"),
    Step.NOT_REPORT: Text("It need not be reported", "Il n'est pas à déclarer"),
    Step.REPORTED: Text("Record the report", "Consigner la déclaration"),
    Step.AWARE: Text("State when you became aware", "Indiquer quand vous en avez eu connaissance"),
    Step.CLOSED: Text("Close the record", "Clore le dossier"),
    Step.REOPENED: Text("Open it again", "Le rouvrir"),
}
"""What the controller can do about an incident, as a button says it."""

QUESTIONS: tuple[tuple[Text, tuple[Step, ...]], ...] = (
    (Text("Breach, to the authority", "Violation, envers l'autorité"),
     (Step.NOTIFY, Step.NOT_NOTIFY, Step.FILED, Step.SUPPLEMENTED, Step.COMPLETED)),
    (Text("Persons affected", "Personnes touchées"), (Step.TELL, Step.NOT_TELL, Step.TOLD)),
    (Text("Security incident, to the ANS", "Incident de sécurité, à l'ANS"),
     (Step.REPORT, Step.NOT_REPORT, Step.REPORTED)),
    (Text("Record", "Dossier"), (Step.AWARE, Step.CLOSED, Step.REOPENED)),
)  # fmt: skip
"""By which question each of them is asked."""

TAKEDOWN_TONES: dict[ExposureState, Tone] = {
    ExposureState.FOUND: Tone.BAD, ExposureState.ASKED: Tone.WAIT, ExposureState.REFUSED: Tone.BAD,
    ExposureState.GONE: Tone.GOOD, ExposureState.BACK: Tone.BAD,
}  # fmt: skip

OWNERS: dict[Owner, Text] = {
    Owner.CONTROLLER: Text("the laboratory", "le laboratoire"),
    Owner.SOURCE_AGENT: Text("the agent at the source", "l'agent à la source"),
    Owner.DESTINATION_AGENT: Text("the agent at the destination", "l'agent à la destination"),
    Owner.BOTH_AGENTS: Text("both agents", "les deux agents"),
    Owner.NOBODY: Text("nobody", "personne"),
}

SIDES: dict[Side, Text] = {
    Side.CONTROLLER: Text("laboratory (controller)", "laboratoire (responsable de traitement)"),
    Side.PROCESSOR: Text("vendor (processor)", "éditeur (sous-traitant)"),
}

ROLES: dict[Role, Text] = {
    Role.DIRECTOR: Text("director", "direction"),
    Role.APPROVER: Text("second approver", "second approbateur"),
    Role.DPO: Text("data protection officer", "délégué à la protection des données"),
    Role.ENGINEER: Text("migration engineer", "ingénieur de migration"),
    Role.SECURITY_OFFICER: Text("security officer", "responsable de la sécurité"),
    Role.AUDITOR: Text("auditor", "auditeur"),
    Role.ADMINISTRATOR: Text("administrator", "administrateur"),
}

ROLE_MEANS: dict[Role, Text] = {
    Role.DIRECTOR: Text(
        "signs agreements for the organisation; at the laboratory, approves orders and decides on migrations",
        "signe les contrats pour l'organisation ; au laboratoire, approuve les ordres et décide des migrations",
    ),
    Role.APPROVER: Text("approves orders as the second of two", "approuve les ordres en second"),
    Role.DPO: Text(
        "drafts agreements and reads what happens to personal data; keeps the training records",
        "rédige les contrats et lit ce qui arrive aux données personnelles ; tient les formations",
    ),
    Role.ENGINEER: Text(
        "runs agents and follows migrations; at the laboratory, drafts orders",
        "fait tourner les agents et suit les migrations ; au laboratoire, rédige les ordres",
    ),
    Role.SECURITY_OFFICER: Text(
        "watches who has access, stops migrations and revokes agents",
        "surveille les accès, arrête les migrations et révoque les agents",
    ),
    Role.AUDITOR: Text("reads everything, changes nothing", "lit tout, ne change rien"),
    Role.ADMINISTRATOR: Text(
        "invites people and withdraws access; sees no order and no migration",
        "invite les personnes et retire les accès ; ne voit ni ordre ni migration",
    ),
}


def label_of(state: str) -> Label:
    """The label of a state; one that has none yet is shown by its own name, so that nothing is hidden."""
    return STATES.get(state) or Label(Text(state, state))
