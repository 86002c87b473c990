"""A conclusion is never changed: another takes it back, and what it said leaves the drafts (R11, Art. 33)."""

import datetime as dt
import html
import json
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.portal.breached import LAB_DPO, OFFICER, bound, opened, person, step
from tests.portal.traced import exported, told

from ecluse.control.document import texts
from ecluse.control.incident_documents import Paper, incident_document
from ecluse.control.report_words import Lang
from ecluse.domain.conclusions import Conclusion, TracedExport
from ecluse.domain.errors import UsageError
from ecluse.domain.incidents import Step
from ecluse.domain.permissions import Action
from ecluse.store.acts import tokens
from ecluse.store.models import IncidentRow, IncidentTrace, JournalLine
from ecluse.store.reads import incidents as reads
from ecluse.wire.artefacts import encode
from room_traces import STRANGE, concluded, export
from rooms import Room

EN, FR = {"accept-language": "en"}, {"accept-language": "fr"}


@pytest.fixture
def row(room: Room) -> IncidentRow:
    """The vendor's incident at LAB, told."""
    bound(room)
    (made,) = opened(room, timezone.now() - dt.timedelta(hours=1))
    return step(room, made, Step.NOTICE, OFFICER)


@pytest.fixture
def mine(room: Room) -> TracedExport:
    return export(exported(room, "T").row)


def page(room: Room, row: IncidentRow, headers: dict[str, str] = EN) -> str:
    answer = room.client(*LAB_DPO).get(f"/incidents/{row.number}/", headers=headers)
    return html.unescape(answer.text).replace("\u202f", " ").replace("\u00a0", " ")


def paper(room: Room, row: IncidentRow, kind: Paper, lang: Lang = "en") -> str:
    found = reads.traced_record_of(reads.incident_of(row.number, person(room, LAB_DPO)))
    return "\n".join(texts(incident_document(found, kind, lang))).replace("\u00a0", " ")


# -- told


def test_what_replaces_what_is_kept_and_the_journal_says_it(room: Room, row: IncidentRow, mine: TracedExport) -> None:
    told(room, row, concluded(mine))
    told(room, row, concluded(), replaces=1)
    told(room, row, concluded(mine), replaces=2)
    told(room, row, concluded())
    held = reads.traced_record_of(reads.incident_of(row.number, person(room, LAB_DPO))).traces
    assert [(each.number, each.replaces) for each in held] == [(1, None), (2, 1), (3, 2), (4, None)]
    lines = JournalLine.objects.filter(event="incident.traced", subject=row.number).order_by("index")
    assert [line.detail["replaces"] for line in lines] == [0, 1, 2, 0]


def test_what_does_not_stand_in_this_incident_is_not_replaced(room: Room, row: IncidentRow) -> None:
    (other,) = opened(room, timezone.now() - dt.timedelta(hours=1), title="Un autre")
    other = step(room, other, Step.NOTICE, OFFICER)
    told(room, other, concluded())
    with pytest.raises(UsageError, match="no such conclusion"):
        told(room, row, concluded(), replaces=1)
    told(room, row, concluded())
    with pytest.raises(UsageError, match="no such conclusion"):
        told(room, row, concluded(), replaces=2)
    told(room, row, concluded(), replaces=1)
    with pytest.raises(UsageError, match="conclusion 1 was replaced before"):
        told(room, row, concluded(), replaces=1)
    assert IncidentTrace.objects.filter(incident=row).count() == 2
    assert JournalLine.objects.filter(event="incident.traced", subject=row.number).count() == 2


