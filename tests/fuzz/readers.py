"""The file formats' readers as targets: the same rows and the same account by blocks of any size, every byte told."""

import codecs
import json
import os
import tempfile
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from ecluse.adapters.sources._reading import Declared, reader_of
from ecluse.adapters.sources._strict_json import parsed, text_of
from ecluse.adapters.sources.folder import declared as guessed
from ecluse.domain.errors import EcluseError, ProfileError
from ecluse.domain.files import FileFormat, FileIntake, SourceFile
from fuzz.invariants import NOTHING, BrokenError, Target, check_error, patched
from fuzz.mutators import unpacked

_SMALL = 512  # by blocks of a few bytes, longer ones take as long as their square
_SOURCES = "ecluse.adapters.sources"
_MESSAGES = (
    b"\r",
    b"\r\n",
    b"\n",
    b"|",
    b"^",
    b"~",
    b"&",
    b"\\",
    b"\\F\\",
    b"\\X0D\\",
    b"\x0b",
    b"\x1c\r",
    b"\x1a",
    b'""',
)


@cache
def room() -> Path:
    """In memory where the system has such a place; gone with the process."""
    room = Path("/dev/shm")
    made = tempfile.TemporaryDirectory(prefix="ecluse-fuzz-", dir=room if os.access(room, os.W_OK) else None)
    _KEPT.append(made)
    return Path(made.name)


_KEPT: list[Any] = []


class Reading:
    """One format's reader under some declarations."""

    def __init__(
        self, suffix: str, *files: SourceFile, tiny: Mapping[tuple[str, str], Any] = NOTHING, beside: str = ""
    ) -> None:
        self.suffix, self.files, self.tiny, self.beside = suffix, files, tiny, beside

    def __call__(self, data: bytes) -> str:
        """All declarations in turn. Raises BrokenError, or whatever else came out."""
        return " | ".join(self._outcome(file, data) for file in self.files)

    def _outcome(self, file: SourceFile, data: bytes) -> str:
        table, memo = data, None
        if self.beside and (mark := data.find(BESIDE)) >= 0:
            table, memo = data[:mark], data[mark + len(BESIDE) :]
        path = room() / f"t{self.suffix}"
        path.write_bytes(table)
        other = path.with_suffix(self.beside) if self.beside else None
        if other is not None:
            other.unlink(missing_ok=True)
            if memo is not None:
                other.write_bytes(memo)
        declared = Declared("t", file, (path,))
        whole = _observed(declared, data)
        if self.tiny and len(data) <= _SMALL:
            with patched(self.tiny):
                pieces = _observed(declared, data)
            if whole[1:] != pieces[1:]:
                raise BrokenError(f"other rows, or another account, by blocks: {whole[0]} / {pieces[0]}")
        return whole[0]


BESIDE = b"\n--8<-- its memo file --8<--\n"


