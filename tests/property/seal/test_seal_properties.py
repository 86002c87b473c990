"""What holds for any bytes: round trips around the chunk edges, and hostile input that only ever meets our errors."""

import base64
import contextlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st

from ecluse.domain.errors import MalformedError, SignatureError, TamperError
from ecluse.seal.sealing import Identity, check_recipient, open_sealed, seal
from ecluse.seal.signing import allowed_signers, fingerprint, new_signing_key, sign, verify

CHUNK = 64 * 1024
IDENTITY = Identity.generate()
PAYLOAD = bytes(range(256)) * 1025
SEALED = seal(PAYLOAD[: CHUNK + 9], [IDENTITY.recipient])
HEADER = SEALED.index(b"\n", SEALED.index(b"\n---") + 1) + 1
MESSAGE = b'{"order":"BIO-2026-0042"}'

around_edges = st.builds(
    lambda chunks, off: max(chunks * CHUNK + off, 0), st.integers(0, 4), st.integers(-40, 40)
) | st.integers(0, len(PAYLOAD))


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes]:
    path: Path = tmp_path_factory.mktemp("key") / "id"
    line = new_signing_key(path, "property")
    return line, sign(MESSAGE, path, "ecluse.order")


@st.composite
def _edits(draw: st.DrawFn, original: bytes, within: int) -> bytes:
    """A few cuts, insertions, repetitions and overwritten bytes, mostly in the structured part."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, min(within, len(data))))
        length = draw(st.integers(0, 40))
        match draw(st.sampled_from(["overwrite", "cut", "insert", "repeat", "truncate"])):
            case "overwrite":
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del data[at : at + length]
            case "insert":
                data[at:at] = draw(st.sampled_from([b"\n", b"-> ", b"---", b" ", b"=", b"A" * 64, b"\0"]))
            case "repeat":
                data[at:at] = data[at : at + length]
            case _:
                del data[at:]
    return bytes(data)


@given(around_edges)
@example(0)
@example(CHUNK - 1)
@example(CHUNK)
@example(CHUNK + 1)
@example(2 * CHUNK)
def test_opening_gives_back_what_was_sealed(size: int) -> None:
    payload = memoryview(PAYLOAD)[:size]
    assert open_sealed(seal(payload, [IDENTITY.recipient]), IDENTITY) == payload


@given(st.binary(max_size=2000), st.integers(1, 4), st.data())
def test_every_recipient_opens_and_nobody_else(payload: bytes, people: int, data: st.DataObject) -> None:
    invited = [Identity.generate() for _ in range(people)]
    sealed = seal(payload, [one.recipient for one in invited])
    assert open_sealed(sealed, data.draw(st.sampled_from(invited))) == payload
    with pytest.raises(TamperError):
        open_sealed(sealed, IDENTITY)


@given(_edits(SEALED, HEADER + 40) | _edits(SEALED, len(SEALED)) | st.binary(max_size=300))
def test_altered_ciphertext_opens_to_nothing(altered: bytes) -> None:
    if altered == SEALED:
        return
    with pytest.raises(TamperError):
        open_sealed(altered, IDENTITY)


@given(st.data())
def test_altered_signature_is_refused(signed: tuple[str, bytes], data: st.DataObject) -> None:
    line, signature = signed
    altered = data.draw(_edits(signature, len(signature)) | st.binary(max_size=300))
    if altered.translate(None, b"\r\n") == signature.translate(None, b"\n"):
        return  # where lines break is free
    with pytest.raises(SignatureError):
        verify(MESSAGE, altered, line, "ecluse.order")


@given(st.data())
def test_altered_signature_blob_is_refused(signed: tuple[str, bytes], data: st.DataObject) -> None:
    """Below the armour: well-formed base64 of a mutated structure."""
    line, signature = signed
    blob = base64.b64decode(b"".join(signature.splitlines()[1:-1]))
    altered = data.draw(_edits(blob, len(blob)))
    if altered == blob:
        return
    body = base64.encodebytes(altered)
    with pytest.raises(SignatureError):
        verify(
            MESSAGE, b"-----BEGIN SSH SIGNATURE-----\n" + body + b"-----END SSH SIGNATURE-----\n", line, "ecluse.order"
        )


@given(st.binary(max_size=200))
def test_signature_covers_every_message_alone(signed: tuple[str, bytes], message: bytes) -> None:
    line, signature = signed
    if message != MESSAGE:
        with pytest.raises(SignatureError, match="does not verify"):
            verify(message, signature, line, "ecluse.order")


_KEY_WORDS = st.sampled_from(
    [
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    ]
)


@st.composite
def _key_lines(draw: st.DrawFn) -> str:
    name = draw(_KEY_WORDS)
    fields = [name.encode(), *draw(st.lists(st.binary(max_size=70) | st.just(b"nistp256"), max_size=4))]
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in fields)
    return f"{name} {base64.b64encode(blob).decode()}"


@given(_key_lines() | st.text(max_size=200))
def test_key_lines_of_any_text_meet_only_our_errors(text: str) -> None:
    for use in (fingerprint, lambda line: allowed_signers([("somebody", line)])):
        with contextlib.suppress(MalformedError):
            use(text)


@given(st.binary(min_size=32, max_size=32))
def test_key_lines_round_trip(seed: bytes) -> None:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    assert allowed_signers([("somebody", line + " comment")]) == f'somebody namespaces="ecluse.*" {line}\n'.encode()


@given(st.text(max_size=100) | st.text(alphabet="qpzry9x8gf2tvdw0s3jn54khce6mua7l", max_size=60).map("age1".__add__))
def test_recipients_of_any_text_are_refused_unechoed(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        check_recipient(text)
    assert len(text) < 8 or text not in str(caught.value)


@given(st.text(max_size=300))
def test_identity_files_of_any_text_meet_only_our_errors(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("identity") / "k"
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    with pytest.raises(MalformedError):
        Identity.load(path)
