"""What agents report, and what a lying agent is refused: rewritten journals, foreign receipts, wrong counts."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests.portal.reported import Reported, journal_body, paper_body, reported

from ecluse.control.signatures import sign_artefact
from ecluse.control.telling import Held
from ecluse.domain.instruction import Action, Instruction
from ecluse.domain.permissions import Role
from ecluse.domain.plan import Plan
from ecluse.domain.records import Acceptance, Decision, ErasureCertificate, Receipt, Reconciliation
from ecluse.domain.room import RoomEvent
from ecluse.journal import Journal, LogKey
from ecluse.journal.store import MemoryStore
from ecluse.store.acts import agents
from ecluse.store.models import Agent, JournalLine, Migration, Organisation, Paper, PlaceEntry, PlaceJournal
from ecluse.store.reads.papers import signatures_of
from ecluse.store.reads.work import tasks_of
from ecluse.store.recording import SYSTEM, acting
from ecluse.wire.artefacts import KINDS, decode, digest_of, encode, to_json, utc, validate
from ecluse.workspace.place import Place
from migrating import Desk, W
from rooms import VENDOR, Room

SOURCE, DESTINATION = Place.SOURCE, Place.DESTINATION


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Both places of a migration, carried out to its end."""
    made = Desk.made(tmp_path_factory.mktemp("reported") / "desk", patients=12)
    made.plan()
    made.ecluse("run", *W)
    made.ecluse("accept", *W, "--key", "keys/dr.martin")
    return made


@pytest.fixture
def told(room: Room, desk: Desk) -> Reported:
    """A room in which both agents are enrolled, and nothing has been reported."""
    return reported(room, desk)


def _as(paper: Held, key: Path, change: Callable[[Any], None]) -> Held:
    """The same paper, lying: changed, and rightly signed by a key."""
    value = to_json(decode(KINDS[paper.kind], paper.data))
    change(value)
    made = validate(KINDS[paper.kind], value)
    return Held(paper.kind, digest_of(made), encode(made), {key.name: sign_artefact(made, key)})


def _of(papers: list[Held], kind: str) -> list[Held]:
    return [paper for paper in papers if paper.kind == kind]


def test_two_agents_tell_a_whole_migration(told: Reported) -> None:
    for place in (SOURCE, DESTINATION):
        assert told.hand_in(place).status_code == 200
        assert told.tell(place).status_code == 200
    migration = Migration.objects.get()
    assert migration.state == "erased"
    kinds = sorted(Paper.objects.values_list("kind", flat=True))
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "plan": 1, "source-profile": 1, "receipt": 5, "reconciliation": 1, "acceptance": 1, "erasure": 2,
    }  # fmt: skip
    counts = {each.place: each.counts for each in PlaceJournal.objects.all()}
    assert counts["source"]["sealed"] == counts["destination"]["loaded"] == counts["source"]["batches"] == 5
    assert counts["source"]["rows_sealed"] == counts["destination"]["rows_loaded"] > 0
    assert counts["destination"]["state"] == "erased"
    assert JournalLine.objects.filter(event="migration.reported").count() == 4
    with told.open(SOURCE) as opened:
        entries = list(opened.journal.entries())
    kept = PlaceEntry.objects.filter(journal__place="source").values_list("data", flat=True)
    assert [bytes(each) for each in kept] == entries


def test_told_twice_changes_nothing(told: Reported) -> None:
    told.hand_in(SOURCE)
    told.tell(SOURCE)
    lines = JournalLine.objects.count()
    assert told.hand_in(SOURCE).json() == {"kept": 0}
    assert told.tell(SOURCE).status_code == 200
    assert JournalLine.objects.count() == lines


