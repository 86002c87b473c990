"""The relay's rules, attacked: what is not announced, not sealed, not one's own or not complete never comes through."""

import datetime as dt
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ecluse.control.papers import read_paper
from ecluse.control.signatures import sign_artefact
from ecluse.domain.access import Access, AccessEntry, Lies
from ecluse.domain.agreement import Agreement
from ecluse.domain.errors import (
    AgreementError,
    BusyError,
    EcluseError,
    ForbiddenError,
    MalformedError,
    RefusedError,
    SignatureError,
    StorageError,
    TamperError,
    UnseenError,
)
from ecluse.domain.records import Receipt
from ecluse.journal import Journal, LogKey
from ecluse.journal.store import FolderStore
from ecluse.relay import uploads
from ecluse.relay.accounts import Account, Kind, bare
from ecluse.relay.desk import Desk, Visitor
from ecluse.relay.sealed import UnsealedError
from ecluse.wire.artefacts import decode, digest_of, encode
from migrating import OUT, holding
from relays import DESTINATION, ENGINEER, HERE, SOURCE, Sent

STRANGER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1hfYs5JkHGVGxyTBmTjyOc8IpQdFnhZjKVGi8tH0aB"


@pytest.fixture
def sent(delivered: Sent, tmp_path: Path) -> Sent:
    """The same delivered migration at a relay that is new for each test."""
    return delivered.copied(tmp_path)


@pytest.fixture
def desk(sent: Sent) -> Desk:
    return sent.desk()


def entries(sent: Sent) -> list[AccessEntry]:
    journal = Journal.open(FolderStore(sent.home.journal), LogKey.load(sent.home.log_key))
    return [decode(AccessEntry, data) for data in journal.entries()]


def told(sent: Sent, event: Access) -> list[AccessEntry]:
    return [each for each in entries(sent) if each.event is event]


def opened(sent: Sent, desk: Desk) -> Visitor:
    source = sent.visitor(desk, SOURCE)
    for name, data in sent.papers().items():
        desk.put_paper(source, sent.box, name, data)
    return source


