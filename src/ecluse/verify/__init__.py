"""The offline auditor: shares no code path with the writer but the wire formats (law 10)."""

from ecluse.verify.audit import verify_bundle
from ecluse.verify.journal_folder import verify_journal
from ecluse.verify.render import render, verdict
from ecluse.verify.report import Report, Status, Step, Words

__all__ = ["Report", "Status", "Step", "Words", "render", "verdict", "verify_bundle", "verify_journal"]
