"""What else comes from outside: artefacts, documents, code maps, parcels, dumps, LOINC tables, acknowledgements."""

import datetime as dt
import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from ecluse.adapters.destinations._mllp import _acknowledgement
from ecluse.adapters.leaks import read_sample
from ecluse.adapters.sources import _dump_mariadb, _dump_postgresql, _restoring
from ecluse.control.watch import Engine, Rule, packaged_rules
from ecluse.control.watch.loading import MAX_SUM, Off, parse_rule
from ecluse.control.watch.recordings import parse_event
from ecluse.domain.errors import EcluseError, TamperError
from ecluse.domain.leaked import candidates, readings
from ecluse.domain.values import MAX_WHOLE
from ecluse.mapping.mapfile import read_map, render
from ecluse.mapping.table import Wanted, read_official
from ecluse.migration.pack import pack, unpack
from ecluse.migration.trace_filter import TraceHeader, read_filter, write_filter
from ecluse.migration.tracing import canary_fingerprints, fingerprints
from ecluse.seal.sealing import Identity, open_sealed, seal
from ecluse.wire import documents
from ecluse.wire.artefacts import DOCUMENTS, KINDS, decode, encode
from fuzz.invariants import BrokenError, Target, check_error
from fuzz.readers import room

EVENTS = b"\n# events\n"
"""Between a rule and the events that it is tried on."""
_READINGS = 3_000
_FORMAT = re.compile(rb"ecluse\.([a-z-]+)/1")
_KINDS = KINDS | DOCUMENTS


def _kind(data: bytes) -> str:
    """The kind that the bytes name; an order's where they name none."""
    found = _FORMAT.search(data)
    kind = found[1].decode() if found else "order"
    return kind if kind in _KINDS else "order"


def _guarded(work: Callable[[bytes], str], data: bytes, *, ours: bool = False, chain: bool = True) -> str:
    """``ours``: papers of people who order, whose errors name the fields that are there, and what was perhaps meant."""
    try:
        return work(data)
    except EcluseError as error:
        given = f"fuzzed {room()}"
        if ours:
            given += f" {MAX_WHOLE} {MAX_SUM} {error.location.field if error.location else ''} {error if 'unknown field' in str(error) else ''}"
        return check_error(error, data, given=given, chain=chain and not ours)


def _artefact(data: bytes) -> str:
    """What decodes is written again to the same bytes."""
    kind = _kind(data)
    if encode(decode(_KINDS[kind], data, file="fuzzed")) != data:
        raise BrokenError("an artefact is written otherwise than it was read")
    return f"read {kind}"


def _document(data: bytes) -> str:
    """What is read of a document is an artefact like any other."""
    cls = _KINDS[_kind(data)]
    made = documents.parse(data, file="fuzzed").to(cls)
    if decode(cls, encode(made)) != made:
        raise BrokenError("a document's artefact does not survive its own bytes")
    return f"read {cls.__name__}"


def _code_map(data: bytes) -> str:
    """A map that is read is written, and read again as the same."""
    path = room() / "map.yaml"
    path.write_bytes(data)
    made = read_map(path)
    path.write_text(render(made), encoding="utf-8")
    if read_map(path) != made:
        raise BrokenError("a map is written otherwise than it was read")
    return "read"


def _parcel(data: bytes) -> str:
    header, rows = unpack(data)
    again, other = unpack(bytes(pack(rows, header))) if rows.num_columns else (header, rows)
    if again != header or not other.equals(rows):
        raise BrokenError("a parcel is packed otherwise than it was unpacked")
    return f"read {header.entity}"


def _trace(data: bytes) -> str:
    """What is read and checks is what would be written; whatever is read can be asked."""
    path = room() / "fuzzed.trace"
    path.write_bytes(data)
    with read_filter(path) as trace:
        asked = np.arange(1 << 12, dtype=np.uint64) << np.uint64(52)
        said = f"read {trace.header.total:d} marks"
        trace.holds(asked)
        trace.canaries(asked)
        try:
            trace.check()
        except TamperError as error:
            return check_error(error, data, given=str(path))
    if data not in trace_files():
        raise BrokenError("an altered trace file passes for whole")
    return said


