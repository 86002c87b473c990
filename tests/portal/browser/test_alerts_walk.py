"""An alert in a real room: raised by its watch, told by mail, answered from the mail, resolved on screen (law 8).

Each page on the way is judged by axe-core, wide and narrow, light and dark, in French and in English.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ecluse.domain.permissions import Role
from mail_sink import MailSink, mail_sink
from walking import Room, Walker, open_room, walkers

ENGINEER, OFFICER, DIRECTOR = ("noe.garnier", "ines.faure", "alain.petit")
LINK = re.compile(r"https?://\S+/alerts/answer/\S+")
TITLE = "A further administrator"


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[Room, MailSink]]:
    with ExitStack() as held:
        mail = held.enter_context(mail_sink())
        yield held.enter_context(open_room(tmp_path, ECLUSE_SMTP_URL=mail.url)), mail


def awaited(found: Callable[[], str], seconds: float = 30) -> str:
    """What comes by itself, as soon as it is there."""
    until = time.monotonic() + seconds
    while not (there := found()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.2)
    return there


def answer_link(mail: MailSink, address: str, title: str) -> str:
    """The link of the mail by which somebody was told of an alert."""
    for message in mail.to(address):
        body = message.get_content()
        if title in body and (link := LINK.search(body)):
            return link[0]
    return ""


def invited(admin: Walker, name: str, handle: str, role: Role) -> str:
    admin.go("people/").press("Inviter quelqu'un")
    admin.write(name=name, email=f"{handle}@passage.example").tick("role", str(role)).press("Faire l'invitation")
    return admin.page.locator("code.secret").inner_text().strip()


def test_an_alert_from_the_mail_to_its_end(serving: tuple[Room, MailSink]) -> None:
    room, mail = serving
    channels = room.home / "supervision.yaml"
    channels.write_text("channels:\n- name: sms\n  url: jsons://sms.example/{to}\n  least: high\n")
    channels.chmod(0o600)
    with walkers(room) as everybody:
        admin = everybody.join(room.first_link, "Sacha Roux", "sacha.roux@passage.example")
        by = {
            handle: everybody.join(invited(admin, name, handle, role), name, f"{handle}@passage.example", lang)
            for name, handle, role, lang in (
                ("Noé Garnier", ENGINEER, Role.ENGINEER, "en"),
                ("Inès Faure", OFFICER, Role.SECURITY_OFFICER, "fr"),
                ("Alain Petit", DIRECTOR, Role.DIRECTOR, "en"),
            )
        }
        admin.go(f"people/passage-sas/of/{OFFICER}/").page.locator("[name=role]").select_option("administrator")
        admin.press("Donner le rôle")
        link = awaited(lambda: answer_link(mail, f"{ENGINEER}@", TITLE))

        # From the mail, on a telephone that has never been here: looking answers nothing, the button does.
        phone = everybody.stranger("en")
        phone.go(link).look().picture("alerts-answer", height=560)
        assert phone.heading == TITLE
        phone.press("I take it in hand")
        assert "in your hands" in phone.look().text
        assert phone.go(link).heading == "This cannot be done"

        engineer = by[ENGINEER]
        assert "An alert is in your hands" in engineer.go("").look().text
        engineer.go("alerts/").look().press(TITLE)
        address = engineer.look().path
        engineer.write(text="Planned: the officer stands in for Sacha in December.").press("Note")
        assert engineer.button("Resolve").count() == 0

        officer = by[OFFICER]
        assert "Ce n'est donc pas à vous d'y répondre" in officer.go(address).look().text
        assert officer.button("Je m'en occupe").count() == 0

        director = by[DIRECTOR].go(address)
        director.write(reason="As planned with the board; ends on 31 December.").press("Resolve")
        assert "Resolved by Alain Petit" in director.look().text
        assert TITLE in director.go("alerts/?state=resolved").text

        officer.go("alerts/settings/").look()
        officer.write(to_1="+33600000000", quiet_from="22:00", quiet_until="07:00")
        officer.press("Me prévenir ainsi")
        assert "Un canal va avec une adresse" in officer.look().text
        officer.page.locator("[name=channel_1]").select_option("sms")
        officer.press("Me prévenir ainsi").look().picture("alerts-settings", height=960)
        officer.press("Délais de Passage").look()
        officer.write(critical_acknowledge="40 min").press("Fixer")
        assert "De 1 min à 30 min" in officer.text
        officer.write(critical_acknowledge="10 min").press("Fixer")
        assert "Les délais sont fixés" in officer.text
        engineer.go("relays/").look()
        for who in (engineer, officer):
            who.go("warnings/").look()
