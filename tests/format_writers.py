"""Writers of small tables ``t`` (a key, a value) in every format that is read, for round trips."""

import csv
import json
import re
import sqlite3
import struct
import subprocess
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.cell import WriteOnlyCell

import access_files as af
import cda_documents as documents
from ecluse.adapters.sources import SourceSpec
from ecluse.domain.files import FileFormat, SourceFile
from ecluse.domain.profile import Engine
from firebird_servers import firebird_file
from servers import MariadbServer, PostgresqlServer
from servers import _program as find_program

Row = tuple[str, str | None]
"""A key (letters and digits) and a value; None is a value that is missing."""


def files(folder: Path, file: SourceFile) -> SourceSpec:
    return SourceSpec(Engine.FILES, f"files://{quote(str(folder))}", {"t": file})


def delimited(encoding: str, delimiter: str) -> Callable[[Path, Sequence[Row]], SourceSpec]:
    def write(folder: Path, rows: Sequence[Row]) -> SourceSpec:
        path = folder / "t.csv"
        with path.open("w", newline="", encoding=encoding) as target:
            csv.writer(target, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("id", "v"), *rows])
        return files(folder, SourceFile("t.csv", encoding, delimiter))

    return write


def fixed(folder: Path, rows: Sequence[Row]) -> SourceSpec:
    """The value at the line's end, that it may be long."""
    text = "".join(f"{key:<8}{value or ''}\r\n" for key, value in rows)
    (folder / "t.txt").write_bytes(text.encode())
    columns = {"id": "1-8", "v": "9-9999"}
    return files(folder, SourceFile("t.txt", "utf-8", format=FileFormat.FIXED, columns=columns))


def dbase(folder: Path, rows: Sequence[Row]) -> SourceSpec:
    """dBase III with a memo file, written by the third party's library."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import dbf  # noqa: PLC0415
    "".join(value or "" for _, value in rows).encode("cp1252")  # the library finds out too late to close its files
    made = dbf.Table(str(folder / "t.dbf"), "id C(8); v M", codepage="cp1252", dbf_type="db3")
    made.open(mode=dbf.READ_WRITE)
    for key, value in rows:
        made.append((key, value or ""))
    made.close()
    return files(folder, SourceFile("t.dbf", "cp1252", format=FileFormat.DBASE))


def foxpro(folder: Path, rows: Sequence[Row]) -> SourceSpec:
    """Visual FoxPro: memos of any bytes (here UTF-8, as some write), and NULLs."""
    blocks, memo = 8, bytearray()
    records = b""
    for key, value in rows:
        number = 0
        if value is not None:
            text = value.encode()
            number = blocks + len(memo) // 64
            memo += struct.pack(">II", 1, len(text)) + text
            memo += bytes(-len(memo) % 64)
        records += b" " + key.encode().ljust(8) + struct.pack("<I", number) + bytes((value is None,))
    specs = (("id", "C", 8, 0), ("v", "M", 4, 2), ("_NullFlags", "0", 1, 0))
    fields = b"".join(
        name.encode().ljust(11, b"\0") + kind.encode() + bytes(4) + bytes((size, 0, flag)) + bytes(13)
        for name, kind, size, flag in specs
    )
    head = bytes((0x30, 126, 1, 1)) + struct.pack("<IHH", len(rows), 33 + len(fields) + 263, 14) + bytes(20)
    (folder / "t.dbf").write_bytes(head + fields + b"\r" + bytes(263) + records + b"\x1a")
    (folder / "t.fpt").write_bytes(struct.pack(">IxxH", 0, 64) + bytes(504) + bytes(memo))
    return files(folder, SourceFile("t.dbf", "utf-8", format=FileFormat.DBASE))


_EXCELS = re.compile("[\0-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def excel(folder: Path, rows: Sequence[Row]) -> SourceSpec:
    """Characters that XML has not as Excel writes them: ``_x000D_`` (ECMA-376, ST_Xstring). No text is a formula."""
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet("A")
    for row in (("id", "v"), *rows):
        cells = [_EXCELS.sub(lambda mark: f"_x{ord(mark[0]):04X}_", value or "") for value in row]
        sheet.append([_text_cell(sheet, cell) for cell in cells])
    made.save(folder / "t.xlsx")
    return files(folder, SourceFile("t.xlsx", format=FileFormat.EXCEL))


def _text_cell(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell


def access(version: str) -> Callable[[Path, Sequence[Row]], SourceSpec]:
    def write(folder: Path, rows: Sequence[Row]) -> SourceSpec:
        columns = (af.Col("id", af.TEXT), af.Col("v", af.MEMO, packed=True))
        af.write(folder / "t.mdb", {"T": af.Tab(columns, rows)}, version)
        encoding = "cp1252" if version == "jet3" else ""
        return files(folder, SourceFile("t.mdb", encoding, format=FileFormat.ACCESS, part="T"))

    return write


def json_lines(folder: Path, rows: Sequence[Row]) -> SourceSpec:
    lines = [json.dumps({"id": key} | ({} if value is None else {"v": value})) for key, value in rows]
    (folder / "t.ndjson").write_text("\n".join(lines), encoding="utf-8")
    return files(folder, SourceFile("t.ndjson", format=FileFormat.JSON, fields=("id", "v")))


def parquet(folder: Path, rows: Sequence[Row]) -> SourceSpec:
    keys, values = zip(*rows, strict=True)
    pq.write_table(pa.table({"id": pa.array(keys), "v": pa.array(values, pa.string())}), folder / "t.parquet")
    return files(folder, SourceFile("t.parquet", format=FileFormat.PARQUET))


def _escaped(value: str, marks: str, names: str) -> str:
    """HL7's escapes of the delimiters ``marks`` (the escape first), line ends in hexadecimal."""
    found = {mark: f"{marks[0]}{name}{marks[0]}" for mark, name in zip(marks, names, strict=True)}
    found |= {mark: f"{marks[0]}X{ord(mark):02X}{marks[0]}" for mark in "\r\n\x0b\x1c"}
    return "".join(found.get(letter, letter) for letter in value)


