"""Whether XML files are CDA documents, and which places they have, for a draft: nothing of what they hold."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ecluse.adapters.sources._cda_paths import KINDS, parse
from ecluse.adapters.sources._cda_text import RefusedError, readable
from ecluse.adapters.sources._cda_tree import Document, Node, parsed
from ecluse.domain.files import FileFormat, SourceFile

__all__ = ["seen"]

_DOCUMENTS = 50
_LARGEST = 16 << 20
_MOST = 2000
_WITHIN = frozenset({"id", "translation", "referenceRange"})
"""Rows that a draft shows as parts of the row around them."""
_LEFT_OUT = frozenset({"templateId", "typeId", "realmCode"})
_SHAPE = frozenset({"ID", "classCode", "moodCode", "determinerCode", "contextControlCode", "contextConductionInd"})


def seen(path: Path) -> SourceFile | None:
    """One declaration for all files of this suffix; None for those behind the first, and where none is CDA."""
    names = sorted(each for each in path.parent.glob(f"*{path.suffix}") if each.is_file())
    if not names or names[0] != path:
        return None
    found: dict[tuple[str, str], str] = {}
    for name in islice(names, _DOCUMENTS):
        document = _document(name)
        for place in _places(document) if document is not None else ():
            made = parse(place)
            if made is not None:
                found.setdefault((made.kind, made.column), place)
        if document is not None:
            document.forget()
    fields = tuple(sorted(found.values(), key=lambda place: list(KINDS).index(place.partition("/")[0])))[:_MOST]
    return SourceFile(f"*{path.suffix}", format=FileFormat.CDA, fields=fields) if fields else None


def _document(path: Path) -> Document | None:
    if path.stat().st_size > _LARGEST:
        return None
    try:
        return parsed(readable(path.read_bytes(), ""))
    except RefusedError:
        return None


def _places(document: Document) -> Iterator[str]:
    for node in document.nodes:
        if node.kind == "text":
            yield "text/narrative()"
        elif node.kind and node.kind not in _WITHIN:
            yield from _below(node, node.kind)


def _below(node: Node, place: str) -> Iterator[str]:
    yield from (f"{place}/@{name}" for name in node.attributes if name not in _SHAPE)
    if any(isinstance(item, str) and item.strip() for item in node.items):
        yield f"{place}/text()"
    if node.children("reference"):
        yield f"{place}/narrative()"
    for item in node.items:
        if isinstance(item, Node) and item.name not in _LEFT_OUT and (not item.kind or item.kind in _WITHIN):
            yield from _below(item, f"{place}/{item.name}")
