"""A director who signs in the browser, seen from the command line."""

from pathlib import Path

import pytest

from artefact_samples import RECIPIENT
from ecluse.cli._order_files import read_order
from ecluse.control.papers import keep_canonical, keep_signature
from ecluse.seal import signing
from functional.cli.world import Desk, agreement_fields, order_fields
from passkeys import PRESENT, RP_ID, SoftPasskey

KEY = SoftPasskey()


@pytest.fixture
def order(desk: Desk) -> Path:
    """An agreement that knows the director's passkey, signed by both; an order in its canonical form, not signed."""
    (desk.root / "dr.martin.pub").write_text(f"{KEY.line} dr.martin\n")
    desk.run("agreement new agreement.yaml")
    desk.fill("agreement.yaml", agreement_fields(desk) | {"controller.signers.0.key": KEY.line})
    desk.run("agreement sign agreement.yaml --key management.key")
    agreement = desk.root / "agreement.json"
    keep_signature(agreement, "dr.martin", KEY.sign(agreement.read_bytes(), namespace="ecluse.agreement"))
    desk.run("order new order.yaml")
    draft = desk.fill("order.yaml", order_fields(RECIPIENT))
    return keep_canonical(read_order(draft, agreement).order, draft)


def test_an_order_signed_by_passkey(desk: Desk, order: Path) -> None:
    keep_signature(order, "dr.martin", KEY.sign(order.read_bytes()))
    for lang, words in (
        ("en", ["signed", "with a passkey", "(user verified)"]),
        ("fr", ["signé par", "clé d'accès", "(utilisateur", "vérifié)"]),
    ):
        lines = desk.run(f"order show order.json --agreement agreement.json --lang {lang}").out.splitlines()
        at = next(number for number, line in enumerate(lines) if signing.fingerprint(KEY.line) in line)
        column = lines[at].index(words[0])
        assert [line[column:].split("SHA256")[0].strip() for line in lines[at : at + len(words)]] == words
    told = {
        one["id"]: one for one in desk.run("order show order.json --agreement agreement.json --json").json()["signers"]
    }
    assert (told["dr.martin"]["signature"], told["dr.martin"]["passkey"]) == ("signed", RP_ID)
    assert (told["p.legoff"]["signature"], told["p.legoff"]["passkey"]) == (None, None)
    known = desk.run("agreement show agreement.json --json").json()["signers"]
    assert {one["id"]: one["signature"] for one in known}["dr.martin"] == "signed"


def test_user_present_only_is_a_wrong_signature(desk: Desk, order: Path) -> None:
    keep_signature(order, "dr.martin", KEY.sign(order.read_bytes(), flags=PRESENT))
    shown = desk.run("order show order.json --agreement agreement.json --lang en").out
    assert "WRONG SIGNATURE" in shown
    assert "passkey" not in shown


@pytest.mark.parametrize(("lang", "says"), [("en", "in the browser alone"), ("fr", "que dans le navigateur")])
@pytest.mark.usefixtures("order")
def test_order_sign_sends_to_the_browser(desk: Desk, lang: str, says: str) -> None:
    line = f"order sign order.yaml --agreement agreement.json --key dr.martin.pub --lang {lang}"
    refused = desk.run(line, code=14)
    assert says in " ".join(refused.err.split())
    assert not (desk.root / "order.json.dr.martin.sig").exists()


@pytest.mark.usefixtures("order")
def test_key_show(desk: Desk) -> None:
    told = desk.run("key show dr.martin.pub --json").json()
    assert (told["public"].split()[:2], told["passkey"]) == (KEY.line.split(), RP_ID)
    assert f"a passkey of {RP_ID}" in desk.run("key show dr.martin.pub").out
    assert "passkey" not in desk.run("key show management.key").out


def test_an_agent_has_no_passkey(desk: Desk) -> None:
    desk.run("agreement new agreement.yaml")
    desk.fill("agreement.yaml", agreement_fields(desk) | {"processor.signers.1.key": KEY.line})
    refused = desk.run("agreement check agreement.yaml", code=None)
    assert refused.code != 0
    assert "a passkey needs a person at a browser" in " ".join(refused.err.split())