def test_the_journal_goes_on_where_it_was(told: Reported) -> None:
    log, (part,) = told.journal(SOURCE)
    entries = [entry.decode() for entry in part.entries]
    whole = journal_body(log, part)
    with told.open(SOURCE) as opened:
        key = opened.key
    store = MemoryStore()
    journal = Journal.open(store, key)
    journal.append(part.entries[:7])
    first = whole | {"entries": entries[:7], "checkpoint": journal.checkpoint().decode()}
    assert told.post(SOURCE, told.path("journal"), first).json()["size"] == 7
    # What is known may come again, from the beginning or from anywhere.
    for start in (0, 3, 7):
        answer = told.post(SOURCE, told.path("journal"), whole | {"start": start, "entries": entries[start:]})
        assert answer.json()["size"] == len(entries)


def _lies(told: Reported) -> dict[str, dict[str, Any]]:
    log, (part,) = told.journal(SOURCE)
    honest = journal_body(log, part)
    entries = honest["entries"]
    rewritten = json.loads(entries[3]) | {"subject": "another"}
    other = LogKey.generate("ecluse/source/agent-source")
    foreign = Journal.open(MemoryStore(), other)
    foreign.append(part.entries)
    return {
        "rewritten": honest | {"entries": [*entries[:3], json.dumps(rewritten), *entries[4:]]},
        "cut": honest | {"entries": entries[:-1]},
        "left out": honest | {"entries": entries[1:]},
        "swapped": honest | {"entries": [entries[1], entries[0], *entries[2:]]},
        "too far": honest | {"start": 1},
        "unsigned": honest | {"checkpoint": honest["checkpoint"][:-20] + "AAAA=\n"},
        "another key's head": honest | {"checkpoint": foreign.checkpoint().decode()},
        "another place's key": honest | {"log": LogKey.generate("ecluse/destination/agent-source").vkey},
        "no key": honest | {"log": "x"},
        "no head": honest | {"checkpoint": ""},
        "no entry": honest | {"entries": ["{}"]},
    }


@pytest.mark.parametrize(
    "lie",
    ["rewritten", "cut", "left out", "swapped", "too far", "unsigned", "another key's head", "another place's key",
     "no key", "no head", "no entry"],
)  # fmt: skip
def test_a_journal_that_lies_is_refused_whole(told: Reported, lie: str) -> None:
    answer = told.post(SOURCE, told.path("journal"), _lies(told)[lie])
    assert answer.status_code == 422, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert not PlaceEntry.objects.exists()
    assert not JournalLine.objects.filter(event="migration.reported").exists()


@pytest.mark.parametrize("lie", ["rewritten", "another key's head"])
def test_history_cannot_be_rewritten_once_told(told: Reported, lie: str) -> None:
    told.tell(SOURCE)
    before = bytes(PlaceJournal.objects.get().checkpoint)
    assert told.post(SOURCE, told.path("journal"), _lies(told)[lie]).status_code == 422
    assert bytes(PlaceJournal.objects.get().checkpoint) == before


def test_a_journal_set_back_is_refused(told: Reported) -> None:
    told.tell(SOURCE)
    log, (part,) = told.journal(SOURCE)
    with told.open(SOURCE) as opened:
        key = opened.key
    shorter = Journal.open(MemoryStore(), key)
    shorter.append(part.entries[:5])
    other = Journal.open(MemoryStore(), key)
    other.append([*part.entries[:5], part.entries[4]])
    for journal, entries in ((shorter, part.entries[:5]), (other, (*part.entries[:5], part.entries[4]))):
        body = {"log": log, "start": 0, "entries": [e.decode() for e in entries]}
        answer = told.post(SOURCE, told.path("journal"), body | {"checkpoint": journal.checkpoint().decode()})
        assert answer.status_code == 422


def test_a_journal_that_moves_where_it_may_not_is_refused(told: Reported) -> None:
    log, (part,) = told.journal(SOURCE)
    with told.open(SOURCE) as opened:
        key = opened.key
    sealed = next(e for e in part.entries if b"extraction.sealed" in e)
    journal = Journal.open(MemoryStore(), key)
    journal.append([part.entries[0], sealed])
    body = {"log": log, "start": 0, "entries": [part.entries[0].decode(), sealed.decode()]}
    answer = told.post(SOURCE, told.path("journal"), body | {"checkpoint": journal.checkpoint().decode()})
    assert answer.status_code == 422
    assert answer.json()["title"] == "TransitionError"


