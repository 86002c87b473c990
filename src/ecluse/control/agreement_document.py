"""A processing agreement as a document, after the structure of the clauses of Decision (EU) 2021/915.

>>> document = agreement_document(agreement, "fr", signed_by=frozenset({"dr.martin"}))  # doctest: +SKIP

What is signed is the artefact; the document says so, prints its digest, and keeps our wording apart from the parties'.
"""

from collections.abc import Set as AbstractSet

from ecluse.control import agreement_words as w
from ecluse.control.agreement_clauses import CHOICES, SECTIONS, Ask, Clause
from ecluse.control.document import (
    Agreed,
    Blanks,
    Block,
    Cell,
    Document,
    Heading,
    NewPage,
    Paragraph,
    Table,
    Tone,
    code,
    line,
    lines,
    plain,
)
from ecluse.control.report_words import Lang, Reader, Words
from ecluse.domain.agreement import Agreement, Contact, HostingTerms, Party, Signer
from ecluse.domain.errors import EcluseError
from ecluse.domain.policies import MAY_BIND
from ecluse.seal.signing import fingerprint
from ecluse.wire.artefacts import digest_of, namespace

_SIDES = ("controller", "processor")


def agreement_document(agreement: Agreement, lang: Lang, *, signed_by: AbstractSet[str] = frozenset()) -> Document:
    """The whole agreement. ``signed_by``: ids of signers whose signature over it verified; without, it says DRAFT."""
    say = Reader(lang).say
    number, digest = agreement.agreement, digest_of(agreement)
    drawer = _Drawer(agreement, Reader(lang), signed_by)
    return Document(
        lang,
        title=say(w.TITLE, number=number),
        subtitle=(
            f"{say(w.BETWEEN)} {line(agreement.controller.name)}",
            f"{say(w.AND)} {line(agreement.processor.name)}",
            drawer.filled(w.IN_FORCE),
        ),
        footer=say(w.FOOTER, number=number, digest=digest),
        page=say(w.PAGE, here="{here}", all="{all}"),
        dated=agreement.in_force_from,
        blocks=drawer.blocks(),
    )


