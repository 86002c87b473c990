"""Agreements, orders and the register on the screen, from draft to file."""

import csv
import datetime as dt
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import passkeys
from artefact_samples import TRACE
from ecluse.control.measures import PROPOSALS
from ecluse.control.papers import read_paper
from ecluse.control.signatures import verified_signers
from ecluse.domain.agreement import Agreement
from ecluse.domain.estimate import Estimate, EstimatedCategory, EstimatedRows
from ecluse.domain.order import Order, Trace
from ecluse.domain.permissions import Role
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.store.acts import agreements, orders
from ecluse.store.models import AgreementVersion, Migration, OrderVersion, Organisation
from ecluse.store.reads.signers import candidates
from ecluse.verify import _sshsig
from ecluse.wire.artefacts import digest_of
from ecluse.workspace.place import Place
from room_papers import (
    DIRECTOR,
    MANAGEMENT,
    add_agent,
    approve_by,
    draft_agreement,
    draft_order,
    frozen_order,
    give_passkey,
    order_text,
    signed_agreement,
    signers_of,
)
from rooms import LAB, OTHER_LAB, VENDOR, Room

HOSTILE = "<script>alert(1)</script>\" onload='x' {{7*7}} \u202e=cmd|' /C calc'!A0"
DPO = (LAB, Role.DPO)


def english(room: Room, slug: str, role: Role) -> Client:
    client = room.client(slug, role)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def page(client: Client, name: str, *args: int, **query: str) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200, (name, response.content.decode())
    return response.content.decode()


def posted(html: str) -> dict[str, Any]:
    """The fields of a page's forms as a browser would send them."""
    made: dict[str, Any] = {}
    for attrs in re.findall(r"<input ([^>]*)>", html):
        given = dict(re.findall(r'([a-z]+)="([^"]*)"', attrs))
        if given.get("type") in {"checkbox", "radio"}:
            if "checked" in attrs.split():
                made.setdefault(given["name"], []).append(given.get("value", "on"))
        elif "name" in given and given["name"] not in {"csrfmiddlewaretoken", "language", "next"}:
            made[given["name"]] = given.get("value", "")
    made |= dict(re.findall(r'<textarea name="([^"]+)"[^>]*>\r?\n?(.*?)</textarea>', html, re.DOTALL))
    for name, body in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', body) or re.search(r'<option value="([^"]*)"', body)
        made[name] = chosen[1] if chosen else ""
    return made


def test_every_page_opens_and_asks_little(room: Room) -> None:
    agreement = signed_agreement(room)
    drafted = draft_agreement(room, "DPA-2")
    order = frozen_order(room, agreement)
    composed = draft_order(room, agreement, "ORD-2")
    client = english(room, *DIRECTOR)
    for name, args in (
        ("home", ()), ("agreements", ()), ("agreement_new", ()), ("agreement", (agreement.pk,)),
        ("agreement", (drafted.pk,)), ("agreement_draft", (drafted.pk,)), ("agreement_sign", (agreement.pk,)),
        ("orders", ()), ("order_new", ()), ("order", (order.pk,)), ("order_approve", (order.pk,)), ("register", ()),
        ("order_estimate_live", (order.pk,)), ("order_draft", (composed.pk,)), ("order", (composed.pk,)),
    ):  # fmt: skip
        page(client, name, *args)  # the first visit also notes the session
        with CaptureQueriesContext(connection) as asked:
            html = page(client, name, *args)
        assert len(asked) < 20, (name, [each["sql"] for each in asked])
        assert html.count("<h1") == (name != "order_estimate_live"), name
        assert not re.search(r"<[^>]+\s(?:style|on[a-z]+)=", html), name
        assert "<script>" not in html, name


def test_many_papers_cost_no_more_questions(room: Room) -> None:
    client = english(room, *DIRECTOR)
    agreement = signed_agreement(room)

    def asked(name: str) -> int:
        page(client, name)
        with CaptureQueriesContext(connection) as queries:
            page(client, name)
        return len(queries)

    names = ("home", "agreements", "orders", "register", "order_new")
    frozen_order(room, agreement, "ORD-0")
    few = [asked(name) for name in names]
    for number in range(1, 25):
        frozen_order(room, agreement, f"ORD-{number}")
    for number in range(2, 12):
        agreements.freeze("test", draft_agreement(room, f"DPA-{number}"))
    assert [asked(name) for name in names] == few


