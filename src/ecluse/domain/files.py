"""Files as a source: how each is declared in a profile, and the account of its bytes.

R3: a system that can only dump everything is filtered in the stream. Law 3: every byte of a dump is accounted for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from ecluse.domain.values import Count, Digest, FieldError, Name, Strict, Text


class FileFormat(StrEnum):
    """What a file is written in."""

    DELIMITED = "delimited"
    FIXED = "fixed"
    DBASE = "dbase"
    EXCEL = "excel"
    ACCESS = "access"
    JSON = "json"
    PARQUET = "parquet"
    HL7V2 = "hl7v2"
    HPRIM_MEDECIN = "hprim_medecin"
    HPRIM_SANTE = "hprim_sante"
    ASTM = "astm"
    FHIR = "fhir"
    CDA = "cda"


@dataclass(frozen=True, slots=True)
class _Rules:
    """Which of a declaration's optional fields a format needs, and which it may have besides."""

    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    many: bool = False
    """Whether ``path`` may be a pattern (``*.hl7``): the files then are one, in order of their names."""


_RULES: Mapping[FileFormat, _Rules] = {
    FileFormat.DELIMITED: _Rules(frozenset({"encoding"}), frozenset({"delimiter", "quote"})),
    FileFormat.FIXED: _Rules(frozenset({"encoding", "columns"})),
    FileFormat.DBASE: _Rules(frozenset({"encoding"})),
    FileFormat.EXCEL: _Rules(may=frozenset({"part"})),
    FileFormat.ACCESS: _Rules(may=frozenset({"part", "encoding"})),
    FileFormat.JSON: _Rules(frozenset({"fields"})),
    FileFormat.PARQUET: _Rules(),
    FileFormat.HPRIM_SANTE: _Rules(frozenset({"encoding", "fields"}), many=True),
    FileFormat.ASTM: _Rules(frozenset({"encoding", "fields"}), many=True),
    FileFormat.HPRIM_MEDECIN: _Rules(frozenset({"encoding", "fields"}), many=True),
    FileFormat.FHIR: _Rules(frozenset({"fields"}), many=True),
    FileFormat.CDA: _Rules(frozenset({"fields"}), frozenset({"encoding"}), many=True),
    FileFormat.HL7V2: _Rules(frozenset({"fields"}), frozenset({"encoding"}), many=True),
}
_DEFAULTS: Mapping[str, object] = {
    "encoding": "", "delimiter": ",", "quote": '"', "part": "", "columns": {}, "fields": (),
}  # fmt: skip


Places = Annotated[str, Text("first and last place, as 1-8", r"^[1-9][0-9]{0,5}-[1-9][0-9]{0,5}$")]


@dataclass(frozen=True, slots=True)
class SourceFile(Strict):
    """One file, mounted as a table, or a set of message files, mounted as a table for each kind of segment.

    Nothing is assumed: an encoding that a format does not carry itself is declared. ``part``: the sheet or table
    within. ``columns``: of fixed width, first and last place, counted from 1. ``fields``: those of messages that
    become columns, as ``PID-3.1``; all others are counted as unmapped.
    """

    path: Name
    encoding: Annotated[str, Text("an encoding's name", max_length=100, min_length=0)] = ""
    delimiter: Annotated[str, Text("one character", max_length=1)] = ","
    quote: Annotated[str, Text("one character or empty", min_length=0, max_length=1)] = '"'
    format: FileFormat = FileFormat.DELIMITED
    part: Annotated[str, Text("a sheet's or table's name", min_length=0, max_length=200)] = ""
    columns: Mapping[str, Places] = field(default_factory=dict)
    fields: tuple[Annotated[str, Text("a field, as PID-3.1", max_length=300)], ...] = ()

    def __post_init__(self) -> None:
        """A format has its own options, and no others."""
        rules = _RULES[self.format]
        for name, default in _DEFAULTS.items():
            given = getattr(self, name) != default
            if given and name not in rules.needs | rules.may:
                raise FieldError(name, f"a file of format {self.format} has none")
            if not given and name in rules.needs:
                raise FieldError(name, f"a file of format {self.format} needs it")
        if not rules.many and any(mark in self.path for mark in "*?["):
            raise FieldError("path", f"a file of format {self.format} is one file, not a pattern")
        for name, places in self.columns.items():
            first, last = map(int, places.split("-"))
            if first > last:
                raise FieldError(f"columns.{name}", "the last place stands before the first")


@dataclass(frozen=True, slots=True)
class SetAside(Strict):
    """One record that cannot be read: where it stands and why, never what it holds. It stays in the source.

    ``file`` counts the files of a pattern from 1 in order of their names, for a name may be a patient's.
    """

    file: Count
    line: Count
    byte: Count
    length: Count
    reason: Name


@dataclass(frozen=True, slots=True)
class FileIntake(Strict):
    """The account of a declared file's bytes (law 3): each is in exactly one of the four sums.

    ``mapped`` bytes became columns' values, ``unmapped`` belong to fields that no column takes, ``structure`` is
    delimiters, names of segments and line ends, ``set_aside`` lists what cannot be read. Of formats whose every field
    is a column (delimited files, tables), all bytes are ``mapped``. ``digest`` is that of the
    file; for a pattern, that of the files' digests, one after the other, in order of their names.
    """

    name: Name
    files: Count
    size: Count
    digest: Digest
    records: Count
    mapped: Count
    unmapped: Count
    structure: Count
    set_aside: tuple[SetAside, ...] = ()

    def __post_init__(self) -> None:
        """Nothing is missing, nothing is counted twice."""
        aside = sum(each.length for each in self.set_aside)
        if self.mapped + self.unmapped + self.structure + aside != self.size:
            raise FieldError("size", "the sums of bytes do not add up to the file's size")
