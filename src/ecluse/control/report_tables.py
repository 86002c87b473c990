"""Tables of the report: real ones, with captions, scopes, and a way to scroll them by keyboard."""

from collections.abc import Sequence

from ecluse.control.markup import Markup, tag


def head(text: object, kind: str = "") -> Markup:
    """A column's heading."""
    return tag("th", text, scope="col", class_=kind or None)


def cell(text: object, kind: str = "") -> Markup:
    """A cell."""
    return tag("td", text, class_=kind or None)


def table(
    caption: str, heads: Sequence[Markup], bodies: Sequence[Sequence[Markup]], foot: Markup | None = None
) -> Markup:
    """A table; each of ``bodies`` is a group of rows. The caption is for those who hear it."""
    made = tag(
        "table",
        tag("caption", caption, class_="hidden"),
        tag("thead", tag("tr", *heads)),
        *(tag("tbody", *rows) for rows in bodies),
        *([tag("tfoot", foot)] if foot else []),
    )
    return tag("div", made, class_="scroll", tabindex=0, role="region", aria_label=caption)
