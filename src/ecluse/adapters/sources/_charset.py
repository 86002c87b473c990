"""Bytes of a declared encoding to Arrow's text, for a whole column at once; what does not decode is pointed at."""

import codecs
import contextlib

import numpy as np
import pyarrow as pa

from ecluse.adapters.sources._arrow import Mask
from ecluse.domain.errors import Location, MalformedError, ProfileError

_BYTES = 256
# Those of Python's that are no text, or can hold lone surrogates, are no lab system's.
_ESCAPES = frozenset({"unicode-escape", "raw-unicode-escape", "punycode", "idna", "utf-7", "undefined", "mbcs"})


def codec_of(encoding: str, name: str) -> codecs.CodecInfo:
    """The codec of a declared encoding. Raises ProfileError."""
    found = _looked_up(encoding)
    if found is None:
        raise ProfileError("its encoding is not known", location=Location(name, field="encoding"))
    return found


def codec_over_ascii(encoding: str) -> str | None:
    """The codec's name, if delimiters can be found in its bytes: UTF-8, or one byte a character over ASCII."""
    found = _looked_up(encoding)
    if found is None or found.name in {"utf-8", "ascii"}:
        return found and found.name
    every = bytes(range(_BYTES)).decode(found.name, "replace")
    return found.name if len(every) == _BYTES and every[:128].encode() == bytes(range(128)) else None


def _looked_up(encoding: str) -> codecs.CodecInfo | None:
    with contextlib.suppress(LookupError, UnicodeError, ValueError):
        found = codecs.lookup(encoding)
        if getattr(found, "_is_text_encoding", True) and found.name.replace("_", "-") not in _ESCAPES:
            return found
    return None


class Charset:
    """A single-byte encoding, or UTF-8: those in which places of a record can be counted."""

    def __init__(self, encoding: str, name: str) -> None:
        """Raises ProfileError for an encoding that is not known, or of another kind."""
        self.encoding = codec_of(encoding, name).name
        self.utf8 = self.encoding in {"utf-8", "utf-8-sig", "ascii"}
        if not self.utf8:
            table = bytes(range(_BYTES)).decode(self.encoding, "replace")
            if len(table) != _BYTES:
                where = Location(name, field="encoding")
                raise ProfileError("must be of one byte a character, or utf-8", location=where)
            self._known = np.array([mark != "\ufffd" for mark in table])
            self._defined = bytes(np.flatnonzero(self._known).astype(np.uint8))
            self._lengths = np.array([len(mark.encode()) for mark in table], dtype=np.int64)

    def decodes(self, data: bytes) -> bool:
        """Whether all of ``data`` is text."""
        return _decodes(data) if self.utf8 else not data.translate(None, self._defined)

    def mark(self, head: bytes, name: str) -> int:
        """Bytes of the byte order mark that a file begins with: no character of its first value.

        Raises MalformedError where it contradicts the declared encoding.
        """
        if not head.startswith(codecs.BOM_UTF8):
            return 0
        if not self.utf8:
            where = Location(name, 1)
            raise MalformedError(f"begins as UTF-8 does, and is declared as {self.encoding}", location=where)
        return len(codecs.BOM_UTF8)

    def text(self, values: pa.Array) -> tuple[pa.Array, Mask]:
        """A binary array as text, and which values hold bytes that are none; those come out as empty or marked."""
        if self.utf8:
            return _checked(values)
        offsets = np.frombuffer(values.buffers()[1], dtype=np.int32)[values.offset : values.offset + len(values) + 1]
        begin, end = (int(offsets[0]), int(offsets[-1])) if len(offsets) else (0, 0)
        data = values.buffers()[2][begin:end] if values.buffers()[2] is not None else pa.py_buffer(b"")
        numbers = np.frombuffer(data, dtype=np.uint8)
        places = np.concatenate(([0], np.cumsum(self._lengths[numbers])))
        moved = places[offsets - begin].astype(np.int32)
        decoded = data.to_pybytes().decode(self.encoding, "replace").encode()
        nulls = values.is_valid() if values.null_count else None
        made = pa.StringArray.from_buffers(len(values), pa.py_buffer(moved), pa.py_buffer(decoded), None)
        bad = np.zeros(len(values), dtype=np.bool_)
        wrong = np.flatnonzero(~self._known[numbers]) + begin
        bad[np.searchsorted(offsets, wrong, side="right") - 1] = True
        if nulls is not None:
            made = pa.compute.if_else(nulls, made, None)
        return made, bad


def _checked(values: pa.Array) -> tuple[pa.Array, Mask]:
    """UTF-8 as it stands; only where some value is none are they looked at one by one."""
    bad = np.zeros(len(values), dtype=np.bool_)
    text = values.view(pa.string())
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        good = [None if value is None else _decodes(value) for value in values.to_pylist()]
        bad = np.array([value is False for value in good])
        emptied = pa.compute.if_else(pa.array(bad), pa.scalar(b"", pa.binary()), values)
        return emptied.cast(pa.string()), bad
    return text, bad


def _decodes(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
