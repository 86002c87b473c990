"""The published vectors, and those too large to publish: each bad one fails as it says."""

import base64
import json
from pathlib import Path
from typing import Any

import age_parts as age
import pytest

from ecluse.domain import errors
from ecluse.seal.sealing import Identity, open_sealed
from ecluse.seal.signing import verify

HERE = Path(__file__).parent
ME = bytes(range(32))
Vector = dict[str, Any]


def _vectors(name: str) -> list[Any]:
    return [pytest.param(each, id=each["name"]) for each in json.loads((HERE / name).read_text(encoding="utf-8"))]


@pytest.mark.parametrize("vector", _vectors("signatures.json"))
def test_signature(vector: Vector) -> None:
    given = vector["message"].encode(), vector["signature"].encode(), vector["key"], vector["namespace"]
    if vector["expect"] == "success":
        verify(*given)
        return
    with pytest.raises(errors.RefusedError) as caught:
        verify(*given)
    assert type(caught.value).__name__ == vector["expect"]["error"]
    assert caught.value.message.startswith(vector["expect"]["says"])


@pytest.mark.parametrize("vector", _vectors("sealed.json"))
def test_sealed(vector: Vector) -> None:
    scalar = bytes.fromhex(vector["identity_scalar"])
    identity = Identity(vector["recipient"], age.identity_text(scalar))
    file = base64.b64decode(vector["file"])
    if "payload" in vector["expect"]:
        assert open_sealed(file, identity) == vector["expect"]["payload"].encode()
        return
    with pytest.raises(errors.TamperError) as caught:
        open_sealed(file, identity)
    assert vector["expect"]["says"] in caught.value.message


def test_identity_of_the_vectors_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "k").write_text(age.identity_text(ME) + "\n")
    assert Identity.load(tmp_path / "k").recipient == age.recipient_text(ME)


class TestManyChunks:
    """A stream of 64 KiB chunks, rightly keyed, wrongly composed."""

    head = age.header(age.x25519_stanza(ME)) + age.NONCE
    full = bytes(age.CHUNK)
    identity = Identity(age.recipient_text(ME), age.identity_text(ME))

    def test_the_right_composition(self) -> None:
        two = age.chunk(self.full, 0, last=False) + age.chunk(b"end", 1, last=True)
        assert open_sealed(self.head + two, self.identity) == self.full + b"end"
        exact = age.chunk(self.full, 0, last=False) + age.chunk(self.full, 1, last=True)
        assert open_sealed(self.head + exact, self.identity) == self.full * 2

    @pytest.mark.parametrize(
        "chunks",
        [
            pytest.param([(full, 0, False), (b"", 1, True)], id="empty last chunk"),
            pytest.param([(full, 0, True), (b"end", 1, True)], id="last in the middle"),
            pytest.param([(full, 0, False), (b"end", 1, False)], id="never last"),
            pytest.param([(full, 0, False), (b"end", 2, True)], id="a number skipped"),
            pytest.param([(full, 0, False), (b"end", 0, True)], id="a number repeated"),
            pytest.param([(full[:-1], 0, False), (b"end", 1, True)], id="a short chunk in the middle"),
            pytest.param([(full + b"x", 0, True)], id="too large a chunk"),
            pytest.param([(full, 0, False)], id="nothing behind a full one"),
        ],
    )
    def test_wrong_composition(self, chunks: list[tuple[bytes, int, bool]]) -> None:
        content = b"".join(age.chunk(data, number, last=last) for data, number, last in chunks)
        with pytest.raises(errors.TamperError, match="content"):
            open_sealed(self.head + content, self.identity)
