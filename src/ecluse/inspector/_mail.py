"""Mails and mailboxes as streams: texts and decoded attachments, one after the other, in bounded memory.

RFC 5322 and MIME (RFC 2045, 2046); mbox by its lines ``From `` after an empty one (RFC 4155); a Maildir's files are
mails. Whatever a mail claims of itself, a line that ends a part ends it: nothing is looked for further on.
"""

import binascii
import email.parser
import email.policy
import io
import re
from collections.abc import Iterator
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from enum import Enum, auto
from itertools import chain

from ecluse.inspector._mail_marks import FIRST
from ecluse.inspector._unpacking import BLOCK, Reads

_LINE = _HEADERS = 1 << 16
"""Bytes of a line, and of a part's headers; what is longer is taken in pieces."""
_FIELD = 1 << 11
"""Bytes of a header that is taken apart: the standard library's work grows by the square of it."""
_PARTED = frozenset({"subject", "content-type", "content-disposition", "content-transfer-encoding"})
_ENCODINGS = frozenset({"", "7bit", "8bit", "binary", "quoted-printable", "base64"})
_NESTED = 32
_AHEAD = 1 << 17
_FOREIGN = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_BAD_HEADERS = (MessageError, ValueError, LookupError, TypeError, AttributeError)
"""What the standard library raises at headers that contradict themselves."""


class _Event(Enum):
    """Why a body ended."""

    PART = auto()  # another part or another mail begins
    CLOSED = auto()  # the last part of a multipart was that
    END = auto()


class Mails:
    """The pieces of a mail or a mailbox, each to be read before the next: a name for an attachment, None for a text.

    ``unread``: whether a header was too long to take apart, or a part packed in a way of its own: read as it stands.
    """

    def __init__(self, source: Reads) -> None:
        """Over a stream at its beginning."""
        lines = _lines(source)
        first = next(lines, b"")
        self._boxed = FIRST.match(first) is not None
        self._lines = lines if self._boxed else chain([first], lines)
        self._boundaries: list[bytes] = []
        self._blank = self.unread = False
        self._event: _Event | None = None

    def __iter__(self) -> Iterator[tuple[str | None, Reads]]:
        """Headers are texts too."""
        while self._event is not _Event.END:
            self._event = None
            raw = self._headers()
            head, cut = _parsed(raw)
            self.unread |= cut
            yield None, io.BytesIO(raw + _spoken(head))
            if self._event is None:
                yield from self._bodied(head)
            while self._event is _Event.CLOSED:
                self._event = None
                yield from self._drained(None, _Body(self, ""))

    def _bodied(self, head: Message) -> Iterator[tuple[str | None, Reads]]:
        """What follows some headers: what stands before a multipart's parts, a text or an attachment; not a mail."""
        boundary, name = _boundary(head), _name(head)
        encoding = re.split(r"[\s;(]", str(head.get("Content-Transfer-Encoding", "")).strip().lower(), maxsplit=1)[0]
        self.unread |= encoding not in _ENCODINGS
        if boundary and len(self._boundaries) < _NESTED:
            self._boundaries.append(b"--" + boundary)
            yield from self._drained(None, _Body(self, ""))
        elif head.get_content_type() != "message/rfc822" or encoding in {"base64", "quoted-printable"}:
            yield from self._drained(name, _Body(self, encoding))

    @staticmethod
    def _drained(name: str | None, body: "_Body") -> Iterator[tuple[str | None, Reads]]:
        yield name, body
        while body.read(BLOCK):
            pass

    def _headers(self) -> bytes:
        """The lines up to an empty one, or so many bytes of them."""
        found, size = list[bytes](), 0
        while size < _HEADERS and (line := self.line()) is not None:
            if line in {b"\n", b"\r\n"}:
                break
            found.append(line[: _HEADERS - size])
            size += len(line)
        return b"".join(found)

    def line(self) -> bytes | None:
        """The next line of what is being read; None at its end."""
        line = next(self._lines, None)
        if line is None:
            self._event = _Event.END
            return None
        if self._boxed and self._blank and line.startswith(b"From "):
            self._boundaries.clear()
            self._event = _Event.PART
        elif self._boundaries and line.startswith(b"--"):
            self._bounded(line.rstrip())
        self._blank = line in {b"\n", b"\r\n"}
        return line if self._event is None else None

    def _bounded(self, line: bytes) -> None:
        for place in range(len(self._boundaries) - 1, -1, -1):
            boundary = self._boundaries[place]
            if line == boundary:
                del self._boundaries[place + 1 :]
                self._event = _Event.PART
                return
            if line == boundary + b"--":
                del self._boundaries[place:]
                self._event = _Event.CLOSED
                return


class _Body:
    """A part's body, decoded."""

    def __init__(self, mails: Mails, encoding: str) -> None:
        self._mails, self._encoding, self._ended = mails, encoding, False
        self._ready, self._rest = bytearray(), b""

    def read(self, size: int, /) -> bytes:
        while not self._ended and len(self._ready) < min(size, _AHEAD):
            line = self._mails.line()
            self._ended = line is None
            self._ready += self._decoded(line or b"")
        made = bytes(self._ready[:size])
        del self._ready[:size]
        return made

    def _decoded(self, line: bytes) -> bytes:
        if self._encoding == "base64":
            self._rest += line.translate(None, _FOREIGN)
            whole = len(self._rest) - (len(self._rest) % 4 if not self._ended else 0)
            packed, self._rest = self._rest[:whole], self._rest[whole:]
            odd = len(packed) % 4
            return binascii.a2b_base64(packed[:-1] if odd == 1 else packed + b"=" * (-odd % 4))
        return binascii.a2b_qp(line) if self._encoding == "quoted-printable" else line


def _lines(source: Reads) -> Iterator[bytes]:
    rest = b""
    while block := source.read(BLOCK):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        for line in lines:
            yield line + b"\n"
        if len(rest) > _LINE:
            yield rest
            rest = b""
    if rest:
        yield rest


def _parsed(raw: bytes) -> tuple[Message, bool]:
    """A part's headers without those longer than a program writes, and whether there was one."""
    head = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(raw, headersonly=True)
    long = {name for name, value in head.items() if len(str(value)) > _FIELD and name.lower() in _PARTED}
    for name in long:
        del head[name]
    return head, bool(long)


def _spoken(head: Message) -> bytes:
    """The subject, where it was encoded to be sent, as a line."""
    try:
        subject = str(head.get("Subject", ""))
        return f"Subject: {make_header(decode_header(subject))}\n\n".encode() if "=?" in subject else b"\n"
    except _BAD_HEADERS:
        return b"\n"


def _boundary(head: Message) -> bytes | None:
    try:
        boundary = head.get_boundary() if head.get_content_maintype() == "multipart" else None
        return boundary.encode("ascii", "surrogateescape").rstrip() if boundary else None
    except _BAD_HEADERS:
        return None


def _name(head: Message) -> str | None:
    """What an attachment is called; None for a text of the mail itself."""
    try:
        name = head.get_filename()
    except _BAD_HEADERS:
        name = "attachment"
    return name or (None if head.get_content_maintype() in {"text", "multipart"} else "attachment")
