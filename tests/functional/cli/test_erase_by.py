"""Past the erase-by date: said by every command that opens a place, and nothing moves; and the identity's end."""

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from ecluse.cli import _overdue
from ecluse.cli._app import Entry, Group
from ecluse.cli._commands import APP
from ecluse.workspace.place import Workspace
from functional.cli import lis
from functional.cli.world import Desk

BY = "2098-12-31"
DAY = dt.datetime(2098, 12, 31, 0, 0, tzinfo=dt.UTC)
LOUD = {"en": "WARNING: ", "fr": "ATTENTION : "}
WORDS = {"en": f"ERASE-BY DATE {BY} HAS COME", "fr": f"LA DATE D'EFFACEMENT {BY} EST VENUE"}

ONLY_LOOKS = {
    "status": "status w",
    "journal show": "journal show w",
    "journal verify": "journal verify w",
    "journal checkpoint": "journal checkpoint w/source",
    "journal cosign": "journal cosign w/source --key witness.key --memory witness",
    "evidence export": "evidence export w --out evidence.zip",
    "register export": "register export w --format csv --out register.csv",
    "plan": "plan -w w",
    "timeline": "timeline w",
}
MOVES = {
    "run": "run -w w",
    "resume": "resume -w w",
    "extract": "extract -w w",
    "deliver": "deliver -w w",
    "receive": "receive -w w",
    "load": "load -w w",
    "reconcile": "reconcile -w w",
    "compare": "compare -w w",
    "accept": "accept -w w --key director.key",
    "suspend": "suspend -w w --key director.key --reason late",
    "abort": "abort -w w --key director.key --reason late",
    "erase": "erase -w w",
}
NO_PLACE = {
    "agreement new", "agreement check", "agreement sign", "agreement show", "order new", "order check", "order sign",
    "order show", "order diff", "agreement export", "agreement diff", "order exclude-persons", "key new", "key show",
    "source scan", "profile check", "evidence verify", "help exit-codes", "source identities", "codes suggest",
    "codes confirm", "codes export", "codes check", "serve", "watch", "room verify", "agent enrol",
    "relay init", "relay trust", "relay untrust", "relay account add", "relay account revoke", "relay account list",
    "relay enrol", "relay serve", "relay status", "relay verify",
    "warn send", "warn follow", "warn read", "notify test", "rules check", "rules test", "trace", "affected", "inspect",
}  # fmt: skip
AGENT = {"agent run"}
"""Opens a place for a control room; what it does past the day is in tests/integration/agents."""


def late(monkeypatch: pytest.MonkeyPatch, at: dt.datetime = DAY) -> None:
    monkeypatch.setattr(Workspace, "now", lambda _place: at)
    monkeypatch.setattr(_overdue, "now", lambda: at)


def _leaves(group: Group, path: str = "") -> set[str]:
    found: set[str] = set()
    for name, entry in group.entries.items():
        found |= {f"{path}{name}"} if isinstance(entry, Entry) else _leaves(entry, f"{path}{name} ")
    return found


@pytest.fixture
def planned(desk: Desk) -> Desk:
    lis.prepared(desk, **{"retention.erase_by": BY})
    desk.run(f"{lis.PLAN} {lis.DESTINATION}")
    desk.run("key new witness witness.key")
    return desk


def test_no_command_that_opens_a_place_is_forgotten() -> None:
    """A new command is put into one of the three lists, or this fails."""
    assert not _leaves(APP) - ONLY_LOOKS.keys() - MOVES.keys() - NO_PLACE - AGENT


@pytest.mark.parametrize("lang", LOUD)
@pytest.mark.parametrize("line", ONLY_LOOKS.values(), ids=ONLY_LOOKS)
def test_who_only_looks_is_told_and_ends_as_ever(
    planned: Desk, monkeypatch: pytest.MonkeyPatch, line: str, lang: str
) -> None:
    late(monkeypatch, DAY - dt.timedelta(seconds=1))
    assert WORDS[lang] not in planned.run(f"{line} --lang {lang}").err
    _forget()
    late(monkeypatch)
    for more in ("", " --quiet", " --json"):
        said = planned.run(f"{line} --lang {lang}{more}")
        assert f"{LOUD[lang]}w/source" in said.err
        assert WORDS[lang] in said.err
        if more == " --json":
            said.json()
        _forget()


def _forget() -> None:
    """Let a command make its file again."""
    for made in ("evidence.zip", "register.csv"):
        Path(made).unlink(missing_ok=True)


@pytest.mark.parametrize("lang", LOUD)
@pytest.mark.parametrize("line", MOVES.values(), ids=MOVES)
def test_what_would_move_data_erases_instead(
    planned: Desk, monkeypatch: pytest.MonkeyPatch, line: str, lang: str
) -> None:
    for step in ("extract", "deliver", "receive"):
        planned.run(f"{step} -w w")
    late(monkeypatch)
    # Those that a person types to end it are done what they ask for; the others are refused.
    said = planned.run(f"{line} --lang {lang}", code=None)
    verb = line.partition(" ")[0]
    assert WORDS[lang] in said.err
    assert said.code == (0 if verb in {"abort", "erase", "suspend"} else 16), said
    assert lis.rows(planned, "demande") == 0
    if verb not in {"accept", "suspend"}:
        places = planned.run("status w --json").json()["places"]
        assert {place["state"] for place in places.values()} == {"erased"}
        assert not list(Path("w").rglob("*.age"))
    planned.run("extract -w w", code=16)
    assert not list(Path("w").rglob("*.age"))
    assert WORDS[lang] not in planned.run(f"status w --lang {lang}").err


