"""A document as one HTML file: it needs nothing from elsewhere, forbids itself to load anything, and prints."""

import base64
import hashlib
from importlib.resources import files

from ecluse.control.document import (
    Agreed,
    Blanks,
    Block,
    Bullets,
    Cell,
    Document,
    Heading,
    NewPage,
    Paragraph,
    Table,
    Tone,
)
from ecluse.control.markup import Markup, joined, tag

_WORD = 30


def document_html(document: Document) -> str:
    """The whole file. Same document, same text."""
    style = files("ecluse.control").joinpath("document.css").read_text(encoding="utf-8")
    return "<!doctype html>\n" + tag(
        "html", html_head(document.title, style), tag("body", tag("main", document_body(document))), lang=document.lang
    ) + "\n"  # fmt: skip


def document_body(document: Document) -> Markup:
    """What stands within a page: title, blocks, footer. For pages that bring their own head."""
    top = tag(
        "header",
        tag("h1", document.title),
        *(tag("p", part, class_="subtitle", dir="auto") for part in document.subtitle),
    )
    return joined((top, *map(_block, document.blocks), tag("footer", tag("p", document.footer))), "\n")


def document_blocks(document: Document) -> Markup:
    """The same without title and footer, for pages that have theirs; headings begin at the second level."""
    return joined(map(_block, document.blocks), "\n")


def html_head(title: str, style: str) -> Markup:
    """A head that allows its own style and nothing else to be loaded."""
    pinned = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{pinned}'; base-uri 'none'; form-action 'none'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", Markup(style)),
    )


def _block(block: Block) -> Markup:
    made: Markup
    match block:
        case Heading():
            made = tag(f"h{block.level + 1}", block.text)
        case Paragraph():
            made = tag("p", block.text, class_=None if block.tone is Tone.BODY else str(block.tone))
        case Agreed():
            said = (tag("p", each, dir="auto") for each in block.lines)
            made = tag("div", tag("p", block.label, class_="label"), *said, class_="agreed")
        case Bullets():
            made = tag("ul", *(tag("li", item, dir="auto") for item in block.items))
        case Table():
            made = _table(block)
        case Blanks():
            made = _blanks(block)
        case NewPage():
            made = tag("hr", class_="page")
    return made


def _table(table: Table) -> Markup:
    total = sum(table.widths)
    columns = [tag("col", class_=f"w{round(20 * width / total)}") for width in table.widths]
    body = [tag("tr", *(_cell(cell, heads=place == 0) for place, cell in enumerate(row))) for row in table.rows]
    made = tag(
        "table",
        tag("caption", table.caption, class_="hidden" if table.titled else None),
        tag("colgroup", *columns),
        *([tag("thead", tag("tr", *(tag("th", head, scope="col") for head in table.head)))] if table.head else []),
        tag("tbody", *body),
    )
    return tag("div", made, class_="scroll", tabindex=0, role="region", aria_label=table.caption)


def _cell(cell: Cell, *, heads: bool) -> Markup:
    within = [
        tag("code", each) if cell.code else tag("span", each, dir="auto", class_=_long(each)) for each in cell.lines
    ]
    return tag("th" if heads else "td", *within, scope="row" if heads else None)


def _long(text: str) -> str | None:
    """Columns are as wide as their longest word, unless that word is no word."""
    return "long" if max(map(len, text.split()), default=0) > _WORD else None


def _blanks(blanks: Blanks) -> Markup:
    def party(names: tuple[str, ...]) -> Markup:
        heads = (tag("p", name, dir="auto") for name in names)
        asked = (tag("p", each, class_="blank") for each in blanks.asked)
        return tag("div", *heads, *asked)

    return tag("div", *map(party, blanks.parties), class_="blanks")
