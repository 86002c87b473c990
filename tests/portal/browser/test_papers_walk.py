"""From a draft agreement to an approved order in a real browser, in English: what the long walk does not try.

The passkey that does not verify its user signs nothing; the picture follows the boxes; an approval that was offered for
one text is not taken for another; a signature is made once.
"""

import datetime as dt
from contextlib import ExitStack
from pathlib import Path

from artefact_samples import RECIPIENT
from browser import virtual_authenticator
from ecluse.domain.permissions import Role
from walking import Walker, Walkers, open_room, walkers

LAB = "Laboratoire des Trois Rivières"
ORDERED = {
    "controller__finess": "750100125", "source__system": "dxlab", "source__site": "RENNES", "source__profile": "dxlab",
    "destination__system": "kalisil", "destination__recipient": RECIPIENT, "scope__dates__from": "2018-01-01",
    "scope__dates__until": "2019-12-31", "scope__sites": "RENNES", "retention__amount": "7",
}  # fmt: skip


def invited(admin: Walker, name: str, email: str, role: Role) -> str:
    admin.go("people/").press("Invite somebody")
    admin.write(name=name, email=email).tick("role", str(role)).press("Make the invitation")
    return admin.page.locator("code.secret").inner_text().strip()


def people(everybody: Walkers, link: str) -> tuple[Walker, Walker, str]:
    """The vendor's management, the laboratory's DPO, and the link of its director."""
    admin = everybody.join(link, "Sacha Roux", "sacha.roux@passage.example", "en")
    told = "alain.petit@passage.example"
    management = everybody.join(invited(admin, "Alain Petit", told, Role.DIRECTOR), "Alain Petit", told, "en")
    admin.go("people/").press("Bring in a laboratory")
    told = "lou.mercier@trois-rivieres.example"
    admin.write(name=LAB, address="1 quai de l'Écluse", administrator="Lou Mercier", email=told)
    admin.press("Make the invitation")
    lab = everybody.join(admin.page.locator("code.secret").inner_text().strip(), "Lou Mercier", told, "en")
    told = "jeanne.le.goff@trois-rivieres.example"
    dpo = everybody.join(invited(lab, "Jeanne Le Goff", told, Role.DPO), "Jeanne Le Goff", told, "en")
    return management, dpo, invited(lab, "Claire Martin", "claire.martin@trois-rivieres.example", Role.DIRECTOR)


def say_everything(dpo: Walker, today: dt.date) -> None:
    """A whole agreement."""
    page = dpo.page
    for field in page.locator("#draft textarea, #draft input[type=text]").all():
        name = field.get_attribute("name") or ""
        if not field.input_value() and not name.startswith(("measures__", "sub_processors__")):
            field.fill("As the law says, and nothing more.")
    until = (today + dt.timedelta(days=300)).isoformat()
    for name, value in {"in_force_from": today.isoformat(), "in_force_until": until, "hosting__expires": until}.items():
        page.locator(f"[name={name}]").fill(value)
    for name, value in {
        "clauses__d_sub_processing": "general", "clauses__g_end_of_service": "delete",
        "hosting__where": "controller_premises",
    }.items():  # fmt: skip
        page.locator(f"[name={name}]").select_option(value)
    for box in page.locator("[name=controller__signers], [name=processor__signers], [name=measures]").all():
        box.check()


def test_from_a_draft_to_an_approved_order(tmp_path: Path) -> None:
    today = dt.datetime.now(dt.UTC).date()
    with open_room(tmp_path) as room, walkers(room) as everybody, ExitStack() as opened:
        management, dpo, link = people(everybody, room.first_link)
        director = everybody.stranger("en")
        session, key = opened.enter_context(virtual_authenticator(director.page))
        director.go(link).write(name="Claire Martin", email="claire.martin@trois-rivieres.example").press("Join")
        director.press("Create a passkey").press("Create the passkey")

        dpo.go("agreements/new/").write(number="DPA-1").press("Begin").look().picture("agreement-draft")
        assert dpo.page.locator("nav.letters .badge.wait").count() == 14
        say_everything(dpo, today)
        dpo.press("Keep the draft")
        assert dpo.page.locator(".lacks li").count() == 0, dpo.text
        dpo.press("Freeze the text").look()
        agreement = dpo.path
        assert dpo.button("Read and sign").count() == 0, "the DPO is listed, and does not bind"
        for walker in (director, management):
            walker.go(agreement).press("Read and sign").sign("Sign with my passkey")
            assert walker.path == agreement, walker.text
        assert "in force" in director.go(agreement).look().picture("agreement").text

        dpo.go("orders/new/").write(number="ORD-1").press("Begin")
        for name, value in ORDERED.items():
            dpo.page.locator(f"[name={name}]").fill(value)
        dpo.write(retention__erase_by=(today + dt.timedelta(days=60)).isoformat())
        dpo.page.locator("[name=controller__signatory]").select_option(label="Claire Martin")
        dpo.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        follow_the_boxes(dpo)
        dpo.look().picture("order-draft", height=640)
        dpo.press("Keep the draft").press("See the order")
        dpo.press("Freeze the text").look()
        order = dpo.path

        session.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
        director.go(order).press("Read and approve").look().picture("approve")
        director.button("Approve with my passkey").click()
        director.page.locator(".approve-error:not([hidden])", has_text="Nothing was signed").wait_for()
        session.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": True})
        # The page of another text, opened since in the same session, takes this one's place.
        director_again = director.page.context.new_page()
        director_again.goto(f"{room.url}{agreement}sign/")
        director.sign("Approve with my passkey")
        assert "not the last one offered" in director.text
        director.go(order).press("Read and approve").sign("Approve with my passkey")
        assert director.path == order, director.text
        assert "Approved: the migration begins." in director.text
        assert "You have approved this already." in director.go(f"{order}approve/").text
        assert "ORD-1" in director.go("migrations/").text


def follow_the_boxes(dpo: Walker) -> None:
    """What is ticked leaves, at once; what is not stays; a secret has no box."""
    leaves, stays = dpo.page.locator("#picture .leaves"), dpo.page.locator("#picture .stays")
    dpo.tick("fields", "patient.family_name").tick("fields", "patient.nir").tick("fields", "request.registered_on")
    leaves.locator("li", has_text="social security number").wait_for()
    dpo.page.locator("[name=fields][value='patient.nir']").uncheck()
    stays.locator("li", has_text="social security number (NIR)").wait_for()
    assert leaves.locator("li", has_text="social security number").count() == 0
    assert leaves.locator("li", has_text="by which each row is accounted for").count() >= 1
    assert stays.locator("li", has_text="no order can name it").count() >= 1
    assert dpo.page.locator("[name=fields][value*=password]").count() == 0
