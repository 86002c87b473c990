"""The part of the report that tells what stayed in the old system, and why (R16)."""

from collections import defaultdict
from collections.abc import Sequence

from ecluse.control import report_words as w
from ecluse.control.markup import Markup, joined, tag
from ecluse.control.report_sums import stayed
from ecluse.control.report_tables import cell, head, table
from ecluse.control.report_words import Reader
from ecluse.domain.plan import LeftOut, LeftOutReason, Plan


def stayed_section(plan: Plan, reader: Reader) -> Markup:
    """Everything that was left out: by year, site, category, analysis, person, kind of data, field."""
    found = stayed(plan)
    if not found:
        return Markup("")
    small = [_reason(reason, each, reader) for reason, each in found if reason is not LeftOutReason.FIELD]
    fields = [_fields(each, reader) for reason, each in found if reason is LeftOutReason.FIELD]
    return tag(
        "section",
        tag("h2", reader.say(w.STAYED)),
        tag("p", reader.say(w.STAYED_SAYS)),
        tag("div", *small, class_="columns"),
        joined(fields),
    )


def _reason(reason: LeftOutReason, left: Sequence[LeftOut], reader: Reader) -> Markup:
    title = reader.say(w.REASONS[reason])
    whole = reason in _OF_WHOLE_KINDS
    rows = [
        tag(
            "tr",
            tag("th", tag("bdi", reader.subject(each.entity, reason, each.subject)), scope="row"),
            *([] if whole else [cell(reader.entity(each.entity))]),
            cell(reader.count(each.rows) if each.rows is not None else "—", "n"),
        )
        for each in left
    ]
    counted = [each.rows for each in left if each.rows is not None]
    width = 1 if whole else 2
    total = tag("tr", tag("th", reader.say(w.TOTAL), scope="row", colspan=width), cell(reader.count(sum(counted)), "n"))
    names = [w.KIND] if whole else [w.WHICH, w.KIND]
    heads = [*(head(reader.say(name)) for name in names), head(reader.say(w.ROWS), "n")]
    return tag("div", tag("h3", title), table(title, heads, [rows], total if len(counted) > 1 else None))


_OF_WHOLE_KINDS = {LeftOutReason.NO_DATE, LeftOutReason.PERSON, LeftOutReason.UNREACHED, LeftOutReason.ENTITY}


def _fields(left: Sequence[LeftOut], reader: Reader) -> Markup:
    by_entity: dict[str, list[str]] = defaultdict(list)
    for each in left:
        by_entity[each.entity].append(reader.field(each.entity, each.subject))
    listed = [
        joined([tag("dt", reader.entity(entity)), tag("dd", "; ".join(names))]) for entity, names in by_entity.items()
    ]
    return joined([tag("h3", reader.say(w.REASONS[LeftOutReason.FIELD])), tag("dl", *listed)])
