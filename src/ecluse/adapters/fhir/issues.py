"""The codes that an OperationOutcome may give for what went wrong."""

__all__ = ["ISSUE_CODES"]

ISSUE_CODES = frozenset({
    "business-rule", "code-invalid", "conflict", "deleted", "duplicate", "exception", "expired", "extension",
    "forbidden", "incomplete", "informational", "invalid", "invariant", "lock-error", "login", "multiple-matches",
    "no-store", "not-found", "not-supported", "processing", "required", "security", "structure", "suppressed",
    "throttled", "timeout", "too-costly", "too-long", "transient", "unknown", "value",
})  # fmt: skip
"""FHIR R4's value set ``issue-type``: what else a server writes there may be a patient's."""
