"""The rules of data at rest, in both languages."""

from typing import Final

from ecluse.inspector.rule import Rule

RULES_DATA: Final[tuple[Rule, ...]] = ()

COUNTED_DATA: Final[dict[str, tuple[str, str]]] = {}
FACTS_DATA: Final[dict[str, tuple[str, str]]] = {}