def test_an_agreement_is_drafted_letter_by_letter(room: Room) -> None:
    client = english(room, *DPO)
    give_passkey(room.people[DIRECTOR])
    give_passkey(room.people[MANAGEMENT])
    answer = client.post(reverse("agreement_new"), {"number": "DPA-9", "controller": LAB, "processor": VENDOR})
    version = AgreementVersion.objects.get(number="DPA-9")
    assert answer["Location"] == reverse("agreement_draft", args=[version.pk])
    html = page(client, "agreement_draft", version.pk)
    for letter in "abcdefgh":
        assert f"Art. 28(3)({letter})" in html
    assert html.count("empty</span>") == 14, "all but annex IV and the second approver"
    assert "agreement_freeze" not in html
    form = {
        name: value or "Ceci est dit."
        for name, value in posted(html).items()
        if not name.startswith(("measures_", "sub_"))
    }
    form |= {
        "in_force_from": "2026-01-01", "in_force_until": "2027-12-31", "clauses__d_sub_processing": "general",
        "clauses__g_end_of_service": "delete", "hosting__where": "certified_host", "hosting__expires": "2027-12-31",
        "language": "fr", "measures": ["0", "2"], "measures__0__heading": "Locaux", "measures__0__description": "Badges.",
        "sub_processors__0__name": "Hébergeur SAS",
    }  # fmt: skip
    form["controller__signers"] = re.findall(r'name="controller__signers" value="([^"]+)"', html)
    form["processor__signers"] = re.findall(r'name="processor__signers" value="([^"]+)"', html)
    assert client.post(reverse("agreement_draft", args=[version.pk]), form).status_code == 302
    html = page(client, "agreement_draft", version.pk)
    assert html.count("empty</span>") == 1  # annex IV: the sub-processor has no address yet
    assert "Sub-processor 1: address</a>: nothing is filled in yet" in html
    again = posted(html)
    assert again["measures"] == ["0", "2"]
    assert (again["measures__0__heading"], again["measures__1__heading"]) == ("Locaux", "")
    version.refresh_from_db()
    assert [each["heading"] for each in version.draft["measures"]] == [
        PROPOSALS[0].heading.fr, PROPOSALS[2].heading.fr, "Locaux",
    ]  # fmt: skip
    for name in ("address", "contact__name", "contact__role", "contact__details", "processing"):
        again[f"sub_processors__0__{name}"] = "Dit."
    assert client.post(reverse("agreement_draft", args=[version.pk]), again).status_code == 302
    assert client.post(reverse("agreement_freeze", args=[version.pk])).status_code == 302
    version.refresh_from_db()
    assert version.digest == digest_of(agreements.artefact_of(version))


def test_a_person_signs_once_with_one_key(room: Room) -> None:
    give_passkey(room.people[DIRECTOR])
    give_passkey(room.people[DIRECTOR], passkeys.SoftPasskey(4711, "localhost"))
    version = draft_agreement(room)
    client = english(room, *DPO)
    html = page(client, "agreement_draft", version.pk)
    form = posted(html)
    form["controller__signers"] = re.findall(r'name="controller__signers" value="([^"]+)"', html)
    assert len(form["controller__signers"]) == 2
    answer = client.post(reverse("agreement_draft", args=[version.pk]), form)
    assert answer.status_code == 200
    assert "One person, one role, one key." in answer.content.decode()


def test_agents_are_signers_too(room: Room) -> None:
    key = add_agent(room, VENDOR, Place.SOURCE)
    found = candidates(Organisation.objects.get(slug=VENDOR))
    assert [(each.id, str(each.role), each.key) for each in found] == [("agent-source", "source_agent", key)]