def test_two_that_replace_the_same_are_not_both_kept(
    room: Room, row: IncidentRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should both pass the check all the same, the database takes one."""
    told(room, row, concluded())
    told(room, row, concluded(), replaces=1)
    monkeypatch.setattr("ecluse.store.acts.traces.check_replaces", lambda *_: None)
    with pytest.raises(IntegrityError), transaction.atomic():
        told(room, row, concluded(), replaces=1)
    assert IncidentTrace.objects.filter(incident=row).count() == 2


# -- the page


def test_the_page_shows_both_and_offers_no_fact_of_the_older(room: Room, row: IncidentRow, mine: TracedExport) -> None:
    told(room, row, concluded(mine))
    told(room, row, concluded(asked=9), replaces=1)
    shown, fact = page(room, row), f"/incidents/{row.number}/traces/1/fact/"
    for words in ("Conclusion 1", "Replaced by conclusion 2", "A fact that was written from it stays", "491,840",
                  "Conclusion 2", "Replaces conclusion 1.", "9 exports asked", "--replaces"):  # fmt: skip
        assert words in shown, words
    assert "Write it down as a fact" not in shown
    assert room.client(*LAB_DPO).get(fact).status_code == 404
    french = page(room, row, FR)
    for words in ("Remplacée par la conclusion 2", "Remplace la conclusion 1."):
        assert words in french, words
    told(room, row, concluded(mine), replaces=2)
    again = page(room, row)
    assert "Replaced by conclusion 3" in again
    assert again.count("Write it down as a fact") == 1
    assert fact.replace("/1/", "/3/") in again


def test_a_page_without_replacements_speaks_of_none(room: Room, row: IncidentRow, mine: TracedExport) -> None:
    assert "--replaces" not in page(room, row), "there is nothing to replace"
    told(room, row, concluded(mine))
    told(room, row, concluded())
    shown = page(room, row)
    assert "Replace" not in shown
    assert "Write it down as a fact" in shown


# -- papers


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_drafts_tell_what_stands_and_the_record_both(
    room: Room, row: IncidentRow, mine: TracedExport, lang: Lang
) -> None:
    told(room, row, concluded(mine))
    told(room, row, concluded(export(exported(room, "U").row)))
    told(room, row, concluded(asked=5), replaces=1)
    for kind in (Paper.AUTHORITY, Paper.SECURITY):
        made = paper(room, row, kind, lang)
        assert "ORD-U" in made
        assert "ORD-T" not in made, "it was taken back"
    told(room, row, concluded(asked=9), replaces=2)
    for kind in (Paper.AUTHORITY, Paper.SECURITY):
        made = paper(room, row, kind, lang)
        assert "ORD-" not in made
        assert ("none of the 9 exports", "aucun des 9 exports")[lang == "fr"] in made
    record = paper(room, row, Paper.RECORD, lang)
    for english, french in (
        ("ORD-T", "ORD-T"), ("ORD-U", "ORD-U"), ("replaced by no. 3", "remplacée par le nº 3"),
        ("replaced by no. 4", "remplacée par le nº 4"), ("replaces no. 1", "remplace le nº 1"),
        ("replaces no. 2", "remplace le nº 2"),
    ):  # fmt: skip
        assert (english, french)[lang == "fr"] in record


def test_nothing_found_is_told_of_a_sample_that_stands(room: Room, row: IncidentRow) -> None:
    told(room, row, concluded(asked=3))
    told(room, row, concluded(asked=5), replaces=1)
    assert "none of the 5 exports" in paper(room, row, Paper.AUTHORITY)
    assert "none of the 3 exports" not in paper(room, row, Paper.AUTHORITY)


# -- programs


def program(room: Room) -> Client:
    by = room.people[LAB_DPO]
    secret = tokens.make(by.handle, by, "trace", [Action.TELL_TRACE, Action.SEE_INCIDENT_RECORD], 1)
    return Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"})


def post(client: Client, row: IncidentRow, made: Conclusion, **more: Any) -> Any:
    body = json.dumps({"text": encode(made).decode()} | more)
    return client.post(f"/api/v1/incidents/{row.number}/traces", body, content_type="application/json")


def test_a_program_replaces_and_reads_what_replaces_what(room: Room, row: IncidentRow, mine: TracedExport) -> None:
    client = program(room)
    assert post(client, row, concluded(mine), replaces=0).json()["replaces"] == 0
    assert post(client, row, concluded(), replaces=1).json()["replaces"] == 1
    again = post(client, row, concluded(), replaces=1)
    assert again.status_code == 422
    assert "conclusion 1 was replaced before" in again.text
    assert "what stands instead is conclusion 2" in again.text
    found = client.get(f"/api/v1/incidents/{row.number}/traces").json()
    assert [(each["number"], each["replaces"]) for each in found] == [(1, 0), (2, 1)]


@pytest.mark.parametrize("replaces", [-1, 1.5, "1", True, [1], 10**6, 10**30])
def test_what_is_no_number_replaces_nothing(room: Room, row: IncidentRow, replaces: object) -> None:
    told(room, row, concluded())
    assert post(program(room), row, concluded(), replaces=replaces).status_code in {400, 422}
    assert IncidentTrace.objects.count() == 1


# -- what is read


def test_lists_and_acts_read_no_conclusion(room: Room, row: IncidentRow, mine: TracedExport) -> None:
    """They may be long; the record's own page and papers alone show them."""
    told(room, row, concluded(mine, export(exported(room, "U").row, **STRANGE)))
    client, at = room.client(*LAB_DPO), f"/incidents/{row.number}"
    reader = program(room)
    given = {"fact-kind": "nature", "fact-text": "Copie", "fact-known_since": "2026-01-01T10:00", "fact-corrects": ""}

    def reads_of(ask: Any) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert ask().status_code in {200, 302}
        return sum("store_incidenttrace" in each["sql"] for each in queries)

    assert reads_of(lambda: client.get("/incidents/")) == 0
    assert reads_of(lambda: client.get("/")) == 0
    assert reads_of(lambda: client.post(f"{at}/facts/", given)) == 0
    assert reads_of(lambda: room.client(*OFFICER).get(f"{at}/")) == 0, "the vendor's page has none"
    assert reads_of(lambda: room.client(*OFFICER).get(f"{at}/notice/draft/?form=html")) == 0
    assert reads_of(lambda: client.get(f"{at}/")) == 1
    assert reads_of(lambda: client.get(f"{at}/papers/record/?form=html")) == 1
    assert reads_of(lambda: reader.get(f"/api/v1{at}/traces")) == 1
