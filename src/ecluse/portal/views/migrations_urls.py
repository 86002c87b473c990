"""Addresses of migrations and of the journal."""

from django.urls import path

from ecluse.portal import waiting_migrations  # noqa: F401 - says what waits on the first page
from ecluse.portal.views import journal, migrations

_ONE = "migrations/<int:migration>"

urlpatterns = [
    path("migrations/", migrations.migrations, name="migrations"),
    path(f"{_ONE}/", migrations.migration, name="migration"),
    path(f"{_ONE}/lock/", migrations.lock, name="migration_lock"),
    path(f"{_ONE}/batches/", migrations.batches, name="migration_batches"),
    path(f"{_ONE}/account/", migrations.report, name="migration_report"),
    path(f"{_ONE}/evidence/", migrations.evidence, name="migration_evidence"),
    path(f"{_ONE}/suspend/", migrations.suspend, name="migration_suspend"),
    path(f"{_ONE}/resume/", migrations.resume, name="migration_resume"),
    path(f"{_ONE}/abort/", migrations.abort, name="migration_abort"),
    path(f"{_ONE}/decide/", migrations.decide, name="migration_decide"),
    path("journal/", journal.journal, name="journal"),
    path("journal/checkpoint/", journal.checkpoint, name="journal_checkpoint"),
    path("journal/consistency/", journal.consistency, name="journal_consistency"),
    path("journal/cosign/", journal.cosign, name="journal_cosign"),
    path("journal/<int:entry>/", journal.line, name="journal_line"),
    path("journal/<int:entry>/proof/", journal.proof, name="journal_proof"),
]
