"""Transfer: what the receiving place believes, and what an ill-willed mailbox can do to it (nothing but delay)."""

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ecluse.adapters.mailboxes.folder import FolderMailbox
from ecluse.control.ports import Mailbox
from ecluse.control.transfer import deliver, receive
from ecluse.domain.agreement import Agreement
from ecluse.domain.entry import Event
from ecluse.domain.errors import (
    EcluseError,
    MalformedError,
    SignatureError,
    StorageError,
    TamperError,
    TransitionError,
)
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.records import Receipt
from ecluse.seal.sealing import is_age_file, seal
from ecluse.wire.artefacts import digest_of, encode, kind_of
from ecluse.wire.canonical import digest
from ecluse.workspace.parcels import ParcelState
from memory_mailbox import MemoryMailbox
from synthetic_evidence import Migration, make_plan

Brought = Callable[[str | None], Migration]
PARCELS = 6
"""Five batches, one of which has rows in quarantine."""


def _sign(migration: Migration) -> Callable[[Receipt], dict[str, bytes]]:
    return lambda receipt: {"agent-b": migration.keys.sign(receipt, "agent-b")}


def _held_agreement(migration: Migration) -> str:
    """The agreement that the destination was told of by another way than the mailbox."""
    return digest_of(migration.agreement)


@pytest.fixture
def sent(brought: Brought) -> Migration:
    """Everything lies in a mailbox in memory, which the tests may bend."""
    migration = brought("sealed")
    migration.mailbox = MemoryMailbox()  # type: ignore[assignment]
    deliver(migration.source, migration.mailbox)
    return migration


def _held(migration: Migration) -> dict[str, bytes]:
    assert isinstance(migration.mailbox, MemoryMailbox)
    return migration.mailbox.held


def _receive(migration: Migration) -> None:
    receive(migration.destination, migration.mailbox, _sign(migration), agreement=_held_agreement(migration))


def _refused(migration: Migration, error: type[EcluseError], said: str) -> None:
    with pytest.raises(error, match=said):
        _receive(migration)
    state = migration.destination.progress().state
    assert state in {State.ORDERED, State.APPROVED, State.PLANNED}
    assert _held(migration), "nothing is discarded before everything is believed"


def _paper(migration: Migration, cls: type, ending: str = ".json") -> str:
    return next(n for n in sorted(_held(migration)) if n.startswith(f"{kind_of(cls)}.") and n.endswith(ending))


def _announce(migration: Migration, value: object, *signers: str) -> None:
    """Put a paper into the mailbox as its sender would."""
    stem = f"{kind_of(type(value))}.{digest_of(value).removeprefix('sha256:')}"
    _held(migration)[f"{stem}.json"] = encode(value)
    for signer in signers:
        _held(migration)[f"{stem}.{signer}.sig"] = migration.keys.sign(value, signer)


def _withdraw(migration: Migration, value: object) -> None:
    stem = f"{kind_of(type(value))}.{digest_of(value).removeprefix('sha256:')}."
    for name in [name for name in _held(migration) if name.startswith(stem)]:
        del _held(migration)[name]


def test_everything_arrives(sent: Migration) -> None:
    assert sum(name.endswith(".age") for name in _held(sent)) == PARCELS
    assert sent.source.progress().state is State.DELIVERED
    reported: list[str] = []
    receive(sent.destination, sent.mailbox, _sign(sent), reported.append, agreement=_held_agreement(sent))
    place = sent.destination
    assert sorted(reported) == sorted(batch.id for batch in sent.plan.batches)
    assert place.progress().state is State.DELIVERED
    assert place.progress().received == {r.batch: digest_of(r) for r in sent.receipts}
    assert _held(sent) == {}
    names = place.parcels.names(ParcelState.RECEIVED)
    assert names == sent.source.parcels.names(ParcelState.DELIVERED)
    for name in names:
        arrived = place.parcels.path(ParcelState.RECEIVED, name).read_bytes()
        assert arrived == sent.source.parcels.path(ParcelState.DELIVERED, name).read_bytes()
        assert is_age_file(arrived)
    for receipt in sent.receipts:
        assert set(place.signatures(Receipt, digest_of(receipt))) == {"agent-a", "agent-b"}
    assert list((place.root / "desk").iterdir()) == []


def test_both_can_be_repeated(sent: Migration) -> None:
    before = list(sent.source.entries())
    held = dict(_held(sent))
    deliver(sent.source, sent.mailbox)
    assert list(sent.source.entries()) == before
    assert _held(sent) == held
    _receive(sent)
    after = list(sent.destination.entries())
    _receive(sent)
    assert list(sent.destination.entries()) == after


