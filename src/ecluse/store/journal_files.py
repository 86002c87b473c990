"""The room's journal in its database: a :class:`~ecluse.journal.JournalStore` that commits with the act."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from ecluse.journal import LogKey
from ecluse.journal.store import JournalStore
from ecluse.store.models import JournalFile

_LOCK = 0x6563_6C75  # one advisory lock a database: the room's journal


class DatabaseStore(JournalStore):
    """Files as rows. The lock is the transaction's own: SQLite's writer, or PostgreSQL's advisory lock."""

    def read(self, path: str) -> bytes | None:
        """See :class:`JournalStore`."""
        found = JournalFile.objects.filter(path=path).values_list("data", flat=True).first()
        return None if found is None else bytes(found)

    def write(self, path: str, data: bytes) -> None:
        """See :class:`JournalStore`; durable when the transaction commits."""
        JournalFile.objects.update_or_create(path=path, defaults={"data": data})

    def remove(self, path: str) -> None:
        """See :class:`JournalStore`."""
        JournalFile.objects.filter(path=path).delete()

    def names(self, prefix: str) -> tuple[str, ...]:
        """See :class:`JournalStore`."""
        found = JournalFile.objects.filter(path__startswith=prefix).order_by("path")
        return tuple(found.values_list("path", flat=True))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """See :class:`JournalStore`. Held until the transaction ends."""
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            yield


STORE = DatabaseStore()


@lru_cache(maxsize=1)
def log_key() -> LogKey:
    """The key that signs the room's checkpoints; made with the room's home."""
    return LogKey.load(Path(settings.ECLUSE_HOME) / "keys" / "log.key")
