"""The pages and endpoints of people without an account, attacked; and whoever is named, by every route (R10)."""

import base64
import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.portal.warned import CANARY, keyed, opened, person, warned

from ecluse.domain.permissions import Action, Role
from ecluse.portal import strangers
from ecluse.seal.letters import MAX_BYTES
from ecluse.store.acts import tokens
from ecluse.store.acts import warnings as acts
from ecluse.store.models import JournalLine, ReportedWarning
from rooms import LAB, OTHER_LAB, VENDOR, Room

SO, BOSS = (VENDOR, Role.SECURITY_OFFICER), (VENDOR, Role.DIRECTOR)
BAD = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


@pytest.fixture(autouse=True)
def forgotten() -> None:
    strangers.LIMITS.forget()


def nobody(**headers: str) -> Client:
    return Client(headers={"host": "localhost", **headers}, enforce_csrf_checks=True)


def handed_in(client: Client | None = None, **rest: Any) -> Any:
    return (client or nobody()).post("/report/", {"text": CANARY, "organisation": LAB} | rest)


def receipt_of(answer: Any) -> tuple[str, str]:
    found = re.findall(r'<code class="secret">([^<]+)</code>', answer.content.decode())
    assert len(found) == 2, answer.content.decode()
    return found[0], found[1]


def test_a_warning_goes_in_by_the_page_and_is_followed_up(room: Room) -> None:
    keys = keyed(room)
    found = handed_in(attachments=[SimpleUploadedFile("a.csv", b"1;2"), SimpleUploadedFile("b.csv", b"3")])
    assert found.status_code == 200
    receipt, secret = receipt_of(found)
    kept = ReportedWarning.objects.get(receipt=receipt)
    letter = opened(kept.sealed, keys[SO])
    assert letter.text == CANARY
    assert [each.data for each in letter.attachments] == [b"1;2", b"3"]
    officer = person(room, *SO)
    acts.answer(officer.handle, kept, "Le serveur est fermé.", officer)
    page = nobody().post("/report/follow/", {"receipt": receipt, "secret": secret})
    assert "Le serveur est fermé." in page.content.decode()
    page = nobody().post("/report/follow/", {"receipt": receipt, "secret": secret, "text": "Merci."})
    assert "Merci." in page.content.decode()
    last = kept.messages.last()
    assert last is not None
    assert opened(last.sealed, keys[SO]).text == "Merci."


@pytest.mark.parametrize("path", ["/report/", "/report/follow/"])
@pytest.mark.parametrize("tongue", ["fr", "en"])
def test_the_pages_keep_nothing_and_load_nothing(room: Room, path: str, tongue: str) -> None:
    keyed(room)
    signed = room.client(*BOSS)
    for client in (nobody(), signed):
        for answer in (client.get(f"{path}?lang={tongue}"), client.post(f"{path}?lang={tongue}", {})):
            text = answer.content.decode()
            assert not answer.cookies, "no cookie, of no kind"
            assert f'<html lang="{tongue}">' in text
            assert not re.search(r"<script|\son\w+=|\sstyle=|csrf|https?://", text, re.IGNORECASE)
            assert answer["Content-Security-Policy"] == strangers.POLICY
            assert "script-src" not in strangers.POLICY
            assert answer["Cache-Control"] == "no-store"
            assert "director of" not in text, "whoever is signed in in this browser is a stranger here"


def test_whoever_is_signed_in_hands_in_as_a_stranger(room: Room) -> None:
    keyed(room)
    engineer = room.client(VENDOR, Role.ENGINEER)
    before = JournalLine.objects.count()
    receipt, secret = receipt_of(handed_in(engineer))
    engineer.post("/report/follow/", {"receipt": receipt, "secret": secret, "text": "encore"})
    lines = JournalLine.objects.order_by("index")[before:]
    assert {line.actor for line in lines} == {"anonymous"}
    body = {"text": "par programme", "organisation": LAB}
    assert engineer.post("/api/v1/report/warnings", body, content_type="application/json").status_code == 200
    assert {line.actor for line in JournalLine.objects.order_by("index")[before:]} == {"anonymous"}


def test_receipts_and_secrets_are_not_told_apart(room: Room) -> None:
    keyed(room)
    receipt, secret = receipt_of(handed_in())
    answers = []
    for tried, key in ((receipt, "A" * 25), ("W-0000-0000", secret), ("W-0000-0000", "A" * 25), ("?", "?" * 25)):
        page = nobody().post("/report/follow/", {"receipt": tried, "secret": key})
        called = nobody().post("/api/v1/report/follow", {"receipt": tried, "secret": key}, "application/json")
        same = page.content.decode().replace(f'value="{tried}"', 'value=""')
        answers.append((page.status_code, same, called.status_code, called.content))
        assert key not in page.content.decode()
    assert answers[0][0] == answers[0][2] == 404
    assert len(set(answers)) == 1


