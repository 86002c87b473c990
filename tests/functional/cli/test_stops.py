"""Stopping a migration by hand: who may, at which place, what then refuses, and what is left."""

import json
import shutil
from pathlib import Path

import pytest

from functional.cli import lis
from functional.cli.world import Desk, Result

BOX = "--mailbox exchange"
WHY = ["--reason", "restored from a backup"]


def stop(desk: Desk, what: str, where: str, key: str, *more: str, code: int = 0) -> Result:
    return desk.run([what, "-w", where, "--key", f"{key}.key", *WHY, *more], code=code)


def states(desk: Desk, where: str = "w") -> dict[str, str]:
    places = desk.run(f"status {where} --json").json()["places"]
    return {name: place["state"] for name, place in places.items()}


def parcels(where: str = ".") -> list[Path]:
    return list(Path(where).rglob("*.age"))


def verified(desk: Desk, where: str = "w") -> None:
    Path("evidence.zip").unlink(missing_ok=True)
    desk.run(f"evidence export {where} --out evidence.zip")
    assert desk.verify()["authenticated"]


@pytest.fixture
def planned(desk: Desk) -> Desk:
    lis.prepared(desk)
    desk.run(f"{lis.PLAN} {lis.DESTINATION}")
    return desk


@pytest.fixture
def two(desk: Desk) -> Desk:
    """Two machines and a folder between, planned at the source."""
    lis.prepared(desk)
    desk.run(f"plan -w here --agreement agreement.json --order order.json {lis.SOURCE} {BOX}")
    return desk


RECEIVE = f"receive -w there --agreement agreement.json {BOX} {lis.DESTINATION}"


def test_a_suspended_migration_moves_nothing_until_the_director_says_so(planned: Desk) -> None:
    planned.run("extract -w w")
    said = stop(planned, "suspend", "w", "source_agent")
    assert "suspended by agent-source (source)" in said.out
    assert states(planned) == {"source": "suspended"}
    before = planned.run("journal show w --json").json()
    for line in ("extract -w w", "deliver -w w", "run -w w"):
        assert "suspended" in planned.run(line, code=16).err
    refused = planned.run("resume -w w", code=14)
    assert "suspended by agent-source: only the controller's director resumes it" in refused.err
    for key in ("management", "source_agent"):
        stop(planned, "resume", "w", key, code=12)
    planned.run("resume -w w --key director.key", code=2)
    assert planned.run("journal show w --json").json() == before
    told = stop(planned, "resume", "w", "director", "--accept-key", "director.key")
    assert "resumed: source" in told.out
    assert states(planned) == {"source": "erased", "destination": "erased"}
    verified(planned)


def test_stopped_twice_it_is_resumed_once(planned: Desk) -> None:
    for key in ("source_agent", "director"):
        stop(planned, "suspend", "w", key)
    stop(planned, "resume", "w", "director", "--lift")
    assert states(planned) == {"source": "planned"}
    verified(planned)


def test_the_reason_and_the_person_are_in_the_journal(planned: Desk) -> None:
    given = stop(planned, "suspend", "w", "management", "--json").json()["instruction"]
    assert (given["action"], given["signatory"], given["reason"]) == ("suspend", "p.legoff", WHY[1])
    entry = planned.run("journal show w --json").json()["source"][-1]
    assert (entry["event"], entry["detail"]) == ("migration.suspended", {"by": "p.legoff"})
    kept = Path("w/source/artefacts/instruction") / f"{entry['subject'].removeprefix('sha256:')}.json"
    assert json.loads(kept.read_text(encoding="utf-8")) == given


@pytest.mark.parametrize("until", [(), ("extract",), ("extract", "deliver"), ("extract", "deliver", "receive"),
                                   ("extract", "deliver", "receive", "load")])  # fmt: skip
def test_an_aborted_migration_is_erased_and_never_goes_on(planned: Desk, until: tuple[str, ...]) -> None:
    for step in until:
        planned.run(f"{step} -w w")
    rows = lis.rows(planned, "demande")
    said = stop(planned, "abort", "w", "director")
    assert "aborted by dr.martin" in said.out
    assert ("rows were published" in said.err) == ("load" in until)
    places = {"source", "destination"} if "receive" in until else {"source"}
    assert states(planned) == dict.fromkeys(places, "erased")
    assert not parcels()
    assert Path("kalisil.key").exists() == ("destination" not in places)
    for line in ("extract -w w", "deliver -w w", "load -w w", "accept -w w --key director.key"):
        refused = planned.run(line, code=None)
        assert refused.code in ({2, 16} if "destination" not in places else {16}), (line, refused)
    for what in ("suspend", "abort"):
        stop(planned, what, "w", "director", code=16)
    planned.run("resume -w w")
    assert states(planned) == dict.fromkeys(places, "erased")
    assert lis.rows(planned, "demande") == rows
    assert not parcels()
    verified(planned)
    certificates = [json.loads(path.read_bytes()) for path in Path("w").rglob("artefacts/erasure/*.json")]
    assert {each["reason"] for each in certificates} == {"aborted"}


@pytest.mark.parametrize("key", ["management", "source_agent", "destination_agent"])
def test_only_the_director_aborts(planned: Desk, key: str) -> None:
    planned.run("extract -w w")
    before = planned.run("journal show w --json").json()
    assert "may not instruct to abort" in stop(planned, "abort", "w", key, code=12).err
    assert planned.run("journal show w --json").json() == before
    assert parcels()


