"""The security log as files: a line of JSON an event, a file a day (UTC), readable by their owner alone.

Files of former days are compressed, and erased when their time has passed; whoever keeps the folder is told before one
is erased. A line that a crash cut is cut off wholly: its event comes again.
"""

import calendar
import datetime as dt
import gzip
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ecluse.control.ocsf import SecurityEvent
from ecluse.control.supervision import LogFiles
from ecluse.domain.errors import Location, StorageError
from ecluse.workspace.files import erase, make_folder, sweep_parts, sync_folder

_NAME = re.compile(r"security-(\d{4}-\d\d-\d\d)\.jsonl(?:\.gz)?")
_BACK = 4096
_LEAP = dt.timedelta(days=31)
"""A clock that leaps further than this past the last file erases nothing for a day, in which somebody may see it."""

Erased = Callable[[str, dt.date], None]


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


class LogFolder:
    """See :class:`ecluse.control.ports.Sink`. ``erased`` is called with a file's name and day before it is erased."""

    name = "files"

    def __init__(self, kept: LogFiles, erased: Erased, *, today: Callable[[], dt.date] = _today) -> None:
        self._kept = kept
        self._erased = erased
        self._today = today
        self._tidied: dt.date | None = None

    def put(self, events: Sequence[SecurityEvent]) -> None:
        """Append to today's file; on disk before this returns."""
        path = self._kept.folder / f"security-{self._today()}.jsonl"
        data = "".join(f"{event.text}\n" for event in events).encode("ascii")
        try:
            make_folder(self._kept.folder)
            is_new = not path.exists()
            with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b") as file:
                end = _whole_end(file.fileno())
                file.truncate(end)
                file.seek(end)
                try:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    with suppress(OSError):
                        os.ftruncate(file.fileno(), end)
                    raise
            if is_new:
                sync_folder(self._kept.folder)
        except OSError as error:
            raise _storage(path, error) from None

    def tidy(self) -> None:
        """Once a day: compress files of former days, erase those past their time.

        Raises:
            StorageError: the folder cannot be read or written.
        """
        today = self._today()
        if self._tidied == today or not self._kept.folder.is_dir():
            return
        try:
            sweep_parts(self._kept.folder)
            files = list(self._files())
            former = max((day for _, day in files if day < today), default=today)
            edge = min(today, former + _LEAP)
            for path, day in files:
                if past(day, self._kept.months) < edge:
                    self._erased(path.name, day)
                    erase(path)
                elif self._kept.compress and path.suffix == ".jsonl" and day < today:
                    _compress(path)
        except OSError as error:
            raise _storage(self._kept.folder, error) from None
        self._tidied = today

    def _files(self) -> Iterator[tuple[Path, dt.date]]:
        for path in sorted(self._kept.folder.iterdir()):
            found = _NAME.fullmatch(path.name)
            if found and path.is_file() and not path.is_symlink():
                with suppress(ValueError):
                    yield path, dt.date.fromisoformat(found[1])


def past(day: dt.date, months: int) -> dt.date:
    """The last day on which a file of ``day`` is kept: so many months later, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _whole_end(descriptor: int) -> int:
    """Where the last whole line ends."""
    end = os.lseek(descriptor, 0, os.SEEK_END)
    while end > 0:
        begin = max(0, end - _BACK)
        found = os.pread(descriptor, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _compress(path: Path) -> None:
    """Through a part, renamed; after what a clock that was set back had compressed before."""
    packed = path.with_name(f"{path.name}.gz")
    part = packed.with_name(f"{packed.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as into:
        if packed.exists():
            with packed.open("rb") as earlier:
                shutil.copyfileobj(earlier, into)
        with path.open("rb") as plain, gzip.GzipFile(filename="", mode="wb", fileobj=into, mtime=0) as member:
            shutil.copyfileobj(plain, member)
        into.flush()
        os.fsync(into.fileno())
    part.replace(packed)
    sync_folder(path.parent)
    path.unlink()
    sync_folder(path.parent)


def _storage(path: Path, error: OSError) -> StorageError:
    return StorageError(error.strerror or "cannot be used", location=Location(file=str(path)))
