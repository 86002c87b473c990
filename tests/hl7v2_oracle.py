"""HL7 v2 read slowly, a value at a time: what the vectorised reader must find. Shares no code with it."""

import re
from dataclasses import dataclass, field

LEVELS = {"PID": 1, "PV1": 2, "ORC": 3, "OBR": 4, "SPM": 5, "OBX": 6}
CODECS = {"": "", "ASCII": "ascii", "8859/1": "latin-1", "8859/15": "iso8859-15", "UNICODE UTF-8": "utf-8"}
Row = dict[str, object]


@dataclass
class Found:
    rows: dict[str, list[Row]] = field(default_factory=dict)
    aside: list[tuple[int, int, int, int]] = field(default_factory=list)
    """File, line, byte, length."""
    messages: int = 0


@dataclass
class _Line:
    begin: int
    data: bytes
    number: int


def read(files: list[bytes], fields: list[str], fallback: str = "") -> Found:
    found = Found()
    number = 0
    for ordinal, data in enumerate(files, 1):
        for kind, lines in _groups(_lines(data)):
            begin, end = lines[0].begin, lines[-1].begin + len(lines[-1].data)
            if kind == "stray":
                found.aside.append((ordinal, lines[0].number, begin, end - begin))
            elif kind == "message":
                number += 1
                bad = _message(found, lines, ordinal, number, fields, fallback, data)
                if bad is not None:
                    found.aside.append((ordinal, bad, begin, end - begin))
                else:
                    found.messages += 1
    return found


def _groups(lines: list[_Line]) -> list[tuple[str, list[_Line]]]:
    """Messages, batches' own segments, and what belongs to neither."""
    groups: list[tuple[str, list[_Line]]] = []
    for line in lines:
        head, fourth = line.data[:3], line.data[3:4]
        named = fourth.isalnum() and fourth.isascii()
        if head == b"MSH" and fourth and not named:
            groups.append(("message", [line]))
        elif head in (b"FHS", b"BHS", b"BTS", b"FTS") and not named:
            groups.append(("batch", [line]))
        elif groups and groups[-1][0] != "batch":
            groups[-1][1].append(line)
        else:
            groups.append(("stray", [line]))
    return groups


def _lines(data: bytes) -> list[_Line]:
    begin = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    found, number = [], 1
    place = begin
    while place <= len(data):
        if place == len(data) or data[place] in b"\r\n\x0b\x1c":
            if place > begin:
                found.append(_Line(begin, data[begin:place], number))
            if place < len(data) and (data[place] == 13 or (data[place] == 10 and data[place - 1 : place] != b"\r")):
                number += 1
            begin = place + 1
        place += 1
    return found


def _message(
    found: Found, lines: list[_Line], file: int, number: int, fields: list[str], fallback: str, data: bytes
) -> int | None:
    """Adds its rows; or the line that makes it unreadable."""
    head = lines[0].data
    mark = head[3:4]
    encoding = head[4:].split(mark)[0]
    declared = mark + encoding
    usable = all(33 <= byte < 127 and not chr(byte).isalnum() for byte in declared)
    if not usable or not 1 <= len(encoding) <= 5 or len(set(declared)) != len(declared):
        return lines[0].number
    component, repetition, escape, sub = (encoding[i : i + 1].decode() for i in range(4))
    texts = head.split(mark)
    charset = texts[17] if len(texts) > 17 else b""
    if repetition:
        charset = charset.split(repetition.encode())[0]
    codec = CODECS.get(" ".join(charset.decode("ascii", "replace").upper().split()))
    if codec is None:
        return lines[0].number
    codec = codec or fallback or "ascii"
    bad = [line.number for line in lines if _is_bad(line, mark, codec, first=line is lines[0])]
    if _unfinished(lines, data):
        bad.append(lines[0].number)
    if bad:
        return min(bad)
    _add_rows(found, lines, (file, number), fields, (mark.decode(), component, repetition, escape, sub), codec)
    return None


