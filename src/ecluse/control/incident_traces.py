"""What tracing concluded, on paper: in drafts as where the data come from, in the record as it was told (R11)."""

from collections.abc import Sequence

from ecluse.control import trace_words as w
from ecluse.control.document import Agreed, Block, Cell, Heading, Table, line, plain
from ecluse.control.report_words import Reader
from ecluse.domain.conclusions import (
    Conclusion,
    Telling,
    TracedExport,
    Verdict,
    origins,
    replacements,
)


def origin_blocks(tellings: Sequence[Telling], reader: Reader) -> list[Block]:
    """Where the data come from, as a draft tells it, by what stands; nothing where nothing was traced."""
    if not tellings:
        return []
    found = origins(tuple(tellings))
    if found:
        said = [text for telling, each in found for text in export_lines(each, telling.conclusion, reader)]
        said.append(reader.say(w.MEANS_FOUND))
    else:
        said = list(verdict_lines(tellings[-1].conclusion, reader))  # nothing can have replaced the last
    return [Agreed(reader.say(w.ORIGIN), tuple(said))]


def trace_blocks(tellings: Sequence[Telling], reader: Reader) -> list[Block]:
    """Every conclusion as it came, what replaces it beside it, for the record; nothing where there is none."""
    if not tellings:
        return []
    gone = replacements(tellings)
    rows = tuple(_row(each, gone.get(each.number), reader) for each in tellings)
    head = tuple(map(reader.say, w.HEAD_TRACE))
    return [Heading(1, reader.say(w.TRACES)), Table(reader.say(w.TRACES), head, rows, (1, 9, 3), titled=True)]


def _row(telling: Telling, by: int | None, reader: Reader) -> tuple[Cell, ...]:
    said = [*verdict_lines(telling.conclusion, reader), *w.besides(telling.conclusion, reader)]
    for words, number in ((w.REPLACES, telling.replaces), (w.REPLACED, by)):
        if number is not None:
            said.append(reader.say(words, number=str(number)))
    return plain(str(telling.number)), Cell(tuple(said)), plain(reader.moment(telling.recorded), telling.by)


def verdict_lines(conclusion: Conclusion, reader: Reader) -> tuple[str, ...]:
    """What was concluded, export by export."""
    match conclusion.verdict:
        case Verdict.FOUND:
            found = (export_lines(each, conclusion, reader) for each in conclusion.attributed)
            return tuple(text for some in found for text in some)
        case Verdict.DOUBTFUL:
            return tuple(
                reader.say(w.POINTS, lines=conclusion.lines, order=line(each.order)) for each in conclusion.pointed
            )
        case Verdict.NOT_FOUND:
            return (reader.say(w.NOWHERE, lines=conclusion.lines, asked=conclusion.asked),)


def export_lines(export: TracedExport, conclusion: Conclusion, reader: Reader) -> tuple[str, ...]:
    """One attributed export: which, how many lines it knows, how surely."""
    likely = w.likelihood(export, reader)
    said = [
        reader.say(
            w.COMES, order=line(export.order), from_=reader.day(export.period_from),
            until=reader.day(export.period_until), persons=export.persons, destination=line(export.destination),
        ),
        reader.say(w.KNOWN, known=export.lines_known, lines=conclusion.lines, likely=likely),
    ]  # fmt: skip
    if export.canaries:
        said.append(reader.say(w.PARCELS, parcels=", ".join(export.canaries)))
    return tuple(said)


def fact_text(conclusion: Conclusion, reader: Reader) -> str:
    """What one may write down as a fact of the incident, for both sides: which export, and no number of patients."""
    said = [
        reader.say(
            w.FACT, order=line(each.order), digest=each.order_digest, from_=reader.day(each.period_from),
            until=reader.day(each.period_until), destination=line(each.destination),
        )
        for each in conclusion.attributed
    ]  # fmt: skip
    return "\n".join([*said, reader.say(w.MEANS_FOUND)])