def test_one_agent_cannot_tell_for_the_other(told: Reported) -> None:
    log, (part,) = told.journal(SOURCE)
    assert told.post(DESTINATION, told.path("journal"), journal_body(log, part)).status_code == 422


def test_a_stranger_of_the_same_vendor_sees_and_tells_nothing(room: Room, told: Reported) -> None:
    owner, vendor = room.people[VENDOR, Role.ENGINEER], Organisation.objects.get(slug=VENDOR)
    code = agents.invite(owner.handle, vendor, SOURCE, "agent-other", owner=owner)
    key = told.desk.path("keys", "a.petit.pub").read_text()
    agent, token = agents.enrol(SYSTEM, code, key, "1.0")
    assert tasks_of(agent) == []
    log, (part,) = told.journal(SOURCE)
    assert told.post(SOURCE, told.path("journal"), journal_body(log, part), token).status_code == 404
    assert told.post(SOURCE, told.path("papers"), {"papers": []}, token).status_code == 404


def test_an_agent_of_the_right_name_and_the_wrong_key_sees_nothing(told: Reported) -> None:
    with acting(SYSTEM) as act:
        key = " ".join(told.desk.path("keys", "a.petit.pub").read_text().split()[:2])
        Agent.objects.filter(handle="agent-source").update(key=key)
        act.record(RoomEvent.AGENT_ENROLLED, subject="agent-source")
    assert told.get(SOURCE, "work").json()["tasks"] == []
    assert told.tell(SOURCE).status_code == 404


def test_a_revoked_agents_token_is_dead_at_once(told: Reported) -> None:
    assert told.get(SOURCE, "work").status_code == 200
    agents.revoke(SYSTEM, Agent.objects.get(handle="agent-source"))
    for answer in (told.get(SOURCE, "work"), told.tell(SOURCE), told.hand_in(SOURCE)):
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_receipts_before_their_plan_are_refused(told: Reported) -> None:
    receipts = _of(told.papers(SOURCE), "receipt")
    assert told.hand_in(SOURCE, receipts).status_code == 422
    assert not Paper.objects.exists()


def test_a_receipt_that_lies_is_refused(told: Reported) -> None:
    papers = told.papers(SOURCE)
    plan, honest = _of(papers, "plan"), _of(papers, "receipt")[0]
    assert told.hand_in(SOURCE, plan).status_code == 200
    mine, yours = told.desk.path("keys", "agent-source"), told.desk.path("keys", "agent-destination")

    def more(value: Any) -> None:
        value["rows"] += 1
        value["groups"][0]["rows"] += 1

    def columns(value: Any) -> None:
        value["columns"] = [*value["columns"], "unordered"]

    lies = [
        _as(honest, mine, more),
        _as(honest, mine, columns),
        _as(honest, mine, lambda value: value.update(batch="patient-9999")),
        _as(honest, mine, lambda value: value.update(order=f"sha256:{'0' * 64}")),
        _as(honest, mine, lambda value: value.update(plan=f"sha256:{'0' * 64}")),
        _as(honest, yours, lambda value: value.update(agent="agent-destination")),
        _as(honest, yours, lambda value: None),
        replace(honest, signatures={}),
        replace(honest, data=honest.data.replace(b'"rows":', b'"rows": ')),
    ]
    for lie in lies:
        assert told.hand_in(SOURCE, [lie]).status_code == 422
    assert told.hand_in(SOURCE, [honest]).status_code == 200
    # A second receipt of a batch, as honest as the first but for its parcel.
    other = _as(honest, mine, lambda value: value.update(parcel=f"sha256:{'1' * 64}"))
    assert told.hand_in(SOURCE, [other]).status_code == 422
    assert sorted(Paper.objects.values_list("kind", flat=True)) == ["plan", "receipt"]


