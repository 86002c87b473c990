"""age files against the stock tool, both ways, and every region of a ciphertext made to fail."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from ecluse.domain.errors import MalformedError, RefusedError, StorageError, TamperError, UsageError
from ecluse.seal.sealing import Identity, check_recipient, is_age_file, open_sealed, seal

CHUNK, TAG, NONCE = 64 * 1024, 16, 16
EDGES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17]
PAYLOAD = os.urandom(3 * CHUNK + 17)


@pytest.fixture(scope="module")
def identity() -> Identity:
    return Identity.generate()


@pytest.fixture(scope="module")
def sealed(identity: Identity) -> bytes:
    return seal(PAYLOAD, [identity.recipient])


def body(sealed: bytes) -> int:
    """Where the first chunk begins: after the header's MAC line and the nonce."""
    return sealed.index(b"\n", sealed.index(b"\n---") + 1) + 1 + NONCE


def saved(identity: Identity, folder: Path) -> Path:
    path = folder / f"{identity.recipient[-6:]}.age-identity"
    identity.save(path)
    return path


class TestInterchange:
    @pytest.mark.parametrize("size", EDGES)
    def test_stock_age_opens_what_we_seal(self, age: str, tmp_path: Path, identity: Identity, size: int) -> None:
        command = [age, "-d", "-i", str(saved(identity, tmp_path))]
        sealed = seal(PAYLOAD[:size], [identity.recipient])
        opened = subprocess.run(command, input=sealed, capture_output=True, check=True).stdout
        assert opened == PAYLOAD[:size]

    @pytest.mark.parametrize("size", EDGES)
    def test_we_open_what_stock_age_seals(self, age: str, identity: Identity, size: int) -> None:
        command = [age, "-r", identity.recipient]
        sealed = subprocess.run(command, input=PAYLOAD[:size], capture_output=True, check=True).stdout
        assert open_sealed(sealed, identity) == PAYLOAD[:size]

    def test_several_recipients_both_ways(self, age: str, tmp_path: Path) -> None:
        people = [Identity.generate() for _ in range(3)]
        ours = seal(PAYLOAD, [one.recipient for one in people])
        to_all = [part for one in people for part in ("-r", one.recipient)]
        theirs = subprocess.run([age, *to_all], input=PAYLOAD, capture_output=True, check=True).stdout
        for one in people:
            assert open_sealed(ours, one) == open_sealed(theirs, one) == PAYLOAD
            command = [age, "-d", "-i", str(saved(one, tmp_path))]
            assert subprocess.run(command, input=ours, capture_output=True, check=True).stdout == PAYLOAD
        with pytest.raises(TamperError, match="not sealed to this identity"):
            open_sealed(ours, Identity.generate())

    def test_identity_files_of_age_keygen(self, age_keygen: str, tmp_path: Path) -> None:
        path = tmp_path / "key.txt"
        subprocess.run([age_keygen, "-o", str(path)], check=True, capture_output=True)
        identity = Identity.load(path)
        printed = subprocess.run([age_keygen, "-y", str(path)], check=True, capture_output=True, text=True)
        assert identity.recipient == printed.stdout.strip()
        assert open_sealed(seal(b"x", [identity.recipient]), identity) == b"x"


class TestBuffers:
    @pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, pa.py_buffer], ids=lambda wrap: wrap.__name__)
    def test_any_buffer(self, identity: Identity, sealed: bytes, wrap: Callable[[bytes], object]) -> None:
        assert open_sealed(seal(wrap(PAYLOAD), [identity.recipient]), identity) == PAYLOAD
        assert open_sealed(wrap(sealed), identity) == PAYLOAD

    def test_a_slice_and_a_wide_item(self, identity: Identity) -> None:
        assert open_sealed(seal(memoryview(PAYLOAD)[5:99], [identity.recipient]), identity) == PAYLOAD[5:99]
        wide = memoryview(PAYLOAD[:64]).cast("Q")
        assert open_sealed(seal(wide, [identity.recipient]), identity) == PAYLOAD[:64]

    def test_twice_sealed_is_never_the_same(self, identity: Identity) -> None:
        assert seal(b"x", [identity.recipient]) != seal(b"x", [identity.recipient])

    def test_no_piece_of_the_payload_shows(self, sealed: bytes) -> None:
        assert not any(PAYLOAD[at : at + 8] in sealed for at in range(0, len(PAYLOAD) - 8, 997))


