"""Profiles: what a migration engineer writes once per legacy system and once per new one.

A source profile gives, for every catalogue entity it can serve, a SELECT in the source's own dialect whose output
columns are named after catalogue fields (helper columns start with ``_``). The scope is pushed into it by the
compiler; a profile never filters. A destination profile says which table and column each catalogue field goes to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal

from ecluse.domain.catalogue import CATALOGUE, KEY
from ecluse.domain.errors import OrderError
from ecluse.domain.files import FileFormat, SourceFile
from ecluse.domain.values import FieldError, Identifier, Name, Sql, Strict, Text, Whole


class Engine(StrEnum):
    """Databases and file formats that a profile may stand on."""

    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    SQLITE = "sqlite"
    CSV = "csv"
    FILES = "files"
    FIREBIRD = "firebird"
    ORACLE = "oracle"
    SQLSERVER = "sqlserver"
    FHIR = "fhir"
    HL7 = "hl7"
    HPRIM = "hprim"


FILE_ENGINES = frozenset({Engine.CSV, Engine.FILES})
"""Engines that read a folder; the profile declares its files."""
TARGET_ENGINES = frozenset({Engine.POSTGRESQL, Engine.MYSQL, Engine.SQLITE, Engine.FHIR, Engine.HL7, Engine.HPRIM})
"""Engines that can be loaded into."""


class DateStorage(StrEnum):
    """How the scope date is stored; text forms must sort as dates do."""

    DATE = "date"
    TIMESTAMP = "timestamp"
    TEXT_COMPACT = "text_yyyymmdd"
    TEXT_ISO = "text_iso"


@dataclass(frozen=True, slots=True)
class ScopeColumns(Strict):
    """Which columns of the request's SELECT carry the scope."""

    dates: Mapping[str, DateStorage]
    site: Identifier = "site"


@dataclass(frozen=True, slots=True)
class Parse(Strict):
    """How a text column becomes a typed value; the text always travels beside it (law 3)."""

    date: tuple[str, ...] = ()
    two_digit_pivot: int | None = None
    number: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    repair: Literal["", "cp850_as_cp1252", "utf8_as_latin1"] = ""

    def __post_init__(self) -> None:
        """One parse, one meaning."""
        if sum(map(bool, (self.date, self.number, self.values, self.repair))) != 1:
            raise ValueError("give exactly one of date, number, values, repair")


@dataclass(frozen=True, slots=True)
class SourceEntity(Strict):
    """One catalogue entity in the source."""

    select: Sql
    scope: ScopeColumns | None = None
    parse: Mapping[str, Parse] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NumberRule(Strict):
    """How one analysis writes numbers: ``224.000`` is thousands for platelets, a decimal elsewhere."""

    decimal: Literal[",", ".", ""] = ","
    group: Literal["", ".", ",", " "] = ""
    strip_unit: bool = False

    def __post_init__(self) -> None:
        """A mark cannot mean two things."""
        if self.decimal and self.decimal == self.group:
            raise FieldError("group", "decimal and group are the same mark")


@dataclass(frozen=True, slots=True)
class Analysis(Strict):
    """A local analysis code: its LOINC and, where they differ from the default, its number rule."""

    loinc: Annotated[str, Text("a LOINC code or empty", r"^([0-9]{1,7}-[0-9])?$", min_length=0)] = ""
    number: NumberRule | None = None


@dataclass(frozen=True, slots=True)
class SourceProfile(Strict):
    """One legacy system, once."""

    format: Literal["ecluse.source-profile/1"]
    profile: Identifier
    system: Identifier
    engine: Engine
    entities: Mapping[str, SourceEntity]
    number: NumberRule = NumberRule()
    analyses: Mapping[str, Analysis] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, SourceFile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Entities come from the catalogue; the request carries the scope."""
        if self.engine is Engine.HL7:
            raise FieldError("engine", "HL7 messages are read from files: engine files, format hl7v2")
        if self.engine is Engine.HPRIM:
            raise FieldError(
                "engine", "HPRIM messages are read from files: engine files, format hprim_sante or hprim_medecin"
            )
        if self.engine is Engine.FHIR:
            raise FieldError("engine", "FHIR resources are read from files: engine files, format fhir")
        _check_entities(self.entities)
        self._check_selects()
        request = self.entities.get("request")
        if request is None or request.scope is None or not request.scope.dates:
            raise FieldError("entities.request", "the request and its scope (dates, site) are needed")
        if (self.engine in FILE_ENGINES) != bool(self.files):
            raise FieldError("files", "files are given for sources of files, and only there")
        for name, file in self.files.items():
            if self.engine is Engine.CSV and file.format is not FileFormat.DELIMITED:
                raise FieldError(f"files.{name}.format", "only delimited files are csv; give engine: files")

    def _check_selects(self) -> None:
        for name, entity in self.entities.items():
            known = {column.name for column in CATALOGUE.entity(name).columns}
            for column in entity.parse:
                if column not in known:
                    raise FieldError(f"entities.{name}.parse.{column}", f"{name}.{column} is not in the catalogue")

    def loinc_of(self, code: str) -> str | None:
        """The LOINC code of a local analysis code, or None when nobody has mapped it."""
        analysis = self.analyses.get(code)
        return analysis.loinc or None if analysis else None


class LoadMode(StrEnum):
    """How staged rows become the target's."""

    SWAP = "swap"
    MERGE = "merge"


