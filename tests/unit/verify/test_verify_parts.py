"""The auditor's own readings, against published vectors and against the writer's: signatures, notes, trees, folders."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ecluse.domain.errors import MalformedError, SignatureError, StorageError
from ecluse.journal.keys import LogKey
from ecluse.journal.log import Journal
from ecluse.journal.rebuild import expected_files
from ecluse.journal.store import FolderStore, MemoryStore
from ecluse.verify import Status, _notes, _sshsig, _tree, verify_journal
from ecluse.verify.report import FailedError
from evidence_tools import Genuine, first_failure, flipped, unpack
from synthetic_evidence import NOW, Migration, sshsig

SEAL = Path(__file__).parents[2] / "vectors" / "seal" / "signatures.json"
VECTORS = json.loads(SEAL.read_text(encoding="utf-8"))
JOURNAL = Path(__file__).parents[2] / "vectors" / "journal"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_signatures(vector: dict[str, str]) -> None:
    """The writer's vectors, read by the auditor's own code."""

    def check() -> None:
        key = _sshsig.key_of(vector["key"])
        message = vector["message"].encode()
        _sshsig.verify(message, vector["signature"].encode(), key, vector["namespace"])

    if vector["expect"] == "success":
        check()
    else:
        with pytest.raises(SignatureError):
            check()


def test_every_bit_of_a_signature_counts() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public = _sshsig.log_key(key.public_key().public_bytes_raw())
    good = sshsig(b"message", key, "ecluse.order")
    _sshsig.verify(b"message", good, public, "ecluse.order")
    for at in range(len(good) - 1):
        for bit in (1, 2, 64):
            bad = good[:at] + bytes([good[at] ^ bit]) + good[at + 1 :]
            with pytest.raises(SignatureError):
                _sshsig.verify(b"message", bad, public, "ecluse.order")
    for size in range(len(good) - 1):
        with pytest.raises(SignatureError):
            _sshsig.verify(b"message", good[:size], public, "ecluse.order")


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _armoured(blob: bytes) -> bytes:
    text = _sshsig.base64.b64encode(blob)
    return b"-----BEGIN SSH SIGNATURE-----\n" + text + b"\n-----END SSH SIGNATURE-----\n"


def _mpint(value: int) -> bytes:
    return _string(value.to_bytes(value.bit_length() // 8 + 1, "big"))


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
@pytest.mark.parametrize("present", [True, False])
def test_hardware_keys(kind: str, present: bool) -> None:
    """PROTOCOL.u2f, without the hardware: the token signs its flags, its counter and a digest."""
    name = {"ed25519": b"sk-ssh-ed25519@openssh.com", "ecdsa": b"sk-ecdsa-sha2-nistp256@openssh.com"}[kind]
    flags = bytes([1 if present else 0]) + (9).to_bytes(4, "big")
    head = _string(b"ecluse.order") + _string(b"") + _string(b"sha512")
    signed = b"SSHSIG" + head + _string(hashlib.sha512(b"message").digest())
    token = hashlib.sha256(b"ssh:").digest() + flags + hashlib.sha256(signed).digest()
    if kind == "ed25519":
        private = Ed25519PrivateKey.from_private_bytes(bytes(32))
        blob = _string(name) + _string(private.public_key().public_bytes_raw()) + _string(b"ssh:")
        value = private.sign(token)
    else:
        curve = ec.generate_private_key(ec.SECP256R1())
        point = curve.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        blob = _string(name) + _string(b"nistp256") + _string(point) + _string(b"ssh:")
        value = b"".join(map(_mpint, decode_dss_signature(curve.sign(token, ec.ECDSA(SHA256())))))
    signature = _string(name) + _string(value) + flags
    whole = _armoured(b"SSHSIG" + (1).to_bytes(4, "big") + _string(blob) + head + _string(signature))
    if present:
        _sshsig.verify(b"message", whole, _sshsig.Key(blob), "ecluse.order")
    else:
        with pytest.raises(SignatureError, match="touched"):
            _sshsig.verify(b"message", whole, _sshsig.Key(blob), "ecluse.order")
    with pytest.raises(SignatureError):
        _sshsig.verify(b"massage", whole, _sshsig.Key(blob), "ecluse.order")


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257, 511, 512, 700, 256 * 256 + 300])
def test_trees_of_the_writer(size: int) -> None:
    """Another method, the same roots, tiles and file names; every tile and bundle counts."""
    store, key = MemoryStore(), LogKey.generate("ecluse/source/a")
    journal = Journal.open(store, key)
    entries = [f"entry {number}".encode() for number in range(size)]
    journal.append(entries)
    files = {name: store.read(name) or b"" for name in store.names("tile/")}
    assert _tree.files_of(size) == expected_files(size) == files.keys()
    leaves = [_tree.leaf(entry) for entry in entries]
    assert _tree.root_of(leaves) == journal.root
    assert list(_tree.entries_of(files, size)) == entries
    assert _tree.check_tiles(files, leaves) == journal.root
    for name in [*sorted(files)[:3], *sorted(files)[-3:]]:
        spoiled = files | {name: flipped(files[name], len(files[name]) - 1)}
        missing = {other: data for other, data in files.items() if other != name}
        if name.startswith("tile/entries/"):
            assert list(_tree.entries_of(spoiled, size)) != entries
            with pytest.raises(FailedError):
                _tree.entries_of(missing, size)
        for bad in (spoiled, missing) if not name.startswith("tile/entries/") else ():
            with pytest.raises(FailedError):
                _tree.check_tiles(bad, leaves)


def test_file_names_of_large_trees() -> None:
    """C2SP's own example: 1234067 is x001/x234/067."""
    assert _tree._path("entries", 1234067, 256) == "tile/entries/x001/x234/067"
    assert _tree._path("0", 999, 5) == "tile/0/999.p/5"
    assert _tree._path("0", 1000, 256) == "tile/0/x001/000"


