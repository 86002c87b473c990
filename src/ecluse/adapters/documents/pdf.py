"""Documents as PDF, by typst: tagged (PDF/UA-1), archival (PDF/A-2a), fonts of its own, no clock.

Only typst's own fonts are used, so that the same document gives the same bytes on every machine. A character that they
do not have (Chinese, emoji) is spelt out by its number; HTML and DOCX keep it.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import typst

from ecluse.control.document import (
    Agreed,
    Blanks,
    Block,
    Bullets,
    Document,
    Heading,
    NewPage,
    Paragraph,
    Table,
    texts,
)
from ecluse.domain.errors import InternalError

_STANDARDS: Any = ["a-2a", "ua-1"]
_MISSING = re.compile(r'the text `"(.+)"` could not be displayed', re.DOTALL)
_LONG = re.compile(r"\S{24,}")
_SURELY = 0x17F
"""Up to here (Latin), the fonts have every character that can be seen."""
_FOREIGN = 0x2E80
"""From here on (ideographs and beyond), they have but Arabic and Hebrew presentation forms: not worth asking."""
_ASKED = 512
"""Asking takes some milliseconds a character, once a process: a hostile text does not keep it busy."""
_PROBE = b"""#set document(title: "x", date: datetime(year: 2000, month: 1, day: 1))
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"))
a#sys.inputs.char"""


def document_pdf(document: Document) -> bytes:
    """The PDF. Same document, same bytes.

    Raises:
        InternalError: typst refuses the page; says why, without a text of the document's.
    """
    spelt = _spelling(document)
    source = files("ecluse.adapters.documents").joinpath("document.typ").read_bytes()
    try:
        made = _compile(source, document=json.dumps(_json(document, spelt)))
    except typst.TypstError as error:
        raise InternalError(f"the PDF cannot be drawn: {_kind(error)}") from None
    return made


def _compile(source: bytes, **inputs: str) -> bytes:
    made = typst.compile(
        source, format="pdf", ignore_system_fonts=True, sys_inputs=inputs, pdf_standards=_STANDARDS, timestamp=0
    )
    if not isinstance(made, bytes):
        raise InternalError("typst gave no PDF")
    return made


def _spelling(document: Document) -> Callable[[str], str]:
    """Spell out what the fonts lack, and let very long words break anywhere."""
    missing = _missing(set("".join(texts(document))))
    table = str.maketrans({char: f"\\u{ord(char):04x}" for char in missing})

    def spelt(text: str) -> str:
        return _LONG.sub(lambda word: _breakable(word[0]), text.translate(table))

    return spelt


def _breakable(word: str) -> str:
    """A long word with a place to break before each character, but not before a mark that combines with the last."""
    return "".join(
        char if place == 0 or unicodedata.combining(char) else f"\u200b{char}" for place, char in enumerate(word)
    )


def _missing(chars: set[str]) -> set[str]:
    """Characters that typst's fonts cannot show; of very many unusual ones, the last are taken not to be."""
    unusual = sorted(char for char in chars if ord(char) > _SURELY)
    near = [char for char in unusual if ord(char) < _FOREIGN]
    shown = {char for char in near[:_ASKED] if _can_show(char)}
    return set(unusual) - shown


@cache
def _can_show(char: str) -> bool:
    """Ask typst, which refuses an archival page with a character that it cannot show."""
    try:
        _compile(_PROBE, char=char)
    except typst.TypstError:
        return False
    return True


def _kind(error: typst.TypstError) -> str:
    return _MISSING.sub("a text could not be displayed", error.message).partition("\n")[0]


def _json(document: Document, spelt: Callable[[str], str]) -> dict[str, Any]:
    dated = document.dated
    return {
        "lang": document.lang,
        "title": spelt(document.title),
        "subtitle": [spelt(part) for part in document.subtitle],
        "footer": spelt(document.footer),
        "page": document.page,
        "dated": [dated.year, dated.month, dated.day],
        "blocks": [_block(block, spelt) for block in document.blocks],
    }


def _block(block: Block, spelt: Callable[[str], str]) -> dict[str, Any]:
    def all_of(parts: tuple[str, ...]) -> list[str]:
        return [spelt(part) for part in parts]

    made: dict[str, Any]
    match block:
        case Heading():
            made = {"kind": "heading", "level": block.level, "text": spelt(block.text)}
        case Paragraph():
            made = {"kind": "paragraph", "tone": str(block.tone), "text": spelt(block.text)}
        case Agreed():
            made = {"kind": "agreed", "label": spelt(block.label), "lines": all_of(block.lines)}
        case Bullets():
            made = {"kind": "bullets", "items": all_of(block.items)}
        case Table():
            rows = [[{"code": c.code, "lines": all_of(c.lines)} for c in row] for row in block.rows]
            made = {"kind": "table", "caption": spelt(block.caption), "head": all_of(block.head), "rows": rows,
                    "widths": list(block.widths), "titled": block.titled}  # fmt: skip
        case Blanks():
            made = {"kind": "blanks", "parties": [all_of(party) for party in block.parties],
                    "asked": all_of(block.asked)}  # fmt: skip
        case NewPage():
            made = {"kind": "newpage"}
    return made
