"""What a mailbox promises, where it is a relay: over its rules alone, and over both doors of a real one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ecluse.adapters.mailboxes.relay import RelayMailbox
from ecluse.domain.access import Access, Lies
from ecluse.domain.errors import ConnectionLostError, EcluseError, MalformedError, StorageError, UsageError
from ecluse.journal import Journal, LogKey
from ecluse.journal.store import FolderStore
from ecluse.relay.log import Log
from migrating import OUT, holding
from relay_doors import DeskDoor
from relay_running import Running, with_tokens
from relays import DESTINATION, SOURCE, Sent


@dataclass
class Between:
    """One relay, as each side's mailbox."""

    sent: Sent
    open: Callable[[str, str | None], RelayMailbox]

    @property
    def source(self) -> RelayMailbox:
        return self.open(SOURCE, self.sent.box)

    @property
    def destination(self) -> RelayMailbox:
        return self.open(DESTINATION, None)

    def deliver(self) -> None:
        box = self.source
        for name in self.sent.papers():
            box.deliver(name, self.sent.mailbox / name)
        for path in self.parcels:
            box.deliver(path.name, path)

    @property
    def parcels(self) -> list[Path]:
        return sorted(self.sent.mailbox.glob("*.age"))

    def events(self) -> list[str]:
        journal = Journal.take_up(FolderStore(self.sent.home.journal), LogKey.load(self.sent.home.log_key))
        return [data.split(b'"event":"')[1].split(b'"')[0].decode() for data in journal.entries()]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    sent = Sent.made(tmp_path_factory.mktemp("relay"), patients=60)
    with_tokens(sent.home, sent.migration)
    return sent


@pytest.fixture(params=["rules", "https", "sftp"])
def between(request: pytest.FixtureRequest, made: Sent, tmp_path: Path) -> Iterator[Between]:
    sent = made.copied(tmp_path)
    if request.param == "rules":

        def rules(agent: str, box: str | None) -> RelayMailbox:
            desk = sent.desk()
            return RelayMailbox(DeskDoor(desk, sent.visitor(desk, agent)), "rules", box)

        yield Between(sent, rules)
        return
    relay = Running(sent.migration, sent.home, str(request.param))
    relay.start()
    yield Between(sent, relay.mailbox)
    relay.kill()


def test_nothing_waits_at_first_and_nobody_is_told(between: Between) -> None:
    assert between.source.waiting() == ()
    assert between.destination.waiting() == ()
    between.source.discard("a.age")
    between.destination.discard("order.x.json")
    assert Access.PATH_REFUSED not in between.events()


def test_what_is_delivered_is_collected_under_its_own_names_and_taken_away(between: Between, tmp_path: Path) -> None:
    between.deliver()
    between.deliver()  # doing it again changes nothing
    there = between.destination
    wanted = sorted(path.name for path in between.sent.mailbox.iterdir() if not path.name.startswith("."))
    assert list(there.waiting()) == wanted
    for path in between.parcels:
        for _ in range(2):
            there.collect(path.name, tmp_path / "deep" / path.name)
            assert (tmp_path / "deep" / path.name).read_bytes() == path.read_bytes()
    assert not list((tmp_path / "deep").glob(".*"))
    assert {each.state for each in between.source.standing()} == {Lies.HERE}
    for name in wanted:
        there.discard(name)
        there.discard(name)
    assert there.waiting() == ()
    assert {each.state for each in between.source.standing()} == {Lies.TAKEN}
    between.deliver()  # a sender that had been killed sends again what was taken away
    assert between.destination.waiting() == ()
    assert not {Access.PATH_REFUSED, Access.PAPER_REFUSED, Access.PARCEL_REFUSED} & set(between.events())


def test_a_copy_that_was_cut_off_is_gone_on_with(between: Between, tmp_path: Path) -> None:
    between.deliver()
    path = max(between.parcels, key=lambda each: each.stat().st_size)
    there = between.destination
    at_relay = next(name for name, each in between.sent.parcels().items() if each == path)
    into = tmp_path / "x.age"
    into.with_name(f".{at_relay}.coming").write_bytes(path.read_bytes()[:5_000])
    there.collect(path.name, into)
    assert into.read_bytes() == path.read_bytes()


def test_a_flipped_bit_and_plain_text_are_refused_and_nothing_of_them_is_kept(between: Between, tmp_path: Path) -> None:
    for name in between.sent.papers():
        between.source.deliver(name, between.sent.mailbox / name)
    data = bytearray(between.parcels[0].read_bytes())
    data[len(data) // 2] ^= 1
    for content in (bytes(data), OUT * 1000):
        (tmp_path / "b.age").write_bytes(content)
        with pytest.raises(EcluseError):
            between.source.deliver(between.parcels[0].name, tmp_path / "b.age")
    assert between.source.standing() == ()
    assert holding(OUT, between.sent.home.root) == []
    between.deliver()
    assert between.destination.waiting()


def test_what_is_not_there_and_what_is_no_name(between: Between, tmp_path: Path) -> None:
    between.deliver()
    for name in ("nothing.age", "receipt.x.json"):
        with pytest.raises(StorageError):
            between.destination.collect(name, tmp_path / "x")
    with pytest.raises(StorageError):
        between.source.deliver("a.age", tmp_path / "nothing.age")
    for name in ("../a.age", "/etc/a.age", "a/b.age", ".a.age", "..", "", "a.age.part"):
        for call in (between.source.deliver, between.destination.collect):
            with pytest.raises(MalformedError):
                call(name, between.parcels[0])
        with pytest.raises(MalformedError):
            between.destination.discard(name)
    assert not (tmp_path / "x").exists()


def test_two_migrations_that_wait_are_not_taken_for_one(made: Sent) -> None:
    class Two(DeskDoor):
        def boxes(self) -> list[str]:
            return ["0" * 16, "1" * 16]

        def listed(self, box: str, folder: object) -> list:  # type: ignore[type-arg]  # noqa: ARG002
            return [box]

    desk = made.desk()
    with pytest.raises(UsageError, match="2 migrations"):
        RelayMailbox(Two(desk, made.visitor(desk, DESTINATION)), "rules").waiting()


def test_a_line_that_blinks_is_tried_again_and_a_dead_one_is_told(made: Sent) -> None:
    lost, paused = [2], list[float]()

    def fault(_what: str) -> None:
        if lost[0] > 0:
            lost[0] -= 1
            raise ConnectionLostError("gone")

    desk = made.desk()
    box = RelayMailbox(DeskDoor(desk, made.visitor(desk, SOURCE), fault), "rules", made.box, paused.append)
    assert box.waiting() == ()
    assert len(paused) == 2
    lost[0] = 1_000
    with pytest.raises(ConnectionLostError):
        box.waiting()
    assert len(paused) == 5


def test_logs_of_the_contract_are_whole(between: Between) -> None:
    between.deliver()
    assert Log(between.sent.home).vkey
    assert between.events().count(Access.PARCEL_STORED) == len(between.parcels)
    assert between.events().count(Access.BOX_COMPLETE) == 1