def test_guessing_and_flooding_are_slowed_down_without_addresses(room: Room) -> None:
    keyed(room)
    found = [nobody().post("/report/follow/", {"receipt": "x", "secret": "y"}) for _ in range(22)]
    assert [each.status_code for each in found] == [404] * 20 + [429] * 2
    assert found[-1]["Retry-After"] == "600"
    assert handed_in().status_code == 429
    assert (
        nobody().post("/api/v1/report/follow", {"receipt": "x", "secret": "y"}, "application/json").status_code == 429
    )
    other = Client(headers={"host": "localhost"}, REMOTE_ADDR="203.0.113.7")
    assert handed_in(other).status_code == 200, "somebody else is not shut out"
    assert not any("203.0.113.7" in repr(value) for value in vars(strangers.LIMITS).values())


def test_whoever_has_a_whole_network_is_one_stranger(room: Room) -> None:
    """A /64 is what anybody gets at home: its addresses must not use up everybody's tries."""
    keyed(room)
    follow = {"receipt": "x", "secret": "y"}
    found = [
        Client(headers={"host": "localhost"}, REMOTE_ADDR=f"2001:db8::{number:x}").post("/report/follow/", follow)
        for number in range(1, 23)
    ]
    assert [each.status_code for each in found] == [404] * 20 + [429] * 2
    other = Client(headers={"host": "localhost"}, REMOTE_ADDR="2001:db8:0:1::1")
    assert handed_in(other).status_code == 200


def test_no_address_comes_further_than_the_counter(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    keyed(room)
    seen: list[dict[str, Any]] = []
    real = acts.receive
    from ecluse.portal.views import reporting  # noqa: PLC0415 - once the room is there

    def spy(actor: str, given: acts.Given) -> acts.Received:
        return real(actor, given)

    def allowed(request: Any) -> bool:
        seen.append(dict(request.META))
        return True

    monkeypatch.setattr(reporting.strangers, "allowed", allowed)
    monkeypatch.setattr(reporting.acts, "receive", spy)
    client = Client(headers={"host": "localhost", "user-agent": "canary-browser", "x-forwarded-for": "198.51.100.9"},
                    REMOTE_ADDR="203.0.113.7")  # fmt: skip
    assert handed_in(client).status_code == 200
    told = repr(seen)
    assert seen
    assert not re.search(r"203\.0\.113\.7|198\.51\.100\.9|canary-browser", told)


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
     {"sec-fetch-site": "same-site"}],
)  # fmt: skip
def test_another_sites_form_is_refused(room: Room, headers: dict[str, str]) -> None:
    keyed(room)
    assert handed_in(nobody(**headers)).status_code == 403
    assert nobody(**headers).post("/report/follow/", {"receipt": "x", "secret": "y"}).status_code == 403
    assert not ReportedWarning.objects.exists()


def test_a_form_of_this_page_is_taken(room: Room) -> None:
    keyed(room)
    assert handed_in(nobody(origin="http://localhost", **{"sec-fetch-site": "same-origin"})).status_code == 200


def test_markup_in_words_and_names_stays_words(room: Room) -> None:
    keys = keyed(room)
    found = handed_in(text=BAD, organisation=BAD, named=BAD, attachments=SimpleUploadedFile(f"{BAD}.html", b"x"))
    receipt, secret = receipt_of(found)
    page = nobody().post("/report/follow/", {"receipt": f"{receipt}", "secret": secret, "text": BAD})
    assert BAD not in page.content.decode()
    wrong = nobody().post("/report/follow/", {"receipt": BAD, "secret": "x"})
    refused = handed_in(text="", organisation=BAD, named=BAD)
    for each in (found, page, wrong, refused):
        assert "<script" not in each.content.decode()
        assert "<img" not in each.content.decode()
    kept = ReportedWarning.objects.get(receipt=receipt)
    names = [each.name for each in opened(kept.sealed, keys[SO]).attachments]
    assert re.fullmatch(r"[\w.-]+", names[0])
    officer = room.client(*SO)
    shown = officer.get(f"/warnings/{receipt}/").content.decode()
    assert BAD not in shown
    assert "onerror" not in shown


