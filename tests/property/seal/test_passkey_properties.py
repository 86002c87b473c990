"""Whatever a browser, an authenticator or a forger writes: our two verifiers say the same, and OpenSSH is no stricter."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecluse.domain.errors import EcluseError, MalformedError, SignatureError
from ecluse.seal import _webauthn, signing
from ecluse.seal.passkeys import PasskeyAssertion, passkey_challenge, passkey_signature
from ecluse.verify import _sshsig
from ecluse.verify import _webauthn as auditor
from passkeys import (
    NAMESPACE,
    ORIGIN,
    RP_ID,
    SoftPasskey,
    armour,
    client_data,
    dearmour,
    sshsig,
    stock_accepts,
    to_be_signed,
)

KEY = SoftPasskey()
MESSAGE = b'{"order":"BIO-2026-0042"}'
GOOD = KEY.sign(MESSAGE)
BLOB = dearmour(GOOD)


def refusal(signature: bytes, key: SoftPasskey = KEY) -> tuple[bool, bool]:
    """Whether writer and auditor refuse; nothing but errors of ours may come out."""
    answers = []
    try:
        signing.verify(MESSAGE, signature, key.line, NAMESPACE)
        answers.append(False)
    except EcluseError:
        answers.append(True)
    try:
        _sshsig.verify(MESSAGE, signature, _sshsig.key_of(key.line), NAMESPACE)
        answers.append(False)
    except SignatureError:
        answers.append(True)
    return answers[0], answers[1]


@st.composite
def edited(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes with a piece replaced, taken out, put in or repeated."""
    start = draw(st.integers(0, len(data)))
    stop = draw(st.integers(start, min(len(data), start + 40)))
    piece = draw(st.binary(max_size=8) | st.sampled_from([b'"', b"\\", b",", b"}", b"\0", b'":', data[:20]]))
    return data[:start] + piece + data[stop:]


MEMBER = st.builds(
    lambda name, value: f",{name}:{value}",
    st.sampled_from(['"crossOrigin"', '"topOrigin"', '"type"', '"a"', '"b_1"', '""', '"a b"', '"\\u0061"', "a", '"é"'])
    | st.text(max_size=4),
    st.sampled_from(
        ["false", "true", "null", '"x"', '"é\u2028"', '"\\n"', '"\x7f"', "1", "-0", "1e3", "[]", "{}", "NaN", '"', ""]
    )
    | st.text(max_size=4),
)
RESTS = st.lists(MEMBER, max_size=4).map("".join) | st.text(max_size=20)


@given(RESTS)
@example(',"a":"x","a":"x"')
@example(',"crossOrigin":false ')
@example(',"note":"' + "x" * 4096 + '"')
@example("[" * 2000)
@example(',"a":"\ufeff"')
def test_client_data_of_any_kind(tmp_path_factory: pytest.TempPathFactory, rest: str) -> None:
    with contextlib.suppress(UnicodeEncodeError):
        signature = KEY.sign(MESSAGE, rest=rest)
        writer, reader = refusal(signature)
        assert writer == reader
        if not writer:
            assert stock_accepts(MESSAGE, signature, KEY.line, tmp_path_factory.mktemp("stock"))


@given(st.data())
def test_edited_client_data(data: st.DataObject) -> None:
    """Signed by the right key, whatever it says."""
    good = client_data(to_be_signed(MESSAGE))
    given_data = data.draw(edited(good))
    writer, reader = refusal(sshsig(KEY, KEY.assertion(given_data)))
    assert writer == reader
    assert writer or given_data == good or given_data.startswith(good[:-20])


@given(st.integers(0, 255), st.binary(max_size=6), st.integers(0, 2**32 - 1))
def test_flags_of_any_kind(flags: int, extensions: bytes, counter: int) -> None:
    signature = KEY.sign(MESSAGE, flags=flags, extensions=extensions, counter=counter)
    present_and_verified = flags & 0x05 == 0x05
    fits = not flags & 0x40 and bool(flags & 0x80) == bool(extensions) and flags & 0x18 != 0x10
    assert refusal(signature) == (not (present_and_verified and fits),) * 2


LABELS = st.sampled_from(
    ["portal", "example", "org", "a", "-a", "a-", "1", "0x7f", "localhost", "", "A", "é", "x" * 63, "x" * 64]
)
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)
ORIGINS = st.builds(
    lambda scheme, host, port: f"{scheme}{host}{port}",
    st.sampled_from(["https://", "http://", "https:", "HTTPS://", "ftp://", ""]),
    NAMES,
    st.sampled_from(
        ["", ":1", ":80", ":443", ":65535", ":65536", ":0", ":", ":08", "/", ":8443/x", "?", "#", "\n", "\0"]
    ),
)


@given(ORIGINS | st.text(max_size=30), NAMES)
@example("https://portal.example.org", "example.org")
@example("https://example.org:8443", "example.org")
@example("http://localhost:8000", "localhost")
def test_origins_of_any_kind(origin: str, name: str) -> None:
    """Two readings of the same rule."""
    try:
        site = auditor.site_of(name.encode("latin-1", "replace"))
    except SignatureError:
        assert not _webauthn.is_relying_party(name)
        return
    assert _webauthn.is_relying_party(name)
    assert _webauthn.belongs(origin, name) == auditor._may_use(origin, site)


@given(edited(BLOB) | st.binary(max_size=300))
def test_edited_blobs(altered: bytes) -> None:
    if altered != BLOB:
        assert refusal(armour(altered)) == (True, True)


@given(st.binary(max_size=120), st.data())
def test_assertions_of_any_bytes_meet_only_our_errors(junk: bytes, data: st.DataObject) -> None:
    made = KEY.assertion(client_data(passkey_challenge(NAMESPACE, MESSAGE)))
    parts = [made.authenticator_data, made.client_data_json, made.signature]
    at = data.draw(st.integers(0, 2))
    parts[at] = data.draw(st.just(junk) | edited(parts[at]))
    with contextlib.suppress(SignatureError):
        signature = passkey_signature(KEY.line, NAMESPACE, MESSAGE, PasskeyAssertion(*parts), ORIGIN)
        assert refusal(signature) == (False, False)
        assert tuple(parts) == (made.authenticator_data, made.client_data_json, made.signature)


@given(st.binary(max_size=60))
def test_every_message_has_a_challenge_of_its_own(message: bytes) -> None:
    assert passkey_challenge(NAMESPACE, message) == to_be_signed(message)
    if message != MESSAGE:
        assert refusal(KEY.sign(message)) == (True, True)


@given(st.text(max_size=40) | NAMES)
@example("a." * 126 + "org")
@example("a." * 125 + "org")
def test_keys_of_any_site_meet_only_our_errors(name: str) -> None:
    try:
        key = SoftPasskey(rp_id=name)
        line = key.line
    except UnicodeEncodeError:
        return
    try:
        signing.fingerprint(line)
        writer = True
    except MalformedError:
        writer = name.startswith("ssh:")
    try:
        auditors = _sshsig.key_of(line).site
    except SignatureError:
        auditors = ""
    assert writer == (auditors != "")
    assert auditors in {name, "", None}


def test_the_example_is_good(tmp_path: Path) -> None:
    assert refusal(GOOD) == (False, False)
    assert stock_accepts(MESSAGE, GOOD, KEY.line, tmp_path)
    assert RP_ID in KEY.blob.decode("latin-1")
