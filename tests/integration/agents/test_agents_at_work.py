"""A real room and two real agents: a whole migration from the demo's SQLite to evidence that the offline verifier accepts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agents_at_work import World, a_room
from ecluse.cli import main
from migrating import IN, OUT, expected_rows, holding, numbers
from tampering import Change, tampering


def _verify(world: World) -> None:
    """The room's own evidence, by the keys of one who binds each party, as the agreement in the desk lists them."""
    desk = world.desk
    world.seed("evidence", str(desk.path("evidence.zip")))
    text = json.loads(desk.path("agreement.json").read_text())
    signers = {s["id"]: s["key"] for side in ("controller", "processor") for s in text[side]["signers"]}
    trusted = "".join(f"{who} {signers[who]}\n" for who in ("dr.martin", "a.petit"))
    desk.path("trusted").write_text(trusted)
    desk.ecluse("evidence", "verify", "evidence.zip", "--trust", "trusted")


@contextmanager
def _lying(world: World, place: str, change: Change) -> Iterator[None]:
    """While the block runs, a place's agent calls a room that lies."""
    path = world.desk.path(f"at-{place}", "agent.json")
    honest = path.read_text()
    with tampering(world.url, change) as url:
        path.write_text(honest.replace(world.url, url))
        try:
            yield
        finally:
            path.write_text(path.read_text().replace(url, world.url))


def test_a_whole_migration_and_every_lie_on_the_way(tmp_path: Path) -> None:
    """One room, one order; at each step first a room that lies, then the honest one."""
    with a_room(tmp_path) as world:
        # An estimate before anybody signs: counts alone, and nothing is begun by it.
        world.seed("ask")
        world.source()
        told = world.seed("show")
        assert told["state"] is None
        assert set(told["seen"]) == {"agent-source", "agent-destination"}
        estimated = told["estimate"]
        assert estimated["agent"] == "agent-source"
        assert not world.desk.path("at-source", "orders").exists()

        world.seed("approve")
        _lies_before_the_plan(world)
        assert world.state() == "approved"
        assert not world.desk.path("at-source", "orders").exists()

        # It is not the destination's turn, whatever a room says.
        world.destination()
        with _lying(world, "destination", lambda work: work["tasks"][0]["states"].update(source="delivered")):
            assert world.destination(code=None).code not in {0, 70}
        assert world.state() == "approved"

        world.source()
        assert world.state() == "delivered"
        shown = world.seed("show")
        counts = shown["places"]["source"]["counts"]
        planned: dict[str, int] = {}
        for row in estimated["rows"]:
            planned[row["entity"]] = planned.get(row["entity"], 0) + row["rows"]
        assert sum(planned.values()) == counts["rows_sealed"]
        assert counts["sealed"] == counts["delivered"] == counts["batches"]

        # A signed stop holds, until a signed word lets it go on; no other word does.
        world.seed("instruct", "suspend")
        world.destination()
        assert world.state() == "suspended"
        world.seed("instruct", "resume")
        with _lying(world, "destination", _forge("instruction", "resume")):
            assert world.destination(code=14).err
        assert world.state() == "suspended"
        world.destination()
        assert world.state() == "reconciled"

        # Nothing is erased before the controller has decided, and nobody decides in the controller's stead.
        world.seed("decide")
        with _lying(world, "destination", _forge("acceptance", "accepted")):
            assert world.destination(code=14).err
        assert world.state() == "reconciled"
        world.destination()
        assert world.state() == "accepted", "the source is not erased yet"
        world.source()
        assert world.state() == "erased"
        _verify(world)
        assert numbers(world.desk.target_rows()) == numbers(expected_rows(world.desk.built))
        for marker in (IN, OUT):
            assert not holding(marker, world.home), "a patient's value is in the room"

        # A revoked agent's token is dead at once.
        assert world.call("GET", "agent/work", world.token("source"))[0] == 200
        world.seed("revoke", "agent-source")
        assert world.call("GET", "agent/work", world.token("source"))[0] == 401
        assert "does not know this token" in world.source(code=22).err


