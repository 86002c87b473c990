"""A folder for what foreign programs write beside their work: in memory or on an encrypted disk (law 2)."""

import os
import stat
from pathlib import Path

from ecluse.domain.errors import UsageError

_SHARED = Path("/dev/shm")  # noqa: S108  (checked to be of memory, and the folder in it to be ours alone)
_OF_MEMORY = frozenset({"tmpfs", "ramfs"})
_MOUNTS, _DEVICES = Path("/proc/self/mountinfo"), Path("/sys/dev/block")


def private_folder(name: str, parent: str | None = None, *, enterable: bool = False) -> Path:
    """A folder of this account alone, made if it is not there, in memory (``/dev/shm``) or where ``parent`` says.

    ``enterable``: other accounts may go through it, to a folder of their own that they know by name.

    Raises:
        UsageError: the place is neither in memory nor on an encrypted disk, cannot be written, or others may enter it.
    """
    base = Path(parent) if parent else _SHARED
    if not is_sealed(base):
        raise UsageError(
            "there is no place to work in that is in memory or on an encrypted disk",
            hint="mount a tmpfs, or name a folder on one: ?scratch=/path in the source's URL",
        )
    folder = base / f"ecluse-{name}-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if enterable and found.st_uid == os.getuid() and stat.S_ISDIR(found.st_mode):
            folder.chmod(0o711)  # whatever the umask was
            found = folder.lstat()
    except OSError:
        found = None
    if found is None or not stat.S_ISDIR(found.st_mode):
        raise UsageError("the folder to work in cannot be made")
    allowed = stat.S_IRWXU | (stat.S_IXGRP | stat.S_IXOTH if enterable else 0)
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & ~allowed:
        raise UsageError("the folder to work in is not this account's alone", hint="remove it, or chmod 700")
    return folder


def is_sealed(folder: Path) -> bool:
    """Whether what is written there never reaches a disk in clear: a file system of memory, or one over dm-crypt."""
    try:
        device = folder.resolve(strict=True).stat().st_dev
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    number = f"{os.major(device)}:{os.minor(device)}"
    kinds = {line.partition(" - ")[2].split(" ")[0] for line in mounts if line.split(" ")[2:3] == [number]}
    return bool(kinds & _OF_MEMORY) or _encrypted(_DEVICES / number)


def _encrypted(device: Path) -> bool:
    """Over dm-crypt itself, or over devices that all are (LVM on LUKS)."""
    try:
        if (device / "dm" / "uuid").read_text(encoding="ascii").startswith("CRYPT-"):
            return True
        slaves = list((device / "slaves").iterdir())
    except (OSError, ValueError):
        return False
    return bool(slaves) and all(map(_encrypted, slaves))
