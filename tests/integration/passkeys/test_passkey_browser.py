"""A real browser signs an order: registration, assertion, SSHSIG, and three verifiers that say the same."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from browser import browser_page, virtual_authenticator
from ecluse.domain.errors import SignatureError
from ecluse.seal import signing
from ecluse.seal.passkeys import PasskeyAssertion, passkey_challenge, passkey_public_key, passkey_signature
from ecluse.verify import _sshsig
from passkeys import NAMESPACE, stock_accepts

ORDER = Path(__file__).parents[2] / "vectors" / "artefacts" / "order" / "good-full.json"
PAGE = b"""<!doctype html><html lang="fr"><title>passkey</title><body>
<script>
const text = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
async function register(rpId) {
  const made = await navigator.credentials.create({publicKey: {
    challenge: crypto.getRandomValues(new Uint8Array(32)), rp: {id: rpId, name: "Ecluse"},
    user: {id: new Uint8Array([1]), name: "dr.martin", displayName: "Dr Martin"},
    pubKeyCredParams: [{type: "public-key", alg: -7}],
    authenticatorSelection: {residentKey: "required", userVerification: "preferred"}}});
  return {id: text(made.rawId), key: text(made.response.getPublicKey()), alg: made.response.getPublicKeyAlgorithm(),
          data: text(made.response.clientDataJSON), said: text(made.response.getAuthenticatorData())};
}
async function sign(rpId, id, challenge, verification) {
  const made = await navigator.credentials.get({publicKey: {
    challenge: bytes(challenge), rpId, userVerification: verification,
    allowCredentials: [{type: "public-key", id: bytes(id)}]}});
  const given = made.response;
  return {said: text(given.authenticatorData), data: text(given.clientDataJSON), signature: text(given.signature)};
}
</script>"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@pytest.fixture
def origin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}"
        server.shutdown()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


def _cose(der: bytes) -> dict[int, Any]:
    public = load_der_public_key(der)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    numbers = public.public_numbers()
    return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}


def _assertion(given: dict[str, str]) -> PasskeyAssertion:
    return PasskeyAssertion(_bytes(given["said"]), _bytes(given["data"]), _bytes(given["signature"]))


def test_chromium_signs_an_order(origin: str, tmp_path: Path) -> None:
    order, other = ORDER.read_bytes(), ORDER.read_bytes().replace(b"2018", b"2008")
    challenge = base64.b64encode(passkey_challenge(NAMESPACE, order)).decode()
    with browser_page() as page, virtual_authenticator(page):
        page.goto(origin)
        made = page.evaluate("register('localhost')")
        given = page.evaluate("([id, c]) => sign('localhost', id, c, 'required')", [made["id"], challenge])
        registration = _bytes(made["data"])
    assert made["alg"] == -7
    assert json.loads(registration)["type"] == "webauthn.create"
    line = passkey_public_key(_cose(_bytes(made["key"])), "localhost")
    assertion = _assertion(given)
    signature = passkey_signature(line, NAMESPACE, order, assertion, origin)
    signing.verify(order, signature, line, NAMESPACE)
    _sshsig.verify(order, signature, _sshsig.key_of(line), NAMESPACE)
    assert stock_accepts(order, signature, line, tmp_path)
    assert not stock_accepts(other, signature, line, tmp_path)
    with pytest.raises(SignatureError, match="asked to sign other bytes"):
        passkey_signature(line, NAMESPACE, other, assertion, origin)
    with pytest.raises(SignatureError, match="not an origin"):
        passkey_signature(line, NAMESPACE, order, assertion, origin.replace("localhost", "127.0.0.1"))
    with pytest.raises(SignatureError, match="not asked to sign"):
        wrong = PasskeyAssertion(assertion.authenticator_data, registration, assertion.signature)
        passkey_signature(line, NAMESPACE, order, wrong, origin)


def test_chromium_without_pin_or_finger_cannot_approve(origin: str) -> None:
    order = ORDER.read_bytes()
    challenge = base64.b64encode(passkey_challenge(NAMESPACE, order)).decode()
    with browser_page() as page, virtual_authenticator(page, verified=False):
        page.goto(origin)
        made = page.evaluate("register('localhost')")
        given = page.evaluate("([id, c]) => sign('localhost', id, c, 'discouraged')", [made["id"], challenge])
    line = passkey_public_key(_cose(_bytes(made["key"])), "localhost")
    with pytest.raises(SignatureError, match="did not verify who used it"):
        passkey_signature(line, NAMESPACE, order, _assertion(given), origin)
