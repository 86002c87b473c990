"""The record of a sealed list, whatever the key that it was sealed to."""

import datetime as dt
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ecluse.cli.affected import _Found
from ecluse.domain.affected import Affected, AffectedList, Range
from ecluse.seal.signing import fingerprint
from ecluse.wire.artefacts import decode, encode

DIGEST = "sha256:" + "0" * 64
RECORD = Affected(
    format="ecluse.affected/1", order=DIGEST, agreement=DIGEST, profile=DIGEST, counted_at=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
    fewer_than=5, persons=Range(7, 7), practitioners=None, cells=(),
)  # fmt: skip


@pytest.mark.parametrize("kind", [("-t", "rsa", "-b", "4096"), ("-t", "ed25519")])
def test_the_record_reads_back_whatever_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: tuple[str, ...]
) -> None:
    subprocess.run(["ssh-keygen", "-q", *kind, "-N", "", "-f", tmp_path / "key"], check=True)
    line = (tmp_path / "key.pub").read_text(encoding="ascii").strip()
    monkeypatch.setattr("ecluse.cli.affected.pieces", lambda *_: iter([b"number\r\n"]))
    made = sealed_to(tmp_path, line)
    assert made.recipient == fingerprint(line)
    record = replace(RECORD, sealed_list=made)
    assert decode(Affected, encode(record)) == record
    opened = subprocess.run(["age", "-d", "-i", tmp_path / "key", tmp_path / "list.age"], capture_output=True, check=True)
    assert opened.stdout == b"number\r\n"


def sealed_to(folder: Path, line: str) -> AffectedList:
    """What is said of a list that is sealed to this key."""
    nobody = type("Nobody", (), {"everybody": lambda _: ()})()
    return _Found(None, nobody, None, None).seal(folder / "list.age", line)  # type: ignore[arg-type] - no row is read