@pytest.mark.parametrize(
    "vkey",
    [b"", b"a", b"a+b+c", b"a+00000000+AQ==", b"a b+00000000+" + b"A" * 44, b"\xff", b"a+00000000+!!!!"],
)
def test_keys_that_are_none(vkey: bytes) -> None:
    with pytest.raises(MalformedError):
        _notes.read_vkey(vkey)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"origin\n1\n",
        b"origin\n1\n\n\xe2\x80\x94 a AAAAAAA=\n",
        b"origin\n01\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 a AAAAAAA=\n",
        b"origin\n-1\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 a AAAAAAA=\n",
        b"origin\n1\n" + b"A" * 40 + b"\n\n\xe2\x80\x94 a AAAAAAA=\n",
        b"origin\n1\n" + b"A" * 43 + b"=\n\nno dash AAAAAAA=\n",
        b"origin\n1\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 a AAAAAAA=",
        b"origin\r\n1\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 a AAAAAAA=\n",
        b"o\n" * 200_000,
    ],
)
def test_checkpoints_that_are_none(note: bytes) -> None:
    with pytest.raises(MalformedError):
        _notes.read_checkpoint(note)


def _folder(genuine: Genuine, tmp_path: Path, stage: str = "erased", place: str = "source") -> Path:
    folder = tmp_path / "journal"
    prefix = f"{place}/journal/"
    for name, data in unpack(genuine.bundles[stage]).items():
        if name.startswith(prefix):
            path = folder / name.removeprefix(prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return folder


@pytest.mark.parametrize("stage", ["planned", "delivered", "erased"])
def test_a_journal_continues_every_checkpoint_kept(genuine: Genuine, tmp_path: Path, stage: str) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(genuine.checkpoints[stage]["source"])
    report = verify_journal(_folder(genuine, tmp_path), now=NOW, kept=kept)
    assert report.complete, report


def test_a_live_places_folder(migration: Callable[..., Migration]) -> None:
    made = migration()
    list(made.run("sealed"))
    folder = made.source.root / "journal"
    report = verify_journal(folder, now=NOW, vkey=made.source.key.vkey)
    assert report.consistent
    assert report.steps[-1].status is Status.NOT_REACHED
    assert first_failure(verify_journal(folder, now=NOW)) == "key"
    other = LogKey.generate("ecluse/source/agent-a").vkey
    assert first_failure(verify_journal(folder, now=NOW, vkey=other)) == "checkpoint"


def test_a_journal_set_back_or_rewritten_is_found_by_what_was_kept(genuine: Genuine, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(genuine.checkpoints["erased"]["source"])
    back = verify_journal(_folder(genuine, tmp_path / "a", "sealed"), now=NOW, kept=kept)
    assert first_failure(back) == "consistency"
    assert "set back" in str(back.failed[0].detail)
    store, key = FolderStore(tmp_path / "b" / "journal"), genuine.log_keys["source"]
    entries = list(_tree.entries_of(_files(_folder(genuine, tmp_path / "c")), 28))
    Journal.open(store, key).append([*entries[:-1], entries[-1] + b" ", b"more"])
    rewritten = verify_journal(tmp_path / "b" / "journal", now=NOW, vkey=key.vkey, kept=kept)
    assert "rewritten" in str(next(s.detail for s in rewritten.steps if s.name == "consistency"))
    foreign = tmp_path / "foreign"
    foreign.write_bytes(genuine.checkpoints["erased"]["destination"])
    other = verify_journal(_folder(genuine, tmp_path / "d"), now=NOW, kept=foreign)
    assert [step.name for step in other.failed] == ["consistency"]


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_journal_that_cannot_be_read(genuine: Genuine, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        verify_journal(_folder(genuine, tmp_path), now=NOW, kept=tmp_path / "none")
    assert first_failure(verify_journal(tmp_path / "nowhere", now=NOW)) == "key"
    with (tmp_path / "journal" / "checkpoint").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(MalformedError):
        verify_journal(tmp_path / "journal", now=NOW)


def test_a_journal_from_the_future(genuine: Genuine, tmp_path: Path) -> None:
    report = verify_journal(_folder(genuine, tmp_path), now=dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
    assert first_failure(report) == "time"
