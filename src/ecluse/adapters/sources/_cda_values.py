"""What a place gives in a document: one text, none, or several as a JSON array; and narrative as a person reads it."""

import json
import re
from collections.abc import Iterator, Sequence

from ecluse.adapters.sources._cda_paths import Final, Place, Step, Where
from ecluse.adapters.sources._cda_tree import Document, Node

__all__ = ["narrative", "value"]

_BLANKS = re.compile(r"[ \t\r\n]+")
_AROUND = re.compile(r" *([\n\t])[ ]*")
_LINES = re.compile(r"\t*\n[\n\t]*\n|\t+\n")
_BLOCKS = frozenset(
    {"paragraph", "table", "thead", "tbody", "tfoot", "tr", "caption", "list", "item", "br", "text", "title"}
)
_CELLS = frozenset({"td", "th"})


def value(place: Place, row: Node, document: Document) -> str | None:
    """The column's value in a row: None where nothing is there, which an empty text is not."""
    found = [text for node in _reached(row, place.steps) for text in _texts(place, node, document)]
    if not found:
        return None
    return found[0] if len(found) == 1 else json.dumps(found, ensure_ascii=False)


def narrative(node: Node) -> str:
    """A narrative's text: blanks run together, blocks on lines of their own, cells parted by tabs.

    What is struck out (``revised="delete"``) is left out; a raised text has ``^`` before it: 10^9 is not 109.
    """
    text = "".join(_told(node))
    return _LINES.sub("\n", _AROUND.sub(r"\1", text)).strip(" \n\t")


def _reached(row: Node, steps: Sequence[Step]) -> list[Node]:
    nodes = [row]
    for step in steps:
        found: list[Node] = []
        for node in nodes:
            there = node.children(step.name)
            for where in step.tests:
                there = there[where.at - 1 : where.at] if where.at else [each for each in there if _holds(where, each)]
            found += there
        nodes = found
    return nodes


def _holds(where: Where, node: Node) -> bool:
    nodes = _reached(node, [Step(name) for name in where.inner])
    if where.attribute:
        said = [each.attributes[where.attribute] for each in nodes if where.attribute in each.attributes]
    else:
        said = ["".join(_whole(each)) for each in nodes]
    return not said if where.absent else bool(said) if where.value is None else where.value in said


def _texts(place: Place, node: Node, document: Document) -> Iterator[str]:
    match place.final:
        case Final.ATTRIBUTE:
            if place.attribute in node.attributes:
                node.take(place.attribute)
                yield node.attributes[place.attribute]
        case Final.TEXT:
            _take(node)
            yield "".join(_whole(node))
        case Final.NARRATIVE:
            yield from _narratives(node, document)


def _narratives(node: Node, document: Document) -> Iterator[str]:
    """What an element refers to in the narrative, or else what it says itself; a reference to nowhere says nothing."""
    references = [each for each in node.children("reference") if each.attributes.get("value", "").startswith("#")]
    told = False
    for reference in references:
        for each in document.ids.get(reference.attributes["value"][1:], ()):
            reference.take("value")
            _take(each)
            told = True
            yield narrative(each)
    if not told and (text := narrative(node)):
        _take(node)
        yield text


def _whole(node: Node) -> Iterator[str]:
    for item in node.items:
        if isinstance(item, Node):
            yield from _whole(item)
        else:
            yield item


def _take(node: Node) -> None:
    node.take("")
    for item in node.items:
        if isinstance(item, Node):
            _take(item)


def _told(node: Node) -> Iterator[str]:
    if node.attributes.get("revised") == "delete":
        return
    if node.name in _BLOCKS:
        yield "\n"
    yield "^" if node.name == "sup" else ""
    for item in node.items:
        if isinstance(item, Node):
            yield from _told(item)
        else:
            yield _BLANKS.sub(" ", item)
    if node.name in _CELLS:
        yield "\t"
    if node.name in _BLOCKS:
        yield "\n"