class TestTheWayThrough:
    def test_everything_comes_through_and_is_taken_away(self, sent: Sent, desk: Desk) -> None:
        sent.sent_all(desk)
        recipient = sent.visitor(desk, DESTINATION)
        assert desk.boxes(recipient) == [sent.box]
        waiting = {each.name: each.size for each in desk.inside(recipient, sent.box)}
        assert set(waiting) == set(sent.papers()) | set(sent.parcels())
        for name, path in sent.parcels().items():
            assert desk.read(recipient, sent.box, name).read_bytes() == path.read_bytes()
            desk.take(recipient, sent.box, name)
        assert not any((sent.home.boxes / sent.box / "parcels").iterdir())
        # The sender still learns that they came: a delivery that was cut off is not sent again.
        out = {each.name: each.size for each in desk.out(sent.visitor(desk, SOURCE), sent.box)}
        assert {name: path.stat().st_size for name, path in sent.parcels().items()}.items() <= out.items()

    def test_nothing_is_seen_before_everything_has_come(self, sent: Sent, desk: Desk) -> None:
        source, recipient = opened(sent, desk), sent.visitor(desk, DESTINATION)
        for number, (name, path) in enumerate(sent.parcels().items(), 1):
            assert desk.inside(recipient, sent.box) == []
            upload = desk.begin(source, sent.box, name)
            upload.write(0, path.read_bytes())
            assert desk.finish(source, sent.box, upload)
            assert bool(desk.inside(recipient, sent.box)) == (number == len(sent.parcels()))

    def test_a_parcel_cut_off_anywhere_is_gone_on_with(self, sent: Sent, desk: Desk) -> None:
        source = opened(sent, desk)
        name, path = next(iter(sent.parcels().items()))
        data = path.read_bytes()
        for cut in (0, 1, 21, 22, 200, len(data) - 1):
            upload = desk.begin(source, sent.box, name)
            come = upload.length()
            upload.write(come, data[come:cut])
            assert not desk.finish(source, sent.box, upload)
            desk = sent.desk()  # another relay of the same folder goes on
            source = sent.visitor(desk, SOURCE)
        upload = desk.begin(source, sent.box, name)
        upload.write(upload.length(), data[upload.length() :])
        assert desk.finish(source, sent.box, upload)

    def test_a_sender_that_was_killed_sends_all_again_whatever_was_taken_meanwhile(
        self, sent: Sent, desk: Desk
    ) -> None:
        sent.sent_all(desk)
        recipient = sent.visitor(desk, DESTINATION)
        for each in desk.inside(recipient, sent.box):
            desk.take(recipient, sent.box, each.name)
        for name, data in sent.papers().items():
            desk.put_paper(sent.visitor(desk, SOURCE), sent.box, name, data)
        assert desk.inside(recipient, sent.box) == []
        assert not told(sent, Access.PAPER_REFUSED)
        assert set(sent.papers()) <= {
            each.name for each in desk.out(sent.visitor(desk, SOURCE), sent.box) if each.state is Lies.TAKEN
        }

    def test_a_box_whose_opening_was_cut_off_opens(self, sent: Sent, desk: Desk) -> None:
        """Killed after the papers were passed on and before the box was marked open."""
        opened(sent, desk)
        (sent.home.boxes / sent.box / "box.json").unlink()
        sent.sent_all(desk)
        assert desk.inside(sent.visitor(desk, DESTINATION), sent.box)

    def test_a_box_whose_last_parcel_was_cut_off_just_after_is_seen(self, sent: Sent, desk: Desk) -> None:
        sent.sent_all(desk)
        (sent.home.boxes / sent.box / "complete").unlink()
        assert desk.inside(sent.visitor(desk, DESTINATION), sent.box)

    def test_what_comes_is_told_from_what_has_come(self, sent: Sent, desk: Desk) -> None:
        source = opened(sent, desk)
        name, path = next(iter(sent.parcels().items()))
        upload = desk.begin(source, sent.box, name)
        upload.write(0, path.read_bytes())
        upload.close()  # killed before it was judged
        assert [each.state for each in desk.out(source, sent.box) if each.name == name] == [Lies.COMING]
        assert desk.finish(source, sent.box, desk.begin(source, sent.box, name))
        assert [each.state for each in desk.out(source, sent.box) if each.name == name] == [Lies.HERE]

    def test_order_of_writing_does_not_matter(self, sent: Sent, desk: Desk) -> None:
        source = opened(sent, desk)
        name, path = max(sent.parcels().items(), key=lambda each: each[1].stat().st_size)
        data, upload = path.read_bytes(), desk.begin(source, sent.box, name)
        half = len(data) // 2
        upload.write(half, data[half:])
        upload.write(0, data[:half])
        assert desk.finish(source, sent.box, upload)

    def test_papers_in_any_order_open_the_same_box(self, sent: Sent, desk: Desk) -> None:
        source, names = sent.visitor(desk, SOURCE), list(sent.papers().items())
        heads = [each for each in names if not each[0].startswith("receipt.")]
        for name, data in reversed(heads):
            desk.put_paper(source, sent.box, name, data)
        for name, data in names:
            desk.put_paper(source, sent.box, name, data)
        assert len(told(sent, Access.BOX_OPENED)) == 1