@cache
def trace_files() -> tuple[bytes, ...]:
    """Small good ones."""
    header = TraceHeader(
        order="BIO", order_digest="sha256:" + "0" * 64, plan_digest="sha256:" + "1" * 64, controller="Labo",
        finess="750100125", source="old", destination="new", recipient="age1", period_from=dt.date(2018, 1, 1),
        period_until=dt.date(2019, 12, 31), persons=3, keep_until=dt.date(2030, 1, 1), sealed_key="none",
    )  # fmt: skip
    people = pa.table({"source_id": ["1", "2"], "nir": ["2600335123456", None], "birth_date": ["1960-03-12", "1950"]})
    key = bytes(32)
    planted = canary_fingerprints(key, ["patient-1"], 1, key)
    return (
        write_filter(fingerprints(people, "patient", key), header, planted),
        write_filter(np.empty(0, np.uint64), header),
    )


def _leak(data: bytes) -> str:
    """Any bytes are some lines or an error of ours; the readings of each line stay few, and are asked for."""
    path = room() / "fuzzed.leak"
    path.write_bytes(data)
    sample = read_sample(path)
    for line in sample.lines[:20]:
        if sum(map(len, candidates(readings(line.cells)).values())) > _READINGS:
            raise BrokenError("a line of too many readings")
    return f"read {len(sample.lines):d} lines"


@cache
def _sealed_files() -> tuple[Identity, tuple[bytes, ...]]:
    """A key of this process's own, and files that are sealed to it."""
    identity = Identity.generate()
    texts = (b"", b"sealed", bytes(70_000))
    return identity, tuple(seal(text, [identity.recipient]) for text in texts)


def _age(data: bytes) -> str:
    """Input as an age file, then as edits of good ones: nothing that was altered opens."""
    identity, files = _sealed_files()
    made = [data, *(_edited(each, data) for each in files)]
    said = [_guarded(partial(_opened, identity, files), each) for each in made]
    return " | ".join(dict.fromkeys(said))


def _opened(identity: Identity, files: tuple[bytes, ...], data: bytes) -> str:
    open_sealed(data, identity)
    if data not in files:
        raise BrokenError("an altered age file opens")
    return "opened"


def _edited(sealed: bytes, script: bytes) -> bytes:
    """Edits of five bytes each: place, place, what, value, value."""
    made = bytearray(sealed)
    for at in range(0, min(len(script), 40) - 4, 5):
        place, what = int.from_bytes(script[at : at + 2], "big") % (len(made) + 1), script[at + 2] % 5
        value = script[at + 3 : at + 5]
        if what == 0:
            made[place : place + 2] = value
        elif what == 1:
            made[place:place] = value
        elif what == 2:
            del made[place : place + value[0]]
        elif what == 3:
            del made[len(made) - value[0] :]
        else:
            made += made[place : place + value[0]]
    return bytes(made)


def _dump(data: bytes) -> str:
    """All that Écluse itself reads of a dump: its compression, its head and end, databases, lines of errors."""
    path = room() / "dump.sql"
    path.write_bytes(data)
    said = []
    for work in (_lines, _databases, _whole, _judged):
        try:
            said.append(work(path))
        except EcluseError as error:
            said.append(check_error(error, data, given=str(path)))
    return " | ".join(said)


def _lines(path: Path) -> str:
    with _restoring.opened(path) as source:
        found = [line for line, _ in zip(_restoring.lines(_restoring.blocks(source)), range(5000), strict=False)]
    if any(len(line) > 400 for line in found):
        raise BrokenError("a line's beginning is held beyond what is looked at")
    return f"{_restoring.is_archive(path)}"


def _databases(path: Path) -> str:
    return f"{len(_dump_mariadb._databases(path)) > 1}"


def _whole(path: Path) -> str:
    _restoring.check_whole(path, b"(MySQL|MariaDB) dump ", b"-- Dump completed")
    _restoring.check_whole(path, b"PostgreSQL database dump", b"PostgreSQL database dump complete")
    return "whole"


def _judged(path: Path) -> str:
    def text() -> list[bytes]:
        with _restoring.opened(path) as source:
            return list(_restoring.blocks(source))

    found = _restoring._beginnings(b"\\restrict x\n", lambda: iter(text()), {2, 3, 7})
    if any("INSERT INTO" in line and harmless(number, line)
           for line in found.values() if line.rpartition("\n")[2].startswith("INSERT INTO")
           for number in ("42501", "1227")
           for harmless in (_of_postgresql, _of_mariadb)
           if not line.partition("\n")[0].startswith(("CREATE", "GRANT", "REVOKE", "COMMENT", "DROP", "ALTER", "SET"))):  # fmt: skip
        raise BrokenError("an error in rows is let pass")
    return f"{len(found)} lines"


