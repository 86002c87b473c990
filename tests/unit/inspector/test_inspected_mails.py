"""Mails and mailboxes are read as their readers read them: attachments decoded, texts joined; hostile ones have an end."""

import base64
import gzip
import io
import mailbox
import time
import zipfile
from dataclasses import replace
from email.header import decode_header
from email.message import EmailMessage, Message
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.inspector import _mail
from ecluse.inspector._look import Looked, look, look_at_beginning
from ecluse.inspector._mail import Mails
from ecluse.inspector._mail_marks import is_mail
from ecluse.inspector.findings import FOLDER
from ecluse.inspector.folder import inspect_folder
from ecluse.inspector.kinds import Kind

PATIENTS = "NOM;PRENOM;DATE_NAISS\nDUPONT;Hélène;29/02/1968\nMARTIN;Paul;01/03/1971\nDURAND;Anne;02/03/1981\n".encode()
ENDLESS = float("inf")


def mail(text: str = "Bonjour, voici l'export.", **attached: bytes) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "lis@lab.example", "support@vendor.example", "Export de février"
    made["Date"], made["Message-ID"] = "Sun, 22 Nov 2026 21:00:00 +0100", "<1@lab.example>"
    made.set_content(text)
    for name, data in attached.items():
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name.replace("_", "."))
    return made