@pytest.mark.parametrize("stage", ["planned", "extracting"])
def test_nothing_is_sent_before_all_is_sealed(brought: Brought, stage: str) -> None:
    migration = brought(stage)
    size = migration.source.journal.size
    with pytest.raises(TransitionError, match="cannot deliver"):
        deliver(migration.source, migration.mailbox)
    assert migration.mailbox.waiting() == ()
    assert migration.source.journal.size == size


def test_nor_after_it_has_ended(brought: Brought) -> None:
    migration = brought("accepted")
    with pytest.raises(TransitionError, match="cannot deliver"):
        deliver(migration.source, migration.mailbox)
    assert migration.mailbox.waiting() == ()


def test_a_parcel_swapped(sent: Migration) -> None:
    names = [name for name in sorted(_held(sent)) if name.endswith(".age")]
    held = _held(sent)
    held[names[0]], held[names[1]] = held[names[1]], held[names[0]]
    _refused(sent, TamperError, "not the one that was sealed")
    assert not {n.removesuffix(".age") for n in names[:2]} & set(sent.destination.parcels.names(ParcelState.RECEIVED))
    assert [e.event for e in sent.destination.entries()][-1] is Event.PARCEL_REFUSED
    held[names[0]], held[names[1]] = held[names[1]], held[names[0]]
    _receive(sent)
    assert sent.destination.progress().state is State.DELIVERED


@pytest.mark.parametrize(
    "change", [lambda b: b[:-1], lambda b: b + b"\0", lambda b: b[:100] + b"\0" + b[101:], lambda b: b""]
)
def test_a_parcel_changed(sent: Migration, change: Callable[[bytes], bytes]) -> None:
    name = sent.plan.batches[-1].id + ".quarantine.age"
    assert name in _held(sent)
    kept = _held(sent)[name]
    _held(sent)[name] = change(kept)
    _refused(sent, TamperError, name)
    _held(sent)[name] = kept
    _receive(sent)
    assert len(sent.destination.parcels.names(ParcelState.RECEIVED)) == PARCELS


def test_a_parcel_sealed_anew_by_somebody_else(sent: Migration) -> None:
    _held(sent)["patient-0001.age"] = seal(b"other rows", [sent.keys.identity.recipient])
    _refused(sent, TamperError, "not the one that was sealed")


@pytest.mark.parametrize("name", ["patient-0001.age", "observation-2019-0001.quarantine.age"])
def test_a_parcel_missing(sent: Migration, name: str) -> None:
    del _held(sent)[name]
    _refused(sent, TamperError, "missing")


def test_a_receipt_missing(sent: Migration) -> None:
    _withdraw(sent, sent.receipts[0])
    _refused(sent, TamperError, "1 planned parcels are missing, first patient-0001")


def test_a_receipt_announced_twice(sent: Migration) -> None:
    again = replace(sent.receipts[0], canaries=4)
    _announce(sent, again, "agent-a")
    _refused(sent, TamperError, "announced twice")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"order": digest(b"x")}, "another order or plan"),
        ({"plan": digest(b"x")}, "another order or plan"),
        ({"batch": "patient-0002"}, "no such batch"),
        ({"entity": "request"}, "no such batch"),
        ({"columns": ("source_id",)}, "columns"),
        ({"columns": ("source_id", "birth_date", "birth_date_raw", "nir")}, "columns"),
        ({"rows": 5, "groups": ()}, "rows"),
        ({"parcel": digest(b"x")}, "not the one that was sealed"),
    ],
)
def test_a_receipt_that_does_not_fit_the_plan(sent: Migration, fields: dict[str, Any], said: str) -> None:
    """Signed with the genuine key: signatures alone are not believed."""
    real = sent.receipts[0]
    if "groups" in fields:
        fields = fields | {"groups": (replace(real.groups[0], rows=5),)}
    _withdraw(sent, real)
    _announce(sent, replace(real, **fields), "agent-a")
    _refused(sent, TamperError, said)


@pytest.mark.parametrize("signers", [(), ("agent-b",), ("dr.martin",), ("m.gerant", "agent-b")])
def test_a_receipt_of_the_wrong_signer(sent: Migration, signers: tuple[str, ...]) -> None:
    _withdraw(sent, sent.receipts[0])
    _announce(sent, sent.receipts[0], *signers)
    _refused(sent, SignatureError, "not signed by agent-a")


def test_a_foreign_signature_beside_a_good_one(sent: Migration) -> None:
    _announce(sent, sent.receipts[0], "stranger")
    _refused(sent, SignatureError, "does not name")


@pytest.mark.parametrize("cls", [Agreement, Order, Plan, Receipt])
def test_a_signature_of_another_paper(sent: Migration, cls: type) -> None:
    other = {Agreement: Order, Order: Agreement, Plan: Receipt, Receipt: Plan}[cls]
    _held(sent)[_paper(sent, cls, ".sig")] = _held(sent)[_paper(sent, other, ".sig")]
    _refused(sent, SignatureError, "wrong namespace")


