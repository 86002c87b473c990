"""The security log's files: whole lines, their owner's alone, a file a day, kept as long as was said."""

import datetime as dt
import gzip
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.adapters.security_log import LogFolder
from ecluse.adapters.security_log.files import past
from ecluse.control.ocsf import SecurityEvent, security_event
from ecluse.control.supervision import LogFiles
from ecluse.domain.errors import StorageError
from ecluse.domain.observed import Observed

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


class Day:
    """A calendar that is turned by hand."""

    def __init__(self, today: dt.date = dt.date(2026, 11, 22)) -> None:
        self.today = today

    def __call__(self) -> dt.date:
        return self.today


def _event(number: int) -> SecurityEvent:
    return security_event(Observed(AT, "room", "person.joined", "léa", f"room/{number}"))


def _folder(path: Path, day: Day, *, months: int = 12, compress: bool = True) -> tuple[LogFolder, list[str]]:
    said: list[str] = []
    return LogFolder(LogFiles(path / "logs", months, compress), lambda name, _day: said.append(name), today=day), said


def _uids(path: Path) -> list[str]:
    opened: Callable[[Path], bytes] = lambda p: gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes()  # noqa: E731
    return [json.loads(line)["metadata"]["uid"] for line in opened(path).splitlines()]


def test_a_file_a_day_for_its_owner_alone(tmp_path: Path) -> None:
    day = Day()
    folder, _ = _folder(tmp_path, day)
    old = os.umask(0)
    try:
        folder.put([_event(0), _event(1)])
        folder.put([_event(2)])
        day.today += dt.timedelta(days=1)
        folder.put([_event(3)])
        folder.tidy()
    finally:
        os.umask(old)
    first, second = tmp_path / "logs/security-2026-11-22.jsonl.gz", tmp_path / "logs/security-2026-11-23.jsonl"
    assert sorted((tmp_path / "logs").iterdir()) == [first, second]
    assert (_uids(first), _uids(second)) == (["room/0", "room/1", "room/2"], ["room/3"])
    assert {stat.S_IMODE(each.stat().st_mode) for each in (first, second)} == {0o600}
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700


@pytest.mark.parametrize("torn", [b'{"cut', b"x" * 10_000, b'{"a":1}\n{"cut'])
def test_a_line_that_a_crash_cut_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    folder, _ = _folder(tmp_path, Day())
    folder.put([_event(0)])
    path = tmp_path / "logs/security-2026-11-22.jsonl"
    with path.open("ab") as file:
        file.write(torn)
    folder.put([_event(1)])
    lines = path.read_bytes().splitlines()
    assert len(lines) == 2 + torn.count(b"\n")
    assert all(json.loads(line) for line in lines)
    path.write_bytes(torn.rpartition(b"\n")[2])
    folder.put([_event(2)])
    assert _uids(path) == ["room/2"]


def test_what_is_past_its_time_is_said_then_erased(tmp_path: Path) -> None:
    day = Day(dt.date(2026, 1, 31))
    folder, said = _folder(tmp_path, day, months=6)
    folder.put([_event(0)])
    folder.tidy()
    day.today = dt.date(2026, 2, 1)
    folder.put([_event(1)])
    folder.tidy()
    day.today = dt.date(2026, 7, 31)
    folder.put([_event(2)])
    folder.tidy()
    assert not said, "six months and not a day less"
    day.today = dt.date(2026, 8, 1)
    folder.tidy()
    assert said == ["security-2026-01-31.jsonl.gz"]
    left = sorted(each.name for each in (tmp_path / "logs").iterdir())
    assert left == ["security-2026-02-01.jsonl.gz", "security-2026-07-31.jsonl.gz"]


def test_a_clock_that_leaps_erases_nothing_at_once(tmp_path: Path) -> None:
    day = Day()
    folder, said = _folder(tmp_path, day)
    folder.put([_event(0)])
    day.today = dt.date(2099, 1, 1)
    folder.put([_event(1)])
    folder.tidy()
    assert not said
    day.today = dt.date(2026, 11, 23)
    folder.put([_event(2)])
    folder.tidy()
    assert not said
    assert len(list((tmp_path / "logs").iterdir())) == 3
    day.today = dt.date(2099, 1, 2)
    folder.put([_event(3)])
    folder.tidy()
    assert len(said) == 2, "a day later nobody has set it right"


def test_nothing_is_erased_that_could_not_be_said(tmp_path: Path) -> None:
    day = Day(dt.date(2025, 1, 1))
    folder, _ = _folder(tmp_path, day)
    folder.put([_event(0)])

    def cannot(_name: str, _day: dt.date) -> None:
        raise StorageError("the journal cannot be written")

    day.today = dt.date(2026, 11, 21)
    folder.put([_event(1)])
    day.today = dt.date(2026, 11, 22)
    mute = LogFolder(LogFiles(tmp_path / "logs"), cannot, today=day)
    with pytest.raises(StorageError):
        mute.tidy()
    assert (tmp_path / "logs/security-2025-01-01.jsonl").exists()


def test_others_files_are_left_alone(tmp_path: Path) -> None:
    day = Day()
    folder, said = _folder(tmp_path, day)
    (tmp_path / "logs").mkdir()
    for name in ("notes.txt", "security-2001-01-01.txt", "security-2001-99-99.jsonl", "security-latest.jsonl"):
        (tmp_path / "logs" / name).write_text("mine")
    (tmp_path / "logs/security-2001-01-01.jsonl").symlink_to(tmp_path / "logs/notes.txt")
    folder.tidy()
    assert not said
    assert len(list((tmp_path / "logs").iterdir())) == 5


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    folder, _ = _folder(tmp_path, Day())
    (tmp_path / "logs").mkdir()
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "logs/security-2026-11-22.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError):
        folder.put([_event(0)])
    assert (tmp_path / "elsewhere").read_text() == ""


def test_a_clock_set_back_adds_to_what_was_compressed(tmp_path: Path) -> None:
    day = Day()
    folder, _ = _folder(tmp_path, day)
    folder.put([_event(0)])
    day.today += dt.timedelta(days=1)
    folder.tidy()
    day.today -= dt.timedelta(days=1)
    folder.put([_event(1)])
    day.today += dt.timedelta(days=2)
    folder.tidy()
    assert _uids(tmp_path / "logs/security-2026-11-22.jsonl.gz") == ["room/0", "room/1"]


def test_a_full_disk_is_said_and_leaves_whole_lines(tmp_path: Path) -> None:
    folder, _ = _folder(tmp_path, Day())
    folder.put([_event(0)])
    (tmp_path / "logs/security-2026-11-22.jsonl").unlink()
    (tmp_path / "logs/security-2026-11-22.jsonl").symlink_to("/dev/full")
    with pytest.raises(StorageError):
        folder.put([_event(1)])


def test_without_compression_files_stay_as_they_are(tmp_path: Path) -> None:
    day = Day()
    folder, _ = _folder(tmp_path, day, compress=False)
    folder.put([_event(0)])
    day.today += dt.timedelta(days=2)
    folder.tidy()
    assert [each.name for each in (tmp_path / "logs").iterdir()] == ["security-2026-11-22.jsonl"]


@given(day=st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)), months=st.integers(6, 12))
def test_months_are_the_calendar_s(day: dt.date, months: int) -> None:
    last = past(day, months)
    assert (last.year * 12 + last.month) - (day.year * 12 + day.month) == months
    assert last.day <= day.day
    assert last.day == day.day or (last + dt.timedelta(days=1)).day == 1