class TestEntering:
    @pytest.mark.parametrize("name", ["anonymous", "ftp", "root", "", SOURCE])
    def test_nobody_enters_without_a_key_of_an_account(self, sent: Sent, desk: Desk, name: str) -> None:
        for mark in (None, STRANGER):
            with pytest.raises(ForbiddenError):
                desk.enter(name, mark, HERE, "sftp")
        assert told(sent, Access.ENTRY_FAILED)
        assert not told(sent, Access.ENTERED)

    def test_a_key_offered_under_another_name_is_told(self, sent: Sent, desk: Desk) -> None:
        with pytest.raises(ForbiddenError):
            desk.enter(DESTINATION, bare(sent.key(SOURCE)), HERE, "sftp")
        assert [each.actor for each in told(sent, Access.KEY_CLAIMED)] == [SOURCE]

    def test_a_key_is_bound_to_one_account_for_ever(self, sent: Sent, desk: Desk) -> None:
        until = dt.date(2099, 1, 1)
        twin = Account("m.jumeau", Kind.PERSON, "m.jumeau", SOURCE, until, keys=(bare(sent.key(SOURCE)),))
        with pytest.raises(ForbiddenError, match="law 6"):
            desk.accounts.add(twin, desk.log, "adm.roux")
        desk.accounts.revoke(SOURCE, desk.log, "adm.roux")
        with pytest.raises(ForbiddenError, match="law 6"):
            desk.accounts.add(twin, desk.log, "adm.roux")
        assert len(told(sent, Access.KEY_CLAIMED)) == 2

    @pytest.mark.parametrize("id_", ["anonymous", "ftp", "shared", "Admin", "test1", "backup"])
    def test_no_account_has_a_name_that_is_nobody_s(self, id_: str) -> None:
        with pytest.raises(ValueError, match="no one person"):
            Account(id_, Kind.PERSON, id_, SOURCE, dt.date(2099, 1, 1), keys=(STRANGER,))

    def test_a_revoked_or_expired_account_opens_nothing(self, sent: Sent) -> None:
        late = sent.desk(clock=lambda: dt.datetime.now(dt.UTC) + dt.timedelta(days=91))
        with pytest.raises(ForbiddenError):
            sent.visitor(late, SOURCE)
        desk = sent.desk()
        desk.accounts.revoke(SOURCE, desk.log, "adm.roux")
        with pytest.raises(ForbiddenError):
            sent.visitor(desk, SOURCE)

    @pytest.mark.parametrize("origin", ["10.0.0.1", "::2", "192.0.2.1", "not an address"])
    def test_only_listed_networks_may_knock(self, sent: Sent, desk: Desk, origin: str) -> None:
        with pytest.raises(ForbiddenError):
            sent.visitor(desk, SOURCE, origin)
        assert told(sent, Access.NETWORK_REFUSED)

    def test_a_maintenance_host_may_not_though_its_network_is_listed(self, sent: Sent) -> None:
        settings = sent.home.root / "relay.yaml"
        settings.write_text(settings.read_text() + "maintenance: [127.0.0.9/32]\n")
        desk = sent.desk()
        sent.visitor(desk, SOURCE, "127.0.0.8")
        with pytest.raises(ForbiddenError):
            sent.visitor(desk, SOURCE, "127.0.0.9")

    def test_a_flood_of_failures_is_told_and_counted_not_written_line_by_line(self, sent: Sent, desk: Desk) -> None:
        before, now = len(entries(sent)), desk.failures.now()
        desk.failures.now = lambda: now
        for _ in range(500):
            with pytest.raises(ForbiddenError):
                desk.enter("x", STRANGER, HERE, "sftp")
        assert len(entries(sent)) == before + 1
        # No longer than the five seconds in which an alert must be in the room leave time for.
        desk.failures.now = lambda: now + 2
        desk.failures.flush()
        assert told(sent, Access.ENTRY_FAILED)[-1].detail["times"] == 499


