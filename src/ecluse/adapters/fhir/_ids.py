"""Deterministic identities: a resource's UUID follows from source system, entity and source key (RFC 9562, version 5).

The UUID is also an identifier of the resource, and the one that conditional creates look for: unlike a source key it
has one spelling, no letter case and no delimiters, and it tells nothing about a patient to the server's access log.
"""

import uuid
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["NAMESPACE", "UUID_SYSTEM", "uuids"]

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:ecluse:fhir")
UUID_SYSTEM = "urn:ietf:rfc:3986"
"""FHIR R4, identifier registry: identifiers that are URIs, as ``urn:uuid:…``."""

_SQL = """
    SELECT substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-5' || substr(h, 14, 3) || '-'
        || substr('89ab', (instr('0123456789abcdef', substr(h, 17, 1)) - 1) % 4 + 1, 1) || substr(h, 18, 3)
        || '-' || substr(h, 21, 12)
    FROM (SELECT sha1($namespace::BLOB || encode(name)) AS h, row FROM names) ORDER BY row
"""


def uuids(engine: duckdb.DuckDBPyConnection, source: str, entity: str, keys: Any) -> Any:
    """The UUID of each key, null for null. ``engine`` is a connection of the caller's own."""
    names = pc.binary_join_element_wise(f"{source}|{entity}|", keys, "")
    engine.register("names", pa.table({"name": names, "row": pa.array(range(len(names)), pa.int64())}))
    try:
        made = engine.execute(_SQL, {"namespace": NAMESPACE.bytes}).to_arrow_table().column(0)
    finally:
        engine.unregister("names")
    return made.combine_chunks().cast(pa.string())
