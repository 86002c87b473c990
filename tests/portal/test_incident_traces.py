"""What tracing concluded, in the room: who tells it, what is refused, what each side and paper shows (R11, R15)."""

import datetime as dt
import html
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.portal.breached import BOSS, LAB_BOSS, LAB_DPO, OFFICER, bound, opened, person, step
from tests.portal.traced import exported, told
from tests.portal.warned import keyed, warned

from ecluse.control.document import texts
from ecluse.control.incident_documents import Paper, incident_document
from ecluse.control.report_words import Lang
from ecluse.domain.conclusions import Verdict
from ecluse.domain.errors import EcluseError, ForbiddenError, TransitionError, UnseenError, UsageError
from ecluse.domain.identifiers import nir_key
from ecluse.domain.incidents import FactKind, Ground, Risk, Step, for_processor
from ecluse.domain.permissions import MAY, Action, Role, Side
from ecluse.store.acts import tokens, warnings
from ecluse.store.acts.incident_warnings import open_from_warning
from ecluse.store.acts.traces import MOST
from ecluse.store.models import IncidentRow, IncidentTrace, JournalLine
from ecluse.store.reads import incidents as reads
from ecluse.wire.artefacts import encode
from ecluse.wire.canonical import canonical
from room_traces import STRANGE, concluded, export
from rooms import LAB, OTHER_LAB, VENDOR, Room

EN, FR = {"accept-language": "en"}, {"accept-language": "fr"}
NIR = "2690549588157"


@pytest.fixture
def row(room: Room) -> IncidentRow:
    """The vendor's incident at LAB, told."""
    bound(room)
    (made,) = opened(room, timezone.now() - dt.timedelta(hours=1))
    return step(room, made, Step.NOTICE, OFFICER)


def page(room: Room, row: IncidentRow, who: tuple[str, Role], headers: dict[str, str] = EN) -> str:
    answer = room.client(*who).get(f"/incidents/{row.number}/", headers=headers)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def whole(row: IncidentRow, room: Room) -> Any:
    return reads.traced_record_of(reads.incident_of(row.number, person(room, LAB_DPO)))


def test_the_controller_tells_and_the_journal_holds_a_salted_digest(room: Room, row: IncidentRow) -> None:
    made = concluded(export(exported(room, "T").row))
    for number in (1, 2):
        assert told(room, row, made).number == number
    lines = list(JournalLine.objects.filter(event="incident.traced", subject=row.number))
    assert [line.concerns for line in lines] == [[LAB]] * 2
    assert [set(line.detail) for line in lines] == [{"number", "digest", "replaces"}] * 2
    assert lines[0].detail["digest"] != lines[1].detail["digest"], "the same twice: no digest tells so"
    assert [each.conclusion for each in whole(row, room).traces] == [made, made]
    assert for_processor(whole(row, room)).traces == ()


def test_only_the_controller_s_people_tell(room: Room, row: IncidentRow) -> None:
    made = concluded()
    for who in (OFFICER, BOSS, (LAB, Role.AUDITOR), (LAB, Role.ENGINEER)):
        with pytest.raises(ForbiddenError):
            told(room, row, made, who)
    with pytest.raises(UnseenError):
        told(room, row, made, (OTHER_LAB, Role.DPO))
    for who in (LAB_DPO, LAB_BOSS, (LAB, Role.SECURITY_OFFICER)):
        told(room, row, made, who)
    for action in (Action.TELL_TRACE, Action.SEE_TRACING):
        assert all(side is Side.CONTROLLER for side, _ in MAY[action])


def test_another_controller_s_export_is_refused(room: Room, row: IncidentRow) -> None:
    """By its order where the room knows it, whatever the file's name says; by that name where it does not (R15)."""
    theirs = export(exported(room, "THEIRS", lab=OTHER_LAB).row)
    mine = export(exported(room, "MINE").row)
    wrong = (
        theirs,
        replace(theirs, controller=mine.controller),
        replace(theirs, **STRANGE),
        replace(mine, order="BIO-0000"),
        replace(mine, period_until=dt.date(2030, 1, 1)),
        replace(mine, recipient="age1" + "q" * 58),
        replace(mine, controller="Laboratoire des Quatre Vents"),
        replace(mine, source="another system"),
        replace(mine, destination="another system"),
    )
    for each in wrong:
        with pytest.raises(UsageError) as caught:
            told(room, row, concluded(each))
        assert "Quatre Vents" not in str(caught.value)
    assert not IncidentTrace.objects.exists()
    told(room, row, concluded(mine, replace(mine, **STRANGE, controller="LABORATOIRE des  Trois Rivières")))


