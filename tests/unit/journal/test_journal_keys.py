"""The keys' files: one line, private, never overwritten, never shown."""

from pathlib import Path

import pytest

from ecluse.domain.errors import InternalError, MalformedError, SignatureError, StorageError, UsageError
from ecluse.journal.keys import LogKey, WitnessKey
from ecluse.journal.note import Note, VerifierKey

PETER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n"


def saved(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_key_of_gos_note_package_signs_as_it_does_there(tmp_path: Path) -> None:
    key = LogKey.load(saved(tmp_path / "key", PETER))
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    assert key.vkey == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert str(key.sign(text)) == (
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    key.save(tmp_path / "again")
    assert (tmp_path / "again").read_text() == PETER


@pytest.mark.parametrize("kind", [LogKey, WitnessKey])
def test_a_key_is_saved_privately_and_read_back(tmp_path: Path, kind: type[LogKey]) -> None:
    key = kind.generate("journal.example/ecluse")
    key.save(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert kind.load(tmp_path / "key") == key
    assert [p.name for p in tmp_path.iterdir()] == ["key"]
    assert VerifierKey.parse(key.vkey) == key.verifier


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    first = LogKey.generate("a")
    first.save(tmp_path / "key")
    with pytest.raises(UsageError):
        LogKey.generate("b").save(tmp_path / "key")
    assert LogKey.load(tmp_path / "key") == first
    assert [p.name for p in tmp_path.iterdir()] == ["key"]


def test_a_key_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        LogKey.generate("a").save(tmp_path / "absent" / "key")
    with pytest.raises(StorageError):
        LogKey.load(tmp_path / "absent")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o666, 0o610])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SignatureError, match="chmod 600"):
        LogKey.load(saved(tmp_path / "key", PETER, mode))


@pytest.mark.parametrize(
    "text",
    [
        *("", "\n", PETER[:-1], PETER[1:], PETER + PETER, PETER + "x" * 5000),
        *(PETER.replace("c7", "c8"), PETER.replace("Peter", "Petra"), PETER.replace("AY", "BA")),
        *(PETER.replace("KDFz", "KDF0"), PETER.replace("KDFz", ""), PETER.replace("PRIVATE", "PUBLIC")),
        PETER.replace("Neumann", " Neumann"),
    ],
)
def test_a_malformed_key_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        LogKey.load(saved(tmp_path / "key", text))
    assert str(tmp_path / "key") in str(caught.value)
    assert "AYEK" not in str(caught.value)


def test_every_mangled_key_is_refused(tmp_path: Path) -> None:
    for i in range(len(PETER)):
        for text in (PETER[:i], PETER[:i] + chr(ord(PETER[i]) + 1) + PETER[i + 1 :]):
            with pytest.raises(MalformedError):
                LogKey.load(saved(tmp_path / "key", text))


def test_not_text(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(MalformedError):
        LogKey.load(tmp_path / "key")


def test_a_log_key_is_no_witness_key(tmp_path: Path) -> None:
    LogKey.generate("a").save(tmp_path / "log")
    WitnessKey.generate("a").save(tmp_path / "witness")
    with pytest.raises(MalformedError, match="another type"):
        WitnessKey.load(tmp_path / "log")
    with pytest.raises(MalformedError, match="another type"):
        LogKey.load(tmp_path / "witness")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b", "\x7f \x00"])
def test_a_name_no_signature_line_can_carry_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        LogKey.generate(name)


def test_the_seed_is_not_shown() -> None:
    key = LogKey.generate("a")
    assert repr(key) == "LogKey(name='a')"
    with pytest.raises(UsageError):
        LogKey("a", b"short")


def test_keys_of_one_seed_and_name_differ_by_type() -> None:
    log = LogKey.generate("a")
    witness = WitnessKey("a", log.seed)
    assert log.verifier.id != witness.verifier.id
    with pytest.raises(SignatureError):
        log.verifier.verify(Note("text\n", (witness.sign("text\n", 5),)))
    for time in (-1, 1 << 63):
        with pytest.raises(InternalError):
            witness.sign("text\n", time)
