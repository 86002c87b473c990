"""What the control room does with a browser's answer."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ecluse.control.signatures import challenge_of, signed_by_passkey, verified_signers
from ecluse.domain.agreement import Agreement
from ecluse.domain.errors import SignatureError
from ecluse.seal.passkeys import PasskeyAssertion
from ecluse.wire.artefacts import encode
from passkeys import ORIGIN, PRESENT, SoftPasskey, client_data, stock_accepts
from synthetic_evidence import Keys, make_agreement

KEY, OTHER = SoftPasskey(secret=31), SoftPasskey(secret=32)


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    """Director and approver by passkey; the processor's people by key files."""
    made = make_agreement(Keys(tmp_path_factory.mktemp("keys")))
    director, second = made.controller.signers
    signers = (replace(director, key=KEY.line), replace(second, key=OTHER.line))
    return replace(made, controller=replace(made.controller, signers=signers))


def answer(challenge: bytes, key: SoftPasskey = KEY, **given: int) -> PasskeyAssertion:
    made = key.assertion(client_data(challenge), **given)
    return PasskeyAssertion(made.authenticator_data, made.client_data_json, made.signature)


def test_an_answer_is_a_signature(agreement: Agreement, tmp_path: Path) -> None:
    made = signed_by_passkey(agreement, "dr.martin", answer(challenge_of(agreement)), ORIGIN, agreement)
    assert verified_signers(agreement, {"dr.martin": made}, agreement) == {"dr.martin"}
    assert stock_accepts(encode(agreement), made, KEY.line, tmp_path, "ecluse.agreement")
    with pytest.raises(SignatureError, match="other key"):
        verified_signers(agreement, {"a.second": made}, agreement)


Make = Callable[[Agreement], PasskeyAssertion]


@pytest.mark.parametrize(
    ("signer", "make", "says"),
    [
        ("nobody", lambda it: answer(challenge_of(it)), "no signer of this id"),
        ("m.gerant", lambda it: answer(challenge_of(it)), "another key than a passkey"),
        ("a.second", lambda it: answer(challenge_of(it)), "another passkey signed"),
        ("dr.martin", lambda it: answer(challenge_of(it), OTHER), "another passkey signed"),
        ("dr.martin", lambda it: answer(challenge_of(it), flags=PRESENT), "did not verify who"),
        ("dr.martin", lambda it: answer(challenge_of(replace(it, agreement="other"))), "asked to sign other bytes"),
        ("dr.martin", lambda it: answer(b"a log-in's challenge, of thirty-two"), "asked to sign other bytes"),
    ],
)
def test_answers_that_sign_nothing(agreement: Agreement, signer: str, make: Make, says: str) -> None:
    with pytest.raises(SignatureError, match=says):
        signed_by_passkey(agreement, signer, make(agreement), ORIGIN, agreement)
