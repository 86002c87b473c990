"""The migration order: an allow-list in the laboratory's words, signed by the controller (R2, law 1)."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from ecluse.domain.catalogue import CATALOGUE, KEY, check_orderable, closure
from ecluse.domain.errors import OrderError
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.domain.values import (
    MAX_WHOLE,
    Count,
    Digest,
    FieldError,
    Identifier,
    Name,
    Recipient,
    Strict,
    Text,
    Whole,
)

TRACE_DAYS = 3653
"""How long after ``erase_by`` fingerprints may be kept: ten years. They are personal data too (R11)."""

SCOPE_DATE_FIELDS = ("request.registered_on", "request.collected_on", "request.received_on")


class SourceDisposition(StrEnum):
    """What becomes of the legacy database: always the controller's own decision (retention law)."""

    CONTROLLER = "controller"


class PersonBasis(StrEnum):
    """Which identity an exclusion list was hashed over."""

    SOURCE_ID = "patient.source_id"
    NIR = "patient.nir"


@dataclass(frozen=True, slots=True)
class AgreementRef(Strict):
    """The agreement that the order stands on."""

    id: Identifier
    digest: Digest


@dataclass(frozen=True, slots=True)
class OrderingController(Strict):
    """Who orders."""

    name: Name
    finess: Annotated[str, Text("9 characters", r"^[0-9AB]{9}$")]
    signatory: Identifier


@dataclass(frozen=True, slots=True)
class OrderSource(Strict):
    """Where from. The profile is named for people; the plan pins its digest."""

    system: Identifier
    site: Name
    profile: Name


@dataclass(frozen=True, slots=True)
class OrderDestination(Strict):
    """Where to, and the only key that will open the parcels."""

    system: Identifier
    recipient: Recipient


@dataclass(frozen=True, slots=True)
class DateRange(Strict):
    """Both days included (R16: bounds are mandatory)."""

    field: Literal["request.registered_on", "request.collected_on", "request.received_on"]
    from_: dt.date
    until: dt.date

    def __post_init__(self) -> None:
        """Refuse an empty range."""
        if self.until < self.from_:
            raise FieldError("until", "until is before from")


@dataclass(frozen=True, slots=True)
class PersonExclusion(Strict):
    """A list of keyed hashes of persons who stay out (R19); the key is the controller's."""

    digest: Digest
    basis: PersonBasis
    persons: Count


@dataclass(frozen=True, slots=True)
class Scope(Strict):
    """What may leave. Whatever is not named stays."""

    dates: DateRange
    sites: tuple[Name, ...]
    fields: Mapping[str, tuple[str, ...]]
    exclude_categories: tuple[SensitiveCategory, ...]
    include_unclassifiable: bool = False
    exclude_persons: PersonExclusion | None = None

    def __post_init__(self) -> None:
        """Check every word against the catalogue; refuse, never default."""
        if not self.sites:
            raise FieldError("sites", "no site is ordered")
        if not self.fields:
            raise FieldError("fields", "no field is ordered")
        for path, names in (("sites", self.sites), ("exclude_categories", self.exclude_categories)):
            if (place := _repeated(names)) is not None:
                raise FieldError(f"{path}[{place}]", "a name is given twice")
        for entity, fields in self.fields.items():
            _check_fields(entity, fields, self.exclude_categories)

    def columns(self) -> Mapping[str, tuple[str, ...]]:
        """Ordered fields and the links between ordered entities, in catalogue order."""
        return closure(self.fields)


def _check_fields(entity: str, fields: tuple[str, ...], excluded: tuple[SensitiveCategory, ...]) -> None:
    path = f"fields.{entity}"
    _orderable(path, CATALOGUE.entity, entity)
    for place, name in enumerate(fields):
        _orderable(f"{path}[{place}]", check_orderable, entity, name)
    if (repeated := _repeated(fields)) is not None:
        raise FieldError(f"{path}[{repeated}]", "this field is ordered twice")
    if KEY not in fields:
        raise FieldError(path, f"{entity} is ordered without {KEY}, by which every row is accounted for (law 3)")
    if "ins" in fields and "ins_oid" not in fields:
        # A number is an INS by its authority (domain.md section 3); test identities are known by it alone.
        message = "ins is ordered without ins_oid, which alone tells a real identity from a test one"
        raise FieldError(f"{path}[{fields.index('ins')}]", message)
    for place, name in enumerate(fields):
        field = CATALOGUE.field(entity, name)
        if field.category in excluded:
            raise FieldError(
                f"{path}[{place}]", f"{field} belongs to the category {field.category}, which the order excludes"
            )


def _orderable(path: str, check: Callable[..., object], *named: str) -> None:
    try:
        check(*named)
    except OrderError as error:
        raise FieldError(path, str(error)) from None


def _repeated(names: Sequence[object]) -> int | None:
    return next((place for place, name in enumerate(names) if name in names[:place]), None)


@dataclass(frozen=True, slots=True)
class Retention(Strict):
    """When what Écluse made must be gone (R6, law 7)."""

    erase_after_acceptance: Annotated[str, Text("days or hours, as 0d or 12h", r"^[0-9]{1,4}[dh]$")]
    erase_by: dt.date
    source_disposition: SourceDisposition

    def delay(self) -> dt.timedelta:
        """From acceptance to erasure."""
        amount, unit = int(self.erase_after_acceptance[:-1]), self.erase_after_acceptance[-1]
        return dt.timedelta(days=amount) if unit == "d" else dt.timedelta(hours=amount)


@dataclass(frozen=True, slots=True)
class Trace(Strict):
    """Keyed fingerprints of what leaves, by which a leak can be traced to this export (R11).

    ``recipient`` is a key of the controller's own: nobody else can match anything. ``keep_until`` is the last day on
    which they are kept, to its end (UTC), after everything else is erased.
    """

    recipient: Recipient
    keep_until: dt.date


@dataclass(frozen=True, slots=True)
class Order(Strict):
    """One controller's instruction (Art. 28(3)(a), 29); one order, one controller (R15)."""

    format: Literal["ecluse.order/1"]
    order: Identifier
    version: Annotated[int, Whole("a whole number, 1 or more", 1, MAX_WHOLE)]
    agreement: AgreementRef
    controller: OrderingController
    source: OrderSource
    destination: OrderDestination
    purpose: Literal["migration"]
    scope: Scope
    retention: Retention
    trace: Trace | None = None

    def __post_init__(self) -> None:
        """Fingerprints are the controller's alone, and die on time as well."""
        if self.trace is None:
            return
        if self.trace.recipient == self.destination.recipient:
            message = "fingerprints under the destination's key: the controller's own belongs here"
            raise FieldError("trace.recipient", message)
        by = self.retention.erase_by
        if self.trace.keep_until < by:
            raise FieldError("trace.keep_until", "keep_until is before erase_by")
        if self.trace.keep_until > min(by, dt.date.max - dt.timedelta(TRACE_DAYS)) + dt.timedelta(TRACE_DAYS):
            raise FieldError("trace.keep_until", f"kept more than {TRACE_DAYS} days after erase_by")
