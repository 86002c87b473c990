"""The register of processing activities (GDPR Art. 30(2)) as a document."""

from ecluse.control import register_words as w
from ecluse.control.agreement_document import contact_cell
from ecluse.control.agreement_words import PAGE
from ecluse.control.document import Block, Cell, Document, Heading, Paragraph, Table, Tone, code, line, plain
from ecluse.control.register import Activity, Migration, Register, classes, hosting, number, standing
from ecluse.control.report_words import Lang, Reader, Words
from ecluse.domain.agreement import Party
from ecluse.wire.artefacts import digest_of


def register_document(made: Register, lang: Lang) -> Document:
    """The whole register of one processor, one section for each agreement."""
    reader = Reader(lang)
    say, name, day = reader.say, line(made.processor.name), reader.day(made.as_of)
    processor = _pairs(say(w.PROCESSOR), _party(made.processor), reader)
    blocks: list[Block] = [Paragraph(say(w.WHAT_IT_IS), Tone.NOTE), Heading(1, say(w.PROCESSOR)), processor]
    for activity in made.activities:
        blocks += _activity(activity, reader)
    return Document(
        lang,
        title=say(w.TITLE),
        subtitle=(say(w.OF, name=name), say(w.AS_OF, day=day)),
        footer=say(w.FOOTER, name=name, day=day),
        page=say(PAGE, here="{here}", all="{all}"),
        dated=made.as_of,
        blocks=tuple(blocks),
    )


def _pairs(caption: str, rows: list[tuple[Words, Cell]], reader: Reader) -> Table:
    return Table(caption, (), tuple((plain(reader.say(label)), cell) for label, cell in rows), (3, 9), titled=True)


def _party(party: Party) -> list[tuple[Words, Cell]]:
    return [
        (w.NAME, plain(party.name)),
        (w.ADDRESS, plain(party.address)),
        (w.CONTACT, contact_cell(party.contact)),
        (w.DPO, contact_cell(party.dpo)),
    ]


def _activity(activity: Activity, reader: Reader) -> list[Block]:
    agreement, it, say = activity.agreement, activity.agreement.processing, reader.say
    title = say(w.UNDER, controller=line(agreement.controller.name), number=agreement.agreement)
    start, end = reader.day(agreement.in_force_from), reader.day(agreement.in_force_until)
    subs = tuple(f"{s.name}: {s.processing}" for s in agreement.sub_processors) or (say(w.NONE),)
    facts = [
        *_party(agreement.controller),
        (w.DURATION, plain(say(w.FROM_TO, start=start, end=end))),
        (w.DIGEST, code(digest_of(agreement))),
        (w.SUBJECT, plain(it.subject_matter)),
        (w.NATURE, plain(it.nature)),
        (w.PURPOSE, plain(it.purpose)),
        (w.PERSONS, plain(*it.categories_of_persons)),
        (w.DATA, plain(*it.categories_of_data)),
        (w.TRANSFERS, plain(agreement.clauses.a_transfers)),
        (w.SUBS, plain(*subs)),
        (w.HOSTED, plain(hosting(agreement, reader))),
    ]
    measures = tuple((plain(m.heading), plain(m.description)) for m in agreement.measures)
    head = (say(w.MEASURE), say(w.DESCRIPTION))
    return [
        Heading(1, title),
        _pairs(title, facts, reader),
        Heading(2, say(w.MEASURES)),
        Table(say(w.MEASURES), head, measures, (3, 9), titled=True),
        Heading(2, say(w.ORDERS)),
        _orders(activity.migrations, reader),
    ]


def _orders(migrations: tuple[Migration, ...], reader: Reader) -> Block:
    if not migrations:
        return Paragraph(reader.say(w.NO_ORDER))
    head = tuple(map(reader.say, (w.ORDER, w.STANDS, w.SCOPE, w.ERASE_BY)))
    return Table(
        reader.say(w.ORDERS), head, tuple(_order(each, reader) for each in migrations), (3, 3, 5, 2), titled=True
    )


def _order(migration: Migration, reader: Reader) -> tuple[Cell, ...]:
    order, dates = migration.order, migration.order.scope.dates
    period = reader.say(w.FROM_TO, start=reader.day(dates.from_), end=reader.day(dates.until))
    return (
        code(number(order)),
        plain(*standing(migration, reader).split("; ")),
        plain(period, ", ".join(order.scope.sites), ", ".join(classes(order, reader))),
        plain(reader.day(order.retention.erase_by)),
    )