def _listed(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """A batch's rows; times as numbers, since Arrow has some that Python's own types have not."""
    columns = [
        column.view(pa.int32() if column.type.bit_width == 32 else pa.int64()) if pa.types.is_temporal(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names).to_pylist()


def _observed(declared: Declared, data: bytes) -> tuple[str, dict[str, list[dict[str, Any]]], FileIntake | None]:
    """What a reader gives: its error's text, or its rows and account; all of it checked."""
    rows: dict[str, list[dict[str, Any]]] = {}
    try:
        reader = reader_of(declared)
        rows = {table: [] for table in reader.tables}
        for table, batch in reader.passing(reader.tables):
            _check(table, batch, reader.tables)
            rows[table] += _listed(batch)
        intake = reader.intake()
        again = reader_of(declared).intake()
    except EcluseError as error:
        given = repr(declared.file)
        return check_error(error, data, given=given), {}, None
    if again != intake:
        raise BrokenError("a pass of its own tells another account")
    if intake.size != declared.size:
        raise BrokenError("the account is of another size")
    if {"t"} == set(rows) and "_record" not in reader.tables["t"].names and intake.records != len(rows["t"]):
        raise BrokenError("the account counts other records than came")
    _check_asides(intake)
    for each in rows.values():  # messages of one kind come together, kind by kind
        if each and "_message" in each[0]:
            each.sort(key=lambda row: (row["_message"], row["_line"]))
    text = f"{sum(map(len, rows.values())):d} rows, {len(intake.set_aside)} aside"
    return " ".join((text, *sorted({each.reason for each in intake.set_aside}))), rows, intake


def _check(table: str, batch: pa.RecordBatch, tables: Mapping[str, pa.Schema]) -> None:
    if table not in tables or batch.schema != tables[table]:
        raise BrokenError("a batch of another shape than was said")
    batch.validate(full=True)


def _check_asides(intake: FileIntake) -> None:
    """What is set aside lies in the file, and nothing twice."""
    at = -1
    for each in sorted(intake.set_aside, key=lambda each: each.byte):
        if each.byte < at or each.byte + each.length > intake.size or each.line < 1 or each.file != 1:
            raise BrokenError("what is set aside overlaps, or lies outside the file")
        at = each.byte + each.length


def _strictly(reading: Reading, data: bytes) -> str:
    """JSON besides, as the standard library judges it: the same values, and nothing passed over that is none."""
    outcome = reading(data)
    text = data.removeprefix(codecs.BOM_UTF8)
    if text.lstrip(b" \t\r\n").startswith(b"["):
        if _judged(text.strip(b" \t\r\n")) is None and "Error" not in outcome and ", 0 aside" in outcome:
            raise BrokenError("a list that is none is read")
        return outcome
    for line in text.split(b"\n"):
        stripped = line.strip(b" \t\r\n")
        made, reason = parsed(stripped) if stripped else (None, "")
        judged = _judged(stripped) if stripped else None
        if reason == "nested too deeply" or not stripped:
            continue
        if (judged is None) != bool(reason) or (judged is not None and judged[0] != _digits(made)):
            raise BrokenError("two parsers of JSON do not agree")
    return outcome


def _judged(text: bytes) -> tuple[Any] | None:
    """The value with numbers as their digits; None of what is no JSON of one meaning."""
    try:
        made = json.loads(
            text.decode(), parse_float=_Number, parse_int=_Number, parse_constant=_refused, object_pairs_hook=_once
        )
        json.dumps(made, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return (_digits(made),)


class _Number(str):
    __slots__ = ()


def _digits(value: Any) -> Any:
    match value:
        case dict():
            return {name: _digits(part) for name, part in value.items()}
        case list():
            return [_digits(part) for part in value]
        case None | bool():
            return value
    return text_of(str(value) if isinstance(value, _Number) else value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError
    return made


def _refused(_: str) -> Any:
    raise ValueError


def _packed(reading: Reading, data: bytes) -> str:
    return reading(unpacked(data))


def _scan(data: bytes) -> str:
    """The guess at what a file is: any suffix's, and the declaration guessed must be one that can be mounted."""
    said = []
    for suffix in (".csv", ".json", ".hl7", ".dbf"):
        folder = room() / "scan"
        folder.mkdir(exist_ok=True)
        path = folder / f"f{suffix}"
        for old in folder.iterdir():
            old.unlink()
        path.write_bytes(data)
        file = guessed(path)
        said.append(f"{suffix}:{file.format if file else None}")
        if file is None:
            continue
        try:
            reader = reader_of(Declared("t", file, (path,)))
            for _ in reader.passing(reader.tables):
                pass
        except ProfileError as error:
            raise BrokenError("the declaration that the scan drafts is refused") from error
        except EcluseError as error:
            check_error(error, data, given=repr(file))
    return " ".join(said)


_TAGS = (
    b"<observation>", b"</observation>", b"<value xsi:type='PQ' value='1' unit='g'/>", b"<![CDATA[", b"]]>", b"<!--", b"-->",
    b"<?xml version='1.0' encoding='UTF-16'?>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#x1F9EA;", b"&#0;", b"nullFlavor='UNK'",
    b" xmlns='urn:hl7-org:v3'", b"<section>", b"<specimen>", b"<td>",
)  # fmt: skip
_HL7 = (
    "MSH-1", "MSH-2", "MSH-9.1", "MSH-10", "PID-3.1", "PID-3[2].1", "PID-3[*].1", "PID-5", "OBR-4.2", "OBX-3.1",
    "OBX-5", "OBX-5.1.2", "OBX-5[*].2", "NTE-3", "ZZZ-1",
)  # fmt: skip
_SANTE = ("H-5.1", "P-3", "P-6.1", "P-8", "OBR-4.2", "OBR-5[*].1", "OBR-5[2].2", "OBX-4.1", "OBX-6", "C-4")
_ASTM = ("H-5", "P-4", "P-6.1", "O-3", "O-5.4", "O-5[*].4", "R-3.4", "R-4", "R-4[2]", "C-4")
_MEDECIN = (*(f"HDR-{n}" for n in range(1, 13)), "TXT-1", "TEX-2", *(f"RES-{n}" for n in range(2, 15)))
_FHIR = (
    "Observation.id", "Observation.status", "Observation.code.text as label", "Observation.valueQuantity.value",
    "Observation.code.coding.where(system='http://loinc.org').code as loinc",
    "Observation.component[1].valueString as second", "Patient.name.where(use='official').given as given",
    "Patient.active", "Patient.birthDate",
)  # fmt: skip


_CDA = (
    "document/id/@root", "patient/patient/name/given[not(@qualifier)] as given", "section/title", "text/narrative()",
    "observation/code/@code", "observation/value/@xsi:type as type", "observation/value/@value",
    "observation/value as text", "specimen/specimenRole/id/@root as root", "translation/@code",
)  # fmt: skip


def _small(module: str, **constants: Any) -> dict[tuple[str, str], Any]:
    return {(f"{_SOURCES}.{module}", name): value for name, value in constants.items()}


def targets() -> list[Target]:
    """A target for each format."""
    delimited = Reading(
        ".csv",
        SourceFile("t.csv", "utf-8", ";"),
        SourceFile("t.csv", "cp1252", "\t", "'"),
        SourceFile("t.csv", "utf-16", "|", ""),
        tiny=_small("_delimited", _BLOCK=7),
    )
    fixed = Reading(
        ".txt",
        *(
            SourceFile("t.txt", each, format=FileFormat.FIXED, columns={"a": "1-3", "b": "2-9", "c": "20-25"})
            for each in ("utf-8", "cp850")
        ),
        tiny=_small("_fixed", _BLOCK=5),
    )
    dbase = Reading(
        ".dbf",
        *(SourceFile("t.dbf", each, format=FileFormat.DBASE) for each in ("cp850", "utf-8")),
        tiny=_small("_dbase", _BLOCK=1),
        beside=".fpt",
    )
    paths = ("id", "a.b", "b[].a", "b[].c[].d", "v")
    lines = Reading(".ndjson", SourceFile("t.ndjson", format=FileFormat.JSON, fields=paths))
    hl7 = Reading(
        ".hl7",
        *(SourceFile("*.hl7", each, format=FileFormat.HL7V2, fields=_HL7) for each in ("", "cp1252")),
        tiny=_small("_hl7v2_blocks", BLOCK=9),
    )
    line = {"tiny": _small("_segments", _BLOCK=9)}
    sante = Reading(".hpr", SourceFile("*.hpr", "latin-1", format=FileFormat.HPRIM_SANTE, fields=_SANTE), **line)
    astm = Reading(".ast", SourceFile("*.ast", "utf-8", format=FileFormat.ASTM, fields=_ASTM), **line)
    medecin = Reading(".hpm", SourceFile("*.hpm", "cp1252", format=FileFormat.HPRIM_MEDECIN, fields=_MEDECIN))
    fhir = SourceFile("*", format=FileFormat.FHIR, fields=_FHIR)
    cda = Reading(
        ".xml",
        SourceFile("*.xml", format=FileFormat.CDA, fields=_CDA),
        tiny=_small("_cda_tree", _CHUNK=7) | _small("_cda", _ROWS=2),
    )
    access = Reading(".mdb", *(SourceFile("t.mdb", each, format=FileFormat.ACCESS) for each in ("", "cp1252")))
    return [
        Target("delimited", delimited, words=(b";", b'"', b'""', b"\t", b"\r\n", b"\xff\xfe", b"\xef\xbb\xbf", b"'")),
        Target("fixed", fixed, words=(b"\r\n", b"\n", b"\x1a", b"\xef\xbb\xbf", "é".encode(), "𝄞".encode())),
        Target(
            "dbase", dbase, "bytes", (b"\r", b"\x1a", b"*", b" ", b"M", b"T", b"Y", b"0", BESIDE, b"\xff\xff\x08\0")
        ),
        Target("excel-xlsx", Reading(".xlsx", SourceFile("t.xlsx", format=FileFormat.EXCEL)), "zip", longest=1 << 15),
        Target("excel-ods", Reading(".ods", SourceFile("t.ods", format=FileFormat.EXCEL)), "zip", longest=1 << 15),
        Target("excel-xls", Reading(".xls", SourceFile("t.xls", format=FileFormat.EXCEL)), "bytes", longest=1 << 15),
        Target(
            "json",
            partial(_strictly, lines),
            "json",
            (b'{"id":', b'"b":[', b"[", b"]", b"{", b"}", b'"\\ud800"', b"1e999", b"\xef\xbb\xbf"),
        ),
        Target("parquet", Reading(".parquet", SourceFile("t.parquet", format=FileFormat.PARQUET)), "bytes"),
        Target(
            "hl7v2",
            hl7,
            words=(*_MESSAGES, b"MSH|^~\\&|", b"PID|", b"OBR|", b"OBX|", b"NTE|", b"ADD|", b"FHS|", b"8859/1"),
        ),
        Target("hprim-sante", sante, words=(*_MESSAGES, b"H|~^\\&|", b"P|", b"A|", b"OBR|", b"OBX|", b"C|", b"L|1")),
        Target("astm", astm, words=(*_MESSAGES, b"H|\\^&|", b"P|", b"O|", b"R|", b"C|", b"L|1")),
        Target(
            "hprim-medecin",
            medecin,
            words=(b"****LAB****", b"****FIN****", b"****FINFICHIER****", b"TEX|", b"RES|", b"\r\n"),
        ),
        Target(
            "fhir-ndjson",
            Reading(".ndjson", fhir),
            "json",
            (b'{"resourceType":"Observation"', b'"status":', b"\\ud83d\\ude00"),
        ),
        Target(
            "fhir-bundle", Reading(".json", fhir), "json", (b'"resourceType":"Bundle"', b'"entry":[', b'"resource":{')
        ),
        Target("cda", cda, "lines", _TAGS, longest=1 << 12),
        Target("access", partial(_packed, access), "packed", (b"\xff\xfe", b"\xff\xff"), longest=1 << 15),
        Target("scan", partial(_scan), words=(b'{"resourceType":"Patient"}', b"MSH|^~\\&|", b";", b"\xff\xfe")),
    ]
