"""Every way to tell people, against real servers: what arrives, what fails and how, and what is never said."""

import datetime as dt
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from ecluse.adapters.notifiers import notifier
from ecluse.adapters.notifiers.webhook import HEADER, is_signed
from ecluse.control.ports import Notice, Notifier
from ecluse.control.supervision import AppriseChannel, WebhookChannel
from ecluse.domain.alerts import Severity
from ecluse.domain.errors import ConnectionLostError, EcluseError, MalformedError, RefusedError
from receivers import Hooks, Mails, hooks, mails

KEY = bytes(range(32))
SECRET = "hidden-in-the-address"
NOTICE = Notice(
    "Clé proposée par une seconde personne",
    "Ouvrez l'alerte.",
    Severity.CRITICAL,
    "alert-7/1",
    dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC),
    link="https://room.example/alerts/7/",
    to=("camille@labo.example",),
)


@pytest.fixture
def hook() -> Iterator[Hooks]:
    with hooks() as running:
        yield running


@pytest.fixture
def post() -> Iterator[Mails]:
    with mails() as running:
        yield running


def _webhook(hook: Hooks) -> Notifier:
    return notifier(WebhookChannel("siem", f"http://{hook.address}/{SECRET}?a=1", KEY))


def _json(hook: Hooks) -> Notifier:
    return notifier(AppriseChannel("chat", f"json://{hook.address}/{SECRET}"))


WAYS: dict[str, Callable[[Hooks], Notifier]] = {"webhook": _webhook, "apprise": _json}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@every_way
def test_a_notice_arrives_whole(way: Callable[[Hooks], Notifier], hook: Hooks) -> None:
    way(hook).send(NOTICE)
    (posted,) = hook.posted
    assert posted.path.startswith(f"/{SECRET}")
    text = json.dumps(json.loads(posted.body), ensure_ascii=False)
    assert NOTICE.subject in text
    assert "Ouvrez l'alerte." in text
    assert NOTICE.link in text
    assert "camille@labo.example" not in text, "a person's address stays here"


@every_way
@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_receiver_in_trouble_may_be_asked_again(way: Callable[[Hooks], Notifier], hook: Hooks, status: int) -> None:
    hook.status = status
    with pytest.raises(ConnectionLostError):
        way(hook).send(NOTICE)


@every_way
def test_nobody_there(way: Callable[[Hooks], Notifier]) -> None:
    with hooks() as gone:
        made = way(gone)
    with pytest.raises(ConnectionLostError):
        made.send(NOTICE)


@every_way
def test_a_redirection_is_not_followed(way: Callable[[Hooks], Notifier], hook: Hooks) -> None:
    """Nothing goes to an address that nobody configured."""
    with hooks() as elsewhere:
        hook.status, hook.location = 307, f"http://{elsewhere.address}/"
        with pytest.raises((ConnectionLostError, RefusedError)):
            way(hook).send(NOTICE)
        assert not elsewhere.posted


