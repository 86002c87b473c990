"""The map as a file that a person reads and a program writes: YAML, one block an entry, texts always quoted."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from ecluse.domain.codemap import CodeEntry, CodeMap, Decision, UnitDecision, UnitEntry
from ecluse.domain.errors import Location, UsageError
from ecluse.wire import documents

__all__ = ["quoted", "read_map", "render"]

_HEAD = """\
# Code map: local analysis codes → LOINC, unit texts → UCUM (docs/how-to/map-codes.md).
# A candidate is a guess of a program. Only a decision has effect, and only in a profile made by: ecluse codes export
# Decide with: ecluse codes confirm. It writes this file anew: comments are lost, write a note instead.
#
# This material contains content from LOINC (http://loinc.org). LOINC is copyright © Regenstrief Institute, Inc. and the
# Logical Observation Identifiers Names and Codes (LOINC) Committee and is available at no cost under the license at
# http://loinc.org/license. LOINC® is a registered United States trademark of Regenstrief Institute, Inc.
"""
_HIDDEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def read_map(path: Path) -> CodeMap:
    """A map from its file.

    Raises:
        MalformedError: naming file, line and field.
    """
    return documents.read(path).to(CodeMap)


def render(map_: CodeMap) -> str:
    """The file's text.

    Raises:
        UsageError: too long for any reader of ours.
    """
    lines = [_HEAD.rstrip("\n"), f"format: {map_.format}", f"profile: {quoted(map_.profile)}",
             f"table: {quoted(map_.table)}", "codes:" if map_.codes else "codes: []"]  # fmt: skip
    for entry in map_.codes:
        lines += _code(entry)
    lines.append("units:" if map_.units else "units: []")
    for unit in map_.units:
        lines += _unit(unit)
    text = "\n".join([*lines, ""])
    if len(text.encode()) > documents.MAX_BYTES:
        hint = "ask for fewer candidates: --candidates 1"
        raise UsageError("the map is longer than a document may be", location=Location(field="codes"), hint=hint)
    return text


def quoted(text: str) -> str:
    """A text in YAML's double quotes, which are JSON's, with what nobody sees escaped."""
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _code(entry: CodeEntry) -> Iterator[str]:
    yield f"  - code: {quoted(entry.code)}"
    yield f"    rows: {entry.rows}"
    for name, text in (("label", entry.label), ("specimen", entry.specimen), ("values", entry.values)):
        if text:
            yield f"    {name}: {quoted(text)}"
    if entry.units:
        yield "    units:"
        for unit in entry.units:
            yield f"      - {{unit: {quoted(unit.unit)}, rows: {unit.rows}}}"
    if entry.candidates:
        yield "    candidates:"
    for each in entry.candidates:
        yield f"      - loinc: {each.loinc}"
        yield f"        name: {quoted(each.name)}"
        yield f"        score: {each.score}"
        if each.because:
            yield "        because:"
            yield from (f"          - {quoted(why)}" for why in each.because)
    if entry.decision:
        yield from _decision("loinc", entry.decision.loinc, entry.decision)


def _unit(entry: UnitEntry) -> Iterator[str]:
    yield f"  - unit: {quoted(entry.unit)}"
    yield f"    rows: {entry.rows}"
    if entry.candidates:
        yield "    candidates:"
        for each in entry.candidates:
            yield f"      - {{ucum: {quoted(each.ucum)}, because: {quoted(each.because)}}}"
    if entry.decision:
        yield from _decision("ucum", entry.decision.ucum, entry.decision)


def _decision(name: str, value: str, decision: Decision | UnitDecision) -> Iterator[str]:
    yield "    decision:"
    yield f"      {name}: {quoted(value)}"
    yield f"      by: {quoted(decision.by)}"
    yield f"      at: {decision.at:%Y-%m-%dT%H:%M:%SZ}"
    if decision.note:
        yield f"      note: {quoted(decision.note)}"
