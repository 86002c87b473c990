"""Incidents on the screen: each side sees its own part, forms do what they say, drafts come as files (R17)."""

import datetime as dt
import html
import io
import json
from typing import Any
from zoneinfo import ZoneInfo

import docx
import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.portal.breached import (
    BOSS,
    CANARY,
    LAB_BOSS,
    LAB_DPO,
    OFFICER,
    again,
    bound,
    fact,
    opened,
    person,
    place,
    step,
)
from tests.portal.warned import keyed, warned

from ecluse.control.incident_documents import Paper
from ecluse.domain.identifiers import nir_key
from ecluse.domain.incidents import FactKind, Ground, Phase, Risk, Step
from ecluse.domain.permissions import Action, Role
from ecluse.portal.forms.incidents import MomentField
from ecluse.store.acts import incidents as acts
from ecluse.store.acts import people, tokens
from ecluse.store.models import IncidentRow, JournalLine
from ecluse.store.reads import incidents as reads
from rooms import LAB, OTHER_LAB, VENDOR, Room

EN = {"accept-language": "en"}
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def now(room: Room) -> dt.datetime:
    bound(room)
    return timezone.now()


def client(room: Room, who: tuple[str, Role]) -> Client:
    return room.client(*who)


def page(held: Client, row: IncidentRow) -> str:
    answer = held.get(f"/incidents/{row.number}/", headers=EN)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def local(moment: dt.datetime) -> str:
    """As a browser's own control gives it."""
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def send(held: Client, address: str, status: int = 302, **given: Any) -> HttpResponse:
    answer = held.post(address, given, headers=EN)
    assert answer.status_code == status, html.unescape(answer.text)
    return answer


def test_from_the_vendor_s_form_to_the_laboratory_s_filing(room: Room, now: dt.datetime) -> None:
    officer, dpo = client(room, OFFICER), client(room, LAB_DPO)
    send(
        officer,
        f"/incidents/new/{VENDOR}/",
        title="Fichier en vente",
        text=CANARY,
        found=local(now - HOUR),
        others=[LAB],
    )
    row = IncidentRow.objects.get()
    at = f"/incidents/{row.number}/"
    assert "laboratory not told yet" in page(officer, row)
    assert "Tell the laboratory of the breach" in html.unescape(officer.get("/", headers=EN).text)
    send(officer, f"{at}notice/", **{"notice-at": local(now), "notice-reasons": "Par téléphone au DPO"})
    assert "the 72 hours run" in page(dpo, row)
    assert "Decide whether the authority is notified" in html.unescape(dpo.get("/", headers=EN).text)
    send(dpo, f"{at}counts/", **{"count-kind": "persons", "count-count": "491840", "count-known_since": local(now)})
    send(dpo, f"{at}step/notify/", at=local(now), risk="high", reasons="Diagnostics publiés")
    assert "Notify the authority" in html.unescape(dpo.get("/", headers=EN).text)
    send(dpo, f"{at}step/filed/", at=local(now), reference="CNIL-REF-1")
    held = reads.record_of(again(row))
    assert (held.phase, [move.step for move in held.moves]) == (Phase.NOTIFIED, [Step.NOTICE, Step.NOTIFY, Step.FILED])
    assert "notified, to be completed" in page(dpo, row)


