"""``ecluse rules check`` and ``ecluse rules test``."""

import json
from pathlib import Path

import pytest

import ecluse
from ecluse.cli import main
from ecluse.control.watch import packaged_rules

EVENTS = Path(__file__).parents[2] / "vectors" / "watch" / "2020-21.jsonl"
SHIPPED = {rule.name: rule.id for rule in packaged_rules()}


def test_a_folder_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    off = f"id: {SHIPPED['relay_anonymous']}\nstatus: off\necluse:\n  reason: A private network.\n"
    (tmp_path / "off.yml").write_text(off)
    assert main(["rules", "check", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "A private network." in out
    assert f"with those that ship {len(SHIPPED) - 1} rules" in out
    assert main(["rules", "check", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "rules": len(SHIPPED) - 1, "own": [],
        "off": [{"id": SHIPPED["relay_anonymous"], "reason": "A private network."}],
    }  # fmt: skip


@pytest.mark.parametrize("folder", [".", "e", "./r/.."])
def test_only_the_folder_s_rules_are_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    """However it is called: a shipped rule's file may hold the folder's name."""
    monkeypatch.chdir(tmp_path)
    for made in ("e", "r"):
        (tmp_path / made).mkdir()
    shipped = Path(ecluse.__file__).parent / "rules" / "relay_anonymous.yml"
    (tmp_path / folder / "mine.yml").write_bytes(shipped.read_bytes())
    assert main(["rules", "check", folder, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["own"] == [
        {"id": SHIPPED["relay_anonymous"], "name": "relay_anonymous", "replaces": True}
    ]


def test_a_wrong_rule_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yml").write_text("title: Mine\nstatus: secret-word\n")
    assert main(["rules", "check", str(tmp_path), "--lang", "fr"]) == 10
    err = capsys.readouterr().err
    assert f"{tmp_path / 'mine.yml'}:2: status: permis" in err
    assert "secret-word" not in err
    assert main(["rules", "check", str(tmp_path / "none")]) == 10
    assert "there is no such folder" in capsys.readouterr().err


def test_what_would_have_been_told_in_2020(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "test", str(tmp_path), str(EVENTS)]) == 0
    out = capsys.readouterr().out
    assert "2020-04-03" in out
    assert "relay_plaintext" in out
    assert main(["rules", "test", str(tmp_path), str(EVENTS), "--json", "--lang", "fr"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["events"] == len(EVENTS.read_bytes().splitlines())
    first = told["findings"][0]
    assert (first["name"], first["at"]) == ("clock_warning_unacknowledged", "2020-04-03T08:00:00Z")
    assert first["title"] == "Un signalement est resté sans accusé de réception"


@pytest.mark.parametrize("line", ["{", "[]", '{"at": "yesterday", "place": "room", "event": "x", "actor": "secret-word"}',
                                  '{"at": "2026-01-12T09:00:00", "place": "room", "event": "x", "actor": "y"}',
                                  '{"at": "2026-01-12T09:00:00Z", "place": "room", "event": "x"}',
                                  '{"at": "2026-01-12T09:00:00Z", "place": "room", "event": "x", "actor": "y", "detail": {"a": 1.5}}'])  # fmt: skip
def test_a_line_that_is_no_event_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(EVENTS.read_text().splitlines()[0] + "\n" + line + "\n")
    assert main(["rules", "test", str(tmp_path), str(path)]) == 10
    err = capsys.readouterr().err
    assert f"{path}:2" in err
    assert "secret-word" not in err


def test_what_a_terminal_would_obey_is_not_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps({"at": "2026-01-12T09:00:00Z", "place": "source/a", "event": "scope.violation", "actor": "a",
                                "subject": "\x1b]0;owned\x07"}) + "\n")  # fmt: skip
    assert main(["rules", "test", str(tmp_path), str(path)]) == 0
    out = capsys.readouterr().out
    assert "place_scope_violation" in out
    assert "\x1b" not in out
