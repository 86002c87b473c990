"""What is written about a breach: every fact of the record that belongs there, and nothing that the record lacks."""

import datetime as dt
import io
from dataclasses import replace
from typing import Any

import docx
import pytest

from ecluse.adapters.documents.docx import document_docx
from ecluse.adapters.documents.pdf import document_pdf
from ecluse.control import incident_words as w
from ecluse.control.document import texts
from ecluse.control.document_html import document_html
from ecluse.control.incident_documents import TITLES, Paper, incident_document, latest
from ecluse.control.report_words import LANGUAGES, Lang, Reader, Words
from ecluse.domain.incident_exposures import Exposure, ExposureKind, ExposureMove, ExposureState
from ecluse.domain.incidents import (
    COUNTED,
    Basis,
    Fact,
    FactKind,
    Ground,
    Incident,
    Move,
    Phase,
    Risk,
    Step,
    for_processor,
)
from ecluse.domain.permissions import Side

T0 = dt.datetime(2021, 2, 14, 9, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
C, P = Side.CONTROLLER, Side.PROCESSOR
ADDRESS, CAPTURE = "https://forum.example/fil/1", "ab" * 32

EMPTY = Incident(
    "INC-7K3Q-9X2M", "Fichier en vente", "Labo des Rivières", "Logiciel SAS", Phase.OPENED, T0, "Inès", P, T0
)


def mark(kind: FactKind) -> str:
    """A text that stands nowhere else."""
    return f"Texte-{kind.value}-unique"


def fact(number: int, kind: FactKind, **rest: Any) -> Fact:
    given: dict[str, Any] = {"text": mark(kind), "side": P, "corrects": None} | rest
    count = 1000 + number if kind in COUNTED else None
    side = C if kind in COUNTED else given["side"]
    return Fact(number, kind, given["text"], T0, T0 + HOUR, "Inès", side, given["corrects"], count, False)


FULL = replace(
    EMPTY,
    phase=Phase.NOTIFIED,
    facts=(
        *(fact(number, kind) for number, kind in enumerate(FactKind, 1)),
        fact(50, FactKind.CAUSE, text="Texte-corrigé-unique", side=C),
        fact(51, FactKind.CAUSE, text="Texte-correct-unique", side=C, corrects=50),
    ),
    moves=(
        Move(1, Step.NOTICE, T0 + HOUR, T0 + HOUR, "Inès", P, "Motif-avis-unique"),
        Move(2, Step.NOTIFY, T0 + 2 * HOUR, T0 + 2 * HOUR, "Zoé", C, "Motif-notifier-unique", risk=Risk.HIGH),
        Move(3, Step.FILED, T0 + 90 * HOUR, T0 + 90 * HOUR, "Zoé", C, "Motif-retard-unique", "REF-unique"),
        Move(4, Step.NOT_TELL, T0 + 91 * HOUR, T0 + 91 * HOUR, "Zoé", C, "Motif-article-34-unique", risk=Risk.SOME,
             ground=Ground.NOT_HIGH),
    ),
    exposures=(
        Exposure(1, ExposureKind.FORUM, ADDRESS, "Hôte-unique", T0, T0, "Inès", P, CAPTURE, (
            ExposureMove(ExposureState.ASKED, T0, T0 + 95 * HOUR, "Inès", "abuse-unique@forum.example", "T-unique"),
        )),
    ),
)  # fmt: skip


def written(incident: Incident, paper: Paper, lang: Lang = "fr") -> str:
    return "\n".join(texts(incident_document(incident, paper, lang)))


BELONGS: dict[Paper, set[FactKind]] = {
    Paper.NOTICE: set(FactKind) - COUNTED - {FactKind.OTHER},
    Paper.AUTHORITY: set(FactKind),
    Paper.SECURITY: set(FactKind)
    - {FactKind.PERSONS_KIND, FactKind.RECORDS, FactKind.PROTECTION, FactKind.ABROAD},
    Paper.LETTER: {
        FactKind.WHAT_HAPPENED, FactKind.DATA, FactKind.CONSEQUENCES, FactKind.DONE, FactKind.PLANNED, FactKind.CONTACT,
    },
    Paper.RECORD: set(FactKind),
}  # fmt: skip


@pytest.mark.parametrize("paper", list(Paper))
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_fact_that_belongs_there_and_no_other(paper: Paper, lang: Lang) -> None:
    said = written(FULL, paper, lang)
    assert {kind for kind in FactKind if mark(kind) in said} == BELONGS[paper]
    assert ("Texte-corrigé-unique" in said) is (paper is Paper.RECORD), "what was corrected stays in the record alone"
    controllers = paper in {Paper.AUTHORITY, Paper.SECURITY, Paper.RECORD}
    assert ("Texte-correct-unique" in said) is controllers, "the notice is of what its author knows"
    for place in (ADDRESS, CAPTURE, "Hôte-unique", "abuse-unique", "T-unique"):
        assert (place in said) is (paper is Paper.RECORD), "nobody is led to leaked data by a letter"


@pytest.mark.parametrize("paper", list(Paper))
@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_not_known_says_so(paper: Paper, lang: Lang) -> None:
    document = incident_document(EMPTY, paper, lang)
    said = list(texts(document))
    unknown = Reader(lang).say(w.UNKNOWN)
    if paper is Paper.RECORD:
        assert said.count(Reader(lang).say(w.NOTHING_YET)) == 3
    else:
        assert sum(text == unknown for text in said) >= len(BELONGS[paper])
        assert said[0] == Reader(lang).say(TITLES[paper])
        assert Reader(lang).say(w.DRAFT) in said
    for invented in ("0", "None", "{", "}"):
        assert invented not in [text.strip() for text in said]
    assert not any("{" in text.replace("{here}", "").replace("{all}", "") for text in said)


def test_the_notification_says_when_one_knew_and_why_it_is_late() -> None:
    said = written(FULL, Paper.AUTHORITY)
    for words in ("14 février 2021, 10:30 UTC", "17 février 2021, 10:30 UTC", "prévenu par son éditeur"):
        assert words in said
    assert "Motif-retard-unique" in said
    assert "REF-unique" in said
    assert "Motif-article-34-unique" in said
    assert "Motif-notifier-unique" not in said, "why one notifies is for the record"


def test_a_notification_in_time_needs_no_reasons_and_one_not_filed_must_give_them() -> None:
    notice = FULL.moves[0]
    waiting = replace(FULL, moves=(notice,), exposures=())
    assert "dans les 72 heures" in written(waiting, Paper.AUTHORITY)
    late = replace(waiting, facts=(replace(FULL.facts[0], recorded=T0 + 100 * HOUR),))
    assert "Encore à donner" in written(late, Paper.AUTHORITY)


def test_the_record_names_corrections_decisions_and_who_wrote_what() -> None:
    said = written(FULL, Paper.RECORD)
    for words in ("corrige le nº 50", "corrigé par le nº 51", "Motif-notifier-unique", "un risque élevé", "Zoé", "Inès",
                  "le risque n’est pas élevé", "Motif-avis-unique", "éditeur", "laboratoire"):  # fmt: skip
        assert words in said, words


def test_numbers_say_how_sure_they_are() -> None:
    one = replace(EMPTY, facts=(Fact(1, FactKind.PERSONS, "dont militaires", T0, T0, "Zoé", C, None, 1700, True),))
    assert "1\u202f700 (compté)\u00a0: dont militaires" in written(one, Paper.AUTHORITY)
    assert "about 1,004 (estimated)" in written(
        replace(EMPTY, facts=(fact(4, FactKind.PERSONS),)), Paper.AUTHORITY, "en"
    )


def test_the_processor_s_copy_holds_nothing_of_the_controller_s() -> None:
    said = written(for_processor(FULL), Paper.NOTICE)
    for theirs in ("Motif-notifier", "Motif-retard", "REF-unique", mark(FactKind.PERSONS), "1009"):
        assert theirs not in said


def test_the_same_record_gives_the_same_document() -> None:
    assert latest(FULL) == T0 + 95 * HOUR
    made = [incident_document(FULL, Paper.RECORD, "fr") for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].dated == dt.date(2021, 2, 18)


@pytest.mark.parametrize("paper", list(Paper))
def test_each_form_holds_the_same_words(paper: Paper) -> None:
    document = incident_document(FULL, paper, "fr")
    assert document_pdf(document).startswith(b"%PDF-")
    word = docx.Document(io.BytesIO(document_docx(document)))
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    told = "\n".join((*(each.text for each in word.paragraphs), *cells))
    page = document_html(document)
    for kind in BELONGS[paper]:
        assert mark(kind) in told
        assert mark(kind) in page


def test_what_people_wrote_is_no_markup() -> None:
    held = replace(EMPTY, facts=(fact(1, FactKind.CAUSE, text="<b>zone</b>\u202eouverte"),))
    page = document_html(incident_document(held, Paper.RECORD, "fr"))
    assert "<b>" not in page
    assert "\u202e" not in page


def test_every_word_has_both_languages() -> None:
    tables = (w.FACTS, w.PHASES, w.STEPS, w.RISKS, w.BASES, w.GROUNDS, w.EXPOSURES, w.TAKEDOWNS)
    for table, kind in zip(
        tables, (FactKind, Phase, Step, Risk, Basis, Ground, ExposureKind, ExposureState), strict=True
    ):
        assert set(table) == set(kind)
    for words in (each for each in vars(w).values() if isinstance(each, Words)):
        assert words.en
        assert words.fr
