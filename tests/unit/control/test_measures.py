"""The measures that an agreement is offered: each is proved by a test that exists, and by a law and a fact that do."""

import re
from pathlib import Path

import pytest
import yaml

from ecluse.control.measures import PROPOSALS, proposed, proposed_yaml
from ecluse.control.report_words import LANGUAGES, Lang

ROOT = Path(__file__).parents[3]


def test_each_proof_exists_and_holds_tests() -> None:
    for proposal in PROPOSALS:
        assert proposal.tests, proposal.heading.en
        for path in proposal.tests:
            assert re.search(r"^ *def test_", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), path


def test_laws_facts_and_articles_are_real() -> None:
    for proposal in PROPOSALS:
        assert 1 <= proposal.law <= 10
        assert proposal.facts
        assert all(re.fullmatch(r"R([1-9]|1\d|20)", fact) for fact in proposal.facts)
        assert re.search(r"\b(25|32|28|29|33)\b", proposal.articles)
    assert {proposal.law for proposal in PROPOSALS} >= {1, 2, 3, 4, 5, 6, 7, 9, 10}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_draft_s_measures_are_the_proposals(lang: Lang) -> None:
    text = proposed_yaml(lang)
    assert max(map(len, text.splitlines())) <= 120
    parsed = yaml.safe_load(text)["measures"]
    typed = [(m.heading, m.description) for m in proposed(lang)]
    assert [(m["heading"], m["description"]) for m in parsed] == [
        tuple(part.replace("\u00a0", " ").replace("’", "'") for part in one) for one in typed
    ]
    assert text.count("# GDPR" if lang == "en" else "# RGPD") == len(PROPOSALS)


def test_headings_are_told_apart_and_both_languages_say_all() -> None:
    for lang in LANGUAGES:
        assert len({m.heading for m in proposed(lang)}) == len(PROPOSALS)
    for proposal in PROPOSALS:
        english, french = (len(half.split()) for half in (proposal.description.en, proposal.description.fr))
        assert 0.7 < french / english < 1.6, proposal.heading.en
        assert english > 12, "a measure is described concretely (Decision 2021/915, annex III)"


def test_the_example_and_the_reference_offer_the_same() -> None:
    example = (ROOT / "docs/examples/agreement.yaml").read_text(encoding="utf-8")
    assert proposed_yaml("en") in example
