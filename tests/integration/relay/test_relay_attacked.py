"""The relay's rules, attacked by its own members: plaintext among papers, forged ends, what comes after the end."""

import datetime as dt
import hashlib
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from ecluse.control.signatures import sign_artefact
from ecluse.domain.access import Access
from ecluse.domain.errors import EcluseError, MalformedError, OrderError, SignatureError, StorageError, UnseenError
from ecluse.domain.records import Acceptance, Decision
from ecluse.relay import desk as desks
from ecluse.relay import home as homes
from ecluse.relay.boxes import Announced, Box, Ended, OverError
from ecluse.relay.desk import Desk, Visitor
from ecluse.relay.erasing import Sweeper
from ecluse.relay.log import Failures
from ecluse.relay.uploads import QuotaError
from ecluse.wire.artefacts import digest_of, encode, utc
from relays import DESTINATION, SOURCE, Sent

PLAIN = b"DUPONT;Jeanne;1970-03-02;2700375116001;" * 40


@pytest.fixture
def sent(delivered: Sent, tmp_path: Path) -> Sent:
    """The same delivered migration at a relay that is new for each test."""
    return delivered.copied(tmp_path)


@pytest.fixture
def desk(sent: Sent) -> Desk:
    return sent.desk()


def opened(sent: Sent, desk: Desk) -> Visitor:
    source = sent.visitor(desk, SOURCE)
    for name, data in sent.papers().items():
        desk.put_paper(source, sent.box, name, data)
    return source


def lies_plain(sent: Sent) -> list[Path]:
    return [path for path in sent.home.root.rglob("*") if path.is_file() and b"DUPONT;Jeanne" in path.read_bytes()]


HEX = "ab" * 32


class TestPlaintextAmongPapers:
    @pytest.mark.parametrize("kind", ["agreement", "order", "plan", "receipt", "instruction"])
    @pytest.mark.parametrize("ending", ["json", "agent-source.sig"])
    def test_nothing_but_papers_lies_on_the_desk_of_a_box_that_is_not_open(
        self, sent: Sent, desk: Desk, kind: str, ending: str
    ) -> None:
        source, name = sent.visitor(desk, SOURCE), f"{kind}.{hashlib.sha256(PLAIN).hexdigest()}.{ending}"
        with pytest.raises(EcluseError):
            desk.put_paper(source, "ab" * 8, name, PLAIN)
        assert lies_plain(sent) == []

    @pytest.mark.parametrize("ending", ["json", "agent-source.sig"])
    @pytest.mark.parametrize("way", [SOURCE, DESTINATION])
    def test_nor_of_one_that_is(self, sent: Sent, desk: Desk, ending: str, way: str) -> None:
        opened(sent, desk)
        visitor, name = sent.visitor(desk, way), f"receipt.{HEX}.{ending}"
        with pytest.raises(EcluseError):
            desk.put_paper(visitor, sent.box, name, PLAIN)
        assert lies_plain(sent) == []

    def test_a_paper_is_what_its_name_says_before_it_lies_anywhere(self, sent: Sent, desk: Desk) -> None:
        source = sent.visitor(desk, SOURCE)
        name, data = next(each for each in sent.papers().items() if each[0].startswith("plan.") and "json" in each[0])
        with pytest.raises((SignatureError, MalformedError)):
            desk.put_paper(source, sent.box, f"plan.{HEX}.json", data)
        assert not any(path.name.startswith("plan.") for path in sent.home.boxes.rglob("*"))
        desk.put_paper(source, sent.box, name, data)

    def test_an_agent_begins_no_more_boxes_than_a_few(self, sent: Sent, desk: Desk) -> None:
        """Papers of boxes that never open are nobody's: they must not fill the disk, nor keep others from beginning."""
        source = sent.visitor(desk, SOURCE)
        name, data = next(each for each in sent.papers().items() if each[0].startswith("order."))
        for number in range(desks._MOST_BEGUN):
            desk.put_paper(source, f"{number:016x}", name, data)
        with pytest.raises(QuotaError):
            desk.put_paper(source, sent.box, name, data)
        desk.put_paper(source, f"{0:016x}", name, data)

    def test_of_two_agents_that_begin_a_box_at_two_relays_one_does(self, sent: Sent, desk: Desk) -> None:
        box = Box(sent.home.boxes / sent.box)
        desk.admission.claim(box, SOURCE)
        desk.admission.claim(box, SOURCE)
        with pytest.raises(UnseenError):
            sent.desk().admission.claim(box, "agent-rival")
        assert desk.admission.is_opening(box, SOURCE)


def decided(sent: Sent, signer: str, decision: Decision, at: dt.datetime) -> dict[str, bytes]:
    """An acceptance by whom its signer says, as it travels."""
    order = next(name for name in sent.papers() if name.startswith("order.") and name.endswith(".json"))
    made = Acceptance(
        "ecluse.acceptance/1", f"sha256:{order.split('.')[1]}", f"sha256:{HEX}", decision, 0, "", utc(at), signer
    )
    stem = f"acceptance.{digest_of(made).removeprefix('sha256:')}"
    signature = sign_artefact(made, sent.migration.path("keys", signer))
    return {f"{stem}.{signer}.sig": signature, f"{stem}.json": encode(made)}


