"""Findings for others' eyes: the names of files, folders, tables and accounts by their shape alone.

A laboratory names files after patients, and who reads a report need not know whom.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import count
from typing import Final

from ecluse.inspector.findings import Finding, shown

_SERVER = re.compile(r"[a-z]+://([^/]+)")
_ENDINGS: Final = re.compile(
    r"7z|asc|astm|bak|bz2|cda|csv|db|dbf|dcm|docx?|dump|eml|fbk|fdb|gz|hl7|hpm|hpr|html|jpg|json|log|mbox|mdb|ndjson|pdf|"
    r"pem|png|pst|rar|sql|sqlite|tar|tgz|tif|tsv|txt|xlsx?|xml|xz|zip|zst",
    re.IGNORECASE,
)
"""Ends of files' names that say what a file is, and of whom nothing."""


def nameless(findings: Iterable[Finding], known: Collection[str]) -> tuple[list[Finding], frozenset[str]]:
    """The same findings with each letter of a name as ``x`` and each digit as ``#``; and which of them are known.

    Two places that would look alike are told apart by a number.
    """
    given = list(findings)
    places = dict[tuple[str, str], str]()
    taken = set[tuple[str, str]]()
    for target, place in sorted({(each.target, each.place) for each in given}):
        plain = _veiled(place, target)
        told = next(name for name in _numbered(plain) if (target, name) not in taken)
        taken.add((target, told))
        places[target, place] = told
    made = [replace(each, place=places[each.target, each.place]) for each in given]
    told_known = frozenset(new.key for old, new in zip(given, made, strict=True) if old.key in known)
    return sorted(made, key=lambda finding: finding.rank), told_known


def _numbered(place: str) -> Iterator[str]:
    """A place, then the same with numbers, each as it may be shown."""
    yield shown(place)
    yield from (shown(f"{place} ({number})") for number in count(2))


def _veiled(place: str, target: str) -> str:
    """A place without names: what comes before them (the target itself, a host and port) stays."""
    server = _SERVER.match(target)
    kept = next((each for each in (target, server[1] if server else "") if each and place.startswith(each)), "")
    rest = place[len(kept) :]
    if kept and not rest.startswith(("/", ": ")):
        return place  # host:port, and perhaps a word of ours after it
    return kept + "/".join(_name(part) for part in rest.split("/"))


def _name(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    if not _ENDINGS.fullmatch(ending):
        stem, dot, ending = name, "", ""
    return "".join("#" if c.isdigit() else "x" if c.isalnum() else c for c in stem) + dot + ending
