"""Each refusal of each policy, one at a time, from a case that is allowed."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from artefact_samples import ACCEPTANCE, AGREEMENT, ORDER, RECONCILIATION, key_line
from ecluse.domain.agreement import Agreement, Hosting, HostingTerms, Signer, SignerRole
from ecluse.domain.errors import AgreementError, OrderError, RefusedError, SignatureError, UsageError
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.policies import (
    check_acceptance,
    check_agent,
    check_agreement_signed,
    check_order_allowed,
    check_order_signed,
    check_same_order,
    check_trained,
)
from ecluse.domain.records import Acceptance, Decision, DifferenceKind, Reconciliation
from ecluse.wire.artefacts import digest_of, validate

DAY = dt.date(2026, 3, 1)
AGREED = validate(Agreement, AGREEMENT)
ADDRESS = digest_of(AGREED)
ORDERED: Order = replace(validate(Order, ORDER), agreement=replace(validate(Order, ORDER).agreement, digest=ADDRESS))
ACCOUNT = validate(Reconciliation, RECONCILIATION)
DECIDED = replace(validate(Acceptance, ACCEPTANCE), order=ACCOUNT.order)


def test_an_agreement_needs_both_parties() -> None:
    check_agreement_signed(AGREED, {"dr.martin", "m.gerant"})
    check_agreement_signed(AGREED, {"dr.martin", "m.gerant", "agent.a"})


@pytest.mark.parametrize(
    ("signed_by", "side", "who"),
    [
        (set(), "controller", "dr.martin"),
        ({"m.gerant"}, "controller", "dr.martin"),
        ({"a.second", "m.gerant"}, "controller", "dr.martin"),
        ({"dr.martin"}, "processor", "m.gerant"),
        ({"dr.martin", "agent.a"}, "processor", "m.gerant"),
        ({"dr.martin", "stranger"}, "processor", "m.gerant"),
    ],
)
def test_an_agreement_that_does_not_bind(signed_by: set[str], side: str, who: str) -> None:
    with pytest.raises(AgreementError, match=f"not signed by the {side}") as caught:
        check_agreement_signed(AGREED, signed_by)
    assert who in (caught.value.hint or "")


def test_an_agreement_that_nobody_could_sign() -> None:
    nobody = replace(AGREED.controller, signers=AGREED.controller.signers[1:])
    with pytest.raises(AgreementError) as caught:
        check_agreement_signed(replace(AGREED, controller=nobody), {"a.second", "m.gerant"})
    assert "lists no director" in (caught.value.hint or "")


def test_a_certificate_covers_every_day_that_data_may_lie_there() -> None:
    """The day of admission is not enough: data may rest with the host until the erase-by date."""
    last = ORDERED.retention.erase_by

    def hosted(expires: dt.date, where: Hosting = Hosting.CERTIFIED_HOST) -> None:
        agreed = replace(AGREED, hosting=HostingTerms(where, "HDS-1", expires))
        order = replace(ORDERED, agreement=replace(ORDERED.agreement, digest=digest_of(agreed)))
        check_order_allowed(order, agreed, digest_of(agreed), DAY)

    hosted(last)
    hosted(last - dt.timedelta(days=1), Hosting.CONTROLLER_PREMISES)
    with pytest.raises(OrderError) as caught:
        hosted(last - dt.timedelta(days=1))
    assert "retention.erase_by (2026-12-31) is after hosting.expires (2026-12-30)" in caught.value.message
    assert "renewed certificate" in (caught.value.hint or "")


def test_an_order_on_its_agreement() -> None:
    check_order_allowed(ORDERED, AGREED, ADDRESS, DAY)


@pytest.mark.parametrize(
    ("order", "agreement", "day", "error", "said"),
    [
        (ORDERED, AGREED, dt.date(2025, 12, 31), AgreementError, "in force from"),
        (ORDERED, AGREED, dt.date(2027, 1, 1), AgreementError, "in force from"),
        (replace(ORDERED, agreement=replace(ORDERED.agreement, id="DPA-1")), AGREED, DAY, OrderError, "another agreement"),
        (replace(ORDERED, agreement=replace(ORDERED.agreement, digest=digest_of(ORDERED))), AGREED, DAY, OrderError,
         "another agreement"),
        (replace(ORDERED, controller=replace(ORDERED.controller, name="Laboratoire Autre")), AGREED, DAY, OrderError,
         "R15"),
        (replace(ORDERED, controller=replace(ORDERED.controller, signatory="a.second")), AGREED, DAY, OrderError,
         "not a director"),
        (replace(ORDERED, controller=replace(ORDERED.controller, signatory="m.gerant")), AGREED, DAY, OrderError,
         "not a director"),
        (replace(ORDERED, controller=replace(ORDERED.controller, signatory="nobody")), AGREED, DAY, OrderError,
         "not a director"),
        (replace(ORDERED, retention=replace(ORDERED.retention, erase_by=dt.date(2026, 2, 28))), AGREED, DAY, OrderError,
         "has passed"),
        (replace(ORDERED, retention=replace(ORDERED.retention, erase_by=dt.date(2027, 1, 1))), AGREED, DAY, OrderError,
         "after the agreement's end"),
    ],
)  # fmt: skip
def test_an_order_that_may_not_stand(
    order: Order, agreement: Agreement, day: dt.date, error: type[RefusedError], said: str
) -> None:
    with pytest.raises(error, match=said):
        check_order_allowed(order, agreement, ADDRESS, day)


def test_an_order_may_be_erased_on_the_last_days() -> None:
    for day in (DAY, dt.date(2026, 12, 31)):
        kept = replace(ORDERED, retention=replace(ORDERED.retention, erase_by=day))
        check_order_allowed(kept, AGREED, ADDRESS, DAY)


def test_who_must_sign_an_order() -> None:
    check_order_signed(ORDERED, AGREED, {"dr.martin", "a.second"})
    check_order_signed(ORDERED, replace(AGREED, second_approver=False), {"dr.martin"})


@pytest.mark.parametrize(
    ("signed_by", "said"),
    [
        (set(), "not signed by dr.martin"),
        ({"a.second"}, "not signed by dr.martin"),
        ({"dr.martin"}, "second approval"),
        ({"dr.martin", "m.gerant"}, "second approval"),
    ],
)
def test_an_order_not_signed_enough(signed_by: set[str], said: str) -> None:
    with pytest.raises(SignatureError, match=said):
        check_order_signed(ORDERED, AGREED, signed_by)


def test_another_director_is_not_the_signatory() -> None:
    other = Signer("dr.other", "Dr Other", SignerRole.DIRECTOR, key_line("other"))
    two = replace(AGREED, controller=replace(AGREED.controller, signers=(*AGREED.controller.signers, other)))
    with pytest.raises(SignatureError, match="not signed by dr.martin"):
        check_order_signed(ORDERED, two, {"dr.other", "a.second"})


def test_a_decision_that_counts() -> None:
    check_acceptance(DECIDED, ACCOUNT, AGREED)
    clean = replace(ACCOUNT, differences=())
    check_acceptance(replace(DECIDED, decision=Decision.ACCEPTED, differences=0), clean, AGREED)
    check_acceptance(replace(DECIDED, decision=Decision.REFUSED), ACCOUNT, AGREED)
    aside = replace(ACCOUNT, differences=tuple(d for d in ACCOUNT.differences if d.kind is DifferenceKind.QUARANTINED))
    check_acceptance(replace(DECIDED, decision=Decision.ACCEPTED, differences=1), aside, AGREED)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"signatory": "a.second"}, "not a director"),
        ({"signatory": "m.gerant"}, "not a director"),
        ({"signatory": "nobody"}, "not a director"),
        ({"differences": 0}, "not the number"),
        ({"differences": 3}, "not the number"),
        ({"order": ADDRESS}, "another order"),
        ({"decision": Decision.ACCEPTED}, "not clean"),
    ],
)
def test_a_decision_that_does_not(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(OrderError, match=said):
        check_acceptance(replace(DECIDED, **fields), ACCOUNT, AGREED)


@pytest.mark.parametrize("stage", ["planned", "extracted", "quarantined", "sealed", "opened", "loaded", "read_back"])
def test_a_flow_is_clean_at_every_stage_or_not_at_all(stage: str) -> None:
    flow = ACCOUNT.flows[0]
    assert flow.clean()
    assert not replace(flow, **{stage: getattr(flow, stage) + 1}).clean()
    account = replace(ACCOUNT, differences=(), flows=(replace(flow, **{stage: getattr(flow, stage) + 1}),))
    with pytest.raises(OrderError, match="not clean"):
        check_acceptance(replace(DECIDED, decision=Decision.ACCEPTED, differences=0), account, AGREED)


@pytest.mark.parametrize("name", ["sealed_digest", "opened_digest", "read_back_digest"])
def test_a_changed_value_is_not_clean(name: str) -> None:
    assert not replace(ACCOUNT.flows[0], **{name: "0" * 32}).clean()


def test_agents() -> None:
    assert check_agent(AGREED, "agent.a", SignerRole.SOURCE_AGENT) == key_line("agent_a")
    for who, role in (
        ("agent.a", SignerRole.DESTINATION_AGENT),
        ("agent.b", SignerRole.SOURCE_AGENT),
        ("dr.martin", SignerRole.SOURCE_AGENT),
        ("stranger", SignerRole.SOURCE_AGENT),
    ):
        with pytest.raises(SignatureError, match=f"no {role} called {who}"):
            check_agent(AGREED, who, role)


@pytest.mark.parametrize(
    ("number", "version", "state", "error", "said"),
    [
        ("BIO-2026-0043", 3, State.PLANNED, SignatureError, "another order"),
        (None, 1, State.PLANNED, OrderError, "stands at version 2 here, and this is another text of version 1"),
        (None, 2, State.ERASED, OrderError, "another text of version 2"),
        (None, 3, State.PLANNED, OrderError, "version 3 .* supersedes version 2, which is planned here"),
        (None, 3, State.REFUSED, OrderError, "which is refused here"),
        (None, 4, State.ERASED, OrderError, "version 2 .* was carried to its end here"),
    ],
)
def test_a_place_works_on_one_version_of_one_order(
    number: str | None, version: int, state: State, error: type[RefusedError], said: str
) -> None:
    known = replace(ORDERED, version=2)
    brought = replace(ORDERED, order=number or ORDERED.order, version=version, source=replace(ORDERED.source, site="X"))
    with pytest.raises(error, match=said):
        check_same_order(brought, known, state)
    check_same_order(known, known, state)


@pytest.mark.parametrize(("until", "held"), [(None, False), (-1, False), (0, True), (1, True)])
def test_training_holds_through_its_last_day(until: int | None, *, held: bool) -> None:
    """R20: no record is no training."""
    today = dt.date(2026, 11, 22)
    last = None if until is None else today + dt.timedelta(days=until)
    if held:
        check_trained(last, today)
    else:
        with pytest.raises(UsageError, match="answer for it"):
            check_trained(last, today)