@pytest.mark.parametrize("line", [MOVES[verb] for verb in ("run", "erase", "resume", "abort")])
def test_a_stray_paper_in_the_mailbox_keeps_nothing_alive(
    planned: Desk, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """Whoever can write there could else postpone the erasure for ever (law 7)."""
    for step in ("extract", "deliver", "receive"):
        planned.run(f"{step} -w w")
    stray = Path("w/mailbox/instruction.stray.json")
    stray.write_bytes(b"{")
    assert "instruction.stray.json" in planned.run("load -w w", code=10).err
    late(monkeypatch)
    said = planned.run(line, code=None)
    assert "instruction.stray.json" in said.err
    assert said.code == 10
    assert not list(Path("w").rglob("*.age"))
    places = planned.run("status w --json").json()["places"]
    assert {place["state"] for place in places.values()} == {"erased"}


def test_a_stray_paper_in_the_mailbox_keeps_nobody_from_stopping(planned: Desk) -> None:
    planned.run("extract -w w")
    stray = Path("w/mailbox/instruction.stray.json")
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"{")
    planned.run("suspend -w w --key director.key --reason why", code=10)
    assert planned.run("status w --json").json()["places"]["source"]["state"] == "suspended"


@pytest.mark.parametrize(("line", "state"), [("resume -w w --lift", "sealed"), ("abort -w w", "erased")])
def test_a_stray_paper_in_the_mailbox_keeps_the_director_from_nothing(planned: Desk, line: str, state: str) -> None:
    planned.run("extract -w w")
    planned.run("suspend -w w --key director.key --reason why")
    stray = Path("w/mailbox/instruction.stray.json")
    stray.write_bytes(b"{")
    said = planned.run(f"{line} --key director.key --reason why", code=10)
    assert "instruction.stray.json" in said.err
    after = planned.run("status w --json").json()["places"]["source"]["state"]
    assert after == state


def test_a_mailbox_that_is_not_mounted_is_not_taken_for_an_empty_one(planned: Desk) -> None:
    for step in ("extract", "deliver", "receive"):
        planned.run(f"{step} -w w")
    box, away = Path("w/mailbox"), Path("elsewhere")
    box.rename(away)
    box.mkdir()
    why = ["--reason", "given up"]
    said = planned.run(["abort", "-w", "w", "--key", "director.key", *why], code=20)
    assert "nothing is certified" in said.err
    assert not list(Path("w").rglob("*.age"))
    assert not Path("kalisil.key").exists()
    for left in box.iterdir():  # the instruction, given while the disk was away
        left.rename(away / left.name)
    assert "rien n'est certifié" in planned.run("erase -w w --lang fr", code=20).err
    shutil.rmtree(box)
    assert "nothing is certified" in planned.run("erase -w w", code=20).err
    shutil.rmtree(box)
    away.rename(box)
    planned.run("erase -w w")
    states = {name: place["state"] for name, place in planned.run("status w --json").json()["places"].items()}
    assert states == {"source": "erased", "destination": "erased"}


def test_a_mailbox_that_is_lost_is_told_in_the_certificate(planned: Desk) -> None:
    for step in ("extract", "deliver"):
        planned.run(f"{step} -w w")
    shutil.rmtree("w/mailbox")
    planned.run(["abort", "-w", "w", "--key", "director.key", "--reason", "given up"], code=20)
    made = planned.run(["erase", "-w", "w", "--mailbox-lost", "drive stolen, 3 March", "--json"]).json()
    trees = [each["tree"] for each in made["certificates"][0]["scanned"]]
    assert "mailbox (not looked at, stated to be lost: drive stolen, 3 March)" in trees
    planned.run("evidence export w --out evidence.zip")
    assert planned.verify()["authenticated"]


def test_an_identity_that_was_never_given(planned: Desk) -> None:
    for step in ("extract", "deliver", "receive"):
        planned.run(f"{step} -w w")
    config = Path("w/config.json")
    value = json.loads(config.read_bytes())
    value["destination"]["identity"] = None
    config.write_bytes(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())
    why = ["--reason", "given up"]
    refused = planned.run(["abort", "-w", "w", "--key", "director.key", *why], code=20)
    assert "nothing is certified" in refused.err
    assert "--identity-destroyed-elsewhere" in refused.err
    assert not list(Path("w").rglob("*.age"))
    assert planned.run("status w --json").json()["places"]["destination"]["state"] == "aborted"
    french = planned.run("erase -w w --lang fr", code=20).err
    assert "rien n'est certifié" in french
    how = "broken by S. Roux on 3 March"
    planned.run(["erase", "-w", "w", "--identity-destroyed-elsewhere", how])
    states = {name: place["state"] for name, place in planned.run("status w --json").json()["places"].items()}
    assert states == {"source": "erased", "destination": "erased"}
    planned.run("evidence export w --out evidence.zip")
    steps = {step["name"]: step["detail"] for step in planned.verify()["steps"]}
    assert f'identity NOT destroyed by the agent, only stated to be: "{how}"' in steps["erasure.destination"]
    assert Path("kalisil.key").exists()


def test_an_identity_of_somebody_else_is_not_destroyed(planned: Desk) -> None:
    planned.run("key new recipient other.key")
    for step in ("extract", "deliver", "receive"):
        planned.run(f"{step} -w w")
    before = Path("other.key").read_bytes()
    line = ["abort", "-w", "w", "--key", "director.key", "--reason", "given up", "--identity", "other.key"]
    assert "not the identity of the order's recipient" in planned.run(line, code=2).err
    assert Path("other.key").read_bytes() == before
    planned.run("erase -w w --identity kalisil.key")
    assert not Path("kalisil.key").exists()