def zipped(data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("p.csv", data)
    return held.getvalue()


def seen(path: Path, data: bytes) -> Looked:
    path.write_bytes(data)
    return look(path, FOLDER, ENDLESS)


def kinds(looked: Looked) -> dict[Kind, int]:
    return {each.kind: each.number for each in looked.found}


PACKED = {"p_csv": PATIENTS, "p_zip": zipped(PATIENTS), "p_csv_gz": gzip.compress(PATIENTS)}


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("called", ["a.eml", "1700000000.M1P1.host:2,S", "message"])
def test_attachments_are_opened(tmp_path: Path, name: str, called: str) -> None:
    data = mail(**{name: PACKED[name]}).as_bytes()
    assert b"DUPONT" not in data, "it is encoded"
    looked = seen(tmp_path / called, data)
    assert kinds(looked) == {Kind.PERSONS: 3}
    assert looked.unseen == ()
    assert looked.mailed


def test_a_mailbox_of_many(tmp_path: Path) -> None:
    path = tmp_path / "INBOX"
    box = mailbox.mbox(path)
    for number in range(20):
        inner = mail(p_csv=PATIENTS)
        outer = mail("From what was said\n\nFrom here on.")
        outer.add_attachment(inner)
        box.add(outer if number % 2 else inner)
    box.flush()
    box.close()
    assert kinds(look(path, FOLDER, ENDLESS)) == {Kind.PERSONS: 60}
    folder = tmp_path / "maildir"
    kept = mailbox.Maildir(folder)
    kept.add(mail(p_csv=PATIENTS))
    (found,) = [
        each for each in inspect_folder(folder, FOLDER, lambda _: None, workers=1) if each.rule == "persons-at-rest"
    ]
    assert found.facts == ("birth-dates", "in-a-mail", "names")
    assert found.place.startswith("new/")


def test_texts_are_decoded_and_read_together(tmp_path: Path) -> None:
    made = mail("Accès au serveur : mot de passe: Ker0uan35\nPatient : DUPONT, né le 29/02/1968\n" + "é" * 200)
    made.replace_header("Subject", "Patiente: MARTIN Élodie, née le 01/03/1971")
    data = made.as_bytes()
    assert "né le".encode() not in data
    assert kinds(seen(tmp_path / "a.eml", data)) == {Kind.PASSWORDS: 1, Kind.PERSONS: 2}


def test_one_damaged_attachment_does_not_end_the_rest(tmp_path: Path) -> None:
    damaged = zipped(PATIENTS)[:-30]
    bomb = gzip.compress(bytes(64 << 20))
    looked = seen(tmp_path / "a.eml", mail(a_zip=damaged, b_gz=bomb, c_pdf=b"%PDF-1.7", p_csv=PATIENTS).as_bytes())
    assert kinds(looked) == {Kind.PERSONS: 3}
    assert looked.unseen == ("archive-damaged", "archive-swells", "pdf")


def test_what_is_cut_off_on_a_server(tmp_path: Path) -> None:
    data = mail(p_csv=PATIENTS, q_zip=zipped(PATIENTS * 2000)).as_bytes()
    looked = look_at_beginning("a.eml", data[: len(data) - 400], FOLDER, ENDLESS, cut=True)
    assert kinds(looked) == {Kind.PERSONS: 3}
    assert looked.unseen == ("limit-bytes",)


def test_outlooks_mailboxes_are_said_to_be_unseen(tmp_path: Path) -> None:
    assert seen(tmp_path / "a.pst", b"!BDN" + bytes(600)).unseen == ("archive-closed",)
    assert seen(tmp_path / "a.dbx", b"\xcf\xad\x12\xfe" + bytes(600)).unseen == ("archive-closed",)


@pytest.mark.parametrize("head", [
    b"From: me\nTo: you\n\nprose", b"Subject: a\nDate: b\nFrom: c\n", b"Metadata-Version: 2.1\nName: x\nVersion: 1\nAuthor: y\n",
    b"From the beginning of time 12:30 in 2026 was said\n\nno", b"HTTP/1.1 200 OK\nDate: x\nContent-Type: y\n", b"", b"\n" * 4000,
    b"#!/bin/sh\nFrom: a\nReceived: b\nTo: c\n", b"MSH|^~\\&|A\rPID|1||P1||DUPONT^Anne\r",
])  # fmt: skip
def test_what_is_no_mail(head: bytes) -> None:
    assert not is_mail(head)


HEAD = b"From: a\r\nMessage-ID: <b>\r\nMIME-Version: 1.0\r\n"


def multipart(boundary: bytes) -> bytes:
    return b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\r\n\r\n'


HOSTILE = {
    "a boundary that never comes": HEAD + multipart(b"x") + PATIENTS,
    "boundaries without end": HEAD + b"".join(b"%s--b%d\r\n" % (multipart(b"b%d" % n), n) for n in range(3000)) + b"\r\n" + PATIENTS,
    "headers without end": HEAD + b"X-A: " + b"a" * (3 << 20) + b"\r\n\r\n" + PATIENTS,
    "header lines without end": HEAD + b"X-A: b\r\n" * 300_000 + b"\r\n" + PATIENTS,
    "a line without end": HEAD + b"\r\n" + b"a" * (3 << 20) + b"\n" + PATIENTS,
    "parts without end": HEAD + multipart(b"x") + b"--x\r\n\r\na\r\n" * 20_000 + b"--x\r\n\r\n" + PATIENTS,
    "attachments without end": HEAD + multipart(b"x") + b"--x\r\nContent-Type: a/b\r\n\r\na\r\n" * 5000 + b"--x\r\n\r\n" + PATIENTS,
    "a part closed twice": HEAD + multipart(b"x") + b"--x--\r\n" * 3 + PATIENTS,
    "base64 of anything": HEAD + b"Content-Transfer-Encoding: base64\r\nContent-Type: a/b\r\n\r\n" + bytes(range(256)) * 999,
    "an odd end of base64": HEAD + b"Content-Transfer-Encoding: base64\r\nContent-Type: a/b\r\n\r\nA",
    "quoted-printable of anything": HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=ZZ=\r\n=" * 9999,
    "contradictions": HEAD + b"Content-Type: multipart/\xff; boundary*0*=''%ff; boundary*0=x; name*=bad'\xff'%zz\r\nSubject: =?x?b?%%?=\r\n"
    b"Content-Disposition: attachment; filename*1=b; filename*=utf-99''%e9\r\n\r\n" + PATIENTS,
    "mails within mails": HEAD + b"Content-Type: message/rfc822\r\n\r\n" + (HEAD + b"Content-Type: message/rfc822\r\n\r\n") * 3000 + PATIENTS,
    "an empty boundary": HEAD + multipart(b"") + b"--\r\n\r\n" + PATIENTS,
    "a name of any bytes": HEAD + b'Content-Disposition: attachment; filename="\x00/../\xff\r\n b"\r\n\r\n' + PATIENTS,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mails_have_an_end(tmp_path: Path, name: str) -> None:
    begun = time.monotonic()
    looked = seen(tmp_path / "a.eml", HOSTILE[name])
    assert time.monotonic() - begun < 10
    assert looked.mailed
    assert looked.unseen == ()
    if HOSTILE[name].endswith(PATIENTS):
        assert Kind.PERSONS in kinds(looked), "and what they hide is found"


def test_deep_mails_are_named(tmp_path: Path) -> None:
    data = mail(p_csv=PATIENTS).as_bytes()
    for _ in range(5):
        data = mail(a_eml=data).as_bytes()
    assert seen(tmp_path / "a.eml", data).unseen == ("archive-too-deep",)


def test_limits_hold_within_a_mailbox(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail(p_csv=PATIENTS, q_csv=PATIENTS * 90_000).as_bytes())
    looked = look(tmp_path / "a.eml", replace(FOLDER, bytes_each=1 << 20), ENDLESS)
    assert looked.unseen == ("limit-bytes",)
    assert kinds(looked)[Kind.PERSONS] >= 3
    assert look(tmp_path / "a.eml", FOLDER, 0.0).unseen == ("limit-time",)


@pytest.mark.parametrize("header", [
    b'Content-Type: multipart/mixed; a="' + b";" * (1 << 20), b"Content-Type: multipart/mixed; " + b"; ;;;" * 200_000,
    b"Subject: " + b"=?a?q?x" * 130_000, b"Content-Disposition: attachment; " + b'a="' * 300_000,
])  # fmt: skip
def test_a_header_without_end_is_not_taken_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: bytes) -> None:
    """The standard library's work grows by the square of it; what it is given is bounded, and the rest is told."""
    given = list[int]()
    for name in ("get_boundary", "get_filename"):
        whole = getattr(Message, name)
        monkeypatch.setattr(Message, name, lambda self, *more, whole=whole: (
            given.append(max((len(str(value)) for value in self.values()), default=0)), whole(self, *more))[1])  # fmt: skip
    monkeypatch.setattr(_mail, "decode_header", lambda text: (given.append(len(text)), decode_header(text))[1])
    looked = seen(tmp_path / "a.eml", HEAD + header + b"\n\n" + PATIENTS)
    assert looked.unseen == ("mail-unread",)
    assert given
    assert max(given) <= 2048
    assert Kind.PERSONS in kinds(looked)


@pytest.mark.parametrize(("encoding", "unseen"), [
    ("BASE64 (x)", ()), ("base64;", ()), ("x-uuencode", ("mail-unread",)), ("binary", ()),
])  # fmt: skip
def test_a_part_s_encoding_is_known_or_told(tmp_path: Path, encoding: str, unseen: tuple[str, ...]) -> None:
    body = base64.encodebytes(PATIENTS) if encoding.lower().startswith("base64") else PATIENTS
    looked = seen(tmp_path / "a.eml", HEAD + f"Content-Transfer-Encoding: {encoding}\n\n".encode() + body)
    assert looked.unseen == unseen
    assert Kind.PERSONS in kinds(looked)


@given(st.lists(st.sampled_from([
    HEAD, b"\r\n", b"\n", multipart(b"x"), multipart(b"y"), b"--x\r\n", b"--x--\r\n", b"--y\n", b"--y--", b"From a@b Sun Nov 22 21:00:00 2026\n",
    b"Content-Type: message/rfc822\r\n", b"Content-Transfer-Encoding: base64\r\n", b"Tk9N\r\n", b"Content-Type: text/plain; name=a\r\n", b"text\n", b"\xff=\n",
]), max_size=40))  # fmt: skip
def test_every_line_is_read_once_and_it_ends(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    source = io.BytesIO(data)
    size = 0
    for number, (_, piece) in enumerate(Mails(source)):
        assert number <= 2 * len(pieces) + 3
        while block := piece.read(1000):
            size += len(block)
    assert source.read() == b""
    assert size <= 2 * len(data) + 80 * len(pieces) + 80
