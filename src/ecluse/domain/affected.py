"""Who is affected by a breach, in numbers: counted at the controller's own source, told on without small cells (R17).

Exact numbers are for the controller's own screen. What goes into an incident's record, and from there to a processor,
an authority or a court, says of fewer than five persons no more than that: a site and a year with one person in it name
somebody to whoever knows the site. Five is our own choice, of the size that official statistics use (general
knowledge); see ``docs/decisions/0023-affected.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ecluse.domain.agreement import Agreement
from ecluse.domain.catalogue import FieldClass
from ecluse.domain.errors import ForbiddenError, Location, UsageError
from ecluse.domain.order import Order
from ecluse.domain.values import Count, Digest, FieldError, Instant, Name, Strict

SMALL = 5
"""Numbers of persons below this are not told on."""
_SEALABLE = ("ssh-ed25519 ", "ssh-rsa ")
"""Signing keys to which age can seal; hardware and ECDSA keys only sign."""


class By(StrEnum):
    """What a number of persons is told by."""

    CLASS = "class"
    CATEGORY = "category"
    YEAR = "year"
    SITE = "site"
    FACT = "fact"
    FLAG = "flag"


_PARTS = (By.YEAR, By.SITE)


class Fact(StrEnum):
    """What the source says of a person, ordered or not: some letters go to somebody else, or are worded otherwise."""

    MINOR = "minor"
    ADULT = "adult"
    DECEASED = "deceased"
    MILITARY = "military"
    CONFIDENTIAL = "confidential"
    NO_RECORD = "no_record"
    """Requests name the person, and the source has no record."""


_UNTOLD = frozenset({Fact.ADULT, Fact.NO_RECORD})
"""Facts that stay on the screen: with the minors, the adults would tell how many ages are unknown."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Persons told by one thing: a class or category by its name, a year in digits, a site or flag as it is written."""

    by: By
    name: str
    persons: int


@dataclass(frozen=True, slots=True)
class Lines:
    """What a leaked sample's lines say. ``explained`` have a person of the order.

    Of those, ``several`` fit more than one person as well, who are all counted. ``doubtful`` share no more than a
    surname and a birth date with anybody, or only what too many persons have; those are not counted. ``classes``:
    lines in which a value of that class stands. ``more``: the file goes on beyond what was read; ``cut``: so many of
    the lines themselves do.
    """

    lines: int
    explained: int
    several: int
    doubtful: int
    classes: tuple[tuple[FieldClass, int], ...]
    more: bool = False
    cut: int = 0

    @property
    def strange(self) -> int:
        """Lines that nobody explains."""
        return self.lines - self.explained - self.doubtful


@dataclass(frozen=True, slots=True)
class Counted:
    """Exact numbers. ``nameless`` requests name no patient; ``practitioners`` None where a sample was asked for."""

    persons: int
    nameless: int
    practitioners: int | None
    cells: tuple[Cell, ...]
    sample: Lines | None = None

    def of(self, by: By, name: str) -> int:
        """The number of one cell; 0 where there is none."""
        return next((cell.persons for cell in self.cells if (cell.by, cell.name) == (by, name)), 0)


@dataclass(frozen=True, slots=True)
class Range(Strict):
    """A number that is told exactly (both ends the same), or between two."""

    at_least: Count
    at_most: Count

    def __post_init__(self) -> None:
        """Refuse an empty one."""
        if self.at_most < self.at_least:
            raise FieldError("at_most", "at_most is less than at_least")


@dataclass(frozen=True, slots=True)
class AffectedCell(Strict):
    """Persons told by one thing."""

    by: By
    name: Name
    persons: Range


@dataclass(frozen=True, slots=True)
class AffectedClass(Strict):
    """Lines of a sample in which a value of a class of data stands."""

    name: FieldClass
    lines: Range


@dataclass(frozen=True, slots=True)
class AffectedSample(Strict):
    """A sample's lines: how many there are, have a person, fit several, are doubtful.

    All but the first are told as persons are: a line usually is one person's. ``more``: the file goes on; ``cut``: of
    so many lines, which say nothing of whom they have, only the beginning was read. Who stands only in the rest is in
    no number.
    """

    lines: Count
    explained: Range
    several: Range
    doubtful: Range
    classes: tuple[AffectedClass, ...]
    more: bool
    cut: Count


@dataclass(frozen=True, slots=True)
class AffectedList(Strict):
    """The sealed list of persons that was written: who opens it (an SSH key by its fingerprint), its file's digest."""

    recipient: Name
    digest: Digest


@dataclass(frozen=True, slots=True)
class Affected(Strict):
    """Numbers for an incident's record; of fewer than ``fewer_than`` persons, or of all but so few, no exact one."""

    format: Literal["ecluse.affected/1"]
    order: Digest
    agreement: Digest
    profile: Digest
    counted_at: Instant
    fewer_than: Count
    persons: Range
    practitioners: Range | None
    cells: tuple[AffectedCell, ...]
    sample: AffectedSample | None = None
    sealed_list: AffectedList | None = None


