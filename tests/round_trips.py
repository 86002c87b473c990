"""What every format carries of hostile values: each value in each format, and what comes back through Écluse.

``VALUES`` × ``SOURCES`` and ``DESTINATIONS`` is the matrix of docs/reference/round-trips.md, which
docs/generate_round_trips.py writes; tests/property/formats holds every cell to it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa

import format_writers as w
from destination_benches import ORDER, Bench, server_bench, sqlite_bench
from ecluse.adapters.destinations import DestinationSpec, open_destination
from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.domain.files import FileFormat, FileIntake
from ecluse.domain.profile import DestinationProfile, Engine, FhirTarget
from ecluse.migration.ports import Destination, Receiver, StagedBatch
from ecluse.wire.documents import read as read_document
from format_writers import Row

VALUES: Mapping[str, str | None] = MappingProxyType({
    "missing": None,
    "empty": "",
    "blanks around": "  a b  ",
    "delimiters": "a;b,c\td|e^f~g&h\\i#j*k",
    "quotes": '"dite" l\'été """ \'\'',
    "line feed": "a\nb",
    "carriage returns": "a\rb\r\nc",
    "French": "Éloïse Nœud-Ÿ, “à l’aube”, 5 €",
    "capitals": "DÛ OÙ ØRE",
    "astral": "🧪 𝄞 𝛼",
    "combining": "e\u0301 \u200b \u00a0",
    "unseen line ends": "a\u2028b\u0085c",
    "byte order mark": "\ufeffa",
    "end marks": "a\x1ab\x7f\x01",
    "NUL": "a\0b",
    "NULL in words": "NULL",
    "sodium": "NA",
    "less than": "<0,5",
    "digits kept": "224.000",
    "leading zeros": "0007",
    "day that is none": "20190230",
    "lunar date": "1955-02-31",
    "escapes": "\\F\\ \\X0D\\ \\N %s &amp; {x}",
    "markup": "<a href='x'>&lt;</a> ]]>",
    "long": "é" * 3000,
})  # fmt: skip


@dataclass(frozen=True)
class Comes:
    """The value comes back as another: what the format cannot tell apart."""

    value: str | None
    why: str


@dataclass(frozen=True)
class Aside:
    """The record is set aside by this reason, and stays in the source; the rest is read."""

    reason: str


@dataclass(frozen=True)
class Unsaid:
    """The format has no way to write the value down: its writer refuses, or says something else."""

    why: str


Cell = Comes | Aside | Unsaid


@dataclass(frozen=True)
class Format:
    """One format. ``write`` puts rows in a folder, or on a server, and gives what to open."""

    name: str
    title: str
    write: Callable[[Any, Sequence[Row]], SourceSpec]
    query: str = "SELECT id, v FROM t"
    changed: Mapping[str, Cell] = field(default_factory=dict)
    """What does not come back the same, by the names of VALUES."""
    takes: Callable[[str | None], bool] = lambda _: True
    """Whether any text at all can be expected back unchanged; agrees with ``changed``."""
    server: str = ""
    """The fixture that ``write`` needs instead of a folder."""


def read(format_: Format, spec: SourceSpec) -> tuple[dict[str, str | None], FileIntake | None]:
    """Values by their keys, and the account of bytes where there is one."""
    with closing(open_source(spec)) as source:
        source.adopt_snapshot(None)
        rows = source.query(format_.query).to_pylist()
        intakes = source.facts().files
    return {row["id"].rstrip(): row["v"] for row in rows}, intakes[0] if intakes else None


_PLAIN = "no such character in Windows-1252"
_OUTSIDE: Mapping[str, Cell] = {
    name: Unsaid(_PLAIN) for name in ("astral", "combining", "unseen line ends", "byte order mark")
}
_NOTHING = Comes("", "an empty field is all that there is for a missing one")
_CONTROLS = "".join(map(chr, [*range(9), 11, 12, *range(14, 32)]))


def _cp1252(value: str) -> bool:
    try:
        value.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _without(marks: str) -> Callable[[str | None], bool]:
    return lambda value: not any(mark in (value or "") for mark in marks)


def _there(value: str | None) -> bool:
    return value is not None


_SANTE = w.segments(FileFormat.HPRIM_SANTE, "H|~^\\&|F", "\\|~^&", "EFSRT")
_ASTM = w.segments(FileFormat.ASTM, "H|\\^&|F", "&|^\\", "EFSR")
_PSQLODBC = "psqlodbcw.so&MaxVarcharSize=20000&MaxLongVarcharSize=20000"
_NO_SEGMENT: Mapping[str, Cell] = {name: Aside("a line that is no segment") for name in ("end marks", "NUL")}
_CUT: Mapping[str, Cell] = {"NUL": Comes("a", "the driver ends a text at a NUL and does not say so")}
_NEVER: Mapping[str, Cell] = {"NUL": Unsaid("PostgreSQL's texts hold none")}
_LINES = {name: Unsaid("a line is a record") for name in ("line feed", "carriage returns")}

