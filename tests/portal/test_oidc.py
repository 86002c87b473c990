"""Sign-in through an organisation's OpenID provider: a real one, in another process, over http://localhost."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.test import Client
from django.test.utils import override_settings

from ecluse.domain.errors import MalformedError, UsageError
from ecluse.domain.permissions import Role
from ecluse.portal.oidc import multi_factor, providers
from ecluse.store.models import JournalLine, Person
from rooms import LAB, OTHER_LAB, Room
from servers import free_port

ADDRESS = "camille.dpo@trois-rivieres.example"
PEOPLE: list[dict[str, Any]] = [
    {"sub": "plain", "email": ADDRESS, "email_verified": True},
    {"sub": "several", "amr": ["pwd", "otp", "mfa"]},
    {"sub": "card", "acr": "eidas1"},
    {"sub": "pretender", "amr": "mfa", "acr": "low"},
]
YAML = """
providers:
  - id: centrale
    name: La Centrale
    issuer: {issuer}
    client_id: ecluse
    secret_env: CENTRALE_SECRET
    organisation: {organisation}
    acr_values: eidas1
    multi_factor_acr: [eidas1]
"""


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    port = free_port()
    claims = [part for each in PEOPLE for part in ("--user-claims", json.dumps(each))]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-H", "localhost", "-p", str(port), *claims]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield _ready(f"http://localhost:{port}")
        finally:
            process.terminate()


def _ready(url: str) -> str:
    for _ in range(300):
        try:
            requests.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return url
    raise AssertionError("the OpenID provider did not start")


@pytest.fixture
def centrale(issuer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "oidc.yaml").write_text(YAML.format(issuer=issuer, organisation=LAB))
    monkeypatch.setenv("CENTRALE_SECRET", "s3cret")
    apps = [each.as_app() for each in providers(tmp_path)]
    with override_settings(SOCIALACCOUNT_PROVIDERS={"openid_connect": {"APPS": apps}}):
        yield


def anonymous() -> Client:
    return Client(headers={"host": "localhost"})


def through(client: Client, sub: str, **given: str) -> Any:
    """To the provider, which says who it is, and back."""
    onward = client.post("/account/oidc/centrale/login/", given)
    assert onward.status_code == 200, onward
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', onward.text)
    assert found
    back = requests.post(unescape(found[1]), data={"sub": sub}, allow_redirects=False, timeout=10)
    parts = urlsplit(back.headers["Location"])
    return client.get(f"{parts.path}?{parts.query}")


def link(room: Room, sub: str) -> tuple[Client, Any]:
    """A person who has just proved who they are links an identity."""
    person, client = room.people[LAB, Role.DPO], room.client(LAB, Role.DPO)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()
    return client, through(client, sub, process="connect")


def linked(room: Room, sub: str) -> Person:
    """A person who has linked that identity."""
    person = room.people[LAB, Role.DPO]
    client, answer = link(room, sub)
    assert answer["Location"] == "/me/"
    assert SocialAccount.objects.get(user=person).uid == sub
    assert "La Centrale" in client.get("/me/").text
    return person


def test_nobody_is_known_by_address_alone(room: Room, centrale: None) -> None:
    assert room.people[LAB, Role.DPO].email == ADDRESS
    client = anonymous()
    assert through(client, "plain").status_code == 403
    assert client.get("/me/")["Location"].startswith("/account/login/")
    assert not SocialAccount.objects.exists()


def test_who_is_linked_is_asked_for_a_second_factor_still(room: Room, centrale: None) -> None:
    linked(room, "plain")
    client = anonymous()
    assert through(client, "plain")["Location"] == "/account/2fa/authenticate/"
    assert client.get("/me/")["Location"].startswith("/account/login/")


@pytest.mark.parametrize("sub", ["several", "card"])
def test_a_provider_that_took_several_factors_is_enough(room: Room, centrale: None, sub: str) -> None:
    person = linked(room, sub)
    client = anonymous()
    assert through(client, sub)["Location"] == "/"
    assert client.get("/me/").status_code == 200
    assert JournalLine.objects.filter(event="person.signed_in", subject=person.handle).count() == 2


def test_a_claim_that_only_looks_so_is_not(room: Room, centrale: None) -> None:
    linked(room, "pretender")
    assert through(anonymous(), "pretender")["Location"] == "/account/2fa/authenticate/"


def test_linking_asks_who_one_is_and_is_journalled(room: Room, centrale: None) -> None:
    client = room.client(LAB, Role.DPO)
    answer = client.post("/account/oidc/centrale/login/", {"process": "connect"})
    assert answer["Location"].startswith("/account/reauthenticate/")
    person = linked(room, "plain")
    line = JournalLine.objects.filter(event="person.account_changed", subject=person.handle).get()
    assert line.detail == {"page": "openid_connect_callback"}


def test_a_link_does_not_begin_anything(room: Room, centrale: None) -> None:
    assert room.client(LAB, Role.DPO).get("/account/oidc/centrale/login/?process=connect").status_code == 405
    assert anonymous().get("/account/oidc/centrale/login/callback/?code=x&state=y").status_code == 401
    assert not SocialAccount.objects.exists()


def test_a_provider_serves_its_own_organisation(
    room: Room, issuer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "oidc.yaml").write_text(YAML.format(issuer=issuer, organisation=OTHER_LAB))
    monkeypatch.setenv("CENTRALE_SECRET", "s3cret")
    apps = [each.as_app() for each in providers(tmp_path)]
    with override_settings(SOCIALACCOUNT_PROVIDERS={"openid_connect": {"APPS": apps}}):
        assert link(room, "plain")[1].status_code == 403
    assert not SocialAccount.objects.exists()


def test_whoever_left_does_not_come_back_through_it(room: Room, centrale: None) -> None:
    person = linked(room, "several")
    room.client(LAB, Role.ADMINISTRATOR).post(f"/people/{LAB}/of/{person.handle}/leave/")
    assert not SocialAccount.objects.exists()
    assert through(anonymous(), "several").status_code == 403


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("issuer: {issuer}", "issuer: http://evil.example", "an issuer is https"),
        ("id: centrale", "id: ../x", "a provider's id"),
        ("name: La Centrale", "nom: La Centrale", "unknown field"),
        ("client_id: ecluse", "client_id: [ecluse]", "this field is missing"),
        ("providers:", "provider:", "a list 'providers'"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, before: str, after: str, said: str) -> None:
    (tmp_path / "oidc.yaml").write_text(
        YAML.replace(before, after).format(issuer="https://a.example", organisation=LAB)
    )
    with pytest.raises(MalformedError, match=said):
        providers(tmp_path)


def test_a_secret_stands_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CENTRALE_SECRET", raising=False)
    (tmp_path / "oidc.yaml").write_text(YAML.format(issuer="https://a.example", organisation=LAB))
    with pytest.raises(UsageError, match="CENTRALE_SECRET"):
        providers(tmp_path)[0].as_app()


@pytest.mark.parametrize(
    ("claims", "enough"),
    [({"amr": ["mfa"]}, True), ({"amr": "mfa"}, False), ({"amr": ["pwd", "otp"]}, False), ({"acr": "eidas1"}, True),
     ({"acr": "eidas"}, False), ({}, False), ({"acr": ["eidas1"]}, False)],
)  # fmt: skip
def test_what_counts_as_several_factors(claims: dict[str, Any], enough: bool) -> None:
    assert multi_factor(claims, ("eidas1",)) is enough
    assert settings.SOCIALACCOUNT_EMAIL_AUTHENTICATION is False