def test_documents_are_handed_out_in_both_languages(room: Room) -> None:
    version = signed_agreement(room)
    client = english(room, *DPO)
    for form, starts in (("pdf", b"%PDF-"), ("docx", b"PK"), ("html", b"<!doctype html>")):
        for lang in ("fr", "en"):
            answer = client.get(reverse("agreement_document", args=[version.pk]), {"form": form, "lang": lang})
            assert answer.content.startswith(starts)
            assert answer["Content-Disposition"] == f'attachment; filename="DPA-1-v1.{lang}.{form}"'
    assert client.get(reverse("agreement_document", args=[version.pk]), {"form": "exe"}).status_code == 422


def unpacked(client: Client, name: str, key: int, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(client.get(reverse(name, args=[key])).content)) as made:
        made.extractall(folder)
    return folder


def test_what_was_signed_verifies_without_the_room(room: Room, tmp_path: Path) -> None:
    agreement = signed_agreement(room)
    order = frozen_order(room, agreement)
    assert approve_by(room, order, DIRECTOR).status_code == 302
    folder = unpacked(english(room, *DPO), "order_signed", order.pk, tmp_path)
    terms, ordered = read_paper(Agreement, folder / "DPA-1.json"), read_paper(Order, folder / "ORD-1.json")
    assert ordered.digest == OrderVersion.objects.get(pk=order.pk).digest
    assert set(terms.signatures) == {room.people[DIRECTOR].handle, room.people[MANAGEMENT].handle}
    assert verified_signers(ordered.value, ordered.signatures, terms.value) == {room.people[DIRECTOR].handle}
    for paper, namespace in ((terms, "ecluse.agreement"), (ordered, "ecluse.order")):
        for signer, armour in paper.signatures.items():
            known = terms.value.controller.signer(signer) or terms.value.processor.signer(signer)
            assert known is not None
            data = (folder / paper.file.name).read_bytes()
            assert passkeys.stock_accepts(data, armour, known.key, tmp_path, namespace)
            _sshsig.verify(data, armour, _sshsig.key_of(known.key), namespace)
            assert not passkeys.stock_accepts(data + b" ", armour, known.key, tmp_path, namespace)


def test_an_order_is_composed_by_ticking(room: Room) -> None:
    agreement = signed_agreement(room)
    client = english(room, *DIRECTOR)
    assert client.post(reverse("order_new"), {"agreement": agreement.pk, "number": "ORD-7"}).status_code == 302
    version = OrderVersion.objects.get(number="ORD-7")
    html = page(client, "order_draft", version.pk)
    assert 'value="patient.family_name"' in html
    assert "no order can name it" in html
    assert not re.search(r'name="fields" value="[a-z_.]*password', html)
    shown = client.post(
        reverse("order_preview", args=[version.pk]), {"fields": ["patient.family_name"]}
    ).content.decode()
    leaves, _, stays = shown.partition('class="stays"')
    assert "name in use" in leaves
    assert "patient number in the source" in leaves
    assert "birth date" not in leaves
    assert "birth date" in stays
    text = order_text(room)
    form = posted(html) | {
        "controller__signatory": text["controller"]["signatory"], "controller__finess": "750100125",
        "source__system": "dxlab", "source__site": "RENNES", "source__profile": "dxlab",
        "destination__system": "kalisil", "destination__recipient": text["destination"]["recipient"],
        "scope__dates__from": "2018-01-01", "scope__dates__until": "2019-12-31", "scope__sites": "RENNES\r\nBREST\r\n",
        "fields": ["patient.family_name", "request.registered_on"], "retention__amount": "7",
        "retention__erase_by": text["retention"]["erase_by"],
    }  # fmt: skip
    assert client.post(reverse("order_draft", args=[version.pk]), form).status_code == 302
    version.refresh_from_db()
    assert orders.drafted(version).trace is None
    form |= {"trace__recipient": TRACE["recipient"], "trace__keep_until": "2031-12-31"}
    assert client.post(reverse("order_draft", args=[version.pk]), form).status_code == 302
    version.refresh_from_db()
    order = orders.drafted(version)
    assert order.trace == Trace(TRACE["recipient"], dt.date(2031, 12, 31))
    assert posted(page(client, "order_draft", version.pk))["trace__keep_until"] == "2031-12-31"
    assert order.scope.fields == {
        "patient": ("source_id", "family_name"), "request": ("source_id", "registered_on"),
    }  # fmt: skip
    assert order.scope.sites == ("RENNES", "BREST")
    assert set(order.scope.exclude_categories) == set(SensitiveCategory)
    assert posted(page(client, "order_draft", version.pk))["fields"] == [
        "patient.source_id", "patient.family_name", "request.source_id", "request.registered_on",
    ]  # fmt: skip
    assert client.post(reverse("order_freeze", args=[version.pk])).status_code == 302