def test_each_side_sees_its_own_part(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    row = step(room, row, Step.NOTICE, OFFICER)
    row = fact(room, row, FactKind.PERSONS, "dont-militaires-unique", LAB_DPO, count=1700)
    row = step(room, row, Step.NOTIFY, risk=Risk.HIGH, reasons="Motif-unique")
    for who in (OFFICER, BOSS, (VENDOR, Role.AUDITOR)):
        seen = page(client(room, who), row)
        assert CANARY in seen
        for theirs in ("dont-militaires", "1,700", "Motif-unique", "papers/", "72 hours</dt>"):
            assert theirs not in seen
    for who in (LAB_BOSS, LAB_DPO, (LAB, Role.AUDITOR)):
        seen = page(client(room, who), row)
        for own in (CANARY, "dont-militaires-unique", "1,700", "Motif-unique", "papers/record/"):
            assert own in seen
    auditor = page(client(room, (LAB, Role.AUDITOR)), row)
    assert "<form" not in auditor[auditor.index("<main") : auditor.index("</main")]


def test_another_laboratory_finds_nothing(room: Room, now: dt.datetime) -> None:
    mine, theirs = opened(room, now, (LAB, OTHER_LAB))
    stranger = client(room, (OTHER_LAB, Role.DIRECTOR))
    for address in ("", "papers/record/", "notice/draft/", "step/aware/", "places/1/"):
        assert stranger.get(f"/incidents/{mine.number}/{address}").status_code == 404
    for address in ("facts/", "counts/", "places/", "notice/", "step/aware/"):
        assert stranger.post(f"/incidents/{mine.number}/{address}").status_code == 404
    listed = stranger.get("/incidents/").text
    assert theirs.number in listed
    assert mine.number not in listed
    assert "Trois Rivières" not in listed


def test_a_fact_with_a_patient_s_number_is_refused_in_the_form(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    nir = "2690549588157"
    given = {
        "fact-kind": "cause",
        "fact-text": f"vu {nir}{nir_key(nir)}",
        "fact-known_since": local(now),
        "fact-corrects": "",
    }
    answer = send(client(room, OFFICER), f"/incidents/{row.number}/facts/", 422, **given)
    assert "holds no patient's number" in html.unescape(answer.content.decode())
    assert '<details class="narrow" open>' in answer.content.decode(), "what was wrong stands open"
    assert row.facts.count() == 1
    french = client(room, OFFICER).post(f"/incidents/{row.number}/facts/", given, headers={"accept-language": "fr"})
    assert "ne contient le numéro d'aucun patient" in html.unescape(french.text)


def test_a_correction_stands_beside_what_it_corrects(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    send(client(room, OFFICER), f"/incidents/{row.number}/facts/", **{
        "fact-kind": "what_happened", "fact-text": "Deux fichiers", "fact-known_since": local(now), "fact-corrects": "1",
    })  # fmt: skip
    seen = page(client(room, LAB_DPO), row)
    for words in (f"<del>{CANARY}</del>", "corrected by no. 2", "corrects no. 1", "Deux fichiers"):
        assert words in seen


def test_a_place_is_noted_asked_for_and_gone(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    officer, at = client(room, OFFICER), f"/incidents/{row.number}/places/"
    address = "https://forum.example/fil?id=1"
    send(officer, at, **{
        "place-kind": "link", "place-address": address, "place-seen": local(now), "place-capture": "sha256:" + "AB" * 32,
    })  # fmt: skip
    send(officer, f"{at}1/", to="asked", at=local(now), whom="abuse@forum.example", reference="T-1")
    refused = send(officer, f"{at}1/", 200, to="back", at=local(now))
    assert "Select a valid choice" in html.unescape(refused.content.decode())
    send(officer, f"{at}1/", to="gone", at=local(now))
    seen = page(officer, row)
    for words in (address, "ab" * 32, "removal asked", "abuse@forum.example", "T-1", "gone"):
        assert words in seen
    assert f'href="{address}"' not in seen, "one does not walk there by a click"


def test_what_people_write_is_no_markup(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    bad = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    row = fact(room, row, FactKind.CAUSE, bad)
    by = person(room, OFFICER)
    acts.note_exposure(by.handle, row, acts.GivenExposure("link", bad, now, bad), by=by)  # type: ignore[arg-type]
    raw = client(room, LAB_DPO).get(f"/incidents/{row.number}/").text
    assert "<script>alert" not in raw
    assert "<img" not in raw


@pytest.mark.parametrize("form", ["pdf", "docx", "html"])
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_drafts_come_as_files(room: Room, now: dt.datetime, form: str, lang: str) -> None:
    (row,) = opened(room, now)
    row = step(room, row, Step.NOTICE, OFFICER)
    dpo, starts = client(room, LAB_DPO), {"pdf": b"%PDF-", "docx": b"PK", "html": b"<!doctype html>"}
    for paper in Paper:
        answer = dpo.get(f"/incidents/{row.number}/papers/{paper}/?form={form}&lang={lang}")
        assert answer.status_code == 200
        assert answer.content.startswith(starts[form])
        assert f"{row.number}-{paper}.{lang}.{form}" in answer.headers["Content-Disposition"]
    answer = client(room, OFFICER).get(f"/incidents/{row.number}/notice/draft/?form={form}&lang={lang}")
    assert answer.content.startswith(starts[form])
    if form == "docx":
        assert CANARY in "\n".join(each.text for each in docx.Document(io.BytesIO(answer.content)).paragraphs)


def test_the_controller_s_papers_are_not_for_the_vendor(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    officer = client(room, OFFICER)
    for paper in Paper:
        assert officer.get(f"/incidents/{row.number}/papers/{paper}/").status_code == 403
    assert client(room, LAB_DPO).get(f"/incidents/{row.number}/papers/invoice/").status_code == 404


def test_a_warning_becomes_an_incident_by_one_button(room: Room, now: dt.datetime) -> None:
    keyed(room)
    warning, _ = warned(sample=True)
    officer = client(room, OFFICER)
    address = f"/warnings/{warning.receipt}/"
    assert f"{address}incident/" in officer.get(address).text
    answer = send(officer, f"{address}incident/")
    row = IncidentRow.objects.get()
    assert answer.headers["Location"] == f"/incidents/{row.number}/"
    assert row.number in officer.get(address).text
    assert f"{address}incident/" not in officer.get(address).text
    assert warning.receipt in page(officer, row)
    quiet, _ = warned()
    assert "incident/" not in officer.get(f"/warnings/{quiet.receipt}/").text


def test_steps_that_do_not_follow_are_not_offered_and_not_taken(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    dpo, at = client(room, LAB_DPO), f"/incidents/{row.number}/step/"
    seen = page(dpo, row)
    assert "step/aware/" in seen
    assert "step/filed/" not in seen
    count = JournalLine.objects.filter(event="incident.step_taken").count()
    assert dpo.post(f"{at}filed/", {"at": local(now)}).status_code in {409, 422}
    assert dpo.get(f"{at}notice/").status_code == 404
    assert dpo.get(f"{at}nothing/").status_code == 404
    send(dpo, f"{at}aware/", 200, at=local(now + 5 * HOUR), basis="own")
    assert JournalLine.objects.filter(event="incident.step_taken").count() == count


def test_a_vendor_tells_all_its_laboratories_at_once(room: Room, now: dt.datetime) -> None:
    mine, theirs = opened(room, now, (LAB, OTHER_LAB))
    officer = client(room, OFFICER)
    assert "At the other laboratory" in page(officer, mine)
    send(officer, f"/incidents/{mine.number}/notice/", **{"notice-at": local(now), "notice-everywhere": "on"})
    assert again(theirs).phase == Phase.AWARE
    assert "other laborator" not in page(client(room, LAB_DPO), mine)


def test_both_languages_say_everything(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    step(room, row, Step.NOTICE, OFFICER)
    dpo = client(room, LAB_DPO)
    for address in ("", f"{row.number}/", f"new/{LAB}/", f"{row.number}/step/not_tell/"):
        french = html.unescape(dpo.get(f"/incidents/{address}", headers={"accept-language": "fr"}).text)
        english = html.unescape(dpo.get(f"/incidents/{address}", headers=EN).text)
        assert french != english
        assert 'lang="fr"' in french
        for word in ("Laboratory", "Decided", "Known since", "Record it", "estimated"):
            assert word not in french.replace("Laboratoire", "")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("2026-10-25T02:30", dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)),
        ("2026-10-25T03:30", dt.datetime(2026, 10, 25, 2, 30, tzinfo=dt.UTC)),
        ("2026-03-29T02:30", dt.datetime(2026, 3, 29, 1, 30, tzinfo=dt.UTC)),
        ("2026-01-16T17:00:30", dt.datetime(2026, 1, 16, 16, 0, 30, tzinfo=dt.UTC)),
    ],
)
def test_a_moment_of_the_hour_that_comes_twice_is_the_first(typed: str, read: dt.datetime) -> None:
    assert MomentField().to_python(typed) == read
    assert timezone.get_current_timezone() == ZoneInfo("Europe/Paris")


def program(room: Room, who: tuple[str, Role]) -> Client:
    held = person(room, who)
    scopes = [Action.SEE_INCIDENTS, Action.ADD_TO_INCIDENT]
    scopes += [Action.COUNT_AFFECTED] if who[0] == LAB else []
    secret = tokens.make(held.handle, held, "counts", scopes, 1)
    return Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"})


def test_a_laboratory_s_program_posts_its_counts(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    step(room, row, Step.NOTICE, OFFICER)
    lab, vendor, at = program(room, LAB_DPO), program(room, OFFICER), f"/api/v1/incidents/{row.number}"
    since = now.isoformat()

    def post(held: Client, what: str, **given: Any) -> Any:
        body = json.dumps({"known_since": since} | given)
        return held.generic("POST", f"{at}/{what}", body, content_type="application/json")

    done = post(lab, "counts", kind="persons", count=491_840, text="dont-militaires-unique")
    assert done.status_code == 200, done.content
    assert (done.json()["facts"][-1]["count"], done.json()["notify_by"] is None) == (491_840, False)
    seen = vendor.get(at).json()
    assert "unique" not in repr(seen)
    assert (seen["notify_by"], seen["noticed_at"] is None) == (None, False)
    assert post(vendor, "counts", kind="persons", count=1).status_code == 403
    assert post(vendor, "facts", kind="cause", text="Une clé partagée").status_code == 200
    nir = "2690549588157"
    wrong: list[dict[str, Any]] = [
        {"kind": "cause", "text": f"{nir}{nir_key(nir)}"}, {"kind": "persons", "text": "x"}, {"kind": "cause", "text": ""},
        {"kind": "cause", "text": "x", "known_since": "2026-01-01T00:00:00"}, {"kind": "cause", "text": "x", "corrects": 9},
    ]  # fmt: skip
    for given in wrong:
        refused = post(vendor, "facts", **given)
        assert 400 <= refused.status_code < 500, given
        assert nir not in refused.content.decode()
    assert [each["number"] for each in vendor.get("/api/v1/incidents").json()] == [row.number]
    assert vendor.get("/api/v1/incidents/INC-0000-0000").status_code == 404


def test_whoever_is_on_both_sides_is_offered_what_is_taken_from_them(room: Room, now: dt.datetime) -> None:
    """The vendor's officer audits the laboratory too: sees all of the record, and writes as the vendor alone."""
    mine, _ = opened(room, now, (LAB, OTHER_LAB))
    mine = fact(room, mine, FactKind.CAUSE, "Une clé partagée")
    officer = person(room, OFFICER)
    invited = people.open_invitation(people.invite("room", place(LAB), Role.AUDITOR, officer.email, officer.name))
    assert invited is not None
    people.accept(officer.handle, invited, officer)
    held = client(room, OFFICER)
    seen = page(held, mine)
    assert "Not counted yet" in seen, "the controller's part is seen"
    for offered in ('<option value="2">no. 2', "At the other laboratory", 'name="notice-at"'):
        assert offered in seen, offered
    assert 'name="count-count"' not in seen
    given = {"fact-kind": "cause", "fact-text": "Deux clés", "fact-known_since": local(now), "fact-corrects": "2"}
    send(held, f"/incidents/{mine.number}/facts/", **given)
    assert again(mine).facts.get(corrects=2).side == "processor"


def test_a_form_that_was_open_when_the_incident_was_closed_is_refused_in_words(room: Room, now: dt.datetime) -> None:
    (row,) = opened(room, now)
    officer = client(room, OFFICER)
    row = step(room, row, Step.NOTICE, OFFICER)
    decisions = ((Step.NOT_NOTIFY, {"risk": Risk.UNLIKELY}), (Step.NOT_TELL, {"risk": Risk.SOME, "ground": Ground.NOT_HIGH}),
                 (Step.NOT_REPORT, {}), (Step.CLOSED, {}))  # fmt: skip
    for what, judged in decisions:
        row = step(room, row, what, LAB_DPO, **judged)
    assert row.phase == Phase.CLOSED
    given = {"fact-kind": "cause", "fact-text": "x", "fact-known_since": local(now), "fact-corrects": ""}
    refused = officer.post(f"/incidents/{row.number}/facts/", given, headers=EN)
    assert refused.status_code == 422
    assert "this incident is closed" in html.unescape(refused.text)
    assert row.facts.count() == 1


def test_programs_lists_read_clocks_alone_and_one_is_read_once(room: Room, now: dt.datetime) -> None:
    opened(room, now, (LAB, OTHER_LAB))
    (row,) = opened(room, now)
    held = program(room, OFFICER)
    held.get("/api/v1/incidents")  # the token's first use is written down
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            assert len(held.get("/api/v1/incidents").json()) in {3, 5}
        assert "store_incidentfact" not in " ".join(each["sql"] for each in asked)
        counts.append(len(asked))
        opened(room, now, (LAB, OTHER_LAB))
    assert counts[0] == counts[1], "as many for many"
    with CaptureQueriesContext(connection) as asked:
        assert held.get(f"/api/v1/incidents/{row.number}").json()["facts"]
    assert sum('FROM "store_incidentrow"' in each["sql"] for each in asked) == 1
