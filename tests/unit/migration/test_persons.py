"""Keyed lists of persons (R19)."""

import hashlib
import hmac
import sqlite3
from pathlib import Path

import pytest

from ecluse.domain.errors import MalformedError, OrderError
from ecluse.domain.order import PersonBasis
from ecluse.domain.profile import Engine
from ecluse.migration.persons import check_list, make_list, read_list, resolve
from legacy import DbSource, profile

KEY = b"k" * 32


def test_the_hash_is_stock_hmac_of_the_normalised_identity() -> None:
    made = make_list(KEY, PersonBasis.SOURCE_ID, [" 10 0007\t", "abc"])
    assert hmac.new(KEY, b"100007", hashlib.sha256).hexdigest() in made.hashes
    assert hmac.new(KEY, b"ABC", hashlib.sha256).hexdigest() in made.hashes


def test_a_nir_with_and_without_its_key_is_one_person() -> None:
    made = make_list(KEY, PersonBasis.NIR, ["2 85 01 75 001 001 23", "2850175001001", "285017500100123"])
    assert len(made.hashes) == 1


def test_an_empty_identity_is_refused_by_its_place() -> None:
    with pytest.raises(OrderError, match="person 2"):
        make_list(KEY, PersonBasis.NIR, ["1", " "])


def test_the_file_round_trips_and_is_pinned(tmp_path: Path) -> None:
    made = make_list(KEY, PersonBasis.SOURCE_ID, ["1", "2"])
    (tmp_path / "persons.keyed").write_bytes(made.encode())
    again = read_list(tmp_path / "persons.keyed")
    assert again == made
    check_list(made.exclusion(), again)
    with pytest.raises(OrderError, match="not the one that was ordered"):
        check_list(make_list(KEY, PersonBasis.SOURCE_ID, ["1", "3"]).exclusion(), again)
    with pytest.raises(OrderError, match="not given"):
        check_list(made.exclusion(), None)
    with pytest.raises(OrderError, match="excludes no person"):
        check_list(None, made)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("ecluse.persons/1", "ecluse.persons/2"), "format: must be ecluse.persons/1"),
        (("HMAC-SHA-256", "MD5"), "algorithm: must be HMAC-SHA-256"),
        (("patient.source_id", "patient.name"), "basis: must be"),
        (('"hashes":["', '"hashes":["zz'), "hashes[0]: must be 64"),
        (('"check"', '"chek"'), "check: this field is missing"),
        (('"hashes":[', '"hashes":"x","more":['), "more: unknown field"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    text = make_list(KEY, PersonBasis.SOURCE_ID, ["1", "2"]).encode().decode()
    assert change[0] in text
    (tmp_path / "list").write_text(text.replace(*change))
    with pytest.raises(MalformedError) as caught:
        read_list(tmp_path / "list")
    assert says in str(caught.value)
    assert "list:1" in str(caught.value)


def test_unsorted_and_doubled_hashes_are_refused(tmp_path: Path) -> None:
    made = make_list(KEY, PersonBasis.SOURCE_ID, ["1", "2"])
    text = made.encode().decode()
    (tmp_path / "list").write_text(text.replace(made.hashes[0], made.hashes[1]))
    with pytest.raises(MalformedError, match="sorted, each once"):
        read_list(tmp_path / "list")


def test_a_wrong_key_is_noticed_instead_of_excluding_nobody() -> None:
    connection = sqlite3.connect(":memory:")
    made = make_list(KEY, PersonBasis.SOURCE_ID, ["1"])
    with pytest.raises(OrderError, match="key is not"):
        resolve(DbSource(connection, "sqlite"), profile(Engine.SQLITE), made, b"other")
    connection.close()
