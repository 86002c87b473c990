"""Sign and verify with OpenSSH signatures (SSHSIG, OpenSSH's PROTOCOL.sshsig).

Signing is the stock ``ssh-keygen -Y sign``, so that passphrases, agents and hardware tokens work. Verifying is the
``sshsig`` library behind a strict reading of the signature, and stock ``ssh-keygen -Y verify`` for the algorithms the
library lacks (docs/decisions/0002-sshsig.md). Passkeys sign in the browser: see ``passkeys``.
"""

import base64
import binascii
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sshsig.binary_io import SshReader
from sshsig.sshsig import InvalidSignature, SshsigSignature, check_signature

from ecluse.domain.errors import EcluseError, Location, MalformedError, SignatureError, StorageError, UsageError
from ecluse.seal import _ssh_keygen
from ecluse.seal._files import read_key_text, refuse_overwrite
from ecluse.seal._keys import SigningKey, parse_key
from ecluse.seal._webauthn import WebauthnSignature, strings, to_be_signed

__all__ = [
    "allowed_signers",
    "check_form",
    "check_namespace",
    "fingerprint",
    "new_signing_key",
    "public_key",
    "sign",
    "verify",
]

_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.@_/-]{0,127}")
_PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9.@_+-]{0,127}")
_NAMESPACES_OF_OURS: Final = "ecluse.*"
_SIGNATURE_MAX = 32 * 1024
# As OpenSSH reads it, but for carriage returns: header first, footer last, nothing before or after but line ends.
_ARMOUR = re.compile(
    rb"-----BEGIN SSH SIGNATURE-----\r?\n((?:[A-Za-z0-9+/=]+\r?\n)+)-----END SSH SIGNATURE-----(?:\r?\n)?"
)
# PROTOCOL.sshsig: "hash_algorithm ... one of "sha256" or "sha512"". The library alone would take md5 and sha1.
_HASHES = frozenset({b"sha256", b"sha512"})
_LIBRARY_ALGORITHMS = frozenset({"ssh-ed25519", "ssh-rsa"})


def sign(message: bytes, key: Path, namespace: str) -> bytes:
    """Sign ``message`` with ``ssh-keygen -Y sign``; return the armoured SSHSIG.

    ``key`` is a private key file, or the ``.pub`` file of a key whose private half is in ssh-agent or on a token.
    Passphrase, PIN and touch are asked on the terminal. What comes back has been verified once.

    Raises:
        SignatureError: ssh-keygen is missing or refuses, or the key is of a kind that ``verify`` refuses, or a
            passkey's, which signs in the browser alone.
        MalformedError: the namespace is not a plain ASCII name.
    """
    check_namespace(namespace)
    place = Location(file=str(key))
    if not key.is_file():
        raise SignatureError("there is no key file here", location=place, hint="make one with: ecluse key new")
    _refuse_passkey(key)
    made = _ssh_keygen.run(["-q", "-Y", "sign", "-f", str(key), "-n", namespace], message, person=True)
    if not made.ok:
        reason = f"ssh-keygen could not sign: {made.said}" if made.said else "ssh-keygen could not sign"
        hint = "check passphrase and file mode; without a terminal, load the key into ssh-agent"
        raise SignatureError(reason, location=place, hint=hint)
    envelope = _read_envelope(made.output)
    try:
        verify(message, made.output, _embedded_key(envelope).line, namespace)
    except EcluseError as error:
        raise SignatureError(f"this key's signatures are refused: {error.message}", location=place) from error
    return made.output


def verify(message: bytes, signature: bytes, key: str, namespace: str) -> None:
    """Check that ``signature`` (armoured SSHSIG) over ``message`` was made by ``key`` for ``namespace``.

    In this order, and the message begins with the step that fails: ``malformed signature`` (armour, base64, fields,
    hash or signature algorithm; SHA-1 is refused), ``wrong namespace``, ``other key``, ``does not verify``. A passkey's
    signature must besides say that its user was verified, on a page of the key's own domain.

    Raises:
        SignatureError: one of the steps failed.
        MalformedError: ``key`` is not an OpenSSH public key line, or the namespace not a plain ASCII name.
    """
    check_namespace(namespace)
    wanted = parse_key(key)
    envelope = _read_envelope(signature)
    if envelope.namespace != namespace.encode("ascii"):
        raise SignatureError(f"wrong namespace: the signature was not made for {namespace}")
    if envelope.public_key != wanted.blob:
        found = SigningKey("", envelope.public_key).fingerprint
        raise SignatureError(f"other key: signed with {found}, not with {wanted.fingerprint}")
    _check_signature_algorithm(envelope, wanted)
    if wanted.relying_party:
        challenge = to_be_signed(namespace, envelope.hash_name, message)
        WebauthnSignature.read(envelope.signature).check(challenge, wanted.relying_party)
    if wanted.algorithm in _LIBRARY_ALGORITHMS:
        _verify_with_library(message, signature, namespace)
    else:
        _verify_with_ssh_keygen(message, signature, wanted, namespace)


