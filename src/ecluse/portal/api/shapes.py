"""What goes in and out, as OpenAPI describes it. Artefacts are their canonical text, so that their digests hold."""

import datetime as dt
from typing import Annotated, Any

from ninja import Schema
from pydantic import ConfigDict, Field

_MAX = 1 << 53

Slug = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="an id of lower-case letters and digits")
]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Armour = Annotated[str, Field(max_length=16_384)]
Index = Annotated[int, Field(ge=0, lt=_MAX)]


class In(Schema):
    """What a caller sends: nothing beyond what is described."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Problem(Schema):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = ""
    hint: str = ""
    where: str = ""


class PaperOut(Schema):
    """A signed artefact: its canonical text, and armoured SSHSIGs by signer."""

    kind: str
    digest: str
    text: str
    signatures: dict[str, str]


class PaperIn(In):
    """A signed artefact from an agent."""

    kind: Annotated[str, Field(max_length=32)]
    text: Annotated[str, Field(max_length=4_000_000)]
    signatures: Annotated[
        dict[str, Annotated[str, Field(max_length=16_384)]], Field(default_factory=dict, max_length=16)
    ]


class EnrolIn(In):
    """A one-time code and the public key line under which the agent signs."""

    code: Annotated[str, Field(min_length=1, max_length=200)]
    key: Annotated[str, Field(min_length=1, max_length=4_096)]
    version: Annotated[str, Field(max_length=32)] = ""


class EnrolOut(Schema):
    """The agent's name and its token, which is shown once."""

    agent: str
    place: str
    organisation: str
    token: str


class HeartbeatIn(In):
    """A sign of life."""

    version: Annotated[str, Field(max_length=32)] = ""
    doing: Annotated[str, Field(max_length=32)] = ""


class TaskOut(Schema):
    """One migration: what is signed, where it stands, how much of this agent's journal is known here."""

    agreement: PaperOut
    order: PaperOut
    state: str
    states: dict[str, str]
    size: int
    papers: list[PaperOut]


class AskedOut(Schema):
    """An order's text to be counted; nobody needs to have signed it yet."""

    id: int
    agreement: PaperOut
    order: str
    digest: str


class WorkOut(Schema):
    """What waits for an agent."""

    tasks: list[TaskOut]
    estimates: list[AskedOut]


class EstimateIn(In):
    """An estimate's canonical text (``ecluse.estimate/1``)."""

    text: Annotated[str, Field(max_length=4_000_000)]


class ReportIn(In):
    """The next part of a place's journal: canonical entries from ``start`` on, and their signed head."""

    log: Annotated[str, Field(max_length=200)]
    start: Index
    entries: Annotated[list[Annotated[str, Field(max_length=65_535)]], Field(max_length=500)]
    checkpoint: Annotated[str, Field(max_length=65_536)]


class ReportOut(Schema):
    """How much of the journal is known here now."""

    size: int
    state: str


class RelayOut(Schema):
    """How much of a relay's journal is known here, and how many seconds ago the watch beat (none: never)."""

    size: int
    watch_age_s: int | None


class PapersIn(In):
    """Papers about one migration."""

    papers: Annotated[list[PaperIn], Field(max_length=200)]


class Kept(Schema):
    """How many were new."""

    kept: int


class HeartbeatOut(Kept):
    """The other way round: how many seconds ago the room's own watch was last alive; null where it never was."""

    watch_age_s: int | None


class GrantOut(Schema):
    """A role within an organisation."""

    organisation: str
    side: str
    role: str


class MeOut(Schema):
    """Who calls, and with what."""

    handle: str
    name: str
    grants: list[GrantOut]
    scopes: list[str]
    expires_at: dt.datetime


class OrganisationOut(Schema):
    """An organisation of the caller's."""

    slug: str
    name: str
    side: str


class PersonOut(Schema):
    """Somebody of an organisation, and the roles held there."""

    handle: str
    name: str
    email: str
    roles: list[str]
    active: bool


class InvitationIn(In):
    """Whom to invite to which role."""

    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$")]
    name: Line
    role: Annotated[str, Field(max_length=24)]


class LinkOut(Schema):
    """A link that works once; it is shown once."""

    link: str


class AgreementOut(Schema):
    """A version of an agreement."""

    id: int
    number: str
    version: int
    controller: str
    processor: str
    digest: str
    frozen_at: dt.datetime | None
    in_force_at: dt.datetime | None
    ended_at: dt.datetime | None


class TextIn(In):
    """A draft: a document's values, as ``ecluse agreement new`` and ``ecluse order new`` write them."""

    text: dict[str, Any]


