"""Signatures against stock ssh-keygen, both ways, and every step of verify made to fail."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sshsig_parts import Maker, SoftToken, armour, dearmour, string

from ecluse.domain.errors import MalformedError, SignatureError, StorageError, UsageError
from ecluse.seal import _ssh_keygen
from ecluse.seal.signing import allowed_signers, fingerprint, new_signing_key, public_key, sign, verify

NAMESPACE = "ecluse.order"
MESSAGE = b'{"order":"BIO-2026-0042","signatory":"dr.martin"}\n' * 40
KINDS = [
    ("ed25519",),
    ("rsa", "-b", "3072"),
    ("ecdsa", "-b", "256"),
    ("ecdsa", "-b", "384"),
    ("ecdsa", "-b", "521"),
]
KeyMaker = Callable[..., Path]
kinds = pytest.mark.parametrize("kind", KINDS, ids="-".join)


def stock_sign(key: Path, *options: str, namespace: str = NAMESPACE, message: bytes = MESSAGE) -> bytes:
    command = ["ssh-keygen", "-q", "-Y", "sign", *options, "-f", str(key), "-n", namespace]
    return subprocess.run(command, input=message, check=True, capture_output=True).stdout


def stock_verify(
    folder: Path, signature: bytes, signers: bytes, *, principal: str = "dr.martin", namespace: str = NAMESPACE
) -> bool:
    (folder / "signers").write_bytes(signers)
    (folder / "sig").write_bytes(signature)
    command = ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", principal, "-n", namespace, "-s", "sig"]
    return subprocess.run(command, input=MESSAGE, capture_output=True, cwd=folder, check=False).returncode == 0


@pytest.fixture(scope="module")
def maker() -> Maker:
    return Maker(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


class TestInterchange:
    @kinds
    def test_what_stock_signs_we_verify(self, make_key: KeyMaker, kind: tuple[str, ...]) -> None:
        key = make_key(*kind)
        for options in ((), ("-O", "hashalg=sha256")):
            verify(MESSAGE, stock_sign(key, *options), public_key(key), NAMESPACE)

    @kinds
    def test_what_we_sign_stock_verifies(self, make_key: KeyMaker, tmp_path: Path, kind: tuple[str, ...]) -> None:
        key = make_key(*kind)
        signature = sign(MESSAGE, key, NAMESPACE)
        assert stock_verify(tmp_path, signature, allowed_signers([("dr.martin", public_key(key))]))

    @kinds
    def test_fingerprint_is_that_of_ssh_keygen(self, make_key: KeyMaker, kind: tuple[str, ...]) -> None:
        key = make_key(*kind)
        printed = subprocess.run(["ssh-keygen", "-l", "-f", str(key)], check=True, capture_output=True, text=True)
        assert fingerprint(public_key(key)) == printed.stdout.split()[1]

    def test_security_key_signature_verifies_here_and_in_stock(self, tmp_path: Path) -> None:
        token = SoftToken(Ed25519PrivateKey.generate())
        signature = token.sign(MESSAGE)
        verify(MESSAGE, signature, token.line, NAMESPACE)
        assert stock_verify(tmp_path, signature, allowed_signers([("dr.martin", token.line)]))
        with pytest.raises(SignatureError, match="does not verify"):
            verify(MESSAGE + b" ", signature, token.line, NAMESPACE)
        other = SoftToken(Ed25519PrivateKey.generate())
        with pytest.raises(SignatureError, match="other key"):
            verify(MESSAGE, signature, other.line, NAMESPACE)

    def test_the_hand_built_signature_is_a_good_one(self, maker: Maker, tmp_path: Path) -> None:
        # Otherwise every refusal below might have another cause.
        verify(MESSAGE, maker.sign(MESSAGE), maker.line, NAMESPACE)
        assert stock_verify(tmp_path, maker.sign(MESSAGE), allowed_signers([("dr.martin", maker.line)]))

    def test_carriage_returns_and_a_comment_do_no_harm(self, maker: Maker) -> None:
        signature = maker.sign(MESSAGE).replace(b"\n", b"\r\n")
        verify(MESSAGE, signature, f"{maker.line} Générale Rennes\n", NAMESPACE)

    def test_empty_and_large_messages(self, make_key: KeyMaker) -> None:
        key = make_key("ed25519")
        for message in (b"", b"\0" * 3_000_001):
            verify(message, sign(message, key, NAMESPACE), public_key(key), NAMESPACE)


class TestRefusals:
    def test_another_message(self, maker: Maker) -> None:
        with pytest.raises(SignatureError, match=r"^does not verify"):
            verify(MESSAGE[:-1], maker.sign(MESSAGE), maker.line, NAMESPACE)

    def test_another_namespace(self, maker: Maker) -> None:
        with pytest.raises(SignatureError, match=r"^wrong namespace"):
            verify(MESSAGE, maker.sign(MESSAGE, b"ecluse.receipt"), maker.line, NAMESPACE)

    def test_another_key_is_named_by_fingerprint(self, maker: Maker) -> None:
        other = Maker(Ed25519PrivateKey.generate())
        with pytest.raises(SignatureError, match=r"^other key") as caught:
            verify(MESSAGE, other.sign(MESSAGE), maker.line, NAMESPACE)
        assert fingerprint(other.line) in caught.value.message
        assert fingerprint(maker.line) in caught.value.message

    def test_a_foreign_signature_under_our_embedded_key(self, maker: Maker) -> None:
        foreign = dearmour(Maker(Ed25519PrivateKey.generate()).sign(MESSAGE))
        forged = armour(dearmour(maker.sign(MESSAGE))[:-64] + foreign[-64:])
        with pytest.raises(SignatureError, match=r"^does not verify"):
            verify(MESSAGE, forged, maker.line, NAMESPACE)

    @pytest.mark.parametrize("hash_name", [b"sha1", b"md5", b"sha3_512"])
    def test_weak_or_unlisted_hash(self, maker: Maker, hash_name: bytes) -> None:
        # The signature itself is right, and the sshsig library alone accepts it.
        with pytest.raises(SignatureError, match="malformed signature: its hash"):
            verify(MESSAGE, maker.sign(MESSAGE, hash_name=hash_name), maker.line, NAMESPACE)

    @pytest.mark.parametrize("change", [{"version": 2}, {"version": 0}, {"reserved": b"x"}, {"tail": b"\0"}])
    def test_fields_beyond_version_1(self, maker: Maker, change: dict[str, int | bytes]) -> None:
        with pytest.raises(SignatureError, match="malformed signature: its fields"):
            verify(MESSAGE, maker.sign(MESSAGE, **change), maker.line, NAMESPACE)  # type: ignore[arg-type]

    @pytest.mark.parametrize("change", [{"algorithm": b"ssh-rsa"}, {"inner_tail": b"\0"}])
    def test_inner_signature(self, maker: Maker, change: dict[str, bytes]) -> None:
        with pytest.raises(SignatureError, match=r"^malformed signature: its"):
            verify(MESSAGE, maker.sign(MESSAGE, **change), maker.line, NAMESPACE)  # type: ignore[arg-type]

    def test_sha1_rsa_signature_algorithm(self, make_key: KeyMaker) -> None:
        key = make_key("rsa", "-b", "3072")
        blob = dearmour(stock_sign(key))
        downgraded = blob.replace(string(b"rsa-sha2-512"), string(b"ssh-rsa"))
        inner = len(blob) - blob.index(string(b"rsa-sha2-512"))
        downgraded = downgraded.replace(inner.to_bytes(4), (inner - 5).to_bytes(4))
        with pytest.raises(SignatureError, match="malformed signature: its algorithm"):
            verify(MESSAGE, armour(downgraded), public_key(key), NAMESPACE)

    @kinds
    def test_a_flipped_bit_anywhere(self, make_key: KeyMaker, kind: tuple[str, ...]) -> None:
        key = make_key(*kind)
        line, signature = public_key(key), stock_sign(key)
        # ecdsa asks ssh-keygen, 5 ms a time: a sample of its positions.
        step = 17 if kind[0] == "ecdsa" else 1
        for at in range(0, len(signature), step):
            altered = bytearray(signature)
            altered[at] ^= 1 << at % 8
            with pytest.raises(SignatureError):
                verify(MESSAGE, bytes(altered), line, NAMESPACE)

    def test_every_bit_of_every_decoded_byte(self, maker: Maker) -> None:
        blob = dearmour(maker.sign(MESSAGE))
        for bit in range(len(blob) * 8):
            altered = bytearray(blob)
            altered[bit // 8] ^= 1 << bit % 8
            with pytest.raises(SignatureError):
                verify(MESSAGE, armour(bytes(altered)), maker.line, NAMESPACE)

    def test_cut_anywhere(self, maker: Maker) -> None:
        signature = maker.sign(MESSAGE)
        verify(MESSAGE, signature[:-1], maker.line, NAMESPACE)  # the last line end alone may be missing
        for length in range(len(signature) - 1):
            with pytest.raises(SignatureError, match=r"^malformed signature"):
                verify(MESSAGE, signature[:length], maker.line, NAMESPACE)
        blob = dearmour(signature)
        for length in range(len(blob)):
            with pytest.raises(SignatureError, match=r"^malformed signature"):
                verify(MESSAGE, armour(blob[:length]), maker.line, NAMESPACE)

    @pytest.mark.parametrize(
        "around",
        [
            lambda good: b"x" + good,
            lambda good: b"\n" + good,
            lambda good: good + b"x",
            lambda good: good + good,
            lambda good: good.replace(b"\n", b"\n\n", 1),
            lambda good: good.replace(b"\n", b"\n ", 1),
            lambda good: good.replace(b"=\n", b"\n"),
            lambda good: good.replace(b"SSH SIGNATURE", b"PGP SIGNATURE"),
            lambda good: good.decode().encode("utf-16"),
            lambda good: good + b"\n" * 40_000,
            lambda _: b"",
        ],
    )
    def test_armour(self, maker: Maker, around: Callable[[bytes], bytes]) -> None:
        with pytest.raises(SignatureError, match=r"^malformed signature"):
            verify(MESSAGE, around(maker.sign(MESSAGE)), maker.line, NAMESPACE)

    def test_base64_with_stray_bits_is_not_a_second_form(self, maker: Maker) -> None:
        signature = maker.sign(MESSAGE, namespace=b"ecluse.plan")  # 181 bytes: padded, or the next line raises
        at = signature.index(b"=") - 1
        twin = signature[:at] + bytes([signature[at] + 1]) + signature[at + 1 :]
        with pytest.raises(SignatureError, match="not canonical"):
            verify(MESSAGE, twin, maker.line, "ecluse.plan")

    @pytest.mark.parametrize("namespace", ["", "a b", "é", "x\ny", "-n", "x" * 200])
    def test_namespace(self, maker: Maker, make_key: KeyMaker, namespace: str) -> None:
        with pytest.raises(MalformedError):
            verify(MESSAGE, maker.sign(MESSAGE), maker.line, namespace)
        with pytest.raises(MalformedError):
            sign(MESSAGE, make_key("ed25519"), namespace)


class TestKeyLines:
    @pytest.mark.parametrize("kind", [("rsa", "-b", "1024"), ("dsa",)], ids="-".join)
    def test_weak_kinds_are_refused_everywhere(self, make_key: KeyMaker, kind: tuple[str, ...]) -> None:
        key = make_key(*kind)
        line = key.with_suffix(".pub").read_text()
        with pytest.raises(MalformedError):
            fingerprint(line)
        with pytest.raises(MalformedError):
            public_key(key)
        with pytest.raises(SignatureError, match="refused"):
            sign(MESSAGE, key, NAMESPACE)

    def test_private_key_is_refused_without_echo(self, make_key: KeyMaker) -> None:
        secret = make_key("ed25519").read_text()
        with pytest.raises(MalformedError, match="private key") as caught:
            fingerprint(secret)
        assert not set(secret.split()[4:-4]) & set(str(caught.value).split())
        assert caught.value.__cause__ is None

    @pytest.mark.parametrize(
        "change",
        [
            lambda _: "",
            lambda line: line.split()[0],
            lambda line: line.split()[1],
            lambda line: "ssh-rsa " + line.split()[1],
            lambda line: "ssh-dss " + line.split()[1],
            lambda line: line + "\n" + line,
            lambda line: 'namespaces="*" ' + line,
            lambda line: "* " + line,
            lambda line: line[:-2],
            lambda line: line + "AAAA",
            lambda line: line + " \x1b[2J",
            lambda line: line.replace(" ", "\t"),
            lambda line: line.replace(" ", "  "),
        ],
    )
    def test_malformed(self, maker: Maker, change: Callable[[str], str]) -> None:
        for use in (fingerprint, lambda text: allowed_signers([("dr.martin", text)])):
            with pytest.raises(MalformedError):
                use(change(maker.line))

    def test_a_point_off_the_curve(self, make_key: KeyMaker) -> None:
        algorithm, encoded, _ = public_key(make_key("ecdsa", "-b", "256")).split()
        with pytest.raises(MalformedError, match="not a valid"):
            fingerprint(f"{algorithm} {encoded[:-8]}AAAAAAA=")


class TestAllowedSigners:
    def test_restricted_to_our_namespaces_and_to_the_principal(self, maker: Maker, tmp_path: Path) -> None:
        signers = allowed_signers([("dr.martin", maker.line), ("agent", SoftToken(maker.private).line)])
        assert stock_verify(tmp_path, maker.sign(MESSAGE), signers)
        assert not stock_verify(tmp_path, maker.sign(MESSAGE), signers, principal="agent")
        assert not stock_verify(tmp_path, maker.sign(MESSAGE), signers, principal="dr")
        for foreign in ("git", "file", "eclusexorder"):
            assert not stock_verify(tmp_path, maker.sign(MESSAGE, foreign.encode()), signers, namespace=foreign)

    @pytest.mark.parametrize("principal", ["", "*", "dr.*", "?", "!x", "a,b", "a b", '"a"', "#a", "a\n* ssh", "é"])
    def test_patterns_and_injections(self, maker: Maker, principal: str) -> None:
        with pytest.raises(MalformedError, match="entry 2: principal"):
            allowed_signers([("ok", maker.line), (principal, maker.line)])

    def test_nobody(self) -> None:
        assert allowed_signers([]) == b""


class TestKeyFiles:
    def test_new_key_is_private_usable_and_never_overwrites(self, tmp_path: Path) -> None:
        path = tmp_path / "signataire"
        line = new_signing_key(path, "Dr Martin, Générale")
        assert line.endswith(" Dr Martin, Générale")
        assert line == public_key(path) == public_key(tmp_path / "signataire.pub")
        assert path.stat().st_mode & 0o777 == 0o600
        verify(MESSAGE, sign(MESSAGE, path, NAMESPACE), line, NAMESPACE)
        before = path.read_bytes()
        with pytest.raises(UsageError, match="exists already"):
            new_signing_key(path, "again")
        path.unlink()
        with pytest.raises(UsageError, match="exists already"):
            new_signing_key(path, "the .pub alone is left")
        path.write_bytes(before)
        path.chmod(0o600)
        (tmp_path / "signataire.pub").unlink()
        assert public_key(path).split()[:2] == line.split()[:2]

    def test_a_dangling_link_is_a_file_too(self, tmp_path: Path) -> None:
        (tmp_path / "k").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(UsageError):
            new_signing_key(tmp_path / "k", "x")
        assert not (tmp_path / "elsewhere").exists()

    def test_no_folder_no_key(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError):
            new_signing_key(tmp_path / "missing" / "k", "x")
        with pytest.raises(UsageError):
            public_key(tmp_path / "missing" / "k")
        with pytest.raises(SignatureError, match="no key file"):
            sign(MESSAGE, tmp_path / "missing", NAMESPACE)

    def test_comment_of_two_lines(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError):
            new_signing_key(tmp_path / "k", "a\nb")
        assert not list(tmp_path.iterdir())

    def test_garbage_where_a_key_should_be(self, tmp_path: Path) -> None:
        for content in (b"", b"garbage", b"\xff\xfe\0", b"x" * 100_000):
            (tmp_path / "k").write_bytes(content)
            with pytest.raises((MalformedError, SignatureError)):
                public_key(tmp_path / "k")
            with pytest.raises(SignatureError):
                sign(MESSAGE, tmp_path / "k", NAMESPACE)

    def test_ssh_keygen_missing(self, monkeypatch: pytest.MonkeyPatch, make_key: KeyMaker, tmp_path: Path) -> None:
        ecdsa = make_key("ecdsa", "-b", "256")
        signature = stock_sign(ecdsa)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(SignatureError, match="install the OpenSSH client"):
            sign(MESSAGE, ecdsa, NAMESPACE)
        with pytest.raises(SignatureError, match="install the OpenSSH client"):
            verify(MESSAGE, signature, public_key(ecdsa), NAMESPACE)

    def test_ssh_keygen_hanging(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        slow = tmp_path / "ssh-keygen"
        slow.write_text("#!/bin/sh\nexec sleep 20\n")
        slow.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.setattr(_ssh_keygen, "_TIMEOUT_S", 0.1)
        with pytest.raises(SignatureError, match="did not answer"):
            _ssh_keygen.run(["-y"])


_SIGN_IN_CHILD = """
import os, sys
from pathlib import Path
os.close(os.open(sys.argv[1], os.O_RDWR))  # the first terminal a session leader opens becomes its own
from ecluse.domain.errors import SignatureError
from ecluse.seal.signing import sign
try:
    sys.stdout.buffer.write(sign(b"message", Path(sys.argv[2]), "ecluse.order"))