def check_form(signature: bytes, namespace: str) -> None:
    """That bytes are an armoured SSHSIG for ``namespace``, whosever it is and whatever it signs.

    Raises:
        SignatureError: malformed, or for another namespace.
    """
    if _read_envelope(signature).namespace != namespace.encode("ascii"):
        raise SignatureError(f"wrong namespace: the signature was not made for {namespace}")


def fingerprint(key: str) -> str:
    """``SHA256:…`` of a public key line, as ``ssh-keygen -l`` prints it.

    Raises:
        MalformedError: not an OpenSSH public key line.
    """
    return parse_key(key).fingerprint


def new_signing_key(path: Path, comment: str) -> str:
    """Make an ed25519 key pair without passphrase at ``path`` (0600) and ``path.pub``; return the public key line.

    Raises:
        UsageError: one of the two files exists already, or the comment is not one printable line.
        StorageError: the folder is missing or cannot be written.
        SignatureError: ssh-keygen is missing.
    """
    if not comment.isprintable():
        raise UsageError("a key's comment is one line of printable text")
    for file in (path, _public_file(path)):
        if file.exists() or file.is_symlink():
            raise refuse_overwrite(file)
    # Without input its question about overwriting, should a file have appeared since, is answered by "no".
    made = _ssh_keygen.run(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])
    if not made.ok:
        raise StorageError(f"ssh-keygen made no key: {made.said}", location=Location(file=str(path)))
    return public_key(path)


def public_key(path: Path) -> str:
    """The public key line of a key file: from ``path`` itself if it is a ``.pub``, from ``path.pub``, or derived.

    Raises:
        UsageError: no such file.
        MalformedError: it holds no acceptable key.
        SignatureError: ssh-keygen is missing or cannot derive the public half.
    """
    for file in (path, _public_file(path)):
        if file.suffix == ".pub" and file.is_file():
            return _checked_line(read_key_text(file), file)
    read_key_text(path)  # a missing or binary file gets its own error
    derived = _ssh_keygen.run(["-y", "-f", str(path)], person=True)
    if not derived.ok:
        place = Location(file=str(path))
        raise SignatureError("ssh-keygen finds no private key here that it can open", location=place)
    return _checked_line(derived.output.decode("utf-8", "replace"), path)


def allowed_signers(entries: Sequence[tuple[str, str]]) -> bytes:
    """An OpenSSH allowed_signers file from (principal, public key line), each restricted to our namespaces.

    ``ssh-keygen -Y verify -f FILE -I PRINCIPAL -n NAMESPACE -s SIGNATURE < MESSAGE`` then works for an auditor.

    Raises:
        MalformedError: a principal that OpenSSH would read as a pattern or a list, or a malformed key.
    """
    lines = []
    for number, (principal, key) in enumerate(entries, start=1):
        if not _PRINCIPAL.fullmatch(principal):
            place = Location(field=f"entry {number}: principal")
            raise MalformedError("letters, digits and . @ _ + - only, no pattern", location=place)
        lines.append(f'{principal} namespaces="{_NAMESPACES_OF_OURS}" {parse_key(key).line}\n')
    return "".join(lines).encode("ascii")


@dataclass(frozen=True, slots=True)
class _Envelope:
    public_key: bytes
    namespace: bytes
    hash_name: str
    signature: bytes


