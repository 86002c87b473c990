"""Whether a JSON file holds FHIR, and which places its resources have: for a draft; nothing of what they hold."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ecluse.adapters.fhir._paths import parse
from ecluse.domain.files import FileFormat, SourceFile

__all__ = ["seen"]

_RESOURCES = 1000
_LONGEST = 1 << 20
_LARGEST = 64 << 20
_LEFT_OUT = frozenset({"resourceType", "text", "meta", "contained"})
"""A narrative repeats what the elements say; ``meta`` is about the copy, not the patient."""


def seen(path: Path) -> SourceFile | None:
    """The declaration of a file of FHIR resources, with the places of its first ones; None for any other file."""
    found: dict[str, str] = {}
    for resource in islice(_resources(path), _RESOURCES):
        kind = resource["resourceType"]
        for place in _places(resource, kind, top=True):
            made = parse(place)
            if made is not None:
                found.setdefault(f"{kind}.{made.column}", place)
    return SourceFile(path.name, format=FileFormat.FHIR, fields=tuple(found.values())) if found else None


def _resources(path: Path) -> Iterator[dict[str, Any]]:
    for document in _documents(path):
        if isinstance(document, dict) and document.get("resourceType") == "Bundle":
            entries = document.get("entry")
            for each in entries if isinstance(entries, list) else []:
                if isinstance(each, dict) and _is_resource(each.get("resource")):
                    yield each["resource"]
        elif _is_resource(document):
            yield document


def _documents(path: Path) -> Iterator[Any]:
    """The file's lines that parse, as far as the first that does not; without any, the whole of it."""
    with path.open("rb") as source:
        lines = 0
        while line := source.readline(_LONGEST):
            try:
                document = json.loads(line)
            except (ValueError, RecursionError):
                break
            lines += 1
            yield document
        if not lines and path.stat().st_size <= _LARGEST:
            source.seek(0)
            try:
                yield json.loads(source.read())
            except (ValueError, RecursionError):
                return


def _is_resource(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("resourceType"), str) and bool(value["resourceType"])


def _places(value: object, place: str, *, top: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if not (top and name in _LEFT_OUT):
                yield from _places(part, f"{place}.{name}")
    elif isinstance(value, list):
        for part in value:
            yield from _places(part, place)
    else:
        yield place