def test_a_stranger_stops_nothing(planned: Desk) -> None:
    planned.key("stranger")
    for what in ("suspend", "abort"):
        assert "lists no signer with this key" in stop(planned, what, "w", "stranger", code=14).err
    assert states(planned) == {"source": "planned"}


def test_suspended_at_the_source_stops_the_destination_before_anything_is_taken(two: Desk) -> None:
    two.run("extract -w here")
    two.run("deliver -w here")
    stop(two, "suspend", "here", "source_agent")
    assert "nothing moves in a migration that is suspended" in two.run(RECEIVE, code=16).err
    assert not parcels("there")
    assert states(two, "there") == {"destination": "suspended"}
    two.run("load -w there", code=16)
    stop(two, "resume", "here", "director", "--lift")
    two.run(RECEIVE)
    two.run("load -w there")
    two.run("reconcile -w there")
    two.run("accept -w there --key director.key")
    two.run("accept -w here")
    Path("both").mkdir()
    shutil.copytree("here/source", "both/source")
    shutil.copytree("there/destination", "both/destination")
    verified(two, "both")


def test_suspended_at_the_destination_between_load_and_reconciliation(two: Desk) -> None:
    two.run("extract -w here")
    two.run("deliver -w here")
    two.run(RECEIVE)
    two.run("load -w there")
    stop(two, "suspend", "there", "destination_agent")
    assert "suspended" in two.run("reconcile -w there", code=16).err
    assert "suspended" in two.run("accept -w there --key director.key", code=16).err
    two.run("run -w here", code=16)
    assert states(two, "here") == {"source": "suspended"}
    stop(two, "resume", "there", "director", "--accept-key", "director.key")
    assert states(two, "there") == {"destination": "erased"}


@pytest.mark.parametrize("where", ["here", "there"])
def test_aborted_at_one_place_is_aborted_and_erased_at_the_other(two: Desk, where: str) -> None:
    two.run("extract -w here")
    two.run("deliver -w here")
    two.run(RECEIVE)
    stop(two, "abort", where, "director")
    mine, other = ("source", "destination") if where == "here" else ("destination", "source")
    elsewhere = {"here": "there", "there": "here"}[where]
    assert states(two, where) == {mine: "erased"}
    step = {"there": "load -w there", "here": "extract -w here"}[elsewhere]
    refused = two.run(step, code=16)
    assert "aborted by dr.martin" in refused.out
    assert states(two, elsewhere) == {other: "erased"}
    assert not parcels()
    assert lis.rows(two, "demande") == 0
    Path("both").mkdir()
    shutil.copytree("here/source", "both/source")
    shutil.copytree("there/destination", "both/destination")
    verified(two, "both")


def test_an_abort_waiting_in_the_mailbox_keeps_every_parcel_out(two: Desk) -> None:
    two.run("extract -w here")
    two.run("deliver -w here")
    waiting = {path.name: path.read_bytes() for path in Path("exchange").iterdir()}
    stop(two, "abort", "here", "director")
    for name, data in waiting.items():  # somebody puts the erased parcels back
        (Path("exchange") / name).write_bytes(data)
    assert "nothing moves in a migration that is aborted" in two.run(RECEIVE, code=16).err
    assert not parcels("there")


def _papers(desk: Desk) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path("exchange").glob("instruction.*")}


def test_instructions_played_back_do_nothing(two: Desk) -> None:
    """Old permissions lift no newer suspension, and an old stop that was lifted stops nothing again."""
    stop(two, "suspend", "here", "source_agent")
    stop(two, "resume", "here", "director", "--lift")
    old = _papers(two)
    assert len(old) == 4
    for path in Path("exchange").glob("instruction.*"):
        path.unlink()
    two.run("deliver -w here", code=None)
    stop(two, "suspend", "here", "management", "--lang", "fr")
    for name, data in old.items():
        (Path("exchange") / name).write_bytes(data)
    two.run("extract -w here", code=16)
    assert states(two, "here") == {"source": "suspended"}


@pytest.mark.parametrize("how", ["unsigned", "bent", "another signs"])
def test_forged_instructions_are_refused_and_change_nothing(two: Desk, how: str) -> None:
    two.run("extract -w here")
    two.run("deliver -w here")
    two.run(RECEIVE)
    stop(two, "suspend", "here", "source_agent")
    box = Path("exchange")
    paper = next(box.glob("instruction.*.json"))
    signature = next(box.glob("instruction.*.sig"))
    if how == "unsigned":
        signature.unlink()
    elif how == "bent":
        paper.write_bytes(paper.read_bytes().replace(b"suspend", b"abort"))
    else:
        signature.rename(str(signature).replace("agent-source", "dr.martin"))
    refused = two.run("load -w there", code=None)
    assert refused.code in {12, 14}
    assert states(two, "there") == {"destination": "delivered"}
    assert lis.rows(two, "demande") == 0


def test_nothing_is_stopped_where_there_is_nothing(desk: Desk) -> None:
    desk.key("director")
    for what in ("suspend", "abort"):
        stop(desk, what, "nowhere", "director", code=2)


def test_what_is_decided_is_not_aborted(planned: Desk) -> None:
    planned.run("run -w w --accept-key director.key")
    for what in ("suspend", "abort"):
        assert "erased" in stop(planned, what, "w", "director", code=16).err


def test_in_french(planned: Desk) -> None:
    assert "suspendue par dr.martin (source)" in stop(planned, "suspend", "w", "director", "--lang", "fr").out
    refused = planned.run("resume -w w --lang fr", code=14).err
    assert "seul le directeur du responsable la reprend" in refused
    assert "abandonnée par dr.martin" in stop(planned, "abort", "w", "director", "--lang", "fr").out