class AgreementIn(TextIn):
    """A new agreement or its next version."""

    number: Slug
    controller: Slug
    processor: Slug


class OrderIn(TextIn):
    """A new order or its next version."""

    number: Slug
    agreement: Index


class OrderOut(Schema):
    """A version of an order."""

    id: int
    number: str
    version: int
    agreement: int
    digest: str
    frozen_at: dt.datetime | None
    approved_at: dt.datetime | None
    withdrawn_at: dt.datetime | None
    estimate: dict[str, Any] | None
    estimate_asked_at: dt.datetime | None


class PlaceOut(Schema):
    """What a place has reported."""

    place: str
    agent: str
    state: str
    size: int
    counts: dict[str, Any]
    checkpoint: str
    reported_at: dt.datetime | None


class SampleOut(Schema):
    """A sample of prior results compared at the destination, as its journal tells; no row and no key of a patient.

    ``by``: in whose name somebody looked, as stated by whoever ran it; nothing proves it.
    """

    at: dt.datetime
    by: str
    patients: int
    results: int
    unequal: int
    chosen: bool


class MigrationOut(Schema):
    """A migration: where it stands since when, and by when its owner must move."""

    id: int
    order: str
    number: str
    state: str
    owner: str
    since: dt.datetime
    due: dt.datetime | None


class MigrationWhole(MigrationOut):
    """A migration with its places, the digests of its papers, and the samples that were looked at."""

    places: list[PlaceOut]
    papers: list[str]
    samples: list[SampleOut]


class LineOut(Schema):
    """A line of the room's journal."""

    index: int
    at: dt.datetime
    actor: str
    event: str
    subject: str
    detail: dict[str, Any]


class ProofOut(Schema):
    """That an entry is in the journal: the entry, the signed head, the path between them in hexadecimal."""

    index: int
    entry: str
    size: int
    path: list[str]
    checkpoint: str
    vkey: str


class CheckpointOut(Schema):
    """The journal's signed head (C2SP tlog-checkpoint)."""

    checkpoint: str
    vkey: str


class AgentOut(Schema):
    """An agent."""

    id: int
    handle: str
    organisation: str
    place: str
    owner: str
    fingerprint: str
    state: str
    version: str
    seen_at: dt.datetime | None


class AgentIn(In):
    """A new agent, owned by the caller."""

    handle: Slug
    place: Annotated[str, Field(pattern="^(source|destination|relay)$")]


class CodeOut(Schema):
    """A one-time code; it is shown once."""

    code: str
    minutes: int


class RegisterOut(Schema):
    """The Art. 30(2) register as a table: a heading, then rows."""

    processor: str
    rows: list[list[str]]


class WarningOut(Schema):
    """That a warning exists: its number, its age and its state; its text is sealed, and comes this way to nobody."""

    receipt: str
    received_at: dt.datetime
    state: str
    exposed: bool
    due: dt.datetime | None
    overdue: str


class AlertOut(Schema):
    """An alert: how urgent, where it stands, and when silence takes it on.

    ``station``: the last that was told, 1 to 4, 0 before the first. ``overdue``: the next should have been told.
    ``late``: it was not answered, or not resolved, in time. Empty: nobody, or somebody of another organisation's.
    """

    id: int
    rule: str
    severity: str
    state: str
    title_en: str
    title_fr: str
    subject: str
    count: int
    organisations: list[str]
    opened_at: dt.datetime
    latest_at: dt.datetime
    station: int
    next_at: dt.datetime | None
    overdue: bool
    late: bool
    acknowledged_by: str
    acknowledged_at: dt.datetime | None
    resolve_by: dt.datetime | None
    resolved_at: dt.datetime | None


class ToldOut(Schema):
    """Who was to be told at a station, by which channel, and what came of it."""

    station: int
    round: int
    person: str
    channel: str
    outcome: str
    at: dt.datetime
    tries: int


class EvidenceOut(Schema):
    """One event that an alert rests on; ``index``: its number in that place's journal."""

    place: str
    at: str
    event: str
    actor: str
    subject: str
    origin: str
    index: int | None


class AlertWhole(AlertOut):
    """An alert with who was told, and what it rests on; ``others``: how many events more."""

    reason: str
    former: int | None
    own_doing: bool
    told: list[ToldOut]
    evidence: list[EvidenceOut]
    others: int


class ReasonIn(In):
    """What was found, and what was done."""

    reason: Annotated[str, Field(min_length=1, max_length=2_000)]
