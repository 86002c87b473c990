"""One XML document as a tree of HL7's elements, by expat, with everything refused that a hostile document lives on.

No document type declaration is read, so that there are no entities but XML's own five: none to expand, none to fetch.
Depth, elements, and the length of a tag are bounded, whatever the document's size. What each attribute and text was in
the file's bytes is counted as it is read.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from ecluse.adapters.sources._cda_paths import ELEMENTS, HL7, PREFIXES
from ecluse.adapters.sources._cda_text import Readable, RefusedError

__all__ = ["Document", "Node", "parsed"]

_CHUNK = 64 << 10
_LONGEST_TAG = 1 << 20
_DEEPEST = 256
_MOST = 500_000
_ATTRIBUTE = re.compile(rb"""\s+([^\s=>/]+)\s*=\s*("[^"]*"|'[^']*')""")
_TAG = re.compile(rb"<[^\s>/]+")
_SELF_CLOSED = re.compile(rb"\s*/")
_KNOWN = {HL7: "", **{uri: f"{prefix}:" for prefix, uri in PREFIXES.items()}}
_TRUNCATED = {3, 5, 6, 20}
"""expat's: no element found, unclosed token, partial character, unclosed CDATA section."""
_TYPE = "xsi:type"
_BUDGET = 128 << 20


class Node:
    """One element. ``sizes`` and ``texts`` are bytes of the file; ``taken`` says which of them a column took."""

    __slots__ = (
        "attributes",
        "items",
        "kind",
        "line",
        "name",
        "number",
        "parent",
        "row",
        "sizes",
        "specimen",
        "taken",
        "texts",
    )

    def __init__(self, name: str, attributes: dict[str, str], parent: "Node | None", number: int, line: int) -> None:
        self.name, self.attributes, self.parent, self.number, self.line = name, attributes, parent, number, line
        self.items: list[Node | str] = []
        self.sizes: tuple[int, ...] = ()
        self.texts = 0
        self.taken: set[str] | None = None
        self.kind = _kind(name, parent)
        self.row: Node | None = None
        """The nearest row around it."""
        self.specimen: int | None = None
        """Of an act, its one specimen, 0 where it has several."""
        if parent is not None:
            self.row = parent if parent.kind else parent.row

    def children(self, name: str) -> "list[Node]":
        """The children of one name."""
        return [each for each in self.items if isinstance(each, Node) and each.name == name]

    def take(self, what: str) -> None:
        """An attribute's value, or (``""``) the text became a column's."""
        if self.taken is None:
            self.taken = {what}
        else:
            self.taken.add(what)

    def mapped(self) -> int:
        """Bytes that became a column's value."""
        if self.taken is None:
            return 0
        found = sum(size for name, size in zip(self.attributes, self.sizes, strict=True) if name in self.taken)
        return found + self.texts * ("" in self.taken)


@dataclass(slots=True)
class Document:
    """A document's elements in their order; ``ids`` are the narrative's, ``other`` bytes of comments and the like."""

    nodes: list[Node] = field(default_factory=list)
    ids: dict[str, list[Node]] = field(default_factory=dict)
    other: int = 0
    left: int = field(default_factory=lambda: _BUDGET)

    def spend(self, characters: int) -> None:
        """Count what rows take up, for a text may be asked for again and again. Raises RefusedError."""
        self.left -= characters
        if self.left < 0:
            raise RefusedError(1, f"a document whose rows take up more than {_BUDGET >> 20} MiB")

    def rows(self, kind: str) -> Iterator[Node]:
        """Those that are rows of a kind."""
        return (node for node in self.nodes if node.kind == kind)

    def forget(self) -> None:
        """Undo the circles between parents and children, so that memory is free at once."""
        for node in self.nodes:
            node.items, node.parent, node.row = [], None, None
        self.nodes, self.ids = [], {}


