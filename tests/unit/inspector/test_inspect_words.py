"""The rules' words are whole in both languages; findings have no room for a value; reports say what was found."""

import datetime as dt
import json
import re
import string
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.alerts import Severity
from ecluse.inspector import baseline
from ecluse.inspector.findings import Finding, Standing, Sureness, shown, technical
from ecluse.inspector.report_html import as_html
from ecluse.inspector.report_json import as_json, as_sarif
from ecluse.inspector.rule import Rule
from ecluse.inspector.rules import ARTICLES, COUNTED, FACTS, FAILINGS, RULES
from ecluse.inspector.telling import evidence

NOW = dt.datetime(2026, 11, 22, 17, 0, tzinfo=dt.UTC)
FOUND = sorted(
    (
        RULES["anonymous-login"].found("ftp://h:21", "h:21", facts=("anonymous", "empty-password")),
        RULES["open-listing"].found("ftp://h:21", "h:21/<b>à & b", counts=(("files", 12345), ("folders", 1))),
        RULES["open-listing"].found("ftp://h:21", "h:21/c", Sureness.PROBABLE, counts=(("files", 1),)),
        RULES["old-version"].found(
            "ftp://h:21", "h:21", Sureness.POSSIBLE, facts=("vsftpd", "2.3.4", "possibly-mended")
        ),
        RULES["security-txt-missing"].found("https://h:443", "h:443"),
        RULES["not-looked-at"].found("https://h:443", "h:443", facts=("sslyze", "tool-missing")),
    ),
    key=lambda each: each.rank,
)
TARGETS = ["ftp://h:21", "https://h:443"]


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_says_all_in_both_languages(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]+", rule.id)
    for words in (rule.en, rule.fr):
        assert words.title
        assert not words.title.endswith(".")
        assert words.what.endswith(".")
        assert words.mend.endswith((".", ")"))
    assert rule.en.what != rule.fr.what
    assert rule.en.mend != rule.fr.mend
    assert set(rule.failings) <= FAILINGS.keys()
    assert set(rule.articles) <= ARTICLES.keys()
    assert rule.articles or rule.standing is not Standing.FAILING, "a failing names the law that it fails"


def test_words_of_evidence_can_be_facts_and_counts() -> None:
    assert all(technical(fact) for fact in FACTS)
    for name in COUNTED:
        RULES["open-listing"].found("t", "p", counts=((name, 1),))
    assert all(en and fr for en, fr in (*COUNTED.values(), *FACTS.values()))


class TestFinding:
    @pytest.mark.parametrize(
        "fact", ["253072A073004", "2.53.07.2b.073.004", "MARTIN Jean", "12/03/1970", "170017510112313", "", "é", "a b", "x" * 81, "1 70 01 75 101 123"]
    )
    def test_a_fact_is_no_text(self, fact: str) -> None:
        with pytest.raises(ValueError, match="fact"):
            RULES["open-listing"].found("t", "p", facts=(fact,))

    @pytest.mark.parametrize("count", [("MARTIN", 1), ("files", -1), ("a b", 1)])
    def test_a_count_is_a_name_and_a_number(self, count: tuple[str, int]) -> None:
        with pytest.raises(ValueError, match="count"):
            RULES["open-listing"].found("t", "p", counts=(count,))

    def test_a_place_shows_no_long_number(self) -> None:
        found = RULES["open-listing"].found("t", "/in/DUPONT_1 70 01 75 101 123 88.pdf\n\x1b[2J")
        assert not re.search(r"\d.*\d{2}.*\d{3}", found.place)
        assert "\x1b" not in found.place
        assert shown("192.168.100.25:21/1.70.01.75.101.123.88") == "192.168.100.25:21/#.##.##.##.###.###.##"
        for target, place in (("t", "170017510112313"), ("ftp://anna:word@h/", "p"), ("a\x1b[2J", "p")):
            with pytest.raises(ValueError, match="shown"):
                Finding("open-listing", Severity.LOW, Sureness.CERTAIN, target, place)

    @pytest.mark.parametrize("number", [
        "253072A073004", "253072A07300443", "2 53 07 2B 073 004 43", "1\u00a070\u00a001\u202f75 101 123", "1  70 01 75 101 123",
        "170.017.510.112", "1_70_01_75_101_123",
    ])  # fmt: skip
    def test_no_nir_is_shown_however_it_is_written(self, number: str) -> None:
        assert sum(each.isdigit() for each in shown(f"/in/{number}.pdf")) == 0
        assert shown("ftp://192.168.100.25:2121/a") == "ftp://192.168.100.25:2121/a"

    @pytest.mark.parametrize(("text", "told"), [
        ("in\x1b[2J\u202eon", "in\\u001b[2J\\u202eon"), ("a\ud800b", "a\\ud800b"),
        ("1\u200b70\u200b01\u200b75\u200b101\u200b123", "#############"),
        ("ftp://anna:pass-9@h/a@b", "ftp://***@h/a@b"), ("https://h/a?x=1&Password=pass-9;token=t", "https://h/a?x=1&Password=***;token=***"),
        ("/in/mailto:a@b.csv", "/in/mailto:a@b.csv"),
    ])  # fmt: skip
    def test_no_terminal_is_moved_and_no_secret_told(self, text: str, told: str) -> None:
        assert shown(text) == told
        found = RULES["open-listing"].found(text, text)
        assert (found.target, found.place) == (shown(text), shown(text))

    @given(st.text(max_size=400) | st.from_regex(r"(?s)(://|[0-9.]{3,9}|pwd=|@|.{0,80}|\u2066){0,9}"))
    def test_what_is_shown_is_shown_as_it_is(self, text: str) -> None:
        once = shown(text)
        assert shown(once) == once
        assert len(once) <= 200
        assert not re.search(r"\d{8}", once)
        assert once.isprintable()

    def test_its_key_is_its_place_not_its_count(self) -> None:
        rule = RULES["open-listing"]
        one, two = (rule.found("t", "p", counts=(("files", n),)) for n in (1, 2))
        assert one.key == two.key != rule.found("t", "q").key != RULES["anonymous-login"].found("t", "q").key