SOURCES: tuple[Format, ...] = (
    Format("csv", "delimited, UTF-8", w.delimited("utf-8", ";"), changed={"missing": _NOTHING}, takes=_there),
    Format("csv-cp1252", "delimited, Windows-1252", w.delimited("cp1252", "\t"), changed={"missing": _NOTHING, **_OUTSIDE},
           takes=lambda value: value is not None and _cp1252(value)),
    Format("fixed", "fixed width, UTF-8", w.fixed,
           changed={"missing": _NOTHING, "blanks around": Comes("  a b", "blanks after a value are padding"), **_LINES},
           takes=lambda value: value is not None and not value.endswith(" ") and _without("\r\n")(value)),
    Format("dbase", "dBase III, Windows-1252", w.dbase, 'SELECT "ID" AS id, "V" AS v FROM t',
           {"missing": _NOTHING, "end marks": Comes("a", "0x1A ends a memo of dBase III's"), **_OUTSIDE},
           lambda value: value is not None and _cp1252(value) and "\x1a" not in value),
    Format("foxpro", "Visual FoxPro, UTF-8", w.foxpro),
    Format("excel", "Excel", w.excel, changed={"missing": _NOTHING}, takes=_there),
    Format("access-97", "Access 97, Windows-1252", w.access("jet3"),
           changed={**_OUTSIDE, "NUL": Aside("a value that is none of its column's type")},
           takes=lambda value: _cp1252(value or "") and _without("\0")(value)),
    Format("access-2007", "Access 2000 and later", w.access("ace"),
           changed={"NUL": Aside("a value that is none of its column's type")}, takes=_without("\0")),
    Format("json", "JSON", w.json_lines),
    Format("parquet", "Parquet", w.parquet),
    Format("hl7v2", "HL7 v2", w.hl7v2, "SELECT zzv_1 AS id, zzv_2 AS v FROM t_zzv", {"NUL": Aside("a NUL byte")}, _without("\0")),
    Format("hprim-sante", "HPRIM Santé", _SANTE, "SELECT c_2 AS id, c_3 AS v FROM t_c", _NO_SEGMENT, _without("\0\x1a")),
    Format("astm", "ASTM E1394", _ASTM, "SELECT c_2 AS id, c_3 AS v FROM t_c", _NO_SEGMENT, _without("\0\x1a")),
    Format("hprim-medecin", "HPRIM Médecin", w.hprim_medecin, "SELECT res_2 AS id, res_3 AS v FROM t_res",
           {"delimiters": Comes("a;b,c\td", "no escape is known: what stands behind | is the next field"), **_LINES},
           _without("|\r\n")),
    Format("fhir", "FHIR", w.fhir, "SELECT id, v FROM t_observation"),
    Format("cda", "CDA", w.cda, "SELECT id, v FROM t_observation",
           {"end marks": Aside("no well-formed XML"), "NUL": Aside("a NUL byte")}, _without(_CONTROLS + "\ufffe\uffff")),
    Format("sqlite", "SQLite", w.sqlite),
    Format("firebird", "Firebird", w.firebird, 'SELECT id AS "id", v AS "v" FROM t'),
    Format("postgresql", "PostgreSQL", w.postgresql, changed=_NEVER, takes=_without("\0"), server="postgresql"),
    Format("mariadb", "MariaDB", w.mariadb, server="mariadb"),
    Format("odbc-sqlite", "ODBC: SQLite", w.odbc(w.sqlite, "SQLite3"), changed=_CUT, takes=_without("\0")),
    Format("odbc-postgresql", "ODBC: PostgreSQL", w.odbc(w.postgresql, _PSQLODBC), changed=_NEVER, takes=_without("\0"),
           server="postgresql"),
    Format("odbc-mariadb", "ODBC: MariaDB", w.odbc(w.mariadb, "MariaDB+Unicode"), server="mariadb"),
)  # fmt: skip


@dataclass(frozen=True)
class Refused:
    """The destination refuses the row, naming its column; nothing is changed on the way."""

    words: str


@dataclass(frozen=True)
class Listed:
    """The request's message is not written, and the request is listed with this code; it stays in the source."""

    code: str
    why: str


@dataclass(frozen=True)
class Target:
    """One destination. ``made`` makes it somewhere, and gives what opens it, each time anew."""

    name: str
    title: str
    made: Callable[[Any], Callable[[], Destination]]
    columns: tuple[str, ...] = ("source_id", "request", "raw_value")
    changed: Mapping[str, Refused | Listed] = field(default_factory=dict)
    takes: Callable[[str | None], bool] = lambda _: True
    server: str = ""


