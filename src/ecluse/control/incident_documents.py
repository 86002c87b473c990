"""What is written about a breach: the notice, the notification, the report, the letter, the record (Art. 33, 34; R17).

Drafts of what the record says, and of nothing else: what is not known says so. Parts and their content follow GDPR
Art. 33(3) (domain.md section 4 [L7]); forms of authorities were not read, and each draft says that.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ecluse.control import incident_words as w
from ecluse.control.agreement_words import PAGE
from ecluse.control.document import Agreed, Block, Document, Heading, Paragraph, Table, Tone, line, lines, plain
from ecluse.control.incident_record import record_blocks, value_of
from ecluse.control.incident_traces import origin_blocks
from ecluse.control.report_words import Lang, Reader, Words
from ecluse.domain.incidents import (
    COUNTED,
    Fact,
    FactKind,
    Incident,
    Step,
    authority_clock,
    awareness,
    notice_clock,
    standing,
)
from ecluse.domain.permissions import Side


class Paper(StrEnum):
    """Everything that can be drawn up."""

    NOTICE = "notice"
    AUTHORITY = "authority"
    SECURITY = "security"
    LETTER = "letter"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class _Drawer:
    """One incident, for one reader."""

    incident: Incident
    reader: Reader

    def say(self, words: Words, **values: str | int) -> str:
        return self.reader.say(words, **values)

    def facts(self, kinds: Iterable[FactKind], held: Iterable[Fact], *, since: bool = True) -> list[Block]:
        """Each kind with what stands of it, or that it is not known."""
        known = tuple(held)
        return [self._fact(kind, [fact for fact in known if fact.kind is kind], since=since) for kind in kinds]

    def _fact(self, kind: FactKind, facts: list[Fact], *, since: bool) -> Agreed:
        said: list[str] = []
        for fact in facts:
            said += lines(value_of(fact, self.reader))
            if since:
                said.append(self.say(w.SINCE, when=self.reader.moment(fact.known_since)))
        return Agreed(self.say(w.FACTS[kind]), tuple(said) or (self.say(w.UNKNOWN),))

    def pairs(self, caption: Words, rows: list[tuple[Words, str]]) -> list[Block]:
        table = tuple((plain(self.say(label)), plain(value)) for label, value in rows)
        return [Heading(1, self.say(caption)), Table(self.say(caption), (), table, (3, 9), titled=True)]

    def parties(self) -> list[Block]:
        incident = self.incident
        return self.pairs(w.PARTIES, [
            (w.CONTROLLER, incident.controller),
            (w.PROCESSOR, incident.processor or self.say(w.NO_PROCESSOR)),
            (w.NUMBER, incident.number),
        ])  # fmt: skip

    def notice(self) -> list[Block]:
        """The processor's own facts: what it knows, and how it tells it (Art. 33(2))."""
        incident, clock = self.incident, notice_clock(self.incident)
        given = incident.first(Step.NOTICE)
        own = tuple(fact for fact in standing(incident.facts) if fact.side is Side.PROCESSOR)
        aware = self.reader.moment(clock.start) if clock else self.say(w.UNKNOWN)
        told = self.reader.moment(given.at) if given else self.say(w.NOT_GIVEN)
        return [
            *self.parties(),
            *self.pairs(w.TIMES, [(w.NOTICE_AWARE, aware), (w.NOTICE_GIVEN, told)]),
            Paragraph(self.say(w.NOTICE_RUNS, controller=line(incident.controller))),
            Heading(1, self.say(w.BREACH)),
            *self.facts(_BREACH, own),
            Heading(1, self.say(w.EFFECT)),
            *self.facts(tuple(kind for kind in _EFFECT if kind not in COUNTED), own),
            Heading(1, self.say(w.MEASURES)),
            *self.facts(_MEASURES, own),
            *self.places(),
        ]

    def authority(self) -> list[Block]:
        """What Art. 33(3) asks for, from everything that stands."""
        held = standing(self.incident.facts)
        return [
            *self.parties(),
            *self.pairs(w.TIMES, [(w.KIND_OF_FILING, self._kind_of_filing()), *self._aware(), *self._late()]),
            Heading(1, self.say(w.BREACH)),
            *self.facts(_BREACH, held),
            *origin_blocks(self.incident.traces, self.reader),
            Heading(1, self.say(w.EFFECT)),
            *self.facts(_EFFECT, held),
            Heading(1, self.say(w.MEASURES)),
            *self.facts((*_MEASURES, FactKind.OTHER), held),
            self._decided(w.PERSONS_TOLD, Step.TELL, Step.NOT_TELL, Step.TOLD),
            *self.places(),
        ]

    def security(self) -> list[Block]:
        """The report of a security incident: what happened to the systems, and what it does to care."""
        held = standing(self.incident.facts)
        return [
            *self.parties(),
            *self.pairs(w.TIMES, self._aware()),
            Heading(1, self.say(w.BREACH)),
            *self.facts(_BREACH, held),
            *origin_blocks(self.incident.traces, self.reader),
            Heading(1, self.say(w.ANS_EFFECT)),
            *self.facts((FactKind.PERSONS, FactKind.DATA, FactKind.CONSEQUENCES), held),
            Heading(1, self.say(w.MEASURES)),
            *self.facts((*_MEASURES, FactKind.OTHER), held),
            *self.places(),
        ]

    def letter(self) -> list[Block]:
        """For patients: no number of others, no cause, no place."""
        made: list[Block] = [Paragraph(self.say(w.LETTER_OPENS, controller=line(self.incident.controller)))]
        held = standing(self.incident.facts)
        for heading, kinds in _LETTER:
            made.append(Heading(1, self.say(heading)))
            made += self.facts(kinds, held, since=False) if len(kinds) > 1 else self._plain(kinds[0], held)
        return made

    def _plain(self, kind: FactKind, held: Iterable[Fact]) -> list[Block]:
        """What stands of a kind, where the heading says what it is."""
        said = [text for fact in held if fact.kind is kind for text in lines(value_of(fact, self.reader))]
        return [Paragraph(text) for text in said or [self.say(w.UNKNOWN)]]

    def record(self) -> list[Block]:
        """Everything, as it came."""
        return [*self.parties(), *record_blocks(self.incident, self.reader)]

    def places(self) -> list[Block]:
        count = len(self.incident.exposures)
        return [Paragraph(self.say(w.PLACES_FOUND, n=count))] if count else []

    def _kind_of_filing(self) -> str:
        filed = self.incident.first(Step.FILED)
        if filed is None:
            return self.say(w.FIRST)
        return self.say(w.FURTHER, reference=line(filed.reference) or self.say(w.NO_REFERENCE))

    def _aware(self) -> list[tuple[Words, str]]:
        began, clock = awareness(self.incident), authority_clock(self.incident)
        if began is None or clock is None:
            return [(w.AWARE_AT, self.say(w.UNKNOWN))]
        how = self.say(w.AWARE_HOW, when=self.reader.moment(began.at), basis=self.say(w.BASES[began.basis]))
        said = f"{how}\n{began.reasons}" if began.reasons else how
        return [(w.AWARE_AT, said), (w.DUE, self.reader.moment(clock.due))]

    def _late(self) -> list[tuple[Words, str]]:
        """Why it comes late, where it does: by what was filed, or by the latest thing that the record knows."""
        clock, filed = authority_clock(self.incident), self.incident.first(Step.FILED)
        if clock is None:
            return []
        if filed is not None and clock.was_late():
            return [(w.LATE_WHY, filed.reasons)]
        passed = filed is None and latest(self.incident) > clock.due
        return [(w.LATE_WHY, self.say(w.TO_BE_GIVEN if passed else w.NOT_LATE))]

    def _decided(self, label: Words, *steps: Step) -> Agreed:
        move = self.incident.last(*steps)
        if move is None:
            return Agreed(self.say(label), (self.say(w.UNSTATED),))
        said = [self.say(w.SAID_OF, step=self.say(w.STEPS[move.step]))]
        judged = (w.RISKS.get(move.risk) if move.risk else None, w.GROUNDS.get(move.ground) if move.ground else None)
        said += [self.say(each) for each in judged if each is not None]
        return Agreed(self.say(label), (*said, *lines(move.reasons)))