class TestWhatMayCome:
    def test_nothing_comes_unannounced(self, sent: Sent, desk: Desk) -> None:
        source = sent.visitor(desk, SOURCE)
        name = next(iter(sent.parcels()))
        with pytest.raises(EcluseError):
            desk.begin(source, sent.box, name)
        heads = {n: d for n, d in sent.papers().items() if not n.startswith("receipt.")}
        for paper, data in heads.items():
            desk.put_paper(source, sent.box, paper, data)
        with pytest.raises(SignatureError, match="announces"):
            desk.begin(source, sent.box, name)
        assert told(sent, Access.PARCEL_REFUSED)

    @pytest.mark.parametrize("name", ["dump.csv", "../../x.age", "A" * 64 + ".age", "0" * 64 + ".age", "", ".age"])
    def test_no_other_name_is_taken(self, sent: Sent, desk: Desk, name: str) -> None:
        source = opened(sent, desk)
        with pytest.raises(SignatureError):
            desk.begin(source, sent.box, name)

    def test_plaintext_is_refused_before_a_byte_is_stored(self, sent: Sent, desk: Desk) -> None:
        source = opened(sent, desk)
        name, path = max(sent.parcels().items(), key=lambda each: each[1].stat().st_size)
        clear = b"NOM;PRENOM;" + OUT + b";1850534002345;DIABETE\n"
        data = path.read_bytes()
        size = len(data)
        assert size > 12_000
        for before, offset, piece in (
            (b"", 0, clear * 20), (b"", 0, data[:1000] + clear * 100), (data[:8192], 8192, clear * 100),
            (data[:100], 100, clear * 300), (b"", 9_000, clear * 100), (data[:21], 21, b"x"),
            (data[:100], 100, clear * 40), (data[:4500], 4500, clear * 9), (data[:8000], 8000, data[8000:9100] + clear * 30),
        ):  # fmt: skip
            upload = desk.begin(source, sent.box, name)
            upload.truncate()
            upload.write(0, before)
            with pytest.raises(UnsealedError) as refused:
                upload.write(offset, piece[: size - offset])
            desk.abandon(source, sent.box, upload, refused.value)
        desk.flush(whole=True)
        assert sum(int(each.detail["times"]) for each in told(sent, Access.PARCEL_REFUSED)) == 9
        assert holding(OUT, sent.home.root) == []

    def test_another_content_than_announced_is_refused_and_gone(self, sent: Sent, desk: Desk) -> None:
        source = opened(sent, desk)
        name, path = max(sent.parcels().items(), key=lambda each: each[1].stat().st_size)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        upload = desk.begin(source, sent.box, name)
        upload.write(0, bytes(data))
        with pytest.raises(TamperError):
            desk.finish(source, sent.box, upload)
        assert not upload.path.exists()
        assert told(sent, Access.PARCEL_REFUSED)

    def test_more_than_announced_is_refused(self, sent: Sent, desk: Desk) -> None:
        source = opened(sent, desk)
        name, path = next(iter(sent.parcels().items()))
        upload = desk.begin(source, sent.box, name)
        with pytest.raises(RefusedError, match="longer"):
            upload.write(0, path.read_bytes() + os.urandom(1))
        with pytest.raises(RefusedError, match="longer"):
            upload.write(2**62, b"x")
        upload.close()

    def test_who_waited_for_a_parcel_that_came_whole_writes_nothing_into_it(self, sent: Sent, desk: Desk) -> None:
        source = opened(sent, desk)
        name, path = next(iter(sent.parcels().items()))
        first = desk.begin(source, sent.box, name)
        first.write(0, path.read_bytes())
        waiting = os.open(first.path, os.O_RDWR)  # a second session, just before it waits
        assert desk.finish(source, sent.box, first)
        stored = sent.home.boxes / sent.box / "parcels" / name
        assert not uploads._is_still(waiting, first.path)
        with pytest.raises(RefusedError):
            desk.begin(source, sent.box, name)
        os.close(waiting)
        assert stored.read_bytes() == path.read_bytes()

    def test_two_sessions_do_not_write_one_parcel(self, sent: Sent, desk: Desk) -> None:
        source = opened(sent, desk)
        name = next(iter(sent.parcels()))
        upload = desk.begin(source, sent.box, name)
        with pytest.raises(BusyError):
            sent.desk().begin(source, sent.box, name)
        upload.close()

    def test_a_quota_holds(self, sent: Sent, desk: Desk) -> None:
        source = opened(sent, desk)
        object.__setattr__(desk.settings, "quota_gib", 0)
        with pytest.raises(RefusedError, match="quota"):
            desk.begin(source, sent.box, next(iter(sent.parcels())))
        assert told(sent, Access.QUOTA_EXCEEDED)

    def test_a_full_disk_keeps_what_came(self, sent: Sent, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        source = opened(sent, desk)
        name, path = next(iter(sent.parcels().items()))
        upload = desk.begin(source, sent.box, name)
        upload.write(0, path.read_bytes()[:100])

        def full(*_: object) -> int:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "pwrite", full)
            with pytest.raises(StorageError, match="No space"):
                upload.write(100, path.read_bytes()[100:])
        assert upload.length() == 100
        upload.write(100, path.read_bytes()[100:])
        assert desk.finish(source, sent.box, upload)