class _Drawer:
    """One agreement, for one reader."""

    def __init__(self, agreement: Agreement, reader: Reader, signed_by: AbstractSet[str]) -> None:
        self.agreement = agreement
        self.reader = reader
        self.say = reader.say
        self.signed_by = signed_by

    def blocks(self) -> tuple[Block, ...]:
        made: list[Block] = [self.standing(), Paragraph(self.say(w.WHAT_IT_IS), Tone.NOTE)]
        for title, clauses in SECTIONS:
            made.append(Heading(1, self.say(title)))
            for clause in clauses:
                made += self.clause(clause)
        made += [NewPage(), *self.annex_i(), *self.annex_ii(), *self.annex_iii(), *self.annex_iv()]
        return (*made, NewPage(), *self.signatures(), *self.letters())

    def filled(self, words: Words) -> str:
        start, end = self.agreement.in_force_from, self.agreement.in_force_until
        return self.say(words, start=self.reader.day(start), end=self.reader.day(end))

    def standing(self) -> Paragraph:
        """Signed, or by whom not."""
        bound = [self._bound(side) for side in _SIDES]
        if all(bound):
            return Paragraph(self.say(w.SIGNED), Tone.LEAD)
        if not any(bound):
            return Paragraph(self.say(w.DRAFT_OF_NOBODY), Tone.LEAD)
        who = w.BY_PROCESSOR if bound[0] else w.BY_CONTROLLER
        return Paragraph(self.say(w.DRAFT, who=self.say(who)), Tone.LEAD)

    def _binding(self, *sides: str) -> list[Signer]:
        """Signers whose signature binds a party."""
        return [
            s for side in sides or _SIDES for s in getattr(self.agreement, side).signers if s.role in MAY_BIND[side]
        ]

    def _bound(self, side: str) -> bool:
        return any(signer.id in self.signed_by for signer in self._binding(side))

    def clause(self, clause: Clause) -> list[Block]:
        sub = "." in clause.number
        words = w.SUB_CLAUSE if sub else w.CLAUSE
        heading = Heading(3 if sub else 2, self.say(words, number=clause.number, title=self.say(clause.title)))
        says = [Paragraph(self.filled(each) if "{start}" in each.en else self.say(each)) for each in clause.says]
        return [heading, *says, *(Agreed(self.say(ask.label), self.value(ask)) for ask in clause.asks)]

    def value(self, ask: Ask) -> tuple[str, ...]:
        """What the agreement answers, as lines: the parties' own words, or a choice of theirs put in words."""
        value, choices = ask.value(self.agreement), CHOICES.get(ask.path)
        return (self.say(choices[value]),) if choices else lines(value)

    def annex_i(self) -> list[Block]:
        made: list[Block] = [Heading(1, self.say(w.ANNEX_I))]
        for side, title in zip(_SIDES, (w.CONTROLLER, w.PROCESSOR), strict=True):
            party: Party = getattr(self.agreement, side)
            signers = self.say(w.SIGNERS, party=self.say(w.PARTY_LOWER[side]))
            made += [Heading(2, self.say(title)), self._party(party, self.say(title)), self._signers(party, signers)]
        return made

    def _pairs(self, caption: str, rows: list[tuple[Words, Cell]]) -> Table:
        named = tuple((plain(self.say(label)), cell) for label, cell in rows)
        return Table(caption, (), named, (3, 9), titled=True)

    def _party(self, party: Party, caption: str) -> Table:
        return self._pairs(caption, [
            (w.NAME, plain(party.name)), (w.ADDRESS, plain(party.address)),
            (w.CONTACT, contact_cell(party.contact)), (w.DPO, contact_cell(party.dpo)),
        ])  # fmt: skip

    def _signers(self, party: Party, caption: str) -> Table:
        head = tuple(map(self.say, (w.ID, w.NAME, w.ROLE, w.KEY)))
        rows = tuple((code(s.id), plain(s.name), self._role(s), code(s.key)) for s in party.signers)
        return Table(caption, head, rows, (2, 2, 3, 5))

    def _role(self, signer: Signer) -> Cell:
        return plain(self.say(w.ROLES[signer.role]))

    def annex_ii(self) -> list[Block]:
        it = self.agreement.processing
        table = self._pairs(self.say(w.ANNEX_II), [
            (w.SUBJECT, plain(it.subject_matter)), (w.NATURE, plain(it.nature)), (w.PURPOSE, plain(it.purpose)),
            (w.DURATION, plain(self.filled(w.IN_FORCE))), (w.PERSONS, plain(*it.categories_of_persons)),
            (w.DATA, plain(*it.categories_of_data)), (w.SENSITIVE, plain(it.sensitive_data_safeguards)),
        ])  # fmt: skip
        return [Heading(1, self.say(w.ANNEX_II)), table]

    def annex_iii(self) -> list[Block]:
        caption = self.say(w.ANNEX_III)
        head = (self.say(w.MEASURE), self.say(w.DESCRIPTION))
        rows = tuple((plain(m.heading), plain(m.description)) for m in self.agreement.measures)
        return [
            Heading(1, caption),
            Table(caption, head, rows, (3, 9), titled=True),
            *self._hosting(self.agreement.hosting),
        ]

    def _hosting(self, hosting: HostingTerms) -> list[Block]:
        title = self.say(w.HOSTING)
        table = self._pairs(title, [
            (w.PLACE, plain(self.say(w.WHERE[hosting.where]))), (w.CERTIFICATE, plain(hosting.certificate)),
            (w.EXPIRES, plain(self.reader.day(hosting.expires))),
        ])  # fmt: skip
        return [Heading(2, title), Paragraph(self.say(w.HOSTING_SAYS), Tone.NOTE), table]

    def annex_iv(self) -> list[Block]:
        title = self.say(w.ANNEX_IV)
        if not self.agreement.sub_processors:
            return [Heading(1, title), Paragraph(self.say(w.NO_SUB_PROCESSOR))]
        head = tuple(map(self.say, (w.NAME, w.CONTACT, w.PROCESSING)))
        rows = tuple(
            (plain(s.name, s.address), contact_cell(s.contact), plain(s.processing))
            for s in self.agreement.sub_processors
        )
        return [Heading(1, title), Table(title, head, rows, (4, 4, 4), titled=True)]

    def signatures(self) -> list[Block]:
        agreement, title = self.agreement, self.say(w.SIGNATURES)
        artefact = self._pairs(self.say(w.ARTEFACT), [
            (w.FORMAT, code(agreement.format)), (w.NUMBER, code(agreement.agreement)),
            (w.DIGEST, code(digest_of(agreement))),
        ])  # fmt: skip
        head = tuple(map(self.say, (w.NAME, w.ROLE, w.FINGERPRINT, w.STATE)))
        rows = tuple(self._signature(s) for side in _SIDES for s in getattr(agreement, side).signers)
        parties = tuple(
            (self.say(title), line(getattr(agreement, side).name))
            for side, title in zip(_SIDES, (w.CONTROLLER, w.PROCESSOR), strict=True)
        )
        return [
            Heading(1, title),
            Paragraph(self.say(w.SIGNATURES_SAY, namespace=namespace("agreement"))),
            artefact,
            Table(title, head, rows, (3, 3, 5, 3), titled=True),
            Paragraph(self.say(w.BY_HAND)),
            Blanks(parties, tuple(map(self.say, w.HAND))),
        ]

    def _signature(self, signer: Signer) -> tuple[Cell, ...]:
        binds = signer in self._binding()
        state = w.VERIFIED if signer.id in self.signed_by else w.UNSIGNED if binds else w.NOT_ASKED
        try:
            print_ = code(fingerprint(signer.key))
        except EcluseError:
            print_ = plain(self.say(w.UNREADABLE))
        return (plain(signer.name, signer.id), self._role(signer), print_, plain(self.say(state)))

    def letters(self) -> list[Block]:
        head = (self.say(w.LETTER), self.say(w.ANSWERED))
        article = "art." if self.reader.lang == "fr" else "Art."
        rows = tuple((plain(f"{article}\u00a0{letter}"), plain(self.say(where))) for letter, where in w.ANSWERS)
        return [Heading(2, self.say(w.LETTERS)), Table(self.say(w.LETTERS), head, rows, (3, 9), titled=True)]


def contact_cell(contact: Contact) -> Cell:
    """A contact, line by line."""
    return plain(contact.name, contact.role, contact.details)
