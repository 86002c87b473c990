"""Law 9 at the door of a place: what is admitted, what is not, and that asking twice changes nothing."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ecluse.control.admit import admit_acceptance, admit_order, admit_plan
from ecluse.control.signatures import sign_artefact, signer_of_key, verified_signers
from ecluse.domain.agreement import Agreement
from ecluse.domain.entry import Event
from ecluse.domain.errors import AgreementError, EcluseError, OrderError, RefusedError, SignatureError, TransitionError
from ecluse.domain.lifecycle import State
from ecluse.domain.order import AgreementRef, Order
from ecluse.domain.records import Acceptance, Decision
from ecluse.wire.artefacts import digest_of
from ecluse.workspace.place import Workspace
from synthetic_evidence import Migration, log_of, make_agreement, make_order, make_plan

Brought = Callable[[str | None], Migration]


class Desk:
    """Signed papers for an empty place."""

    def __init__(self, migration: Migration) -> None:
        self.keys, self.place = migration.keys, migration.source
        self.agreement = make_agreement(self.keys)
        self.order = make_order(self.keys, self.agreement)

    def signed(self, value: object, *ids: str) -> dict[str, bytes]:
        return {id_: self.keys.sign(value, id_) for id_ in ids}

    def admit(self, agreement: Agreement | None = None, order: Order | None = None, **by: Any) -> str:
        agreement, order = agreement or self.agreement, order or self.order
        agreement_by = by.get("agreement_by") or self.signed(agreement, "dr.martin", "m.gerant")
        return admit_order(
            self.place,
            agreement,
            agreement_by,
            order,
            by.get("order_by") or self.signed(order, "dr.martin", "a.second"),
        )


@pytest.fixture
def desk(brought: Brought) -> Desk:
    return Desk(brought(None))


def _events(place: Workspace) -> list[Event]:
    return [entry.event for entry in place.entries()]


def test_an_order_is_admitted_once(desk: Desk) -> None:
    for _ in range(3):
        assert desk.admit() == digest_of(desk.order)
    assert _events(desk.place) == [Event.OPENED, Event.AGREEMENT_RECORDED, Event.ORDER_APPROVED]
    assert desk.place.pinned(Order) == desk.order
    assert desk.place.pinned(Agreement) == desk.agreement
    assert set(desk.place.signatures(Order, digest_of(desk.order))) == {"dr.martin", "a.second"}


def _refused(desk: Desk, error: type[EcluseError], said: str, **given: Any) -> None:
    with pytest.raises(error, match=said):
        desk.admit(**given)
    assert _events(desk.place) == [Event.OPENED]
    assert not (desk.place.root / "artefacts").exists()


def test_no_contract_no_migration(desk: Desk) -> None:
    for ids, side in (
        (("dr.martin",), "processor"),
        (("m.gerant",), "controller"),
        (("a.second", "agent-a"), "controller"),
    ):
        _refused(desk, AgreementError, f"not signed by the {side}", agreement_by=desk.signed(desk.agreement, *ids))


def test_signatures_that_are_not_enough(desk: Desk) -> None:
    _refused(desk, SignatureError, "second approval", order_by=desk.signed(desk.order, "dr.martin"))
    _refused(desk, SignatureError, "not signed by dr.martin", order_by=desk.signed(desk.order, "a.second"))


def test_signatures_that_are_not_theirs(desk: Desk) -> None:
    real = desk.signed(desk.order, "dr.martin", "a.second")
    stranger = desk.keys.sign(desk.order, "stranger")
    other = make_order(desk.keys, desk.agreement)
    for forged, said in (
        (real | {"dr.martin": stranger}, "other key"),
        (real | {"dr.martin": real["a.second"]}, "other key"),
        (real | {"dr.martin": desk.keys.sign(replace(other, version=2), "dr.martin")}, "does not verify"),
        (real | {"dr.martin": desk.keys.sign(desk.agreement, "dr.martin")}, "wrong namespace"),
        (real | {"dr.martin": b""}, "malformed signature"),
        (real | {"stranger": stranger}, "does not name"),
        (real | {"../../x": stranger}, "does not name"),
        (real | {"m.gerant": stranger}, "other key"),
    ):
        _refused(desk, SignatureError, said, order_by=forged)


def test_orders_that_may_not_stand(desk: Desk) -> None:
    changed = replace(desk.order, agreement=AgreementRef("DPA-2026-007", digest_of(desk.order)))
    _refused(desk, OrderError, "another agreement", order=changed)
    late = replace(desk.order, retention=replace(desk.order.retention, erase_by=dt.date(2026, 3, 1)))
    _refused(desk, OrderError, "has passed", order=late)
    over = replace(desk.agreement, in_force_until=dt.date(2026, 3, 1))
    _refused(desk, AgreementError, "in force", agreement=over, order=make_order(desk.keys, over))


def test_one_place_one_order(desk: Desk) -> None:
    desk.admit()
    before = _events(desk.place)
    with pytest.raises(SignatureError, match="another order"):
        desk.admit(order=replace(desk.order, order="BIO-2026-0043"))
    assert _events(desk.place) == before


def test_an_amended_order_waits_for_the_end_of_the_earlier_one(desk: Desk) -> None:
    desk.admit()
    before = _events(desk.place)
    with pytest.raises(OrderError, match="supersedes version 1, which is approved here"):
        desk.admit(order=replace(desk.order, version=2))
    changed = replace(desk.order, source=replace(desk.order.source, site="BREST"))
    with pytest.raises(OrderError, match="another text of version 1"):
        desk.admit(order=changed)
    assert _events(desk.place) == before


def test_an_agreement_recorded_before_a_crash_gives_way_to_the_orders_own(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the two entries, then started anew with a renegotiated agreement: both pins fit together."""
    put = Workspace.put

    def killed_at_the_order(place: Workspace, value: object, signatures: Any) -> str:
        if isinstance(value, Order):
            raise KeyboardInterrupt
        return put(place, value, signatures)

    monkeypatch.setattr(Workspace, "put", killed_at_the_order)
    with pytest.raises(KeyboardInterrupt):
        desk.admit()
    monkeypatch.undo()
    newer = replace(desk.agreement, agreement="DPA-2026-008")
    order = make_order(desk.keys, newer)
    desk.admit(agreement=newer, order=order)
    assert desk.place.pinned(Agreement) == newer
    assert desk.place.pinned(Order).agreement.digest == digest_of(desk.place.pinned(Agreement))