def _forge(kind: str, word: str) -> Change:
    """Signatures of papers of a kind that say a word, each with one line of it turned round."""

    def change(work: dict[str, Any]) -> None:
        for paper in (paper for task in work["tasks"] for paper in task["papers"]):
            if paper["kind"] == kind and word in paper["text"]:
                for signer, armour in paper["signatures"].items():
                    lines = armour.split("\n")
                    lines[2] = lines[2][::-1]
                    paper["signatures"][signer] = "\n".join(lines)

    return change


def _lies_before_the_plan(world: World) -> None:
    def more_fields(work: dict[str, Any]) -> None:
        order = json.loads(work["tasks"][0]["order"]["text"])
        order["scope"]["dates"]["from"] = "1990-01-01"
        work["tasks"][0]["order"]["text"] = json.dumps(order, separators=(",", ":"), sort_keys=True, ensure_ascii=False)

    def unsigned(work: dict[str, Any]) -> None:
        work["tasks"][0]["order"]["signatures"] = {}

    def signed_by_the_vendor(work: dict[str, Any]) -> None:
        work["tasks"][0]["order"]["signatures"] = {"a.petit": work["tasks"][0]["agreement"]["signatures"]["a.petit"]}

    def other_agreement(work: dict[str, Any]) -> None:
        text = work["tasks"][0]["agreement"]["text"]
        work["tasks"][0]["agreement"]["text"] = text.replace("DPA-2026-007", "DPA-2026-008")

    def agreement_unsigned(work: dict[str, Any]) -> None:
        work["tasks"][0]["agreement"]["signatures"].pop("dr.martin")

    for lie, code in (
        (more_fields, 14), (unsigned, 14), (signed_by_the_vendor, 14), (other_agreement, 14), (agreement_unsigned, 11),
        (lambda work: work["tasks"][0]["order"].update(text="{}"), 10),
        (lambda work: work["tasks"][0]["order"]["signatures"].update({"../../x": "y"}), 10),
        (lambda work: work.update(tasks=None), 10),
    ):  # fmt: skip
        with _lying(world, "source", lie):
            world.source(code=code)


def test_a_stop_that_the_room_withholds_comes_by_the_other_place(tmp_path: Path) -> None:
    """The source's agent hears of it through the mailbox, from the destination's, which heard the honest room."""
    with a_room(tmp_path) as world:
        world.seed("approve")
        world.source()
        world.seed("instruct", "suspend")
        world.destination()

        def withheld(work: dict[str, Any]) -> None:
            work["tasks"][0]["papers"] = []

        with _lying(world, "source", withheld):
            world.source()
        assert world.seed("show")["places"]["source"]["state"] == "suspended"
        world.seed("instruct", "abort")
        world.source()
        world.destination()
        assert world.state() == "erased"


def test_nothing_is_done_under_an_agreement_that_nobody_confirmed(tmp_path: Path) -> None:
    with a_room(tmp_path) as world:
        world.seed("approve")
        arguments = [
            each for each in world.arguments("source", "--once") if each not in {"--agreement", "agreement.json"}
        ]
        done = world.desk.spawn(*arguments, code=14)
        assert "is not one that this agent's owner has confirmed" in done.err
        assert not world.desk.path("at-source", "orders").exists()
        # Once confirmed, it is remembered.
        world.source()
        world.desk.spawn(*arguments)


@pytest.mark.parametrize(
    "url", ["http://ecluse.example", "ftp://localhost/", "https://u:p@localhost", "https://x/?a=b"]
)
def test_a_token_goes_over_nothing_but_tls(tmp_path: Path, url: str) -> None:
    key = tmp_path / "key"
    assert main(["key", "new", "signing", str(key), "--name", "agent"]) == 0
    assert main(["agent", "enrol", url, "code", "-w", str(tmp_path / "agent"), "--key", str(key)]) == 2
    assert not (tmp_path / "agent" / "agent.json").exists()
