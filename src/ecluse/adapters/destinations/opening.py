"""The destination that a spec names."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ecluse.adapters.destinations._fhir_http import FhirAddress, FhirHttp
from ecluse.adapters.destinations._hl7_address import Hl7Address
from ecluse.adapters.destinations._hprim_address import HprimAddress
from ecluse.adapters.sources.spec import PASSWORD_ENV as SOURCE_ENV
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import UsageError
from ecluse.domain.plan import Plan
from ecluse.domain.profile import DestinationProfile, Engine
from ecluse.migration.load import planned_schemas
from ecluse.migration.ports import Destination

__all__ = ["PASSWORD_ENV", "DestinationSpec", "check_carried", "open_destination"]

PASSWORD_ENV = "ECLUSE_DESTINATION_PASSWORD"  # noqa: S105  the variable's name, not a password


FHIR_FILES = "fhir+ndjson://"
"""How the address of a folder of FHIR files begins."""


@dataclass(frozen=True, slots=True)
class DestinationSpec:
    """One destination. No secret in it: the password stands in ``ECLUSE_DESTINATION_PASSWORD``.

    ``url``: ``postgresql://user@host:port/db``, ``mysql://user@host:port/db``, ``sqlite:///path`` of a database that
    exists; options as for sources (``sslmode``, ``tls``, certificates). FHIR: ``https://host/fhir``, a bearer token in
    the variable; or ``fhir+ndjson:///folder``. HL7 messages: ``hl7:///folder`` or ``mllp://host:port``, HPRIM:
    ``hprim:///folder``.
    ``ledger``: of a destination that keeps none itself (HL7, HPRIM), the file that says what was sent.
    """

    engine: Engine
    url: str
    profile: DestinationProfile
    ledger: Path | None = None

    def __post_init__(self) -> None:
        """Refuse at once a URL that does not parse or holds a password, and a profile of another engine."""
        if self.profile.engine is not self.engine:
            raise UsageError(f"the profile is one of {self.profile.engine}, the destination is {self.engine}")
        if self.engine is Engine.FHIR:
            if not self.url.startswith(FHIR_FILES):
                FhirAddress.of(self.url)
            return
        if self.engine is Engine.HL7:
            Hl7Address.of(self.url)
            return
        if self.engine is Engine.HPRIM:
            HprimAddress.of(self.url)
            return
        self.entered()

    def entered(self) -> SourceSpec:
        """How it is entered, which is how a source is: the same addresses, options and rules on TLS.

        Raises UsageError naming what is wrong, never the URL.
        """
        try:
            return SourceSpec(self.engine, self.url, password_env=PASSWORD_ENV)
        except UsageError as error:
            words, hint = error.message.replace("source", "destination"), error.hint
        raise UsageError(words, hint=hint and hint.replace(SOURCE_ENV, PASSWORD_ENV))


def check_carried(profile: DestinationProfile, plan: Plan) -> None:
    """Refuse a plan with what messages of this profile have no place for. A database is asked when the load begins.

    Raises DestinationError naming the field.
    """
    if profile.engine in {Engine.HL7, Engine.HPRIM}:
        from ecluse.adapters.destinations.hl7 import hl7_layout  # noqa: PLC0415
        from ecluse.adapters.destinations.hprim import hprim_layout  # noqa: PLC0415

        layout = hl7_layout if profile.engine is Engine.HL7 else hprim_layout
        layout(profile, planned_schemas(plan))


def open_destination(spec: DestinationSpec) -> Destination:
    """Connect to it. Each driver is loaded only for its own engine.

    Raises UsageError, DestinationError (login refused, no such file), ConnectionLostError.
    """
    if spec.engine is Engine.FHIR:
        return _open_fhir(spec)
    if spec.engine is Engine.HL7:
        return _open_hl7(spec)
    if spec.engine is Engine.HPRIM:
        return _open_hprim(spec)
    entered = spec.entered()
    match spec.engine:
        case Engine.POSTGRESQL:
            from ecluse.adapters.destinations.postgresql import PostgresqlDestination  # noqa: PLC0415

            return PostgresqlDestination(entered, spec.profile)
        case Engine.MYSQL:
            from ecluse.adapters.destinations.mysql import MysqlDestination  # noqa: PLC0415

            return MysqlDestination(entered, spec.profile)
        case Engine.SQLITE:
            from ecluse.adapters.destinations.sqlite import SqliteDestination  # noqa: PLC0415

            return SqliteDestination(entered.address().folder(), spec.profile)
        case _:
            raise UsageError("a destination is a database (postgresql, mysql or sqlite), fhir, hl7 or hprim")


def _open_fhir(spec: DestinationSpec) -> Destination:
    from ecluse.adapters.destinations._fhir_server import FhirServer  # noqa: PLC0415
    from ecluse.adapters.destinations.fhir import FhirDestination  # noqa: PLC0415
    from ecluse.adapters.destinations.fhir_files import FhirFilesDestination  # noqa: PLC0415
    from ecluse.adapters.fhir.writer import Naming, check_naming  # noqa: PLC0415

    target = spec.profile.fhir
    if target is None:
        raise UsageError("the profile is none of a FHIR destination")
    check_naming(target.zone)
    naming = Naming(target.source, target.zone)
    if spec.url.startswith(FHIR_FILES):
        return FhirFilesDestination(Path(unquote(urlsplit(spec.url).path)), naming)
    return FhirDestination(FhirServer(FhirHttp(FhirAddress.of(spec.url), PASSWORD_ENV), naming), target)


def _open_hl7(spec: DestinationSpec) -> Destination:
    from ecluse.adapters.destinations.hl7 import Hl7Destination  # noqa: PLC0415

    if spec.ledger is None:
        raise UsageError("messages need a ledger, in a workspace")
    return Hl7Destination(Hl7Address.of(spec.url), spec.profile, spec.ledger)


def _open_hprim(spec: DestinationSpec) -> Destination:
    from ecluse.adapters.destinations.hprim import HprimDestination  # noqa: PLC0415

    if spec.ledger is None:
        raise UsageError("messages need a ledger, in a workspace")
    return HprimDestination(HprimAddress.of(spec.url), spec.profile, spec.ledger)
