"""The bytes of an XML document as UTF-8, by its byte order mark, its own declaration, or the profile's."""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Readable", "RefusedError", "readable"]

_SAID = re.compile(rb"""<\?xml\s[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,40})["']""")
_HEAD = 1024
_UTF16 = ("utf-16-le", "utf-16-be")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_READ = re.compile(r"utf-8|ascii|utf-16(-[lb]e)?|iso8859-[0-9]{1,2}|cp125[0-8]|cp(437|850|858)")


class RefusedError(Exception):
    """What keeps a document from being read: its line and why, never what stands there."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


@dataclass(frozen=True, slots=True)
class Readable:
    """A document in UTF-8, without its byte order mark; ``size`` is what a stretch of it was in the file's bytes."""

    data: bytes
    encoding: str
    length: int
    """The file's size."""

    @property
    def size(self) -> Callable[[int, int], int]:
        """Bytes of the file between two places in ``data``."""
        data, encoding = self.data, self.encoding
        if encoding == "utf-8" or (data.isascii() and encoding not in _UTF16):
            return lambda begin, end: end - begin
        if encoding in _UTF16:
            return lambda begin, end: len(data[begin:end].decode().encode(encoding))
        return lambda begin, end: len(data[begin:end].decode())


def readable(data: bytes, declared: str) -> Readable:
    """The document; ``declared`` (or ``""``) goes before what the file itself says. Raises RefusedError."""
    marked, skip = next(((name, len(mark)) for mark, name in _MARKS if data.startswith(mark)), ("", 0))
    marked = marked or _unmarked(data[:4])
    head = data[skip : skip + _HEAD].decode(marked or "latin-1", "replace").encode("utf-8", "replace")
    found = _SAID.match(head)
    said = declared or (found[1].decode("ascii") if found else "")
    name = _codec(said or marked or "utf-8")
    if not _READ.fullmatch(name) or data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise RefusedError(1, "an encoding that is not read")
    fits = {marked, "utf-16"} if marked in _UTF16 else {marked} if marked else {name} - {"utf-16", *_UTF16}
    if name not in fits:
        raise RefusedError(1, "an encoding that contradicts the one that is declared")
    name = marked or name
    if name == "utf-8":
        return Readable(data[skip:], name, len(data))
    try:
        return Readable(data[skip:].decode(name).encode(), name, len(data))
    except UnicodeDecodeError as error:
        line = data[skip : skip + error.start].decode(name, "replace").count("\n") + 1
        raise RefusedError(line, "bytes outside the declared encoding") from None


def _unmarked(head: bytes) -> str:
    """UTF-16 without a byte order mark, by the ``<`` that a document begins with."""
    return "utf-16-le" if head[1:2] == b"\0" == head[3:4] else "utf-16-be" if head[:1] == b"\0" == head[2:3] else ""


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
