"""Syslog over TLS against rsyslog: what arrives, whom it is told, and that nothing is lost while it is away."""

import datetime as dt
import json
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from ecluse.adapters.security_log import SyslogTls
from ecluse.adapters.security_log.syslog import framed, message
from ecluse.control.exporting import Exporter
from ecluse.control.ocsf import SecurityEvent, security_event
from ecluse.control.ocsf_table import Level
from ecluse.control.supervision import SyslogTarget
from ecluse.domain.errors import ConnectionLostError, MalformedError
from ecluse.domain.observed import Observed
from syslog_servers import Authority, Collector, collector

AT = dt.datetime(2026, 11, 22, 12, 34, 56, 789_000, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def rsyslog(tmp_path: Path, authority: Authority) -> Iterator[Collector]:
    with collector(tmp_path / "rsyslog", authority) as running:
        yield running


def _observed(number: int, event: str = "person.signed_in", **detail: str | int) -> Observed:
    return Observed(AT, "room", event, "dr-martin", f"room/{number}", "léa", "192.0.2.7", ("lab",), detail)


def _events(first: int, count: int) -> list[SecurityEvent]:
    return [security_event(_observed(number)) for number in range(first, first + count)]


def _sink(rsyslog: Collector, authority: Authority, **more: Path) -> SyslogTls:
    return SyslogTls(SyslogTarget("siem", "localhost", rsyslog.port, authority.ca, **more), host="room.example")


def test_events_arrive_as_they_were(rsyslog: Collector, authority: Authority) -> None:
    events = [
        *_events(0, 3),
        security_event(_observed(3, "alert.raised", rule="scope", severity="critical", note="x" * 6000)),
    ]
    _sink(rsyslog, authority).put(events)
    received = rsyslog.received(4)
    assert [told for _, told in received] == [json.loads(event.text) for event in events]
    priority, version, at, *rest = received[0][0]
    assert (priority, version, rest) == (str(13 * 8 + 6), "1", ["room.example", "ecluse", "-", "OCSF"])
    assert dt.datetime.fromisoformat(at) == AT, "to the microsecond, with its zone"
    assert received[3][0][0] == str(13 * 8 + 2)


def test_ten_thousand_arrive_once_and_in_order(rsyslog: Collector, authority: Authority) -> None:
    sink = _sink(rsyslog, authority)
    for first in range(0, 10_000, 500):
        sink.put(_events(first, 500))
    assert rsyslog.uids(10_000) == [f"room/{number}" for number in range(10_000)]


def test_another_authority_s_collector_is_told_nothing(rsyslog: Collector, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger", "stranger")
    with pytest.raises(ConnectionLostError, match="self.signed|unable to get|verif"):
        _sink(rsyslog, stranger).put(_events(0, 1))
    assert not rsyslog.received(1, seconds=0.5)


def test_another_name_s_collector_is_told_nothing(tmp_path: Path, authority: Authority) -> None:
    """A certificate of the right authority for another host is not enough."""
    certificate, key = authority.issue("other.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError), context.wrap_socket(server.accept()[0], server_side=True) as peer:
                heard.append(peer.recv(100))

        thread = threading.Thread(target=serve)
        thread.start()
        target = SyslogTarget("siem", "localhost", server.getsockname()[1], authority.ca)
        with pytest.raises(ConnectionLostError, match="Hostname mismatch"):
            SyslogTls(target).put(_events(0, 1))
        thread.join()
    assert heard in ([], [b""])


def test_a_collector_may_ask_who_we_are(tmp_path: Path, authority: Authority) -> None:
    certificate, key = authority.issue("room.example")
    with collector(tmp_path / "mutual", authority, client="room.example") as rsyslog:
        _sink(rsyslog, authority, certificate=certificate, key=key).put(_events(0, 2))
        assert rsyslog.uids(2) == ["room/0", "room/1"]
        certificate, key = Authority(tmp_path / "stranger", "stranger").issue("room.example")
        for stranger in ({}, {"certificate": certificate, "key": key}):
            for _ in range(5):
                with pytest.raises(ConnectionLostError):
                    _sink(rsyslog, authority, **stranger).put(_events(2, 1))
        assert len(rsyslog.received(3, seconds=0.5)) == 2


class Memory:
    """A tape in memory."""

    def __init__(self, events: list[Observed], limit: int = 50) -> None:
        self.events, self.limit, self.at, self.failures = events, limit, 0, 0

    def following(self, _target: str) -> Sequence[Observed]:
        return self.events[self.at : self.at + self.limit]

    def taken(self, target: str) -> None:
        self.at += len(self.following(target))

    def failed(self, _target: str) -> None:
        self.failures += 1


def test_nothing_is_lost_while_a_collector_is_down(rsyslog: Collector, authority: Authority) -> None:
    tape, now = Memory([_observed(number) for number in range(100)]), [0.0]
    exporter = Exporter([_sink(rsyslog, authority)], tape, clock=lambda: now[0])
    assert exporter.export()[0].events == 100
    rsyslog.received(100)
    rsyslog.stop(signal.SIGKILL)
    tape.events += [_observed(number) for number in range(100, 250)]
    for _ in range(3):
        (done,) = exporter.export()
        assert isinstance(done.refusal, ConnectionLostError)
        assert not exporter.export(), "it is left alone for a while"
        now[0] += 61
    assert (tape.at, tape.failures) == (100, 3)
    rsyslog.start()
    (done,) = exporter.export()
    assert (done.events, done.refusal) == (150, None)
    assert set(rsyslog.uids(250)) == {f"room/{number}" for number in range(250)}


def test_a_collector_killed_while_it_takes_loses_nothing(rsyslog: Collector, authority: Authority) -> None:
    """Kills at any instant; a stretch may come twice, none is missed. What rsyslog read and lost is rsyslog's."""
    total = 3000
    tape, now = Memory([_observed(number) for number in range(total)], limit=100), [0.0]
    exporter = Exporter([_sink(rsyslog, authority)], tape, clock=lambda: now[0])
    for pause in (0.01, 1.03, 1.1, 1.2):
        timer = threading.Timer(pause, rsyslog.stop, (signal.SIGTERM,))
        timer.start()
        exporter.export()
        timer.join()
        now[0] += 61
        rsyslog.start()
    for _ in range(20):
        exporter.export()
        now[0] += 61
    assert tape.at == total
    wanted = {f"room/{number}" for number in range(total)}
    deadline = time.monotonic() + 10
    while not wanted <= set(rsyslog.uids()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert wanted <= set(rsyslog.uids())


def test_what_resets_the_connection_did_not_take_it(authority: Authority) -> None:
    """A collector that goes away with unread events in its buffers: the stretch is to be sent again."""
    certificate, key = authority.issue("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer = context.wrap_socket(server.accept()[0], server_side=True)
            peer.recv(10)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            socket.socket(fileno=peer.detach()).close()

        thread = threading.Thread(target=serve)
        thread.start()
        target = SyslogTarget("siem", "localhost", server.getsockname()[1], authority.ca)
        with pytest.raises(ConnectionLostError):
            SyslogTls(target).put(_events(0, 2000))
        thread.join()


def test_a_frame_counts_bytes() -> None:
    """RFC 5425, section 4.3."""
    event = SecurityEvent("room/1", AT, Level.LOW, '{"a":1}')
    data = message(event, "room example\n")
    assert data == b'<109>1 2026-11-22T12:34:56.789000Z roomexample ecluse - OCSF - {"a":1}'
    assert framed(data) == b"%d " % len(data) + data


def test_files_that_are_no_certificates_are_refused(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "x").write_text("nothing")
    with pytest.raises(MalformedError, match="PEM"):
        SyslogTls(SyslogTarget("siem", "localhost", 1, tmp_path / "x"))
    with pytest.raises(MalformedError, match="PEM"):
        SyslogTls(SyslogTarget("siem", "localhost", 1, tmp_path / "nowhere"))
    with pytest.raises(MalformedError, match="PEM"):
        SyslogTls(SyslogTarget("siem", "localhost", 1, authority.ca, tmp_path / "x", tmp_path / "x"))