def test_plans(desk: Desk) -> None:
    plan = make_plan(desk.order, desk.place.key.vkey)
    with pytest.raises(RefusedError, match="no agreement yet"):
        admit_plan(desk.place, plan, desk.signed(plan, "agent-a"))
    desk.admit()
    for value, by, said in (
        (plan, desk.signed(plan, "agent-b"), "not signed by agent-a"),
        (plan, {}, "not signed by agent-a"),
        (replace(plan, agent="agent-b", log=log_of("source", "agent-b")), None, "no source_agent called agent-b"),
        (replace(plan, agent="dr.martin", log=log_of("source", "dr.martin")), None, "no source_agent called dr.martin"),
        (replace(plan, order=digest_of(plan)), None, "another order"),
        (replace(plan, agreement=digest_of(plan)), None, "another order"),
        (replace(plan, log=None), None, "names no journal"),
        (replace(plan, log=log_of("source", "agent-a")), None, "another journal"),
        (plan, {"agent-a": desk.keys.sign(plan, "stranger")}, "other key"),
    ):
        with pytest.raises(SignatureError, match=said):
            admit_plan(desk.place, value, desk.signed(value, value.agent) if by is None else by)
    assert _events(desk.place)[-1] is Event.ORDER_APPROVED
    for _ in range(2):
        assert admit_plan(desk.place, plan, desk.signed(plan, "agent-a")) == digest_of(plan)
    other = replace(plan, made_at=plan.made_at + dt.timedelta(seconds=1))
    with pytest.raises(SignatureError, match="another plan"):
        admit_plan(desk.place, other, desk.signed(other, "agent-a"))
    assert _events(desk.place).count(Event.PLAN_SIGNED) == 1