def test_no_patient_s_number_comes_in_by_a_name(room: Room, row: IncidentRow) -> None:
    found = export(exported(room, "T").row, **STRANGE)
    for changes in ({"source": f"lab {NIR}{nir_key(NIR)}"}, {"order": f"{NIR}{nir_key(NIR)}"}):
        with pytest.raises(UsageError, match="no patient's number") as caught:
            told(room, row, concluded(replace(found, **changes)))
        assert NIR not in str(caught.value)


def test_nothing_is_told_to_a_closed_incident_or_without_end(
    room: Room, row: IncidentRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecluse.store.acts.traces.MOST", 2)
    for _ in range(2):
        told(room, row, concluded())
    with pytest.raises(UsageError, match="as many lines"):
        told(room, row, concluded())
    assert MOST > 2
    for what, rest in (
        (Step.NOT_NOTIFY, {"risk": Risk.UNLIKELY}),
        (Step.NOT_TELL, {"risk": Risk.UNLIKELY, "ground": Ground.NOT_HIGH}),
        (Step.NOT_REPORT, {}),
        (Step.CLOSED, {}),
    ):
        step(room, row, what, **rest)
    with pytest.raises(TransitionError, match="closed"):
        told(room, row, concluded())
    shown = page(room, row, LAB_DPO)
    assert "Conclusion 2" in shown
    assert "ecluse trace" not in shown


def test_a_write_that_fails_leaves_nothing(room: Room, row: IncidentRow) -> None:
    before = JournalLine.objects.count()
    with pytest.raises(EcluseError):
        told(room, row, concluded(export(exported(room, "X", lab=OTHER_LAB).row)))
    assert not JournalLine.objects.filter(event="incident.traced").exists()
    assert JournalLine.objects.count() >= before


# -- the page


def test_the_page_says_which_export_how_surely_and_what_it_means(room: Room, row: IncidentRow) -> None:
    places = exported(room, "T")
    mine = export(places.row, canary_lines=1, canaries=("request-2018-0001",))
    other = export(places.row, **STRANGE, attributed=False, probability=3, ratio=-12, explained=True, lines_known=3,
                   marks={}, slips=0)  # fmt: skip
    told(room, row, concluded(mine, other, more=True, cut=2, foreign=2, expired=1))
    shown = page(room, row, LAB_DPO)
    for words in (
        "Where it comes from", "Conclusion 1", "attributed", "56 lines read, 7 exports asked.", "ORD-T",
        f'href="/migrations/{places.row.pk}/"', "491,840", "54 / 56", "certain: a planted row", "request-2018-0001",
        "50 × names and birth date", "2 × by a typing slip undone", "an order that this room does not know",
        "It does not say who lost them", "explained by the export found", "2 trace files were sealed to somebody else",
        "1 trace file was past its day", "The file goes on", "2 lines were too long to be read whole", "1 line with nothing to compare",
        f"--room http://localhost --incident {row.number} --token room.token",
    ):  # fmt: skip
        assert words.replace("'", "’") in shown.replace("'", "’"), words
    french = page(room, row, LAB_DPO, FR).replace("\u202f", " ").replace("\u00a0", " ")
    for words in ("D'où cela vient", "attribué", "491 840", "50 × nom, prénom et date de naissance", "ligne témoin"):
        assert words.replace("'", "’") in french.replace("'", "’"), words


def test_a_doubtful_sample_points_and_no_more(room: Room, row: IncidentRow) -> None:
    found = export(exported(room, "T").row, attributed=False, probability=9_996, ratio=34, lines_known=1,
                   marks={}, slips=0)  # fmt: skip
    told(room, row, concluded(found, verdict=Verdict.DOUBTFUL, lines=1, silent=0, unknown=0, asked=2))
    told(room, row, concluded(asked=3, unknown=56, silent=0))
    shown = page(room, row, LAB_DPO)
    for words in ("points, and no more", "99.9 % (ratio 10^3)", "Fewer than about a dozen", "not attributed",
                  "1 line read, 2 exports asked", "56 lines that no export"):  # fmt: skip
        assert words in shown, words
    assert shown.index("Conclusion 2") < shown.index("Conclusion 1"), "the newest first"
    assert "Write it down as a fact" not in shown, "nothing is attributed"


def test_the_vendor_and_others_see_nothing_of_it(room: Room, row: IncidentRow) -> None:
    told(room, row, concluded(export(exported(room, "T").row)))
    for who in (OFFICER, BOSS, (VENDOR, Role.AUDITOR)):
        shown = page(room, row, who)
        for words in ("Where it comes from", "491,840", "54 / 56", "ecluse trace", "tracing/"):
            assert words not in shown
        client = room.client(*who)
        assert row.number not in client.get("/journal/?event=incident.traced", headers=EN).text
        assert client.get(f"/incidents/{row.number}/traces/1/fact/").status_code == 403
    auditor = page(room, row, (LAB, Role.AUDITOR))
    assert "491,840" in auditor
    assert "ecluse trace sample" not in auditor
    stranger = room.client(OTHER_LAB, Role.DPO)
    assert stranger.get(f"/incidents/{row.number}/traces/1/fact/").status_code == 404


def test_the_page_takes_few_queries_however_much_was_told(room: Room, row: IncidentRow) -> None:
    exports = [export(exported(room, f"T{n}", None).row) for n in range(3)]
    client = room.client(*LAB_DPO)
    client.get(f"/incidents/{row.number}/")
    counts = []
    for _ in range(2):
        for each in exports:
            told(room, row, concluded(each))
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/incidents/{row.number}/")
        counts.append(len(queries))
    assert counts[0] == counts[1] < 20


def test_an_attribution_becomes_a_fact_once_somebody_has_read_it(room: Room, row: IncidentRow) -> None:
    told(room, row, concluded(export(exported(room, "T").row)))
    told(room, row, concluded())
    dpo, at = room.client(*LAB_DPO), f"/incidents/{row.number}/"
    assert f'href="{at}traces/1/fact/"' in page(room, row, LAB_DPO)
    for wrong in (2, 3):
        assert dpo.get(f"{at}traces/{wrong}/fact/").status_code == 404
    offered = html.unescape(dpo.get(f"{at}traces/1/fact/", headers=EN).text)
    assert "order ORD-T" in offered
    assert "Your vendor sees facts" in offered
    assert "491,840" not in offered, "numbers of patients are the laboratory's own"
    assert not any(fact.kind is FactKind.FOUND for fact in whole(row, room).facts), "nothing is written before one says so"
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", offered, re.DOTALL)
    since = re.search(r'name="fact-known_since" value="([^"]+)"', offered)
    assert text
    assert since
    assert re.search(r'value="found" selected', offered)
    given = {"fact-kind": "found", "fact-text": text[1], "fact-known_since": since[1], "fact-corrects": ""}
    assert dpo.post(f"{at}facts/", given, headers=EN).status_code == 302
    (fact,) = [each for each in whole(row, room).facts if each.kind is FactKind.FOUND]
    assert "ORD-T" in fact.text
    assert fact.side is Side.CONTROLLER
    assert "ORD-T" in page(room, row, OFFICER)


# -- papers


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_drafts_tell_where_the_data_come_from(room: Room, row: IncidentRow, lang: Lang) -> None:
    place = exported(room, "T").row

    def paper(kind: Paper, *, vendor: bool = False) -> str:
        found = whole(row, room)
        made = texts(incident_document(for_processor(found) if vendor else found, kind, lang))
        return "\n".join(made).replace("\u00a0", " ")

    traced = ("by tracing", "par traçage")[lang == "fr"]
    assert traced not in paper(Paper.AUTHORITY)
    told(room, row, concluded(asked=3))
    assert ("none of the 3 exports", "aucun des 3 exports")[lang == "fr"] in paper(Paper.AUTHORITY)
    told(room, row, concluded(export(place), export(place, **STRANGE)))
    told(room, row, concluded(asked=9))
    persons = ("491,840 patients", "491\u202f840 patients")[lang == "fr"]
    for kind in (Paper.AUTHORITY, Paper.SECURITY, Paper.RECORD):
        assert "ORD-T" in paper(kind)
        assert persons in paper(kind)
        assert "BIO-2019-7" in paper(kind)
    assert ("none of the 9 exports", "aucun des 9 exports")[lang == "fr"] in paper(Paper.RECORD), "each as it was told"
    assert traced not in paper(Paper.LETTER)
    assert "ORD-T" not in paper(Paper.LETTER) + paper(Paper.NOTICE) + paper(Paper.NOTICE, vendor=True)


def test_a_paper_grows_with_what_is_told(room: Room, row: IncidentRow) -> None:
    before = incident_document(whole(row, room), Paper.RECORD, "en").footer
    trace = told(room, row, concluded())
    assert f"{trace.at.astimezone(dt.UTC):%H:%M} UTC" in incident_document(whole(row, room), Paper.RECORD, "en").footer
    assert before


# -- programs


def program(room: Room, who: tuple[str, Role], *scopes: Action) -> Client:
    by = room.people[who]
    secret = tokens.make(by.handle, by, "trace", scopes, 1)
    return Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"})


def post(client: Client, row: IncidentRow, text: str) -> Any:
    body = json.dumps({"text": text})
    return client.post(f"/api/v1/incidents/{row.number}/traces", body, content_type="application/json")


def test_a_program_tells_and_reads(room: Room, row: IncidentRow) -> None:
    made = encode(concluded(export(exported(room, "T").row))).decode()
    dpo = program(room, LAB_DPO, Action.TELL_TRACE, Action.SEE_INCIDENT_RECORD)
    answer = post(dpo, row, made)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["number"], answer.json()["verdict"], answer.json()["text"]) == (1, "found", made)
    assert dpo.get(f"/api/v1/incidents/{row.number}/traces").json() == [answer.json()]
    assert post(program(room, LAB_DPO, Action.SEE_INCIDENT_RECORD), row, made).status_code == 403
    assert program(room, LAB_DPO, Action.TELL_TRACE).get(f"/api/v1/incidents/{row.number}/traces").status_code == 403


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "{", '{"lines":["Dupont;Jeanne;12/03/1960"]}', "x" * 2_000_000],
    ids=lambda text: text[:20],
)
def test_what_is_no_conclusion_is_refused_without_a_word_of_it(room: Room, row: IncidentRow, text: str) -> None:
    answer = post(program(room, LAB_DPO, Action.TELL_TRACE), row, text)
    assert answer.status_code == 422
    assert "Dupont" not in answer.text
    assert not IncidentTrace.objects.exists()


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\u202e"], ids=["nul", "escape", "bidi"])
@pytest.mark.parametrize("field", ["controller", "source", "destination"])
def test_no_control_character_comes_in_by_a_name(room: Room, row: IncidentRow, field: str, character: str) -> None:
    """PostgreSQL keeps no NUL; a terminal obeys an escape; a reader is misled by a turned line."""
    held = json.loads(encode(concluded(export(exported(room, "T").row, **STRANGE))))
    held["exports"][0][field] += character
    answer = post(program(room, LAB_DPO, Action.TELL_TRACE), row, canonical(held).decode())
    assert answer.status_code == 422
    assert character not in answer.text
    assert not IncidentTrace.objects.exists()