@pytest.mark.parametrize("cls", [Agreement, Order, Plan])
def test_a_paper_missing_or_twice(sent: Migration, cls: type) -> None:
    name = _paper(sent, cls)
    data = _held(sent).pop(name)
    _refused(sent, MalformedError, f"0 papers of kind {kind_of(cls)}")
    _held(sent)[name] = data
    twin = f"{kind_of(cls)}.{'0' * 64}.json"
    _held(sent)[twin] = data
    _refused(sent, MalformedError, f"2 papers of kind {kind_of(cls)}")


def test_an_old_plan_replayed(sent: Migration) -> None:
    """A second plan of the same order, genuinely signed, with receipts to match: the place keeps to its first."""
    old = replace(make_plan(sent.order), made_at=sent.plan.made_at.replace(minute=30))
    _receive(sent)
    again = Migration(sent.root / "again", sent.keys)
    try:
        again.mailbox = MemoryMailbox()  # type: ignore[assignment]
        _announce(again, sent.agreement, "dr.martin", "m.gerant")
        _announce(again, sent.order, "dr.martin", "a.second")
        _announce(again, sent.plan, "agent-a")
        again.agreement = sent.agreement
        with pytest.raises(TamperError, match="5 planned parcels are missing"):
            _receive(again)
        _withdraw(again, sent.plan)
        _announce(again, old, "agent-a")
        with pytest.raises(SignatureError, match="another plan"):
            _receive(again)
        assert again.destination.pinned(Plan) == sent.plan
    finally:
        again.close()


def test_papers_that_are_none(sent: Migration) -> None:
    for name, data in (
        (f"plan.{'0' * 64}.json", b"{}"),
        (f"receipt.{'0' * 64}.json", b"\xff"),
        ("acceptance.x.json", b"{}"),
        ("passwd.json", b"{}"),
        (".json", b""),
    ):
        if name.startswith("."):
            continue
        _held(sent)[name] = data
        with pytest.raises(EcluseError) as caught:
            _receive(sent)
        assert caught.value.exit_code in {10, 17, 14}
        del _held(sent)[name]
    _receive(sent)


def test_a_paper_too_long_is_not_read(sent: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecluse.control.desk.MAX_BYTES", 100)
    _refused(sent, MalformedError, "longer than 100 bytes")
    assert list((sent.destination.root / "desk").iterdir()) == []


def test_the_decision_on_its_way_back_is_left_alone(sent: Migration) -> None:
    _receive(sent)
    decision = {"reconciliation.x.json": b"{}", "acceptance.x.dr.martin.sig": b"s"}
    _held(sent).update(decision)
    _receive(sent)
    assert _held(sent) == decision


class Unlucky:
    """A mailbox that fails at the n-th call, as a network does."""

    def __init__(self, inner: Mailbox, fails_at: int) -> None:
        self._inner, self._left = inner, fails_at

    def __getattr__(self, name: str) -> Any:
        self._left -= 1
        if self._left == 0:
            raise StorageError("the network is gone")
        return getattr(self._inner, name)


@pytest.mark.parametrize("fails_at", [1, 2, 5, 6, 7, 12, 20, 30])
def test_a_mailbox_that_fails_now_and_then(brought: Brought, fails_at: int) -> None:
    migration = brought("sealed")
    box = FolderMailbox(migration.root / "mailbox")
    for _ in range(2):
        try:
            deliver(migration.source, Unlucky(box, fails_at))  # type: ignore[arg-type]
            break
        except StorageError:
            deliver(migration.source, box)
    for _ in range(2):
        try:
            receive(migration.destination, Unlucky(box, fails_at), _sign(migration), agreement=_held_agreement(migration))  # type: ignore[arg-type]
            break
        except StorageError:
            receive(migration.destination, box, _sign(migration), agreement=_held_agreement(migration))
    assert migration.destination.progress().received == {r.batch: digest_of(r) for r in migration.receipts}
    assert box.waiting() == ()


def test_no_age_identity_is_needed_to_receive(sent: Migration, tmp_path: Path) -> None:
    """The relay and the receiving desk never open a parcel."""
    secret = base64.b64encode(b"rows of patient-0001")
    _receive(sent)
    for path in sent.destination.root.rglob("*"):
        if path.is_file():
            assert b"rows of" not in path.read_bytes()
            assert secret not in path.read_bytes()


def test_a_forged_migration_under_an_agreement_of_its_own_is_refused(sent: Migration) -> None:
    """Whoever can write to the mailbox can sign an agreement, an order, a plan and receipts with keys of their own."""
    with pytest.raises(SignatureError, match="not the one that this place was told of"):
        receive(sent.destination, sent.mailbox, _sign(sent), agreement="sha256:" + 64 * "0")
    assert sent.destination.progress().pins == {}
    assert not sent.destination.progress().received