def _acceptance(migration: Migration, **fields: Any) -> Acceptance:
    account = migration.account
    made = Acceptance(
        "ecluse.acceptance/1", digest_of(migration.order), digest_of(account), Decision.ACCEPTED,
        len(account.differences), "", migration.destination.now(), "dr.martin",
    )  # fmt: skip
    return replace(made, **fields)


@pytest.mark.parametrize("end", ["destination", "source"])
def test_a_decision_is_recorded_once(brought: Brought, end: str) -> None:
    migration = brought("reconciled")
    place = getattr(migration, end)
    decision = _acceptance(migration)
    by = {"dr.martin": migration.keys.sign(decision, "dr.martin")}
    for _ in range(3):
        admit_acceptance(place, decision, by)
    assert place.progress().state is State.ACCEPTED
    assert _events(place).count(Event.ACCEPTED) == 1
    other = replace(decision, remarks="on second thoughts", decision=Decision.REFUSED)
    with pytest.raises(TransitionError):
        admit_acceptance(place, other, {"dr.martin": migration.keys.sign(other, "dr.martin")})
    assert place.progress().pins["acceptance"] == digest_of(decision)
    assert Event.REFUSED not in _events(place)


@pytest.mark.parametrize(
    ("fields", "signer", "error", "said"),
    [
        ({"signatory": "a.second"}, "a.second", OrderError, "not a director"),
        ({}, "a.second", SignatureError, "not signed by dr.martin"),
        ({"differences": 0}, "dr.martin", OrderError, "not the number"),
        ({"order": "sha256:" + "0" * 64}, "dr.martin", OrderError, "another order"),
        ({"reconciliation": "sha256:" + "0" * 64}, "dr.martin", OrderError, "another reconciliation"),
    ],
)
def test_a_decision_that_does_not_count(
    brought: Brought, fields: dict[str, Any], signer: str, error: type[EcluseError], said: str
) -> None:
    migration = brought("reconciled")
    decision = _acceptance(migration, **fields)
    with pytest.raises(error, match=said):
        admit_acceptance(migration.destination, decision, {signer: migration.keys.sign(decision, signer)})
    assert migration.destination.progress().state is State.RECONCILED


def test_a_decision_about_an_older_account(brought: Brought) -> None:
    """Reconciled once, kept on disk, and reconciled again: only the account that counts can be decided."""
    migration = brought("loaded")
    list_, place = migration, migration.destination
    list_._reconciled()
    older = replace(migration.account, made_at=migration.account.made_at - dt.timedelta(seconds=5))
    place.put(older, {})
    decision = _acceptance(migration, reconciliation=digest_of(older))
    with pytest.raises(OrderError, match="another reconciliation"):
        admit_acceptance(place, decision, {"dr.martin": migration.keys.sign(decision, "dr.martin")})


def test_nothing_is_decided_before_it_is_reconciled(brought: Brought) -> None:
    migration = brought("loaded")
    migration.account = None  # type: ignore[assignment]
    decision = Acceptance(
        "ecluse.acceptance/1", digest_of(migration.order), digest_of(migration.order), Decision.REFUSED, 0, "",
        migration.source.now(), "dr.martin",
    )  # fmt: skip
    with pytest.raises(RefusedError):
        admit_acceptance(migration.destination, decision, {"dr.martin": migration.keys.sign(decision, "dr.martin")})


def test_signing_and_knowing_who(desk: Desk) -> None:
    signature = sign_artefact(desk.order, desk.keys.folder / "dr.martin")
    assert verified_signers(desk.order, {"dr.martin": signature}, desk.agreement) == {"dr.martin"}
    assert verified_signers(desk.order, {}, desk.agreement) == frozenset()
    assert signer_of_key(desk.keys.folder / "agent-a", desk.agreement) == "agent-a"
    with pytest.raises(SignatureError, match="lists no signer"):
        signer_of_key(desk.keys.folder / "stranger", desk.agreement)
