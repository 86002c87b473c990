"""A document for people, before any file format: headings, paragraphs, lists, tables. Renderers add no words.

Two voices are kept apart: what Écluse words (:class:`Paragraph`), and what the parties wrote (:class:`Agreed`), which
passes through :func:`lines` so that nothing invisible reaches a page.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ecluse.control.report_words import Lang, shown


class Tone(StrEnum):
    """How a paragraph speaks."""

    LEAD = "lead"
    BODY = "body"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; ``level`` 1 (a section) to 3."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words of Écluse's."""

    text: str
    tone: Tone = Tone.BODY


@dataclass(frozen=True, slots=True)
class Agreed:
    """Words of the parties', under a label: what they agreed, line by line."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table, line by line; ``code`` is for keys and digests, which are compared character by character."""

    lines: tuple[str, ...]
    code: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table. ``widths`` are the columns' shares; without ``head``, the first column names each row.

    ``titled``: the heading above says the caption already; only those who hear the page are told it.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[int, ...]
    titled: bool = False


@dataclass(frozen=True, slots=True)
class Blanks:
    """Lines to be filled in by hand, for each party."""

    parties: tuple[tuple[str, ...], ...]
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewPage:
    """What follows begins a page."""


Block = Heading | Paragraph | Agreed | Bullets | Table | Blanks | NewPage


@dataclass(frozen=True, slots=True)
class Document:
    """A document. ``dated`` is a day that its content names, never the day on which it is drawn."""

    lang: Lang
    title: str
    subtitle: tuple[str, ...]
    footer: str
    page: str
    dated: dt.date
    blocks: tuple[Block, ...]


def lines(text: str) -> tuple[str, ...]:
    """A text of somebody else's, line by line; what is invisible or moves the eye is spelt out, empty lines go."""
    found = tuple(shown(line.expandtabs(1)).strip() for line in text.splitlines())
    return tuple(line for line in found if line)


def line(text: str) -> str:
    """The same on one line."""
    return " ".join(lines(text))


def plain(*texts: str) -> Cell:
    """A cell of words."""
    return Cell(tuple(part for text in texts for part in lines(text)))


def code(text: str) -> Cell:
    """A cell of a key or a digest."""
    return Cell(lines(text), code=True)


def texts(document: Document) -> Iterator[str]:
    """Every text of a document, in reading order."""
    yield document.title
    yield from document.subtitle
    for block in document.blocks:
        yield from _texts(block)
    yield document.footer


def _texts(block: Block) -> Iterator[str]:
    match block:
        case Heading() | Paragraph():
            yield block.text
        case Agreed():
            yield block.label
            yield from block.lines
        case Bullets():
            yield from block.items
        case Table():
            yield from (block.caption, *block.head)
            for row in block.rows:
                for cell in row:
                    yield from cell.lines
        case Blanks():
            for party in block.parties:
                yield from party
            yield from block.asked
        case NewPage():
            pass
