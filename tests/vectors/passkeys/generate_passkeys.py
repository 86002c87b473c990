"""Write passkeys.json again: ``python tests/vectors/passkeys/generate_passkeys.py``.

Signatures by an authenticator in software (``tests/passkeys.py``), from the published formats and deterministic. Each
bad one differs from a good one by the fault that its name tells. ``stock`` is what ``ssh-keygen -Y verify`` answers:
where it says true and ``ours`` is no success, Écluse is the stricter (docs/decisions/0008-passkey-signatures.md). The
keys are published, and made for this.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: E402

from passkeys import (  # noqa: E402
    ATTESTED,
    BACKED_UP,
    ELIGIBLE,
    EXTENDED,
    KEY_TYPE,
    NAMESPACE,
    ORDER_OF_P256,
    ORIGIN,
    PRESENT,
    VERIFIED,
    Assertion,
    SoftPasskey,
    armour,
    base64url,
    client_data,
    dearmour,
    inner_signature,
    mpint,
    sshsig,
    string,
    to_be_signed,
)

MESSAGE = b'{"order":"BIO-2026-0042"}'
OTHER = b'{"order":"BIO-2026-0043"}'


@dataclass(frozen=True)
class OddPasskey(SoftPasskey):
    """The same key, its line written otherwise."""

    curve: bytes = b"nistp256"
    form: PublicFormat = PublicFormat.UncompressedPoint
    tail: bytes = b""

    @property
    def blob(self) -> bytes:
        point = self.private.public_key().public_bytes(Encoding.X962, self.form)
        return b"".join(map(string, (KEY_TYPE, self.curve, point, self.rp_id.encode()))) + self.tail


KEY, STRANGER = SoftPasskey(), SoftPasskey(secret=20261123)
LOCAL = SoftPasskey(rp_id="localhost")
BOTH = PRESENT | VERIFIED
EXTENSIONS = b"\xa1\x63abc\xf5"  # CBOR: {"abc": true}
HINT = ',"other_keys_can_be_added_here":"do not compare clientDataJSON against a template"'
Vector = dict[str, Any]


class Vectors:
    """The list, as it is made."""

    def __init__(self) -> None:
        self.made: list[Vector] = []

    def good(self, name: str, signature: bytes, key: SoftPasskey = KEY, **given: str) -> None:
        self._add(name, signature, key, stock=True, ours="success", **given)

    def bad(
        self, name: str, signature: bytes, says: str, key: SoftPasskey = KEY, error: str = "SignatureError"
    ) -> None:
        """Refused by everybody."""
        self._add(name, signature, key, stock=False, ours={"error": error, "says": says})

    def lax(
        self, name: str, signature: bytes, says: str, key: SoftPasskey = KEY, error: str = "SignatureError"
    ) -> None:
        """Refused by us alone."""
        self._add(name, signature, key, stock=True, ours={"error": error, "says": says})

    def lenient(self, name: str, signature: bytes) -> None:
        """Refused by stock alone: what a mailer does to line ends."""
        self._add(name, signature, KEY, stock=False, ours="success")

    def _add(self, name: str, signature: bytes, key: SoftPasskey, **given: Any) -> None:
        row = {"name": name, "key": key.line, "namespace": NAMESPACE, "message": MESSAGE.decode()}
        self.made.append(row | {"signature": signature.decode("ascii")} | given)


def asserted(data: bytes, key: SoftPasskey = KEY, **given: Any) -> bytes:
    return sshsig(key, key.assertion(data, **given))


def accepted(vectors: Vectors) -> None:
    sign, good = KEY.sign, vectors.good
    made = KEY.assertion(client_data(to_be_signed(MESSAGE)))
    low = made if decode_dss_signature(made.signature)[1] <= ORDER_OF_P256 // 2 else made.high_s
    good("as a browser signs", sign(MESSAGE))
    good("hash sha256", sign(MESSAGE, hash_name="sha256"))
    good("page of a sub-domain", sign(MESSAGE, origin="https://orders.portal.example.org"))
    good("page of another port", sign(MESSAGE, origin="https://portal.example.org:8443"))
    good("no crossOrigin", sign(MESSAGE, rest=""))
    good("another member", sign(MESSAGE, rest=',"crossOrigin":false' + HINT))
    good("another member before crossOrigin", sign(MESSAGE, rest=',"note":"x","crossOrigin":false'))
    good("a member in other letters", sign(MESSAGE, rest=',"crossOrigin":false,"note":"Écluse \u2028 ☂"'))
    good("a passkey that is backed up", sign(MESSAGE, flags=BOTH | ELIGIBLE | BACKED_UP))
    good("a used counter", sign(MESSAGE, counter=0xFFFFFFFF))
    good("extensions", sign(MESSAGE, flags=BOTH | EXTENDED, extensions=EXTENSIONS))
    good("low S", sshsig(KEY, low))
    good("high S", sshsig(KEY, low.high_s))
    vectors.lenient("carriage returns", sign(MESSAGE).replace(b"\n", b"\r\n"))
    good("localhost", LOCAL.sign(MESSAGE, origin="http://localhost"), LOCAL)
    good("localhost, another port", LOCAL.sign(MESSAGE, origin="http://localhost:8000"), LOCAL)
    good("localhost by https", LOCAL.sign(MESSAGE, origin="https://localhost"), LOCAL)


def refused_by_all(vectors: Vectors) -> None:
    sign, bad = KEY.sign, vectors.bad
    made = KEY.assertion(client_data(to_be_signed(MESSAGE)))
    bad("other artefact", sign(OTHER), "asked to sign other bytes")
    bad("assertion for another order played again", asserted(client_data(to_be_signed(OTHER))), "asked to sign other")
    bad("other namespace", sign(MESSAGE, namespace="ecluse.agreement"), "wrong namespace")
    bad("signed in another namespace", asserted(client_data(to_be_signed(MESSAGE, "ecluse.acceptance"))), "other bytes")
    bad("signed with another hash", asserted(client_data(to_be_signed(MESSAGE, hash_name="sha256"))), "other bytes")
    bad("other key", STRANGER.sign(MESSAGE), "other key")
    bad("other key's assertion under the right key", sshsig(KEY, STRANGER.assertion(client_data(to_be_signed(MESSAGE)))),
        "this key did not sign")  # fmt: skip
    bad("other relying party", sign(MESSAGE, rp_id="evil.example"), "this key did not sign")
    bad("same key at another relying party", replace(KEY, rp_id="evil.example").sign(MESSAGE), "other key")
    bad("a registration", sign(MESSAGE, kind="webauthn.create"), "not asked to sign")
    bad("a payment", sign(MESSAGE, kind="payment.get"), "not asked to sign")
    bad("attested credential data", sign(MESSAGE, flags=BOTH | ATTESTED), "flags contradict")
    bad("extensions flag without extensions", sign(MESSAGE, flags=BOTH | EXTENDED), "flags contradict")
    bad("extensions without their flag", sign(MESSAGE, extensions=EXTENSIONS), "flags contradict")
    bad("extensions taken out", sshsig(KEY, _without_extensions()), "this key did not sign")
    bad("user verified filled in", sshsig(KEY, _reflagged(PRESENT, BOTH)), "this key did not sign")
    bad("counter changed", sshsig(KEY, _recounted()), "this key did not sign")
    bad("bytes behind the inner signature", sshsig(KEY, made, inner=inner_signature(made, tail=b"\0")), "not filled")
    bad("bytes behind the blob", armour(dearmour(sign(MESSAGE)) + b"\0"), "malformed signature: its fields")
    bad("blob cut short", armour(dearmour(sign(MESSAGE))[:-1]), "malformed signature")
    bad("inner signature cut short", sshsig(KEY, made, inner=inner_signature(made)[:-4]), "cut short")
    bad("numbers with bytes behind", _paired(made, lambda r, s: mpint(r) + mpint(s) + b"\0"), "not filled")
    bad("S of zero", _paired(made, lambda r, _s: mpint(r) + string(b"")), "not filled")
    bad("S plus the order", _paired(made, lambda r, s: mpint(r) + mpint(s + ORDER_OF_P256)), "this key did not sign")
    bad("another origin than was signed", sshsig(KEY, made, origin="https://orders.portal.example.org"),
        "another origin than the signature names")  # fmt: skip
    bad("an origin with more behind a quote", sign(MESSAGE, origin='https://portal.example.org","a":"b'), "elsewhere")
    bad("members in another order", asserted(_reordered()), "not what browsers write")
    bad("blanks between members", asserted(_spaced()), "not what browsers write")
    bad("challenge padded", asserted(client_data(to_be_signed(MESSAGE)).replace(b'","origin', b'=","origin')), "other")
    bad("challenge in the other alphabet", asserted(_other_alphabet()), "asked to sign other bytes")
    for name, odd in {
        "a key of another curve's name": OddPasskey(curve=b"nistp384"),
        "a key with its point compressed": OddPasskey(form=PublicFormat.CompressedPoint),
        "a key with bytes behind": OddPasskey(tail=b"\0"),
    }.items():
        bad(name, odd.sign(MESSAGE), "not a valid sk-ecdsa", odd, "MalformedError")
    bad("client data empty", asserted(b""), "not what browsers write")
    bad("byte order mark", asserted(b"\xef\xbb\xbf" + client_data(to_be_signed(MESSAGE))), "not what browsers write")


def refused_by_us_alone(vectors: Vectors) -> None:
    sign, lax = KEY.sign, vectors.lax
    made = KEY.assertion(client_data(to_be_signed(MESSAGE)))
    lax("user not verified", sign(MESSAGE, flags=PRESENT), "did not verify who used it")
    lax("user not present", sign(MESSAGE, flags=VERIFIED), "nobody was there")
    lax("backed up, not eligible", sign(MESSAGE, flags=BOTH | BACKED_UP), "flags contradict")
    for origin in (
        "https://evil.example", "https://example.org", "https://evilportal.example.org", "http://portal.example.org",
        "https://portal.example.org.evil.example", "https://portal.example.org:443", "https://portal.example.org:0",
        "https://portal.example.org:65536", "https://Portal.example.org", "https://portal.example.org/",
        "https://portal.example.org.", "https://a@portal.example.org", "https://.portal.example.org",
        f"https://{'a.' * 120}portal.example.org", "android:apk-key-hash:AAAA", "null", "", "http://localhost", "https://portal.example.org\\u0000",
    ):  # fmt: skip
        lax(f"page of {origin[:60] or 'nowhere'}", sign(MESSAGE, origin=origin), "signed elsewhere")
    lax(
        "below a single label",
        SoftPasskey(rp_id="org").sign(MESSAGE, origin=ORIGIN),
        "elsewhere",
        SoftPasskey(rp_id="org"),
    )
    lax("localhost, port 80", LOCAL.sign(MESSAGE, origin="http://localhost:80"), "signed elsewhere", LOCAL)
    lax("below localhost by http", LOCAL.sign(MESSAGE, origin="http://a.localhost"), "signed elsewhere", LOCAL)
    lax("in a frame of another site", sign(MESSAGE, rest=',"crossOrigin":true'), "frame of another site")
    lax("in a frame, named", sign(MESSAGE, rest=',"crossOrigin":true,"topOrigin":"https://evil.example"'), "frame")
    lax("in a frame, denied", sign(MESSAGE, rest=',"crossOrigin":false,"topOrigin":"https://evil.example"'), "frame")
    lax("crossOrigin in words", sign(MESSAGE, rest=',"crossOrigin":"false"'), "frame of another site")
    for name, rest in {
        "crossOrigin twice": ',"crossOrigin":true,"crossOrigin":false',
        "type twice": ',"type":"webauthn.create"',
        "challenge twice": f',"challenge":"{base64url(to_be_signed(OTHER))}"',
        "crossOrigin escaped": ',"cross\\u004frigin":true',
        "a member escaped": ',"note":"\\n"',
        "a nested member": ',"tokenBinding":{"status":"supported"}',
        "a list": ',"note":[]',
        "a number": ',"note":1',
        "a fraction": ',"note":1.5',
        "no number": ',"note":NaN',
        "a member without a name": ',"":"x"',
        "a name with a blank": ',"a b":"x"',
        "a comma at the end": ",",
        "a blank before the end": " ",
        "a line end within": ',"note":"\n"',
        "text instead of members": "; garbage",
        "bytes behind the client data": "}\n",
        "a second object": "}{",
        "a very long member": f',"note":"{"x" * 4096}"',
    }.items():
        lax(name, sign(MESSAGE, rest=rest), "not what browsers write")
    data = client_data(to_be_signed(MESSAGE))
    lax("client data without an end", asserted(data[:-1]), "not what browsers write")
    lax("client data not UTF-8", asserted(data[:-1] + b',"note":"\xff"}'), "not what browsers write")
    lax("R with a zero in front", _paired(made, _zeroes), "not filled")
    lax("in a token's form, user present", _as_token(), "its algorithm is not one of")
    for name in ("Portal.example.org", "https://portal.example.org", "127.0.0.1", "portal.0x7f", "", "a..b", "-a.org",
                 "a" * 64 + ".org", "portal.example.org.", "a." * 126 + "org"):  # fmt: skip
        odd = SoftPasskey(rp_id=name)
        lax(f"registered at {name[:60] or 'nothing'}", odd.sign(MESSAGE, origin=f"https://{name}"), "nor a domain", odd,
            "MalformedError")  # fmt: skip


def _paired(made: Assertion, write: Callable[[int, int], bytes]) -> bytes:
    return sshsig(KEY, made, inner=inner_signature(made, pair=write(*decode_dss_signature(made.signature))))


def _zeroes(r: int, s: int) -> bytes:
    return string(b"\0\0" + r.to_bytes(32, "big")) + mpint(s)


def _reflagged(signed: int, shown: int) -> Assertion:
    made = KEY.assertion(client_data(to_be_signed(MESSAGE)), flags=signed)
    said = made.authenticator_data
    return replace(made, authenticator_data=said[:32] + bytes([shown]) + said[33:])


def _recounted() -> Assertion:
    made = KEY.assertion(client_data(to_be_signed(MESSAGE)))
    return replace(made, authenticator_data=made.authenticator_data[:36] + b"\x09")


def _without_extensions() -> Assertion:
    made = KEY.assertion(client_data(to_be_signed(MESSAGE)), flags=BOTH | EXTENDED, extensions=EXTENSIONS)
    said = made.authenticator_data
    return replace(made, authenticator_data=said[:32] + bytes([BOTH]) + said[33:37])


def _reordered() -> bytes:
    challenge = base64url(to_be_signed(MESSAGE))
    return f'{{"challenge":"{challenge}","type":"webauthn.get","origin":"{ORIGIN}","crossOrigin":false}}'.encode()


def _spaced() -> bytes:
    challenge = base64url(to_be_signed(MESSAGE))
    return f'{{"type": "webauthn.get", "challenge": "{challenge}", "origin": "{ORIGIN}"}}'.encode()


def _other_alphabet() -> bytes:
    """Base64 with + and /: the challenge of MESSAGE has both."""
    challenge = base64url(to_be_signed(MESSAGE))
    other = challenge.replace("-", "+").replace("_", "/")
    assert other != challenge
    return client_data(to_be_signed(MESSAGE)).replace(challenge.encode(), other.encode())


def _as_token() -> bytes:
    """What a program that speaks to the authenticator without a browser gets by a touch alone."""
    made = KEY.assertion_over(to_be_signed(MESSAGE), flags=PRESENT)
    pair = b"".join(map(mpint, decode_dss_signature(made.signature)))
    return sshsig(KEY, made, inner=string(KEY_TYPE) + string(pair) + made.authenticator_data[32:37])


def vectors() -> list[Vector]:
    made = Vectors()
    for part in (accepted, refused_by_all, refused_by_us_alone):
        part(made)
    return made.made


def text() -> str:
    return json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (HERE / "passkeys.json").write_text(text(), encoding="utf-8")
