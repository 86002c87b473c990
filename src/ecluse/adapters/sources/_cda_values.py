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
_VISIT = 64  # what an element costs, however little it says


def value(place: Place, row: Node, document: Document) -> str | None:
    """The column's value in a row: None where nothing is there, which an empty text is not. Raises RefusedError."""
    found = [text for node in _reached(row, place.steps, document) for text in _texts(place, node, document)]
    if not found:
        return None
    return found[0] if len(found) == 1 else json.dumps(found, ensure_ascii=False)


def narrative(node: Node) -> str:
    """A narrative's text: blanks run together, blocks on lines of their own, cells parted by tabs.

    What is struck out (``revised="delete"``) is left out; a raised text has ``^`` before it: 10^9 is not 109.
    """
    text = "".join(_told(node))
    return _LINES.sub("\n", _AROUND.sub(r"\1", text)).strip(" \n\t")


def _reached(row: Node, steps: Sequence[Step], document: Document) -> list[Node]:
    nodes = [row]
    for step in steps:
        found: list[Node] = []
        for node in nodes:
            there = node.children(step.name)
            for where in step.tests:
                if where.at:
                    there = there[where.at - 1 : where.at]
                else:
                    there = [each for each in there if _holds(where, each, document)]
            found += there
        nodes = found
    return nodes


def _holds(where: Where, node: Node, document: Document) -> bool:
    nodes = _reached(node, [Step(name) for name in where.inner], document)
    if where.attribute:
        said = [each.attributes[where.attribute] for each in nodes if where.attribute in each.attributes]
    else:
        said = [_text(each, document, take=False) for each in nodes]
    return not said if where.absent else bool(said) if where.value is None else where.value in said


def _texts(place: Place, node: Node, document: Document) -> Iterator[str]:
    match place.final:
        case Final.ATTRIBUTE:
            if place.attribute in node.attributes:
                node.take(place.attribute)
                document.spend(len(node.attributes[place.attribute]))
                yield node.attributes[place.attribute]
        case Final.TEXT:
            yield _text(node, document)
        case Final.NARRATIVE:
            yield from _narratives(node, document)


def _narratives(node: Node, document: Document) -> Iterator[str]:
    """What an element refers to in the narrative, or else what it says itself; a reference to nowhere says nothing."""
    told = False
    for reference in node.children("reference"):
        at = reference.attributes.get("value", "")
        for each in document.ids.get(at[1:], ()) if at.startswith("#") else ():
            reference.take("value")
            _text(each, document)
            told = True
            yield narrative(each)
    if not told and (text := narrative(node)):
        _text(node, document)
        yield text


def _text(node: Node, document: Document, *, take: bool = True) -> str:
    """All that stands within an element, as it stands."""
    texts: list[str] = []
    nodes = _gather(node, texts, take=take)
    text = "".join(texts)
    document.spend(len(text) + nodes * _VISIT)
    return text


def _gather(node: Node, texts: list[str], *, take: bool) -> int:
    if take:
        node.take("")
    nodes = 1
    for item in node.items:
        if isinstance(item, Node):
            nodes += _gather(item, texts, take=take)
        else:
            texts.append(item)
    return nodes


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