def test_an_estimate_is_drawn_while_composing(room: Room) -> None:
    """Kept and asked for by one button; drawn where it is composed; gone when the text is another."""
    version = draft_order(room, signed_agreement(room))
    client, address = english(room, *DIRECTOR), reverse("order_draft", args=[version.pk])
    form = posted(page(client, "order_draft", version.pk))
    assert "Nothing was counted for this text" in page(client, "order_draft", version.pk)
    assert client.post(address, form | {"count": "1"}).status_code == 302
    assert "every 5s" in page(client, "order_draft", version.pk)
    version.refresh_from_db()
    orders.give_estimate("agent-source", version, estimate_for(version))
    assert "3,200 rows" in page(client, "order_draft", version.pk)
    client.post(address, form)
    assert "3,200 rows" in page(client, "order_draft", version.pk), "kept again as it was"
    client.post(address, form | {"scope__sites": "BREST"})
    assert "Nothing was counted for this text" in page(client, "order_draft", version.pk)
    unfinished = client.post(address, form | {"scope__sites": "", "count": "1"}, follow=True).content.decode()
    assert "no site is ordered" in unfinished
    version.refresh_from_db()
    assert version.estimate_asked_at is None


def test_no_form_takes_a_secret(room: Room) -> None:
    version = draft_order(room, signed_agreement(room))
    client = english(room, *DIRECTOR)
    form = posted(page(client, "order_draft", version.pk))
    for name in ("practitioner.password", "patient.no_such_field"):
        answer = client.post(reverse("order_draft", args=[version.pk]), form | {"fields": [name]})
        assert answer.status_code == 200, "the form is shown again"
    before = version.draft
    version.refresh_from_db()
    assert version.draft == before


def estimate_for(version: OrderVersion) -> Estimate:
    return Estimate(
        "ecluse.estimate/1", digest_of(orders.text_of(version)), "agent-source", version.drafted_at.replace(microsecond=0),
        (EstimatedRows("patient", None, None, 1200), EstimatedRows("request", 2018, "RENNES", 900),
         EstimatedRows("request", 2019, "RENNES", 1100)),
        (EstimatedCategory(SensitiveCategory.HIV, 12, taken=False), EstimatedCategory(None, 40, taken=False)),
    )  # fmt: skip


def test_what_was_counted_is_drawn_and_goes_with_the_text(room: Room) -> None:
    version = draft_order(room, signed_agreement(room))
    client = english(room, *DIRECTOR)
    assert client.post(reverse("order_estimate", args=[version.pk])).status_code == 302
    assert "every 5s" in page(client, "order", version.pk)
    orders.give_estimate("agent-source", version, estimate_for(version))
    html = page(client, "order", version.pk)
    assert "every 5s" not in html
    for told in ("3,200 rows", "2018", "RENNES", "HIV-related", 'width="100"', 'width="92"', 'width="30"'):
        assert told in html, told
    orders.redraft("test", version, order_text(room, sites=["BREST"]))
    assert "Nothing was counted for this text" in page(client, "order", version.pk)


def test_the_register_is_a_screen_and_files(room: Room) -> None:
    order = frozen_order(room, signed_agreement(room))
    approve_by(room, order, DIRECTOR)
    signed_agreement(room, "DPA-OTHER", OTHER_LAB)
    vendor, lab = english(room, VENDOR, Role.DPO), english(room, *DPO)
    assert "Quatre Vents" in page(vendor, "register")
    assert "Quatre Vents" not in page(lab, "register")
    rows = list(csv.reader(io.StringIO(vendor.get(reverse("register_file"), {"form": "csv"}).content.decode())))
    assert len(rows) == 3
    assert any("ORD-1" in cell for cell in rows[2] + rows[1])
    assert lab.get(reverse("register_file"), {"form": "pdf", "lang": "fr"}).content.startswith(b"%PDF-")
    assert lab.get(reverse("register_file"), {"processor": "somebody else"}).status_code == 422


