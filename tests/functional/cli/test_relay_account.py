"""``ecluse relay account add``: whose an account is never changes."""

import json
from pathlib import Path

import pytest

from functional.cli.world import Desk

NEW = "relay account add agent-source --kind agent --owner ing.dupont --until 2099-12-31 --token --home relay --by adm.roux"
MORE = "relay account add agent-source --token --home relay --by adm.roux"


@pytest.fixture
def account(desk: Desk) -> Path:
    desk.run("relay init --home relay --name relay-1 --by adm.roux --network 127.0.0.0/8")
    desk.run(NEW)
    return Path("relay/accounts/agent-source.json")


def journal() -> list[bytes]:
    return [path.read_bytes() for path in sorted(Path("relay/journal").rglob("*")) if path.is_file()]


@pytest.mark.parametrize(
    ("options", "field"),
    [("--kind person", "--kind"), ("--owner dr.martin", "--owner"), ("--agent agent-other", "--agent")],
)
@pytest.mark.parametrize(("language", "words"), [("en", "has another"), ("fr", "en a un autre")])
def test_what_contradicts_an_account_is_refused_and_nothing_is_done(
    desk: Desk, account: Path, options: str, field: str, language: str, words: str
) -> None:
    kept, told = account.read_bytes(), journal()
    refused = desk.run(f"{MORE} {options} --lang {language}", code=2)
    assert field in refused.err
    assert words in refused.err
    assert account.read_bytes() == kept
    assert journal() == told


def test_what_says_the_same_or_nothing_is_taken(desk: Desk, account: Path) -> None:
    tokens = desk.run(f"{MORE} --kind agent --owner ing.dupont --agent agent-source --json").json()["token"]
    assert tokens
    assert account.read_bytes().count(b"ing.dupont") == 1
    desk.run(MORE)
    kept = json.loads(account.read_bytes())
    assert (kept["kind"], kept["owner"], kept["agent"], len(kept["tokens"])) == ("agent", "ing.dupont", "agent-source", 3)
