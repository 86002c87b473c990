"""One target being looked at: what every probe is given, and how it tells what it found."""

import datetime as dt
from dataclasses import dataclass

from ecluse.inspector.budget import Budget
from ecluse.inspector.findings import Finding, Sureness, Tell
from ecluse.inspector.login import Login
from ecluse.inspector.rule import Rule
from ecluse.inspector.rules_servers import NOT_LOOKED_AT
from ecluse.inspector.target import Target


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit.

    ``ca``: certificates (PEM) to believe instead of the system's. ``now``: in UTC. ``scanners``: whether to run those
    of others.
    """

    target: Target
    login: Login
    budget: Budget
    tell: Tell
    now: dt.datetime
    ca: str | None = None
    scanners: bool = True

    def found(
        self,
        rule: Rule,
        sureness: Sureness = Sureness.CERTAIN,
        *,
        at: str = "",
        counts: tuple[tuple[str, int], ...] = (),
        facts: tuple[str, ...] = (),
    ) -> Finding:
        """A finding ``at`` a place of the target; by default the target's host and port."""
        return rule.found(self.target.name, at or self.target.place, sureness, counts=counts, facts=facts)

    def unseen(self, *facts: str, at: str = "", counts: tuple[tuple[str, int], ...] = ()) -> Finding:
        """What could not be looked at, and why."""
        return self.found(NOT_LOOKED_AT, at=at, counts=counts, facts=facts)

    def at(self, path: str) -> str:
        """A path on the target, as a place."""
        return f"{self.target.place}{path}"
