"""The Django application."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class StoreConfig(AppConfig):
    """``ecluse.store``: no write to its database without an entry in its journal."""

    name = "ecluse.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Put the guard on every connection, and listen to the accounts' library."""
        from ecluse.store import account_events, recording, session_events  # noqa: PLC0415 - models are ready only now

        connection_created.connect(recording.watch, dispatch_uid="ecluse.recording")
        account_events.listen()
        session_events.listen()