Constant = str | int | bool | None
"""A value that a column gets on every row. Decimals, dates and moments are texts, as ``2026-12-31 23:59:59``."""


@dataclass(frozen=True, slots=True)
class TargetPart(Strict):
    """One more table of an entity: a row for each of the entity's, under the same key.

    ``first``: it is written before the entity's own table, which refers to it; else after.
    """

    table: Name
    key: Identifier
    columns: Mapping[str, Identifier] = field(default_factory=dict)
    constants: Mapping[str, Constant] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    first: bool = False

    def __post_init__(self) -> None:
        """The key has its own place, and each column one writer."""
        if KEY in self.columns:
            raise FieldError(f"columns.{KEY}", "the part's key holds it")
        _check_writers((self.key, *self.columns.values()), self.constants, self.copies)


@dataclass(frozen=True, slots=True)
class TargetEntity(Strict):
    """One catalogue entity in the destination: table, mode, and catalogue field → column.

    ``constants``: column → value; ``copies``: one more column → the field whose value it gets too; ``parts``: more
    tables, for a target that splits the entity. A row is there when it is in all its tables, with its constants.
    """

    table: Name
    columns: Mapping[str, Identifier]
    mode: LoadMode = LoadMode.MERGE
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Field → its value → the target's code, one to one; a value that is not among them is refused."""
    constants: Mapping[str, Constant] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[TargetPart, ...] = ()

    def __post_init__(self) -> None:
        """Without the key nothing can be loaded exactly once."""
        if KEY not in self.columns:
            raise FieldError("columns.source_id", "source_id is needed: rows are merged and read back by it")
        if len(set(self.columns.values())) != len(self.columns):
            raise FieldError("columns", "two fields go to one column")
        _check_writers(tuple(self.columns.values()), self.constants, self.copies)
        self._check_parts()
        placed = {*self.columns, *(name for part in self.parts for name in part.columns)}
        for name, codes in self.values.items():
            if name not in placed:
                raise FieldError(f"values.{name}", "the field has no column")
            if not codes or len(set(codes.values())) != len(codes):
                raise FieldError(f"values.{name}", "each value needs a code of its own")
        for where, copies in self._copies():
            for column, name in copies.items():
                if name not in placed:
                    raise FieldError(f"{where}copies.{column}", "the field has no column")
        if self.more_than_columns() and self.mode is LoadMode.SWAP:
            raise FieldError("mode", "constants, copies and parts need mode: merge")

    def _check_parts(self) -> None:
        seen, tables = set(self.columns), {self.table}
        for i, part in enumerate(self.parts):
            if part.table in tables:
                raise FieldError(f"parts[{i}].table", "the entity goes to that table already")
            tables.add(part.table)
            for name in part.columns:
                if name in seen:
                    raise FieldError(f"parts[{i}].columns.{name}", "the field has a column already")
                seen.add(name)

    def _copies(self) -> tuple[tuple[str, Mapping[str, str]], ...]:
        return (("", self.copies), *((f"parts[{i}].", part.copies) for i, part in enumerate(self.parts)))

    def tables(self) -> tuple[str, ...]:
        """Its own, then its parts'."""
        return (self.table, *(part.table for part in self.parts))

    def more_than_columns(self) -> bool:
        """Whether anything but fields in one table is written."""
        return bool(self.constants or self.copies or self.parts)