class TestTampering:
    def test_every_bit_of_header_nonce_and_first_bytes(self, identity: Identity, sealed: bytes) -> None:
        for bit in range((body(sealed) + 8) * 8):
            altered = bytearray(sealed)
            altered[bit // 8] ^= 1 << bit % 8
            with pytest.raises(TamperError):
                open_sealed(altered, identity)

    def test_a_bit_in_every_region_of_every_chunk(self, identity: Identity, sealed: bytes) -> None:
        for start in range(body(sealed), len(sealed), CHUNK + TAG):
            end = min(start + CHUNK + TAG, len(sealed))
            for at in (start, start + 1, (start + end) // 2, end - TAG - 1, end - TAG, end - 1):
                altered = bytearray(sealed)
                altered[at] ^= 0x80
                with pytest.raises(TamperError, match="content was altered"):
                    open_sealed(altered, identity)

    @pytest.mark.parametrize("size", EDGES)
    def test_cut_at_and_around_every_edge(self, identity: Identity, size: int) -> None:
        sealed = seal(PAYLOAD[:size], [identity.recipient])
        first = body(sealed)
        edges = [0, 1, 21, 22, 23, first - NONCE - 1, first - NONCE, first - 1]
        edges += range(first, len(sealed), CHUNK + TAG)
        edges += [len(sealed) - TAG]
        for edge in edges:
            for length in {max(edge - 1, 0), edge, edge + 1, edge + TAG} - {len(sealed)}:
                if length < len(sealed):
                    with pytest.raises(TamperError):
                        open_sealed(sealed[:length], identity)

    def test_every_length_of_a_small_file(self, identity: Identity) -> None:
        sealed = seal(b"patient", [identity.recipient])
        for length in range(len(sealed)):
            with pytest.raises(TamperError):
                open_sealed(sealed[:length], identity)

    def test_lengthened_swapped_repeated_dropped(self, identity: Identity, sealed: bytes) -> None:
        first, step = body(sealed), CHUNK + TAG
        head, one, two, rest = sealed[:first], *(sealed[first + n * step :][:step] for n in range(2)), b""
        rest = sealed[first + 2 * step :]
        empty = seal(b"", [identity.recipient])
        for altered in (
            sealed + b"\0",
            sealed + sealed,
            sealed + empty[body(empty) :],
            head + two + one + rest,
            head + one + one + two + rest,
            head + two + rest,
            head + rest,
            b"\n" + sealed,
        ):
            with pytest.raises(TamperError):
                open_sealed(altered, identity)

    def test_payload_of_another_parcel_to_the_same_recipient(self, identity: Identity, sealed: bytes) -> None:
        other = seal(PAYLOAD, [identity.recipient])
        with pytest.raises(TamperError):
            open_sealed(sealed[: body(sealed)] + other[body(other) :], identity)

    def test_wrong_identity_names_the_public_half_only(self, sealed: bytes) -> None:
        stranger = Identity.generate()
        with pytest.raises(TamperError, match="not sealed to this identity") as caught:
            open_sealed(sealed, stranger)
        assert stranger.recipient in str(caught.value)
        assert "SECRET" not in str(caught.value)

    def test_other_forms_of_age_file(self, age: str, identity: Identity) -> None:
        armoured = subprocess.run(
            [age, "-a", "-r", identity.recipient], input=b"x", capture_output=True, check=True
        ).stdout
        for foreign in (armoured, b"", b"PK\3\4", b"age-encryption.org/v2\n", b"age-encryption.org/v1\n"):
            with pytest.raises(TamperError):
                open_sealed(foreign, identity)


class TestRecipients:
    def test_good(self, identity: Identity) -> None:
        check_recipient(identity.recipient)

    def test_private_key_refused_unechoed(self, identity: Identity, tmp_path: Path) -> None:
        secret = saved(identity, tmp_path).read_text().splitlines()[-1]
        for text in (secret, secret.lower(), f" {secret}\n", f"# created\n{secret}", f"age1{secret}"):
            with pytest.raises(MalformedError, match="private key stands") as caught:
                check_recipient(text)
            assert secret.upper()[16:] not in str(caught.value).upper()
            assert caught.value.__cause__ is None
        with pytest.raises(MalformedError, match="private key stands"):
            check_recipient("-----BEGIN OPENSSH PRIVATE KEY-----")

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            (lambda _: "", "blanks"),
            (lambda good: good + "\n", "blanks"),
            (lambda good: good[:20] + " " + good[20:], "blanks"),
            (lambda good: good.upper(), "lower case"),
            (lambda good: good[:-1], "checksum or length"),
            (lambda good: good[:10] + ("q" if good[10] != "q" else "p") + good[11:], "checksum or length"),
            (lambda good: "age1é" + good[5:], "checksum or length"),
            (lambda _: "ssh-ed25519", "SSH key is for signing"),
            (lambda good: good[4:], "begins with age1"),
            (lambda good: "age1yubikey1" + good, "X25519"),
        ],
    )
    def test_problem_is_named_and_text_is_not(
        self, identity: Identity, change: Callable[[str], str], problem: str
    ) -> None:
        text = change(identity.recipient)
        with pytest.raises(MalformedError, match=problem) as caught:
            check_recipient(text)
        assert len(text) < 12 or text not in str(caught.value)
        with pytest.raises(MalformedError, match=problem):
            seal(b"x", [identity.recipient, text])

    @pytest.mark.parametrize(
        "point",
        [
            "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z",
            "age1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqj7vrya",
            "age1ur4h5lpmgxu2u9jku0a0r87ydtdqnr0tnsetrlvxvgz3vh6fhqqqzyt4v9",
            "age1anlllllllllllllllllllllllllllllllllllllllllllllllals4n2t7m",
        ],
    )
    def test_low_order_points(self, point: str) -> None:
        # pyrage takes them for recipients, and panics (a BaseException) on sealing to them.
        with pytest.raises(MalformedError, match="low order"):
            seal(b"x", [point])

    def test_none(self) -> None:
        with pytest.raises(MalformedError, match="at least one"):
            seal(b"x", [])