def told(persons: int, whole: int) -> Range:
    """A number as it may be told on: also that nearly everybody is in it says something of the few who are not."""
    if SMALL <= whole < 2 * SMALL - 1 and 0 < persons < whole:
        return Range(1, whole - 1)  # the two ranges below would overlap, and which was taken would say more than both
    if 0 < persons < SMALL:
        return Range(1, SMALL - 1)
    if whole >= SMALL and 0 < whole - persons < SMALL:
        return Range(whole - SMALL + 1, whole - 1)
    return Range(persons, persons)


def told_lines(lines: Lines) -> AffectedSample:
    """A sample's lines as they may be told on, each number within what it is a part of, not within all lines."""
    explained, rest = told(lines.explained, lines.lines), told(lines.lines - lines.explained, lines.lines)
    classes = tuple(AffectedClass(kind, _told_of(number, explained)) for kind, number in lines.classes)
    several, doubtful = _told_of(lines.several, explained), _told_of(lines.doubtful, rest)
    return AffectedSample(lines.lines, explained, several, doubtful, classes, lines.more, lines.cut)


def _told_of(part: int, whole: Range) -> Range:
    """A part of what may itself be told within a range only, and must not follow from how the part is told."""
    least, most = whole.at_least, whole.at_most
    if least == most:
        return told(part, least)
    if part == 0:
        return Range(0, 0)
    if least < SMALL:
        return Range(1, most)
    if part < SMALL:
        return Range(1, SMALL - 1)
    if part > least - SMALL:
        return Range(max(SMALL, least - SMALL + 1), most)
    return Range(part, part)


def told_cells(counted: Counted) -> tuple[AffectedCell, ...]:
    """Cells as they may be told on.

    Years and sites nearly add up to the whole, so that what is hidden in one could be worked out from the others: then
    the first that is large enough is told as widely as the small ones together. Where none is, nothing is told of any.
    """
    shown = [cell for cell in counted.cells if not (cell.by is By.FACT and cell.name in _UNTOLD)]
    known = {cell: told(cell.persons, counted.persons) for cell in shown}
    if counted.persons >= SMALL:
        for by in _PARTS:
            known |= _shaded([cell for cell in shown if cell.by is by], counted.persons)
    return tuple(AffectedCell(cell.by, cell.name, known[cell]) for cell in shown)


def _shaded(cells: Sequence[Cell], whole: int) -> dict[Cell, Range]:
    """The cells that must be told more widely than by themselves, for the small ones' sake.

    To be read as by somebody who knows this rule, the whole, and that nobody is in two cells. He then knows what the
    small cells and those told widely are *together*. So whether enough are told widely is decided by that alone, and
    which by their place, and never by one cell's own number: of two hidden numbers the lesser would else be known to
    be the lesser, or to be over a limit. Each small cell can then be anything of 1 to ``SMALL - 1``.
    """
    small = [cell.persons for cell in cells if 0 < cell.persons < SMALL]
    if not small:
        return {}
    together, least, most = sum(small), len(small), len(small) * (SMALL - 1)
    none = dict.fromkeys(cells, Range(0, whole))
    made: dict[Cell, Range] = {}
    # More than what is small at its most, with cells at their least, so that "not yet enough" excludes nothing either.
    enough, before = most + SMALL - 1, most
    for cell in cells:
        if not SMALL <= cell.persons <= whole - SMALL:
            continue
        together, enough = together + cell.persons, enough + SMALL
        if together >= enough:
            made[cell] = Range(together - before, together - least)
            # Told alone, what nearly everybody is in is told otherwise: that it was not would say something.
            return made if together - least <= whole - SMALL else none
        made[cell] = Range(SMALL, min(enough - 1 - least, whole - SMALL))
        least, before = least + SMALL, enough - 1
    return none


def list_recipient(order: Order, agreement: Agreement, to: str | None) -> str:
    """To whom a list of persons may be sealed: the order's key of the controller, or one of the controller's signers.

    Args:
        order: the signed order.
        agreement: the one that it stands on.
        to: id of a signer of the controller, or the order's ``trace.recipient``; None for that key.

    Raises:
        UsageError: nobody was named, and the order names no key of the controller's.
        ForbiddenError: the key or signer is not the controller's, or age cannot seal to it.
    """
    own = order.trace.recipient if order.trace else None
    place = Location(field="--to")
    if to is None and own is None:
        raise UsageError(
            "the order names no key of the controller's (trace.recipient)", location=place, hint=_who(agreement)
        )
    if own is not None and to in {None, own}:
        return own
    signer = next((each for each in agreement.controller.readers() if each.id == to), None)
    if signer is None:
        raise ForbiddenError(
            "a list of persons is sealed to the controller alone", location=place, hint=_who(agreement)
        )
    if not signer.key.startswith(_SEALABLE):
        raise ForbiddenError(
            "nothing can be sealed to this signer's key: it only signs", location=place, hint=_who(agreement)
        )
    return signer.key


def _who(agreement: Agreement) -> str:
    able = [s.id for s in agreement.controller.readers() if s.key.startswith(_SEALABLE)]
    return f"who can be named: {', '.join(able) or 'nobody'}"
