"""Attacks by requests: slow bodies, absurd numbers and texts, addresses that smuggle."""

import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from tests.portal.endpoints import Endpoint, endpoints

from ecluse.cli.serve import _check
from ecluse.domain.errors import UsageError
from ecluse.domain.permissions import Role
from ecluse.store import recording
from rooms import LAB, VENDOR, Room

NUMBERS = ("organisation", "person", "secret", "provider_id", "kind", "place", "digest", "place_")
MARKED = tuple(each for each in endpoints() if each.mark)


class Slow:
    """A body that comes when it comes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.acts = data, list[object]()
        self.closed = False

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)

    def read(self, size: int = -1) -> bytes:
        self.acts.append(recording.current())
        given, self.data = (self.data, b"") if size < 0 else (self.data[:size], self.data[size:])
        return given


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_no_act_is_open_while_a_body_comes(room: Room, kind: str) -> None:
    """An act holds the database's one writer: whoever sends a byte a minute would stop the room."""
    client = Client(headers={"host": "localhost"}, enforce_csrf_checks=True)
    client.get("/account/login/")
    data = (
        b"login=a&password=b"
        if "form-u" in kind
        else b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--'
    )
    body = Slow(data)
    given: dict[str, Any] = {"wsgi.input": body, "CONTENT_LENGTH": str(len(data))}
    client.generic("POST", "/account/login/", b"", kind, **given)
    assert body.acts
    assert not any(body.acts)


@pytest.mark.parametrize("path", ["/join/SECRET/", "/recover/SECRET/", "/alerts/answer/SECRET/"])
def test_no_links_secret_is_logged(room: Room, path: str, caplog: pytest.LogCaptureFixture) -> None:
    """A refused form is logged with its address, which is a link's while the link still opens something."""
    for client in (
        Client(headers={"host": "localhost"}, enforce_csrf_checks=True),
        Client(headers={"host": "localhost"}),
    ):
        client.post(path)
    stderr = next(each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler)
    said = [stderr.format(record) for record in caplog.records if stderr.filter(record)]
    assert any(path.split("/")[1] in each for each in said)
    assert not any("SECRET" in each for each in said)


def test_a_body_too_large_is_refused(room: Room) -> None:
    client = Client(headers={"host": "localhost"})
    assert client.post("/account/login/", {"login": "x" * 5_000_000}).status_code == 400
    assert client.post("/account/login/", {str(n): "" for n in range(3_000)}).status_code == 400


def _things(endpoint: Endpoint, number: int, text: str) -> dict[str, Any]:
    return {each: text if each in NUMBERS else number for each in endpoint.parameters}


@pytest.mark.parametrize(
    "endpoint", [each for each in MARKED if set(each.parameters) - set(NUMBERS)], ids=lambda each: each.name
)
def test_absurd_addresses_are_not_found(room: Room, endpoint: Endpoint) -> None:
    client = room.client(LAB, Role.DIRECTOR)
    for number in (2**31, 2**63, 10**40):
        for method in (client.get, client.post):
            status = method(endpoint.address(_things(endpoint, number, LAB))).status_code
            assert status in {403, 404, 405, 302}, (number, status)


@pytest.mark.parametrize(
    "path", ["/people/x/of/%00/", "/people/trois-rivieres/of/%00/", "/join/%00/", "/recover/%ff%00/"]
)
def test_a_nul_in_an_address_is_not_found(room: Room, path: str) -> None:
    assert room.client(LAB, Role.ADMINISTRATOR).get(path).status_code == 404


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=" + "9" * 5000, "page=1e9", "page=%00", "since=99999-01-01",
                                   "actor=%00", "event=x&subject=%F0%9F%92%A9", "processor=%00"])  # fmt: skip
@pytest.mark.parametrize(
    "path", ["/journal/", "/orders/", "/agreements/", "/migrations/", "/people/", "/agents/", "/register/"]
)
def test_absurd_questions_have_an_answer(room: Room, path: str, query: str) -> None:
    assert room.client(VENDOR, Role.DIRECTOR).get(f"{path}?{query}").status_code < 500


def test_the_way_back_is_the_address_that_was_asked(room: Room) -> None:
    asked = "/journal/?actor=a&next=https://evil.example/&process=connect"
    for path in (asked, "/me/?next=//evil.example"):
        sent = Client(headers={"host": "localhost"}).get(path)["Location"]
        assert parse_qs(urlsplit(sent).query) == {"next": [path]}


@pytest.mark.parametrize("origin", ["http://localhost.evil.example", "http://localhost@evil.example", "https://",
                                    "https://a.example/room", "https://a.example:x", "https://u:p@a.example"])  # fmt: skip
def test_an_origin_is_a_site(origin: str) -> None:
    with pytest.raises(UsageError):
        _check("127.0.0.1", origin, tls=True)


@pytest.mark.parametrize("origin", ["https://a.example", "https://a.example:8443", "http://localhost:8443"])
def test_a_site_is_an_origin(origin: str) -> None:
    _check("127.0.0.1", origin, tls=True)