class TestIdentityFiles:
    def test_private_whole_and_never_over_another(self, tmp_path: Path, identity: Identity) -> None:
        path = saved(identity, tmp_path)
        assert path.stat().st_mode & 0o777 == 0o600
        assert Identity.load(path) == identity
        with pytest.raises(UsageError, match="exists already"):
            Identity.generate().save(path)
        assert Identity.load(path) == identity
        assert [file.name for file in tmp_path.iterdir()] == [path.name]

    def test_a_loose_umask_changes_nothing(self, tmp_path: Path, identity: Identity) -> None:
        before = os.umask(0)
        try:
            assert saved(identity, tmp_path).stat().st_mode & 0o777 == 0o600
        finally:
            os.umask(before)

    def test_a_dangling_link_is_a_file_too(self, tmp_path: Path, identity: Identity) -> None:
        (tmp_path / "k").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(UsageError, match="exists already"):
            identity.save(tmp_path / "k")
        assert not (tmp_path / "elsewhere").exists()

    def test_no_folder_full_disk(self, tmp_path: Path, identity: Identity) -> None:
        with pytest.raises(StorageError):
            identity.save(tmp_path / "missing" / "k")

    def test_disk_full_leaves_nothing(
        self, tmp_path: Path, identity: Identity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StorageError):
            identity.save(tmp_path / "k")
        assert not list(tmp_path.iterdir())

    def test_secret_is_in_no_repr(self, tmp_path: Path, identity: Identity) -> None:
        secret = saved(identity, tmp_path).read_text().splitlines()[-1]
        assert secret not in repr(identity)
        assert identity.recipient in repr(identity)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"# only a comment\n",
            b"age1xyz\n",
            b"AGE-SECRET-KEY-1QQQQ\n",
            b"AGE-SECRET-KEY-1" + b"Q" * 58 + b"\n",
            b"\xff\xfe\0garbage",
            b"age-encryption.org/v1\n-> scrypt x 18\n",
            b"AGE-PLUGIN-YUBIKEY-1QQQ\n",
            b"x" * 70_000,
        ],
    )
    def test_malformed(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "k").write_bytes(content)
        with pytest.raises(MalformedError) as caught:
            Identity.load(tmp_path / "k")
        assert caught.value.location is not None
        assert caught.value.location.file == str(tmp_path / "k")
        assert caught.value.__cause__ is None

    def test_two_identities_in_one_file(self, tmp_path: Path) -> None:
        texts = [saved(Identity.generate(), tmp_path).read_text() for _ in range(2)]
        (tmp_path / "two").write_text("".join(texts))
        with pytest.raises(MalformedError, match="one identity"):
            Identity.load(tmp_path / "two")

    def test_missing(self, tmp_path: Path) -> None:
        for path in (tmp_path / "none", tmp_path, tmp_path / "a" / "b"):
            with pytest.raises(RefusedError):
                Identity.load(path)


def test_is_age_file(sealed: bytes) -> None:
    assert is_age_file(sealed[:22])
    assert not is_age_file(sealed[:21])
    assert not is_age_file(b"age-encryption.org/v2\n")
    assert not is_age_file(b"")


@pytest.mark.parametrize("verb", ["seal(payload, [me.recipient])", "open_sealed(done, me)"])
def test_interrupt_stays_an_interrupt(verb: str) -> None:
    """pyrage turns an exception of its reader into its own; Ctrl-C must not read as a tampered parcel."""
    code = (
        "import sys, threading, time, signal, os\n"
        "from ecluse.seal.sealing import Identity, open_sealed, seal\n"
        "me = Identity.generate(); payload = bytes(20_000_000); done = seal(payload, [me.recipient])\n"
        "threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n"
        f"    while True: {verb}\n"
        "except KeyboardInterrupt: sys.exit(0)\n"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert finished.returncode in {0, -signal.SIGINT}, finished.stderr.decode()
