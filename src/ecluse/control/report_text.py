"""The account of a migration as plain text, for terminals and mails."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from textwrap import wrap

from ecluse.control import report_words as w
from ecluse.control.report_intake import ASIDE_HEADS, HEADS, intake_rows, set_aside_rows
from ecluse.control.report_sums import STATIONS, Account, Line, account, stayed
from ecluse.control.report_words import Lang, Reader
from ecluse.domain.plan import LeftOutReason, Plan
from ecluse.domain.records import Difference, Receipt, Reconciliation, Stage

_WIDTH = 100
_SHOWN = 20


def reconciliation_text(
    plan: Plan, receipts: Sequence[Receipt], reconciliation: Reconciliation, lang: Lang, *, shown: int = _SHOWN,
    acknowledged: bool = False,
) -> str:  # fmt: skip
    """Verdict, passage, tables, the first ``shown`` differences, what stayed. At most 100 columns where names allow.

    ``acknowledged``: what is read back is what a receiver of messages acknowledged.
    """
    reader, counted = Reader(lang), account(reconciliation, receipts)
    parts = [
        _verdict(counted, reader),
        _passage(counted, reader),
        wrap(reader.say(w.ACKNOWLEDGED), _WIDTH) if acknowledged else [],
        _entities(counted, reader),
        _groups(counted, reader),
        _aside(counted, reader),
        _differences(reconciliation.differences, reader, shown),
        _stayed(plan, reader),
        _intake(plan, reader, shown),
    ]
    return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines) + "\n"


def verdict(counted: Account, reader: Reader, new: str | None = None) -> str:
    """One sentence that a laboratory's director understands; ``new`` names the new system."""
    said: dict[str, str | int] = {
        "new": w.shown(new) if new else reader.say(w.THE_NEW),
        "planned": counted.total.rows[Stage.PLANNED],
        "arrived": counted.total.rows[Stage.READ_BACK],
        "aside": counted.total.rows[Stage.QUARANTINED],
    }
    if counted.real:
        return reader.say(w.NOT_ALL, count=counted.real, **said)
    if counted.unclean:
        return reader.say(w.NOT_COUNTED, count=counted.unclean, **said)
    if not counted.total.rows[Stage.PLANNED]:
        return reader.say(w.NOTHING)
    return reader.say(w.ALL_BUT if counted.total.rows[Stage.QUARANTINED] else w.ALL_ARRIVED, **said)


def _verdict(counted: Account, reader: Reader) -> Iterator[str]:
    yield from wrap(verdict(counted, reader), _WIDTH)


def _passage(counted: Account, reader: Reader) -> Iterator[str]:
    rows = counted.total.rows
    road = [stage for stage in STATIONS if stage is not Stage.QUARANTINED]
    told = [f"{reader.say(w.STAGES[stage])} {_number(counted.total, stage, reader)}" for stage in road]
    yield " → ".join(told)
    at = len(" → ".join(told[:2])) + 1
    yield f"{' ' * at}└→ {reader.say(w.STAGES[Stage.QUARANTINED])} {reader.count(rows[Stage.QUARANTINED])}"


def _number(line: Line, stage: Stage, reader: Reader) -> str:
    return f"{'≠ ' if line.wrong(stage) else ''}{reader.count(line.rows[stage])}"


def _cells(line: Line, reader: Reader) -> list[str]:
    return [*(_number(line, stage, reader) for stage in STATIONS), "✓" if line.clean else "✗"]


def _entities(counted: Account, reader: Reader) -> Iterator[str]:
    heads = ["", *(reader.say(w.STAGES[stage]) for stage in STATIONS), "="]
    rows = [[reader.entity(name), *_cells(line, reader)] for name, line in counted.entities.items()]
    yield reader.say(w.BY_ENTITY)
    yield from _table(heads, [*rows, [reader.say(w.TOTAL), *_cells(counted.total, reader)]], left=1)


