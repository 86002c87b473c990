"""Digests in memory and streamed agree, with each other and with sha256sum's published values."""

from pathlib import Path

import pytest

from ecluse.domain.errors import UsageError
from ecluse.seal.digests import sha256_digest, sha256_file

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ABC = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4 example


def test_known_values(tmp_path: Path) -> None:
    for content, digest in ((b"", EMPTY), (b"abc", ABC)):
        (tmp_path / "f").write_bytes(content)
        assert sha256_digest(content) == sha256_file(tmp_path / "f") == digest
    assert sha256_digest(memoryview(b"abc")) == ABC  # type: ignore[arg-type]


def test_larger_than_any_buffer(tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    (tmp_path / "f").write_bytes(content)
    assert sha256_file(tmp_path / "f") == sha256_digest(content)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(UsageError):
            sha256_file(path)
