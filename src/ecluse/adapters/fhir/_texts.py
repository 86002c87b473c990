"""Texts at places in resources, a column a place; numbers with their digits."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from ecluse.adapters.fhir._paths import Path, getter
from ecluse.adapters.sources._strict_json import parsed

__all__ = ["texts_at"]


def texts_at(resources: Any, paths: Sequence[Path]) -> list[Any] | None:
    """What stands at each path in each resource; None where one of them is no JSON, or has two meanings."""
    getters = [getter(path) for path in paths]
    found: list[list[str | None]] = []
    for text in resources.cast(pa.binary()).to_pylist():
        resource, reason = parsed(text)
        if reason:
            return None
        found.append([get(resource) for get in getters])
    columns = zip(*found, strict=True) if found else ([] for _ in paths)
    return [pa.array(list(column), pa.string()) for column in columns]
