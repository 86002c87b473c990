"""Armoured age files: the stock tool's form, and no other."""

import base64

import pytest

from ecluse.domain.errors import MalformedError
from ecluse.seal.armour import armoured, bare
from ecluse.seal.sealing import Identity, open_sealed, seal

BEGIN, END = "-----BEGIN AGE ENCRYPTED FILE-----\n", "-----END AGE ENCRYPTED FILE-----\n"


@pytest.mark.parametrize("size", [0, 1, 15, 32, 47, 48, 49, 1000])
def test_there_and_back(size: int) -> None:
    identity = Identity.generate()
    text = armoured(seal(bytes(size), [identity.recipient]))
    assert open_sealed(bare(text), identity) == bytes(size)
    assert max(map(len, text.splitlines())) == 64


def test_another_implementation_opens_it() -> None:
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    text = armoured(seal(b"a key", [str(identity.to_public())]))
    assert pyrage.decrypt(text.encode(), [identity]) == b"a key"


def _text(body: str) -> str:
    return f"{BEGIN}{body}{END}"


GOOD = base64.b64encode(bytes(60)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "", BEGIN + END, _text(""), _text("\n"), GOOD, f"{BEGIN}{GOOD[:64]}\n{GOOD[64:]}", f"{GOOD[:64]}\n{GOOD[64:]}\n{END}",
        _text(f"{GOOD[:60]}\n{GOOD[60:]}\n"), _text(f"{GOOD}\n"), _text(f"{GOOD[:64]}\n{GOOD[64:]}\n\n"),
        _text(f"{GOOD[:64]}\r\n{GOOD[64:]}\r\n"), _text(f"{GOOD[:64]}\n{GOOD[64:]}\n") + "more", _text("AAAA====\n"),
        " " + _text(f"{GOOD[:64]}\n{GOOD[64:]}\n"), _text("AAB=\n"), _text("é\n"),
    ],
)  # fmt: skip
def test_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="not an armoured age file"):
        bare(text)
