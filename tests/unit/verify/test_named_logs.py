"""A journal is the one that its agent's signed papers name: no pinned log key and no kept checkpoint is needed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ecluse.domain.errors import TamperError, UnvouchedError
from ecluse.journal.keys import LogKey
from ecluse.verify import Status, render, verdict, verify_bundle
from evidence_tools import Genuine, audit, find, first_failure, rewritten, signatures_of, unpack
from synthetic_evidence import NOW, Migration

AGENTS = {"source": "agent-a", "destination": "agent-b"}
PAPERS = {"source": "plan", "destination": "reconciliation"}


@pytest.fixture
def trust(genuine: Genuine, tmp_path: Path) -> Path:
    """The keys of the two who bind the parties, and no log's."""
    path = tmp_path / "my_signers"
    path.write_text("".join(f"{who} {genuine.keys.line(who)}\n" for who in ("dr.martin", "m.gerant")))
    return path


@pytest.mark.parametrize("place", AGENTS)
def test_a_journal_signed_by_another_key_fails_though_nobody_pinned_its_own(
    genuine: Genuine, tmp_path: Path, trust: Path, place: str
) -> None:
    """The same entries, the same name, a key of the forger's: nothing else in the bundle contradicts it."""
    mine = LogKey.generate(f"ecluse/{place}/{AGENTS[place]}")
    members = rewritten(unpack(genuine.bundles["erased"]), place, mine, list)
    for given in (None, trust):
        report = audit(members, tmp_path, trust=given)
        assert first_failure(report) == f"log.{place}"
        assert {step.name for step in report.failed} == {f"log.{place}", f"erasure.{place}"}
        assert PAPERS[place] in str(report.failed[0].detail)
        assert PAPERS[place] in report.failed[0].detail.fr


@pytest.mark.parametrize("place", AGENTS)
def test_a_journal_forged_before_the_erasure(genuine: Genuine, tmp_path: Path, place: str) -> None:
    mine = LogKey.generate(f"ecluse/{place}/{AGENTS[place]}")
    members = rewritten(unpack(genuine.bundles["accepted"]), place, mine, list)
    assert [step.name for step in audit(members, tmp_path).failed] == [f"log.{place}"]


def test_the_key_is_the_papers_even_in_a_bundle_of_one_place(migration: Callable[..., Migration]) -> None:
    made = migration()
    list(made.run())
    for place in (made.source, made.destination):
        report = verify_bundle(made.bundle("one.zip", [place]), trust=None, now=NOW)
        found = {step.name: step.status for step in report.steps}
        assert found[f"log.{place.place}"] is Status.OK


@pytest.mark.parametrize("place", AGENTS)
def test_without_the_paper_nothing_is_claimed(genuine: Genuine, tmp_path: Path, place: str) -> None:
    stage = {"source": "planned", "destination": "loaded"}[place]
    members = unpack(genuine.bundles[stage])
    if place == "source":
        for each in signatures_of(members, find(members, "source", "plan")):
            del members[each]
    steps = {step.name: step.status for step in audit(members, tmp_path).steps}
    assert steps[f"log.{place}"] is Status.NOT_REACHED




def test_consistent_is_not_authenticated(genuine: Genuine, tmp_path: Path, trust: Path) -> None:
    bundle = genuine.bundles["erased"]
    alone = verify_bundle(bundle, trust=None, now=NOW)
    assert (alone.consistent, alone.authenticated, alone.complete, alone.exit_code) == (True, False, True, 21)
    with pytest.raises(UnvouchedError):
        alone.check()
    sure = verify_bundle(bundle, trust=trust, now=NOW)
    assert (sure.consistent, sure.authenticated, sure.complete, sure.exit_code) == (True, True, True, 0)
    sure.check()
    broken = unpack(bundle)
    broken.pop("source/journal/checkpoint")
    failed = audit(broken, tmp_path, trust=trust)
    assert (failed.consistent, failed.authenticated, failed.exit_code) == (False, False, 17)
    with pytest.raises(TamperError):
        failed.check()


@pytest.mark.parametrize(
    ("lang", "words", "never"),
    [
        ("en", ("CONSISTENT, NOT AUTHENTICATED", "nobody vouched for these keys", "--trust"), "VERIFIED"),
        ("fr", ("COHÉRENT, NON AUTHENTIFIÉ", "personne ne s'est porté garant", "--trust"), "VÉRIFIÉ"),
    ],
)
@pytest.mark.parametrize("stage", ["sealed", "erased"])
def test_the_verdict_says_so(genuine: Genuine, lang: str, words: tuple[str, ...], never: str, stage: str) -> None:
    report = verify_bundle(genuine.bundles[stage], trust=None, now=NOW)
    said = verdict(report, lang)  # type: ignore[arg-type]
    assert all(word in said for word in words)
    assert never not in said
    assert render(report, lang).splitlines()[-1] == said  # type: ignore[arg-type]
    not_reached = {"en": "not reached", "fr": "non atteintes"}[lang]
    assert (not_reached in said) == (stage == "sealed")


def test_a_bundle_whose_trust_step_is_not_reached_is_not_authenticated(genuine: Genuine, tmp_path: Path, trust: Path) -> None:
    members = unpack(genuine.bundles["erased"])
    for place in AGENTS:
        name = find(members, place, "agreement")
        for each in (*signatures_of(members, name), name):
            del members[each]
    report = audit(members, tmp_path, trust=trust)
    assert not report.authenticated