def test_hostile_words_are_only_words(room: Room) -> None:
    draft = draft_agreement(room)
    text = draft.draft
    text["processing"]["purpose"] = text["clauses"]["c_security"] = HOSTILE
    text["measures"] = [{"heading": HOSTILE[:200], "description": HOSTILE}]
    text["processing"]["categories_of_persons"] = ["=1+1", HOSTILE]
    text["controller"]["address"] = "@SUM(A1)"
    text["controller"]["contact"]["name"] = HOSTILE
    agreements.redraft("test", draft, text)
    client = english(room, *DIRECTOR)
    pages = [page(client, "agreement_draft", draft.pk)]
    frozen = agreements.freeze("test", draft)
    pages += [page(client, "agreement", draft.pk), page(client, "agreement_sign", draft.pk)]
    from room_papers import passkey_of, sign_by  # noqa: PLC0415

    for who in (DIRECTOR, MANAGEMENT):
        sign_by(english(room, *who), reverse("agreement_sign", args=[draft.pk]), frozen, passkey_of(room.people[who]))
    draft.refresh_from_db()
    order = draft_order(room, draft, sites=[HOSTILE, "=1+1"])
    pages += [page(client, "order_draft", order.pk)]
    orders.freeze("test", order)
    pages += [page(client, name, order.pk) for name in ("order", "order_approve")]
    approve_by(room, order, DIRECTOR)
    pages += [page(client, name) for name in ("agreements", "orders", "register", "home")]
    for html in pages:
        assert "<script>alert" not in html
        assert not re.search(r"<[^>\"]*\sonload=", re.sub(r'"[^"]*"', "", html))
    data = client.get(reverse("register_file"), {"form": "csv"}).content.decode()
    cells = [cell for row in csv.reader(io.StringIO(data)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert any(cell.startswith("'@SUM") for cell in cells)


def test_home_says_what_waits(room: Room) -> None:
    agreement = signed_agreement(room, in_force_until=_in_days(80))
    frozen_order(room, agreement)
    html = page(english(room, *DIRECTOR), "home")
    assert "Approve order ORD-1" in html
    assert "the agreement ends" in html
    assert "ORD-1" not in page(english(room, OTHER_LAB, Role.DIRECTOR), "home")
    assert "ORD-1" not in page(english(room, *MANAGEMENT), "home")


def _in_days(days: int) -> str:
    import datetime as dt  # noqa: PLC0415

    return (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)).isoformat()


def test_versions_are_told_apart(room: Room) -> None:
    agreement = signed_agreement(room)
    order = frozen_order(room, agreement)
    client = english(room, *DIRECTOR)
    assert client.post(reverse("order_amend", args=[order.pk])).status_code == 302
    second = OrderVersion.objects.get(number="ORD-1", version=2)
    orders.redraft("test", second, order_text(room, sites=["RENNES", "BREST"]))
    html = page(client, "order", second.pk)
    assert "BREST" in html
    assert "lets more leave" in html


def test_the_approved_order_begins_a_migration(room: Room) -> None:
    order = frozen_order(room, signed_agreement(room))
    assert approve_by(room, order, DIRECTOR).status_code == 302
    begun = Migration.objects.get(order=order)
    assert (begun.state, (begun.due - begun.since).days if begun.due else None) == ("approved", 14)


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.DPO])
def test_another_laboratory_sees_nothing(room: Room, role: Role) -> None:
    agreement = signed_agreement(room)
    order = frozen_order(room, agreement)
    client = english(room, OTHER_LAB, role)
    for name, key in (("agreement", agreement.pk), ("agreement_signed", agreement.pk), ("order", order.pk),
                      ("order_signed", order.pk), ("order_estimate_live", order.pk)):  # fmt: skip
        assert client.get(reverse(name, args=[key])).status_code == 404
    assert "DPA-1" not in page(client, "agreements")
    assert "ORD-1" not in page(client, "orders")
    assert signers_of(room, (OTHER_LAB, role))["controller"]