def _groups(counted: Account, reader: Reader) -> Iterator[str]:
    heads = ["", reader.say(w.YEAR), reader.say(w.SITE), *(reader.say(w.STAGES[stage]) for stage in STATIONS), "="]
    rows = []
    for flow in counted.flows:
        line = Line({stage: getattr(flow, stage.value) for stage in STATIONS}, flow.clean())
        year, site = str(flow.year or "—"), w.shown(flow.site) if flow.site is not None else "—"
        rows.append([reader.entity(flow.entity), year, site, *_cells(line, reader)])
    yield reader.say(w.BY_GROUP)
    yield from _table(heads, rows, left=3)


def _aside(counted: Account, reader: Reader) -> Iterator[str]:
    if counted.aside:
        rows = [
            [reader.entity(entity), reader.detail(entity, reason), reader.count(number)]
            for (entity, reason), number in counted.aside.items()
        ]
        yield reader.say(w.ASIDE)
        yield from _table(["", reader.say(w.WHY), reader.say(w.ROWS)], rows, left=2)


def _differences(every: Sequence[Difference], reader: Reader, shown: int) -> Iterator[str]:
    yield reader.say(w.DIFFERENCES)
    if not every:
        yield f"  {reader.say(w.NO_DIFFERENCE)}"
        return
    words = w.SHOWN if len(every) > shown else w.ALL_SHOWN
    yield f"  {reader.say(words, shown=min(shown, len(every)), total=len(every))}"
    heads = [reader.say(each) for each in (w.SOURCE_KEY, w.KIND, w.WHAT, w.WHERE)]
    rows = [
        [w.shown(d.source_key), reader.entity(d.entity), reader.say(w.KINDS[d.kind]), reader.detail(d.entity, d.detail)]
        for d in every[:shown]
    ]
    yield from _table(heads, rows, left=4)


def _stayed(plan: Plan, reader: Reader) -> Iterator[str]:
    found = stayed(plan)
    if not found:
        return
    yield reader.say(w.STAYED)
    rows = [
        [
            reader.say(w.REASONS[reason]),
            reader.subject(each.entity, reason, each.subject),
            reader.entity(each.entity),
            reader.count(each.rows) if each.rows is not None else "—",
        ]
        for reason, left in found
        if reason is not LeftOutReason.FIELD
        for each in left
    ]
    yield from _table([reader.say(each) for each in (w.WHY, w.WHICH, w.KIND, w.ROWS)], rows, left=3)
    fields: dict[str, list[str]] = defaultdict(list)
    for reason, left in found:
        if reason is LeftOutReason.FIELD:
            for each in left:
                fields[each.entity].append(reader.field(each.entity, each.subject))
    if fields:
        yield ""
        yield reader.say(w.REASONS[LeftOutReason.FIELD])
        for entity, names in fields.items():
            said = f"{reader.say(w.COLON, name=reader.entity(entity))} {'; '.join(names)}"
            yield from wrap(said, _WIDTH, initial_indent="  ", subsequent_indent="    ")


def _intake(plan: Plan, reader: Reader, shown: int) -> Iterator[str]:
    if plan.source.files:
        yield reader.say(w.INTAKE)
        heads = [reader.say(each) for each in HEADS]
        yield from _table(heads, intake_rows(plan.source.files, reader), left=1)
    if aside := set_aside_rows(plan.source.files, reader):
        yield ""
        said = w.SHOWN if len(aside) > shown else w.ALL_SHOWN
        told = reader.say(said, shown=min(shown, len(aside)), total=len(aside))
        yield f"{reader.say(w.UNREADABLE_LISTED)}. {told}"
        yield from wrap(reader.say(w.UNREADABLE_SAYS), _WIDTH, initial_indent="  ", subsequent_indent="  ")
        yield from _table([reader.say(each) for each in ASIDE_HEADS], aside[:shown], left=2)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: int) -> Iterator[str]:
    """Aligned by columns, the first ``left`` to the left; an empty first cell repeats nothing."""
    widths = [max(len(row[place]) for row in (heads, *rows)) for place in range(len(heads))]
    for row in (heads, *rows):
        cells = [
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"  {'  '.join(cells)}".rstrip()
