"""Every text that an error of ours can say has its French: the texts are read from the source, none is listed here."""

import re
from collections.abc import Iterator

import pytest
from message_sites import Site, Sites

from ecluse.cli import _text
from ecluse.cli._messages import TEMPLATES, translated
from ecluse.control.messages_fr import FRENCH
from ecluse.control.messages_fr_run import FRENCH_RUN

COMMANDS = re.compile(r"(pip install '|apt-get install|SELECT |odbc:///|odbcinst|chmod|SET GLOBAL|--?[a-z]|%Y %y).*")
"""Hints that are to be typed, or codes, in any language."""
NAMES = ("7", "word", "controller", "source", "patient.sex", "x y")
"""What may stand for ``{}`` when a pattern wants a number, a word, a path."""
KNOWN = [re.compile(pattern, re.DOTALL) for pattern, _french in (*FRENCH, *FRENCH_RUN)]


@pytest.fixture(scope="module")
def sites() -> list[Site]:
    return list(Sites().all())


@pytest.fixture
def french() -> Iterator[None]:
    _text.use("fr")
    yield
    _text.use("en")


def is_words(template: str) -> bool:
    """A name of a table, a field or a dialect is no sentence; nor is what is only put together of others."""
    bare = template.replace("{}", "").strip()
    return " " in bare and bool(re.search(r"[a-z]{2}", bare)) and not COMMANDS.fullmatch(template)


def has_french(template: str) -> bool:
    return template in TEMPLATES or any(p.fullmatch(template.replace("{}", name)) for p in KNOWN for name in NAMES)


def test_every_message_of_ours_has_its_french(sites: list[Site]) -> None:
    missing = {site.template: site.place for site in sites if is_words(site.template) and not has_french(site.template)}
    listed = "\n".join(f"    {template!r}: …,  # {place}" for template, place in sorted(missing.items()))
    assert not missing, f"write the French of these into src/ecluse/control/messages_fr_*.py:\n{listed}"


def test_the_search_sees_messages(sites: list[Site]) -> None:
    """It must be able to fail: literals, templates, names, tables, what is passed on, hints."""
    found = {site.template for site in sites}
    assert len(found) > 700
    for said in (
        "the order excludes no person, and a list was given",
        "{}: the ledger says {} rows, its staging table has {}",
        "a row of a site that is not ordered",
        "it carries the scope date",
        "permission denied",
        "plan again",
        "two batches share an id",
        "foreign key" if "foreign key" in found else "{}: foreign key {} refuses rows",
    ):
        assert said in found, said
    assert not has_french("a sentence that nobody translated")


def test_no_french_is_left_of_a_message_that_is_gone(sites: list[Site]) -> None:
    found = {site.template for site in sites}
    composed = {"did you mean {}?", "did you mean {}? allowed: {}", "allowed: {}", "helper columns start with '_'",
                "{} (and {} more)", "declared otherwise", "entry {}: no line", "entry {}: a line without an entry",
                "entry {}: the line's {} is another", "entry {}: other organisations may read the line"}  # fmt: skip
    assert sorted(TEMPLATES.keys() - found - composed) == []


@pytest.mark.parametrize("english", sorted(TEMPLATES))
def test_a_template_s_french_says_all_that_was_put_in(english: str) -> None:
    places = {int(number) for number in re.findall(r"\{(\d)t?\}", TEMPLATES[english])}
    assert places == set(range(1, english.count("{}") + 1))
    assert TEMPLATES[english] != english or len(english.split()) < 3


@pytest.mark.usefixtures("french")
@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("table a.b cannot be swapped: views hang on it", "la table a.b ne peut être échangée : views hang on it"),
        ("yields no column 'x': it carries the scope date", "ne donne pas de colonne 'x' : elle porte la date de la portée"),
        ("patient: a row without a site", "patient : une ligne sans site"),
        ("order request.prescriber or request.collector", "ordonnez request.prescriber ou request.collector"),
        ("this field is missing (and 3 more)", "ce champ manque (et 3 de plus)"),
        ("did you mean sex or sex_raw? helper columns start with '_'",
         "vouliez-vous dire sex ou sex_raw ? les colonnes auxiliaires commencent par « _ »"),
        ("order an earlier erase_by, or agree anew with the renewed certificate",
         "ordonnez un erase_by plus proche, ou refaites le contrat avec le certificat renouvelé"),
        ("column x (text) cannot hold 3 rows: too long", "la colonne x (text) ne peut contenir 3 lignes : trop long"),
        ("words that nobody wrote: at all", "words that nobody wrote: at all"),
    ],
)  # fmt: skip
def test_messages_as_they_are_read(said: str, shown: str) -> None:
    assert translated(said) == shown
