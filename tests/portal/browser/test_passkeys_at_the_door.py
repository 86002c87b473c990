"""A passkey at the room's door, in a real browser: enrolled, used to come in, used to prove oneself, refused in words."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

from browser import browser_page, virtual_authenticator
from walking import Room, Walker, open_room, walkers

PASSWORD = "correct-horse-battery-staple-9"


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Room]:
    with open_room(tmp_path) as room:
        yield room


def code_of(walker: Walker) -> str:
    """What an authenticator app would show."""
    secret = walker.page.locator("code.secret").inner_text(timeout=1000).strip()
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_a_passkey_opens_the_room_and_proves_who_one_is(serving: Room) -> None:
    with walkers(serving) as everybody:
        sacha = everybody.join(serving.first_link, "Sacha Roux", "sacha.roux@passage.example", "en")
        sacha.look()
        sacha.page.locator("details.menu summary").click()
        sacha.press("Sign out")
        assert sacha.path == "/account/login/"
        assert sacha.go("people/").path.startswith("/account/login/")
        sacha.look().press("Sign in with a passkey")
        assert sacha.path == "/people/passage-sas/"  # where one wanted to go
        # A second one on the same device is refused by the device; what cannot be done is said in words.
        sacha.go("account/2fa/webauthn/add/")
        sacha.look().press("Use your passkey")
        sacha.button("Create the passkey").click()
        told = sacha.page.locator("[data-passkey-words]")
        told.wait_for(state="visible")
        assert "holds a passkey of yours" in told.inner_text()
        # An app besides, then away with it again.
        sacha.go("enrol/app/").look()
        sacha.page.locator("details summary", has_text="cannot be scanned").click()
        sacha.write(password=PASSWORD, again=PASSWORD, code=code_of(sacha)).press("Enrol the app")
        sacha.go("me/").look()
        assert "authenticator app" in sacha.text
        sacha.page.locator("tr", has_text="authenticator app").get_by_role("button").click()
        sacha.page.wait_for_url(re.compile("/me/$"))
        assert "The authenticator is removed." in sacha.text
        assert "authenticator app" not in sacha.page.locator("table").first.inner_text()


def test_a_key_that_does_not_know_its_holder_is_refused(serving: Room) -> None:
    with walkers(serving) as everybody:
        stranger = everybody.stranger("fr")
        with virtual_authenticator(stranger.page, verified=False):
            stranger.go(serving.first_link).write(name="Sacha Roux", email="sacha.roux@passage.example")
            stranger.press("Rejoindre").press("Créer une clé d'accès")
            stranger.button("Créer la clé d'accès").click()
            told = stranger.page.locator("[data-passkey-words]")
            told.wait_for(state="visible")
            assert "refusée" in told.inner_text()
        assert stranger.go("people/").path == "/enrol/"


def test_without_javascript_the_page_says_what_is_missing(serving: Room) -> None:
    with browser_page(lang="fr", java_script_enabled=False) as page:
        page.goto(f"{serving.url}/account/login/")
        assert "demande JavaScript" in page.locator("main").inner_text()
        page.locator("[name=login]").fill("x@x.example")
        page.locator("[name=password]").fill("x")
        page.get_by_role("button", name="Continuer").click()
        assert page.locator("div.message.error").is_visible()
