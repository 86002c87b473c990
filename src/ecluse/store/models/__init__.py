"""Every table of the control room. No column of any holds a patient's value."""

from ecluse.store.models.agents import Agent, AgentSighting, EnrolmentCode
from ecluse.store.models.agreements import AgreementVersion, ArtefactSignature, SubProcessorNotice
from ecluse.store.models.alerts import Alert, AlertClocks, AlertConcern, AlertNote, AlertTold, AlertWays, Watch
from ecluse.store.models.incidents import (
    IncidentExposure,
    IncidentExposureMove,
    IncidentFact,
    IncidentMove,
    IncidentRow,
)
from ecluse.store.models.journal import JournalConcern, JournalFile, JournalLine, WitnessedCheckpoint
from ecluse.store.models.migrations import Migration, Paper, PlaceEntry, PlaceJournal
from ecluse.store.models.orders import OrderVersion
from ecluse.store.models.people import (
    AccessReview,
    ApiToken,
    Invitation,
    Membership,
    Organisation,
    Person,
    Recovery,
    TokenUse,
    Training,
)
from ecluse.store.models.relays import RelayEntry, RelayJournal
from ecluse.store.models.telemetry import LogCursor
from ecluse.store.models.traces import IncidentTrace
from ecluse.store.models.warnings import (
    ReportedWarning,
    WarningKey,
    WarningMessage,
    WarningNamed,
    WarningParty,
    WarningReader,
    WarningStation,
    WarningTerms,
)

__all__ = [
    "AccessReview",
    "Agent",
    "AgentSighting",
    "AgreementVersion",
    "Alert",
    "AlertClocks",
    "AlertConcern",
    "AlertNote",
    "AlertTold",
    "AlertWays",
    "ApiToken",
    "ArtefactSignature",
    "EnrolmentCode",
    "IncidentExposure",
    "IncidentExposureMove",
    "IncidentFact",
    "IncidentMove",
    "IncidentRow",
    "IncidentTrace",
    "Invitation",
    "JournalConcern",
    "JournalFile",
    "JournalLine",
    "LogCursor",
    "Membership",
    "Migration",
    "OrderVersion",
    "Organisation",
    "Paper",
    "Person",
    "PlaceEntry",
    "PlaceJournal",
    "Recovery",
    "RelayEntry",
    "RelayJournal",
    "ReportedWarning",
    "SubProcessorNotice",
    "TokenUse",
    "Training",
    "WarningKey",
    "WarningMessage",
    "WarningNamed",
    "WarningParty",
    "WarningReader",
    "WarningStation",
    "WarningTerms",
    "Watch",
    "WitnessedCheckpoint",
]
