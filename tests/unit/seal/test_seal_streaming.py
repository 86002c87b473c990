"""Sealing piece by piece: what stock age opens, whatever the pieces; what goes wrong comes out as it was."""

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecluse.domain.errors import ConnectionLostError, MalformedError, TamperError
from ecluse.seal.sealing import Identity, open_sealed
from ecluse.seal.streaming import seal_stream


@pytest.mark.parametrize("sizes", [(), (0,), (1,), (0, 5, 0), (65_536,) * 3, (200_001, 1, 0, 70_000)])
def test_pieces_open_as_one(sizes: tuple[int, ...]) -> None:
    identity, out = Identity.generate(), io.BytesIO()
    pieces = [bytes([place + 1]) * size for place, size in enumerate(sizes)]
    seal_stream(iter(pieces), out, identity.recipient)
    assert open_sealed(out.getvalue(), identity) == b"".join(pieces)
    with pytest.raises(TamperError):
        open_sealed(out.getvalue(), Identity.generate())


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_an_ssh_key_opens_by_stock_age(kind: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "dr.martin", "-f", key], check=True)
    with (tmp_path / "sealed.age").open("wb") as out:
        seal_stream([b"one ", b"two"], out, key.with_suffix(".pub").read_text().strip())
    done = subprocess.run(["age", "-d", "-i", key, tmp_path / "sealed.age"], capture_output=True, check=True)
    assert done.stdout == b"one two"


class Failing:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __iter__(self) -> Iterator[bytes]:
        yield b"DUPONT" * 20_000
        raise self.error


@pytest.mark.parametrize("error", [ConnectionLostError("gone"), KeyboardInterrupt(), OSError(5, "x"), ValueError("y")])
def test_what_goes_wrong_in_a_piece_comes_out_as_it_was(error: BaseException) -> None:
    identity, out = Identity.generate(), io.BytesIO()
    with pytest.raises(type(error)) as caught:
        seal_stream(Failing(error), out, identity.recipient)
    assert caught.value is error
    assert b"DUPONT" not in out.getvalue()
    with pytest.raises(TamperError):
        open_sealed(out.getvalue(), identity)


class Full(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, _data: object) -> int:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_the_disks() -> None:
    with pytest.raises(OSError, match="space"):
        seal_stream([b"x" * 200_000], Full(), Identity.generate().recipient)


@pytest.mark.parametrize("key", ["ssh-ed25519 AAAA", "ssh-dss AAAA", "age1x", "AGE-SECRET-KEY-1", "somebody"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(MalformedError):
        seal_stream([b"x"], io.BytesIO(), key)
