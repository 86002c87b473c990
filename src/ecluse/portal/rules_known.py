"""The rules by name, as the watch reads them, for what screens say of an alert: read again only when a file changed."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from ecluse.control.watch import Rule, load_rules, packaged_rules
from ecluse.domain.errors import MalformedError


def rules() -> Mapping[str, Rule]:
    """Those that ship and the room's own; those that ship where the room's own are wrong, as the watch does."""
    folder = Path(settings.ECLUSE_HOME) / "rules"
    try:
        files = tuple(sorted((each.name, each.stat().st_mtime_ns) for each in folder.iterdir()))
    except OSError:
        files = ()
    return _read(folder, files)


@lru_cache(maxsize=2)
def _read(folder: Path, _files: tuple[tuple[str, int], ...]) -> Mapping[str, Rule]:
    try:
        found = load_rules(folder).rules
    except MalformedError:
        found = packaged_rules()
    return {rule.name: rule for rule in found}
