"""Making signatures with a passkey: what is refused, what is said, and what to do."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

import passkeys
from ecluse.domain.errors import EcluseError, MalformedError, SignatureError
from ecluse.seal import signing
from ecluse.seal.passkeys import (
    PasskeyAssertion,
    passkey_challenge,
    passkey_public_key,
    passkey_signature,
    relying_party,
)
from passkeys import NAMESPACE, ORIGIN, PRESENT, RP_ID, VERIFIED, SoftPasskey, client_data

KEY, STRANGER = SoftPasskey(), SoftPasskey(secret=4711)
MESSAGE = b'{"order":"BIO-2026-0042"}'
CHALLENGE = passkey_challenge(NAMESPACE, MESSAGE)
DATA = client_data(CHALLENGE)


def assertion(data: bytes = DATA, key: SoftPasskey = KEY, **given: Any) -> PasskeyAssertion:
    made = key.assertion(data, **given)
    return PasskeyAssertion(made.authenticator_data, made.client_data_json, made.signature)


def signature(made: PasskeyAssertion, *, key: str = KEY.line, message: bytes = MESSAGE, origin: str = ORIGIN) -> bytes:
    return passkey_signature(key, NAMESPACE, message, made, origin)


def test_it_is_the_signature_of_the_published_format(tmp_path: Path) -> None:
    made = signature(assertion())
    assert made == KEY.sign(MESSAGE)
    assert passkeys.stock_accepts(MESSAGE, made, KEY.line, tmp_path)


def test_the_challenge_is_what_sshsig_signs() -> None:
    assert passkeys.to_be_signed(MESSAGE) == CHALLENGE
    assert CHALLENGE.startswith(b"SSHSIG\0\0\0\x0cecluse.order")
    assert passkey_challenge("ecluse.agreement", MESSAGE) != CHALLENGE
    with pytest.raises(MalformedError, match="plain ASCII name"):
        passkey_challenge("ecluse.ordre\n", MESSAGE)


def test_the_public_key_is_openssh_s(tmp_path: Path) -> None:
    line = passkey_public_key(KEY.cose, RP_ID)
    assert line == KEY.line
    (tmp_path / "key.pub").write_text(line)
    shown = subprocess.run(["ssh-keygen", "-lf", str(tmp_path / "key.pub")], capture_output=True, text=True, check=True)
    assert signing.fingerprint(line) in shown.stdout
    assert "ECDSA-SK" in shown.stdout


def test_whose_passkey_a_key_is() -> None:
    assert relying_party(KEY.line) == RP_ID
    assert relying_party(f"{KEY.line} dr.martin") == RP_ID
    assert relying_party(SoftPasskey(rp_id="ssh:").line) is None
    assert relying_party("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICwSCy1LvYisro4Rz3Mp3wBXU/NGzast2znc+zKSsgXm") is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({3: -257}, "only ES256"),
        ({3: -8, 1: 1, -1: 6}, "only ES256"),
        ({-1: 2}, "only ES256"),
        ({1: None}, "only ES256"),
        ({-2: b"\0" * 31}, "two coordinates"),
        ({-3: "0" * 32}, "two coordinates"),
        ({-2: b"\x01" * 32}, "not a valid"),
        ({-2: b"\0" * 32, -3: b"\0" * 32}, "not a valid"),
    ],
)
def test_public_keys_of_another_kind(changes: dict[int, Any], says: str) -> None:
    with pytest.raises(MalformedError, match=says):
        passkey_public_key(KEY.cose | changes, RP_ID)


@pytest.mark.parametrize("rp_id", ["", "https://portal.example.org", "Portal.example.org", "127.0.0.1", "ssh:", "é.fr"])
def test_relying_parties_that_are_no_domain(rp_id: str) -> None:
    with pytest.raises(MalformedError, match="domain"):
        passkey_public_key(KEY.cose, rp_id)


def bad(**given: Any) -> Callable[[], bytes]:
    return lambda: signature(assertion(**given))


SAID = assertion().authenticator_data
OTHER_ORDER = passkey_challenge(NAMESPACE, MESSAGE + b" ")
FAULTS: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "other artefact": (lambda: signature(assertion(), message=b"{}"), "asked to sign other bytes", "sign again"),
    "assertion for another order": (bad(data=client_data(OTHER_ORDER)), "asked to sign other bytes", "very bytes"),
    "other namespace": (bad(data=client_data(passkey_challenge("ecluse.plan", MESSAGE))), "other bytes", "sign again"),
    "another passkey": (bad(key=STRANGER), "another passkey signed", "allowCredentials"),
    "other relying party": (bad(rp_id="evil.example"), "for another relying party than portal", "rpId"),
    "other origin": (bad(data=client_data(CHALLENGE, "https://a.portal.example.org")), "another origin", ""),
    "an origin elsewhere": (lambda: signature(assertion(), origin="https://evil.example"), "not an origin", "https"),
    "no https": (lambda: signature(assertion(), origin="http://portal.example.org"), "not an origin of", "https"),
    "a registration": (bad(data=client_data(CHALLENGE, kind="webauthn.create")), "not asked to sign", "credentials.get"),
    "a frame": (bad(data=client_data(CHALLENGE, rest=',"crossOrigin":true')), "frame of another site", "of its own"),
    "user present only": (bad(flags=PRESENT), "did not verify who used it", 'userVerification: "required"'),
    "user verified, not present": (bad(flags=VERIFIED), "nobody was there", ""),
    "decoded and written again": (bad(data=DATA.replace(b'","', b'", "')), "not what browsers write", "byte for byte"),
    "authenticator data cut short": (
        lambda: signature(replace(assertion(), authenticator_data=SAID[:36])), "cut short", ""),
    "authenticator data with more": (
        lambda: signature(replace(assertion(), authenticator_data=SAID + b"\0")), "flags contradict", ""),
    "counter changed": (
        lambda: signature(replace(assertion(), authenticator_data=SAID[:-1] + b"\1")), "another passkey signed", ""),
    "raw instead of DER": (
        lambda: signature(replace(assertion(), signature=b"".join(
            n.to_bytes(32, "big") for n in decode_dss_signature(assertion().signature)))), "not DER", ""),
    "DER with more behind": (
        lambda: signature(replace(assertion(), signature=assertion().signature + b"\0")), "not DER", ""),
    "DER with a long length": (
        lambda: signature(replace(assertion(), signature=_long_form(assertion().signature))), "not DER", ""),
    "no signature": (lambda: signature(replace(assertion(), signature=b"")), "not DER", ""),
}  # fmt: skip


def _long_form(der: bytes) -> bytes:
    return der[:1] + b"\x81" + der[1:]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_and_what_to_do(fault: str) -> None:
    make, says, hint = FAULTS[fault]
    with pytest.raises(SignatureError) as caught:
        make()
    assert says in caught.value.message
    assert hint in (caught.value.hint or "")


def test_keys_that_are_no_passkeys() -> None:
    for line in (SoftPasskey(rp_id="ssh:").line, "ssh-ed25519 AAAA", "nothing"):
        with pytest.raises(MalformedError):
            signature(assertion(), key=line)


def test_a_portal_without_openssh_makes_no_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given back has passed the very check that control and agents make."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SignatureError, match="ssh-keygen could not be run"):
        signature(assertion())


def test_high_and_low_s_both_verify() -> None:
    """As OpenSSH and WebAuthn have it: nothing tells which of the two an authenticator gives."""
    made = KEY.assertion(DATA)
    for one in (made, made.high_s):
        armoured = signature(PasskeyAssertion(one.authenticator_data, one.client_data_json, one.signature))
        signing.verify(MESSAGE, armoured, KEY.line, NAMESPACE)


def test_ssh_keygen_is_not_asked_to_sign_by_passkey(tmp_path: Path) -> None:
    (tmp_path / "dr.martin.pub").write_text(f"{KEY.line} dr.martin\n")
    (tmp_path / "dr.martin").write_text("a private half that no program reads\n")
    for name in ("dr.martin.pub", "dr.martin"):
        with pytest.raises(SignatureError, match="passkey") as caught:
            signing.sign(MESSAGE, tmp_path / name, NAMESPACE)
        assert "browser" in (caught.value.hint or "")


def test_allowed_signers_carry_passkeys(tmp_path: Path) -> None:
    line = signing.allowed_signers([("dr.martin", KEY.line)])
    assert line == f'dr.martin namespaces="ecluse.*" {KEY.line}\n'.encode()
    files = tmp_path / "signers", tmp_path / "signature"
    files[0].write_bytes(line)
    files[1].write_bytes(signature(assertion()))
    asked = ["ssh-keygen", "-Y", "verify", "-f", str(files[0]), "-I", "dr.martin", "-n", NAMESPACE, "-s", str(files[1])]
    assert subprocess.run(asked, input=MESSAGE, check=True, capture_output=True).stdout.startswith(b"Good")


def test_line_ends_of_a_mailer(make_key: Callable[..., Path]) -> None:
    """As for ed25519, so for the algorithms that ssh-keygen verifies."""
    key = make_key("ecdsa", "-b", "256")
    made = signing.sign(MESSAGE, key, NAMESPACE)
    signing.verify(MESSAGE, made.replace(b"\n", b"\r\n"), signing.public_key(key), NAMESPACE)


def test_a_key_of_an_edwards_curve_is_no_passkey() -> None:
    """OpenSSH has no WebAuthn form for it; a token's key of a domain would sign without its user's verification."""
    blob = (
        passkeys.string(b"sk-ssh-ed25519@openssh.com") + passkeys.string(b"\x01" * 32) + passkeys.string(b"a.example")
    )
    line = f"sk-ssh-ed25519@openssh.com {passkeys.base64.b64encode(blob).decode()}"
    with pytest.raises(EcluseError):
        relying_party(line)
