"""An agreement as a document: whole, in both languages, and deaf to what hostile texts would have it do."""

import re
import unicodedata
from html.parser import HTMLParser
from typing import Any, ClassVar

import pytest

from artefact_samples import AGREEMENT, key_line, put
from ecluse.control import agreement_clauses, agreement_words, compare_words, register_words
from ecluse.control.agreement_document import agreement_document
from ecluse.control.document import Agreed, Document, Heading, Paragraph, Tone, lines, texts
from ecluse.control.document_html import document_html
from ecluse.control.report_words import LANGUAGES, Lang, Reader, Words
from ecluse.domain.agreement import Agreement
from ecluse.seal.signing import fingerprint
from ecluse.wire.artefacts import digest_of, to_json, validate

SUB = {"name": "Transport SARL", "address": "3 rue du Port", "processing": "Carries sealed parcels.",
       "contact": {"name": "Lou Roy", "role": "gérante", "details": "lou@example.org"}}  # fmt: skip
FULL = put(put(AGREEMENT, "clauses.d_sub_processing", "specific"), "sub_processors", [SUB])
CODED = {"format", "second_approver", "clauses.d_sub_processing", "clauses.g_end_of_service", "hosting.where"}
HOSTILE = {
    "html": '<script>alert(1)</script><img src=x onerror=alert(1)> & "quoted" ]]> {{7*7}} #import "x" $x$ *b* _i_ `c`',
    "control": "a\x00b\x07c\x1b[31md\x7fe\u202ef\u2066g\u200bh\ufeffi",
    "right to left": "مختبر الأنهار الثلاثة – מעבדת שלושת הנהרות",
    "no space": "x" * 3000,
    "much": ("Le texte d’un contrat. " * 300 + "\n") * 1,
    "blank lines": "one\n\n\n\ttwo\r\nthree",
}


def made(value: Any = FULL) -> Agreement:
    return validate(Agreement, value)


def leaves(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        return {p: v for name, part in value.items() for p, v in leaves(part, f"{path}.{name}".lstrip(".")).items()}
    if isinstance(value, list):
        return {p: v for n, part in enumerate(value) for p, v in leaves(part, f"{path}[{n}]").items()}
    return {path: str(value)}


def said(document: Document) -> str:
    return "\n".join(texts(document))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_field_is_there(lang: Lang) -> None:
    agreement = made()
    document = said(agreement_document(agreement, lang))
    for path, value in leaves(to_json(agreement)).items():
        if path in CODED or (path.endswith(".role") and "signers" in path):
            continue
        shown = Reader(lang).day(getattr(agreement, path)) if path.startswith("in_force") else value
        if path == "hosting.expires":
            shown = Reader(lang).day(agreement.hosting.expires)
        for line in lines(shown):
            assert line in document, path
    assert digest_of(agreement) in document
    for party in (agreement.controller, agreement.processor):
        for signer in party.signers:
            assert fingerprint(signer.key) in document


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("second_approver", (True, False)),
        ("clauses.g_end_of_service", ("delete", "return")),
        ("clauses.d_sub_processing", ("specific", "general")),
        ("hosting.where", ("controller_premises", "certified_host")),
        ("controller.signers[1].role", ("approver", "dpo")),
    ],
)
def test_each_choice_reads_otherwise(lang: Lang, path: str, values: tuple[Any, ...]) -> None:
    found = []
    for value in values:
        document = agreement_document(made(put(FULL, path, value)), lang)
        found.append([text for text in texts(document) if "sha256:" not in text])
    assert found[0] != found[1]


def test_the_structure_is_that_of_the_decision() -> None:
    heads = [block.text for block in agreement_document(made(), "en").blocks if isinstance(block, Heading)]
    numbers = [re.match(r"(?:Clause )?([\d.]+)\. ", head) for head in heads]
    assert [n[1] for n in numbers if n] == ["1", "2", "3", "4", "5", "6", "7", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6",
                                            "7.7", "7.8", "8", "9", "10"]  # fmt: skip
    sections = [head for head in heads if head.startswith(("Section", "Annex"))]
    assert [head.partition(":")[0] for head in sections] == [
        "Section I", "Section II", "Section III", "Annex I", "Annex II", "Annex III", "Annex IV"]  # fmt: skip


def test_every_clause_of_the_agreement_is_asked_once() -> None:
    asked = [ask.path for _, clauses in agreement_clauses.SECTIONS for clause in clauses for ask in clause.asks]
    assert len(asked) == len(set(asked))
    assert {path for path in asked if path.startswith("clauses.")} == {f"clauses.{name}" for name in FULL["clauses"]}