def _check_writers(
    columns: tuple[str, ...], constants: Mapping[str, Constant], copies: Mapping[str, str]
) -> None:
    if len(set(columns)) != len(columns):
        raise FieldError("columns", "two fields go to one column")
    for name in copies:
        if name in columns:
            raise FieldError(f"copies.{name}", "a field goes to that column already")
    for name in constants:
        if name in columns or name in copies:
            raise FieldError(f"constants.{name}", "a field goes to that column already")


@dataclass(frozen=True, slots=True)
class FhirTarget(Strict):
    """What a FHIR destination is told besides its address.

    ``source`` names the key spaces (``urn:ecluse:<source>:patient``), ``zone`` is that of the laboratory's wall clocks:
    FHIR has no time without an offset. ``entries`` bounds a bundle.
    """

    source: Identifier
    zone: Name
    entries: Annotated[int, Whole("resources in a bundle, 1 to 1000", 1, 1000)] = 50
    bundle: Literal["transaction", "batch"] = "transaction"


@dataclass(frozen=True, slots=True)
class HprimTarget(Strict):
    """Which of the two formats an HPRIM destination takes, and in which encoding.

    HPRIM Santé (2.x, messages of segments) or HPRIM Médecin (3.0, mail to a physician). The encoding is declared, never
    assumed: parsers of HPRIM read ISO 8859-1 (domain.md section 4, H16). A character that it lacks is never replaced.
    """

    format: Literal["sante", "medecin"]
    encoding: Literal["iso8859-1", "iso8859-15", "cp1252"]


ServerZone = Annotated[str, Text("an offset, as +00:00, or the server's name of a zone", r"^[A-Za-z0-9+:/_-]+$")]


@dataclass(frozen=True, slots=True)
class DestinationProfile(Strict):
    """One new system, once. ``production`` refuses test and demonstration identities (INS OIDs .10, .11).

    ``entities`` says which tables and columns a database has, or which segments and fields messages; FHIR has elements
    of its own, and needs ``fhir`` instead. HPRIM needs ``hprim`` besides.
    """

    format: Literal["ecluse.destination-profile/1"]
    profile: Identifier
    system: Identifier
    engine: Engine
    production: bool
    entities: Mapping[str, TargetEntity] = field(default_factory=dict)
    fhir: FhirTarget | None = None
    hprim: HprimTarget | None = None
    zone: ServerZone | None = None
    """Of MySQL: the zone whose wall clocks its ``TIMESTAMP`` columns hold; without it they are refused."""

    def __post_init__(self) -> None:
        """Entities and fields come from the catalogue."""
        if self.engine not in TARGET_ENGINES:
            raise FieldError("engine", "a destination is a database (postgresql, mysql or sqlite), fhir, hl7 or hprim")
        if (self.engine is Engine.FHIR) != (self.fhir is not None):
            raise FieldError("fhir", "it is given for a destination of engine fhir, and only there")
        if (self.engine is Engine.HPRIM) != (self.hprim is not None):
            raise FieldError("hprim", "it is given for a destination of engine hprim, and only there")
        if self.engine is Engine.FHIR and self.entities:
            raise FieldError("entities", "tables are given for a database, and only there")
        if self.zone is not None and self.engine is not Engine.MYSQL:
            raise FieldError("zone", "it is given for a destination of engine mysql, and only there")
        _check_entities(self.entities)
        for name, entity in self.entities.items():
            self._check_entity(name, entity)

    def _check_entity(self, name: str, entity: TargetEntity) -> None:
        where = f"entities.{name}"
        if entity.more_than_columns() and self.engine in {Engine.HL7, Engine.HPRIM}:
            given = next(f for f in ("constants", "copies", "parts") if getattr(entity, f))
            raise FieldError(f"{where}.{given}", "it is given for a database, and only there")
        known = {column.name for column in CATALOGUE.entity(name).columns}
        parts = [("columns", entity.columns)]
        parts += [(f"parts[{i}].columns", part.columns) for i, part in enumerate(entity.parts)]
        for path, columns in parts:
            for column in columns:
                if column not in known:
                    raise FieldError(f"{where}.{path}.{column}", f"{name}.{column} is not in the catalogue")
        others = {table for other, each in self.entities.items() if other != name for table in each.tables()}
        for i, part in enumerate(entity.parts):
            if part.table in others:
                raise FieldError(f"{where}.parts[{i}].table", "another entity goes to that table")


def _check_entities(names: Mapping[str, object]) -> None:
    for name in names:
        try:
            CATALOGUE.entity(name)
        except OrderError as error:
            raise FieldError(f"entities.{name}", error.message) from None
