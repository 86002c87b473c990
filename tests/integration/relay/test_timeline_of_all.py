"""A migration's places, a relay that was killed, and a system's log as one timeline: shown, written, signed, attacked."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ecluse.cli import main
from migrating import holding
from relay_process import Running
from relays import SOURCE, Sent


def ecluse(capsys: pytest.CaptureFixture[str], *command: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main(list(command)) == code, capsys.readouterr().err
    return capsys.readouterr().out


def read(capsys: pytest.CaptureFixture[str], *command: str) -> dict[str, list[dict[str, Any]]]:
    made: dict[str, list[dict[str, Any]]] = json.loads(ecluse(capsys, "timeline", *command, "--json"))
    return made


@pytest.fixture
def places(fresh: Sent) -> Path:
    return fresh.migration.path("migration")


def missing(made: dict[str, list[dict[str, Any]]], record: str) -> list[object]:
    return [gap["missing"] for gap in made["gaps"] if gap["record"] == record]


def test_a_relay_that_was_killed_shows_as_a_gap(fresh: Sent, places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = Running(fresh.home)
    assert first.sftp(fresh.private_key(SOURCE), SOURCE, "ls /").returncode == 0
    first.kill()
    with Running(fresh.home) as second:
        assert second.sftp(fresh.private_key(SOURCE), SOURCE, "ls /").returncode == 0
    made = read(capsys, str(places), str(fresh.home.root))
    assert [each["name"] for each in made["records"]] == ["source", "relay"]
    assert missing(made, "relay") == ["unwitnessed", "died"]
    assert [each["at"] for each in made["moments"]] == sorted(str(each["at"]) for each in made["moments"])
    entered = [each for each in made["moments"] if each["event"] == "access.entered"]
    assert {(each["actor"], each["origin"]) for each in entered} == {(SOURCE, "127.0.0.1")}
    used = {str(each["detail"]["key"]) for each in entered}
    assert used == {key["key"] for key in made["keys"] if key["holder"] == "agent-source (ing.dupont)"}
    uses = {(key["holder"], key["use"]) for key in made["keys"]}
    assert {("agent-source (ing.dupont)", "enters"), ("agent-source", "digests"),
            ("dr.martin", "signs"), ("relay", "vouches")} <= uses  # fmt: skip


def test_what_is_written_and_signed_checks_with_openssh(
    fresh: Sent, places: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, out = fresh.private_key(SOURCE), tmp_path / "timeline.json"
    ecluse(capsys, "timeline", str(places), str(fresh.home.root), "--out", str(out), "--key", str(key))
    (tmp_path / "signers").write_text(f"me {key.with_name(f'{key.name}.pub').read_text()}")
    check = ["ssh-keygen", "-Y", "verify", "-f", tmp_path / "signers", "-I", "me", "-n", "ecluse.timeline",
             "-s", f"{out}.sig"]  # fmt: skip
    with out.open("rb") as data:
        assert subprocess.run(check, stdin=data, check=False).returncode == 0
    changed = out.read_bytes().replace(b"extraction.started", b"extraction.sealed!")
    assert subprocess.run(check, input=changed, check=False).returncode != 0
    ecluse(capsys, "timeline", str(places), "--out", str(out), code=2)  # never over another
    for form, language in (("html", "fr"), ("html", "en"), ("docx", "fr")):
        page = tmp_path / f"timeline.{language}.{form}"
        ecluse(capsys, "timeline", str(places), "--out", str(page), "--format", form, "--language", language)
        assert page.stat().st_size > 1000
    french = (tmp_path / "timeline.fr.html").read_text("utf-8")
    assert "Lacunes dans les preuves" in french
    assert "extraction commencée" in french


def test_a_journal_that_was_changed_is_a_gap_and_the_rest_is_told(
    fresh: Sent, places: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = next(path for path in sorted((fresh.home.root / "journal").rglob("*")) if "entries" in path.parts and path.is_file())
    data = bytearray(entries.read_bytes())
    data[len(data) // 2] ^= 1
    entries.chmod(0o600)
    entries.write_bytes(data)
    made = read(capsys, str(places), str(fresh.home.root))
    assert missing(made, "relay") == ["unreadable"]
    assert {each["record"] for each in made["moments"]} == {"source"}


def test_a_relay_s_account_or_key_that_is_gone_is_a_gap(
    fresh: Sent, places: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    account = next((fresh.home.root / "accounts").glob("*.json"))
    account.chmod(0o600)
    account.write_bytes(b"{")
    made = read(capsys, str(places), str(fresh.home.root))
    assert "paper" in missing(made, "relay")
    assert {each["record"] for each in made["moments"]} == {"source", "relay"}
    fresh.home.log_key.unlink()
    made = read(capsys, str(places), str(fresh.home.root))
    assert missing(made, "relay") == ["unreadable"]
    assert {each["record"] for each in made["moments"]} == {"source"}


def test_a_key_that_no_entry_bound_is_a_gap_and_what_was_bound_stays_told(
    fresh: Sent, places: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read(capsys, str(places), str(fresh.home.root))
    assert "paper" not in missing(before, "relay")
    account = fresh.home.accounts / f"{SOURCE}.json"
    account.chmod(0o600)
    account.write_text(account.read_text().replace('"tokens":[]', f'"tokens":["{"5" * 64}"]'))
    after = read(capsys, str(places), str(fresh.home.root))
    assert "paper" in missing(after, "relay")
    assert "5" * 64 not in json.dumps(after["keys"])
    assert after["keys"] == before["keys"]


def test_one_end_alone_and_a_paper_gone(fresh: Sent, places: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(places / "source", copy)
    assert "one_end" in missing(read(capsys, str(copy)), "copy")
    next((copy / "artefacts" / "agreement").glob("*.json")).unlink()
    made = read(capsys, str(copy))
    assert "paper" in missing(made, "copy")
    assert made["moments"]


def test_a_system_s_log_beside(fresh: Sent, places: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "siem.jsonl"
    log.write_text('{"time": 1763000000000, "class_uid": 3002, "activity_name": "Logon", "user": {"name": "ftp"}}\n')
    shown = ecluse(capsys, "timeline", str(places), "--log", str(log), "--until", "2025-11-30")
    assert "Logon" in shown
    assert "no key vouches" in re.sub(r"\s+", " ", shown)
    log.write_text('{"time": 1763000000000}\n')
    ecluse(capsys, "timeline", "--log", str(log), code=10)


def test_what_cannot_be_asked(fresh: Sent, places: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ecluse(capsys, "timeline", code=2)
    ecluse(capsys, "timeline", str(tmp_path), code=2)
    ecluse(capsys, "timeline", str(places), str(places), code=2)
    ecluse(capsys, "timeline", str(places), "--from", "2026-02-01", "--until", "2026-01-01", code=2)
    ecluse(capsys, "timeline", str(places), "--key", "k", code=2)
    assert holding(b"DURAND", tmp_path) == []