@pytest.mark.parametrize("language", ["en", "fr"])
class TestReports:
    def test_the_page_needs_nothing_and_runs_nothing(self, language: str) -> None:
        page = as_html(FOUND, [FOUND[0].key], TARGETS, NOW, language)
        assert f'<html lang="{language}">' in page
        assert "<script" not in page
        assert not re.search(r"(src|href)=", page)
        assert "default-src 'none'" in page.replace("&#x27;", "'")
        assert "<b>à" not in page
        assert "&lt;b&gt;à &amp; b" in page
        texts = _texts(page)
        for finding in FOUND:
            words = RULES[finding.rule].words(language)
            assert words.title in texts
            assert evidence(finding, language) in texts
            if finding.standing is not Standing.UNSEEN:
                assert words.mend in texts
        assert ("fichiers : 12\u202f345" if language == "fr" else "files: 12,345") in texts
        assert ("connu" if language == "fr" else "known") in texts

    def test_nothing_found(self, language: str) -> None:
        texts = _texts(as_html([], [], TARGETS, NOW, language))
        assert ("Aucun manquement" if language == "fr" else "No failing") in texts

    def test_json_has_every_finding(self, language: str) -> None:
        made = json.loads(json.dumps(as_json(FOUND, [FOUND[0].key], TARGETS, NOW, language)))
        assert [each["rule"] for each in made["findings"]] == [each.rule for each in FOUND]
        assert [each["known"] for each in made["findings"]] == [True] + [False] * (len(FOUND) - 1)
        assert made["at"] == "2026-11-22T17:00:00Z"

    def test_sarif_is_as_sarif_is(self, language: str) -> None:
        """The parts that 2.1.0 requires (§3.13, 3.14, 3.18, 3.19, 3.20, 3.27, 3.49, 3.58), and their constraints."""
        made = json.loads(json.dumps(as_sarif(FOUND, [FOUND[0].key], "0.1.0", NOW, language)))
        assert made["version"] == "2.1.0"
        (run,) = made["runs"]
        driver = run["tool"]["driver"]
        assert driver["name"]
        ids = [rule["id"] for rule in driver["rules"]]
        assert ids == sorted(set(ids))
        levels = {"none", "note", "warning", "error"}
        for rule in driver["rules"]:
            assert rule["shortDescription"]["text"]
            assert rule["defaultConfiguration"]["level"] in levels
            assert 0 <= float(rule["properties"]["security-severity"]) <= 10
            assert len(set(rule["properties"]["tags"])) == len(rule["properties"]["tags"])
        for result in run["results"]:
            assert ids[result["ruleIndex"]] == result["ruleId"]
            assert result["message"]["text"]
            assert result["level"] in levels
            assert result["kind"] == "fail" or result["level"] == "none", "§3.27.10: a level only where it fails"
            assert result["baselineState"] in {"new", "unchanged"}
            (place,) = result["locations"][0]["logicalLocations"]
            assert place["fullyQualifiedName"]
        assert len(run["results"]) == len(FOUND) - 1
        (invocation,) = run["invocations"]
        assert invocation["executionSuccessful"] is True
        (notice,) = invocation["toolExecutionNotifications"]
        assert "sslyze" in notice["message"]["text"]


class TestBaseline:
    def test_what_is_written_is_read(self, tmp_path) -> None:
        path = tmp_path / "known.json"
        path.write_text(baseline.written([*FOUND, *FOUND]))
        failings = {each.key for each in FOUND if each.standing is Standing.FAILING}
        assert baseline.read(path) == failings
        again = [replace(each, counts=(("files", 99),)) for each in FOUND]
        assert {each.key for each in again if each.standing is Standing.FAILING} == baseline.read(path)
        assert not any(each.place in path.read_text() for each in FOUND)


def _texts(page: str) -> str:
    found = list[str]()

    class Texts(HTMLParser):
        def handle_data(self, data: str) -> None:
            found.append(data)

    parser = Texts()
    parser.feed(page)
    assert set("".join(found)) & set(string.ascii_letters)
    return "".join(found)
