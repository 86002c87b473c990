"""The account of a migration, for people: text for a terminal, one HTML file for everybody else; French and English.

No patient row is read: everything comes from the signed artefacts. The HTML needs nothing from elsewhere, forbids
itself to load anything, and prints.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files

from ecluse.control import report_words as w
from ecluse.control.document_html import html_head
from ecluse.control.markup import Markup, foreign, joined, tag
from ecluse.control.report_intake import intake_section
from ecluse.control.report_picture import Scene, picture
from ecluse.control.report_proofs import Papers, appendix, erasure
from ecluse.control.report_stayed import stayed_section
from ecluse.control.report_sums import STATIONS, Account, Line, account
from ecluse.control.report_tables import cell, head, table
from ecluse.control.report_text import reconciliation_text, verdict
from ecluse.control.report_words import Lang, Reader
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.records import (
    Acceptance,
    ErasedKind,
    ErasureCertificate,
    Flow,
    Receipt,
    Reconciliation,
)

__all__ = ["reconciliation_html", "reconciliation_text", "verdict"]

_SHOWN = 200
_PLACES = 2


def reconciliation_html(  # noqa: PLR0917 - the papers in the order in which each names the one before
    order: Order,
    plan: Plan,
    receipts: Sequence[Receipt],
    reconciliation: Reconciliation,
    acceptance: Acceptance | None,
    certificates: Sequence[ErasureCertificate],
    lang: Lang,
    *,
    signatures: Mapping[str, Mapping[str, bytes]] | None = None,
    shown: int = _SHOWN,
    acknowledged: bool = False,
) -> str:
    """One HTML file: verdict, picture, tables, differences (the first ``shown``), what stayed, digests.

    ``signatures`` are the artefacts' SSHSIG signatures by digest, then signer; ``acknowledged``: what is read back is
    what a receiver of messages acknowledged.
    """
    reader, counted = Reader(lang), account(reconciliation, receipts)
    papers = Papers(order, plan, receipts, reconciliation, acceptance, certificates, signatures or {})
    body = (
        _header(order, reconciliation, counted, reader),
        _passage(order, counted, certificates, reader),
        tag("p", reader.say(w.ACKNOWLEDGED)) if acknowledged else Markup(""),
        _arrived(counted, reader),
        _aside(counted, reader),
        _differences(reconciliation, reader, shown),
        stayed_section(plan, reader),
        intake_section(plan.source.files, reader, shown),
        _decision(acceptance, reader),
        erasure(papers, reader),
        appendix(papers, reader),
        tag("footer", tag("p", reader.say(w.SAYS_NO_ROW))),
    )
    style = files("ecluse.control").joinpath("report.css").read_text(encoding="utf-8")
    return "<!doctype html>\n" + tag(
        "html", html_head(w.shown(f"{order.order} · {reader.say(w.TITLE)}"), style),
        tag("body", tag("main", *body, class_=None if counted.clean else "unclean")), lang=lang,
    ) + "\n"  # fmt: skip


def _header(order: Order, reconciliation: Reconciliation, counted: Account, reader: Reader) -> Markup:
    subtitle = reader.say(
        w.SUBTITLE,
        order=w.shown(order.order),
        controller=w.shown(order.controller.name),
        old=w.shown(order.source.system),
        site=w.shown(order.source.site),
        new=w.shown(order.destination.system),
        start=reader.day(order.scope.dates.from_),
        end=reader.day(order.scope.dates.until),
    )
    made = reader.say(w.MADE, when=reader.moment(reconciliation.made_at), agent=w.shown(reconciliation.agent))
    return tag(
        "header",
        tag("p", reader.say(w.TITLE), class_="eyebrow"),
        tag("h1", verdict(counted, reader, order.destination.system)),
        tag("p", subtitle),
        tag("p", made, class_="soft"),
    )


def section(title: str, *parts: object) -> Markup:
    """A part of the page under its heading."""
    return tag("section", tag("h2", title), *parts)


def _passage(order: Order, counted: Account, certificates: Sequence[ErasureCertificate], reader: Reader) -> Markup:
    done = len({each.place for each in certificates if each.clean()}) == _PLACES
    gone = {
        thing.digest for each in certificates for thing in each.erased
        if thing.kind in {ErasedKind.PARCEL, ErasedKind.QUARANTINE}
    }  # fmt: skip
    scene = Scene(counted, order.source.system, order.destination.system, len(gone) if done else None)
    drawn = tag("figure", picture(scene, reader), tag("figcaption", reader.say(w.PICTURE_SAYS)))
    return section(reader.say(w.PICTURE), drawn)


def _numbers(line: Line, reader: Reader) -> Iterator[Markup]:
    for stage in STATIONS:
        number = reader.count(line.rows[stage])
        yield cell(f"≠ {number}" if line.wrong(stage) else number, "n bad" if line.wrong(stage) else "n")
    yield cell(reader.say(w.YES if line.clean else w.NO), "mark good" if line.clean else "mark bad")


def _stage_heads(reader: Reader) -> list[Markup]:
    stages = [head(reader.say(w.STAGES[stage]), "n") for stage in STATIONS]
    return [*stages, head(reader.say(w.SAME_ROWS), "mark")]


def _arrived(counted: Account, reader: Reader) -> Markup:
    rows = [
        tag("tr", tag("th", reader.entity(name), scope="row"), *_numbers(line, reader), class_=_off(line.clean))
        for name, line in counted.entities.items()
    ]
    foot = tag("tr", tag("th", reader.say(w.TOTAL), scope="row"), *_numbers(counted.total, reader))
    by_entity = table(reader.say(w.BY_ENTITY), [head(reader.say(w.KIND)), *_stage_heads(reader)], [rows], foot)
    heads = [head(reader.say(w.YEAR)), head(reader.say(w.SITE)), *_stage_heads(reader)]
    groups = [list(_group(name, counted, len(heads), reader)) for name in counted.entities]
    by_group = table(reader.say(w.BY_GROUP), heads, groups)
    untold = any(flow.year is None or flow.site is None for flow in counted.flows)
    return joined(
        [
            section(reader.say(w.BY_ENTITY), by_entity),
            section(
                reader.say(w.BY_GROUP),
                by_group,
                *([tag("p", reader.say(w.NOT_TOLD), class_="soft")] if untold else []),
            ),
        ]
    )


def _off(clean: bool) -> str | None:  # noqa: FBT001 - reads well in a table's row
    return None if clean else "off"


def _group(name: str, counted: Account, width: int, reader: Reader) -> Iterator[Markup]:
    yield tag("tr", tag("th", reader.entity(name), scope="rowgroup", colspan=width), class_="group")
    for flow in counted.flows:
        if flow.entity == name:
            line = Line({stage: getattr(flow, stage.value) for stage in STATIONS}, flow.clean())
            yield tag("tr", *_place(flow), *_numbers(line, reader), class_=_off(line.clean))


def _place(flow: Flow) -> Iterator[Markup]:
    yield tag("th", flow.year if flow.year is not None else "—", scope="row")
    yield cell(foreign(flow.site) if flow.site is not None else "—")


def _aside(counted: Account, reader: Reader) -> Markup:
    if not counted.aside:
        return Markup("")
    rows = [
        tag(
            "tr",
            tag("th", reader.entity(entity), scope="row"),
            cell(reader.detail(entity, reason)),
            cell(reader.count(number), "n"),
        )
        for (entity, reason), number in counted.aside.items()
    ]
    heads = [head(reader.say(w.KIND)), head(reader.say(w.WHY)), head(reader.say(w.ROWS), "n")]
    return section(reader.say(w.ASIDE), tag("p", reader.say(w.ASIDE_SAYS)), table(reader.say(w.ASIDE), heads, [rows]))


def _differences(reconciliation: Reconciliation, reader: Reader, shown: int) -> Markup:
    every = reconciliation.differences
    if not every:
        return section(reader.say(w.DIFFERENCES), tag("p", reader.say(w.NO_DIFFERENCE)))
    rows = [
        tag(
            "tr",
            tag("th", foreign(each.source_key), scope="row"),
            cell(reader.entity(each.entity)),
            cell(reader.say(w.KINDS[each.kind])),
            cell(reader.detail(each.entity, each.detail)),
        )
        for each in every[:shown]
    ]
    words = w.SHOWN if len(every) > shown else w.ALL_SHOWN
    said = reader.say(words, shown=len(rows), total=len(every))
    heads = [head(reader.say(each)) for each in (w.SOURCE_KEY, w.KIND, w.WHAT, w.WHERE)]
    return section(reader.say(w.DIFFERENCES), tag("p", said), table(reader.say(w.DIFFERENCES), heads, [rows]))


def _decision(acceptance: Acceptance | None, reader: Reader) -> Markup:
    if acceptance is None:
        return section(reader.say(w.DECISION), tag("p", reader.say(w.UNDECIDED)))
    said = reader.say(
        w.DECISIONS[acceptance.decision],
        who=w.shown(acceptance.signatory),
        when=reader.moment(acceptance.decided_at),
        count=acceptance.differences,
    )
    remarks = [tag("p", reader.say(w.REMARKS, remarks=w.shown(acceptance.remarks)))] if acceptance.remarks else []
    return section(reader.say(w.DECISION), tag("p", said), *remarks)
