"""A baseline: findings that are known, so that only new ones fail a check. Keys and rules; no place, no count."""

import json
from collections.abc import Iterable
from pathlib import Path

from ecluse.domain.errors import Location, MalformedError
from ecluse.inspector.findings import Finding, Standing

FORMAT = "ecluse.inspect-baseline/1"
_KEY_LENGTH = 32


def written(findings: Iterable[Finding]) -> str:
    """The baseline of these findings' failings; same findings, same text."""
    known = sorted({(each.key, each.rule) for each in findings if each.standing is Standing.FAILING})
    entries = [{"key": key, "rule": rule} for key, rule in known]
    return json.dumps({"format": FORMAT, "findings": entries}, indent=2) + "\n"


def read(path: Path) -> frozenset[str]:
    """The keys of a baseline. Raises MalformedError."""
    where = Location(file=str(path))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("findings"), list):
        raise MalformedError("this is no baseline of an inspection", location=where, hint="--write-baseline makes one")
    keys = [each.get("key") if isinstance(each, dict) else None for each in found["findings"]]
    if not all(isinstance(key, str) and len(key) == _KEY_LENGTH for key in keys):
        raise MalformedError("this is no baseline of an inspection", location=where, hint="--write-baseline makes one")
    return frozenset(map(str, keys))
