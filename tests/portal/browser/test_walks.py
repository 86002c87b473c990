"""Every persona's walk, in a real browser with real passkeys: from the first link to a bundle that verifies offline.

One room, one long walk: what each step needs, the steps before it have done with their own hands. Each page on the way
is judged by axe-core, wide and narrow, light and dark; with ``ECLUSE_SCREENSHOTS=write`` the docs' pictures are taken.
"""

import datetime as dt
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Page

from agents_at_work import OPTIONS
from ecluse.domain.permissions import Role
from mail_sink import mail_sink
from migrating import Desk
from terminals import in_terminal
from walking import Room, Walker, Walkers, open_room, walkers

LAB = "Laboratoire des Trois Rivières"
AGREEMENT, ORDER = "DPA-2026-007", "BIO-2026-0042"
A4_WITHIN_MARGINS = 672
"""Pixels of CSS: 210 mm less two margins of 16 mm, at 96 an inch."""
FIELDS = (
    "patient.family_name", "patient.given_names", "patient.birth_date", "patient.sex", "patient.nir",
    "request.registered_on", "request.site", "request.prescriber", "observation.code", "observation.raw_value",
    "observation.value", "observation.unit", "observation.reference_range", "observation.status",
)  # fmt: skip


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Room]:
    with mail_sink() as mail, open_room(tmp_path, ECLUSE_SMTP_URL=mail.url) as room:
        yield room


def invited(walker: Walker, name: str, email: str, role: Role) -> str:
    """The one-time link that an administrator makes."""
    french = walker.lang == "fr"
    walker.go("people/").press("Inviter quelqu'un" if french else "Invite somebody")
    walker.write(name=name, email=email).tick("role", str(role))
    walker.look().press("Faire l'invitation" if french else "Make the invitation")
    return walker.look().page.locator("code.secret").inner_text().strip()


def test_from_the_first_link_to_the_last_proof(serving: Room, tmp_path: Path) -> None:
    with walkers(serving) as everybody:
        world = World(serving, everybody, Desk.made(tmp_path / "desk", patients=20))
        world.the_first_administrator()
        world.everybody_arrives()
        world.agents_are_enrolled()
        world.an_agreement_is_made()
        world.an_order_is_approved()
        world.agents_carry_it_out(tmp_path)
        world.an_alert_is_looked_into()
        world.prior_results_are_looked_at()
        world.the_director_accepts()
        world.the_auditor_believes_nobody(tmp_path)
        world.without_javascript()
        world.somebody_leaves()


