"""Writes the seeds: small synthetic files of every format. ``scripts/fuzz --seeds`` makes ``corpus/`` anew.

Persons and values are made up; ``ZQXCANARY`` is a value that no message may repeat.
"""

import datetime as dt
import io
import json
import struct
import tempfile
import uuid
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import xlwt

import access_files as af
import cda_documents
import ecluse
from ecluse.migration.pack import Header, pack
from ecluse.wire.canonical import canonical
from fuzz import inspected
from fuzz.doors import https_seeds, sftp_seeds, ssh_seeds
from fuzz.papers import EVENTS, trace_files
from fuzz.readers import BESIDE

HERE = Path(__file__).parent
_RULES = Path(ecluse.__file__).parent / "rules"
_ARTEFACTS = HERE.parent / "vectors" / "artefacts"
_KINDS = (
    "acceptance", "agreement", "destination-profile", "entry", "erasure", "instruction", "order", "plan", "receipt",
    "reconciliation", "source-profile",
)  # fmt: skip
_WHEN = (2026, 1, 1, 0, 0, 0)
Seeds = Iterator[tuple[str, bytes]]


def _delimited() -> Seeds:
    text = 'id;nom;valeur\r\n1;"ZQXCANARY; ""dite"" ’𝄞’";<0,5\r\n0007;;224.000\r\n3;"deux\r\nlignes";NA\r\n'
    yield "semicolons", text.encode()
    yield "marked", b"\xef\xbb\xbf" + text.replace("\r\n", "\n").encode() + b"\n\n"
    yield "tabs", "id\tnom\n1\t'ZQXCANARY''s’'\n2\té\n".encode("cp1252")
    yield "utf-16", "id|nom\r\n1|ZQXCANARY𝄞\r\n".encode("utf-16")


def _fixed() -> Seeds:
    yield "lines", "0001Hélène   ZQXCANARY   20190301\r\n0002𝄞\r\n\r\n0003Du\x1a".encode()
    yield "dos", "0001Hélène   ZQXCANARY   20190301\r\n0002 Él\r\n".encode("cp850") + b"\x1a"


def _dbase() -> Seeds:
    for name, version, spec in (
        ("three", 0x83, [("NUM", "N", 8), ("NOM", "C", 9), ("NE", "D", 8), ("ACTIF", "L", 1), ("NOTE", "M", 10)]),
        (
            "fox",
            0x30,
            [("ID", "I", 4), ("X", "B", 8), ("Y", "Y", 8), ("AT", "T", 8), ("M", "M", 4), ("_NullFlags", "0", 1)],
        ),
    ):
        fields = b"".join(
            label.encode().ljust(11, b"\0") + kind.encode() + bytes(4) + bytes((size, 0, 2 * (kind != "0"))) + bytes(13)
            for label, kind, size in spec
        )
        extra = bytes(263) if version == 0x30 else b""
        if version == 0x30:
            rows = [b" " + struct.pack("<idqiiI", 7, 13.3, 2240000, 2458544, 30_600_000, 1) + b"\0",
                    b"*" + bytes(32) + b"\xff"]  # fmt: skip
            memo = struct.pack(">IxxH", 2, 64) + bytes(56) + struct.pack(">II", 1, 9) + b"ZQXCANARY"
        else:
            rows = [b"    1234" + b"H\x82l\x8ane   " + b"19680229" + b"T" + b"         1",
                    b"   12.50" + b"ZQXCANARY" + b"        " + b"?" + b"          "]  # fmt: skip
            rows = [b" " + rows[0], b" " + rows[1], b"*" + rows[1]]
            memo = bytes(512) + b"ZQXCANARY suite\x1a\x1a"
        width = 1 + sum(size for _, _, size in spec)
        head = (
            bytes((version, 126, 1, 1))
            + struct.pack("<IHH", len(rows), 33 + len(fields) + len(extra), width)
            + bytes(20)
        )
        table = head + fields + b"\r" + extra + b"".join(rows) + b"\x1a"
        yield name, table + BESIDE + memo
        yield f"{name}-alone", table


