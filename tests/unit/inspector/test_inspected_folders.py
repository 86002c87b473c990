"""A folder inspected: what is told, in what order, and what is not."""

import bz2
import gzip
import io
import lzma
import os
import sqlite3
import tarfile
import zipfile
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from ecluse.domain.alerts import Severity
from ecluse.inspector import rules_data
from ecluse.inspector._gathering import MOST
from ecluse.inspector._look import look
from ecluse.inspector.findings import FOLDER, Finding, Limits, Standing, Sureness
from ecluse.inspector.folder import inspect_folder
from ecluse.inspector.kinds import Kind
from ecluse.inspector.rules import COUNTED, FACTS, RULES

PATIENTS = "NOM;PRENOM;DATE_NAISS\nDUPONT;Hélène;29/02/1968\nMARTIN;Paul;01/03/1971\n".encode()
NOW = 2_000_000_000.0
PERSONS = rules_data.PERSONS.id


def inspected(folder: Path, limits: Limits = FOLDER, **more: object) -> list[Finding]:
    return list(inspect_folder(folder, limits, lambda _: None, workers=1, **more))  # type: ignore[arg-type]


def told(folder: Path, limits: Limits = FOLDER, **more: object) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for each in inspected(folder, limits, **more):
        assert set(each.facts) <= set(FACTS)
        assert {name for name, _ in each.counts} <= set(COUNTED)
        assert each.rule in RULES
        made.setdefault(each.rule, []).append(each.place)
    return made


