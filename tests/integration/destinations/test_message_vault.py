"""Rows put aside on a disk that fills up: what did not arrive has used its nonce up."""

import os
from pathlib import Path

import pyarrow as pa
import pytest

from ecluse.adapters.destinations._message_spool import Vault
from ecluse.domain.errors import StorageError


def test_no_two_tables_are_ever_sealed_under_one_nonce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault, places, write = Vault(tmp_path), list[int](), os.pwrite
    full = iter([True, True])

    def pwrite(file: int, data: bytes, place: int) -> int:
        places.append(place)
        if next(full, False):
            return write(file, data[:10], place)
        return write(file, data, place)

    monkeypatch.setattr(os, "pwrite", pwrite)
    rows = pa.table({"name": ["Durand"]})
    for _ in range(2):
        with pytest.raises(StorageError, match="disk full"):
            vault.put(rows)
    assert vault.get(*vault.put(rows)).equals(rows)
    assert len(set(places)) == len(places) == 3
    vault.close()