def test_a_plan_that_lies_is_refused(told: Reported) -> None:
    papers = told.papers(SOURCE)
    (plan,) = _of(papers, "plan")
    mine = told.desk.path("keys", "agent-source")
    lies = [
        _as(plan, mine, lambda value: value.update(order=f"sha256:{'0' * 64}")),
        _as(plan, mine, lambda value: value.update(agreement=f"sha256:{'0' * 64}")),
        _as(plan, mine, lambda value: value.update(log=None)),
        _as(plan, told.desk.path("keys", "agent-destination"), lambda value: None),
        replace(plan, signatures={}),
    ]
    for lie in lies:
        assert told.hand_in(SOURCE, [lie]).status_code == 422
    told.tell(SOURCE)
    foreign = _as(plan, mine, lambda value: value.update(log=LogKey.generate("ecluse/source/agent-source").vkey))
    assert told.hand_in(SOURCE, [foreign]).status_code == 422
    assert told.hand_in(SOURCE, [plan]).status_code == 200
    assert isinstance(decode(Plan, plan.data), Plan)


def test_a_reconciliation_with_wrong_counts_is_refused(told: Reported) -> None:
    told.hand_in(SOURCE)
    papers = told.papers(DESTINATION)
    (honest,) = _of(papers, "reconciliation")
    mine = told.desk.path("keys", "agent-destination")

    def flow(name: str, by: int) -> Callable[[Any], None]:
        def change(value: Any) -> None:
            value["flows"][0][name] += by

        return change

    def digest(value: Any) -> None:
        value["flows"][0]["sealed_digest"] = "0" * 32

    lies = [
        _as(honest, mine, flow("planned", 1)),
        _as(honest, mine, flow("sealed", 1)),
        _as(honest, mine, flow("extracted", 1)),
        _as(honest, mine, flow("quarantined", 1)),
        _as(honest, mine, digest),
        _as(honest, mine, lambda value: value["flows"].pop()),
        _as(honest, mine, lambda value: value["receipts"].pop()),
        _as(honest, mine, lambda value: value.update(order=f"sha256:{'0' * 64}")),
        _as(honest, told.desk.path("keys", "agent-source"), lambda value: None),
    ]
    for lie in lies:
        assert told.hand_in(DESTINATION, [lie]).status_code == 422
    assert told.hand_in(DESTINATION, [honest]).status_code == 200
    assert isinstance(decode(Reconciliation, honest.data), Reconciliation)


def test_decisions_and_certificates_that_lie_are_refused(told: Reported) -> None:
    told.hand_in(SOURCE, [p for p in told.papers(SOURCE) if p.kind in {"plan", "receipt"}])
    papers = told.papers(DESTINATION)
    (acceptance,), (erasure,) = _of(papers, "acceptance"), _of(papers, "erasure")
    assert told.hand_in(DESTINATION, [acceptance]).status_code == 422  # nothing is reconciled here yet
    assert told.hand_in(DESTINATION, _of(papers, "reconciliation")).status_code == 200
    agent, vendor = told.desk.path("keys", "agent-destination"), told.desk.path("keys", "a.petit")
    lies = [
        _as(acceptance, agent, lambda value: None),
        _as(acceptance, vendor, lambda value: value.update(signatory="a.petit")),
        _as(acceptance, told.desk.path("keys", "dr.martin"), lambda value: value.update(differences=3)),
        _as(erasure, told.desk.path("keys", "agent-source"), lambda value: None),
        _as(erasure, agent, lambda value: value.update(order=f"sha256:{'0' * 64}")),
    ]
    for lie in lies:
        assert told.hand_in(DESTINATION, [lie]).status_code == 422
    assert told.hand_in(DESTINATION, [acceptance, erasure]).json() == {"kept": 2}
    assert decode(Acceptance, acceptance.data).decision is Decision.ACCEPTED
    assert decode(ErasureCertificate, erasure.data).clean()