def test_lines_in_headers_go_nowhere(room: Room) -> None:
    keyed(room)
    receipt, _ = receipt_of(handed_in(organisation="a\r\nSet-Cookie: x=y", named="a\r\nb"))
    officer = room.client(*SO)
    taken = officer.post(f"/warnings/{receipt}/take/")
    assert taken["Content-Disposition"] == f'attachment; filename="{receipt}.age"'
    assert taken["Content-Type"] == "application/octet-stream"
    for odd in (f"{receipt}%0d%0aX: y", "..%2f..%2f", "%00"):
        assert officer.post(f"/warnings/{odd}/take/").status_code == 404


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ([("a", MAX_BYTES)], 200),
        ([("a", MAX_BYTES + 1)], 422),
        ([("a", 3 * 2**20)], 422),
        ([("a", MAX_BYTES // 2), ("b", MAX_BYTES // 2 + 1)], 422),
        ([(str(n), 1) for n in range(6)], 422),
        ([("a", 5 * 2**20)], 400),
        ([("", 0), ("\x7f\u202egnp.exe", 9), ("../../../etc/passwd", 9), ("a" * 240, 9)], 200),
    ],
)
def test_attachments_are_bounded_and_never_dropped_silently(
    room: Room, files: list[tuple[str, int]], status: int
) -> None:
    keys = keyed(room)
    sent = []
    for name, size in files:
        file = io.BytesIO(bytes(size))
        file.name = name
        sent.append(file)
    found = handed_in(attachments=sent)
    assert found.status_code == status
    assert ReportedWarning.objects.count() == (1 if status == 200 else 0)
    if status == 200:
        held = opened(ReportedWarning.objects.get().sealed, keys[SO]).attachments
        assert sum(len(each.data) for each in held) == sum(size for _, size in files)
        assert not [each for each in held if re.search(r"[/\\\u202e\x7f]|\.\.", each.name)]


def test_by_program(room: Room) -> None:
    keys = keyed(room)
    body = {
        "text": CANARY, "language": "en", "organisation": LAB, "functions": ["processor_management"], "sample": True,
        "attachments": [{"name": "56.csv", "content": base64.b64encode(b"a;b").decode()}],
    }  # fmt: skip
    done = nobody().post("/api/v1/report/warnings", body, "application/json")
    assert done.status_code == 200
    told = done.json()
    kept = ReportedWarning.objects.get(receipt=told["receipt"])
    assert (kept.sample, kept.exposed) == (True, True)
    assert opened(kept.sealed, keys[SO]).attachments[0].data == b"a;b"
    followed = nobody().post(
        "/api/v1/report/follow", {"receipt": told["receipt"], "secret": told["secret"]}, "application/json"
    )
    assert (followed.json()["state"], followed.json()["messages"]) == ("received", [])
    for wrong in (
        {"text": ""}, {"text": "x", "more": 1}, {"text": "x", "functions": ["everybody"]},
        {"text": "x", "attachments": [{"name": "a", "content": "%%%"}]},
    ):  # fmt: skip
        assert nobody().post("/api/v1/report/warnings", wrong, "application/json").status_code == 422
    assert ReportedWarning.objects.count() == 1


def test_a_room_without_a_key_says_so_and_names_other_addresses(room: Room) -> None:
    for answer in (nobody().get("/report/?lang=fr"), handed_in()):
        text = answer.content.decode()
        assert "Aucun signalement ne peut être reçu ici" in text
        assert "CNIL" in text
        assert "CERT-FR" in text
        assert "<form" not in text
    keyed(room, SO)
    about_them = handed_in(functions=["security_officer"])
    assert about_them.status_code == 409
    assert (
        "Rien n&#x27;a été gardé" in about_them.content.decode() or "Rien n'a été gardé" in about_them.content.decode()
    )
    called = nobody().post(
        "/api/v1/report/warnings", {"text": "x", "functions": ["security_officer"]}, "application/json"
    )
    assert called.status_code == 422
    assert "nothing was kept" in called.json()["detail"]


def _program(room: Room, organisation: str, role: Role, *scopes: Action) -> Client:
    whom = person(room, organisation, role)
    secret = tokens.make(whom.handle, whom, "t", scopes, 1)
    return Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"})


def test_whoever_is_named_finds_nothing_by_any_route(room: Room) -> None:
    keyed(room)
    receipt, _ = receipt_of(handed_in(functions=["security_officer"]))
    acts.write("anonymous", ReportedWarning.objects.get(), "x", ())
    officer, boss = room.client(*SO), room.client(*BOSS)
    message = ReportedWarning.objects.get().messages.get().pk
    for path in ("", "take/", f"take/{message}/", "acknowledge/", "name/", "answer/", "close/"):
        for method in ("get", "post"):
            named, never = (
                getattr(officer, method)(f"/warnings/{receipt}/{path}"),
                getattr(officer, method)(f"/warnings/W-0000-0000/{path}"),
            )
            assert named.status_code == never.status_code
            if path == "" or method == "post":
                assert named.status_code in {404, 405}
            assert receipt not in named.content.decode().replace(f"/warnings/{receipt}/{path}", "")
    scopes = (Action.SEE_WARNINGS, Action.SEE_JOURNAL, Action.SEE_REGISTER)
    program = _program(room, *SO, *scopes)
    routes = [
        "/",
        "/warnings/",
        "/journal/",
        f"/journal/?subject={receipt}",
        "/register/",
        "/register/?form=csv",
        "/people/",
    ]
    for route in routes:
        assert receipt not in officer.get(route).content.decode().replace(route, "").replace(
            f'value="{receipt}"', ""
        ), route
    for route in ("/api/v1/warnings", "/api/v1/journal", "/api/v1/register"):
        assert receipt not in program.get(route).content.decode(), route
    assert receipt in boss.get("/warnings/").content.decode()
    assert receipt in boss.get("/").content.decode()
    assert receipt in _program(room, *BOSS, Action.SEE_WARNINGS).get("/api/v1/warnings").content.decode()


def test_the_laboratory_sees_that_it_exists_and_no_word_of_it(room: Room) -> None:
    keyed(room)
    receipt, _ = receipt_of(handed_in(named="Zébulon"))
    lab = room.client(LAB, Role.DIRECTOR)
    for route in ("/", "/warnings/", f"/warnings/{receipt}/", "/journal/"):
        text = lab.get(route).content.decode()
        assert receipt in text, route
        assert "ouvert à tous" not in text
        assert "Zébulon" not in text
    assert "take/" not in lab.get(f"/warnings/{receipt}/").content.decode()
    assert lab.post(f"/warnings/{receipt}/take/").status_code == 422
    assert lab.post(f"/warnings/{receipt}/close/", {"outcome": "twice"}).status_code == 422
    other = room.client(OTHER_LAB, Role.DIRECTOR)
    assert other.get(f"/warnings/{receipt}/").status_code == 404
    assert receipt not in other.get("/warnings/").content.decode()


def test_handlers_work_by_the_screens(room: Room) -> None:
    keys = keyed(room)
    receipt, secret = receipt_of(handed_in())
    officer = room.client(*SO)
    assert receipt in officer.get("/").content.decode()
    sealed = officer.post(f"/warnings/{receipt}/take/").content
    assert opened(sealed, keys[SO]).text == CANARY
    assert officer.post(f"/warnings/{receipt}/acknowledge/").status_code == 302
    assert officer.post(f"/warnings/{receipt}/answer/", {"text": "Où ?", "question": "on"}).status_code == 302
    assert ReportedWarning.objects.get().state == "acknowledged"
    assert officer.post(f"/warnings/{receipt}/answer/", {"text": ""}).status_code == 422
    assert officer.post(f"/warnings/{receipt}/answer/", {"text": "Fermé."}).status_code == 302
    boss = person(room, *BOSS)
    assert officer.post(f"/warnings/{receipt}/name/", {"person": boss.pk}).status_code == 302
    assert room.client(*BOSS).get(f"/warnings/{receipt}/").status_code == 404
    assert officer.post(f"/warnings/{receipt}/close/", {"outcome": "mended"}).status_code == 302
    page = nobody().post("/report/follow/", {"receipt": receipt, "secret": secret}).content.decode()
    assert "Fermé." in page
    assert '<form method="post" enctype' not in page


def test_a_key_is_given_on_a_page_and_the_first_page_asks_for_it(room: Room) -> None:
    officer = room.client(*SO)
    assert "/me/warning-key/" in officer.get("/").content.decode()
    assert officer.post("/me/warning-key/", {"recipient": "AGE-SECRET-KEY-1XXXX"}).status_code == 200
    made = keyed(room, BOSS)[BOSS]
    assert officer.post("/me/warning-key/", {"recipient": made.recipient}).status_code == 200, "somebody else's"
    from ecluse.seal.sealing import Identity  # noqa: PLC0415 - beside its use

    assert officer.post("/me/warning-key/", {"recipient": f" {Identity.generate().recipient}\n"}).status_code == 302
    assert "/me/warning-key/" not in officer.get("/").content.decode()
    assert officer.get("/me/warning-key/").status_code == 200
    assert (
        officer.post(
            f"/warnings/terms/{VENDOR}/", {"acknowledge_days": 3, "answer_days": 30, "exposure_hours": 1}
        ).status_code
        == 302
    )
    assert (
        officer.post(
            f"/warnings/terms/{VENDOR}/", {"acknowledge_days": 8, "answer_days": 30, "exposure_hours": 1}
        ).status_code
        == 200
    )


def test_few_queries_however_many(room: Room) -> None:
    keyed(room)
    for _ in range(25):
        warned()
    boss = room.client(*BOSS)
    boss.get("/warnings/")
    for route in ("/warnings/", "/"):
        with CaptureQueriesContext(connection) as asked:
            assert boss.get(route).status_code == 200
        assert len(asked) < 20, "\n".join([route, *(each["sql"][:110] for each in asked)])
