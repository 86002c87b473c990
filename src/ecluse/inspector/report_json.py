"""The report for programs: JSON of our own, and SARIF 2.1.0 for what reads that (code scanning, dashboards)."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from ecluse.domain.alerts import Severity
from ecluse.inspector.findings import Finding, Standing
from ecluse.inspector.rule import Rule
from ecluse.inspector.rules import RULES
from ecluse.inspector.telling import articles, evidence, failings

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.0", Severity.LOW: "2.0"}
"""``security-severity``, as code scanning sorts by."""


def as_json(
    findings: Sequence[Finding], known: Collection[str], targets: Sequence[str], now: dt.datetime, language: str
) -> dict[str, Any]:
    """Everything; ``known``: keys that the baseline holds."""
    return {
        "format": "ecluse.inspection/1",
        "at": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "targets": list(targets),
        "findings": [_finding(each, known, language) for each in findings],
    }


def _finding(finding: Finding, known: Collection[str], language: str) -> dict[str, Any]:
    words = RULES[finding.rule].words(language)
    return {
        "key": finding.key, "rule": finding.rule, "standing": str(finding.standing), "severity": str(finding.severity),
        "sureness": finding.sureness.name.lower(), "target": finding.target, "place": finding.place,
        "counts": dict(finding.counts), "facts": list(finding.facts), "known": finding.key in known,
        "title": words.title, "what": words.what, "mend": words.mend, "evidence": evidence(finding, language),
        "articles": list(RULES[finding.rule].articles), "failings": list(RULES[finding.rule].failings),
    }  # fmt: skip


def as_sarif(
    findings: Sequence[Finding], known: Collection[str], version: str, now: dt.datetime, language: str
) -> dict[str, Any]:
    """One run. What was not looked at is told as notifications of the tool, not as results."""
    results = [each for each in findings if each.standing is not Standing.UNSEEN]
    rules = sorted({each.rule for each in results})
    unseen = [each for each in findings if each.standing is Standing.UNSEEN]
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "ecluse inspect", "version": version, "language": language,
                "rules": [_rule(RULES[rule], language) for rule in rules],
            }},
            "invocations": [{
                "executionSuccessful": True,
                "endTimeUtc": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
                "toolExecutionNotifications": [_notice(each, language) for each in unseen],
            }],
            "results": [_result(each, rules.index(each.rule), known, language) for each in results],
        }],
    }  # fmt: skip


def _rule(rule: Rule, language: str) -> dict[str, Any]:
    words = rule.words(language)
    return {
        "id": rule.id,
        "shortDescription": {"text": words.title},
        "fullDescription": {"text": words.what},
        "help": {"text": words.mend},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "security-severity": _SCORES[rule.severity],
            "tags": ["security", *(f"GDPR-{each}" for each in rule.articles), *rule.failings],
        },
    }


def _result(finding: Finding, index: int, known: Collection[str], language: str) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "kind": "fail" if finding.standing is Standing.FAILING else "informational",
        "level": _LEVELS[finding.severity] if finding.standing is Standing.FAILING else "none",
        "message": {"text": _message(finding, language)},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": finding.place, "kind": "resource"}]}],
        "partialFingerprints": {"ecluse/v1": finding.key},
        "baselineState": "unchanged" if finding.key in known else "new",
        "properties": {"sureness": finding.sureness.name.lower(), "target": finding.target,
                       "articles": list(articles(finding, language)), "failings": list(failings(finding, language))},
    }  # fmt: skip


def _notice(finding: Finding, language: str) -> dict[str, Any]:
    return {"descriptor": {"id": finding.rule}, "level": "note", "message": {"text": _message(finding, language)}}


def _message(finding: Finding, language: str) -> str:
    words, said = RULES[finding.rule].words(language), evidence(finding, language)
    between = " : " if language == "fr" else ": "
    return f"{finding.place}{between}{words.title}" + (f" ({said})" if said else "")