def test_papers_that_do_not_travel_are_refused(told: Reported) -> None:
    (plan,) = _of(told.papers(SOURCE), "plan")
    for kind in ("agreement", "order", "entry", "room-entry", "destination-profile", "estimate", "x", ""):
        assert told.hand_in(SOURCE, [replace(plan, kind=kind)]).status_code == 422


def test_an_instruction_by_an_agent_is_refused(told: Reported) -> None:
    mine = told.desk.path("keys", "agent-source")
    order = told.migration.order.digest
    at = utc(JournalLine.objects.latest("index").at)
    made = Instruction("ecluse.instruction/1", order, Action.RESUME, "because", at, "agent-source")
    paper = Held("instruction", digest_of(made), encode(made), {"agent-source": sign_artefact(made, mine)})
    assert told.hand_in(SOURCE, [paper]).status_code == 422


def test_hostile_bodies_are_refused_and_never_a_fault(told: Reported) -> None:
    log, (part,) = told.journal(SOURCE)
    honest = journal_body(log, part)
    (plan,) = _of(told.papers(SOURCE), "plan")
    bodies: list[tuple[str, Any]] = [
        ("journal", b"{"), ("journal", b""), ("journal", b"[]"), ("journal", b"null"), ("journal", b"\xff\xfe"),
        ("journal", b'{"log": "a", "log": "b"}'), ("journal", b"[" * 100_000), ("journal", b'{"start": NaN}'),
        ("journal", b'{"start": 1e400}'), ("journal", honest | {"start": -1}), ("journal", honest | {"start": 2**64}),
        ("journal", honest | {"start": "0"}), ("journal", honest | {"start": True}), ("journal", honest | {"more": 1}),
        ("journal", honest | {"entries": ["x" * 70_000]}), ("journal", honest | {"entries": ["{}"] * 501}),
        ("journal", honest | {"entries": ["\ud800"]}), ("journal", honest | {"entries": ["\0"]}),
        ("journal", honest | {"entries": [None]}), ("journal", honest | {"checkpoint": "é" * 100}),
        ("papers", {"papers": [{"kind": "plan", "text": "[" * 5000, "signatures": {}}]}),
        ("papers", {"papers": [paper_body(plan) | {"signatures": {"agent-source": "é"}}]}),
        ("papers", {"papers": [paper_body(plan) | {"signatures": {"../x": "y"}}]}),
        ("papers", {"papers": [paper_body(plan)] * 201}), ("papers", {"papers": {}}), ("papers", b"x" * (5 << 20)),
    ]  # fmt: skip
    for path, body in bodies:
        answer = told.post(SOURCE, told.path(path), body)
        assert answer.status_code in {400, 413, 422}, (path, str(body)[:60], answer.status_code)
        assert answer["Content-Type"] == "application/problem+json"
        assert set(answer.json()) >= {"type", "title", "status", "detail"}
    assert not Paper.objects.exists()


def test_receipts_of_both_sides_have_both_signatures(told: Reported) -> None:
    told.hand_in(SOURCE)
    told.hand_in(DESTINATION)
    (receipt, *_) = _of(told.papers(DESTINATION), "receipt")
    assert isinstance(decode(Receipt, receipt.data), Receipt)
    assert set(signatures_of(receipt.digest)) == {"agent-source", "agent-destination"}


def test_a_cookie_opens_nothing(room: Room, told: Reported) -> None:
    client = room.client(VENDOR, Role.ENGINEER)
    assert client.get("/api/v1/agent/work").status_code == 401
    assert client.get("/api/v1/me").status_code == 401
    bare = Client(headers={"host": "localhost", "authorization": "Basic eDp5"})
    assert bare.get("/api/v1/me").status_code == 401
