"""The watch: rules as data (Sigma) over what every place did, and what they find (law 8, R9, R10)."""

from ecluse.control.watch.engine import Engine, Finding
from ecluse.control.watch.fields import WorkingHours
from ecluse.control.watch.rule import Raised, Rule
from ecluse.control.watch.rules import RuleSet, load_rules, packaged_rules
from ecluse.control.watch.ticks import Tick, ticked

__all__ = [
    "Engine",
    "Finding",
    "Raised",
    "Rule",
    "RuleSet",
    "Tick",
    "WorkingHours",
    "load_rules",
    "packaged_rules",
    "ticked",
]