def _read_envelope(armoured: bytes) -> _Envelope:
    if len(armoured) > _SIGNATURE_MAX:
        raise _malformed("it is too large")
    match = _ARMOUR.fullmatch(armoured)
    if match is None:
        raise _malformed("no SSH SIGNATURE header, base64 and footer")
    encoded = match[1].translate(None, delete=b"\r\n")
    try:
        blob = binascii.a2b_base64(encoded, strict_mode=True)
    except binascii.Error:
        raise _malformed("its base64 does not decode") from None
    if base64.b64encode(blob) != encoded:
        raise _malformed("its base64 is not canonical")
    try:
        read = SshsigSignature(blob)
    except (ValueError, NotImplementedError):
        raise _malformed("its fields are not those of SSHSIG version 1") from None
    # The library reads short strings, trailing bytes and a filled reserved field without complaint; none survives this.
    if bytes(read) != blob:
        raise _malformed("its fields do not fill it exactly")
    if read.hash_algo not in _HASHES:
        raise _malformed("its hash is neither sha256 nor sha512")
    return _Envelope(read.public_key, read.namespace, read.hash_algo.decode("ascii"), read.signature)


def _check_signature_algorithm(envelope: _Envelope, key: SigningKey) -> None:
    """The library asserts this name for ed25519 (nothing under ``python -O``), and forgives what trails."""
    reader = SshReader(envelope.signature)
    try:
        name, value = reader.read_string(), reader.read_string()
    except ValueError:
        raise _malformed("its inner signature is cut short") from None
    if name not in key.signature_algorithms:
        raise _malformed(f"its algorithm is not one of an {key.algorithm} key")
    # The library's reader takes a string shorter than its announced length, so lengths are compared by writing again.
    again = strings(name, value)
    rest = envelope.signature.removeprefix(again)
    if rest == envelope.signature or (rest and key.algorithm in _LIBRARY_ALGORITHMS):
        raise _malformed("its inner signature is not filled exactly")


def _embedded_key(envelope: _Envelope) -> SigningKey:
    try:
        algorithm = SshReader(envelope.public_key).read_string().decode("ascii")
    except ValueError:
        raise _malformed("it holds no public key") from None
    return SigningKey(algorithm, envelope.public_key)


def _verify_with_library(message: bytes, signature: bytes, namespace: str) -> None:
    try:
        check_signature(message, signature, namespace)
    except (InvalidSignature, ValueError, NotImplementedError, AssertionError):
        raise _unverified() from None


def _verify_with_ssh_keygen(message: bytes, signature: bytes, key: SigningKey, namespace: str) -> None:
    """Two files of public matter for the time of the check: ssh-keygen reads signature and signers from files only."""
    try:
        with tempfile.TemporaryDirectory(prefix="ecluse-verify-") as folder:
            signers, detached = Path(folder, "signers"), Path(folder, "signature")
            signers.write_text(f"signer {key.line}\n", encoding="ascii")
            detached.write_bytes(signature.replace(b"\r\n", b"\n"))  # a mailer's line ends, which OpenSSH refuses
            files = ["-f", str(signers), "-s", str(detached)]
            checked = _ssh_keygen.run(["-q", "-Y", "verify", "-I", "signer", "-n", namespace, *files], message)
    except OSError as error:
        raise StorageError("no temporary folder for ssh-keygen's signature file") from error
    if not checked.ok:
        raise _unverified()


def _malformed(why: str) -> SignatureError:
    return SignatureError(f"malformed signature: {why}")


def _unverified() -> SignatureError:
    return SignatureError("does not verify: this key did not sign these bytes")


def check_namespace(namespace: str) -> None:
    """That a namespace is one.

    Raises:
        MalformedError: it is not a plain ASCII name.
    """
    if not _NAMESPACE.fullmatch(namespace):
        raise MalformedError("a signature's namespace is a plain ASCII name", location=Location(field="namespace"))


def _refuse_passkey(path: Path) -> None:
    """Without its line ``ssh-keygen`` would say that no private key is to be found."""
    file = next((file for file in (path, _public_file(path)) if file.suffix == ".pub" and file.is_file()), None)
    try:
        passkey = file is not None and parse_key(read_key_text(file)).relying_party is not None
    except EcluseError:
        return  # said properly by what reads it next
    if passkey:
        hint = "approve it in the browser, in the control room; what that writes, every command accepts"
        place = Location(file=str(path))
        raise SignatureError("this is a passkey: it signs in the browser alone", location=place, hint=hint)


def _public_file(path: Path) -> Path:
    return path.with_name(path.name + ".pub")


def _checked_line(text: str, path: Path) -> str:
    try:
        parse_key(text)
    except MalformedError as error:
        raise MalformedError(error.message, location=Location(file=str(path)), hint=error.hint) from None
    return text.strip()