except SignatureError as error:
    sys.exit("refused: " + error.message)
"""


def sign_at_terminal(key: Path, answer: bytes) -> tuple[bytes, bytes, int]:
    """Sign in a process whose terminal is ours; what the terminal showed, the signature, the exit code."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", _SIGN_IN_CHILD, os.ttyname(theirs), str(key)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    )
    try:
        shown = b""
        while b"passphrase" not in shown:
            shown += os.read(ours, 1000)
        os.write(ours, answer + b"\n")
        signature, _ = child.communicate(timeout=30)
        return shown + os.read(ours, 10_000), signature, child.returncode
    finally:
        child.kill()
        child.wait()
        os.close(ours)
        os.close(theirs)


class TestPassphrase:
    def test_asked_on_the_terminal(self, make_key: KeyMaker) -> None:
        key = make_key("ed25519", passphrase="écluse")
        _, signature, code = sign_at_terminal(key, "écluse".encode())
        assert code == 0
        verify(b"message", signature, public_key(key), NAMESPACE)

    def test_wrong_one_refused(self, make_key: KeyMaker) -> None:
        shown, signature, code = sign_at_terminal(make_key("ed25519", passphrase="écluse"), b"wrong")
        assert (signature, code) == (b"", 1)
        assert b"incorrect passphrase" in shown
        # Seen live, as a token's request for a touch must be, and therefore not told twice.
        assert shown.rstrip().endswith(b"refused: ssh-keygen could not sign")

    def test_without_terminal_the_agent_is_the_hint(self, make_key: KeyMaker) -> None:
        code = "import sys; sys.argv.insert(1, '/dev/null')\n" + _SIGN_IN_CHILD
        key = make_key("ed25519", passphrase="écluse")
        done = subprocess.run(
            [sys.executable, "-c", code, str(key)], capture_output=True, start_new_session=True, check=False
        )
        assert done.returncode == 1
        assert b"refused: ssh-keygen could not sign: " in done.stderr
        assert b"incorrect passphrase" in done.stderr

    def test_agent_signs_for_a_public_key_file(
        self, make_key: KeyMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = make_key("ed25519")
        socket = tmp_path / "agent"
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
        try:
            monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
            while not socket.exists():
                assert agent.poll() is None
            subprocess.run(["ssh-add", "-q", str(key)], check=True)
            alone = tmp_path / "id.pub"
            alone.write_text(public_key(key) + "\n")
            verify(MESSAGE, sign(MESSAGE, alone, NAMESPACE), public_key(alone), NAMESPACE)
        finally:
            agent.terminate()
            agent.wait()


def test_base_install_signs_without_the_migration_extra() -> None:
    code = (
        "import sys; sys.modules['pyrage'] = None\n"
        "from ecluse.domain.errors import UsageError\n"
        "from ecluse.seal import digests, sealing, signing\n"
        "try: sealing.seal(b'', ['age1' + 'q' * 58])\n"
        "except UsageError as error: print(error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "ecluse[migration]" in done.stdout
