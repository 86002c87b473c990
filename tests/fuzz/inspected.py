"""The inspector as targets: its detector, whatever the bytes; its archives and tables, whatever they claim."""

import base64
import gzip
import io
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from ecluse.inspector._look import look
from ecluse.inspector.findings import FOLDER
from ecluse.inspector.folder import inspect_folder
from ecluse.inspector.personal import Detector
from ecluse.inspector.rules import COUNTED, FACTS
from fuzz.invariants import BrokenError, Target
from fuzz.readers import room

_LIMITS = replace(FOLDER, bytes_each=1 << 24)
_WHEN = (2026, 1, 1, 0, 0, 0)
_PERSONS = "NOM;PRENOM;DATE_NAISS;NUM_SS\r\nZQXCANARY;Hélène;29/02/1968;268022912345678\r\nMARTIN;Paul;01/03/1971;\r\n"
_WORDS = (
    b"naissance", b"birthDate", b" le 29/02/1968", b"INSERT INTO p (nom,ddn) VALUES (", b"COPY p (nom,ddn) FROM stdin;\n",
    b"CREATE TABLE p (nom text,", b"PID|1||", b"RES|a|b|N|1|", b"****LAB****", b'"resourceType":"Patient"', b"password=", b"://a:",
    b"Mme Anne ZQXCANARY, 74 ans", b"-----BEGIN PRIVATE KEY-----\n", b"295109912611193", b"2 95 10 99 126 111 93", b"\xff\xfe", b"\0", b"\t", b";",
)  # fmt: skip

_MAILED = (
    b"From a@b Sun Nov 22 21:00:00 2026\n", b"Content-Type: multipart/mixed; boundary=x\r\n\r\n", b"--x\r\n", b"--x--\r\n", b"\r\n\r\n",
    b"Content-Type: message/rfc822\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n", b"quoted-printable", b"; filename*0*=utf-8''%e9", b"=?utf-8?q?=e9?=",
)  # fmt: skip


def _detector(data: bytes) -> str:
    """The same is found however the bytes are cut up, and told in words of ours."""
    told = []
    for name in ("f.csv", "f.py"):
        whole, pieces = Detector(name), Detector(name)
        whole.feed(data)
        for at in range(0, len(data), 7):
            pieces.feed(data[at : at + 7])
        found = whole.found()
        if found != pieces.found():
            raise BrokenError("another finding by pieces")
        for each in found:
            if each.kind not in COUNTED or not set(each.facts) <= set(FACTS) or each.number < 1:
                raise BrokenError("a finding without words")
        told.append(" ".join(f"{each.kind}:{each.sureness}" for each in found))
    return " | ".join(told)


def _archive(data: bytes, *, name: str) -> str:
    """Whatever a file claims to be, it is looked at and told of."""
    folder = room() / "inspected"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    looked = look(path, _LIMITS, float("inf"))
    if looked.gone or looked.size > _LIMITS.bytes_each + (1 << 24):
        raise BrokenError("more was read than the limit allows")
    for each in inspect_folder(folder, _LIMITS, lambda _: None, workers=1, now=0.0):
        if not set(each.facts) <= set(FACTS) or "ZQXCANARY" in repr(each):
            raise BrokenError("a finding that tells a value, or has no words")
    path.unlink()
    return " ".join((*looked.unseen, *(str(each.kind) for each in looked.found)))


def targets() -> list[Target]:
    """A target for bytes, and one for each way of packing."""
    return [
        Target("inspected", _detector, words=_WORDS, longest=1 << 12),
        Target("inspected-zip", partial(_archive, name="f.zip"), "zip", longest=1 << 15),
        Target("inspected-packed", partial(_archive, name="f.bin"), "bytes", (b"ustar", b"\x1f\x8b\x08", b"PK\5\6"), longest=1 << 13),
        Target("inspected-mail", partial(_archive, name="f.eml"), "bytes", _MAILED, longest=1 << 12),
        Target("inspected-dbase", partial(_archive, name="f.dbf"), "bytes", (b"\r", b"\x1a"), longest=1 << 12),
    ]  # fmt: skip