class TestEnds:
    @pytest.mark.parametrize("signer", [DESTINATION, SOURCE])
    @pytest.mark.parametrize("decision", [Decision.REFUSED, Decision.ACCEPTED])
    def test_an_agent_decides_nothing(self, sent: Sent, desk: Desk, signer: str, decision: Decision) -> None:
        sent.sent_all(desk)
        recipient = sent.visitor(desk, DESTINATION)
        with pytest.raises(OrderError):
            for name, data in decided(sent, signer, decision, desk.clock()).items():
                desk.put_paper(recipient, sent.box, name, data)
        assert Box(sent.home.boxes / sent.box).ended() is None

    def test_a_decision_of_another_year_keeps_nothing_alive(self, sent: Sent, desk: Desk) -> None:
        sent.sent_all(desk)
        recipient, box = sent.visitor(desk, DESTINATION), Box(sent.home.boxes / sent.box)
        for name, data in decided(
            sent, "dr.martin", Decision.ACCEPTED, dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
        ).items():
            desk.put_paper(recipient, sent.box, name, data)
        ended = box.ended()
        assert ended is not None
        assert ended.due <= desk.clock() + dt.timedelta(seconds=box.facts().delay_s)

    def test_of_two_ends_the_first_to_come_stands(self, sent: Sent, desk: Desk) -> None:
        opened(sent, desk)
        box, now = Box(sent.home.boxes / sent.box), desk.clock()
        late, soon = Ended(now + dt.timedelta(days=30), "accepted", "a"), Ended(now, "aborted", "b")
        box.end(late)
        box.end(soon)
        assert box.ended() == soon
        box.end(late)
        assert box.ended() == soon


class TestAfterTheEnd:
    def test_nothing_comes_and_nothing_is_read(self, sent: Sent, desk: Desk) -> None:
        """A sender that sends again after the sweep would keep parcels alive past the certificate."""
        sent.sent_all(desk)
        recipient, source = sent.visitor(desk, DESTINATION), sent.visitor(desk, SOURCE)
        box = Box(sent.home.boxes / sent.box)
        assert len([each for each in desk.inside(recipient, sent.box) if each.name.endswith(".age")]) >= 2
        box.end(Ended(desk.clock(), "refused", f"sha256:{HEX}"))
        assert not [each for each in desk.inside(recipient, sent.box) if each.name.endswith(".age")]
        name = next(iter(sent.parcels()))
        with pytest.raises(UnseenError):
            desk.read(recipient, sent.box, name)
        Sweeper(sent.home, desk.log).once()
        with pytest.raises(OverError):
            desk.begin(source, sent.box, name)
        Sweeper(sent.home, desk.log).once()
        assert not [path for path in sent.home.boxes.rglob("*.age") if path.parent.name != "taken"]

    def test_nor_does_what_was_on_its_way(self, sent: Sent, desk: Desk) -> None:
        source, box = opened(sent, desk), Box(sent.home.boxes / sent.box)
        for (name, path), sweeps in zip(sent.parcels().items(), (False, True), strict=False):
            upload = desk.begin(source, sent.box, name)
            upload.write(0, path.read_bytes())
            (box.root / "ended.json").unlink(missing_ok=True)
            box.end(Ended(desk.clock(), "aborted", f"sha256:{HEX}"))
            if sweeps:
                Sweeper(sent.home, desk.log).once()
            with pytest.raises(OverError):
                desk.finish(source, sent.box, upload)
            (box.root / "ended.json").unlink()
            assert not [path for path in box.root.rglob("*.age") if path.parent.name != "taken"]
        upload = desk.begin(source, sent.box, name)
        upload.write(0, path.read_bytes())
        shutil.rmtree(box.root)
        with pytest.raises(OverError):
            desk.finish(source, sent.box, upload)


def test_knocking_from_everywhere_fills_no_journal_and_nothing_is_forgotten(sent: Sent, desk: Desk) -> None:
    failures, now = Failures(desk.log), [1000.0]
    failures.now = lambda: now[0]
    before = len(list(desk.log.entries()))
    for number in range(20_000):
        failures.tell(Access.NETWORK_REFUSED, f"2001:db8::{number:x}", "not a listed network")
    now[0] += 10
    failures.flush()
    told = list(desk.log.entries())[before:]
    assert len(told) < 100
    assert sum(int(each.detail["times"]) for each in told) == 20_000
    assert len({each.origin for each in told}) > 20, "some of them by name"


class TestRoom:
    def test_parcels_that_come_at_once_have_one_quota_together(
        self, sent: Sent, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each that begins before another has come would have all that is left."""
        source = opened(sent, desk)
        (one, path), (two, other) = list(sent.parcels().items())[:2]
        monkeypatch.setattr(homes, "_GIB", (path.stat().st_size + other.stat().st_size - 1) // desk.settings.quota_gib)
        first = desk.begin(source, sent.box, one)
        with pytest.raises(QuotaError):
            desk.begin(source, sent.box, two)
        first.drop()
        desk.begin(source, sent.box, two).close()

    def test_a_parcel_of_no_said_size_has_a_share_alone(self, sent: Sent, desk: Desk) -> None:
        source, box = opened(sent, desk), Box(sent.home.boxes / sent.box)
        box.announce(f"sha256:{HEX}", Announced("b", None))
        upload = desk.begin(source, sent.box, f"{HEX}.age")
        with pytest.raises(QuotaError):
            upload.write(desks._UNSIZED, b"x")
        upload.drop()

    def test_the_journal_always_has_room(self, sent: Sent, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        source = opened(sent, desk)
        monkeypatch.setattr(desks.shutil, "disk_usage", lambda _path: SimpleNamespace(free=desks._SPARE))
        with pytest.raises(StorageError):
            desk.begin(source, sent.box, next(iter(sent.parcels())))
