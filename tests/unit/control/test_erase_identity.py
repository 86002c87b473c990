"""What becomes of the key that opens the parcels: destroyed here, or stated by somebody, or nothing is certified."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ecluse.domain.entry import Event
from ecluse.domain.errors import ErasureError, MalformedError, StorageError, UsageError
from ecluse.domain.lifecycle import State
from ecluse.domain.records import ErasedKind, ErasureCertificate, RecipientKey
from ecluse.seal.sealing import Identity
from ecluse.verify import verify_bundle
from erasing import accepted, erased
from synthetic_evidence import NOW, Keys, Migration

HOW = "Token cut in two by S. Roux, in front of C. Petit, on 3 March 2026."


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def ended(keys: Keys, tmp_path: Path) -> Iterator[Migration]:
    migration = accepted(tmp_path / "m", keys)
    yield migration
    migration.close()


Certify = Callable[..., ErasureCertificate]


@pytest.fixture
def certify(ended: Migration, keys: Keys) -> Certify:
    return lambda **more: erased(ended.root, keys.folder, ended.destination, **more)


def _said(migration: Migration) -> str:
    report = verify_bundle(migration.bundle(), trust=None, now=NOW)
    return str(next(step.detail for step in report.steps if step.name == "erasure.destination"))


def test_destroyed_here(ended: Migration, certify: Certify) -> None:
    made = certify()
    assert (made.recipient_key, made.statement) == (RecipientKey.DESTROYED, "")
    assert "keys/recipient.age (kept outside)" in {e.path for e in made.erased if e.kind is ErasedKind.KEY}
    assert not (ended.root / "recipient.age").exists()
    assert _said(ended).endswith("; identity destroyed")


def test_the_source_has_nothing_to_say_of_it(ended: Migration, keys: Keys) -> None:
    made = erased(ended.root, keys.folder, ended.source)
    assert (made.recipient_key, made.statement) == (RecipientKey.NOT_HERE, "")


def test_not_given_all_else_goes_and_nothing_is_certified(ended: Migration, certify: Certify) -> None:
    for _ in range(2):
        with pytest.raises(ErasureError, match="nothing is certified") as caught:
            certify(identity=None)
        assert "--identity-destroyed-elsewhere" in (caught.value.hint or "")
    assert not list(ended.destination.parcels.everything())
    assert ended.destination.progress().state is State.ACCEPTED
    assert not (ended.destination.root / "artefacts" / "erasure").exists()
    made = certify()  # the stick was found in the drawer
    assert made.recipient_key is RecipientKey.DESTROYED
    assert made.looked_for[1].startswith("12 planted markers")
    assert made.clean()


def test_stated_to_be_destroyed_elsewhere(ended: Migration, certify: Certify) -> None:
    (ended.root / "recipient.age").unlink()
    made = certify(destroyed_elsewhere=f"  {HOW}\n")
    assert (made.recipient_key, made.statement) == (RecipientKey.STATED, HOW)
    assert not any("outside" in each.path for each in made.erased)
    assert f'only stated to be: "{HOW}"' in _said(ended)
    assert [e.detail["statement"] for e in ended.destination.entries() if "statement" in e.detail] == [HOW]


def test_a_statement_without_a_file_at_all(ended: Migration, certify: Certify) -> None:
    assert certify(identity=None, destroyed_elsewhere=HOW).recipient_key is RecipientKey.STATED


def test_a_statement_about_an_identity_that_is_here_destroys_it(ended: Migration, certify: Certify) -> None:
    """What can be done is done, and the certificate says what was done."""
    made = certify(destroyed_elsewhere=HOW)
    assert (made.recipient_key, made.statement) == (RecipientKey.DESTROYED, "")
    assert not (ended.root / "recipient.age").exists()


def test_a_statement_that_turns_out_wrong_is_overtaken_by_the_deed(ended: Migration, certify: Certify) -> None:
    """Stated, then killed before the certificate; then the file turned up and was destroyed."""
    ended.destination.log(Event.ERASING, subject="identity stated to be destroyed", statement=HOW)
    made = certify()
    assert (made.recipient_key, made.statement) == (RecipientKey.DESTROYED, "")


@pytest.mark.parametrize("blank", ["", " ", "\n\t"])
def test_a_blank_is_no_statement(certify: Certify, blank: str) -> None:
    with pytest.raises(ErasureError):
        certify(identity=None, destroyed_elsewhere=blank)


def test_another_identity_is_left_alone(ended: Migration, certify: Certify) -> None:
    other = ended.root / "other.age"
    Identity.generate().save(other)
    before = other.read_bytes()
    with pytest.raises(UsageError, match="not the identity of the order's recipient"):
        certify(identity=other)
    assert other.read_bytes() == before
    assert not any(entry.subject.endswith("(kept outside)") for entry in ended.destination.entries())
    assert (ended.root / "recipient.age").exists()


@pytest.mark.parametrize("content", [b"", b"\0" * 200, b"AGE-SECRET-KEY-OF-SOMEBODY"])
def test_a_file_that_is_no_identity_stands_for_none(ended: Migration, certify: Certify, content: bytes) -> None:
    """An empty file of the right name proves nothing: who destroyed the identity says so in words."""
    (ended.root / "recipient.age").write_bytes(content)
    with pytest.raises(MalformedError):
        certify()
    assert ended.destination.progress().state is State.ACCEPTED


def test_the_identity_that_is_not_where_it_was_said_to_be(ended: Migration, certify: Certify) -> None:
    (ended.root / "recipient.age").unlink()
    with pytest.raises(StorageError) as caught:
        certify()
    assert "--identity-destroyed-elsewhere" in (caught.value.hint or "")
