"""The report for people: one HTML file that needs nothing from elsewhere, runs nothing, and prints."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from importlib.resources import files
from itertools import groupby

from ecluse.control.document_html import html_head
from ecluse.control.markup import Markup, foreign, joined, tag
from ecluse.domain.alerts import Severity
from ecluse.inspector.findings import ORDER, Finding, Standing
from ecluse.inspector.rules import RULES
from ecluse.inspector.telling import SEVERITIES, SURENESS, articles, chosen, evidence, failings, number, of

_FOOTER_EN = (
    "The decision is the CNIL's of 15 April 2022 (SAN-2022-009), known here through press and lawyers who quote it. "
    "This report is no legal advice."
)
_FOOTER_FR = (
    "La décision est celle de la CNIL du 15 avril 2022 (SAN-2022-009), connue ici par la presse et des juristes qui la "
    "citent. Ce rapport n'est pas un avis juridique."
)
_WORDS: dict[str, tuple[str, str]] = {
    "title": ("Inspection", "Inspection"),
    "eyebrow": ("Écluse inspect: what was found, without any patient's value",
                "Écluse inspect : ce qui a été trouvé, sans aucune valeur de patient"),
    "targets": ("Looked at", "Regardé"),
    "failings": ("Failings", "Manquements"),
    "notes": ("Notes", "Remarques"),
    "unseen": ("Not looked at", "Non regardé"),
    "unseen-why": ("Nothing is said of these, neither good nor bad.",
                   "De cela rien n'est dit, ni en bien ni en mal."),
    "none": ("No failing was found in what was looked at.", "Aucun manquement dans ce qui a été regardé."),
    "where": ("Where", "Où"),
    "evidence": ("What was seen", "Ce qui a été vu"),
    "sureness": ("How sure", "Certitude"),
    "mend": ("How to mend it", "Comment y remédier"),
    "law": ("The law", "Le droit"),
    "case": ("As in the 2022 decision", "Comme dans la décision de 2022"),
    "known": ("known: in the baseline", "connu : dans la référence"),
    "count": ("failings", "manquements"),
    "at": ("At", "Le"),
    "footer": (_FOOTER_EN, _FOOTER_FR),
}  # fmt: skip


def as_html(
    findings: Sequence[Finding], known: Collection[str], targets: Sequence[str], now: dt.datetime, language: str
) -> str:
    """The whole file. Same findings, same text."""
    page = _Page(frozenset(known), language)
    style = files("ecluse.inspector").joinpath("report.css").read_text(encoding="utf-8")
    failing = of(findings, Standing.FAILING)
    body = tag(
        "main",
        page.head(failing, targets, now),
        page.part("failings", failing) if failing else tag("p", page.say("none"), class_="good"),
        page.part("notes", of(findings, Standing.NOTE)),
        page.unseen(of(findings, Standing.UNSEEN)),
        tag("footer", tag("p", page.say("footer"))),
    )
    head = html_head(page.say("title"), style)
    return "<!doctype html>\n" + tag("html", head, tag("body", body), lang=language) + "\n"


class _Page:
    def __init__(self, known: frozenset[str], language: str) -> None:
        self.known, self.language = known, language

    def say(self, word: str) -> str:
        """One of the page's own words."""
        return chosen(_WORDS[word], self.language)

    def head(self, failing: Sequence[Finding], targets: Sequence[str], now: dt.datetime) -> Markup:
        """Title, what was looked at, and how many failings of each severity."""
        severities = [finding.severity for finding in failing]
        sums = [self._sum(severity, severities.count(severity)) for severity in ORDER]
        return tag(
            "header",
            tag("p", self.say("eyebrow"), class_="eyebrow"),
            tag("h1", self.say("title")),
            tag("p", f"{self.say('at')} {now:%Y-%m-%d %H:%M} UTC", class_="soft"),
            tag("h2", self.say("targets")),
            tag("ul", *(tag("li", foreign(target)) for target in targets), class_="targets"),
            tag("ul", *sums, class_="sums"),
        )

    def _sum(self, severity: Severity, count: int) -> Markup:
        word = chosen(SEVERITIES[severity], self.language)
        shade = str(severity) if count else "zero"
        return tag("li", tag("b", number(count, self.language)), " ", word, class_=f"sum {shade}")

    def part(self, name: str, findings: Sequence[Finding]) -> Markup:
        """A section of findings, one card a rule."""
        if not findings:
            return Markup("")
        cards = [self._card(rule, list(each)) for rule, each in groupby(findings, key=lambda each: each.rule)]
        return tag("section", tag("h2", self.say(name)), *cards)

    def _card(self, rule: str, findings: list[Finding]) -> Markup:
        words, first = RULES[rule].words(self.language), findings[0]
        severity = chosen(SEVERITIES[first.severity], self.language)
        case, law = failings(first, self.language), articles(first, self.language)
        facts = [("mend", Markup(tag("p", words.mend)))]
        facts += [("case", _list(case))] if case else []
        facts += [("law", _list(law))] if law else []
        return tag(
            "article",
            tag("h3", tag("span", severity, class_=f"badge {first.severity}"), " ", words.title),
            tag("p", words.what),
            self._table(findings),
            tag("dl", *(joined((tag("dt", self.say(name)), tag("dd", told))) for name, told in facts)),
            class_=str(first.severity),
        )

    def _table(self, findings: Iterable[Finding]) -> Markup:
        heads = tag("tr", *(tag("th", self.say(word), scope="col") for word in ("where", "evidence", "sureness")))
        rows = [
            tag(
                "tr",
                tag("th", foreign(each.place), self._mark(each), scope="row"),
                tag("td", evidence(each, self.language)),
                tag("td", chosen(SURENESS[each.sureness], self.language)),
            )
            for each in findings
        ]
        return tag("div", tag("table", tag("thead", heads), tag("tbody", *rows)), class_="scroll")

    def _mark(self, finding: Finding) -> Markup:
        return tag("span", f" ({self.say('known')})", class_="soft") if finding.key in self.known else Markup("")

    def unseen(self, findings: Sequence[Finding]) -> Markup:
        """What was not looked at, in one table."""
        if not findings:
            return Markup("")
        heads = tag("tr", *(tag("th", self.say(word), scope="col") for word in ("where", "evidence")))
        rows = [tag("tr", tag("th", foreign(each.place), scope="row"), tag("td", self._why(each))) for each in findings]
        table = tag("table", tag("thead", heads), tag("tbody", *rows))
        return tag("section", tag("h2", self.say("unseen")), tag("p", self.say("unseen-why")),
                   tag("div", table, class_="scroll"))  # fmt: skip

    def _why(self, finding: Finding) -> str:
        title, said = RULES[finding.rule].words(self.language).title, evidence(finding, self.language)
        between = " : " if self.language == "fr" else ": "
        return f"{title}{between}{said}" if said else title


def _list(items: Iterable[str]) -> Markup:
    return tag("ul", *(tag("li", item) for item in items))
