"""Mutations that know a format's shape, beside libFuzzer's own: lines, words, numbers of a header, members of an archive."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

from fuzz.invariants import Target

_TEXTUAL = frozenset({"lines", "json"})
Plain = Callable[[bytes, int], bytes]
"""libFuzzer's own mutation of bytes, up to a size."""

_UNPACKED = 1 << 18
_NUMBERS = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40)
_TEXTS = (
    "é’“”", "\ud7ff𝄞🧪", "<0,5", "224.000", "1900-02-30", "\u0085\u2028", "\ufeff", "a\u0301", "NA", "NULL", "ZQXCANARY",
)  # fmt: skip
_HOSTILE = (*(text.encode() for text in _TEXTS), b"\0", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\x81\x8d", b"")


def mutated(target: Target, data: bytes, limit: int, dice: random.Random, plain: Plain) -> bytes:
    """One input made out of another."""
    if target.shape == "zip":
        return _archive(data, limit, dice, plain)
    if target.shape == "packed":
        bare = unpacked(data)
        for _ in range(dice.choice((1, 1, 2, 4, 8))):
            bare = dice.choice(_BY_SHAPE["bytes"])(bare, dice, target.words or _HOSTILE)
        return zlib.compress(bare[:_UNPACKED], 1)[:limit]
    repair = target.shape in _TEXTUAL and dice.random() < 0.6
    if dice.random() < 0.4:
        made = plain(data, limit)
        return made.decode("utf-8", "ignore").encode() if repair else made
    made = data
    for _ in range(dice.choice((1, 1, 2, 4))):
        made = dice.choice(_BY_SHAPE[target.shape])(made, dice, target.words or _HOSTILE)
    made = made[:limit]
    return made.decode("utf-8", "ignore").encode() if repair else made


def unpacked(data: bytes) -> bytes:
    """Of a seed that is kept compressed: its bytes; as it is, if it is not."""
    try:
        return zlib.decompressobj().decompress(data, _UNPACKED)
    except zlib.error:
        return data


def _cut(data: bytes, dice: random.Random) -> tuple[int, int]:
    begin = dice.randint(0, len(data))
    return begin, min(len(data), begin + dice.choice((1, 2, 4, 16, 64, 1024)))


def _word(data: bytes, dice: random.Random, words: Sequence[bytes]) -> bytes:
    at = dice.randint(0, len(data))
    drop = dice.choice((0, 0, 1, 4))
    return data[:at] + dice.choice((*words, *_HOSTILE)) + data[at + drop :]


def _less(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    begin, end = _cut(data, dice)
    return data[:begin] + data[end:]


def _twice(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    begin, end = _cut(data, dice)
    times = dice.choice((1, 2, 3, 100)) if dice.random() < 0.98 else 20_000
    return data[:end] + data[begin:end] * times + data[end:]


def _moved(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    begin, end = _cut(data, dice)
    rest = data[:begin] + data[end:]
    at = dice.randint(0, len(rest))
    return rest[:at] + data[begin:end] + rest[at:]


def _lines(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    end = max((b"\r\n", b"\r", b"\n", b"|", b","), key=lambda mark: data.count(mark) * len(mark) ** 3)
    parts = data.split(end)
    one, other = dice.randrange(len(parts)), dice.randrange(len(parts))
    match dice.randrange(4):
        case 0:
            del parts[one]
        case 1:
            parts.insert(other, parts[one])
        case 2:
            parts[one], parts[other] = parts[other], parts[one]
        case _:
            parts[one] = parts[one][: dice.randint(0, len(parts[one]))] + parts[other]
    return end.join(parts)


def _number(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    """An extreme number where a header may have one: early in the file, or late."""
    width = dice.choice(("B", "<H", ">H", "<I", ">I", "<q"))
    value = dice.choice((*_NUMBERS, len(data), len(data) - 1, -1)) & ((1 << 8 * struct.calcsize(width)) - 1)
    written = struct.pack(width.upper(), value)
    near = dice.choice((64, 256, 1 << 20))
    at = dice.randint(0, min(len(data), near)) if dice.random() < 0.7 else max(0, len(data) - dice.randint(0, 400))
    return data[:at] + written + data[at + len(written) :]


def _bit(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    if not data:
        return b"\0"
    at = dice.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << dice.randrange(8),)) + data[at + 1 :]


def _archive(data: bytes, limit: int, dice: random.Random, plain: Plain) -> bytes:
    """One member of the archive changed, and the archive written anew; or its own bytes."""
    if dice.random() < 0.1:
        return plain(data, limit)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(each.filename, archive.read(each)) for each in archive.infolist()[:40]]
    except Exception:  # noqa: BLE001 - whatever it was, it is no archive now
        return plain(data, limit)
    if not members:
        return plain(data, limit)
    place = dice.randrange(len(members))
    name, text = members[place]
    within = dice.random() < 0.7  # the rest is libFuzzer's share
    text = dice.choice(_BY_SHAPE["xml"])(text, dice, _XML) if within else plain(text, limit)
    if dice.random() < 0.03:
        del members[place]
    elif dice.random() < 0.03:
        members.append((name, text))
    else:
        members[place] = name, text
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in dict(members).items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return made.getvalue() if len(made.getvalue()) <= limit else plain(data, limit)


_XML = (
    b"<c>", b"</c>", b'<c r="A1" t="s">', b'<c r="XFD1048576">', b"<v>", b"</v>", b'"-1"', b't="d"', b't="e"', b't="b"',
    b"#N/A", b"1e400", b"&#0;", b"&#x1F600;", b"<is><t>", b'<row r="2">', b'<mergeCell ref="A1:B2"/>',
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b's="4"', b"<f>A1</f>",
)  # fmt: skip
_ANY = (_word, _less, _twice, _moved, _bit)
_BY_SHAPE = {
    "lines": (*_ANY, _lines, _lines, _word), "json": (*_ANY, _lines, _word), "bytes": (*_ANY, _number, _number, _number),
    "xml": (*_ANY, _word, _word),
}  # fmt: skip
