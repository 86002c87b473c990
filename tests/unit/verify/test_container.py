"""Hostile containers are refused before anything in them is believed."""

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from ecluse.verify import _container, verify_bundle
from ecluse.verify.report import FailedError
from evidence_tools import Genuine, first_failure, pack
from synthetic_evidence import NOW


def _zip(
    *names: str, method: int = zipfile.ZIP_STORED, mode: int = 0o100644, data: bytes = b"x", **info: object
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name in names:
            each = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            each.create_system, each.external_attr, each.compress_type = 3, mode << 16, method
            for key, value in info.items():
                setattr(each, key, value)
            archive.writestr(each, data)
    return buffer.getvalue()


def test_the_exporters_form_is_read() -> None:
    assert _container.parse(_zip("a", "b/c.txt")) == {"a": b"x", "b/c.txt": b"x"}
    assert _container.parse(_zip()) == {}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty file"),
        pytest.param(b"PK\x05\x06", id="short"),
        pytest.param(_zip("a") + b"x", id="appended"),
        pytest.param(b"#!/bin/sh\n" + _zip("a"), id="prepended"),
        pytest.param(_zip("a")[:-1], id="cut"),
        pytest.param(_zip("../a"), id="traversal"),
        pytest.param(_zip("a/../b"), id="traversal inside"),
        pytest.param(_zip("/etc/passwd"), id="absolute"),
        pytest.param(_zip("a\\b"), id="backslash"),
        pytest.param(_zip("C:a"), id="drive"),
        pytest.param(_zip("a//b"), id="empty part"),
        pytest.param(_zip(".hidden"), id="hidden"),
        pytest.param(_zip("a/"), id="folder"),
        pytest.param(_zip("a b"), id="space"),
        pytest.param(_zip("a\nb"), id="newline"),
        pytest.param(_zip("é"), id="not ascii"),
        pytest.param(_zip("a" * 301), id="long name"),
        pytest.param(_zip("aQ", "aR").replace(b"aR", b"aQ"), id="duplicate"),
        pytest.param(_zip("b", "a"), id="unsorted"),
        pytest.param(_zip("a", mode=stat.S_IFLNK | 0o777), id="symlink"),
        pytest.param(_zip("a", mode=stat.S_IFDIR | 0o755), id="directory"),
        pytest.param(_zip("a", mode=stat.S_IFCHR | 0o600), id="device"),
        pytest.param(_zip("a", method=zipfile.ZIP_DEFLATED, data=bytes(10_000_000)), id="bomb"),
        pytest.param(_zip("a", extra=b"\x01\x00\x00\x00"), id="extra field"),
        pytest.param(_zip("a", comment=b"hello"), id="member comment"),
        pytest.param(_zip("a", date_time=(2026, 1, 1, 0, 0, 0)), id="dated"),
    ],
)
def test_refused(data: bytes) -> None:
    with pytest.raises(FailedError):
        _container.parse(data)


def _ended(data: bytes, *, count: int = 0, offset: int = 0) -> bytes:
    """The end record's count and offset changed by so much."""
    fields = list(struct.unpack("<4s4H2LH", data[-22:]))
    fields[3], fields[4], fields[6] = fields[3] + count, fields[4] + count, fields[6] + offset
    return data[:-22] + struct.pack("<4s4H2LH", *fields)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(_ended(_zip("a"), count=1), id="one too many"),
        pytest.param(_ended(_zip("a", "b"), count=-1), id="one too few"),
        pytest.param(_ended(_zip("a"), offset=1), id="directory elsewhere"),
        pytest.param(_zip("a").replace(b"axPK", b"axxPK"), id="a byte between"),
        pytest.param(_ended(_zip("a").replace(b"axPK", b"axxPK"), offset=1), id="a byte between, accounted for"),
        pytest.param(_ended(_zip("a").replace(b"axPK", b"aPK"), offset=-1), id="a byte missing, accounted for"),
    ],
)
def test_directories_that_lie(data: bytes) -> None:
    with pytest.raises(FailedError):
        _container.parse(data)


def test_a_members_size_and_the_files_are_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_container, "MAX_MEMBER_BYTES", 3)
    assert _container.parse(_zip("a", data=b"xxx"))
    with pytest.raises(FailedError, match="too large"):
        _container.parse(_zip("a", data=b"xxxx"))
    huge = tmp_path / "huge.zip"
    with huge.open("wb") as file:
        file.truncate(_container.MAX_BYTES + 1)
    assert first_failure(verify_bundle(huge, trust=None, now=NOW)) == "container"


def test_every_truncation_is_refused(genuine: Genuine) -> None:
    data = genuine.bundles["planned"].read_bytes()
    for size in range(0, len(data), 97):
        with pytest.raises(FailedError):
            _container.parse(data[:size])


def test_accepted_bytes_are_the_only_ones() -> None:
    members = {"a": b"", "b/c": b"1", "b/d.txt": bytes(1000)}
    data = pack(members, manifest=False)
    assert _container.parse(data) == members