def parsed(text: Readable) -> Document:
    """The document. Raises RefusedError."""
    builder = _Builder(text)
    try:
        builder.read()
    except expat.ExpatError as error:
        raise RefusedError(error.lineno, _reason(text.data, error)) from None
    finally:
        builder.close()
    document = builder.document
    if not document.nodes or document.nodes[0].kind != "document":
        raise RefusedError(document.nodes[0].line if document.nodes else 1, "no CDA document")
    return document


def _reason(data: bytes, error: expat.ExpatError) -> str:
    if error.code in _TRUNCATED:
        return "a document that does not end"
    if b"\0" in data:
        return "a NUL byte"
    try:
        data.decode()
    except UnicodeDecodeError:
        return "bytes that are no UTF-8"
    return "no well-formed XML"


def _kind(name: str, parent: Node | None) -> str:
    """Which row an element is; only a section's text is one, and the document only where it begins."""
    kind = ELEMENTS.get(name, "")
    if (kind == "text" and (parent is None or parent.name != "section")) or (kind == "document") != (parent is None):
        return ""
    return kind


class _Builder:
    """Expat's events to a tree. ``edge`` is where the last markup ended: text is from there to the next."""

    def __init__(self, text: Readable) -> None:
        self.document = Document()
        self._data, self._size = text.data, text.size
        self._edge = 0
        self._open: Node | None = None
        self._depth = self._count = 0
        self._closed: list[bool] = []
        self._elements: dict[str, str] = {}
        self._attributes: dict[str, str] = {}
        self._prefixes: dict[str | None, list[str]] = {}
        self._parser = expat.ParserCreate("UTF-8", "}")
        self._parser.buffer_text = True
        self._parser.buffer_size = _CHUNK
        self._parser.ordered_attributes = True
        for name, handler in self._handlers().items():
            setattr(self._parser, name, handler)

    def _handlers(self) -> dict[str, Callable[..., Any]]:
        return {
            "StartElementHandler": self._start, "EndElementHandler": self._end, "CharacterDataHandler": self._text,
            "CommentHandler": self._comment, "ProcessingInstructionHandler": self._instruction,
            "StartCdataSectionHandler": self._cdata, "EndCdataSectionHandler": self._cdata_end,
            "StartDoctypeDeclHandler": self._doctype, "EntityDeclHandler": self._doctype,
            "StartNamespaceDeclHandler": self._prefix, "EndNamespaceDeclHandler": self._prefix_end,
        }  # fmt: skip

    def read(self) -> None:
        """All of it, bit by bit: a tag without end is noticed before it is held many times over."""
        data, parser = memoryview(self._data), self._parser
        for begin in range(0, len(data), _CHUNK):
            fed = begin + _CHUNK
            parser.Parse(data[begin:fed], False)  # noqa: FBT003 - expat's own way to say that more comes
            if fed - parser.CurrentByteIndex > _LONGEST_TAG and fed < len(data):
                raise RefusedError(parser.CurrentLineNumber, f"a tag or comment of more than {_LONGEST_TAG >> 20} MiB")
        parser.Parse(b"", True)  # noqa: FBT003 - and that no more does

    def close(self) -> None:
        """Let go of the parser, which holds this."""
        for name in self._handlers():
            setattr(self._parser, name, None)

    def _refused(self, reason: str) -> RefusedError:
        return RefusedError(self._parser.CurrentLineNumber, reason)

    def _markup(self, end: int) -> int:
        """Note the text before a markup, and where the markup ends; gives where it begins."""
        begin = self._parser.CurrentByteIndex
        node = self._open
        if node is not None and begin > self._edge and not self._data[self._edge : begin].isspace():
            node.texts += self._size(self._edge, begin)
        self._edge = end
        return begin

    def _start(self, name: str, pairs: list[str]) -> None:
        parser = self._parser
        begin = self._markup(self._edge)
        self._depth += 1
        self._count += 1 + len(pairs) // 2
        if self._depth > _DEEPEST:
            raise self._refused("nested too deeply")
        if self._count > _MOST:
            raise self._refused(f"more than {_MOST} elements and attributes")
        known = self._attributes
        attributes = {
            known.get(key) or self._attribute(key): value for key, value in zip(pairs[::2], pairs[1::2], strict=True)
        }
        if _TYPE in attributes:
            attributes[_TYPE] = self._typed(attributes[_TYPE])
        parent, nodes = self._open, self.document.nodes
        made = self._elements.get(name) or self._element(name)
        node = Node(made, attributes, parent, len(nodes) + 1, parser.CurrentLineNumber)
        nodes.append(node)
        if parent is not None:
            parent.items.append(node)
            if node.kind == "specimen":
                parent.specimen = node.number if parent.specimen is None else 0
        if "ID" in attributes and (node.kind == "text" or (node.row is not None and node.row.kind == "text")):
            self.document.ids.setdefault(attributes["ID"], []).append(node)
        self._open = node
        self._tag(node, begin)

    def _tag(self, node: Node, begin: int) -> None:
        """What the values of a tag's attributes were in the file, and where it ends."""
        data, sizes = self._data, []
        at = self._after(_TAG, begin)
        while found := _ATTRIBUTE.match(data, at):
            at = found.end()
            if not found[1].startswith(b"xmlns") or found[1][5:6] not in (b"", b":"):
                sizes.append(self._size(found.start(2) + 1, at - 1))
        node.sizes = tuple(sizes)
        end = data.index(b">", at)
        self._closed.append(data[end - 1 : end] == b"/")
        self._edge = end + 1

    def _after(self, pattern: re.Pattern[bytes], at: int) -> int:
        found = pattern.match(self._data, at)
        return found.end() if found else at

    def _end(self, _: str) -> None:
        closed = self._closed.pop()
        if not closed:
            begin = self._markup(self._edge)
            self._edge = self._data.index(b">", begin) + 1
        self._depth -= 1
        node = self._open
        self._open = node.parent if node is not None else None

    def _text(self, text: str) -> None:
        node = self._open
        if node is not None:
            node.items.append(text)

    def _comment(self, _: str) -> None:
        self._apart(b"-->")

    def _instruction(self, _target: str, _data: str) -> None:
        self._apart(b"?>")

    def _apart(self, end: bytes) -> None:
        """What no column can have."""
        begin = self._markup(self._edge)
        self._edge = self._data.index(end, begin) + len(end)
        self.document.other += self._size(begin, self._edge)

    def _cdata(self) -> None:
        begin = self._markup(self._edge)
        self._edge = begin + len(b"<![CDATA[")

    def _cdata_end(self) -> None:
        begin = self._markup(self._edge)
        self._edge = begin + len(b"]]>")

    def _doctype(self, *_: object) -> None:
        raise self._refused("a document type declaration (DOCTYPE), which is not read")

    def _prefix(self, prefix: str | None, uri: str | None) -> None:
        self._prefixes.setdefault(prefix, []).append(uri or "")

    def _prefix_end(self, prefix: str | None) -> None:
        self._prefixes[prefix].pop()

    def _element(self, name: str) -> str:
        """Expat's ``uri}name`` as places have it; one of no namespace is none of HL7's."""
        uri, brace, local = name.rpartition("}")
        made = f"{_KNOWN[uri]}{local}" if uri in _KNOWN else name if brace else f"}}{name}"
        self._elements[name] = made
        return made

    def _attribute(self, name: str) -> str:
        """An attribute has HL7's meaning where it has no namespace."""
        uri, _, local = name.rpartition("}")
        made = f"{_KNOWN[uri]}{local}" if _KNOWN.get(uri) else name
        self._attributes[name] = made
        return made

    def _typed(self, name: str) -> str:
        """A type's name without the prefix that stands for HL7's namespace in this document."""
        prefix, colon, local = name.strip().rpartition(":")
        stack = self._prefixes.get(prefix) if colon else None
        return local if stack and stack[-1] == HL7 else name.strip()