def write(path: Path, data: bytes = PATIENTS, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_every_kind_has_a_rule_and_words() -> None:
    assert set(rules_data.OF_KIND) == set(Kind) == set(rules_data.COUNTED_DATA)
    assert {rule.id for rule in rules_data.OF_KIND.values()} <= set(RULES)


def test_one_file_is_named_and_several_are_counted_at_their_folder(tmp_path: Path) -> None:
    write(tmp_path / "a" / "one.csv")
    for name in ("x", "y", "z"):
        write(tmp_path / "b" / f"{name}.csv")
    found = {each.place: each for each in inspected(tmp_path) if each.rule == PERSONS}
    assert set(found) == {"a/one.csv", "b"}
    assert found["b"].counts == (("files", 3), ("persons", 6))
    assert found["b"].sureness is Sureness.CERTAIN
    assert list(found.values()) == sorted(found.values(), key=lambda each: each.rank)


def test_no_value_is_told(tmp_path: Path) -> None:
    write(tmp_path / "DUPONT 268022912345678.csv")
    assert not [each for each in inspected(tmp_path) if "268022912345678" in repr(each) or "Hélène" in repr(each)]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.bz2", "a.csv.xz", "a.zip", "a.tar", "a.tgz", "deep.zip"])
def test_archives_are_looked_into(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, packed(name))
    assert told(tmp_path)[PERSONS] == [name]


def packed(name: str) -> bytes:
    inner = tar("x/p.csv", PATIENTS)
    return {
        "a.csv.gz": gzip.compress(PATIENTS[:40]) + gzip.compress(PATIENTS[40:]),
        "a.csv.bz2": bz2.compress(PATIENTS),
        "a.csv.xz": lzma.compress(PATIENTS),
        "a.zip": zipped("p.csv", PATIENTS),
        "a.tar": inner,
        "a.tgz": gzip.compress(inner),
        "deep.zip": zipped("in.tgz", gzip.compress(inner)),
    }[name]


def tar(name: str, data: bytes) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as made:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        made.addfile(tarfile.TarInfo("first"))
        made.addfile(info, io.BytesIO(data))
    return held.getvalue()


def zipped(name: str, data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, data)
    return held.getvalue()


def test_a_sqlite_file_is_read_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "lis.db"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE p (nom text, prenom text, ddn text)")
        made.execute("INSERT INTO p VALUES ('DUPONT', 'Anne', '1968-02-29')")
    before = path.read_bytes(), path.stat().st_mtime_ns
    assert told(tmp_path)[PERSONS] == ["lis.db"]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [each.name for each in tmp_path.iterdir()] == ["lis.db"]


def test_rights_age_twins_and_retention(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    path = write(tmp_path / "out" / "p.csv", mode=0o644)
    path.parent.chmod(0o755)
    write(tmp_path / "out" / "p.csv.age", b"age-encryption.org/v1\n")
    os.utime(path, (NOW - 40 * 86_400,) * 2)
    found = told(tmp_path, now=NOW)
    for rule in (rules_data.READABLE_BY_ALL, rules_data.PAST_USE, rules_data.BESIDE_ARCHIVE):
        assert found[rule.id] == ["out/p.csv"]
    assert found[rules_data.NO_RETENTION.id] == ["."]
    path.chmod(0o640)
    (tmp_path / "CONSERVATION.txt").write_text("jusqu'au 1er mars\n", encoding="utf-8")
    (tmp_path / "out" / "p.csv.age").unlink()
    assert set(told(tmp_path, replace(FOLDER, older_than=60), now=NOW)) == {PERSONS}


def test_rights_do_not_matter_behind_a_closed_folder(tmp_path: Path) -> None:
    write(tmp_path / "in" / "p.csv", mode=0o644).parent.chmod(0o700)
    assert rules_data.READABLE_BY_ALL.id not in told(tmp_path)


def test_aged_files_where_files_pass_through_are_told_unread(tmp_path: Path) -> None:
    path = write(tmp_path / "Echanges" / "x.zip", zipped("a", b"rien"))
    other = write(tmp_path / "src" / "x.zip", zipped("a", b"rien"))
    for each in (path, other):
        os.utime(each, (NOW - 40 * 86_400,) * 2)
    [found] = inspected(tmp_path, now=NOW)
    assert (found.rule, found.place) == (rules_data.PAST_USE.id, "Echanges/x.zip")
    assert (found.sureness, found.severity) == (Sureness.POSSIBLE, Severity.LOW)


@pytest.mark.parametrize(("name", "data", "fact"), [
    ("a.dump", b"PGDMP\1\x0e\0" + bytes(90), "pg_dump"),
    ("a.sql", b"--\n-- PostgreSQL database dump\n--\n", "pg_dump"),
    ("a.sql.gz", gzip.compress(b"-- MariaDB dump 10.19\n"), "mysqldump"),
    ("a.bak", b"TAPE\0\0\3\0" + bytes(90), "mssql-backup"),
    ("a.fbk", b"\0\1\2gbak" + bytes(90), "gbak"),
    ("a.mdb", b"\0\1\0\0Standard Jet DB\0" + bytes(90), "access"),
])  # fmt: skip
def test_backups_in_the_clear(tmp_path: Path, name: str, data: bytes, fact: str) -> None:
    write(tmp_path / name, data)
    [found] = [each for each in inspected(tmp_path) if each.rule == rules_data.BACKUP.id]
    assert fact in found.facts
    (tmp_path / name).write_bytes(b"age-encryption.org/v1\n" + data)
    assert not inspected(tmp_path)


def test_a_key_of_its_owner_alone_is_in_its_place(tmp_path: Path) -> None:
    key = b"-----BEGIN PRIVATE KEY-----\n" + b"MIIEpAIBAAKCAQEA" * 4 + b"\n"
    path = write(tmp_path / "host.key", key)
    assert not inspected(tmp_path)
    path.chmod(0o640)
    tmp_path.chmod(0o755)
    assert set(told(tmp_path)) == {rules_data.PRIVATE_KEY.id}


def test_logs_missing_stopped_and_never_turned_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ftp" / "logs").mkdir(parents=True)
    assert told(tmp_path) == {rules_data.LOGS_EMPTY.id: ["ftp/logs"]}
    path = write(tmp_path / "ftp" / "logs" / "vsftpd.log", b"connect\n" * 200)
    write(tmp_path / "ftp" / "new.bin", b"x")
    assert not inspected(tmp_path)
    os.utime(path, (NOW - 40 * 86_400,) * 2)
    os.utime(tmp_path / "ftp" / "new.bin", (NOW, NOW))
    assert told(tmp_path, now=NOW) == {rules_data.LOGS_STALE.id: ["ftp/logs"]}
    os.utime(path, (NOW, NOW))
    monkeypatch.setattr("ecluse.inspector._gathering._LARGE_LOG", 1000)
    assert told(tmp_path, now=NOW) == {rules_data.LOGS_UNROTATED.id: ["ftp/logs"]}
    write(tmp_path / "ftp" / "logs" / "vsftpd.log.1", b"")
    assert not inspected(tmp_path, now=NOW)


def test_logs_that_nobody_reads(tmp_path: Path) -> None:
    """A month of lines, no file read after its last one; a program that follows them reads each to its end."""
    logs, day = tmp_path / "ftp" / "logs", 86_400
    paths = [write(logs / name, b"connect\n" * 9) for name in ("vsftpd.log", "vsftpd.log.1", "vsftpd.log.2")]
    for age, path in enumerate(paths):  # made, then written to for two weeks
        os.utime(path, (NOW - (age + 1) * 14 * day, NOW - age * 14 * day))
    assert told(tmp_path, now=NOW) == {rules_data.LOGS_UNREAD.id: ["ftp/logs"]}
    assert told(tmp_path, now=NOW) == {rules_data.LOGS_UNREAD.id: ["ftp/logs"]}, "our own look is nobody's reading"
    os.utime(paths[2], (NOW - 20 * day, NOW - 28 * day))
    assert not inspected(tmp_path, now=NOW)
    paths[2].unlink()
    assert not inspected(tmp_path, now=NOW), "not yet a month"


def test_a_file_system_that_keeps_no_times_of_reading_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "logs" / "vsftpd.log", b"connect\n")
    os.utime(path, (NOW - 90 * 86_400, NOW))
    assert told(tmp_path, now=NOW) == {rules_data.LOGS_UNREAD.id: ["logs"]}
    monkeypatch.setattr("os.fstatvfs", lambda _number: SimpleNamespace(f_flag=os.ST_NOATIME))
    assert not inspected(tmp_path, now=NOW)


def test_so_many_places_and_no_more(tmp_path: Path) -> None:
    for number in range(MOST + 20):
        write(tmp_path / f"{number:04}" / "p.csv")
    found = [each for each in inspected(tmp_path) if each.rule == PERSONS]
    assert len(found) == MOST + 1
    assert sum(dict(each.counts)["files"] for each in found) == MOST + 20


@pytest.mark.parametrize(("limits", "fact"), [
    (replace(FOLDER, files=1), "limit-files"), (replace(FOLDER, bytes_all=10), "limit-bytes"),
    (replace(FOLDER, seconds=-1.0), "limit-time"),
])  # fmt: skip
def test_what_a_limit_cuts_off_is_said(tmp_path: Path, limits: Limits, fact: str) -> None:
    for name in ("a", "b", "c"):
        write(tmp_path / name / "p.csv")
    unseen = [each for each in inspected(tmp_path, limits) if each.standing is Standing.UNSEEN]
    assert fact in {one for each in unseen for one in each.facts}


def test_one_file_can_be_the_target(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv")
    assert told(path)[PERSONS] == ["p.csv"]


def test_several_processes_see_what_one_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(70):
        write(tmp_path / f"{number % 7}" / f"{number}.csv")
    alone = inspected(tmp_path)
    monkeypatch.setattr("ecluse.inspector.folder._ALONE", 1)
    assert list(inspect_folder(tmp_path, FOLDER, lambda _: None, workers=2)) == alone


def test_a_file_is_left_when_time_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()
    monkeypatch.setattr("ecluse.inspector._look.time.monotonic", lambda: next(ticks))
    path = write(tmp_path / "p.csv", PATIENTS)
    os.truncate(path, 30 << 20)
    seen = look(path, FOLDER, 10.0)
    assert seen.unseen == ("limit-time",)
    assert 9 << 20 <= seen.size <= 13 << 20
    assert seen.found, "what stood before is told"


def test_a_file_is_left_at_its_limit_of_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", PATIENTS)
    os.truncate(path, 30 << 20)
    seen = look(path, replace(FOLDER, bytes_each=1 << 22), float("inf"))
    assert seen.unseen == ("limit-bytes",)
    assert seen.size <= (1 << 22) + (1 << 20)
    assert seen.found