class TestPapers:
    def test_an_agreement_that_was_not_confirmed_opens_nothing(self, sent: Sent) -> None:
        desk = sent.desk()
        digest = f"sha256:{next(n for n in sent.papers() if n.startswith('agreement.')).split('.')[1]}"
        desk.admission.end(digest, "adm.roux")
        source = sent.visitor(desk, SOURCE)
        with pytest.raises(UnseenError):
            for name, data in sent.papers().items():
                desk.put_paper(source, sent.box, name, data)
        assert not told(sent, Access.BOX_OPENED)

    def test_an_agreement_with_one_signature_is_not_confirmed(self, sent: Sent, desk: Desk) -> None:
        paper = read_paper(Agreement, sent.migration.path("agreement.json"))
        for signer in paper.signatures:
            with pytest.raises((AgreementError, SignatureError)):
                desk.admission.trust(paper.value, {signer: paper.signatures[signer]}, "adm.roux")

    @pytest.mark.parametrize("kind", ["agreement", "order", "plan", "receipt"])
    def test_a_flipped_paper_is_refused_and_gone(self, sent: Sent, desk: Desk, kind: str) -> None:
        source = sent.visitor(desk, SOURCE)
        refused = False
        for name, data in sent.papers().items():
            given = (
                data.replace(b'"format"', b'"fOrmat"')
                if name.startswith(f"{kind}.") and name.endswith(".json")
                else data
            )
            try:
                desk.put_paper(source, sent.box, name, given)
            except EcluseError:
                refused = True
        assert refused
        assert told(sent, Access.PAPER_REFUSED)
        if kind != "receipt":
            assert not told(sent, Access.BOX_OPENED)

    def test_a_receipt_without_signature_announces_nothing(self, sent: Sent, desk: Desk) -> None:
        source = sent.visitor(desk, SOURCE)
        for name, data in sent.papers().items():
            if not (name.startswith("receipt.") and name.endswith(".sig")):
                desk.put_paper(source, sent.box, name, data)
        with pytest.raises(SignatureError, match="announces"):
            desk.begin(source, sent.box, next(iter(sent.parcels())))

    @pytest.mark.parametrize(
        "name", ["passwords.txt", "order.x.json", "erasure." + "0" * 64 + ".json", "order." + "0" * 64 + ".json.part"]
    )
    def test_nothing_else_lies_in_a_box(self, sent: Sent, desk: Desk, name: str) -> None:
        source = opened(sent, desk)
        with pytest.raises(MalformedError):
            desk.put_paper(source, sent.box, name, b"x")

    def test_no_word_of_a_signature_s_name_is_journalled(self, sent: Sent, desk: Desk) -> None:
        source = opened(sent, desk)
        name = "acceptance." + "0" * 64 + ".DUPONT-JEANNE-2700375116001.sig"
        with pytest.raises(EcluseError):
            desk.put_paper(source, sent.box, name, b"x")
        refused = told(sent, Access.PAPER_REFUSED)[-1]
        assert refused.subject == "acceptance." + "0" * 64
        assert holding(b"DUPONT", sent.home.root) == []

    def test_a_relay_whose_journal_is_gone_begins_no_other(self, sent: Sent) -> None:
        shutil.rmtree(sent.home.journal)
        with pytest.raises(TamperError, match="gone"):
            sent.desk()
        assert not sent.home.journal.exists()

    def test_a_batch_has_one_receipt(self, sent: Sent, desk: Desk) -> None:
        """Two receipts of one batch and none of another would make a box look complete."""
        source = opened(sent, desk)
        name = next(each for each in sent.papers() if each.startswith("receipt.") and each.endswith(".json"))
        receipt = decode(Receipt, sent.papers()[name])
        other = replace(receipt, parcel="sha256:" + "0" * 64)
        stem = f"receipt.{digest_of(other).removeprefix('sha256:')}"
        signature = sign_artefact(other, sent.migration.path("keys", SOURCE))
        desk.put_paper(source, sent.box, f"{stem}.{SOURCE}.sig", signature)
        with pytest.raises(TamperError, match="another receipt"):
            desk.put_paper(source, sent.box, f"{stem}.json", encode(other))
        with pytest.raises(UnseenError):
            desk.progress(source, sent.box, "0" * 64 + ".age")

    def test_an_agreement_that_was_ended_stops_what_is_on_its_way(self, sent: Sent, desk: Desk) -> None:
        source = opened(sent, desk)
        digest = f"sha256:{next(n for n in sent.papers() if n.startswith('agreement.')).split('.')[1]}"
        desk.admission.end(digest, "adm.roux")
        with pytest.raises(SignatureError, match="no longer confirmed"):
            desk.begin(source, sent.box, next(iter(sent.parcels())))


