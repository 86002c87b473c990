"""Findings in a reader's words: severity, sureness, evidence, failings and articles, in English or French."""

from collections.abc import Iterable

from ecluse.control.report_words import Reader
from ecluse.domain.alerts import Severity
from ecluse.inspector.findings import Finding, Standing, Sureness
from ecluse.inspector.rules import ARTICLES, COUNTED, FACTS, FAILINGS, RULES

SEVERITIES: dict[Severity, tuple[str, str]] = {
    Severity.CRITICAL: ("critical", "critique"),
    Severity.HIGH: ("high", "élevée"),
    Severity.MEDIUM: ("medium", "moyenne"),
    Severity.LOW: ("low", "faible"),
}
SURENESS: dict[Sureness, tuple[str, str]] = {
    Sureness.CERTAIN: ("certain", "certain"),
    Sureness.PROBABLE: ("probable", "probable"),
    Sureness.POSSIBLE: ("possible", "possible"),
}


def chosen(pair: tuple[str, str], language: str) -> str:
    """The one of two texts that the reader understands."""
    return pair[1] if language == "fr" else pair[0]


def number(value: int, language: str) -> str:
    """A number as the reader writes it."""
    return Reader("fr" if language == "fr" else "en").count(value)


def evidence(finding: Finding, language: str) -> str:
    """Counts and facts, in one line; empty where there are none."""
    between = " : " if language == "fr" else ": "
    counts = [f"{chosen(COUNTED[name], language)}{between}{number(n, language)}" for name, n in finding.counts]
    facts = [chosen(FACTS[fact], language) if fact in FACTS else fact for fact in finding.facts]
    return ", ".join((*counts, *facts))


def articles(finding: Finding, language: str) -> tuple[str, ...]:
    """``Art. 32(1)(a) GDPR: pseudonymisation and encryption``."""
    law = "RGPD" if language == "fr" else "GDPR"
    between = " : " if language == "fr" else ": "
    return tuple(f"Art. {a} {law}{between}{chosen(ARTICLES[a], language)}" for a in RULES[finding.rule].articles)


def failings(finding: Finding, language: str) -> tuple[str, ...]:
    """``R7: a public FTP zone that asked for no authentication``."""
    between = " : " if language == "fr" else ": "
    return tuple(f"{row}{between}{chosen(FAILINGS[row], language)}" for row in RULES[finding.rule].failings)


def of(findings: Iterable[Finding], standing: Standing) -> list[Finding]:
    """Those of one standing, in their order."""
    return [finding for finding in findings if finding.standing is standing]
