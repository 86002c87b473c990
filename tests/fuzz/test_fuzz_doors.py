"""The relay's doors under a few hundred mutations of their seeds, always the same ones; ``make fuzz`` does many more."""

import random
from pathlib import Path

import pytest

from fuzz.catalogue import TARGETS
from fuzz.doors import BOX, CUT, DESTINATION, NAMES, SOURCE, UNSIZED, https_seeds, world
from fuzz.invariants import BrokenError
from fuzz.mutators import mutated

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("name", ["relay-https", "relay-sftp", "relay-ssh"])
def test_mutations_break_no_door(name: str) -> None:
    target = TARGETS[name]
    seeds = [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]

    def flipped(data: bytes, limit: int) -> bytes:
        made = bytearray(data[:limit])
        for _ in range(min(4, len(made))):
            made[dice.randrange(len(made))] = dice.randrange(256)
        return bytes(made)

    outcomes = set()
    for number in range(150):
        dice = random.Random(number)
        outcomes.add(target.run(mutated(target, dice.choice(seeds), target.longest, dice, flipped)))
    assert len(outcomes) >= (2 if name == "relay-ssh" else 8)


@pytest.mark.parametrize("cut", range(0, 1600, 37))
def test_requests_cut_apart_anywhere_are_answered_alike(cut: int) -> None:
    sending = dict(https_seeds())["sending"]
    assert TARGETS["relay-https"].run(sending[:cut] + CUT + sending[cut:]) == "OK No Content Created"


class TestTheHarnessCanFail:
    def test_a_stranger_who_is_let_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        desk = world().desk
        holder = desk.accounts.get("agent-source")
        with monkeypatch.context() as patched:
            patched.setattr(desk.accounts, "by_mark", lambda _: holder)
            with pytest.raises(BrokenError):
                TARGETS["relay-https"].run(
                    b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer zqxcanary-0123456789\r\n\r\n"
                )

    def test_a_file_where_none_may_lie(self, monkeypatch: pytest.MonkeyPatch) -> None:
        desk, begin = world().desk, world().desk.begin

        def strayed(visitor: object, box: str, name: str) -> object:
            (desk.home.root / "stray").write_bytes(b"x")
            return begin(visitor, box, name)

        with monkeypatch.context() as patched:
            patched.setattr(desk, "begin", strayed)
            with pytest.raises(BrokenError, match="none may"):
                TARGETS["relay-https"].run(dict(https_seeds())["sending"])

    def test_a_fault_of_ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        desk = world().desk

        def broken(*_: object) -> None:
            raise RuntimeError

        for verb, path, token in (
            ("GET", "/", SOURCE),
            ("HEAD", f"/{BOX}/out/{NAMES[UNSIZED]}", SOURCE),
            ("GET", f"/{BOX}/in/", DESTINATION),
        ):
            with monkeypatch.context() as patched:
                for name in ("boxes", "progress", "inside"):
                    patched.setattr(desk, name, broken)
                with pytest.raises(BrokenError, match="fault"):
                    TARGETS["relay-https"].run(
                        f"{verb} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
                    )
