"""Key files: read with our own errors, written whole or not at all, never over another."""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecluse.domain.errors import Location, MalformedError, StorageError, UsageError

# A key file is a few hundred bytes; what is larger is something else, and is not read into memory.
_KEY_FILE_MAX = 64 * 1024
_HIDDEN_PREFIX = ".ecluse-"
_HIDDEN_SUFFIX = ".part"


@contextmanager
def reading(path: Path) -> Iterator[io.BufferedReader]:
    """Open for reading; absent or forbidden files are the caller's mistake, the rest is the disk's."""
    place = Location(file=str(path))
    try:
        with path.open("rb") as file:
            yield file
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise UsageError("there is no readable file here", location=place) from error
    except OSError as error:
        raise StorageError("the file could not be read", location=place) from error


def read_key_text(path: Path) -> str:
    """A small text file, whole. The content appears in no error: it may be a private key."""
    with reading(path) as file:
        content = file.read(_KEY_FILE_MAX + 1)
    if len(content) > _KEY_FILE_MAX:
        raise MalformedError("too large for a key file", location=Location(file=str(path)))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # `from None`: the decoder's exception carries the bytes.
        raise MalformedError("not a text file, so not a key file", location=Location(file=str(path))) from None


def create_private(path: Path, content: bytes) -> None:
    """Create ``path`` with mode 0600, complete and on disk, or not at all; never over an existing file.

    A hard link is the one POSIX call that is both atomic and refuses an existing name. A process killed half-way
    leaves at most a 0600 file ``.ecluse-*.part`` beside it.

    Raises:
        UsageError: something already has this name.
        StorageError: the folder is missing, full, unwritable or cannot link.
    """
    place = Location(file=str(path))
    try:
        descriptor, hidden = tempfile.mkstemp(dir=path.parent, prefix=_HIDDEN_PREFIX, suffix=_HIDDEN_SUFFIX)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(hidden, path)
        finally:
            Path(hidden).unlink(missing_ok=True)
        _sync_folder(path.parent)
    except FileExistsError as error:
        raise refuse_overwrite(path) from error
    except OSError as error:
        raise StorageError("the key file could not be written", location=place) from error


def refuse_overwrite(path: Path) -> UsageError:
    """What is said when a key would take the place of another file."""
    hint = "choose another name; a replaced key could never be had back"
    return UsageError("a file with this name exists already", location=Location(file=str(path)), hint=hint)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