_BREACH = (
    FactKind.WHAT_HAPPENED, FactKind.NATURE, FactKind.BEGAN, FactKind.ENDED, FactKind.FOUND, FactKind.CAUSE,
    FactKind.SPREAD,
)  # fmt: skip
_EFFECT = (
    FactKind.DATA, FactKind.PERSONS_KIND, FactKind.PERSONS, FactKind.RECORDS, FactKind.PROTECTION,
    FactKind.CONSEQUENCES, FactKind.ABROAD,
)  # fmt: skip
_MEASURES = (FactKind.DONE, FactKind.PLANNED, FactKind.CONTACT)
_LETTER: tuple[tuple[Words, tuple[FactKind, ...]], ...] = (
    (w.LETTER_HAPPENED, (FactKind.WHAT_HAPPENED,)),
    (w.LETTER_DATA, (FactKind.DATA,)),
    (w.LETTER_MAY, (FactKind.CONSEQUENCES,)),
    (w.LETTER_DONE, (FactKind.DONE, FactKind.PLANNED)),
    (w.LETTER_ASK, (FactKind.CONTACT,)),
)

_PAPERS: Mapping[Paper, tuple[Words, Words, Callable[[_Drawer], list[Block]]]] = {
    Paper.NOTICE: (w.NOTICE_TITLE, w.NOTICE_NOTE, _Drawer.notice),
    Paper.AUTHORITY: (w.CNIL_TITLE, w.CNIL_NOTE, _Drawer.authority),
    Paper.SECURITY: (w.ANS_TITLE, w.ANS_NOTE, _Drawer.security),
    Paper.LETTER: (w.LETTER_TITLE, w.LETTER_NOTE, _Drawer.letter),
    Paper.RECORD: (w.RECORD_TITLE, w.RECORD_NOTE, _Drawer.record),
}

TITLES: Mapping[Paper, Words] = {paper: title for paper, (title, _, _) in _PAPERS.items()}
"""What each is called."""


def incident_document(incident: Incident, paper: Paper, lang: Lang) -> Document:
    """One of the papers. Dated by the last thing that the record knows: same record, same document."""
    reader = Reader(lang)
    title, note, draws = _PAPERS[paper]
    at = latest(incident)
    blocks = [Paragraph(reader.say(note), Tone.NOTE), *draws(_Drawer(incident, reader))]
    if paper is not Paper.RECORD:
        blocks.insert(0, Paragraph(reader.say(w.DRAFT), Tone.LEAD))
    return Document(
        lang,
        title=reader.say(title),
        subtitle=() if paper is Paper.LETTER else (line(incident.title),),
        footer=reader.say(w.FOOTER, number=incident.number, when=reader.moment(at)),
        page=reader.say(PAGE, here="{here}", all="{all}"),
        dated=at.date(),
        blocks=tuple(blocks),
    )


def latest(incident: Incident) -> dt.datetime:
    """When the record last grew."""
    found = [incident.opened, *(fact.recorded for fact in incident.facts), *(move.recorded for move in incident.moves)]
    found += [each.recorded for each in incident.traces]
    for each in incident.exposures:
        found += [each.recorded, *(move.recorded for move in each.moves)]
    return max(found)
