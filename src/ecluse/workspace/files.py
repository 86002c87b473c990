"""Durable file operations: whole or not at all, on disk before the call returns (law 4)."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from ecluse.domain.errors import Location, StorageError, UsageError

_PART = ".part"
_BLOCK = 1 << 20


def write_atomic(path: Path, data: bytes | memoryview, *, mode: int = 0o600) -> None:
    """Write ``data`` to ``path`` through a ``.part`` file, fsync, rename, fsync of the folder.

    A crash leaves the old file or the new one, and at most a ``.part`` that :func:`sweep_parts` erases.

    Raises:
        StorageError: the disk is full or the folder cannot be written; nothing is left behind.
    """
    part = path.with_name(path.name + _PART)
    try:
        make_folder(path.parent)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise _storage(path, error) from None


def write_new_stream(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Make a file for this user alone, of what ``write`` puts into it; never over another, whole or not at all.

    Raises:
        UsageError: the name is taken, or the folder is missing.
        StorageError: the disk is full or the folder cannot be written; nothing is left behind.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PART}")
    if path.exists() or path.is_symlink():
        raise _taken(path)
    if not path.parent.is_dir():
        raise UsageError("the folder does not exist", location=Location(file=str(path)))
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        _give_name(part, path)
        part.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise _storage(path, error) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _give_name(part: Path, path: Path) -> None:
    try:
        os.link(part, path)
    except FileExistsError:
        raise _taken(path) from None
    except OSError:  # a stick or a share may have no links: then what came since the first look is seen here
        if path.exists() or path.is_symlink():
            raise _taken(path) from None
        part.replace(path)


def _taken(path: Path) -> UsageError:
    hint = "choose another name"
    return UsageError("a file with this name exists already", location=Location(file=str(path)), hint=hint)


def write_once(path: Path, data: bytes, *, mode: int = 0o600) -> bool:
    """Write ``data`` to ``path`` unless something is there: of several who do so at once, one does. Says whether.

    A crash leaves the file whole or none, and at most a ``.part`` that :func:`sweep_parts` erases.

    Raises:
        StorageError: the disk is full or the folder cannot be written; nothing is left behind.
    """
    if path.exists():
        return False
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PART}")
    write_atomic(part, data, mode=mode)
    try:
        try:
            os.link(part, path)
            is_ours = True
        except FileExistsError:
            is_ours = False
        part.unlink()
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise _storage(path, error) from None
    return is_ours


def make_folder(folder: Path) -> None:
    """Make a folder and what is missing above it, for this user alone, on disk before the call returns.

    Raises:
        OSError: as the system says it; callers wrap it.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True, mode=0o700)
        sync_folder(one.parent)


def move(source: Path, target: Path) -> None:
    """Rename within one file system, durably; a move that already happened is left alone.

    Raises:
        StorageError: neither end is there, or the folder cannot be written.
    """
    try:
        make_folder(target.parent)
        if source.exists() or not target.exists():
            source.replace(target)
        # Also after a move that had happened: a kill may have come before its folders were on disk.
        sync_folder(target.parent)
        sync_folder(source.parent)
    except OSError as error:
        raise _storage(source, error) from None


def read(path: Path) -> bytes:
    """The whole file.

    Raises:
        StorageError: it is not there or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise _storage(path, error) from None


def erase(path: Path) -> None:
    """Overwrite once with zeros, fsync, unlink, fsync of the folder; a file that is gone is left alone.

    Overwriting guards against a casual undelete only: on flash and copy-on-write file systems it proves nothing,
    which is why parcels are sealed and erasure rests on destroying keys.

    Raises:
        StorageError: the file is busy or the folder cannot be written.
    """
    try:
        if not path.exists() and not path.is_symlink():
            return
        if not path.is_symlink():
            if not os.access(path, os.R_OK | os.W_OK):
                path.chmod(0o600)  # keys are often kept read-only
            with path.open("r+b") as file:
                left = path.stat().st_size
                while left > 0:
                    left -= file.write(bytes(min(left, _BLOCK)))
                file.flush()
                os.fsync(file.fileno())
        path.unlink()
        sync_folder(path.parent)
    except OSError as error:
        raise _storage(path, error) from None


def sync_folder(folder: Path) -> None:
    """Make renames and unlinks in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep_parts(folder: Path) -> None:
    """Erase what interrupted writes left."""
    if folder.is_dir():
        for part in folder.rglob(f"*{_PART}"):
            erase(part)


def _storage(path: Path, error: OSError) -> StorageError:
    return StorageError(error.strerror or "cannot be used", location=Location(file=str(path)))