def hl7v2(folder: Path, rows: Sequence[Row]) -> SourceSpec:
    text = "MSH|^~\\&|L|||||ORU^R01|||1|P|2.5||||||UNICODE UTF-8\r".replace("ORU^R01|||1", "|ORU^R01|1")
    for key, value in rows:
        told = "" if value is None else "|" + _escaped(value, "\\|^~&", "EFSRT")
        text += f"ZZV|{key}{told}\r"
    (folder / "t.hl7").write_bytes(text.encode())
    return files(folder, SourceFile("t.hl7", format=FileFormat.HL7V2, fields=("ZZV-1", "ZZV-2")))


def segments(format_: FileFormat, head: str, marks: str, names: str) -> Callable[[Path, Sequence[Row]], SourceSpec]:
    def write(folder: Path, rows: Sequence[Row]) -> SourceSpec:
        text = head + "\r\n"
        for key, value in rows:
            told = "" if value is None else "|" + _escaped(value, marks, names)
            text += f"C|{key}{told}\r\n"
        (folder / "t.txt").write_bytes((text + "L|1\r\n").encode())
        return files(folder, SourceFile("t.txt", "utf-8", format=format_, fields=("C-2", "C-3")))

    return write


def hprim_medecin(folder: Path, rows: Sequence[Row]) -> SourceSpec:
    head = ["P1", "N", "P", "", "", "", "29/02/1968", "", "D1", "01/03/2019", "L", "M"]
    lines = [f"RES|{key}" + ("" if value is None else f"|{value}") for key, value in rows]
    text = "".join(line + "\r\n" for line in (*head, "****LAB****", *lines, "****FIN****", "****FINFICHIER****"))
    (folder / "t.hpm").write_bytes(text.encode())
    return files(folder, SourceFile("t.hpm", "utf-8", format=FileFormat.HPRIM_MEDECIN, fields=("RES-2", "RES-3")))


