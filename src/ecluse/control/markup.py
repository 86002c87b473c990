"""HTML built from values: every text is escaped where it enters, so nothing that comes from outside can be markup."""

import html
from collections.abc import Iterable

from ecluse.control.report_words import shown

_VOID = {"meta", "br", "col", "hr"}


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def text(value: object) -> Markup:
    """A value as text: markup as it is, all else escaped."""
    return value if isinstance(value, Markup) else Markup(html.escape(str(value)))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element. ``class_`` and ``for_`` lose their underscore, other underscores are hyphens; None is left out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{joined(children)}</{name}>")


def joined(parts: Iterable[object], between: str = "") -> Markup:
    """Parts one after the other."""
    return Markup(between.join(map(text, parts)))


def foreign(value: str) -> Markup:
    """A text of somebody else's, kept apart from the direction and the invisible characters of its surroundings."""
    return tag("bdi", shown(value))
