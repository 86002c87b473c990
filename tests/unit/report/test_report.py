"""The account for people: says every number, in both languages, in a page that loads nothing and breaks on nothing."""

import base64
import datetime as dt
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from accounts import HOSTILE, STAYED, Story, clean, from_files, hostile, with_rows_set_aside, wrong

from ecluse.control import report_words
from ecluse.control.report import reconciliation_html, reconciliation_text, verdict
from ecluse.control.report_sums import account
from ecluse.control.report_words import LANGUAGES, Lang, Reader, Words, shown
from ecluse.domain.plan import LeftOutReason
from ecluse.domain.records import Decision, DifferenceKind, ErasedKind, KeptTrace, Stage
from ecluse.wire.artefacts import digest_of

TRANSCRIPTS = Path(__file__).parent / "transcripts"
STORIES = {"clean": clean, "files": from_files, "set_aside": with_rows_set_aside, "wrong": wrong}
STAGES = [stage.value for stage in Stage]


def page(story: Story, lang: Lang, **more: object) -> str:
    return reconciliation_html(
        story.order, story.plan, story.receipts, story.account, story.acceptance, story.certificates, lang,
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


class Page(HTMLParser):
    """Checks that every element is closed in its order, and keeps elements, texts and rows of tables."""

    VOID = frozenset({"meta"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", STORIES)
def test_it_is_well_formed_accessible_and_loads_nothing(name: str, lang: Lang) -> None:
    text = page(STORIES[name](), lang)
    found = Page(text)
    assert text.startswith("<!doctype html>\n")
    elements = found.elements
    assert elements[0] == ("html", {"lang": lang})
    tags = [tag for tag, _ in elements]
    assert not {"script", "link", "img", "iframe", "object", "base", "form", "a", "use", "image"} & set(tags)
    for tag, given in elements:
        assert not {"src", "href", "style", "xlink:href", "srcset", "action"} & set(given)
        assert not any(attribute.startswith("on") for attribute in given)
        if tag == "th":
            assert given["scope"] in {"col", "row", "rowgroup"}
        if tag == "svg":
            assert given["role"] == "img"
            assert given["aria-label"]
    assert "://" not in text
    assert "url(" not in text
    assert "@import" not in text
    assert tags.count("h1") == tags.count("main") == tags.count("title") - 2 == 1
    assert tags.count("table") == tags.count("caption") == tags.count("thead")
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_its_policy_allows_its_own_style_and_nothing_else() -> None:
    text = page(clean(), "en")
    style = text.partition("<style>")[2].partition("</style>")[0]
    pinned = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(given["content"] for _, given in Page(text).elements if given.get("http-equiv"))
    assert policy == f"default-src 'none'; style-src 'sha256-{pinned}'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", STORIES)
def test_every_number_and_digest_stands_in_its_place(name: str, lang: Lang) -> None:
    story, reader = STORIES[name](), Reader(lang)
    found = Page(page(story, lang))
    rows = [[cell.removeprefix("≠ ") for cell in row] for row in found.rows]
    for flow in story.account.flows:
        place = [str(flow.year or "—"), flow.site or "—"]
        counts = [reader.count(getattr(flow, stage)) for stage in STAGES]
        assert [*place, *counts, reader.say(report_words.YES if flow.clean() else report_words.NO)] in rows
        digests = [flow.sealed_digest, flow.opened_digest, flow.read_back_digest]
        assert [reader.entity(flow.entity), *place, *digests] in rows
    for entity in ("patient", "request", "observation"):
        mine = [flow for flow in story.account.flows if flow.entity == entity]
        counts = [reader.count(sum(getattr(flow, stage) for flow in mine)) for stage in STAGES]
        assert any(row[:-1] == [reader.entity(entity), *counts] for row in rows)
    totals = [reader.count(sum(getattr(flow, stage) for flow in story.account.flows)) for stage in STAGES]
    assert any(row[1:-1] == totals for row in rows)
    for stage, total in zip(STAGES, totals, strict=True):
        if stage != "quarantined" or total != "0":
            assert found.texts.count(total) + found.texts.count(f"≠ {total}") >= 2
    for left in STAYED:
        if left.rows is not None:
            subject = reader.subject(left.entity, left.reason, left.subject)
            assert any(row[0] == subject and row[-1] == reader.count(left.rows) for row in rows), left
        else:
            assert any(reader.field(left.entity, left.subject) in text for text in found.texts)
    for difference in story.account.differences:
        said = reader.detail(difference.entity, difference.detail)
        kind = reader.say(report_words.KINDS[difference.kind])
        assert [difference.source_key, reader.entity(difference.entity), kind, said] in rows
    pins = [
        story.plan.agreement,
        story.account.order,
        story.plan.profile,
        digest_of(story.plan),
        digest_of(story.account),
    ]
    pins += [each.parcel for each in story.receipts] + [digest_of(each) for each in story.receipts]
    pins += [digest_of(each) for each in (story.acceptance, *story.certificates) if each]
    pins += [each.quarantine_parcel for each in story.receipts if each.quarantine_parcel]
    assert set(pins) <= {cell for row in rows for cell in row}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", STORIES)
def test_the_text_as_it_is_printed(name: str, lang: Lang) -> None:
    """``ECLUSE_TRANSCRIPTS=write`` writes them anew, to be read before they are committed."""
    story = STORIES[name]()
    text = reconciliation_text(story.plan, story.receipts, story.account, lang)
    file = TRANSCRIPTS / f"{name}.{lang}.txt"
    if os.environ.get("ECLUSE_TRANSCRIPTS") == "write":
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text
    assert all(len(line) <= 110 and line == line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_receiver_acknowledged_is_not_called_read_in_its_system(lang: Lang) -> None:
    story, said = clean(), Reader(lang).say(report_words.ACKNOWLEDGED)
    words = " ".join(said.split())
    for acknowledged in (True, False):
        text = reconciliation_text(story.plan, story.receipts, story.account, lang, acknowledged=acknowledged)
        assert (words in " ".join(text.split())) is acknowledged
        assert (said in Page(page(story, lang, acknowledged=acknowledged)).texts) is acknowledged


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_mean_harm_are_only_shown(name: str, lang: Lang) -> None:
    harmless, story = page(wrong(), lang), hostile(name)
    text = page(story, lang)
    found = Page(text)
    tags = {tag for tag, _ in found.elements}
    assert tags <= {tag for tag, _ in Page(harmless).elements} | {"ul", "li", "div", "bdi"}
    assert not any(char in text for char in "\u202e\x1b\x07\x00")
    assert any(shown(name) in each for each in found.texts)
    assert [name for name, _ in Page(harmless).elements].count("h1") == 1
    plain = reconciliation_text(story.plan, story.receipts, story.account, lang)
    assert not any(char in plain for char in "\u202e\x1b\x07\x00")
    assert shown(name) in plain
    assert all(len(row) == len(found.rows[0]) for row in found.rows[:5])


def test_what_is_hidden_is_spelt_out() -> None:
    assert shown("a\u202eb\x1b\n\u200b\u00adé 😀’") == "a\\u202eb\\u001b\\u000a\\u200b\\u00adé 😀’"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_only_the_first_differences_are_shown_and_their_total_said(lang: Lang) -> None:
    story = wrong()
    many = tuple(replace(story.account.differences[0], source_key=f"D-{n:05}") for n in range(1234))
    story = replace(story, account=replace(story.account, differences=many))
    text = page(story, lang, shown=10)
    assert text.count(">D-0") == 10
    total = Reader(lang).count(1234)
    assert (f"10 of {total} shown." if lang == "en" else f"10 sur {total} montrés.") in text.replace("\u00a0", " ")
    plain = reconciliation_text(story.plan, story.receipts, story.account, lang, shown=10)
    assert plain.count("D-0") == 10
    assert total in plain


def test_verdicts() -> None:
    for lang, story, said in (
        ("en", clean(), "Every row that was ordered arrived, complete and unchanged: 66 planned, 66 read back in K."),
        ("fr", with_rows_set_aside(), "Sur 66 lignes ordonnées, 64 sont arrivées complètes et inchangées ; 2, "
         "illisibles, ont été mises de côté, aucune n’est perdue."),
        ("en", wrong(), "The migration is not as ordered: 5 rows differ between what was sealed and what K now holds, "
         "and somebody must decide on them."),
    ):  # fmt: skip
        found = verdict(account(story.account, story.receipts), Reader(lang), "K")  # type: ignore[arg-type]
        assert found.replace("\u00a0", " ") == said


def test_counts_that_differ_without_a_listed_row_are_not_clean() -> None:
    story = wrong()
    told = verdict(account(replace(story.account, differences=()), story.receipts), Reader("en"))
    assert "not as ordered: counts differ in 1 place of" in told


def test_an_order_that_matches_nothing_says_so() -> None:
    story = clean()
    none = account(replace(story.account, flows=()), ())
    assert "nothing was migrated" in verdict(none, Reader("en"))


def test_one_and_many() -> None:
    row = Words("{n} [n:row|rows]", "{n} [n:ligne|lignes]")
    assert [Reader("en").say(row, n=n) for n in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
    assert [Reader("fr").say(row, n=n) for n in (0, 1, 2000)] == [
        "0\u00a0ligne", "1\u00a0ligne", "2\u202f000\u00a0lignes",
    ]  # fmt: skip


def test_nothing_is_without_words() -> None:
    for table, members in (
        (report_words.STAGES, Stage),
        (report_words.KINDS, DifferenceKind),
        (report_words.REASONS, LeftOutReason),
        (report_words.DECISIONS, Decision),
        (report_words.ERASED, ErasedKind),
    ):
        assert set(table) == set(members)
    pairs = [value for value in vars(report_words).values() if isinstance(value, Words)]
    assert len(pairs) > 40
    for each in pairs:
        assert each.en
        assert each.fr
        assert set(re.findall(r"{(\w+)}", each.en)) == set(re.findall(r"{(\w+)}", each.fr))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_certificate_says_in_english_a_french_reader_gets_in_french(lang: Lang) -> None:
    text = page(with_rows_set_aside(), lang).replace("\u00a0", " ")
    assert ("60 marqueurs plantés" in text) == (lang == "fr")
    assert ("60 planted markers" in text) == (lang == "en")
    assert ("boîte aux lettres (1 fichier, 12 octets)" in text) == (lang == "fr")


def test_fingerprints_that_stay_are_told() -> None:
    story = with_rows_set_aside()
    kept = KeptTrace("sha256:" + "7" * 64, 6144, dt.date(2031, 12, 31))
    source, *others = story.certificates
    told = page(replace(story, certificates=(replace(source, trace=kept), *others)), "en").replace("\u00a0", " ")
    assert "keyed fingerprints stay at the source until 31 December 2031: sha256:777" in told
    assert "fingerprints" not in page(story, "en")


def test_signatures_that_are_given_are_shown() -> None:
    story = clean()
    armoured = b"-----BEGIN SSH SIGNATURE-----\nU1NI<&>\n-----END SSH SIGNATURE-----\n"
    text = page(story, "en", signatures={digest_of(story.plan): {"agent-a": armoured}})
    assert "Plan, by agent-a" in text
    assert "U1NI&lt;&amp;&gt;" in text
    assert "<details>" not in page(story, "en")


def test_the_picture_tells_the_state_of_the_chamber() -> None:
    before, after = clean(), with_rows_set_aside()
    assert "5 sealed parcels" in page(before, "en")
    assert "emptied, 5 parcels erased" in page(after, "en")
    assert "emptied" not in page(replace(after, certificates=after.certificates[:1]), "en")
    unclean = tuple(replace(each, found=("x: age ciphertext",)) for each in after.certificates)
    assert "emptied" not in page(replace(after, certificates=unclean), "en")


# Colours.

CSS = (Path(report_words.__file__).parent / "report.css").read_text(encoding="utf-8")
SCHEMES = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)


def colours(scheme: str) -> dict[str, str]:
    return dict(re.findall(r"--(\w+): (#\w+);", scheme))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark", "print"])
def test_contrast_is_wcag_aa(scheme: str) -> None:
    known = colours(scheme)
    for ground in ("paper", "band", "wash"):
        for ink in ("ink", "soft", "good", "bad"):
            assert contrast(known[ink], known[ground]) >= 4.5, (ink, ground)
    for shape in ("stone", "gate", "deep"):
        assert contrast(known[shape], known["paper"]) >= 3, shape


def test_a_real_browser_shows_it_and_refuses_nothing(tmp_path: Path) -> None:
    """The policy must let the page's own style through, and the page must ask for nothing else."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    assert browser, "this test needs chromium: apt-get install chromium"
    file = tmp_path / "account.html"
    file.write_text(page(with_rows_set_aside(), "fr"), encoding="utf-8")
    printed = tmp_path / "account.pdf"
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr",
         f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer", f"--print-to-pdf={printed}", str(file)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "CONSOLE" not in done.stderr
    assert printed.read_bytes().startswith(b"%PDF")
