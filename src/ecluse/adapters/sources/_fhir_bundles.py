"""FHIR Bundles taken apart: each resource is parsed by itself, and what is left of the bundle by itself.

Both have one meaning only, so the whole has: each resource's place is held in the rest by an object with its number,
which must be found again where a resource is due.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ecluse.adapters.sources._json_strings import inside, string_marks
from ecluse.adapters.sources._strict_json import parsed

__all__ = ["Entry", "taken_apart"]

_RESOURCE_DEPTH = 4  # { "entry": [ { "resource": {
_BEFORE = re.compile(rb'"resource"\s*:\s*\Z')
_BUNDLE = b'"Bundle"'
_NUMBER = "number"


class Entry(NamedTuple):
    """One resource: the line where it stands, its ``fullUrl``, how many bytes it takes, and what it is."""

    line: int
    url: str | None
    size: int
    kind: str
    resource: Mapping[str, Any]


def taken_apart(text: bytes, line: int) -> tuple[Sequence[Entry], str]:
    """A document's resources, or why there are none to be had. ``line`` is where it begins."""
    if _BUNDLE in text and (entries := _by_pieces(text, line)) is not None:
        return entries, ""
    made, reason = parsed(text)
    kind = made.get("resourceType") if type(made) is dict else None
    if reason or type(kind) is not str or not kind:
        return (), reason or "no FHIR resource"
    if kind != "Bundle":
        return (Entry(line, None, len(text), kind, made),), ""
    told = made.get("entry", [])
    if not isinstance(told, list) or not all(isinstance(entry, dict) for entry in told):
        return (), "a bundle whose entries are none"
    if any(isinstance(entry.get("resource"), dict) for entry in told):
        return (), "a bundle whose entries are not all resources"
    return (), ""


def _by_pieces(text: bytes, line: int) -> list[Entry] | None:
    """The entries of a bundle that is one, all of whose resources are."""
    numbers = np.frombuffer(text, dtype=np.uint8)
    found = _found(text, numbers)
    bundle, reason = parsed(_rest(text, found))
    if reason or type(bundle) is not dict or bundle.get("resourceType") != "Bundle":
        return None
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return None
    told = [entry for entry in entries if isinstance(entry.get("resource"), dict)]
    if [entry["resource"] for entry in told] != [{_NUMBER: str(number)} for number in range(len(found))]:
        return None
    lines = np.searchsorted(np.flatnonzero(numbers == ord("\n")), [start for start, _ in found]).tolist()
    made = []
    for entry, (start, end), before in zip(told, found, lines, strict=True):
        resource, reason = parsed(text[start:end])
        kind = resource.get("resourceType") if type(resource) is dict else None
        if reason or type(kind) is not str or not kind:
            return None
        made.append(Entry(line + before, _url(entry), end - start, kind, resource))
    return made


def _found(text: bytes, numbers: Any) -> list[tuple[int, int]]:
    """Where resources begin and end, as far as braces and quotes tell."""
    places = np.flatnonzero(np.frombuffer(text.translate(_BRACKETS), dtype=np.uint8) != 0)
    places = places[~inside(places, string_marks(numbers))]
    depths = np.cumsum(_DEPTH[numbers[places]].astype(np.int64))
    opening = np.flatnonzero((depths == _RESOURCE_DEPTH) & (numbers[places] == ord("{")))
    closing = np.flatnonzero(depths == _RESOURCE_DEPTH - 1)
    after = np.searchsorted(closing, opening)
    opening, after = opening[after < len(closing)], after[after < len(closing)]
    spans = zip(places[opening].tolist(), (places[closing[after]] + 1).tolist(), strict=True)
    return [(start, end) for start, end in spans if _BEFORE.search(text, max(0, start - 200), start)]


def _rest(text: bytes, found: Sequence[tuple[int, int]]) -> bytes:
    parts, at = [], 0
    for number, (start, end) in enumerate(found):
        parts += [text[at:start], b'{"%s":"%d"}' % (_NUMBER.encode(), number)]
        at = end
    return b"".join([*parts, text[at:]])


def _url(entry: Mapping[str, Any]) -> str | None:
    url = entry.get("fullUrl")
    return url if isinstance(url, str) else None


_BRACKETS = bytes(code if code in b"{[]}" else 0 for code in range(256))
_DEPTH = np.zeros(256, dtype=np.int8)
_DEPTH[list(b"{[")] = 1
_DEPTH[list(b"}]")] = -1