def fhir(folder: Path, rows: Sequence[Row]) -> SourceSpec:
    lines = []
    for key, value in rows:
        resource: dict[str, Any] = {"resourceType": "Observation", "id": key}
        lines.append(json.dumps(resource | ({} if value is None else {"valueString": value}), ensure_ascii=False))
    (folder / "t.ndjson").write_text("\n".join(lines), encoding="utf-8", newline="\n")
    fields = ("Observation.id as id", "Observation.valueString as v")
    return files(folder, SourceFile("*.ndjson", format=FileFormat.FHIR, fields=fields))


def cda(folder: Path, rows: Sequence[Row]) -> SourceSpec:
    found = "".join(
        documents.observation(key, documents.element("value", xsi__type="CD", displayName=value)) for key, value in rows
    )
    (folder / "t.xml").write_bytes(documents.Report(entries=found).xml().encode())
    fields = ("observation/code/@code as id", "observation/value/@displayName as v")
    return files(folder, SourceFile("*.xml", format=FileFormat.CDA, fields=fields))


def sqlite(folder: Path, rows: Sequence[Row]) -> SourceSpec:
    with closing(sqlite3.connect(folder / "t.db")) as connection, connection:
        connection.execute("CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    return SourceSpec(Engine.SQLITE, f"sqlite://{quote(str(folder / 't.db'))}")


def server(engine: Engine, text: str, placeholder: str) -> Callable[[Any, Sequence[Row]], SourceSpec]:
    def write(server: Any, rows: Sequence[Row]) -> SourceSpec:
        database = server.database(f"CREATE TABLE t (id varchar(20) PRIMARY KEY, v {text})")
        with closing(database.connect()) as connection, connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO t VALUES ({placeholder}, {placeholder})", rows)
            connection.commit()
        return SourceSpec(engine, database.url)

    return write


def firebird(folder: Path, rows: Sequence[Row]) -> SourceSpec:
    """Embedded: a file."""
    database = firebird_file(folder / "t.fdb")
    database.execute("CREATE TABLE t (id varchar(20) PRIMARY KEY, v blob sub_type text character set utf8)")
    database.fill("INSERT INTO t VALUES (?, ?)", rows)
    return SourceSpec(Engine.FIREBIRD, quote(database.url, safe=":/@"))


def dump(folder: Path, server: PostgresqlServer | MariadbServer, rows: Sequence[Row]) -> SourceSpec:
    """Of a server's table, by its own program."""
    of_postgresql = isinstance(server, PostgresqlServer)
    engine = Engine.POSTGRESQL if of_postgresql else Engine.MYSQL
    name = (postgresql if of_postgresql else mariadb)(server, rows).address().database
    path = folder / "t.sql"
    program = "pg_dump" if of_postgresql else "mariadb-dump"
    command = [find_program(program, "apt-get install -y postgresql mariadb-server"), "-h", server.host]
    if of_postgresql:
        command += ["-p", str(server.port), "-U", server.user, "-f", str(path), name]
    else:
        command[1:1] = ["--no-defaults"]
        command += ["-P", str(server.port), "-u", server.user, f"--result-file={path}", name]
    subprocess.run(command, check=True)
    return SourceSpec(engine, f"dump://{quote(str(path))}?engine={engine}")


def odbc(write: Callable[[Any, Sequence[Row]], SourceSpec], driver: str) -> Callable[[Any, Sequence[Row]], SourceSpec]:
    """The same database by an ODBC driver."""

    def written(place: Any, rows: Sequence[Row]) -> SourceSpec:
        native = write(place, rows)
        address = native.address()
        if native.engine is Engine.SQLITE:
            given = f"/?Driver={driver}&Database={quote(address.path)}"
        else:
            given = f"{place.user}@127.0.0.1:{place.port}/?Driver={driver}&Database={address.database}"
        return SourceSpec(native.engine, f"odbc://{given}&max_text=20000")

    return written


postgresql = server(Engine.POSTGRESQL, "text", "%s")
mariadb = server(Engine.MYSQL, "mediumtext", "%s")