@pytest.mark.parametrize(
    ("signed", "word"),
    [
        (set(), "by neither party"),
        ({"dr.martin"}, "by the processor"),
        ({"m.gerant"}, "by the controller"),
        ({"a.second", "agent.a"}, "by neither party"),
        ({"dr.martin", "m.gerant"}, None),
    ],
)
def test_a_draft_says_that_it_is_one(signed: set[str], word: str | None) -> None:
    lead = agreement_document(made(), "en", signed_by=signed).blocks[0]
    assert isinstance(lead, Paragraph)
    assert lead.tone is Tone.LEAD
    if word is None:
        assert lead.text.startswith("Signed by both parties")
    else:
        assert lead.text.startswith("DRAFT")
        assert word in lead.text


def test_it_is_said_that_the_wording_is_ours_and_no_advice() -> None:
    for lang, words in (("en", ("Decision (EU) 2021/915", "Not legal advice")),
                        ("fr", ("décision d’exécution (UE) 2021/915", "pas un conseil juridique"))):  # fmt: skip
        note = agreement_document(made(), lang).blocks[1]
        assert isinstance(note, Paragraph)
        for word in words:
            assert word in note.text.replace("\u00a0", " ")


@pytest.mark.parametrize("module", [agreement_clauses, agreement_words, compare_words, register_words])
def test_both_languages_are_whole(module: Any) -> None:
    pairs = list(words_in(vars(module)))
    assert len(pairs) > 20
    for words in pairs:
        assert words.en.strip()
        assert words.fr.strip()
        places = [sorted(re.findall(r"\{(\w+)\}", half)) for half in (words.en, words.fr)]
        assert places[0] == places[1], words.en
        assert len(words.en.split()) < 4 or words.en != words.fr, words.en


def words_in(value: Any, depth: int = 0) -> Any:
    if isinstance(value, Words):
        yield value
    elif isinstance(value, dict) and depth < 9:
        for name, part in value.items():
            if not str(name).startswith("__"):
                yield from words_in(part, depth + 1)
    elif isinstance(value, tuple):
        for part in value:
            yield from words_in(part, depth + 1)
    elif isinstance(value, agreement_clauses.Clause | agreement_clauses.Ask):
        for name in type(value).__slots__:
            yield from words_in(getattr(value, name), depth + 1)


def test_french_is_typeset() -> None:
    french = [b.text for b in agreement_document(made(), "fr").blocks if isinstance(b, Paragraph | Heading)]
    for text in french:
        assert not re.search(r" [:;?!»]|« |'", text), text
    assert any("«\u00a0Signatures\u00a0»" in text for text in (*french, agreement_document(
        made(), "fr", signed_by={"dr.martin", "m.gerant"}).blocks[0].text))  # fmt: skip


class Seen(HTMLParser):
    VOID: ClassVar = {"meta", "br", "col", "hr"}

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_stay_texts(lang: Lang, name: str) -> None:
    value = FULL
    for path in ("clauses.c_security", "processing.nature", "measures[0].description"):
        value = put(value, path, HOSTILE[name])
    for path in ("controller.name", "processor.contact.details", "sub_processors[0].name", "measures[0].heading"):
        value = put(value, path, HOSTILE[name][:300])
    document = agreement_document(made(value), lang)
    for text in texts(document):
        assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in text)
    plain, seen = Seen(), Seen()
    plain.feed(document_html(agreement_document(made(), lang)))
    seen.feed(document_html(document))
    assert seen.open == []
    assert (seen.tags, seen.attributes) == (plain.tags, plain.attributes)
    assert not {name for name in seen.attributes if name.startswith("on") or name in {"src", "href", "style"}}
    for text in texts(document):
        assert text in seen.text


def test_html_is_shut_and_names_its_language() -> None:
    html = document_html(agreement_document(made(), "fr"))
    assert '<html lang="fr">' in html
    assert "default-src &#x27;none&#x27;" in html
    assert re.findall(r"https?://", html) == []
    assert html == document_html(agreement_document(made(), "fr"))
    assert html.count("<h1>") == 1


def test_a_key_that_nobody_can_read_is_said_to_be_so() -> None:
    value = put(FULL, "controller.signers[1].key", "ssh-ed25519 AAAA nobody")
    assert "this key cannot be read" in said(agreement_document(made(value), "en"))
    assert key_line("dr_martin") in said(agreement_document(made(value), "en"))


def test_the_parties_words_are_kept_apart_from_ours() -> None:
    agreed = [line for b in agreement_document(made(), "en").blocks if isinstance(b, Agreed) for line in b.lines]
    ours = [b.text for b in agreement_document(made(), "en").blocks if isinstance(b, Paragraph)]
    for name, value in FULL["clauses"].items():
        if f"clauses.{name}" not in CODED:
            assert value in agreed
            assert value not in " ".join(ours)
