"""What a folder's files seem to be: a declaration of each, for a person to confirm; nothing of what they hold."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from ecluse.adapters.sources import _cda_scan, _fhir_scan
from ecluse.adapters.sources._access_pages import JET3, Pages
from ecluse.adapters.sources._hl7v2_scan import seen
from ecluse.adapters.sources._json import JsonReader
from ecluse.adapters.sources._reading import Declared
from ecluse.adapters.sources.detect import detect
from ecluse.domain.errors import EcluseError, ProfileError
from ecluse.domain.files import FileFormat, SourceFile

_RECORDS = 1000
_MOST, _LONGEST_PATH, _STEPS = 2000, 300, frozenset(".[]")
_LONGEST = 1 << 20
_CODEPAGES: Mapping[int, str] = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x64: "cp852", 0x65: "cp866", 0x57: "cp1252", 0x7D: "cp1255",
    0xC8: "cp1250", 0xC9: "cp1251",
}  # fmt: skip
"""dBase's language byte, of those tables that a French laboratory may meet."""
_UNSAID = "cp850"


def declared(path: Path) -> SourceFile | None:
    """The declaration that fits a file, by its suffix and first bytes; None for one of no known kind, or empty."""
    guess = _GUESSES.get(path.suffix.lower())
    try:
        return guess(path) if guess and path.is_file() and path.stat().st_size else None
    except (EcluseError, OSError):
        return None


def _delimited(path: Path) -> SourceFile | None:
    return detect(path).file


def _dbase(path: Path) -> SourceFile | None:
    with path.open("rb") as source:
        head = source.read(32)
    language = head[29] if len(head) == 32 else 0  # noqa: PLR2004 - a header's length
    return SourceFile(path.name, _CODEPAGES.get(language, _UNSAID), format=FileFormat.DBASE)


def _excel(path: Path) -> SourceFile | None:
    return SourceFile(path.name, format=FileFormat.EXCEL)


def _access(path: Path) -> SourceFile | None:
    """Of Access 97 the encoding that its header names; the others hold Unicode."""
    with Pages(path, path.name) as pages:
        encoding = f"cp{pages.header.code_page or 1252}" if pages.layout is JET3 else ""
    return SourceFile(path.name, encoding, format=FileFormat.ACCESS)


def _parquet(path: Path) -> SourceFile | None:
    return SourceFile(path.name, format=FileFormat.PARQUET)


def _json(path: Path) -> SourceFile | None:
    """With the paths of the values in its first records; FHIR as FHIR."""
    if (fhir := _fhir_scan.seen(path)) is not None:
        return fhir
    with path.open("rb") as source:
        lines = list(islice(iter(lambda: source.readline(_LONGEST), b""), _RECORDS))
    found: dict[str, None] = {}
    for line in lines:
        with suppress(ValueError, RecursionError):
            record = json.loads(line)
            for each in record if isinstance(record, list) else [record]:
                found |= dict.fromkeys(_paths(each, ""))
    return _mountable(SourceFile(path.name, format=FileFormat.JSON, fields=tuple(found)[:_MOST])) if found else None


def _paths(value: object, path: str) -> list[str]:
    """Of names that a path can hold: with dots or brackets of their own they cannot be told from steps."""
    if isinstance(value, dict):
        named = ((name, part) for name, part in value.items() if name and not set(name) & _STEPS and name.isprintable())
        return [found for name, part in named for found in _paths(part, f"{path}.{name}".removeprefix("."))]
    if isinstance(value, list):
        return [found for part in value for found in _paths(part, f"{path}[]")]
    return [path] if 0 < len(path) <= _LONGEST_PATH else []


def _mountable(file: SourceFile) -> SourceFile | None:
    """Without the paths that make a column, or a table, which another has made."""
    while file.fields:
        try:
            JsonReader(Declared("t", file, (Path(file.path),)))
        except ProfileError as error:
            place = int(str(error.location.field if error.location else "").strip("fields[]") or 0)
            file = replace(file, fields=(*file.fields[:place], *file.fields[place + 1 :]))
        else:
            return file
    return None


_GUESSES: Mapping[str, Callable[[Path], SourceFile | None]] = {
    ".csv": _delimited, ".tsv": _delimited, ".txt": _delimited, ".tab": _delimited, ".dat": _delimited,
    ".dbf": _dbase, ".xlsx": _excel, ".xlsm": _excel, ".xls": _excel, ".ods": _excel,
    ".mdb": _access, ".accdb": _access,
    ".json": _json, ".ndjson": _json, ".jsonl": _json, ".parquet": _parquet, ".hl7": seen,
    ".xml": _cda_scan.seen,
}  # fmt: skip
SUFFIXES = frozenset(_GUESSES)