class NotWrittenError(Exception):
    """Requests that are listed as not written, with their codes."""


def carried(target: Target, place: Any, rows: Sequence[Row]) -> dict[str, str | None]:
    """Results with these texts, loaded and read back from the destination's own tables, files or messages."""
    count = len(rows)
    every = {
        "source_id": [key for key, _ in rows], "request": ["R1"] * count, "code": ["CRP"] * count,
        "raw_value": [value for _, value in rows], "status": ["F"] * count,
    }  # fmt: skip
    tables = {
        "patient": pa.table({"source_id": ["P1"], "family_name": ["N"]}),
        "request": pa.table({"source_id": ["R1"], "patient": ["P1"]}),
        "observation": pa.table({name: pa.array(every[name], pa.string()) for name in target.columns}),
    }
    opened = target.made(place)
    with closing(opened()) as destination:
        destination.prepare(ORDER, {entity: table.schema for entity, table in tables.items()})
        for entity, table in tables.items():
            destination.stage(ORDER, StagedBatch(f"{entity}-1", entity, f"sha256:{entity}", table))
        destination.publish(ORDER)
    with closing(opened()) as destination:
        for entity, table in tables.items():
            destination.stage(ORDER, StagedBatch(f"{entity}-1", entity, f"sha256:{entity}", table))
        back = destination.read_back(ORDER, "observation", tables["observation"].schema)
        codes = destination.refused(ORDER) if isinstance(destination, Receiver) else {}
        if codes:
            raise NotWrittenError(codes)
        return {row["source_id"]: row["raw_value"] for batch in back for row in batch.to_pylist()}


def _bench(made: Callable[[Any], Bench]) -> Callable[[Any], Callable[[], Destination]]:
    def prepared(place: Any) -> Callable[[], Destination]:
        bench = made(place)
        return lambda: bench.connect(bench.profile())

    return prepared


def _fhir_files(folder: Path) -> Callable[[], Destination]:
    target = FhirTarget("dxlab", "Europe/Paris")
    profile = DestinationProfile(
        "ecluse.destination-profile/1", "new", "new", Engine.FHIR, production=False, fhir=target
    )
    return lambda: open_destination(DestinationSpec(Engine.FHIR, f"fhir+ndjson://{folder}", profile))


def _messages(engine: Engine, profile: str, scheme: str) -> Callable[[Path], Callable[[], Destination]]:
    def prepared(folder: Path) -> Callable[[], Destination]:
        told = read_document(Path(str(files("ecluse.profiles"))) / profile).to(DestinationProfile)
        return lambda: open_destination(DestinationSpec(engine, f"{scheme}://{folder}", told, folder / "ledger.sqlite"))

    return prepared


_UNWRITABLE = Listed("unwritable", "the format has no way to say it")
_BEYOND_LATIN: Mapping[str, Refused | Listed] = {
    name: Listed("encoding", "no such character in the profile's encoding, ISO 8859-1")
    for name in ("French", "astral", "combining", "unseen line ends", "byte order mark")
}


def _latin(value: str) -> bool:
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


_RESULT = ("source_id", "request", "code", "raw_value", "status")
_NUL_REFUSED: Mapping[str, Refused | Listed] = {"NUL": Refused("NUL character")}
DESTINATIONS: tuple[Target, ...] = (
    Target("sqlite", "SQLite", _bench(sqlite_bench), changed=_NUL_REFUSED, takes=_without("\0")),
    Target("postgresql", "PostgreSQL", _bench(lambda server: server_bench(Engine.POSTGRESQL, server)),
           changed=_NUL_REFUSED, takes=_without("\0"), server="postgresql"),
    Target("mariadb", "MariaDB", _bench(lambda server: server_bench(Engine.MYSQL, server)), server="mariadb"),
    Target("fhir", "FHIR", _fhir_files),
    Target("hprim-sante", "HPRIM Santé", _messages(Engine.HPRIM, "hprim-sante-oru.yaml", "hprim"), _RESULT,
           {**_BEYOND_LATIN, "NUL": _UNWRITABLE}, lambda value: _latin(value or "") and _without("\0")(value)),
    Target("hprim-medecin", "HPRIM Médecin", _messages(Engine.HPRIM, "hprim-medecin-mail.yaml", "hprim"), _RESULT,
           {**_BEYOND_LATIN, **dict.fromkeys(("empty", "delimiters", "line feed", "carriage returns", "end marks", "NUL"), _UNWRITABLE)},
           lambda value: value != "" and _latin(value or "") and _without("|\r\n\0\x1a")(value)),
    Target("hl7v2", "HL7 v2", _messages(Engine.HL7, "hl7-oru.yaml", "hl7"), _RESULT, _NUL_REFUSED, _without("\0")),
)  # fmt: skip