class World:
    """The walk's chapters, in their order."""

    def __init__(self, room: Room, everybody: Walkers, desk: Desk) -> None:
        self.room, self.everybody, self.desk = room, everybody, desk
        self.by: dict[str, Walker] = {}

    def the_first_administrator(self) -> None:
        """Nothing works before the passkey is there; the link works once."""
        stranger = self.everybody.stranger()
        for path in ("", "people/", "journal/", "migrations/1/", "me/"):
            assert stranger.go(path).path.startswith("/account/login/"), path
        stranger.look().picture("sign-in")
        self.everybody.stranger("en").go("account/login/").picture("sign-in")
        joining = self.everybody.stranger()
        joining.go(self.room.first_link).look()
        joining.write(name="Sacha Roux", email="somebody.else@passage.example").press("Rejoindre")
        assert "Le lien n'a pas été envoyé à cette adresse." in joining.look().text
        admin = self.everybody.join(self.room.first_link, "Sacha Roux", "sacha.roux@passage.example")
        self.by["administrator"] = admin
        admin.look()
        assert joining.go(self.room.first_link).page.locator("h1").count() == 1
        assert joining.button("Rejoindre").count() == 0

    def everybody_arrives(self) -> None:
        """The vendor's people; the laboratory, by its own administrator; each with a passkey of their own."""
        admin = self.by["administrator"]
        admin.go("people/").press("Inviter quelqu'un")
        admin.write(name="Tout le monde", email="contact@passage.example").tick("role", "director")
        admin.press("Faire l'invitation")
        assert "une boîte que plusieurs personnes lisent" in admin.look().text
        for key, name, role, lang in (
            ("management", "Alain Petit", Role.DIRECTOR, "fr"),
            ("engineer", "Noé Garnier", Role.ENGINEER, "en"),
            ("vendor_security", "Inès Faure", Role.SECURITY_OFFICER, "fr"),
            ("vendor_dpo", "Dominique Duval", Role.DPO, "en"),
        ):
            email = f"{plain(name)}@passage.example"
            self.by[key] = self.everybody.join(invited(admin, name, email, role), name, email, lang)
        admin.go("people/").press("Faire entrer un laboratoire").look()
        admin.write(
            name=LAB, address="1 quai de l'Écluse, 35000 Rennes", administrator="Lou Mercier",
            email="lou.mercier@trois-rivieres.example",
        ).press("Faire l'invitation")  # fmt: skip
        link = admin.page.locator("code.secret").inner_text().strip()
        lab = self.everybody.join(link, "Lou Mercier", "lou.mercier@trois-rivieres.example", "en")
        self.by["lab_administrator"] = lab
        for key, name, role, lang in (
            ("director", "Claire Martin", Role.DIRECTOR, "fr"),
            ("approver", "Samir Haddad", Role.APPROVER, "en"),
            ("dpo", "Jeanne Le Goff", Role.DPO, "fr"),
            ("auditor", "Hugo Blanc", Role.AUDITOR, "fr"),
        ):
            email = f"{plain(name)}@trois-rivieres.example"
            self.by[key] = self.everybody.join(invited(lab, name, email, role), name, email, lang)
        assert "Claire Martin" in lab.go("people/").look().text
        assert "Alain Petit" not in lab.picture("people").text
        today = dt.datetime.now(dt.UTC).date()
        for handle in ("noe.garnier", "ines.faure", "alain.petit"):
            admin.go(f"people/passage-sas/of/{handle}/").look().page.locator("summary", has_text="formation").click()
            until = (today + dt.timedelta(days=365)).isoformat()
            admin.write(subject="Protection des données", done_on=today.isoformat(), expires_on=until)
            admin.press("Enregistrer")
        admin.go("people/").look().picture("people")
        admin.go("me/").look()

    def agents_are_enrolled(self) -> None:
        """The engineer answers for two machines; each brings its own key by a code that works once."""
        engineer = self.by["engineer"]
        for place in ("source", "destination"):
            engineer.go("agents/").look().press("Invite an agent").look()
            engineer.write(handle=f"agent-{place}").tick("place", place).press("Make the code")
            command = engineer.look().page.locator("code.secret").inner_text()
            code = command.split()[4]
            self.desk.spawn(
                "agent", "enrol", self.room.url, code, "-w", f"at-{place}", "--key", f"keys/agent-{place}"
            )  # fmt: skip
        assert "agent-destination" in engineer.go("agents/").look().picture("agents").text
        assert "agent-destination" in self.by["vendor_security"].go("agents/").picture("agents").text

    def an_agreement_is_made(self) -> None:
        """Drafted letter by letter, frozen, signed by both parties with their passkeys."""
        dpo, today = self.by["dpo"], dt.datetime.now(dt.UTC).date()
        dpo.go("agreements/").look().press("Commencer").look()
        dpo.write(number=AGREEMENT).press("Commencer")
        dpo.look().picture("agreement-draft")
        fill_draft(dpo.page, today)
        dpo.press("Enregistrer le brouillon")
        assert dpo.page.locator(".lacks li").count() == 0, dpo.page.locator(".lacks").all_inner_texts()
        dpo.press("Figer le texte")
        dpo.look()
        path = dpo.path
        for who in ("director", "management"):
            walker = self.by[who]
            walker.go("").look()
            walker.go(path).press("Lire et signer").look()
            walker.sign("Signer avec ma clé d'accès")
            assert walker.path == path, walker.text
        assert "en vigueur" in self.by["director"].go(path).look().picture("agreement").text

    def an_order_is_approved(self) -> None:
        """Composed by ticking; what stays is shown beside what leaves; approved by two, and the migration is there."""
        dpo, today = self.by["dpo"], dt.datetime.now(dt.UTC).date()
        dpo.go("orders/").look().press("Composer un ordre").look()
        dpo.write(number=ORDER).press("Commencer")
        dpo.look()
        shown = self.desk.ecluse("key", "show", "keys/kalisil.age", "--json").json()
        persons = json.loads(self.desk.path("order.json").read_text())["scope"]["exclude_persons"]
        fill(dpo.page, ORDERED | {
            "destination__recipient": shown["recipient"], "scope__exclude_persons__digest": persons["digest"],
            "scope__exclude_persons__basis": persons["basis"], "scope__exclude_persons__persons": str(persons["persons"]),
            "retention__erase_by": (today + dt.timedelta(days=60)).isoformat(),
        })  # fmt: skip
        dpo.page.locator("[name=controller__signatory]").select_option(label="Claire Martin")
        for box in dpo.page.locator("[name=scope__exclude_categories]").all():
            box.set_checked(box.get_attribute("value") in {"genetics", "hiv"})
        dpo.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        for name in FIELDS:
            dpo.tick("fields", name)
        dpo.page.locator("#picture .leaves", has_text="prescripteur").wait_for()
        dpo.look().page.locator("[value='patient.sex']").scroll_into_view_if_needed()
        dpo.picture("order-draft", height=560)
        dpo.press("Enregistrer le brouillon")
        dpo.press("Voir l'ordre")
        dpo.look().press("Figer le texte")
        path = dpo.look().path
        engineer = self.by["engineer"].go(path).look()
        assert engineer.button("Read and approve").count() == 0
        assert self.by["vendor_security"].go("orders/").look().text.count(ORDER) == 1
        director = self.by["director"]
        assert ORDER in director.go("").picture("home").text
        director.go(path).press("Lire et approuver").look().picture("approve")
        director.sign("Approuver avec ma clé d'accès")
        assert director.path == path, director.text
        assert "Aucun" in director.go("migrations/").text
        self.by["approver"].go("").picture("home")
        by_keys(self.by["approver"].go(path))
        assert self.by["approver"].look().path == path
        assert ORDER in self.by["approver"].go("migrations/").look().text

    def agent(self, place: str) -> None:
        """One pass of a real agent."""
        self.desk.spawn(
            "agent", "run", "-w", f"at-{place}", "--agreement", f"{AGREEMENT}.json", "--mailbox", "exchange",
            *OPTIONS[place], "--once",
        )  # fmt: skip

    def agents_carry_it_out(self, folder: Path) -> None:
        """Their owner gives them the signed agreement; they verify it, and what they report is seen at once."""
        director, engineer = self.by["director"], self.by["engineer"]
        director.go("orders/").press(ORDER)
        with zipfile.ZipFile(director.saved("Ordre et contrat, avec leurs signatures", folder)) as signed:
            signed.extractall(self.desk.root)
        engineer.go("migrations/").press(ORDER).look()
        self.by["director"].go(engineer.path).look()
        self.agent("source")
        engineer.page.locator("#lock", has_text="The downstream gate is open").wait_for()  # drawn anew by itself
        engineer.go(engineer.path).look().picture("migration", height=700)
        director.go(engineer.path).picture("migration", height=700)
        self.agent("destination")
        self.agent("source")
        assert "Decide" not in engineer.go(engineer.path).text

    def an_alert_is_looked_into(self) -> None:
        """What was done in the room is found by its watch; whoever is told sees what it rests on, and whose move it is."""
        admin, engineer, officer = self.by["administrator"], self.by["engineer"], self.by["vendor_security"]
        admin.go("people/passage-sas/of/dominique.duval/").page.locator("[name=role]").select_option("administrator")
        admin.press("Donner le rôle")
        row = engineer.page.locator("tbody th a", has_text="A further administrator")
        for _ in range(30):
            if engineer.go("alerts/").page.locator("tbody").count() and row.count():
                break
            engineer.page.wait_for_timeout(500)
        engineer.look().picture("alerts").press("A further administrator")
        engineer.look().picture("alerts-one", height=1200)
        officer.go("alerts/").picture("alerts").go(engineer.path).look().picture("alerts-one", height=1200)

    def prior_results_are_looked_at(self) -> None:
        """The line that the room gives works on the destination's machine; the room then says who looked, and no value."""
        director = self.by["director"]
        page = director.go("migrations/").press(ORDER).look()
        assert "Personne n'a regardé d'échantillon." in page.text
        line = page.page.locator("code", has_text="ecluse compare").inner_text().split()
        assert line[-2:] == ["--by", "claire.martin"]
        line[line.index("-w") + 1] = f"at-destination/{line[line.index('-w') + 1]}"
        told = in_terminal(self.desk.command(*line[1:]), self.desk.root, self.desk.environment())
        assert told[0] == 0, told[1]
        assert "✓" in told[1]
        self.agent("destination")
        text = director.go(director.path).look().text
        for walker in (director, self.by["approver"].go(director.path)):
            walker.page.evaluate("document.querySelector('#samples').scrollIntoView()")
            walker.picture("samples", height=460)
        assert "Personne n'a regardé" not in text
        assert "claire.martin" in director.page.locator("section:has(#samples) tbody").inner_text()

    def the_director_accepts(self) -> None:
        """The decision is signed by passkey; then everything made for the way dies, and both places certify it."""
        director = self.by["director"]
        assert ORDER in director.go("").look().text
        director.go("migrations/").press(ORDER).look()
        path = director.path
        director.press("Lire le compte entier").look()
        director.go(path).press("Décider de la réconciliation").look()
        director.tick("decision", "accepted").press("Continuer vers la signature").look()
        director.sign("Signer la décision")
        assert director.path == path, director.text
        for place in ("destination", "source", "destination"):
            self.agent(place)
        assert "effac" in director.go(path).look().picture("erased", height=700).text
        self.by["vendor_dpo"].go(path).look().picture("erased", height=700)
        prints(director)

    def the_auditor_believes_nobody(self, folder: Path) -> None:
        """The bundle verifies offline by keys got elsewhere; the journal gives its proofs."""
        auditor = self.by["auditor"]
        auditor.go("migrations/").press(ORDER)
        bundle = auditor.saved("Prendre le dossier de preuves", folder)
        terms = json.loads(self.desk.path(f"{AGREEMENT}.json").read_text())
        trusted = [
            f"{signer['id']} {signer['key']}\n"
            for side in ("controller", "processor")
            for signer in terms[side]["signers"]
            if signer["role"] in {"director", "management"}
        ]
        self.desk.path("allowed_signers").write_text("".join(trusted))
        self.desk.spawn("evidence", "verify", str(bundle), "--trust", "allowed_signers")
        assert "preuves emportées" in auditor.go("journal/").look().text
        auditor.page.evaluate("document.querySelector('form.filters[role=search]').scrollIntoView()")
        auditor.picture("journal")
        other = self.by["vendor_dpo"].go("journal/")
        other.page.evaluate("document.querySelector('form.filters[role=search]').scrollIntoView()")
        other.picture("journal")
        auditor.page.locator("tbody th a").first.click()
        auditor.look()
        proof = auditor.saved("Prendre l'écriture et sa preuve", folder)
        assert proof.stat().st_size > 100
        auditor.go("register/").look()
        for path, status in (("people/laboratoire-des-trois-rivieres/invite/", 403), ("people/passage-sas/", 404)):
            answer = auditor.page.goto(f"{self.room.url}/{path}")
            assert answer is not None
            assert answer.status == status, path
            auditor.look()

    def without_javascript(self) -> None:
        """Whoever has none reads and searches everything; what needs it says so."""
        kept = self.by["auditor"].page.context.storage_state()
        walker = self.everybody.stranger(storage_state=kept, java_script_enabled=False)
        for path in ("", "agreements/", "orders/", "migrations/", "journal/", "register/", "me/"):
            assert walker.go(path).heading, path
        walker.go("journal/").press("Chercher")
        assert walker.path.startswith("/journal/?")
        nobody = self.everybody.stranger(java_script_enabled=False)
        assert "JavaScript" in nobody.go("account/login/").text

    def somebody_leaves(self) -> None:
        """One click by another; the session that was open is dead at the next one."""
        engineer, security = self.by["engineer"], self.by["vendor_security"]
        assert engineer.go("agents/").path == "/agents/"
        security.go("people/passage-sas/of/noe.garnier/").press("Cette personne s'en va").look()
        security.page.locator("[name=heir]").select_option(label="Inès Faure")
        security.press("Mettre fin à tous les accès").look()
        assert engineer.go("agents/").path.startswith("/account/login/")
        engineer.press("Sign in with a passkey")
        assert engineer.path.startswith("/account/login/")


