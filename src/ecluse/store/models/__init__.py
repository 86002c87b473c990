"""Every table of the control room. No column of any holds a patient's value."""

from ecluse.store.models.agents import Agent, AgentSighting, EnrolmentCode
from ecluse.store.models.agreements import AgreementVersion, ArtefactSignature, SubProcessorNotice
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

__all__ = [
    "AccessReview",
    "Agent",
    "AgentSighting",
    "AgreementVersion",
    "ApiToken",
    "ArtefactSignature",
    "EnrolmentCode",
    "Invitation",
    "JournalConcern",
    "JournalFile",
    "JournalLine",
    "Membership",
    "Migration",
    "OrderVersion",
    "Organisation",
    "Paper",
    "Person",
    "PlaceEntry",
    "PlaceJournal",
    "Recovery",
    "SubProcessorNotice",
    "TokenUse",
    "Training",
    "WitnessedCheckpoint",
]
