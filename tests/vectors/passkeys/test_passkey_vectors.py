"""Published passkey signatures: our two verifiers, which share no code for them, and stock ``ssh-keygen``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import generate_passkeys
import pytest

import passkeys
from ecluse.domain import errors
from ecluse.domain.errors import EcluseError, SignatureError
from ecluse.seal import signing
from ecluse.verify import _sshsig

Vector = dict[str, Any]
VECTORS: list[Vector] = json.loads((Path(__file__).parent / "passkeys.json").read_text(encoding="utf-8"))
each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])


@each_vector
def test_the_writers_verifier(vector: Vector) -> None:
    given = vector["message"].encode(), vector["signature"].encode(), vector["key"], vector["namespace"]
    if vector["ours"] == "success":
        signing.verify(*given)
        return
    with pytest.raises(getattr(errors, vector["ours"]["error"])) as caught:
        signing.verify(*given)
    assert vector["ours"]["says"] in str(caught.value)


@each_vector
def test_the_auditors_verifier(vector: Vector) -> None:
    def check() -> None:
        key = _sshsig.key_of(vector["key"])
        _sshsig.verify(vector["message"].encode(), vector["signature"].encode(), key, vector["namespace"])

    if vector["ours"] == "success":
        check()
    else:
        with pytest.raises(SignatureError):
            check()


@each_vector
def test_stock_ssh_keygen(vector: Vector, tmp_path: Path) -> None:
    message, signature = vector["message"].encode(), vector["signature"].encode()
    assert passkeys.stock_accepts(message, signature, vector["key"], tmp_path, vector["namespace"]) is vector["stock"]


def test_the_vectors_are_what_their_generator_makes() -> None:
    assert (Path(__file__).parent / "passkeys.json").read_text(encoding="utf-8") == generate_passkeys.text()


def test_names_are_unique_and_where_stock_is_laxer_is_among_them() -> None:
    assert len({vector["name"] for vector in VECTORS}) == len(VECTORS)
    laxer = {vector["name"] for vector in VECTORS if vector["stock"] and vector["ours"] != "success"}
    assert {"user not verified", "user not present", "page of https://evil.example", "in a frame of another site",
            "in a token's form, user present"} <= laxer  # fmt: skip
    stricter = [vector["name"] for vector in VECTORS if vector["ours"] == "success" and not vector["stock"]]
    assert stricter == ["carriage returns"]


def refused(check: Callable[[], None]) -> bool:
    try:
        check()
    except EcluseError:
        return True
    return False


def test_every_flipped_bit_is_refused_by_the_auditor() -> None:
    good = VECTORS[0]
    message, key = good["message"].encode(), _sshsig.key_of(good["key"])
    blob = passkeys.dearmour(good["signature"].encode())
    for at in range(len(blob)):
        for bit in range(8):
            bad = passkeys.armour(blob[:at] + bytes([blob[at] ^ 1 << bit]) + blob[at + 1 :])
            assert refused(lambda bad=bad: _sshsig.verify(message, bad, key, good["namespace"])), (at, bit)  # type: ignore[misc]


def test_flipped_bits_are_refused_by_the_writer() -> None:
    good = VECTORS[0]
    message, blob = good["message"].encode(), passkeys.dearmour(good["signature"].encode())
    for at in range(len(blob)):
        bad = passkeys.armour(blob[:at] + bytes([blob[at] ^ 1 << at % 8]) + blob[at + 1 :])
        assert refused(lambda bad=bad: signing.verify(message, bad, good["key"], good["namespace"])), at  # type: ignore[misc]