ORDERED = {
    "controller__finess": "750100125", "source__system": "dxlab", "source__site": "RENNES",
    "source__profile": "demo-dxlab", "destination__system": "kalisil", "scope__dates__from": "2018-01-01",
    "scope__dates__until": "2019-12-31", "scope__sites": "RENNES-CENTRE\nRENNES-SUD", "retention__amount": "0",
}  # fmt: skip


def plain(name: str) -> str:
    """“Jeanne Le Goff” as in an address."""
    return re.sub(r"[^a-z]+", ".", name.lower().translate(str.maketrans("éèë", "eee")))


def fill(page: Page, given: Mapping[str, str]) -> None:
    """Fill or choose, by name."""
    for name, value in given.items():
        field = page.locator(f"[name={name}]")
        if field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def fill_draft(page: Page, today: dt.date) -> None:
    """A whole agreement: every text said, every signer and measure ticked."""
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    for field in page.locator("#draft textarea, #draft input[type=text]").all():
        name = field.get_attribute("name") or ""
        if not field.input_value() and not name.startswith(("measures__", "sub_processors__")):
            field.fill("Comme dit le droit, et rien de plus.")
    until = (today + dt.timedelta(days=300)).isoformat()
    fill(page, {
        "in_force_from": today.isoformat(), "in_force_until": until, "hosting__expires": until,
        "clauses__d_sub_processing": "general", "clauses__g_end_of_service": "delete",
        "hosting__where": "controller_premises", "hosting__certificate": "aucun",
    })  # fmt: skip
    for side in ("controller", "processor"):
        for box in page.locator(f"[name={side}__signers]").all():
            box.check()
    for box in page.locator("[name=measures]").all():
        box.check()
    page.locator("[name=second_approver]").check()


def by_keys(walker: Walker) -> None:
    """Read and approve an order with Tab and Enter alone."""
    for name in ("Read and approve", "Approve with my passkey"):
        with walker.page.expect_navigation():
            walk_to(walker.page, name)
            walker.page.keyboard.press("Enter")


def prints(walker: Walker) -> None:
    """On paper: the text whole, as wide as A4 within its margins, and nothing to press."""
    page = walker.page
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": A4_WITHIN_MARGINS, "height": 900})
    assert page.locator("h1").is_visible()
    shown = [each for each in page.locator("button, .button, nav, .acts").all() if each.is_visible()]
    assert not shown, [each.inner_text() for each in shown]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)", "ink, also from a dark screen"
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) >= 1
    page.emulate_media(media="screen", color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})


def walk_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called ``name``; each stop must be seen."""
    for _ in range(80):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return [e.innerText || '', s.outlineStyle + s.boxShadow]; }"
        )
        assert found[1] != "nonenone", found[0]
        if found[0].strip() == name:
            return
    raise AssertionError(f"no way to {name} by keys")