def _of_postgresql(number: str, line: str) -> bool:
    return _dump_postgresql._harmless_to_postgresql(number, line)


def _of_mariadb(number: str, line: str) -> bool:
    return _dump_mariadb._harmless_to_mariadb(number, line)


def _loinc(data: bytes) -> str:
    path = room() / "loinc.csv"
    path.write_bytes(data)
    return f"{len(read_official(path, None, Wanted.of(())).terms)} terms"


def _answer(data: bytes) -> str:
    return _acknowledgement(data)[0]


@cache
def _shipped() -> tuple[Rule, ...]:
    return packaged_rules()


def _rule(data: bytes) -> str:
    """A rule, then recorded events: what is read runs; the same events find the same again, and seen twice nothing."""
    text, _, recorded = data.partition(EVENTS)
    made = parse_rule(text, file="fuzzed")
    rules = _shipped() if isinstance(made, Off) else (*_shipped(), made)
    events = [parse_event(line, number=n) for n, line in enumerate(recorded.splitlines()[:200], 1) if line.strip()]
    one, other = Engine(rules, max_groups=20), Engine(rules, max_groups=20)
    found = [each for event in events for each in one.feed(event)]
    if found != [each for event in events for each in other.feed(event)]:
        raise BrokenError("the same events find something else")
    if any(one.feed(event) for event in events):
        raise BrokenError("events seen twice find something twice")
    if any(len(linked.groups) > 20 for held in one._linked.values() for linked in held):
        raise BrokenError("more groups than there may be")
    return f"{len(found)} findings"


def targets() -> list[Target]:
    """A target for each."""
    yaml = (
        b": ",
        b"- ",
        b"|\n",
        b">\n",
        b"&a ",
        b"*a",
        b"!!binary ",
        b"? ",
        b"\xc2\x85",
        b"'",
        b'"',
        b"---\n",
        b"{",
        b"}",
    )
    sql = (
        b"INSERT INTO ",
        b"CREATE TABLE ",
        b"USE `x`;\n",
        b"CREATE DATABASE `y`;\n",
        b"-- Dump completed",
        b"\\restrict",
        b"\\N",
    )
    found = [
        ("artefact", partial(_guarded, _artefact, ours=True), "json", (b'"format":', b"null", b"true", b"9007199254740993")),
        ("document", partial(_guarded, _document, ours=True), "lines", yaml),
        ("code-map", partial(_guarded, _code_map, ours=True), "lines", (*yaml, b"loinc: ", b"decision:")),
        ("parcel", partial(_guarded, _parcel, chain=False), "bytes", (b"ecluse.parcel", b"\xff\xff\xff\xff")),
        ("age", _age, "bytes", (b"-> X25519 ", b"\n--- ", b"age-encryption.org/v1\n")),
        ("dump", _dump, "lines", (*sql, b"-- PostgreSQL database dump complete", b"\x1f\x8b", b"PGDMP")),
        ("loinc", partial(_guarded, _loinc, ours=True), "lines", (b'"', b",", b"\r\n")),
        ("mllp", partial(_guarded, _answer), "lines", (b"MSH|", b"MSA|AA|", b"\r", b"\n", b"\x0b", b"\x1c\r")),
        ("trace", partial(_guarded, _trace), "bytes", (b"ecluse.trace/1\n", b"\xff\xff\xff\xff", b'"marks":{"nir":')),
        ("leak", partial(_guarded, _leak), "lines",
         (b";", b"\t", b"INSERT INTO a VALUES (", b"'", b"''", b"\\'", b"{", b"[", b"\xff\xfe", b"12/03/1960", b"PK\x03\x04")),
        ("rule", partial(_guarded, _rule, ours=True), "lines",
         (*yaml, EVENTS, b"|contains", b"|gte", b"|cidr", b"1 of sel*", b" and not (", b"correlation:", b"timespan: 5m",
          b'{"at": "2026-01-12T09:00:00Z", "place": "room", "event": "person.signed_in", "actor": "a"}')),
    ]  # fmt: skip
    return [Target(*each) for each in found]
