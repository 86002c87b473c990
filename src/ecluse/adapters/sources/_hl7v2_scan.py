"""What a folder's HL7 v2 messages seem to have: a declaration of the places that hold something, to be cut."""

import re
from pathlib import Path

from ecluse.adapters.sources._field_paths import LARGEST
from ecluse.adapters.sources._hl7v2_marks import ENDS, Marks, marks_of
from ecluse.domain.files import FileFormat, SourceFile

__all__ = ["seen"]

_SAMPLE = 1 << 20
_LINE = re.compile(b"[" + re.escape(ENDS) + b"]+")
_NAME = re.compile(b"[A-Z][A-Z0-9]{2}")
_MOST = 2000
_DECLARING = 2
_CHARSET = 18
Seen = dict[tuple[str, int], int]


def seen(path: Path) -> SourceFile | None:
    """One declaration for all files of this suffix; None for those behind the first, and of no messages."""
    names = sorted(each for each in path.parent.glob(f"*{path.suffix}") if each.is_file())
    if not names or names[0] != path:
        return None
    data = b"\r".join(_begun(each, _SAMPLE // min(len(names), 256)) for each in names[:256])
    found: Seen = {}
    charsets: set[bytes] = set()
    marks: Marks | None = None
    for line in _LINE.split(data):
        if line.startswith(b"MSH") and len(line) > 3:  # noqa: PLR2004 - the name alone
            marks = marks_of(line[3:4] + line[4:].split(line[3:4])[0])
        # a line of another shape is no segment, and its letters may be a name's
        if marks is not None and _NAME.match(line) and line[3:4] in (b"", bytes((marks.field,))):
            _note(found, line, marks, charsets)
    fields = tuple(_places(found))[:_MOST]
    encoding = "" if charsets or data.isascii() else _guessed(data)
    return SourceFile(f"*{path.suffix}", encoding, format=FileFormat.HL7V2, fields=fields) if fields else None


def _begun(path: Path, size: int) -> bytes:
    """The whole lines among a file's first bytes."""
    with path.open("rb") as source:
        data = source.read(size)
    last = max(data.rfind(b"\r"), data.rfind(b"\n")) if len(data) == size else len(data)
    return data[: max(last, 0)]


def _note(found: Seen, line: bytes, marks: Marks, charsets: set[bytes]) -> None:
    """The most components that each field has, 1 where it is not parted."""
    name = line[:3].decode("ascii")
    fields = line.split(bytes((marks.field,)))
    shift = 1 if name == "MSH" else 0
    for number, value in enumerate(fields[1 : LARGEST + 1 - shift], 1 + shift):
        if not value or (shift and number <= _DECLARING):
            continue
        if shift and number == _CHARSET:
            charsets.add(value)
        first = value.split(bytes((marks.repetition,)))[0] if marks.repetition >= 0 else value
        # the last component that holds something
        parts = first.rstrip(bytes((marks.component,))).count(bytes((marks.component,))) + 1
        found[name, number] = min(max(found.get((name, number), 1), parts), LARGEST)


def _places(found: Seen) -> list[str]:
    made = []
    for (name, number), parts in sorted(found.items()):
        whole = f"{name}-{number}"
        # a result's text may hold what looks like a component's delimiter
        made += [whole] if parts == 1 or whole == "OBX-5" else []
        made += [f"{whole}.{part}" for part in range(1, parts + 1)] if parts > 1 else []
    return made


def _guessed(data: bytes) -> str:
    try:
        data.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
