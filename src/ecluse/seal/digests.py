"""SHA-256 digests as the artefacts write them: ``sha256:`` and 64 lower-case hexadecimal digits."""

import hashlib
from pathlib import Path

from ecluse.seal._files import reading

__all__ = ["sha256_digest", "sha256_file"]


def sha256_digest(data: bytes) -> str:
    """The digest of bytes in memory (any contiguous buffer)."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def sha256_file(path: Path) -> str:
    """The digest of a file, streamed: memory stays flat whatever its size.

    Raises:
        UsageError: there is no such file, or it may not be read.
        StorageError: the disk failed.
    """
    with reading(path) as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