class TestWhoseItIs:
    def test_the_recipient_writes_no_parcel_and_the_sender_reads_none(self, sent: Sent, desk: Desk) -> None:
        sent.sent_all(desk)
        source, recipient = sent.visitor(desk, SOURCE), sent.visitor(desk, DESTINATION)
        name = next(iter(sent.parcels()))
        with pytest.raises(SignatureError):
            desk.begin(recipient, sent.box, name)
        for verb in (desk.read, desk.take):
            with pytest.raises(UnseenError):
                verb(source, sent.box, name)

    def test_a_stranger_sees_nothing(self, sent: Sent, desk: Desk) -> None:
        sent.sent_all(desk)
        until = dt.date(2099, 1, 1)
        desk.accounts.add(
            Account("m.curieux", Kind.PERSON, "m.curieux", "agent-autre", until, keys=(STRANGER,)), desk.log, "adm.roux"
        )
        stranger = desk.enter("m.curieux", STRANGER, HERE, "sftp")
        assert desk.boxes(stranger) == []
        for verb in (desk.out, desk.inside):
            with pytest.raises(UnseenError):
                verb(stranger, sent.box)
        for name in ("0" * 16, "..", "", "a/b", sent.box.upper() + "x"):
            with pytest.raises(UnseenError):
                desk.out(stranger, name)
            with pytest.raises((UnseenError, MalformedError)):
                desk.put_paper(stranger, name, "order." + "0" * 64 + ".json", b"{}")
        assert told(sent, Access.PATH_REFUSED)

    def test_a_person_carries_for_the_agent_that_is_theirs(self, sent: Sent, desk: Desk) -> None:
        person = sent.visitor(desk, ENGINEER)
        for name, data in sent.papers().items():
            desk.put_paper(person, sent.box, name, data)
        assert told(sent, Access.BOX_OPENED)[0].actor == ENGINEER


def test_a_seized_relay_tells_nobody_s_name_and_opens_nothing(sent: Sent, desk: Desk) -> None:
    sent.sent_all(desk)
    rows = sent.migration.built.expected["patient"].values()
    values = {row[name] for row in rows for name in ("family_name", "nir") if row.get(name)}
    assert values
    for value in sorted(each for each in values if len(each) > 5)[:40]:
        assert holding(value.encode(), sent.home.root) == []
    for needle in (OUT, b"DANS-ORDRE", b"AGE-SECRET-KEY"):
        assert holding(needle, sent.home.root) == []


def test_without_its_journal_the_relay_does_nothing(sent: Sent, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sent.sent_all(desk)
    recipient = sent.visitor(desk, DESTINATION)

    def broken(*_: object, **__: object) -> int:
        raise StorageError("the journal cannot be written")

    monkeypatch.setattr(desk.log, "append", broken)
    name = next(iter(sent.parcels()))
    for ask in (
        lambda: sent.visitor(desk, SOURCE),
        lambda: desk.read(recipient, sent.box, name),
        lambda: desk.take(recipient, sent.box, name),
    ):
        with pytest.raises(StorageError):
            ask()
    assert (sent.home.boxes / sent.box / "parcels" / name).exists()
