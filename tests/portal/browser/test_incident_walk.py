"""An incident in a real room, from its opening to the draft that a laboratory takes away: by forms alone, both themes.

Each page on the way is judged by axe-core, wide and narrow, light and dark.
"""

from pathlib import Path

from ecluse.domain.permissions import Role
from walking import Walker, open_room, walkers

LAB = "Laboratoire des Trois Rivières"


def invited(admin: Walker, name: str, email: str, role: Role) -> str:
    admin.go("people/").press("Inviter quelqu'un")
    admin.write(name=name, email=email).tick("role", str(role)).press("Faire l'invitation")
    return admin.page.locator("code.secret").inner_text().strip()


def test_a_laboratory_s_incident(tmp_path: Path) -> None:
    with open_room(tmp_path) as room, walkers(room) as everybody:
        admin = everybody.join(room.first_link, "Sacha Roux", "sacha.roux@passage.example")
        told = "lou.mercier@trois-rivieres.example"
        admin.go("people/").press("Faire entrer un laboratoire")
        admin.write(name=LAB, address="1 quai de l'Écluse", administrator="Lou Mercier", email=told)
        admin.press("Faire l'invitation")
        lab = everybody.join(admin.page.locator("code.secret").inner_text().strip(), "Lou Mercier", told)
        told = "jeanne.le.goff@trois-rivieres.example"
        dpo = everybody.join(invited(lab, "Jeanne Le Goff", told, Role.DPO), "Jeanne Le Goff", told)

        dpo.go("incidents/").look().press("Ouvrir un incident").look()
        dpo.write(title="Fichier en vente", text="Un fichier de patients est offert sur un forum.")
        dpo.page.locator("[name=basis]").select_option("press")
        dpo.press("L'ouvrir")
        incident = dpo.path
        assert "encore 71 h" in dpo.text

        dpo.page.locator("summary", has_text="Saisir un nombre").click()
        dpo.write(**{"count-count": "491840"}).page.locator("form[action$='/counts/'] button").click()
        dpo.page.get_by_text("491\u202f840").first.wait_for()
        dpo.page.locator("summary", has_text="Noter un lieu").click()
        dpo.write(**{"place-address": "https://forum.example/fil/1"}).press("Le noter")
        dpo.press("Consigner une demande ou une réponse").look()
        dpo.page.locator("[name=to]").select_option("asked")
        dpo.press("L'enregistrer")
        assert "une demande nomme à qui" in dpo.text
        dpo.write(whom="abuse@forum.example").press("L'enregistrer")
        assert "retrait demandé" in dpo.text

        dpo.press("Elle est à notifier").look()
        dpo.tick("risk", "high").write(reasons="Diagnostics publiés.").press("L'enregistrer")
        assert dpo.path == incident
        assert "à notifier" in dpo.look().picture("incident", height=1100).text
        dpo.press("Consigner la notification").write(reference="CNIL-1").press("L'enregistrer")
        assert "notifié, à compléter" in dpo.text
        cut = "[...document.querySelectorAll('.scroll')].filter(each => each.scrollWidth > each.clientWidth + 1).length"
        dpo.page.set_viewport_size({"width": 360, "height": 800})
        assert dpo.page.evaluate(cut) == 0, "on a telephone no table hides a part of itself"
        with dpo.page.expect_download() as waiting:
            dpo.page.locator("a[href*='papers/authority/?form=html'][href*='lang=fr']").click()
        waiting.value.save_as(tmp_path / "draft.html")
        draft = (tmp_path / "draft.html").read_text(encoding="utf-8")
        assert "environ 491\u202f840" in draft
        assert "Pas encore connu." in draft
        assert "forum.example" not in draft
        assert admin.go(incident).heading != "Fichier en vente", "the vendor has no part in it"