@every_way
def test_nothing_says_a_secret(
    way: Callable[[Hooks], Notifier], hook: Hooks, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    hook.status = 500
    made = way(hook)
    with pytest.raises(EcluseError) as refused:
        made.send(NOTICE)
    with hooks() as gone:
        alone = way(gone)
    with pytest.raises(EcluseError) as lost:
        alone.send(NOTICE)
    said = "\n".join([caplog.text, *capfd.readouterr(), str(refused.value), str(lost.value), repr(made)])
    assert SECRET not in said
    assert hook.address not in said
    assert gone.address not in said
    assert KEY.hex() not in said
    assert refused.value.__cause__ is None


def test_a_refusal_of_a_hook_is_final(hook: Hooks) -> None:
    hook.status = 403
    with pytest.raises(RefusedError, match="403"):
        _webhook(hook).send(NOTICE)


def test_a_hook_is_signed_over_time_and_body(hook: Hooks) -> None:
    _webhook(hook).send(NOTICE)
    (posted,) = hook.posted
    header, now = posted.headers[HEADER.lower()], time.time()
    assert is_signed(KEY, header, posted.body, now)
    assert not is_signed(KEY, header, posted.body + b" ", now)
    assert not is_signed(bytes(32), header, posted.body, now)
    assert is_signed(KEY, header, posted.body, now + 290)
    assert not is_signed(KEY, header, posted.body, now + 310), "a replay after five minutes"
    assert not is_signed(KEY, header, posted.body, now - 310)
    later = header.replace("t=", "t=1")
    assert not is_signed(KEY, later, posted.body, float(later[2:13]))
    assert not is_signed(KEY, f"{header},v1={'0' * 64}", posted.body, now)
    assert json.loads(posted.body)["id"] == NOTICE.mark


def test_mail_by_apprise_arrives(post: Mails) -> None:
    url = f"mailto://127.0.0.1:{post.port}/?from=ecluse@labo.example&to=astreinte@labo.example&mode=insecure"
    notifier(AppriseChannel("mail", url)).send(NOTICE)
    (taken,) = post.taken
    assert taken["To"] == "astreinte@labo.example"
    body = "".join(
        part.get_payload(decode=True).decode() for part in taken.walk() if part.get_content_type() == "text/plain"
    )
    assert "Ouvrez l'alerte." in body
    assert NOTICE.link in body


def test_mail_that_is_refused_is_not_silent(post: Mails) -> None:
    post.refuses = True
    url = f"mailto://127.0.0.1:{post.port}/?from=ecluse@labo.example&to=astreinte@labo.example&mode=insecure"
    with pytest.raises(ConnectionLostError):
        notifier(AppriseChannel("mail", url)).send(NOTICE)


@pytest.mark.parametrize(
    "url",
    [
        "json://elsewhere.example/x",
        "mailto://u:p@labo.example?to=a@labo.example",
        "nope://x",
        "",
        "file:///etc",
        "rsyslog://elsewhere.example",
        "mailtos://u:p@labo.example?to=a@labo.example&mode=insecure",
        "mailtos://u:p@localhost?smtp=elsewhere.example&to=a@labo.example&from=b@labo.example&mode=insecure",
        "jsons://elsewhere.example/x?verify=no",
        "kavenegar://abcdefghijklmnopqrstuv/33612345678",
        "aprs://DF1JSL-15:12345@DF1ABC",
    ],
)
def test_a_way_in_the_clear_or_of_no_service_is_refused(url: str) -> None:
    with pytest.raises(MalformedError) as refused:
        notifier(AppriseChannel("chat", url))
    assert "example" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "jsons://elsewhere.example/x",
        "mailtos://u:p@labo.example?to=a@labo.example",
        "mailtos://u:p@labo.example?to=a@labo.example&mode=starttls",
        "jsons://localhost/x?verify=no",
        "rsyslog://127.0.0.1",
        "syslog://",
        "pushme://abcdef",
        "sfr://a:b@c/0612345678",
    ],
)
def test_a_way_that_nobody_reads_is_taken(url: str) -> None:
    assert notifier(AppriseChannel("chat", url)).name == "chat"


def test_a_slow_receiver_does_not_hold_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket  # noqa: PLC0415

    monkeypatch.setattr("ecluse.adapters.notifiers.webhook._SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        way = notifier(WebhookChannel("siem", f"http://localhost:{mute.getsockname()[1]}/", KEY))
        begun = time.monotonic()
        with pytest.raises(ConnectionLostError, match="Timeout"):
            way.send(NOTICE)
        assert time.monotonic() - begun < 3


def test_a_person_s_own_address_is_taken(post: Mails) -> None:
    way = notifier(
        AppriseChannel("mail", f"mailto://127.0.0.1:{post.port}/?from=e@labo.example&to={{to}}&mode=insecure")
    )
    way.send(replace(NOTICE, to=("a@labo.example", "b@labo.example")))
    assert [mail["To"] for mail in post.taken] == ["a@labo.example", "b@labo.example"]
    with pytest.raises(RefusedError, match="an address is needed"):
        way.send(replace(NOTICE, to=()))
    assert len(post.taken) == 2


@pytest.mark.parametrize(
    "to",
    [
        "a@labo.example&cc=evil@x.example",
        "a@labo.example,evil@x.example",
        "x" * 300,
        "",
        "a@b.example?bcc=e@x.example",
        "a@b.example e@x.example",
        "a@b.example\n",
        "a@b@x.example",
    ],
)
def test_an_address_adds_nobody_else(post: Mails, to: str) -> None:
    way = notifier(
        AppriseChannel("mail", f"mailto://127.0.0.1:{post.port}/?from=e@labo.example&to={{to}}&mode=insecure")
    )
    with suppress(RefusedError):
        way.send(replace(NOTICE, to=(to,)))
    for mail in post.taken:
        assert "," not in mail["To"]
        assert "evil" not in str(mail["Cc"])
        assert "e@x.example" not in str(mail["Bcc"])
    assert len(post.taken) <= 1


def test_an_address_does_not_change_where_a_notice_goes(hook: Hooks) -> None:
    way = notifier(AppriseChannel("chat", f"json://{hook.address}/{{to}}/x"))
    for to in ("a@elsewhere.example", "../y", "?method=GET", "#", "+33612345678"):
        with suppress(EcluseError):
            way.send(replace(NOTICE, to=(to,)))
    assert hook.posted
    assert all(each.headers["host"] == hook.address for each in hook.posted)
