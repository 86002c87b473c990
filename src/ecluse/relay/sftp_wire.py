"""SFTP version 3 on the wire (draft-ietf-secsh-filexfer-02): frames, fields, answers. No file, no rule.

Version 3 is what OpenSSH, WinSCP, FileZilla, lftp and paramiko speak to each other; later drafts add verbs only.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

VERSION = 3
MAX_FRAME = 256 * 1024
"""Bytes of one request, as OpenSSH has it: whoever sends more is no client of ours."""
MAX_DATA = MAX_FRAME - 1024
"""Bytes of one read or write."""


class Verb(IntEnum):
    """Requests and answers."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    SETSTAT = 9
    FSETSTAT = 10
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    RMDIR = 15
    REALPATH = 16
    STAT = 17
    RENAME = 18
    READLINK = 19
    SYMLINK = 20
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


class Status(IntEnum):
    """How a request ended."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    OP_UNSUPPORTED = 8


class Open(IntEnum):
    """How a file is opened: flags."""

    READ = 0x01
    WRITE = 0x02
    APPEND = 0x04
    CREATE = 0x08
    TRUNCATE = 0x10
    EXCLUSIVE = 0x20


class WireError(ValueError):
    """What came is not SFTP."""


_HEAD = struct.Struct(">IBI")
_U32, _U64 = struct.Struct(">I"), struct.Struct(">Q")
_STATUS = struct.Struct(">IBII")
_SIZE, _OWNER, _MODE, _TIMES, _MORE = 0x01, 0x02, 0x04, 0x08, 0x80000000
_ATTRS = struct.Struct(">IQIII")


@dataclass(frozen=True, slots=True)
class Attrs:
    """What a listing or a stat says; ``size`` in bytes, ``at`` in seconds since 1970."""

    size: int
    mode: int
    at: int

    def encoded(self) -> bytes:
        """On the wire."""
        at = max(0, min(self.at, 0xFFFFFFFF))
        return _ATTRS.pack(_SIZE | _MODE | _TIMES, self.size, self.mode, at, at)


class Frames:
    """Cuts what arrives into requests, each without its length."""

    def __init__(self) -> None:
        self._come = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Requests that are whole now; raises WireError for one that is empty or too long."""
        come = self._come
        come += data
        while len(come) >= _U32.size:
            (length,) = _U32.unpack_from(come)
            if not 1 <= length <= MAX_FRAME:
                raise WireError("a request of no length that is meant")
            if len(come) < _U32.size + length:
                return
            with memoryview(come) as view:
                request = bytes(view[_U32.size : _U32.size + length])
            del come[: _U32.size + length]
            yield request


class Fields:
    """A request's fields, read in order; every method raises WireError where they are missing."""

    __slots__ = ("_at", "_view")

    def __init__(self, request: bytes, at: int = 0) -> None:
        self._view, self._at = memoryview(request), at

    def u32(self) -> int:
        """A number of 32 bits."""
        return self._number(_U32)

    def u64(self) -> int:
        """A number of 64 bits."""
        return self._number(_U64)

    def view(self) -> memoryview:
        """A string's bytes, not copied."""
        length = self.u32()
        found = self._view[self._at : self._at + length]
        if len(found) != length:
            raise WireError("a string that is cut short")
        self._at += length
        return found

    def bytes_(self) -> bytes:
        """A string's bytes."""
        return bytes(self.view())

    def size(self) -> int | None:
        """Attributes: the size that they set, if any; owner, mode and times are read over."""
        flags = self.u32()
        size = self.u64() if flags & _SIZE else None
        for flag in (_OWNER, _OWNER, _MODE, _TIMES, _TIMES):
            if flags & flag:
                self.u32()
        if flags & _MORE:
            for _ in range(self.u32()):
                self.view()
                self.view()
        return size

    def _number(self, kind: struct.Struct) -> int:
        try:
            (value,) = kind.unpack_from(self._view, self._at)
        except struct.error:
            raise WireError("a number that is cut short") from None
        self._at += kind.size
        return int(value)


def string(data: bytes) -> bytes:
    """A string on the wire."""
    return _U32.pack(len(data)) + data


def frame(verb: Verb, id_: int, body: bytes) -> bytes:
    """An answer."""
    return _HEAD.pack(len(body) + 5, verb, id_) + body


def status(id_: int, code: Status, text: str = "") -> bytes:
    """How a request ended, with fixed words for the person."""
    body = string(text.encode("utf-8")) + string(b"en" if text else b"")
    return _STATUS.pack(len(body) + 9, Verb.STATUS, id_, code) + body


def data_head(id_: int, length: int) -> bytes:
    """What stands before ``length`` bytes of a file."""
    return _HEAD.pack(length + 9, Verb.DATA, id_) + _U32.pack(length)


def names(id_: int, found: Iterable[tuple[bytes, bytes, bytes]]) -> bytes:
    """Names with their long form and attributes."""
    each = [string(name) + string(long) + attrs for name, long, attrs in found]
    return frame(Verb.NAME, id_, _U32.pack(len(each)) + b"".join(each))


def version(extensions: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The first answer of all."""
    body = _U32.pack(VERSION) + b"".join(string(name) + string(data) for name, data in extensions)
    return _U32.pack(len(body) + 1) + bytes((Verb.VERSION,)) + body


def limits(id_: int, handles: int) -> bytes:
    """Answer to ``limits@openssh.com``."""
    return frame(Verb.EXTENDED_REPLY, id_, struct.pack(">QQQQ", MAX_FRAME, MAX_DATA, MAX_DATA, handles))
