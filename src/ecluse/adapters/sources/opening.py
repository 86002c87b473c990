"""The source that a spec names."""

from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.errors import UsageError
from ecluse.domain.profile import Engine
from ecluse.migration.ports import Source


def open_source(spec: SourceSpec) -> Source:  # noqa: PLR0911  (one an engine)
    """Connect, read-only. Raises UsageError, ProfileError, MalformedError, ConnectionLostError.

    Each driver is loaded only for its own engine.
    """
    if spec.dumped:
        from ecluse.adapters.sources.dump import DumpSource  # noqa: PLC0415

        return DumpSource(spec)
    if spec.driven:
        from ecluse.adapters.sources.odbc import OdbcSource  # noqa: PLC0415

        return OdbcSource(spec)
    match spec.engine:
        case Engine.POSTGRESQL:
            from ecluse.adapters.sources.postgresql import PostgresqlSource  # noqa: PLC0415

            return PostgresqlSource(spec)
        case Engine.MYSQL:
            from ecluse.adapters.sources.mysql import MysqlSource  # noqa: PLC0415

            return MysqlSource(spec)
        case Engine.SQLITE:
            from ecluse.adapters.sources.sqlite import SqliteSource  # noqa: PLC0415

            return SqliteSource(spec)
        case Engine.CSV | Engine.FILES:
            return _of_files(spec)
        case Engine.FIREBIRD:
            from ecluse.adapters.sources.firebird import FirebirdSource  # noqa: PLC0415

            return FirebirdSource(spec)
        case Engine.ORACLE | Engine.SQLSERVER:
            raise UsageError(f"{spec.engine} is read by its ODBC driver", hint="odbc:///DSN, or odbc:///?driver=…")
        case Engine.FHIR | Engine.HL7 | Engine.HPRIM:
            raise UsageError("messages and resources are read from files: give engine files")


def _of_files(spec: SourceSpec) -> Source:
    """A folder's, or those that a FHIR server exports."""
    if spec.exported:
        from ecluse.adapters.sources.fhir_export import FhirExportSource  # noqa: PLC0415

        return FhirExportSource(spec)
    from ecluse.adapters.sources.files import FilesSource  # noqa: PLC0415

    return FilesSource(spec)
