"""Evidence without the auditor's own keys: consistent, never authenticated, and nobody can take one for the other."""

import json
from pathlib import Path

import pytest

from functional.cli import lis
from functional.cli.world import Desk

SAID = {
    "en": ("CONSISTENT, NOT AUTHENTICATED", "nobody vouched for these keys", "give --trust"),
    "fr": ("COHÉRENT, NON AUTHENTIFIÉ", "personne ne s'est porté garant de ces clés", "donnez --trust"),
}


@pytest.fixture
def bundle(desk: Desk) -> Desk:
    lis.prepared(desk)
    desk.run(lis.PLAN)
    desk.run("evidence export w --out evidence.zip")
    return desk


@pytest.mark.parametrize("lang", SAID)
def test_without_trust(bundle: Desk, lang: str) -> None:
    said = bundle.run(f"evidence verify evidence.zip --lang {lang}", code=21)
    verdict, nobody, give = SAID[lang]
    assert said.out.rstrip().splitlines()[-1].startswith(verdict)
    assert nobody in said.out
    assert nobody in said.err
    assert give in said.err
    assert "VERIFIED" not in said.out
    assert "VÉRIFIÉ" not in said.out
    quiet = bundle.run(f"evidence verify evidence.zip --lang {lang} --quiet", code=21)
    assert nobody in quiet.err


@pytest.mark.parametrize("lang", SAID)
def test_without_trust_for_programs(bundle: Desk, lang: str) -> None:
    answer = bundle.run(f"evidence verify evidence.zip --json --lang {lang}", code=21).json()
    assert (answer["verified"], answer["authenticated"], answer["consistent"]) == (False, False, True)
    assert answer["verdict"].startswith(SAID[lang][0])


def test_with_trust(bundle: Desk) -> None:
    answer = bundle.verify()
    assert (answer["verified"], answer["authenticated"], answer["consistent"]) == (True, True, True)
    assert "VERIFIED so far" in bundle.run("evidence verify evidence.zip --trust my_signers").out


def test_tampered_with_trust_or_without(bundle: Desk) -> None:
    bundle.verify()
    Path("evidence.zip").write_bytes(Path("evidence.zip").read_bytes() + b"x")
    for more in ("", " --trust my_signers"):
        said = bundle.run(f"evidence verify evidence.zip --json{more}", code=17)
        answer = json.loads(said.out)
        assert (answer["verified"], answer["authenticated"], answer["consistent"]) == (False, False, False)
