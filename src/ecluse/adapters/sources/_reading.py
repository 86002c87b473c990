"""What a file format gives to be mounted: its tables, passes over them, and the account of its bytes."""

import contextlib
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa

from ecluse.domain.errors import Location, MalformedError
from ecluse.domain.files import FileFormat, FileIntake, SetAside, SourceFile


@dataclass(frozen=True, slots=True)
class Declared:
    """A declaration and the files that it found, in order of their names; ``table`` is its name in the profile."""

    table: str
    file: SourceFile
    paths: tuple[Path, ...]

    @property
    def path(self) -> Path:
        """The one file of a format that takes no pattern."""
        return self.paths[0]

    def called(self, number: int) -> str:
        """What errors call the ``number``th file, from 1: never by its name where a pattern found it."""
        return self.file.path if self.paths == (self.path,) and number == 1 else f"{self.file.path}#{number}"

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(path.stat().st_size for path in self.paths)

    def digest(self) -> str:
        """The file's SHA-256; of several, that of their digests."""
        return digest_of([_sha256(path) for path in self.paths])

    def size_of(self, number: int) -> int:
        """Bytes of the ``number``th file."""
        return self.paths[number - 1].stat().st_size

    def open(self, number: int) -> BinaryIO:
        """The ``number``th file, to read from. Raises MalformedError."""
        return opened(self.paths[number - 1], self.called(number))


MOST_ASIDE = 100_000


@dataclass(slots=True)
class Account:
    """The sums of one pass, in bytes but for ``records``; each is found by itself, so that the whole can fail."""

    records: int = 0
    mapped: int = 0
    unmapped: int = 0
    structure: int = 0
    aside: list[SetAside] = field(default_factory=list)

    @property
    def told(self) -> int:
        """Bytes of which it was said where they went."""
        return self.mapped + self.unmapped + self.structure + sum(each.length for each in self.aside)

    def bounded(self, declared: Declared) -> None:
        """Raises MalformedError where more is set aside than anybody could look at: another format, or damage."""
        if len(self.aside) > MOST_ASIDE:
            first = self.aside[0]
            where = Location(declared.called(first.file), first.line)
            raise MalformedError(f"more than {MOST_ASIDE} records cannot be read", location=where, hint=first.reason)

    def of(self, declared: Declared) -> FileIntake:
        """The account as the plan carries it. Raises MalformedError where it does not add up to the files' size."""
        size = declared.size
        if self.told != size:
            raise changed(declared)
        return FileIntake(
            declared.file.path, len(declared.paths), size, declared.digest(), self.records,
            self.mapped, self.unmapped, self.structure, tuple(self.aside),
        )  # fmt: skip


def added(accounts: Iterable[Account]) -> Account:
    """One account of several."""
    made = Account()
    for each in accounts:
        made.records += each.records
        made.mapped += each.mapped
        made.unmapped += each.unmapped
        made.structure += each.structure
        made.aside += each.aside
    return made


class FileReader(Protocol):
    """One declaration's files, read as often as asked; each pass in bounded memory, nothing written."""

    tables: Mapping[str, pa.Schema]
    """Tables to be mounted, by name, with their columns."""

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """A pass over the files: batches of the tables asked for, as they come. Raises MalformedError."""
        ...

    def intake(self) -> FileIntake:
        """The account of every byte; needs a pass of its own where none was whole yet. Raises MalformedError."""
        ...


class CountedInPassing:
    """A reader whose every whole pass leaves the account of its bytes behind."""

    tables: Mapping[str, pa.Schema]
    _declared: Declared
    _intake: FileIntake | None = None

    def passing(self, tables: Collection[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """As :class:`FileReader`; ends by setting ``_intake``."""
        raise NotImplementedError

    def intake(self) -> FileIntake:
        """The account of every byte. Raises MalformedError."""
        if self._intake is None:
            for _ in self.passing(self.tables):
                pass
        if self._intake is None:
            raise changed(self._declared)
        return self._intake


_READERS: Mapping[FileFormat, tuple[str, str]] = {
    FileFormat.DELIMITED: ("_delimited", "DelimitedReader"),
    FileFormat.FIXED: ("_fixed", "FixedReader"),
    FileFormat.DBASE: ("_dbase", "DbaseReader"),
    FileFormat.EXCEL: ("_excel", "ExcelReader"),
    FileFormat.ACCESS: ("_access", "AccessReader"),
    FileFormat.JSON: ("_json", "JsonReader"),
    FileFormat.PARQUET: ("_parquet", "ParquetReader"),
    FileFormat.HPRIM_SANTE: ("_segments", "SegmentsReader"),
    FileFormat.ASTM: ("_segments", "SegmentsReader"),
    FileFormat.HPRIM_MEDECIN: ("_hprim_medecin", "HprimMedecinReader"),
    FileFormat.FHIR: ("_fhir", "FhirReader"),
    FileFormat.CDA: ("_cda", "CdaReader"),
    FileFormat.HL7V2: ("_hl7v2", "Hl7v2Reader"),
}
"""Module and class: each is loaded only where a profile has its format."""


def reader_of(declared: Declared) -> FileReader:
    """The reader of a declaration's format. Raises ProfileError, MalformedError."""
    module, name = _READERS[declared.file.format]
    made: FileReader = getattr(import_module(f"ecluse.adapters.sources.{module}"), name)(declared)
    return made


def changed(declared: Declared) -> MalformedError:
    """The error of files that are not, at the end of a pass, what they were at its beginning."""
    return MalformedError("the files changed while they were being read", location=Location(declared.file.path))


def digest_of(each: Sequence[bytes]) -> str:
    """The digest of one file, or that of several files' digests."""
    made = each[0] if len(each) == 1 else hashlib.sha256(b"".join(each)).digest()
    return f"sha256:{made.hex()}"


def opened(path: Path, name: str) -> BinaryIO:
    """A file to read from, called ``name`` in errors. Raises MalformedError."""
    with contextlib.suppress(OSError):
        return path.open("rb")
    raise MalformedError("the file is not there, or may not be read", location=Location(name))


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