def bytes_seeds() -> Iterator[tuple[str, bytes]]:
    """Text in several encodings and forms."""
    yield "table", _PERSONS.encode()
    yield "dos", _PERSONS.encode("cp850")
    yield "utf-16", _PERSONS.encode("utf-16")
    yield (
        "statements",
        b"CREATE TABLE p (nom text, ddn date);\nINSERT INTO p VALUES ('ZQXCANARY','1968-02-29');\nCOPY p (nom, ddn) FROM stdin;\nL\t1971-03-01\n\\.\n",
    )
    yield (
        "pairs",
        b'{"resourceType":"Patient","family":"ZQXCANARY","birthDate":"1968-02-29"} password=Ker0uan35 Patient : X, n\xc3\xa9 le 29/02/1968',
    )
    yield (
        "messages",
        b"MSH|^~\\&|A\rPID|1||P1||ZQXCANARY^Anne||19680229|F\rRES|Sodium|NA|N|140|mmol/L|1|2|N|F\r****LAB****\r",
    )


def zip_seeds() -> Iterator[tuple[str, bytes]]:
    """An archive with a table, one in another, and a sheet."""
    yield "table", _zipped({"p.csv": _PERSONS.encode()})
    yield "within", _zipped({"in.gz": gzip.compress(_PERSONS.encode(), mtime=0)})
    sheet = b'<sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2"><v>24897</v></c></row></sheetData>'
    strings = b"<sst><si><t>NOM</t></si><si><t>DATE_NAISS</t></si><si><t>ZQXCANARY</t></si></sst>"
    yield (
        "sheet",
        _zipped({"[Content_Types].xml": b"<x/>", "xl/sharedStrings.xml": strings, "xl/worksheets/sheet1.xml": sheet}),
    )
    styles = b'<numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts><cellXfs><xf/><xf numFmtId="164"/><xf numFmtId="14"/></cellXfs>'
    rows = b"".join(
        b'<row><c t="inlineStr"><is><t>ZQXCANARY</t></is></c><c t="inlineStr"><is><t>Anne</t></is></c><c s="%d"><v>%d</v></c></row>' % (1 + n % 2, 9000 * n)
        for n in range(4)
    )
    yield (
        "days",
        _zipped({"[Content_Types].xml": b"<x/>", "xl/styles.xml": styles, "xl/worksheets/sheet1.xml": rows}),
    )


def packed_seeds() -> Iterator[tuple[str, bytes]]:
    """Streams of each packing, and a tar."""
    import bz2  # noqa: PLC0415
    import lzma  # noqa: PLC0415

    text = _PERSONS.encode()
    head = bytearray(512)
    head[:5], head[124:136], head[156:157], head[257:262] = b"p.csv", f"{len(text):011o}\0".encode(), b"0", b"ustar"
    yield "gzip", gzip.compress(text, mtime=0)
    yield "bzip2", bz2.compress(text)
    yield "xz", lzma.compress(text)
    yield "tar", bytes(head) + text.ljust(512, b"\0") + bytes(1024)


def mail_seeds() -> Iterator[tuple[str, bytes]]:
    """A mail with attachments, one in another, and a mailbox of two."""
    head = b"From: a@b\r\nMessage-ID: <c>\r\nMIME-Version: 1.0\r\nSubject: =?utf-8?q?ZQXCANARY_H=C3=A9l=C3=A8ne?=\r\n"
    table = base64.encodebytes(_PERSONS.encode())
    packed = base64.encodebytes(gzip.compress(_PERSONS.encode(), mtime=0))
    parts = (
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nZQXCANARY, n=C3=A9e le 29/02/1968 =\r\n.",
        b"Content-Type: text/csv; name=p.csv\r\nContent-Transfer-Encoding: base64\r\n\r\n" + table,
        b"Content-Disposition: attachment; filename=p.gz\r\nContent-Transfer-Encoding: base64\r\n\r\n" + packed,
    )
    mail = head + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + b"\r\n--x\r\n".join(parts) + b"\r\n--x--\r\n"
    yield "attachments", mail
    yield "within", head + b"Content-Type: message/rfc822\r\n\r\n" + mail
    line = b"From a@b Sun Nov 22 21:00:00 2026\n"
    yield "mailbox", line + head + b"\r\n" + _PERSONS.encode() + b"\n" + line + mail


def dbase_seeds() -> Iterator[tuple[str, bytes]]:
    """A table of two columns."""
    fields = b"".join(name.ljust(11, b"\0") + b"C" + bytes(4) + bytes((10, 0)) + bytes(14) for name in (b"NOM", b"DDN"))
    head = bytes((3, 126, 1, 1)) + struct.pack("<IHH", 2, 33 + len(fields), 21) + bytes(20)
    yield "persons", head + fields + b"\r" + b" ZQXCANARY 29/02/1968 MARTIN    01/03/1971\x1a"


def _zipped(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(zipfile.ZipInfo(name, _WHEN), data)
    return held.getvalue()