def test_a_conclusion_says_nothing_beside_what_it_may(room: Room, row: IncidentRow) -> None:
    held = json.loads(encode(concluded(export(exported(room, "T").row))))
    dpo = program(room, LAB_DPO, Action.TELL_TRACE)
    for extra in ({"file": "Dupont.csv"}, {"sample": "sha256:" + "0" * 64}, {"unknown_lines": [3]}):
        assert post(dpo, row, json.dumps(held | extra, sort_keys=True, separators=(",", ":"))).status_code == 422
        wrong = held | {"exports": [held["exports"][0] | extra]}
        assert post(dpo, row, json.dumps(wrong, sort_keys=True, separators=(",", ":"))).status_code == 422
    assert post(dpo, row, json.dumps(held)).status_code == 422, "in its one canonical form alone"


def test_whoever_the_warning_names_finds_no_trace(room: Room) -> None:
    """An incident that a warning led to does not exist for whom it names, nor what was traced for it (R10)."""
    bound(room)
    keyed(room)
    warning, _ = warned(sample=True, shared=True)
    officer = person(room, OFFICER)
    (row,) = open_from_warning(officer.handle, warning, officer)
    told(room, row, concluded(), LAB_BOSS)
    boss = person(room, LAB_BOSS)
    warnings.name(boss.handle, warning, person(room, LAB_DPO), boss)
    with pytest.raises(UnseenError):
        told(room, row, concluded())
    assert room.client(*LAB_DPO).get(f"/incidents/{row.number}/traces/1/fact/").status_code == 404
    client = program(room, LAB_DPO, Action.TELL_TRACE, Action.SEE_INCIDENT_RECORD)
    assert client.get(f"/api/v1/incidents/{row.number}/traces").status_code == 404
    assert post(client, row, encode(concluded()).decode()).status_code == 404