def _xlsx() -> Seeds:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.append(["id", "nom", "né le", "vu", "valeur", "actif"])
    sheet.append([1, "ZQXCANARY ’𝄞", dt.date(1968, 2, 29), dt.datetime(2019, 3, 1, 8, 30), 13.3, True])  # noqa: DTZ001
    sheet.append(["0007", "", None, None, 224, False])
    held = io.BytesIO()
    made.save(held)
    clean = io.BytesIO()
    with zipfile.ZipFile(held) as source, zipfile.ZipFile(clean, "w", zipfile.ZIP_DEFLATED) as target:
        for each in sorted(source.infolist(), key=lambda each: each.filename):
            text = source.read(each)
            if not each.filename.startswith(("docProps/", "xl/theme/")):  # the moment of making; colours
                target.writestr(zipfile.ZipInfo(each.filename, _WHEN), text)
    yield "book", clean.getvalue()


def _ods() -> Seeds:
    ods = io.BytesIO()
    content = (
        '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        '<table:table table:name="a"><table:table-row><table:table-cell office:value-type="string"><text:p>id</text:p>'
        '</table:table-cell></table:table-row><table:table-row><table:table-cell office:value-type="float" '
        'office:value="13.3"><text:p>ZQXCANARY</text:p></table:table-cell></table:table-row></table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(ods, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr(zipfile.ZipInfo("mimetype", _WHEN), "application/vnd.oasis.opendocument.spreadsheet")
        target.writestr(zipfile.ZipInfo("content.xml", _WHEN), content)
        target.writestr(zipfile.ZipInfo("META-INF/manifest.xml", _WHEN), "<manifest/>")
    yield "open-document", ods.getvalue()


def _xls() -> Seeds:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = xlwt.Workbook()
        sheet = made.add_sheet("a")
        for row, cells in enumerate((("id", "nom", "v"), (1, "ZQXCANARY ’é", 13.3), (2, "", True))):
            for place, cell in enumerate(cells):
                sheet.write(row, place, cell)
        held = io.BytesIO()
        made.save(held)
    yield "book", held.getvalue()


def _json() -> Seeds:
    record = {
        "id": 1,
        "a": {"b": 'ZQXCANARY "’𝄞'},
        "b": [{"a": 224.000, "c": [{"d": "x"}, {}]}, {"a": None}],
        "v": "<0,5",
    }
    line = json.dumps(record, ensure_ascii=False).replace("224.0", "224.000")
    yield "lines", f'{line}\n{{"id":"0007","v":1e400}}\r\n\n{{"id":"\\ud83d\\ude00"}}'.encode()
    yield "list", f"\ufeff[\n{line},\n {line}\n]\n".encode()


def _parquet() -> Seeds:
    table = pa.table({
        "id": pa.array(range(3), pa.int32()),
        "v": pa.array([Decimal("224.000")] * 3, pa.decimal128(12, 3)),
        "c": pa.array(["ZQXCANARY", None, ""]).dictionary_encode(),
        "l": pa.array([[1, 2], None, []], pa.list_(pa.int64())),
        "t": pa.array([dt.datetime(2019, 3, 1, 8, 30)] * 3, pa.timestamp("ms")),  # noqa: DTZ001
        "b": pa.array([b"\0\xff", None, b""]),
    })  # fmt: skip
    for name, options in {
        "checked": {"write_page_checksum": True}, "plain": {"compression": "none", "use_dictionary": False},
        "new": {"version": "2.6", "data_page_version": "2.0", "compression": "zstd", "row_group_size": 2},
    }.items():  # fmt: skip
        held = io.BytesIO()
        pq.write_table(table, held, **options)
        yield name, held.getvalue()


def _hl7v2() -> Seeds:
    head = "MSH|^~\\&|LAB|SITE|EHR|H|20260101||ORU^R01|1|P|2.5||||||{}\r"
    body = (
        "PID|1||P1^^^A~P2^^^B||ZQXCANARY^Anne\rOBR|1||R1|NFS^Numération\rNTE|1||de l'examen\r"
        'OBX|1|ST|HB^Hémo||<0,5\\F\\\\S\\\\X0D0A\\\\.br\\|g/dL\rOBX|2|NM|NA^Na||224.000~""\rNTE|1||du résultat\rZZZ|z\r'
    )
    yield "utf-8", (head.format("UNICODE UTF-8") + body).encode()
    yield "latin", (head.format("8859/1") + body + head.format("") + "PID|1||P3\r").encode("latin-1")
    yield "framed", b"\x0b" + (head.format("ASCII") + "PID|1||ZQXCANARY\r").encode() + b"\x1c\r" * 2
    yield (
        "batch",
        (
            "FHS|^~\\&|\r\nBHS|^~\\&|\r\n"
            + (head.format("") + "PID|1||P\r").replace("\r", "\r\n")
            + "BTS|1\r\nFTS|1\r\n"
        ).encode(),
    )
    yield "other-marks", b"MSH#*+?%#A\rPID#1##P1*2%3+P4\rOBX#1#ST#A*B##?F?x\rADD#1\r"


def _hprim_sante() -> Seeds:
    text = (
        r"H|~^\&|F1.HPR||PO~LABM||ORU|||HPRIM||P|H2.1~C|201903011200"
        "\r\n"
        "P|1|398|B1||ZQXCANARY~Hélène|NÉE|19680229|F||28 RUE~~PARIS\r\n"
        r"OBR|1|e1~|~D9|TGO~TGO ADVI~L^NA~Sodium~L|S||201903010830||||||||SG|PILO~DR \F\ PITO"
        "\r\n"
        "A|LIV~L|0468\r\nOBX|1|NM|NA~Sodium~L||<0,5|mmol/L|135 - 145|N|||F\r\nC|1|L|sans garrot\r\nOBX|2|ST|TGO~TGO~L||Voir\r\n"
        "A| suite\r\nL|1\r\n"
    )
    yield "message", text.encode("latin-1")
    yield "two", (text.replace("\r\n", "\r") * 2).encode("latin-1") + b"\x1a"


def _astm() -> Seeds:
    text = (
        "H|\\^&|||Host|||||||P|E1394-97|20190301\rP|1|398||B1|ZQXCANARY^Hélène||19680229|F\r"
        "O|1|e1||^^^TGO\\^^^NA|R|20190301\rC|1|L|de &F& l'examen\rR|1|^^^NA|<0,5\\224.000|mmol/L|135 - 145|N||F\rL|1|N\r"
    )
    yield "message", text.encode()
    yield "lines", text.replace("\r", "\r\n").encode() * 2


def _hprim_medecin() -> Seeds:
    head = [
        "P1",
        "ZQXCANARY",
        "Hélène",
        "1 rue",
        "",
        "35000 RENNES",
        "29/02/1968",
        "",
        "D1",
        "01/03/2019",
        "C LABO",
        "M MEDECIN",
    ]
    lines = [
        "",
        "  SODIUM 140",
        "****LAB****",
        "TEX|  SODIUM",
        "TEX",
        "RES|Sodium|NA|N|<0,5|mmol/L|135|145|N|F|0,14|mol/L|0,135|0,145",
    ]
    report = "\r\n".join((*head, *lines, "****FIN****", "")).encode("cp1252")
    yield "report", report
    yield (
        "two",
        b"\r\n"
        + report.replace(b"P1\r\n", b"\r\n")
        + b"\r\n"
        + report.replace(b"\r\n", b"\n")
        + b"****FINFICHIER****\r\n\x1a",
    )


_SODIUM = (
    '{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"Sodium \\"ZQXCANARY\\" é𝄞","coding":['
    '{"system":"urn:x","code":"NA"},{"system":"http://loinc.org","code":"2951-2"}]},"valueQuantity":{"value":224.000},'
    '"component":[{},{"valueString":"<0,5"}]}'
)
_ANNE = (
    '{"resourceType":"Patient","active":true,"birthDate":"1968-02-30","name":[{"use":"usual","given":["A"]},'
    '{"use":"official","given":["ZQXCANARY","Lou"]}]}'
)


def _fhir_ndjson() -> Seeds:
    yield "lines", f'{_SODIUM}\n{_ANNE}\r\n\n{{"resourceType":"Location"}}\n'.encode()


def _fhir_bundle() -> Seeds:
    entries = ",".join(f'\n {{"fullUrl": "urn:x", "resource" : {each}}}' for each in (_SODIUM, _ANNE))
    yield "bundle", f'{{"resourceType":"Bundle","type":"collection","entry":[{entries}]}}\n'.encode()
    yield "resource", json.dumps(json.loads(_ANNE), indent=1).encode()


def _cda() -> Seeds:
    text = "<content ID='a'>Sodium ZQXCANARY</content><table><tr><td>&lt;0,5</td><td>é𝄞</td></tr></table>"
    entries = cda_documents.observation("2951-2", cda_documents.quantity("224.000", "mmol/L"))
    report = cda_documents.Report(text=text, entries=entries)
    yield "utf-8", report.xml().encode()
    yield "utf-16", report.xml("UTF-16").encode("utf-16")
    yield "latin", report.xml("ISO-8859-1").encode("iso-8859-1", "xmlcharrefreplace")


def _access() -> Seeds:
    columns = (
        af.Col("n", af.LONG), af.Col("b", af.BOOLEAN), af.Col("t", af.TEXT, packed=True), af.Col("m", af.MEMO),
        af.Col("d", af.MOMENT), af.Col("g", af.GUID), af.Col("o", af.OLE), af.Col("c", af.MONEY),
    )  # fmt: skip
    when = dt.datetime(2019, 3, 1)  # noqa: DTZ001
    rows = [
        (n, n % 2, "ZQXCANARY é", "m" * n * 90, when, str(n) * 8 + "-0001-0002-0003-000000000004", b"o", "1")
        for n in range(1, 6)
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for version in af.VERSIONS:
            path = af.write(
                Path(folder) / version, {"T": af.Tab(columns, rows, frozenset({3}), frozenset({4}))}, version
            )
            yield version, zlib.compress(path.read_bytes(), 9)


def _scan() -> Seeds:
    for maker in (_delimited, _hl7v2, _json, _fhir_bundle, _dbase):
        yield next(maker())


def _artefact() -> Seeds:
    for kind in _KINDS:
        yield kind, (_ARTEFACTS / kind / "good-full.json").read_bytes()
    yield "cut-off", (_ARTEFACTS / "order" / "bad-cut-off.json").read_bytes()
    yield "trace-conclusion", _conclusion()


def _conclusion() -> bytes:
    export = {
        "order": "BIO-2026-0042", "order_digest": f"sha256:{'1' * 64}", "controller": "Laboratoire", "source": "dxlab",
        "destination": "kalisil", "recipient": f"age1{'q' * 58}", "period_from": "2018-01-01",
        "period_until": "2019-12-31", "persons": 1500, "lines_known": 54, "marks": {"name_birth": 50, "nir": 40},
        "slips": 2, "canary_lines": 1, "canaries": ["request-1"], "ratio": 871, "probability": 10_000,
        "attributed": True, "explained": False,
    }
    return canonical({
        "format": "ecluse.trace-conclusion/1", "verdict": "found", "lines": 56, "more": False, "cut": 3, "silent": 1,
        "unknown": 1, "asked": 7, "expired": 1, "refused": 0, "foreign": 2, "exports": [export], "left_out": 0,
    })


def _document() -> Seeds:
    for kind in ("order", "agreement", "destination-profile"):
        value = json.loads((_ARTEFACTS / kind / "good-full.json").read_bytes())
        yield kind, "\n".join(_yaml(value, "")).encode()
    yield "source-profile", (_ARTEFACTS / "source-profile" / "good-csv.json").read_bytes()


def _yaml(value: object, indent: str) -> Iterator[str]:
    match value:
        case dict():
            for name, part in value.items():
                if isinstance(part, dict | list) and part:
                    yield f"{indent}{name}:"
                    yield from _yaml(part, indent + "  ")
                else:
                    yield f"{indent}{name}: {json.dumps(part, ensure_ascii=False)}"
        case list():
            for part in value:
                yield f"{indent}- {json.dumps(part, ensure_ascii=False)}"


def _code_map() -> Seeds:
    yield "map", (
        b'format: ecluse.code-map/1\nprofile: "p"\ntable: "t"\ncodes:\n  - code: "NA"\n    rows: 12\n    label: "Sodium ZQXCANARY"\n'
        b'    units:\n      - {unit: "mmol/L", rows: 12}\n    candidates:\n      - loinc: 2951-2\n        name: "Sodium"\n        score: 120\n'
        b'        because:\n          - "label"\n    decision:\n      loinc: "2951-2"\n      by: "B"\n      at: 2026-01-01T00:00:00Z\n'
        b'units:\n  - unit: "mmol/L"\n    rows: 12\n    candidates:\n      - {ucum: "mmol/L", because: "same"}\n'
    )  # fmt: skip


def _parcel() -> Seeds:
    header = Header("sha256:" + "0" * 64, "sha256:" + "1" * 64, "b-1", "patient", 2, (1,), bytes(32))
    columns = {
        "source_id": pa.array(["1", "ZQXCANARY", "3"]), "birth": pa.array([dt.date(1968, 2, 29), None, None]),
        "at": pa.array([dt.datetime(2019, 3, 1, 8, 30)] * 3, pa.timestamp("us")),  # noqa: DTZ001
        "v": pa.array([Decimal("224.000"), None, Decimal("0.5")], pa.decimal128(28, 10)),
        "ok": pa.array([True, None, False]), "raw": pa.array([b"\0", None, b""]), "n": pa.array([1, None, 3], pa.int64()),
    }  # fmt: skip
    yield "patients", bytes(pack(pa.table(columns), header))
    yield (
        "one",
        bytes(pack(pa.table({"a": pa.array(["x"])}), Header(header.order, header.plan, "b", "e", 1, (), bytes(32)))),
    )


def _trace() -> Seeds:
    whole, empty = trace_files()
    yield "patients", whole
    yield "empty", empty


def _leak() -> Seeds:
    row = "ZQXCANARY;Hélène;12/03/1960;2 60 03 35 123 456;06 12 34 56 78;35000"
    yield "semicolons", f"{row}\r\n{row}\r\n".encode()
    yield "dos", row.encode("cp850")
    yield "dump", b"INSERT INTO `p` VALUES ('ZQXCANARY','l''eau',1960,NULL),\n('a\\'b', x'00', NOW());\n"
    yield "json", b'[{"nom": "ZQXCANARY", "ne": ["1960-03-12", {"cp": 35000}]}]'
    yield "lines", b'{"nom": "ZQXCANARY"}\n{"nom": "Roux"}\n'
    yield "printed", b"ZQXCANARY    Jeanne     12/03/1960\nRoux Marc 1 jan 1970\n"


def _age() -> Seeds:
    yield "edits", bytes((0, 0, 0, 97, 103, 0, 40, 1, 10, 10, 1, 200, 2, 1, 0))
    yield (
        "head",
        b"age-encryption.org/v1\n-> X25519 "
        + b"A" * 43
        + b"\n"
        + b"B" * 43
        + b"\n--- "
        + b"C" * 43
        + b"\n"
        + bytes(40),
    )


def _dump() -> Seeds:
    postgres = (
        b"--\n-- PostgreSQL database dump\n--\n\n\\restrict a\nSET statement_timeout = 0;\nCREATE TABLE p (id text);\n"
        b"COPY p (id) FROM stdin;\nZQXCANARY\n\\N\n\\.\nGRANT ALL ON p TO x;\n--\n-- PostgreSQL database dump complete\n--\n"
    )
    maria = (
        b"-- MariaDB dump 10.19\n\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ `lab`;\nUSE `lab`;\nCREATE TABLE `p` (`id` text);\n"
        b"INSERT INTO `p` VALUES ('ZQXCANARY; it''s'),\n('b');\n/*!50001 CREATE VIEW `v` AS SELECT 1 */;\n-- Dump completed on 2026-01-01\n"
    )
    yield "postgresql", postgres
    yield "mariadb", maria
    # A gzip file with its block stored, so that a change in the text is a change in the text.
    stored = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\x01" + struct.pack("<HH", len(maria), 0xFFFF - len(maria)) + maria
    yield "zipped", stored + struct.pack("<II", _crc(maria), len(maria))


def _crc(data: bytes) -> int:
    return zlib.crc32(data)


def _loinc() -> Seeds:
    names = (
        "LOINC_NUM,COMPONENT,PROPERTY,TIME_ASPCT,SYSTEM,SCALE_TYP,METHOD_TYP,STATUS,SHORTNAME,CLASSTYPE,RELATEDNAMES2"
    )
    yield (
        "table",
        f'{names}\r\n"2951-2","Sodium","SCnc","Pt","Ser/Plas","Qn","","ACTIVE","Sodium SerPl-sCnc","1","Na; natr"\r\n'.encode(),
    )


def _mllp() -> Seeds:
    yield "accepted", b"MSH|^~\\&|A|B|C|D|20260101||ACK|1|P|2.5\rMSA|AA|1\r"
    yield "refused", b"MSH|^~\\&|A\rMSA|AE|1|ZQXCANARY is wrong\rERR|x\r"


def _rule() -> Seeds:
    """A rule of its own id and name, with a recording; every kind of correlation, and one that is off."""
    mine = uuid.UUID(int=7)
    for name in ("place_scope_violation", "relay_attempts", "room_password_spraying", "room_recovered_then_used",
                 "room_authenticator_replaced", "room_evidence_in_bulk"):  # fmt: skip
        text = (_RULES / f"{name}.yml").read_text(encoding="utf-8")
        text = "".join(f"id: {mine}\n" if line.startswith("id: ") else line for line in text.splitlines(keepends=True))
        recorded = (HERE.parent / "vectors" / "watch" / "fires" / f"{name}.jsonl").read_bytes()
        yield name, text.replace(f"name: {name}", "name: of_our_own", 1).encode() + EVENTS + recorded
    yield "off", f"id: {mine}\nstatus: off\necluse: {{reason: too loud}}\n".encode() + EVENTS


def seeds() -> dict[str, dict[str, bytes]]:
    """All, by target and name."""
    makers = {
        "delimited": _delimited, "fixed": _fixed, "dbase": _dbase, "excel-xlsx": _xlsx, "excel-xls": _xls, "excel-ods": _ods, "json": _json,
        "parquet": _parquet, "hl7v2": _hl7v2, "hprim-sante": _hprim_sante, "astm": _astm, "hprim-medecin": _hprim_medecin,
        "fhir-ndjson": _fhir_ndjson, "fhir-bundle": _fhir_bundle, "cda": _cda, "access": _access, "scan": _scan, "artefact": _artefact, "document": _document,
        "code-map": _code_map, "parcel": _parcel, "age": _age, "trace": _trace, "leak": _leak, "dump": _dump, "loinc": _loinc, "mllp": _mllp,
        "inspected": inspected.bytes_seeds, "inspected-zip": inspected.zip_seeds, "inspected-packed": inspected.packed_seeds,
        "inspected-dbase": inspected.dbase_seeds, "inspected-mail": inspected.mail_seeds, "rule": _rule, "relay-https": https_seeds, "relay-sftp": sftp_seeds, "relay-ssh": ssh_seeds,
    }  # fmt: skip
    return {target: dict(maker()) for target, maker in makers.items()}


def main() -> None:
    """Write them."""
    for target, files in seeds().items():
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
