"""A rule of the inspector: what it says in both languages, and which failing of the 2022 decision it shows."""

from dataclasses import dataclass

from ecluse.domain.alerts import Severity
from ecluse.inspector.findings import Finding, Standing, Sureness, shown


@dataclass(frozen=True, slots=True)
class Words:
    """A rule in one language: a title, what it is and why it matters, how to mend it. Sentences but for the title."""

    title: str
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that the inspector looks for.

    Attributes:
        id: Lower case with hyphens; never reused for something else.
        severity: How urgent.
        en: English.
        fr: French.
        failings: Rows of the case (``R7``) that it repeats, keys of ``inspector.rules.FAILINGS``; empty if none.
        articles: Of the GDPR, such as ``32(1)(a)``.
        standing: Failing, note, or not looked at.
    """

    id: str
    severity: Severity
    en: Words
    fr: Words
    failings: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    standing: Standing = Standing.FAILING

    def found(
        self,
        target: str,
        place: str,
        sureness: Sureness = Sureness.CERTAIN,
        *,
        counts: tuple[tuple[str, int], ...] = (),
        facts: tuple[str, ...] = (),
        severity: Severity | None = None,
    ) -> Finding:
        """A finding by this rule; target and place pass through :func:`~ecluse.inspector.findings.shown` here."""
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            sureness=sureness,
            target=shown(target),
            place=shown(place),
            counts=counts,
            facts=facts,
            standing=self.standing,
        )

    def words(self, language: str) -> Words:
        """In ``fr`` or, for anything else, in English."""
        return self.fr if language == "fr" else self.en
