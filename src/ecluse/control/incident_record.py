"""The record that Art. 33(5) asks for, as tables: facts as they came, decisions with reasons, places of leaked data."""

from ecluse.control import incident_words as w
from ecluse.control.document import Block, Cell, Heading, Paragraph, Table, code, line, lines, plain
from ecluse.control.incident_traces import trace_blocks
from ecluse.control.report_words import Reader, Words
from ecluse.domain.incident_exposures import Exposure
from ecluse.domain.incidents import COUNTED, Fact, Incident, Move, authority_clock, awareness, notice_clock


def value_of(fact: Fact, reader: Reader) -> str:
    """What a fact says: its words, or its number and of what."""
    if fact.kind not in COUNTED or fact.count is None:
        return fact.text
    number = reader.say(w.EXACTLY if fact.exact else w.ABOUT, count=fact.count)
    return reader.say(w.COUNTED_OF, count=number, text=line(fact.text)) if fact.text.strip() else number


def record_blocks(incident: Incident, reader: Reader) -> list[Block]:
    """The whole record but its parties."""
    say = reader.say
    return [
        *_standing(incident, reader),
        *_table(w.RECORD_FACTS, w.HEAD_FACT, [_fact(each, incident, reader) for each in incident.facts],
                (1, 3, 6, 3, 3), reader),
        *_table(w.RECORD_MOVES, w.HEAD_MOVE, [_move(each, reader) for each in incident.moves], (3, 4, 6, 3), reader),
        *trace_blocks(incident.traces, reader),
        *_table(w.PLACES, w.HEAD_PLACE, [_exposure(each, reader) for each in incident.exposures], (1, 5, 3, 5),
                reader),
        Paragraph(say(w.PLACES_NOTE)),
    ]  # fmt: skip


def _standing(incident: Incident, reader: Reader) -> list[Block]:
    say, notice, authority = reader.say, notice_clock(incident), authority_clock(incident)
    opened = say(
        w.OPENED_BY, when=reader.moment(incident.opened), who=line(incident.opened_by),
        side=say(w.SIDES[incident.opened_side]),
    )  # fmt: skip
    rows: list[tuple[Words, str]] = [(w.OPENED, opened), (w.PHASE, say(w.PHASES[incident.phase]))]
    if notice is not None:
        rows.append((w.NOTICE_AWARE, reader.moment(notice.start)))
        rows.append((w.NOTICE_GIVEN, reader.moment(notice.met) if notice.met else say(w.NOT_GIVEN)))
    began = awareness(incident)
    if began is not None and authority is not None:
        how = say(w.AWARE_HOW, when=reader.moment(began.at), basis=say(w.BASES[began.basis]))
        rows += [(w.AWARE_AT, how), (w.DUE, reader.moment(authority.due))]
    else:
        rows.append((w.AWARE_AT, say(w.UNKNOWN)))
    cells = tuple((plain(say(label)), plain(value)) for label, value in rows)
    return [Heading(1, say(w.TIMES)), Table(say(w.TIMES), (), cells, (3, 9), titled=True)]


def _table(
    title: Words, heads: tuple[Words, ...], rows: list[tuple[Cell, ...]], widths: tuple[int, ...], reader: Reader
) -> list[Block]:
    heading = Heading(1, reader.say(title))
    if not rows:
        return [heading, Paragraph(reader.say(w.NOTHING_YET))]
    return [heading, Table(reader.say(title), tuple(map(reader.say, heads)), tuple(rows), widths, titled=True)]


def _fact(fact: Fact, incident: Incident, reader: Reader) -> tuple[Cell, ...]:
    said = [*lines(value_of(fact, reader))]
    if fact.corrects is not None:
        said.append(reader.say(w.CORRECTS, number=str(fact.corrects)))
    by = next((each.number for each in incident.facts if each.corrects == fact.number), None)
    if by is not None:
        said.append(reader.say(w.CORRECTED, number=str(by)))
    return (
        plain(str(fact.number)), plain(reader.say(w.FACTS[fact.kind])), Cell(tuple(said)),
        plain(reader.moment(fact.known_since)), _written(fact, reader),
    )  # fmt: skip


def _move(move: Move, reader: Reader) -> tuple[Cell, ...]:
    say = reader.say
    judged = [
        say(words)
        for words in (
            w.RISKS.get(move.risk) if move.risk else None,
            w.GROUNDS.get(move.ground) if move.ground else None,
            w.BASES.get(move.basis) if move.basis else None,
        )
        if words is not None
    ]
    reference = [say(w.REFERENCE, reference=line(move.reference))] if move.reference else []
    said = (*judged, *lines(move.reasons), *reference)
    return plain(reader.moment(move.at)), plain(say(w.STEPS[move.step])), Cell(said or ("–",)), _written(move, reader)


def _exposure(exposure: Exposure, reader: Reader) -> tuple[Cell, ...]:
    say = reader.say
    holder = [say(w.HELD_BY, who=line(exposure.holder))] if exposure.holder else []
    seen = say(w.SEEN, when=reader.moment(exposure.seen))
    place = Cell((say(w.EXPOSURES[exposure.kind]), line(exposure.address), *holder, seen))
    done: list[str] = []
    for move in exposure.moves:
        done.append(say(w.ASKED_OF, when=reader.moment(move.at), state=say(w.TAKEDOWNS[move.to])))
        done += [line(each) for each in (move.whom, move.reference) if each]
    proof = code(exposure.capture) if exposure.capture else plain("–")
    return plain(str(exposure.number)), place, proof, Cell(tuple(done) or (say(w.NOTHING_YET),))


def _written(held: Fact | Move, reader: Reader) -> Cell:
    return plain(
        reader.say(w.WRITTEN, when=reader.moment(held.recorded), who=line(held.by)), reader.say(w.SIDES[held.side])
    )
