"""Every text in both languages: read from the commands' own source, and from tables that must be total."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ecluse.cli
from ecluse.cli import _events, _plan_show, _text
from ecluse.cli._messages import translated
from ecluse.control.messages_fr import FRENCH
from ecluse.control.messages_fr_run import FRENCH_RUN
from ecluse.domain.entry import Event
from ecluse.domain.lifecycle import Owner, State
from ecluse.domain.plan import LeftOutReason, Snapshot
from ecluse.wire import documents

SOURCES = sorted(Path(ecluse.cli.__file__).parent.glob("*.py"))
DRAFTS = Path(ecluse.cli.__file__).parent / "drafts"


def pairs(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"tr", "Text"}:
            yield node


def literal(node: ast.expr) -> tuple[str, set[str]] | None:
    """A text's words and the expressions in it; None for one that is computed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value, set()
    if isinstance(node, ast.JoinedStr):
        words = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        return words, {ast.unparse(part.value) for part in node.values if isinstance(part, ast.FormattedValue)}
    return None


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_text_has_both_languages(path: Path) -> None:
    for call in pairs(path):
        assert len(call.args) == 2, f"{path.name}:{call.lineno}: a pair has two halves"
        english, french = map(literal, call.args)
        if english is None or french is None:
            continue
        place = f"{path.name}:{call.lineno}"
        assert english[0], f"{place}: no English"
        assert french[0], f"{place}: no French"
        long = len(english[0].split()) > 3
        assert not long or english[0] != french[0], f"{place}: the French is the English"
        # A value of ours, as a reason, may be shown in its own French.
        values, same = (
            {re.sub(r"\.(en|fr)\b|^translated(?=\()", "", name).strip("()") for name in half[1]}
            for half in (english, french)
        )
        assert values == same, f"{place}: the two halves show different values"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_is_said_in_one_language_alone(path: Path) -> None:
    """``say``, ``warn`` and errors of the command line take a pair, or no words at all."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"say", "warn"}:
            found = literal(node.args[0]) if node.args else None
            words = found[0] if found else ""
            assert not any(character.isalpha() for character in words), f"{path.name}:{node.lineno}: {words}"


@pytest.mark.parametrize(
    ("table", "kinds"),
    [
        (_events.EVENTS, Event),
        (_events.STATES, State),
        (_events.OWNERS, Owner),
        (_plan_show._REASONS, LeftOutReason),
        (_plan_show._SNAPSHOTS, Snapshot),
    ],
)
def test_tables_are_total(table: dict, kinds: type) -> None:
    assert set(table) == set(kinds)


@pytest.mark.parametrize("name", ["agreement", "order"])
def test_drafts_have_the_same_fields_in_both_languages(name: str) -> None:
    english, french = (documents.read(DRAFTS / f"{name}.{language}.yaml") for language in ("en", "fr"))
    assert set(english.lines) == set(french.lines)
    assert all(line.startswith("#") for line in (DRAFTS / f"{name}.fr.yaml").read_text().splitlines()[:3])


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        ([], {}, "en"),
        ([], {"LANG": "fr_FR.UTF-8"}, "fr"),
        ([], {"LANG": "de_DE.UTF-8"}, "en"),
        ([], {"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, "en"),
        ([], {"LC_MESSAGES": "fr_BE", "LANG": "en_GB"}, "fr"),
        (["status", "--lang", "fr"], {"LANG": "en_GB"}, "fr"),
        (["--lang=en", "status"], {"LANG": "fr_FR"}, "en"),
        (["--", "--lang", "fr"], {}, "en"),
        (["--lang"], {}, "en"),
        (["--lang", "klingon"], {"LANG": "fr"}, "fr"),
    ],
)
def test_the_language_is_the_reader_s(arguments: list[str], environment: dict[str, str], language: str) -> None:
    assert _text.preferred(arguments, environment) == language


def test_messages_of_other_layers_are_translated_only_for_french() -> None:
    _text.use("fr")
    try:
        assert translated("unknown field") == "champ inconnu"
        assert translated("unknown field patient.sx (did you mean sex or sex_raw?)") == (
            "champ inconnu : patient.sx (vouliez-vous dire sex ou sex_raw ?)"
        )
        assert translated("a sentence that nobody translated") == "a sentence that nobody translated"
    finally:
        _text.use("en")
    assert translated("unknown field") == "unknown field"


def test_no_two_translations_claim_one_message() -> None:
    patterns = [pattern for pattern, _ in (*FRENCH, *FRENCH_RUN)]
    assert len(patterns) == len(set(patterns))
    for pattern, french in (*FRENCH, *FRENCH_RUN):
        groups = re.compile(pattern).groups
        used = {int(number) for number in re.findall(r"\\(\d)", french)}
        assert used <= set(range(1, groups + 1)), pattern