def _is_bad(line: _Line, mark: bytes, codec: str, *, first: bool) -> bool:
    name = re.fullmatch(rb"([A-Z][A-Z0-9]{2})(.?)", line.data[:4], re.DOTALL)
    if name is None or name[2] not in (b"", mark) or (name[1] == b"MSH") != first:
        return True
    if name[1] in (b"ADD", b"DSC") and name[2]:
        return True
    try:
        return "\0" in line.data.decode(codec)
    except UnicodeDecodeError:
        return True


def _unfinished(lines: list[_Line], data: bytes) -> bool:
    """In an MLLP frame that does not end."""
    begin, end = lines[0].begin, lines[-1].begin + len(lines[-1].data)
    if not begin or data[begin - 1] != 0x0B:
        return False
    while end < len(data) and data[end] in b"\r\n\x0b":
        end += 1
    return b"\x1c" not in data[begin : end + 1]


def _add_rows(
    found: Found, lines: list[_Line], place: tuple[int, int], fields: list[str], marks: tuple[str, ...], codec: str
) -> None:
    parents: dict[str, int] = {}
    for rank, line in enumerate(lines, 1):
        text = line.data.decode(codec)
        name = text[:3]
        level = LEVELS.get(name, 9)
        mine = [each for each in fields if each.startswith(f"{name}-")]
        if mine:
            row: Row = {"_file": place[0], "_message": place[1], "_line": rank}
            for each in [] if name == "MSH" else [n for n, at in LEVELS.items() if at < level]:
                row[f"_{each.lower()}"] = parents.get(each)
            row |= {path: _value(text, path, marks, codec) for path in mine}
            found.rows.setdefault(name, []).append(row)
        if name in LEVELS:
            parents = {each: at for each, at in parents.items() if LEVELS[each] <= level} | {name: rank}


def _value(text: str, path: str, marks: tuple[str, ...], codec: str) -> str | None:
    found = re.fullmatch(r"(...)-(\d+)(?:\[(.+)\])?(?:\.(\d+))?(?:\.(\d+))?", path)
    assert found
    mark, component, repetition, _, sub = marks
    number = int(found[2])
    parts = text.split(mark)
    if found[1] == "MSH":
        if number <= 2:
            return mark if number == 1 else parts[1]
        number -= 1
    if number >= len(parts):
        return None
    value = parts[number]
    if found[3] == "*":
        each = [_part(one, component, sub, found[4], found[5]) for one in _split(value, repetition)]
        return repetition.join(_unescaped(one or "", marks, codec) for one in each)
    if found[3] or found[4]:
        repetitions = _split(value, repetition)
        rank = int(found[3] or 1)
        if rank > len(repetitions):
            return None
        value = repetitions[rank - 1]
    one = _part(value, component, sub, found[4], found[5])
    return None if one is None else _unescaped(one, marks, codec)


def _split(value: str, mark: str) -> list[str]:
    return value.split(mark) if mark else [value]


def _part(value: str, component: str, sub: str, first: str | None, second: str | None) -> str | None:
    for mark, rank in ((component, first), (sub, second)):
        if rank:
            parts = _split(value, mark)
            if int(rank) > len(parts):
                return None
            value = parts[int(rank) - 1]
    return value


def _unescaped(value: str, marks: tuple[str, ...], codec: str) -> str:
    mark, component, repetition, escape, sub = marks
    if not escape:
        return value
    known = {"F": mark, "S": component, "R": repetition, "T": sub, "E": escape}
    out, at = "", 0
    while at < len(value):
        end = value.find(escape, at + 1) if value[at] == escape else -1
        if end < 0:
            out, at = out + value[at], at + 1
            continue
        name = value[at + 1 : end]
        out += _meaning(name, known, codec, value[at : end + 1])
        at = end + 1
    return out


def _meaning(name: str, known: dict[str, str], codec: str, written: str) -> str:
    if known.get(name):
        return known[name]
    if name in (".br", ".BR"):
        return "\n"
    if name[:1] == "X" and len(name) > 1 and len(name) % 2 and all(c in "0123456789abcdefABCDEF" for c in name[1:]):
        try:
            text = bytes.fromhex(name[1:]).decode(codec)
        except UnicodeDecodeError:
            return written
        return written if "\0" in text else text
    return written
